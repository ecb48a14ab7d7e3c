"""Streams. https://platform.claude.com/docs/en/build-with-claude/streaming"""

from collections.abc import Iterator
from typing import Any

import orjson

from translators import sse
from translators.anthropic_messages.content import Block, Content
from translators.anthropic_messages.errors import read_failure, write_error
from translators.anthropic_messages.fields import OWNER
from translators.anthropic_messages.response import (
    maybe,
    read_citation,
    read_extras,
    read_redacted,
    read_signature,
    string,
)
from translators.anthropic_messages.stop import read_stop, write_stop
from translators.anthropic_messages.usage import read_tier, read_usage, write_delta_usage
from translators.canonical import (
    Called,
    CalledWith,
    Done,
    Event,
    Extra,
    Failed,
    Finished,
    Json,
    JsonValue,
    Opaque,
    PartEnded,
    Ping,
    Said,
    Started,
    Thought,
    Usage,
    Used,
)


class StreamReader:
    """Reads one stream. Blocks that only Anthropic understands are told once they are whole."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}  # content block index -> tool call number
        self._extras: dict[int, dict[str, Any]] = {}
        self._inputs: dict[int, str] = {}
        self._cited: list[Event] = []  # come before the text that they support, or after it
        self._usage: dict[str, Any] = {}

    def read(self, data: bytes) -> Iterator[Event]:
        told: Any = orjson.loads(data)
        match told:  # nearly always the first, for which two generators would cost more than all the rest
            case {
                "type": "content_block_delta",
                "index": int(),
                "delta": {"type": "text_delta", "text": str(text)},
            } if text:
                return iter((Said(text),))
            case _:
                return self._told(told)

    def _told(self, told: Any) -> Iterator[Event]:
        match told:
            case {"type": "message_start", "message": {"id": id, "model": model} as message}:
                yield Started(string(id), string(model))
                yield self._used(message)
            case {"type": "content_block_start", "index": int(index), "content_block": block}:
                yield from self._start(index, block)
            case {"type": "content_block_delta", "index": int(index), "delta": delta}:
                yield from self._delta(index, delta)
            case {"type": "content_block_stop", "index": int(index)}:
                yield from self._stop(index)
            case {"type": "message_delta", "delta": {"stop_reason": reason} as delta} as last:
                yield from read_extras(delta)
                if reason is not None:
                    yield read_stop(reason, maybe(delta.get("stop_sequence")), bool(self._calls))
                yield self._used(last)
            case {"type": "message_stop"}:
                yield Done()
            case {"type": "ping"}:
                yield Ping()
            case {"type": "error"} as answer:
                yield read_failure(answer)
            case _:
                pass  # whatever Anthropic adds next

    def _start(self, index: int, block: dict[str, Any]) -> Iterator[Event]:
        match block["type"]:
            case "text":
                yield from self._delta(index, {**block, "type": "text_delta"})
                self._cited += map(read_citation, block.get("citations") or ())
            case "thinking":
                yield from self._delta(index, {**block, "type": "thinking_delta"})
                yield from read_signature(block)
            case "redacted_thinking":
                yield read_redacted(block)
            case "tool_use":
                self._calls[index] = len(self._calls)
                yield Called(self._calls[index], string(block["id"]), string(block["name"]))
                if block.get("input"):
                    yield CalledWith(self._calls[index], orjson.dumps(block["input"]).decode())
            case _:
                self._extras[index], self._inputs[index] = block, ""

    def _delta(self, index: int, delta: dict[str, Any]) -> Iterator[Event]:
        match delta["type"]:
            case "text_delta":
                if text := string(delta["text"]):
                    yield Said(text)
            case "thinking_delta":
                if text := string(delta["thinking"]):
                    yield Thought(text)
            case "signature_delta":
                yield from read_signature(delta)
            case "citations_delta":
                self._cited.append(read_citation(delta["citation"]))
            case "input_json_delta" if index in self._extras:
                self._inputs[index] += string(delta["partial_json"])
            case "input_json_delta":
                if piece := string(delta["partial_json"]):
                    yield CalledWith(self._calls[index], piece)
            case _:
                pass

    def _stop(self, index: int) -> Iterator[Event]:
        if index in self._extras:
            block, text = self._extras.pop(index), self._inputs.pop(index)
            if text:
                block["input"] = orjson.loads(text)
            yield Extra(Opaque(OWNER, "content[]", block))
            return
        yield from self._cited
        self._cited = []
        yield PartEnded()

    def _used(self, holder: dict[str, Any]) -> Used:
        """Counts are cumulative: each replaces the one before, and what is absent or null stays."""
        usage: dict[str, Any] = dict(holder.get("usage") or {})
        self._usage |= {name: count for name, count in usage.items() if count is not None}
        return Used(read_usage(self._usage), read_tier(self._usage))


class StreamWriter:
    """Writes one stream: one block at a time, and the end of the message once all is known."""

    def __init__(self, *, created: int, include_usage: bool = False) -> None:
        self._content = Content()
        self._open: Block | None = None
        self._index = 0  # of the open block, or of the next one
        self._finished: Finished | None = None
        self._usage = Usage()
        self._extras: Json = {}

    def write(self, event: Event) -> Iterator[bytes]:
        match event:
            case Started(id, model):
                yield self._head(id, model)
            case Ping():
                yield _frame({"type": "ping"})
            case Used(usage):
                self._usage = usage
            case Extra(data) if data.owner == OWNER and data.field != "content[]":
                self._extras[data.field] = data.data
            case Finished(choice=0):
                self._finished = event
                yield from self._flush(final=True)
            case Done():
                yield from self._end()
            case Failed():
                yield _frame(write_error(event, ""))
            case _:
                self._content.add(event)
                yield from self._flush()

    def _head(self, id: str, model: str) -> bytes:
        message: Json = {
            "id": id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": write_delta_usage(self._usage),
        }
        return _frame({"type": "message_start", "message": message})

    def _flush(self, final: bool = False) -> Iterator[bytes]:
        """All that can be said by now. A block waits while an earlier one may go on."""
        blocks = self._content.blocks
        while blocks:
            block = blocks[0]
            if self._open is not block:
                self._open = block
                yield self._frame("content_block_start", content_block=block.head)
            for delta in block.deltas():
                yield self._frame("content_block_delta", delta=delta)
            if not (final or block.ended or (len(blocks) > 1 and block.may_end())):
                return
            block.ended, self._open = True, None
            blocks.pop(0)
            yield self._frame("content_block_stop")
            self._index += 1

    def _end(self) -> Iterator[bytes]:
        if self._finished is None:
            yield from self.write(Failed("server", "The provider's answer has no end."))
            return
        yield from self._flush(final=True)  # some servers go on after they have finished
        reason = write_stop(self._finished, self._content.called, self._content.refused)
        delta: Json = {"stop_reason": reason, "stop_sequence": self._finished.stop, **self._extras}
        usage = write_delta_usage(self._usage)
        yield _frame({"type": "message_delta", "delta": delta, "usage": usage})
        yield _frame({"type": "message_stop"})

    def _frame(self, type: str, **told: JsonValue) -> bytes:
        return _frame({"type": type, "index": self._index, **told})


def _frame(event: Json) -> bytes:
    return sse.encode(orjson.dumps(event), str(event["type"]).encode())
