"""The content of an answer, gathered block by block out of events, for whole answers and streams alike."""

from dataclasses import dataclass, field
from typing import Literal, assert_never, cast

import orjson

from translators.bedrock_converse.fields import CLAUDES, OWNER
from translators.bedrock_converse.formats import format_of
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
    Ping,
    Probable,
    Refused,
    Said,
    Started,
    Thought,
    ThoughtRedacted,
    Url,
    Used,
)
from translators.errors import BadUpstream

type _Kind = Literal["text", "reasoning", "redacted", "call", "image", "own"]


@dataclass(slots=True)
class Block:
    """One block: what it consists of, as a stream's deltas have it."""

    kind: _Kind
    start: Json | None = None
    """What is said of it before all deltas: only of calls and pictures."""
    deltas: list[Json] = field(default_factory=list[Json])
    arguments: str = ""
    """Of a call: the text of its input so far."""
    own: Json | None = None
    """Of one that only Amazon understands: the whole."""
    ended: bool = False

    def handed(self) -> list[Json]:
        """The deltas that were not handed out yet."""
        deltas, self.deltas = self.deltas, []
        return deltas

    def may_end(self) -> bool:
        """Whether nothing can come that still belongs to it, now that another block has begun."""
        return self.ended or self.kind != "call" or _is_complete(self.arguments)

    def whole(self) -> Json:
        """The block as it stands in a whole answer."""
        match self.kind:
            case "text":
                return self._text()
            case "reasoning":
                told = [cast(Json, delta["reasoningContent"]) for delta in self.deltas]
                thought: Json = {"text": "".join(str(piece["text"]) for piece in told if "text" in piece)}
                for piece in told:
                    if "signature" in piece:
                        thought["signature"] = piece["signature"]
                return {"reasoningContent": {"reasoningText": thought}}
            case "redacted":
                return self.deltas[0]
            case "call":
                assert self.start
                return {"toolUse": {**cast(Json, self.start["toolUse"]), "input": _arguments(self.arguments)}}
            case "image":
                assert self.start
                return {"image": {**_image(self.start), **_image(self.deltas[0])}}
            case "own":
                return self.own or {}

    def _text(self) -> Json:
        text = "".join(str(delta["text"]) for delta in self.deltas if "text" in delta)
        sources = [delta["citation"] for delta in self.deltas if "citation" in delta]
        if not sources:
            return {"text": text}
        return {"citationsContent": {"content": [{"text": text}], "citations": sources}}


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
            case Finished() | Probable():
                pass
            case Said(text):
                self._say(text)
            case Refused(text):
                self.refused = True
                self._say(text)
            case Thought(text, signature):
                self._think(text, signature)
            case ThoughtRedacted(data):
                if data.owner in (OWNER, CLAUDES):
                    delta: Json = {"reasoningContent": {"redactedContent": data.data}}
                    self._begin(Block("redacted", deltas=[delta], ended=True))
            case Called(call, id, name):
                use: Json = {"toolUse": {"toolUseId": id, "name": name}}
                self._calls[call] = self._begin(Block("call", use))
            case CalledWith(call, json):
                _call_with(self._calls[call], json)
            case Cited():
                self._cite(_source(event))
            case Drawn(source):
                self._begin(_drawn(source))
            case PartEnded():
                self.end()
            case Extra(Opaque(owner, "content[]", data)) if owner == OWNER:
                self._begin(Block("own", own=cast(Json, data), ended=True))
            case Extra():
                pass
            case _:
                assert_never(event)

    def end(self) -> None:
        """Nothing more belongs to the last block."""
        if self.blocks:
            self.blocks[-1].ended = True

    def _begin(self, block: Block) -> Block:
        self.blocks.append(block)
        return block

    def _open(self, kind: _Kind) -> Block:
        """The last block, if it is of this kind and goes on; else a new one."""
        last = self.blocks[-1] if self.blocks else None
        return last if last and last.kind == kind and not last.ended else self._begin(Block(kind))

    def _say(self, text: str) -> None:
        if not text:
            return
        block = self._open("text")
        block.deltas.append({"text": text})
        block.deltas.extend({"citation": source} for source in self._sources)
        self._sources = []

    def _think(self, text: str, signature: Opaque | None) -> None:
        proof = signature if signature and signature.owner in (OWNER, CLAUDES) else None
        if not text and not proof:
            return
        block = self._open("reasoning")
        if text:
            block.deltas.append({"reasoningContent": {"text": text}})
        if proof:
            block.deltas.append({"reasoningContent": {"signature": proof.data}})
            block.ended = True

    def _cite(self, source: Json) -> None:
        last = self.blocks[-1] if self.blocks else None
        if last and last.kind == "text" and not last.ended:
            last.deltas.append({"citation": source})
        else:
            self._sources.append(source)


def _drawn(source: Data | Url) -> Block:
    format = format_of("image", source.media_type) if isinstance(source, Data) else None
    if not isinstance(source, Data) or format is None:
        kind = source.media_type if isinstance(source, Data) else "one at an address"
        raise BadUpstream(f"It holds a picture that Converse has no word for: {kind}.")
    delta: Json = {"image": {"source": {"bytes": source.base64}}}
    return Block("image", {"image": {"format": format}}, [delta], ended=True)


def _image(piece: Json) -> Json:
    return cast(Json, piece["image"])


def _call_with(block: Block, json: str) -> None:
    if block.ended:
        if json.strip():
            raise BadUpstream("The provider went on with a tool call that had ended.")
        return
    block.arguments += json
    if json:
        block.deltas.append({"toolUse": {"input": json}})


def _source(cited: Cited) -> Json:
    """A citation in Amazon's form."""
    if cited.raw and cited.raw.owner == OWNER:
        return cast(Json, cited.raw.data)
    told: Json = {
        "title": cited.title,
        "sourceContent": None if cited.quote is None else [{"text": cited.quote}],
        "location": None if cited.url is None else {"web": {"url": cited.url}},
    }
    return {name: value for name, value in told.items() if value is not None}


def _arguments(text: str) -> Json:
    try:
        arguments = cast(JsonValue, orjson.loads(text or "{}"))
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
