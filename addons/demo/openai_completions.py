"""OpenAI's completions, the older API for plain text. https://platform.openai.com/docs/api-reference/completions"""

import re
from collections.abc import Iterator

from addons.demo import openai_errors
from addons.demo.answer import Answer, Ask, Choice, Content, Endpoint, Frames, Incoming
from addons.demo.openai_chat import FINISHES, interleaved, usage
from addons.demo.openai_logprobs import TextLogprobs
from addons.demo.openai_request import (
    body_of,
    check_sampling,
    headers,
    includes_usage,
    limit_of,
    prompt_texts,
    require,
    stops_of,
)
from addons.demo.wire import CREATED, Json, count, digest, dump, sse, words


def read(request: Incoming) -> Ask:
    body = check_sampling(require(body_of(request), "prompt", str, list))
    prompts = prompt_texts(body["prompt"])
    return Ask(
        model=body["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=tuple(prompt for prompt in prompts for _ in range(count(body.get("n")) or 1)),
        stream=body.get("stream") is True,
        messages=len(prompts),
        max_tokens=limit_of(body, "max_tokens"),
        stop=stops_of(body),
        tokens=max(1, sum(len(words(prompt)) for prompt in prompts)),
    )


def write(ask: Ask, answer: Answer) -> Content:
    choices = [_choice(ask, number, choice) for number, choice in enumerate(answer.choices)]
    return Content(dump({**_head(ask), "choices": choices, "usage": usage(answer.usage)}))


def _head(ask: Ask) -> Json:
    return {
        "id": f"cmpl-{ask.digest}",
        "object": "text_completion",
        "created": CREATED,
        "model": ask.model,
        "system_fingerprint": "fp_demo",
    }


def _choice(ask: Ask, number: int, choice: Choice) -> Json:
    return {
        "text": _said(ask, number, choice),
        "index": number,
        "logprobs": TextLogprobs(ask.body).of(words(choice.text)),
        "finish_reason": None if ask.model == "no-finish" else FINISHES[choice.finish],
    }


def _said(ask: Ask, number: int, choice: Choice) -> str:
    """With `echo`, the prompt comes first."""
    return (ask.texts[number] if ask.body.get("echo") is True else "") + (choice.text or choice.refusal)


def stream(ask: Ask, answer: Answer) -> Frames:
    head = _head(ask)
    asked: Json = {"usage": None} if includes_usage(ask.body) else {}

    def frame(number: int, said: str, finish: str | None = None, logprobs: Json | None = None) -> bytes:
        choice = {"text": said, "index": number, "logprobs": logprobs, "finish_reason": finish}
        return sse({**head, "choices": [choice], **asked})

    def content(number: int, choice: Choice) -> Iterator[bytes]:
        logprobs = TextLogprobs(ask.body)
        for word in words(_said(ask, number, choice)):
            yield frame(number, word, None, logprobs.of([word]))

    def tail() -> Iterator[bytes]:
        yield from (
            frame(number, "", FINISHES[choice.finish]) for number, choice in enumerate(answer.choices)
        )
        if asked:
            yield sse({**head, "choices": [], "usage": usage(answer.usage)})
        yield openai_errors.DONE

    contents = [content(number, choice) for number, choice in enumerate(answer.choices)]
    return Frames(head=(), content=interleaved(contents), tail=tail(), error=openai_errors.event)


ENDPOINTS = (
    Endpoint(
        path=re.compile("/v1/completions"),
        read=read,
        write=write,
        stream=stream,
        error=openai_errors.write,
        headers=headers,
    ),
)
