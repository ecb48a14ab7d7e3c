"""Writes the content blocks of a Converse request."""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import assert_never, cast

import orjson

from translators.bedrock_converse.fields import OWNER, proves
from translators.bedrock_converse.formats import Kind, format_in, format_of
from translators.bedrock_converse.models import family
from translators.canonical import (
    Audio,
    Cache,
    Data,
    Document,
    FileId,
    Image,
    Json,
    JsonValue,
    Opaque,
    Part,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Url,
    Video,
)
from translators.errors import Unsupported


class Blocks:
    """Writes the blocks of one request: each of its documents needs a name of its own."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._names = set[str]()

    def write(self, parts: Iterable[Part], place: str = "messages") -> list[JsonValue]:
        """The blocks of one turn, each hint to cache behind what it marks; empty texts are left out."""
        return [block for part in parts for block in self._blocks(part, place)]

    def is_written(self, part: Part) -> bool:
        """Whether anything is left of a part."""
        match part:
            case Text() | Refusal():
                return _text(part) is not None
            case Thinking(_, proof) | RedactedThinking(proof):
                return proves(self._model, proof)
            case Opaque(owner):
                return owner == OWNER
            case _:
                return True

    def _blocks(self, part: Part, place: str) -> Iterator[JsonValue]:
        if (block := self._block(part)) is None:
            return
        yield block
        if not isinstance(part, Refusal | Thinking | RedactedThinking | Opaque):
            yield from write_cache(part.cache, self._model, place)

    def _block(self, part: Part) -> JsonValue:
        match part:
            case Text() | Refusal():
                return _text(part)
            case Image(source):
                return {"image": _file("image", source, part.opaque)}
            case Audio(source):
                return {"audio": _file("audio", source, part.opaque)}
            case Video(source):
                return {"video": _file("video", source, part.opaque)}
            case Document():
                return {"document": self._document(part)}
            case ToolUse():
                return _tool_use(part)
            case ToolResult():
                return self._tool_result(part)
            case Thinking(text, signature):
                return _thinking(text, signature) if proves(self._model, signature) else None
            case RedactedThinking(data):
                encrypted: Json = {"redactedContent": data.data}
                return {"reasoningContent": encrypted} if proves(self._model, data) else None
            case Opaque(owner, _, data):
                return data if owner == OWNER else None
            case _:
                assert_never(part)

    def _tool_result(self, part: ToolResult) -> JsonValue:
        pieces = map(self._result, part.parts)
        content: list[JsonValue] = [block for block in pieces if block is not None]
        result: Json = {"toolUseId": tool_id(part.id, "ToolResult.id"), "content": content}
        if part.is_error is not None:
            result["status"] = "error" if part.is_error else "success"
        return {"toolResult": result}

    def _result(self, part: Text | Image | Audio | Document | Video | Opaque) -> JsonValue:
        if isinstance(part, Audio):
            raise Unsupported("ToolResult.parts", "a sound is nothing that a tool may give")
        if isinstance(part, Text) and any(opaque.owner == OWNER for opaque in part.opaque):
            return {"json": cast(JsonValue, orjson.loads(part.text))}
        return self._block(part)

    def _document(self, part: Document) -> Json:
        told: Json = {
            **_file("document", part.source, part.opaque),
            "name": self._name(part.title or part.filename or "document"),
            "context": part.context,
            "citations": None if part.citations is None else {"enabled": part.citations},
        }
        return {name: value for name, value in told.items() if value is not None}

    def _name(self, name: str) -> str:
        """A document's name: letters, digits, single spaces, hyphens and brackets, and only once."""
        plain = re.sub(r"[^a-zA-Z0-9\s\-()\[\]]", "-", name)
        plain = re.sub(r"\s+", " ", plain).strip()[:200] or "document"
        unique, number = plain, 1
        while unique in self._names:
            number += 1
            unique = f"{plain[:190]} ({number})"
        self._names.add(unique)
        return unique


def write_cache(hint: Cache | None, model: str, place: str) -> Iterator[JsonValue]:
    """The block that says to cache what stands before it, where the model can do that."""
    if hint is None:
        return
    known, is_native = family(model), any(opaque.owner == OWNER for opaque in hint.opaque)
    if not (is_native or place in known.cached):
        return
    point: Json = {"type": "default"}
    if hint.ttl and (is_native or known.cached_1h):
        point["ttl"] = hint.ttl
    yield {"cachePoint": point}


def tool_id(id: str, meaning: str) -> str:
    """An id as Amazon wants it to look: of another, a digest, the same in the call and in its result."""
    if not id:
        raise Unsupported(meaning, "must not be empty")
    if re.fullmatch(r"[a-zA-Z0-9_.:-]{1,64}", id):
        return id
    return f"call_{sha256(id.encode()).hexdigest()[:32]}"


def _text(part: Text | Refusal) -> JsonValue:
    if isinstance(part, Text) and part.citations and part.citations.owner == OWNER:
        return part.citations.data
    return {"text": part.text} if part.text.strip() else None


def _thinking(text: str, signature: Opaque | None) -> JsonValue:
    thought: Json = {"text": text}
    if signature and signature.data is not None:
        thought["signature"] = signature.data
    return {"reasoningContent": {"reasoningText": thought}}


def _tool_use(part: ToolUse) -> JsonValue:
    try:
        arguments = cast(JsonValue, orjson.loads(part.arguments or "{}"))
    except orjson.JSONDecodeError:
        arguments = None
    if not isinstance(arguments, dict):
        raise Unsupported("ToolUse.arguments", "must be a JSON object")
    return {"toolUse": {"toolUseId": tool_id(part.id, "ToolUse.id"), "name": part.name, "input": arguments}}


# --- files ------------------------------------------------------------------------------------------


def _file(kind: Kind, source: Data | Url | FileId | Text, kept: Iterable[Opaque]) -> Json:
    """The format and the source of a file; `kept` is what else is known of one in Amazon's storage."""
    match source:
        case Data(media_type, base64):
            if (format := format_of(kind, media_type)) is None:
                raise Unsupported("Data.media_type", f"{media_type} is no {kind} that Bedrock knows")
            return {"format": format, "source": {"bytes": base64}}
        case Url(uri) | FileId(_, uri):
            own = {opaque.field.rpartition(".")[2]: opaque.data for opaque in kept if opaque.owner == OWNER}
            format_told = own.pop("format", None) or format_in(kind, uri)
            if format_told is None:
                raise Unsupported(f"{kind.title()}.source", "must end in the name of its format")
            return {"format": format_told, "source": {"s3Location": {"uri": uri, **own}}}
        case Text(text):
            said = [opaque.data for opaque in kept if opaque.owner == OWNER]
            return {"format": said[0] if said else "txt", "source": {"text": text}}
        case _:
            assert_never(source)
