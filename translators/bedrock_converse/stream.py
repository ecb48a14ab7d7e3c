"""Streams. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html"""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

import orjson

from translators import eventstream
from translators.bedrock_converse.content import Block, Content
from translators.bedrock_converse.errors import read_exception, write_exception
from translators.bedrock_converse.fields import OWNER
from translators.bedrock_converse.response import (
    NAMELESS,
    is_answer,
    is_call,
    known,
    read_citation,
    read_extras,
    read_redacted,
    read_signature,
    said,
    stop_sequence,
    string,
)
from translators.bedrock_converse.stop import read_stop, write_stop
from translators.bedrock_converse.usage import read_used, write_used
from translators.canonical import (
    Called,
    CalledWith,
    Data,
    Done,
    Drawn,
    Event,
    Extra,
    Failed,
    Finished,
    Json,
    Opaque,
    PartEnded,
    Ping,
    Started,
    Thought,
    Usage,
    Used,
)
from translators.pick import inner, text


class StreamReader:
    """Reads one stream. Its end is told only once `metadata` has come, without which it was cut."""

    def __init__(self) -> None:
        self._begun = False
        self._calls: dict[int, int] = {}  # content block index -> tool call number
        self._answers = set[int]()  # blocks of the tool whose input is the answer
        self._extras: dict[int, dict[str, Any]] = {}
        self._redacted: dict[int, list[str]] = {}
        self._cited: dict[int, list[Event]] = {}
        self._stop: Finished | None = None

    def read(self, data: bytes) -> Iterator[Event]:
        event: dict[str, Any] = orjson.loads(data)
        match event:
            case {"messageStart": _}:
                if not self._begun:
                    self._begun = True
                    yield NAMELESS
            case {"contentBlockStart": {"contentBlockIndex": int(index), "start": start}}:
                yield from self._start(index, start)
            case {"contentBlockDelta": {"contentBlockIndex": int(index), "delta": delta}}:
                yield from self._delta(index, delta)
            case {"contentBlockStop": {"contentBlockIndex": int(index)}}:
                yield from self._end(index)
            case {"messageStop": {"stopReason": reason} as last}:
                yield from read_extras(last)
                told = read_stop(string(reason), stop_sequence(last), bool(self._calls), bool(self._answers))
                if isinstance(told, Failed):
                    yield told
                else:
                    self._stop = told
            case {"metadata": last}:
                yield from self._farewell(last)
            case {"ping": _}:
                yield Ping()
            case _ if (name := next(iter(event), "")).endswith("Exception"):
                yield read_exception(name, event[name])
            case _:
                pass  # whatever Amazon adds next

    def _start(self, index: int, start: dict[str, Any]) -> Iterator[Event]:
        if is_answer(start):
            self._answers.add(index)
        elif is_call(start):
            self._calls[index] = len(self._calls)
            use: dict[str, Any] = start["toolUse"]
            yield Called(self._calls[index], string(use["toolUseId"]), string(use["name"]))
        else:
            self._extras[index] = {"start": start, "deltas": []}

    def _delta(self, index: int, delta: dict[str, Any]) -> Iterator[Event]:
        match delta:
            case _ if index in self._extras:
                self._extras[index]["deltas"].append(delta)
            case {"text": text}:
                yield from said(text)
            case {"toolUse": {"input": piece}} if index in self._answers:
                yield from said(piece)
            case {"toolUse": {"input": piece}}:
                if told := string(piece):
                    yield CalledWith(self._calls[index], told)
            case {"reasoningContent": {"text": text}}:
                if told := string(text):
                    yield Thought(told)
            case {"reasoningContent": {"signature": _} as proof}:
                yield from read_signature(proof)
            case {"reasoningContent": {"redactedContent": data}}:
                self._redacted.setdefault(index, []).append(string(data))
            case {"citation": source}:
                self._cited.setdefault(index, []).append(read_citation(source))
            case _:
                self._extras.setdefault(index, {"start": {}, "deltas": []})["deltas"].append(delta)

    def _end(self, index: int) -> Iterator[Event]:
        """Citations may come before the text that they support, or after it; what is encrypted, in pieces."""
        if index in self._extras:
            extra = self._extras.pop(index)
            if picture := _picture(extra):
                yield Drawn(picture)
                yield PartEnded()
            else:
                yield Extra(Opaque(OWNER, "content[].deltas", extra))
            return
        if pieces := self._redacted.pop(index, None):
            yield read_redacted(b64encode(b"".join(map(b64decode, pieces))).decode())
        yield from self._cited.pop(index, [])
        yield PartEnded()

    def _farewell(self, last: dict[str, Any]) -> Iterator[Event]:
        yield from read_extras(last)
        if self._stop is None:
            raise ValueError("an end without a reason")
        yield self._stop
        yield read_used(last)
        yield Done()


def _picture(block: dict[str, Any]) -> Data | None:
    """The picture that a block's pieces amount to, if it is one whose bytes are all here."""
    match block["start"]:
        case {"image": {"format": format}} if kind := known(format):
            deltas: list[Json] = block["deltas"]
            pieces = [text(inner(inner(delta, "image"), "source"), "bytes") for delta in deltas]
            whole = b"".join(map(b64decode, pieces))
            return Data(kind, b64encode(whole).decode()) if all(pieces) and whole else None
        case _:
            return None


class StreamWriter:
    """Writes one stream: one block at a time, and its end once all is known."""

    def __init__(self, *, created: int, include_usage: bool = False) -> None:
        self._content = Content()
        self._open: Block | None = None
        self._index = 0  # of the open block, or of the next one
        self._finished: Finished | None = None
        self._used = Used(Usage())

    def write(self, event: Event) -> Iterator[bytes]:
        match event:
            case Started():
                yield _frame("messageStart", {"role": "assistant"})
            case Ping():
                yield _frame("ping", {})  # no event of Converse's: clients skip what they do not know
            case Used():
                self._used = event
            case Finished(choice=0):
                self._finished = event
                yield from self._flush(final=True)
            case Done():
                yield from self._end()
            case Failed():
                name, told = write_exception(event)
                yield eventstream.encode_exception(name, orjson.dumps(told))
            case _:
                self._content.add(event)
                yield from self._flush()

    def _flush(self, final: bool = False) -> Iterator[bytes]:
        """All that can be said by now. A block waits while an earlier one may go on."""
        blocks = self._content.blocks
        while blocks:
            block = blocks[0]
            if block.kind == "own":
                blocks.pop(0)
                continue
            if self._open is not block:
                self._open = block
                if block.start:
                    yield self._frame("contentBlockStart", {"start": block.start})
            for delta in block.handed():
                yield self._frame("contentBlockDelta", {"delta": delta})
            if not (final or block.ended or (len(blocks) > 1 and block.may_end())):
                return
            block.ended, self._open = True, None
            blocks.pop(0)
            yield self._frame("contentBlockStop", {})
            self._index += 1

    def _end(self) -> Iterator[bytes]:
        if self._finished is None:
            yield from self.write(Failed("server", "The provider's answer has no end."))
            return
        yield from self._flush(final=True)  # some servers go on after they have finished
        reason = write_stop(self._finished, self._content.called, self._content.refused)
        yield _frame("messageStop", {"stopReason": reason})
        yield _frame("metadata", {**write_used(self._used), "metrics": {"latencyMs": 0}})

    def _frame(self, event: str, told: Json) -> bytes:
        return _frame(event, {**told, "contentBlockIndex": self._index})


def _frame(event: str, told: Json) -> bytes:
    return eventstream.encode(event, orjson.dumps(told))
