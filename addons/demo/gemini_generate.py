"""Google's `generateContent`, of the Gemini API and of Vertex AI: the answers. https://ai.google.dev/api/generate-content"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import orjson

from addons.demo import google_errors
from addons.demo.answer import Answer, Ask, Choice, Content, Endpoint, Failure, Finish, Frames, Usage
from addons.demo.gemini_conversation import signature_of
from addons.demo.gemini_fields import Api
from addons.demo.gemini_logprobs import logprobs
from addons.demo.gemini_pictures import PICTURE_TOKENS
from addons.demo.gemini_request import reader
from addons.demo.openai_chat import interleaved
from addons.demo.openai_images import pictures_of
from addons.demo.wire import Json, dump, sse, words

FINISHES: dict[Finish, str] = {
    "stop": "STOP",
    "stop_sequence": "STOP",
    "length": "MAX_TOKENS",
    "tools": "STOP",
    "refusal": "SAFETY",
}
RATED = [
    {"category": f"HARM_CATEGORY_{name}", "probability": "NEGLIGIBLE"}
    for name in ("HATE_SPEECH", "DANGEROUS_CONTENT", "HARASSMENT", "SEXUALLY_EXPLICIT")
]
BLOCKED = [{**RATED[1], "probability": "HIGH", "blocked": True}]


def write(api: Api, ask: Ask, answer: Answer) -> Content:
    candidates = [_candidate(api, ask, number, choice) for number, choice in enumerate(answer.choices)]
    body = {"candidates": candidates, "usageMetadata": _usage(api, ask, answer.usage), **_head(api, ask)}
    return Content(dump(body), google_errors.JSON)


def _head(api: Api, ask: Ask) -> Json:
    created = {"createTime": "2025-01-01T00:00:00Z"} if api == "vertex" else {}
    return {"modelVersion": ask.model, "responseId": ask.digest, **created}


def _candidate(api: Api, ask: Ask, number: int, choice: Choice) -> Json:
    parts = [whole for whole, _ in _parts(api, ask, choice)]
    content = {"content": {"parts": parts, "role": "model"}} if parts else {}
    finish = {} if ask.model == "no-finish" else _finish(choice)
    return {**content, **finish, "index": number, **logprobs(ask.body, words(choice.text))}


def _finish(choice: Choice) -> Json:
    """A refusal is no text here: the answer is held back, and its rating says why."""
    return {"finishReason": FINISHES[choice.finish], "safetyRatings": BLOCKED if choice.refusal else RATED}


def _usage(api: Api, ask: Ask, used: Usage) -> Json:
    """Cached tokens are part of the prompt's; thoughts are counted beside the candidates' tokens."""
    drawn = PICTURE_TOKENS if ask.draws else 0
    said = 0 if ask.wordless else used.output - used.thinking
    usage: Json = {
        "promptTokenCount": used.input,
        "candidatesTokenCount": said + drawn,
        "totalTokenCount": used.input + said + drawn + used.thinking,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": used.input}],
    }
    if drawn:
        usage["candidatesTokensDetails"] = [{"modality": "IMAGE", "tokenCount": drawn}]
    if used.cache_read:
        usage["cachedContentTokenCount"] = used.cache_read
        usage["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": used.cache_read}]
    if used.thinking:
        usage["thoughtsTokenCount"] = used.thinking
    return usage | ({"trafficType": "ON_DEMAND"} if api == "vertex" else {})


def _usage_before(api: Api, ask: Ask, used: Usage) -> Json:
    """What is known of it while the answer is still coming."""
    told = ("promptTokenCount", "trafficType")
    known = {name: count for name, count in _usage(api, ask, used).items() if name in told}
    return {**known, "totalTokenCount": used.input}


def _parts(api: Api, ask: Ask, choice: Choice) -> Iterator[tuple[Json, list[Json]]]:
    """Each part of the answer: whole, and as the parts that stream it."""
    if choice.thinking:
        thought = [{"text": word, "thought": True} for word in words(choice.thinking)]
        yield {"text": choice.thinking, "thought": True}, thought
    if choice.text and not ask.wordless:
        said: list[Json] = [{"text": word} for word in words(choice.text)]
        whole: Json = {"text": choice.text}
        if (choice.thinking or choice.redacted) and not choice.calls:
            signed = {"thoughtSignature": signature_of(whole)}
            whole |= signed
            said.append({"text": "", **signed})
        elif ask.draws:  # such models sign what they begin with, also in a stream
            signed = {"thoughtSignature": signature_of(whole)}
            whole, said[0] = whole | signed, said[0] | signed
        yield whole, said
    if ask.draws and not choice.refusal:
        picture: Json = {"inlineData": {"mimeType": "image/png", "data": pictures_of(ask)[0]}}
        picture["thoughtSignature"] = signature_of(picture)
        yield picture, [picture]
    for number, call in enumerate(choice.calls):
        named = {"id": call.id} if api == "gemini" else {}
        part: Json = {"functionCall": {"name": call.name, "args": orjson.loads(call.arguments), **named}}
        if number == 0:  # of calls in parallel, only the first is signed
            part["thoughtSignature"] = signature_of(part)
        yield part, [part]


def stream(api: Api, ask: Ask, answer: Answer) -> Frames:
    frame = sse if ask.sse else _Array().frame

    def chunk(number: int, candidate: Json, usage: Json) -> bytes:
        said = {"candidates": [{**candidate, "index": number}], "usageMetadata": usage, **_head(api, ask)}
        return frame(said)

    def content(number: int, choice: Choice) -> Iterator[bytes]:
        for _, parts in _parts(api, ask, choice):
            for part in parts:
                chances = (
                    logprobs(ask.body, [part["text"]]) if part.get("text") and "thought" not in part else {}
                )
                yield chunk(number, {"content": {"parts": [part], "role": "model"}, **chances}, before)

    def tail() -> Iterator[bytes]:
        for number, choice in enumerate(answer.choices):
            empty = {} if choice.refusal else {"content": {"parts": [{"text": ""}], "role": "model"}}
            yield chunk(number, {**empty, **_finish(choice)}, usage)

    usage, before = _usage(api, ask, answer.usage), _usage_before(api, ask, answer.usage)
    return Frames(
        head=(),
        content=interleaved([content(number, choice) for number, choice in enumerate(answer.choices)]),
        tail=tail(),
        error=lambda: frame(google_errors.body(Failure(503))),
        type="text/event-stream" if ask.sse else google_errors.JSON,
        end=b"" if ask.sse else b"\n]",
    )


class _Array:
    """A stream that is not of events is one JSON array, sent as its items come."""

    def __init__(self) -> None:
        self._before = b"["

    def frame(self, item: Json) -> bytes:
        before, self._before = self._before, b",\r\n"
        return before + dump(item)


PLACES: dict[Api, str] = {
    "gemini": "/v1(?:beta|alpha)?/models/(?P<model>[^/]+)",
    "vertex": "/v1(?:beta1)?/(?:projects/[^/]+/locations/[^/]+/)?publishers/google/models/(?P<model>[^/]+)",
}


def _endpoints(api: Api) -> Iterable[Endpoint]:
    for method, streams in (("generateContent", False), ("streamGenerateContent", True)):
        streamed: Callable[[Ask, Answer], Frames] = partial(stream, api)
        yield Endpoint(
            path=re.compile(f"{PLACES[api]}:{method}"),
            read=reader(api, stream=streams),
            write=partial(write, api),
            stream=streamed if streams else None,
            error=google_errors.write,
            headers=google_errors.headers,
        )


ENDPOINTS = (*_endpoints("gemini"), *_endpoints("vertex"))
