"""OpenAI's older Completions: one text that goes on. Elsewhere it is asked as the user's turn of a chat.

https://platform.openai.com/docs/api-reference/completions/create
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

import orjson

from translators import sse
from translators.canonical import (
    Done,
    Drawn,
    Event,
    Failed,
    Finished,
    Json,
    JsonValue,
    Opaque,
    Ping,
    Probable,
    Refused,
    Request,
    Said,
    Started,
    StopReason,
    Text,
    Turn,
    Used,
)
from translators.dialect import Writer
from translators.errors import BadUpstream, Unsupported
from translators.fields import Means, Own, Reads
from translators.foreign import Record, known, strangers
from translators.openai_chat.errors import write_error
from translators.openai_chat.request_reader import read_numbers, read_stop
from translators.openai_chat.request_writer import metered
from translators.openai_chat.usage import write_usage
from translators.openai_native import ChunkReader, Native, chunk_failure, text_or_list

MAX_TOKENS = 16
"""What this API gives a client that names no limit."""

_OWNER = "openai_completions"
"""Whose the fields are that a chat has no word for, the vendor's own chat included."""

NO_PICTURES = "It holds a picture, and a text has no place for one."

READS: Reads = {
    "model": Means("Request.model"),
    "prompt": Means("Request.turns", "what the user says; tokens are refused"),
    "prompt[]": Means("Request.more", "a request for each, one after the other; not streamed"),
    "prompt_embeds": Own("refused", note="an extension of vLLM"),
    "max_tokens": Means("Request.max_tokens", f"{MAX_TOKENS} where the client names none, as OpenAI has it"),
    "stream": Means("Request.stream"),
    "stream_options": Means("Request.include_usage"),
    "stream_options.include_usage": Means("Request.include_usage"),
    "stream_options.include_obfuscation": Own("dropped", harmless=(False,)),
    "temperature": Means("Request.temperature"),
    "top_p": Means("Request.top_p"),
    "n": Means("Request.n"),
    "stop": Means("Request.stop"),
    "seed": Means("Request.seed"),
    "presence_penalty": Means("Request.presence_penalty"),
    "frequency_penalty": Means("Request.frequency_penalty"),
    "logit_bias": Means("Request.logit_bias"),
    "logprobs": Means("Request.top_logprobs", "told in the form of this API"),
    "user": Means("Request.user"),
    "echo": Means("Request.echo", "the prompt stands before the answer; not together with logprobs"),
    "suffix": Own("refused", harmless=("",), note="a chat has no text that comes after"),
    "best_of": Own("refused", harmless=(1,), note="a chat does not choose among answers"),
}

_KNOWN = known(READS)
_FINISH: dict[StopReason, str] = {
    "length": "length",
    "context": "length",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}


def read_request(body: Json) -> Request:
    """The canonical form. Raises `BadRequest`, and `Unsupported` for prompts that are no text."""
    top = Record(body)
    first, *more = (_chat(top, prompt) for prompt in _prompts(top))
    return replace(first, more=tuple(more))


def _chat(top: Record, prompt: str) -> Request:
    options, logprobs = top.record("stream_options"), top.integer("logprobs")
    limit = top.integer("max_tokens")
    if top.flag("echo") and logprobs is not None:
        raise Unsupported("Request.echo", "can't be given together with logprobs")
    return Request(
        model=top.text("model") or "",
        turns=(Turn("user", (Text(prompt),)),),
        stream=top.flag("stream"),
        include_usage=options.flag("include_usage") if options else None,
        max_tokens=MAX_TOKENS if limit is None else limit,
        temperature=top.number("temperature"),
        top_p=top.number("top_p"),
        stop=read_stop(top),
        n=top.integer("n"),
        seed=top.integer("seed"),
        presence_penalty=top.number("presence_penalty"),
        frequency_penalty=top.number("frequency_penalty"),
        logit_bias=read_numbers(top, "logit_bias"),
        logprobs=None if logprobs is None else True,
        top_logprobs=logprobs,
        user=top.text("user"),
        echo=prompt if top.flag("echo") else None,
        opaque=tuple(_own(top)),
    )


def _prompts(top: Record) -> list[str]:
    match top.data.get("prompt"):
        case str(text):
            return [text]
        case [] | None:
            raise top.bad("prompt", "is required")
        case [*items]:
            texts = [item for item in items if isinstance(item, str)]
            if len(texts) < len(items):
                raise Unsupported("Request.turns", "must be text, and no tokens")
            return texts
        case _:
            raise top.bad("prompt", "must be a string or an array")


def _own(top: Record) -> Iterator[Opaque]:
    for name, value in top.data.items():
        if isinstance(READS.get(name), Own) and value is not None:
            yield Opaque(_OWNER, name, value)
    options = top.record("stream_options")
    if options and (obfuscated := options.flag("include_obfuscation")) is not None:
        yield Opaque(_OWNER, "stream_options.include_obfuscation", obfuscated)
    for name, value in strangers(top.data, _KNOWN):
        yield Opaque(_OWNER, name, value)


