"""Events, into a Chat Completions answer: a `chat.completion`, or a stream of its chunks."""

from collections.abc import Iterator, Sequence

import orjson

from translators import sse
from translators.canonical import Done, Event, Failed, Json, JsonValue, Ping, Said, Started, Used
from translators.openai_chat.deltas import Deltas, piece_of
from translators.openai_chat.errors import write_error
from translators.openai_chat.usage import SERVICE_TIERS, write_usage

_NO_TEXT = b'"content":""'
"""In a frame only where it is meant: in a string, quotation marks are escaped."""


class StreamWriter:
    """Writes one stream of `chat.completion.chunk`."""

    def __init__(self, *, created: int, include_usage: bool = False) -> None:
        self._head: Json = {"id": "", "object": "chat.completion.chunk", "created": created, "model": ""}
        self._include_usage = include_usage
        self._deltas = Deltas()
        self._used: Used | None = None
        self._around: dict[int, tuple[bytes, bytes]] = {}  # by choice, what stands around its text

    def write(self, event: Event) -> Iterator[bytes]:
        if type(event) is Said and event.choice in self._around:
            return iter((self._said(event),))
        return self._written(event)

    def _said(self, said: Said) -> bytes:
        """A piece of text as a frame: only the text differs from the last one."""
        self._deltas.said(said)
        before, after = self._around[said.choice]
        return b"%b%b%b" % (before, orjson.dumps(said.text), after)

    def _written(self, event: Event) -> Iterator[bytes]:
        match event:
            case Started():
                self._head |= _head(event)
                self._around.clear()
                yield from map(self._chunk, self._deltas.begin(0))
            case Used():
                self._used = event
                self._head |= _tier(event)
                self._around.clear()
            case Said(choice=choice):
                yield from map(self._chunk, self._deltas.of(event))
                before, _, after = self._chunk(piece_of(choice, {"content": ""})).partition(_NO_TEXT)
                self._around[choice] = before + _NO_TEXT[:-2], after
            case Ping():
                yield sse.KEEP_ALIVE
            case Done():
                if self._include_usage and self._used and (usage := write_usage(self._used.usage)):
                    yield _frame({**self._head, "choices": [], "usage": usage})
                yield sse.encode(b"[DONE]")
            case Failed():
                yield _frame(write_error(event, ""))
            case _:
                yield from map(self._chunk, self._deltas.of(event))

    def _chunk(self, choice: Json) -> bytes:
        return _frame({**self._head, "choices": [choice]})


def write_response(events: Sequence[Event], *, created: int) -> Json:
    """The answer that the stream of these events would add up to."""
    head: Json = {"id": "", "object": "chat.completion", "created": created, "model": ""}
    choices: dict[int, Json] = {}
    deltas, used = Deltas(), None
    for event in events:
        match event:
            case Started():
                head |= _head(event)
            case Used():
                used = event
            case Ping() | Done() | Failed():
                pass
            case _:
                choice = choices.setdefault(event.choice, _choice(event.choice))
                for piece in deltas.of(event):
                    _add(choice, piece)
    head["choices"] = [_settled(choice) for _, choice in sorted(choices.items())]
    if used:
        head |= _tier(used) | ({"usage": usage} if (usage := write_usage(used.usage)) else {})
    return head


def _head(started: Started) -> Json:
    head: Json = {"id": started.id, "model": started.model}
    return head if started.created is None else {**head, "created": started.created}


def _tier(used: Used) -> Json:
    """The service that was given, as far as OpenAI has a name for it."""
    tier = "default" if used.service_tier == "standard" else used.service_tier
    return {"service_tier": tier} if tier in SERVICE_TIERS else {}


def _frame(payload: Json) -> bytes:
    return sse.encode(orjson.dumps(payload))


# --- putting pieces together ------------------------------------------------------------------------


def _choice(index: int) -> Json:
    message: Json = {"role": "assistant", "content": None, "refusal": None}
    return {"index": index, "message": message, "logprobs": None, "finish_reason": "stop"}


def _add(choice: Json, piece: Json) -> None:
    message, delta = choice["message"], piece["delta"]
    assert isinstance(message, dict) and isinstance(delta, dict)
    for name, value in delta.items():
        message[name] = value if name == "role" else _sum(message.get(name), value)
    if "logprobs" in piece:
        choice["logprobs"] = _sum(choice["logprobs"], piece["logprobs"])
    choice["finish_reason"] = piece["finish_reason"] or choice["finish_reason"]


def _sum(old: JsonValue, new: JsonValue) -> JsonValue:
    """Texts are one text; objects are added field by field, lists by the `index` of their entries."""
    match old, new:
        case str(), str():
            return old + new
        case dict(), dict():
            return {**old, **{name: _sum(old.get(name), value) for name, value in new.items()}}
        case list(), [{"index": int(index)} as entry] if index < len(old):
            return [*old[:index], _sum(old[index], entry), *old[index + 1 :]]
        case list(), list():
            return old + new
        case _:
            return old if new is None else new


def _settled(choice: Json) -> Json:
    """A message that says nothing but calls or refuses has no content at all."""
    message = choice["message"]
    assert isinstance(message, dict)
    if not message["content"]:
        message["content"] = None if message["refusal"] or "tool_calls" in message else ""
    for entries in message.values():
        if isinstance(entries, list):
            for entry in entries:
                if isinstance(entry, dict):
                    entry.pop("index", None)
    return choice
