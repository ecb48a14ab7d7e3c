"""The content of an answer, gathered block by block out of events, for whole answers and streams alike."""

from dataclasses import dataclass, field
from typing import assert_never, cast

import orjson

from translators.anthropic_messages.fields import OWNER
from translators.anthropic_messages.proofs import write_proof
from translators.canonical import (
    Called,
    CalledWith,
    Cited,
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
    Ping,
    Probable,
    Refused,
    Said,
    Started,
    Thought,
    ThoughtRedacted,
    Used,
)
from translators.errors import BadUpstream

_DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "signature": ("signature_delta", "signature"),
    "citations": ("citations_delta", "citation"),
    "input": ("input_json_delta", "partial_json"),
}
"""A block's field, and how a stream spells the pieces that it is made of."""


@dataclass(slots=True)
class Block:
    """One block: its `head`, as `content_block_start` has it, and `pieces` of its fields."""

    head: Json
    pieces: list[tuple[str, JsonValue]] = field(default_factory=list[tuple[str, JsonValue]])
    arguments: str = ""
    """Of a call: the text of its `input` so far."""
    ended: bool = False

    @property
    def kind(self) -> JsonValue:
        return self.head["type"]

    def add(self, name: str, value: JsonValue) -> None:
        self.pieces.append((name, value))

    def whole(self) -> Json:
        """The block as it stands in a whole answer."""
        block = dict(self.head)
        for name, value in self.pieces:
            if name == "citations":
                block[name] = [*cast(list[JsonValue], block.get(name, [])), value]
            elif name != "input":
                block[name] = f"{block[name]}{value}"
        if text := "".join(str(value) for name, value in self.pieces if name == "input"):
            block["input"] = _arguments(text)
        return block

    def deltas(self) -> list[Json]:
        """The pieces as a stream tells them. They are handed out once."""
        pieces, self.pieces = self.pieces, []
        return [{"type": _DELTAS[name][0], _DELTAS[name][1]: value} for name, value in pieces]

    def may_end(self) -> bool:
        """Whether nothing can come that still belongs to it, now that another block has begun."""
        return self.ended or self.kind != "tool_use" or _is_complete(self.arguments)


class Content:
    """All blocks of an answer, in the order in which they began. Further choices have no place in it."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.refused = False
        self._calls: dict[int, Block] = {}
        self._sources: list[Json] = []  # that came before the text which they support

    @property
    def called(self) -> bool:
        return bool(self._calls)

    def add(self, event: Event) -> None:
        match event:
            case Started() | Used() | Ping() | Done() | Failed():
                pass
            case _ if event.choice:
                pass
            case Said(text):
                self._say(text)
            case Finished() | Probable():
                pass
            case Refused(text):
                self.refused = True
                self._say(text)
            case Thought():
                self._think(event)
            case ThoughtRedacted(data):
                self._redact(data)
            case Called(call, id, name, opaque=kept):
                for proof in kept:
                    self._redact(proof)
                head: Json = {"type": "tool_use", "id": id, "name": name, "input": {}}
                self._calls[call] = self._begin(head)
            case CalledWith(call, json):
                _call_with(self._calls[call], json)
            case Cited():
                self._cite(event)
            case Drawn():
                raise BadUpstream(
                    "It holds a picture, and Anthropic's API has no place for one in an answer."
                )
            case PartEnded():
                self.end()
            case Extra(data):
                if data.owner == OWNER and data.field == "content[]":
                    self._insert(cast(Json, data.data))
            case _:
                assert_never(event)

    def end(self) -> None:
        """Nothing more belongs to the last block."""
        if self.blocks:
            self.blocks[-1].ended = True

    def _begin(self, head: Json) -> Block:
        block = Block(head)
        self.blocks.append(block)
        return block

    def _open(self, head: Json) -> Block:
        """The last block, if it is of this kind and goes on; else a new one."""
        last = self.blocks[-1] if self.blocks else None
        return last if last and last.kind == head["type"] and not last.ended else self._begin(head)

    def _say(self, text: str) -> None:
        if not text:
            return
        block = self._open({"type": "text", "text": ""})
        block.add("text", text)
        for source in self._sources:
            block.add("citations", source)
        self._sources = []

    def _think(self, thought: Thought) -> None:
        if not thought.text and not thought.signature:
            return
        block = self._open({"type": "thinking", "thinking": "", "signature": ""})
        if thought.text:
            block.add("thinking", thought.text)
        if thought.signature:
            block.add("signature", write_proof(thought.signature))
            block.ended = True

    def _redact(self, data: Opaque) -> None:
        """What only a vendor can read, before the call or after the text that it belongs to."""
        self.end()
        self._begin({"type": "redacted_thinking", "data": write_proof(data)}).ended = True

    def _cite(self, cited: Cited) -> None:
        source = _source(cited)
        last = self.blocks[-1] if self.blocks else None
        if source and last and last.kind == "text" and not last.ended:
            last.add("citations", source)
        elif source:
            self._sources.append(source)

    def _insert(self, data: Json) -> None:
        """A block of Anthropic's own, which came whole."""
        block = self._begin(data)
        if data.get("input"):
            block.head = {**data, "input": {}}
            block.add("input", orjson.dumps(data["input"]).decode())
        block.ended = True


def _call_with(block: Block, json: str) -> None:
    if block.ended:
        if json.strip():
            raise BadUpstream("The provider went on with a tool call that had ended.")
        return
    block.arguments += json
    if json:
        block.add("input", json)


def _source(cited: Cited) -> Json | None:
    """A citation in Anthropic's form; other vendors' can be told if they are of the web."""
    if cited.raw and cited.raw.owner == OWNER:
        return cast(Json, cited.raw.data)
    if cited.url is None:
        return None
    return {
        "type": "web_search_result_location",
        "url": cited.url,
        "title": cited.title,
        "cited_text": cited.quote or "",
        "encrypted_index": "",
    }


def _arguments(text: str) -> Json:
    try:
        arguments = cast(JsonValue, orjson.loads(text))
    except orjson.JSONDecodeError:
        arguments = None
    if not isinstance(arguments, dict):
        raise BadUpstream("The provider called a tool with arguments that are no JSON object.")
    return arguments


def _is_complete(arguments: str) -> bool:
    if not arguments.rstrip().endswith("}"):
        return False
    try:
        orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return False
    return True
