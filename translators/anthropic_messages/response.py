"""A whole answer, which is its events."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import orjson

from translators.anthropic_messages.content import Content
from translators.anthropic_messages.fields import OWNER
from translators.anthropic_messages.stop import read_stop, write_stop
from translators.anthropic_messages.usage import read_tier, read_usage, write_usage
from translators.canonical import (
    Called,
    CalledWith,
    Cited,
    Done,
    Event,
    Extra,
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


def read_response(body: Json) -> list[Event]:
    """Raises `KeyError`, `TypeError` or `ValueError` on what is no message."""
    message: dict[str, Any] = body
    if message["type"] != "message":
        raise ValueError("not a message")
    events: list[Event] = [Started(string(message["id"]), string(message["model"]))]
    calls = 0
    for block in message["content"]:
        events += _read_block(block, calls)
        calls += block["type"] == "tool_use"
    events += read_extras(message)
    usage: dict[str, Any] = dict(message["usage"])
    finished = read_stop(string(message["stop_reason"]), maybe(message.get("stop_sequence")), calls > 0)
    return [*events, finished, Used(read_usage(usage), read_tier(usage)), Done()]


def told(body: Json) -> Iterator[Event]:
    """Who answered and what it took."""
    message: dict[str, Any] = body
    usage: dict[str, Any] = dict(message["usage"])
    yield Started(string(message["id"]), string(message["model"]))
    yield Used(read_usage(usage), read_tier(usage))


def _read_block(block: dict[str, Any], call: int) -> Iterator[Event]:
    match block["type"]:
        case "text":
            if text := string(block["text"]):
                yield Said(text)
            for source in block.get("citations") or ():
                yield read_citation(source)
            yield PartEnded()
        case "thinking":
            if text := string(block["thinking"]):
                yield Thought(text)
            yield from read_signature(block)
            yield PartEnded()
        case "redacted_thinking":
            yield read_redacted(block)
            yield PartEnded()
        case "tool_use":
            yield Called(call, string(block["id"]), string(block["name"]))
            arguments: dict[str, Any] = {**block["input"]}
            yield CalledWith(call, orjson.dumps(arguments).decode())
            yield PartEnded()
        case _:
            yield Extra(Opaque(OWNER, "content[]", block))


def read_citation(source: dict[str, Any]) -> Cited:
    """Only sources on the web have an address; the others are documents of the request."""
    told: dict[str, Any] = dict(source)
    url = maybe(told.get("url")) or maybe(told.get("source")) or ""
    return Cited(
        url=url if url.startswith(("http://", "https://")) else None,
        title=maybe(told.get("title")) or maybe(told.get("document_title")),
        quote=maybe(told.get("cited_text")),
        raw=Opaque(OWNER, "content[].citations[]", cast(JsonValue, told)),
    )


def read_signature(holder: dict[str, Any]) -> Iterator[Event]:
    if signature := holder.get("signature"):
        proof = Opaque(OWNER, "messages[].content[thinking].signature", string(signature))
        yield Thought(signature=proof)


def read_redacted(block: dict[str, Any]) -> ThoughtRedacted:
    return ThoughtRedacted(Opaque(OWNER, "messages[].content[redacted_thinking].data", string(block["data"])))


def read_extras(holder: dict[str, Any]) -> Iterator[Event]:
    """What else an answer tells besides its content."""
    for name in ("container", "stop_details"):
        if (value := holder.get(name)) is not None:
            yield Extra(Opaque(OWNER, name, value))


def string(value: object) -> str:
    """A string, or `TypeError`: the provider's answer can't be read without it."""
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def maybe(value: object) -> str | None:
    """A string, or `None` for all else: the answer can be read without it."""
    return value if isinstance(value, str) else None


def write_response(events: Sequence[Event], *, created: int) -> Json:
    """One whole answer. Anthropic tells no time of it, so `created` has no place."""
    content, used = Content(), Used(Usage())
    message: dict[str, JsonValue] = {}
    finished: Finished | None = None
    for event in events:
        content.add(event)
        match event:
            case Started(id, model):
                message = {"id": id, "type": "message", "role": "assistant", "model": model}
            case Finished(choice=0):
                finished = event
            case Used():
                used = event
            case Extra(data) if data.owner == OWNER and data.field != "content[]":
                message[data.field] = data.data
            case _:
                pass
    if finished is None:
        raise BadUpstream("The provider's answer has no end.")
    return {
        **message,
        "content": [block.whole() for block in content.blocks],
        "stop_reason": write_stop(finished, content.called, content.refused),
        "stop_sequence": finished.stop,
        "usage": write_usage(used.usage, used.service_tier),
    }