# --- the answer -------------------------------------------------------------------------------------


class StreamWriter:
    """Writes one stream of `text_completion`."""

    def __init__(self, *, created: int, include_usage: bool = False) -> None:
        self._head = _head(created)
        self._include_usage = include_usage
        self._used: Used | None = None
        self._texts = dict[int, int]()  # how much each choice has said, in characters

    def write(self, event: Event) -> Iterator[bytes]:
        match event:
            case Started():
                self._head |= _named(event)
            case Used():
                self._used = event
            case Ping():
                yield sse.KEEP_ALIVE
            case Done():
                if self._include_usage and self._used and (usage := write_usage(self._used.usage)):
                    yield _frame({**self._head, "choices": [], "usage": usage})
                yield sse.encode(b"[DONE]")
            case Failed():
                yield _frame(write_error(event, ""))
            case Said(text, choice) | Refused(text, choice):
                self._texts[choice] = self._texts.get(choice, 0) + len(text)
                yield self._chunk(choice, text=text)
            case Probable(tokens, choice=choice):
                start = self._texts.get(choice, 0) - sum(len(str(token["token"])) for token in tokens)
                yield self._chunk(choice, logprobs=_logprobs(tokens, max(0, start)))
            case Drawn():
                raise BadUpstream(NO_PICTURES)
            case Finished(reason, choice=choice):
                yield self._chunk(choice, finish_reason=_FINISH.get(reason, "stop"))
            case _:
                pass  # a text has no place for thoughts, calls and sources

    def _chunk(self, choice: int, **told: JsonValue) -> bytes:
        return _frame({**self._head, "choices": [{**_choice(choice), **told}]})


def write_response(events: Sequence[Event], *, created: int) -> Json:
    """The answer that the stream of these events would add up to."""
    body, choices = _head(created), dict[int, Json]()
    for event in events:
        match event:
            case Started():
                body |= _named(event)
            case Used(usage):
                if written := write_usage(usage):
                    body["usage"] = written
            case Said(text, choice) | Refused(text, choice):
                told = choices.setdefault(choice, _choice(choice))
                told["text"] = f"{told['text']}{text}"
            case Probable(tokens, choice=choice):
                _add_logprobs(choices.setdefault(choice, _choice(choice)), tokens)
            case Drawn():
                raise BadUpstream(NO_PICTURES)
            case Finished(reason, choice=choice):
                choices.setdefault(choice, _choice(choice))["finish_reason"] = _FINISH.get(reason, "stop")
            case _:
                pass
    body["choices"] = [choice for _, choice in sorted(choices.items())]
    return body


def _head(created: int) -> Json:
    return {"id": "", "object": "text_completion", "created": created, "model": ""}


def _named(started: Started) -> Json:
    head: Json = {"id": started.id, "model": started.model}
    return head if started.created is None else {**head, "created": started.created}


def _choice(index: int) -> Json:
    return {"index": index, "text": "", "logprobs": None, "finish_reason": None}


def _add_logprobs(choice: Json, tokens: Sequence[Json]) -> None:
    start = len(str(choice["text"])) - sum(len(str(token["token"])) for token in tokens)
    more, so_far = _logprobs(tokens, max(0, start)), choice["logprobs"]
    if isinstance(so_far, dict):
        for name, values in more.items():
            cast(list[JsonValue], so_far[name]).extend(cast(list[JsonValue], values))
    else:
        choice["logprobs"] = more


def _logprobs(tokens: Sequence[Json], start: int) -> Json:
    """The chat's form of log probabilities, in the one of this API; `start` is where the first token is."""
    offsets = list[JsonValue]()
    for token in tokens:
        offsets.append(start)
        start += len(str(token["token"]))
    return {
        "tokens": [token["token"] for token in tokens],
        "token_logprobs": [token["logprob"] for token in tokens],
        "top_logprobs": [_top(token) for token in tokens],
        "text_offset": offsets,
    }


def _top(token: Json) -> JsonValue:
    others = token.get("top_logprobs")
    found = [other for other in others if isinstance(other, dict)] if isinstance(others, list) else []
    return {str(other["token"]): other["logprob"] for other in found}


def _frame(payload: Json) -> bytes:
    return sse.encode(orjson.dumps(payload))


class Completions(Native):
    """Passed where a provider has it, and translated into a chat where not; no chat is translated into it."""

    def __init__(self) -> None:
        super().__init__("openai_completions", _check, ChunkReader, chunk_failure, metered)
        self.KIND: str = "chat"
        self.READS: Reads = READS

    def read_request(self, body: Json) -> Request:
        return read_request(body)

    def write_response(self, events: Sequence[Event], *, created: int) -> Json:
        return write_response(events, created=created)

    def StreamWriter(self, *, created: int, include_usage: bool = False) -> Writer:
        return StreamWriter(created=created, include_usage=include_usage)


def _check(body: Record) -> None:
    body.text("model")
    body.flag("stream")
    if body.data.get("prompt_embeds") is None:  # vLLM's
        text_or_list(body, "prompt")
