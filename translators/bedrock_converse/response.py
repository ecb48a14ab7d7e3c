"""A whole answer, which is its events."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import orjson

from translators.bedrock_converse.content import Content
from translators.bedrock_converse.fields import CLAUDES, OWNER, STRUCTURED_OUTPUT
from translators.bedrock_converse.formats import media_type_of
from translators.bedrock_converse.stop import read_stop, write_stop
from translators.bedrock_converse.usage import read_used, write_used
from translators.canonical import (
    Called,
    CalledWith,
    Cited,
    Data,
    Done,
    Drawn,
    Event,
    Extra,
    Failed,
    Finished,
    Json,
    JsonValue,
    Opaque,
    PartEnded,
    Said,
    Started,
    Thought,
    ThoughtRedacted,
    Usage,
    Used,
)
from translators.errors import BadUpstream

NAMELESS = Started("", "")
"""The head of each answer: Converse tells neither an id nor the model."""

_EXTRAS = ("trace", "performanceConfig", "additionalModelResponseFields")
_AT = "messages[].content[].reasoningContent"


def read_response(body: Json) -> list[Event]:
    """Raises `KeyError`, `TypeError` or `ValueError` on what is no answer."""
    answer: dict[str, Any] = body
    events, calls, answered = [cast(Event, NAMELESS)], 0, False
    for block in answer["output"]["message"]["content"]:
        events += _block(dict(block), calls)
        calls += is_call(block)
        answered = answered or is_answer(block)
    events += read_extras(answer)
    stop = read_stop(string(answer["stopReason"]), stop_sequence(answer), calls > 0, answered)
    if isinstance(stop, Failed):
        return [*events, stop]
    return [*events, stop, read_used(answer), Done()]


def told(body: Json) -> Iterator[Event]:
    """What it took; who answered is not told."""
    answer: dict[str, Any] = body
    yield NAMELESS
    yield read_used(answer)


def _block(block: dict[str, Any], call: int) -> Iterator[Event]:
    match block:
        case {"text": text}:
            yield from said(text)
        case {"citationsContent": cited}:
            for piece in cited.get("content") or ():
                yield from said(piece.get("text", ""))
            for source in cited.get("citations") or ():
                yield read_citation(source)
        case {"reasoningContent": {"reasoningText": thought}}:
            if text := string(thought["text"]):
                yield Thought(text)
            yield from read_signature(thought)
        case {"reasoningContent": {"redactedContent": data}}:
            yield read_redacted(string(data))
        case {"toolUse": use} if is_answer(block):
            yield from said(orjson.dumps(use["input"]).decode())
        case {"toolUse": use} if is_call(block):
            yield Called(call, string(use["toolUseId"]), string(use["name"]))
            arguments: dict[str, Any] = {**use["input"]}
            yield CalledWith(call, orjson.dumps(arguments).decode())
        case {"image": {"format": format, "source": {"bytes": data}}} if kind := known(format):
            yield Drawn(Data(kind, string(data)))
        case _:
            yield Extra(Opaque(OWNER, "content[]", block))
            return
    yield PartEnded()


# --- pieces that streams have, too ------------------------------------------------------------------


def is_call(block: Any) -> bool:
    """Whether the client has to run a tool; `server_tool_use` is run by the provider."""
    match block:
        case {"toolUse": {"name": str(name)} as use}:
            return use.get("type") is None and name != STRUCTURED_OUTPUT
        case _:
            return False


def is_answer(block: Any) -> bool:
    """Whether a call is the answer itself, because we had asked for it in this form."""
    match block:
        case {"toolUse": {"name": name}}:
            return bool(name == STRUCTURED_OUTPUT)
        case _:
            return False


def known(format: object) -> str | None:
    """The media type of a picture, if we know its format."""
    return media_type_of("image", format) if isinstance(format, str) else None


def said(text: object) -> Iterator[Event]:
    if told := string(text):
        yield Said(told)


def read_citation(source: dict[str, Any]) -> Cited:
    """Only sources on the web have an address; the others are documents of the request."""
    told: dict[str, Any] = dict(source)
    place: dict[str, Any] = told.get("location") or {}
    web: dict[str, Any] = place.get("web") or {}
    url = maybe(web.get("url")) or maybe(told.get("source")) or ""
    quotes = [maybe(piece.get("text")) or "" for piece in told.get("sourceContent") or ()]
    return Cited(
        url=url if url.startswith(("http://", "https://")) else None,
        title=maybe(told.get("title")),
        quote="".join(quotes) or None,
        raw=Opaque(OWNER, "content[].citations[]", cast(JsonValue, told)),
    )


def read_signature(holder: dict[str, Any]) -> Iterator[Event]:
    """Told as Anthropic's, though the answer does not say whose model it is.

    Only Claudes sign, and Anthropic's own API takes such a proof as well; so it comes back here by way of any
    client, if it is one of Anthropic's or speaks the extension of Chat Completions. Another model's would be
    left out of the next request, which then lists it.
    """
    if signature := holder.get("signature"):
        yield Thought(signature=Opaque(CLAUDES, f"{_AT}.reasoningText.signature", string(signature)))


def read_redacted(data: str) -> ThoughtRedacted:
    return ThoughtRedacted(Opaque(CLAUDES, f"{_AT}.redactedContent", data))


def read_extras(holder: dict[str, Any]) -> Iterator[Event]:
    """What else an answer tells besides its content."""
    for name in _EXTRAS:
        if (value := holder.get(name)) is not None:
            yield Extra(Opaque(OWNER, name, value))


def stop_sequence(holder: dict[str, Any]) -> str | None:
    """The one that was met, if the request wanted to be told of it."""
    match holder.get("additionalModelResponseFields"):
        case {"stop_sequence": str(stop)}:
            return stop
        case _:
            return None


def string(value: object) -> str:
    """A string, or `TypeError`: the provider's answer can't be read without it."""
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def maybe(value: object) -> str | None:
    """A string, or `None` for all else: the answer can be read without it."""
    return value if isinstance(value, str) else None


# --- writing ----------------------------------------------------------------------------------------


def write_response(events: Sequence[Event], *, created: int) -> Json:
    """One whole answer. Converse tells no time of it, so `created` has no place."""
    content, used = Content(), Used(Usage())
    extras: Json = {}
    finished: Finished | None = None
    for event in events:
        content.add(event)
        match event:
            case Finished(choice=0):
                finished = event
            case Used():
                used = event
            case Extra(data) if data.owner == OWNER and data.field in _EXTRAS:
                extras[data.field] = data.data
            case _:
                pass
    if finished is None:
        raise BadUpstream("The provider's answer has no end.")
    return {
        "output": {"message": {"role": "assistant", "content": [block.whole() for block in content.blocks]}},
        "stopReason": write_stop(finished, content.called, content.refused),
        **write_used(used),
        "metrics": {"latencyMs": 0},  # has to be there, and is not known here
        **extras,
    }
