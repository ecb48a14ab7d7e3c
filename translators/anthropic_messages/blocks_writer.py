"""Writes the content blocks of a Messages request."""

from base64 import b64decode
from typing import assert_never, cast

import orjson

from translators.anthropic_messages.fields import OWNER
from translators.anthropic_messages.own import restore
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
    Turn,
    Url,
    Video,
)
from translators.errors import Unsupported

_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def write_blocks(turn: Turn) -> list[JsonValue]:
    """The blocks of one turn; a part that Anthropic would refuse as empty is left out."""
    if turn.role in ("system", "developer") and not all(
        isinstance(part, Text | Opaque) for part in turn.parts
    ):
        raise Unsupported("Turn.parts", "must be text in a system message")
    return [block for part in turn.parts if (block := _block(part)) is not None]


def write_cache(body: Json, cache: Cache | None) -> None:
    """Set the `cache_control` of a block, a tool or the request."""
    if cache is None:
        return
    hint: Json = {"type": "ephemeral"} if cache.ttl is None else {"type": "ephemeral", "ttl": cache.ttl}
    for opaque in cache.opaque:
        restore(hint, (opaque,), f"{opaque.field.rpartition('.')[0]}.")
    body["cache_control"] = hint


def _block(part: Part) -> JsonValue:
    match part:
        case Text():
            return _text(part)
        case Refusal(text):
            return {"type": "text", "text": text} if text.strip() else None
        case Image():
            block: Json = {"type": "image", "source": _image(part.source)}
            return _complete(block, "image", part.cache, part.opaque)
        case Document():
            return _document(part)
        case ToolUse():
            return _tool_use(part)
        case ToolResult():
            return _tool_result(part)
        case Thinking(text, signature):
            if signature is None or signature.owner != OWNER:
                return None  # `LACKS` has told; Anthropic takes no thinking but its own
            block = {"type": "thinking", "thinking": text, "signature": signature.data}
            return _complete(block, "thinking", None, part.opaque)
        case RedactedThinking(data):
            return {"type": "redacted_thinking", "data": data.data} if data.owner == OWNER else None
        case Opaque(owner, _, data):
            return data if owner == OWNER else None
        case Audio() | Video():
            raise Unsupported(type(part).__name__)
        case _:
            assert_never(part)


def _complete(block: Json, kind: str, cache: Cache | None, opaque: tuple[Opaque, ...]) -> Json:
    write_cache(block, cache)
    restore(block, opaque, f"messages[].content[{kind}].")
    return block


def _text(part: Text) -> Json | None:
    if not part.text.strip():  # "text content blocks must contain non-whitespace text"
        return None
    block: Json = {"type": "text", "text": part.text}
    if part.citations and part.citations.owner == OWNER:
        block["citations"] = part.citations.data
    return _complete(block, "text", part.cache, part.opaque)


def _image(source: Data | Url | FileId) -> Json:
    if isinstance(source, Data) and source.media_type == "image/jpg":  # which is nobody's, and everybody's
        source = Data("image/jpeg", source.base64)
    if isinstance(source, Data) and source.media_type not in _IMAGES:
        raise Unsupported("Data.media_type", f"{source.media_type} is not one of {', '.join(_IMAGES)}")
    return _source(source)


def _document(part: Document) -> Json:
    told: dict[str, JsonValue] = {
        "type": "document",
        "source": _text_source(part.source) or _source(part.source),
        "title": part.title or part.filename,
        "context": part.context,
        "citations": None if part.citations is None else {"enabled": part.citations},
    }
    block: Json = {name: value for name, value in told.items() if value is not None}
    return _complete(block, "document", part.cache, part.opaque)


def _text_source(source: Data | Url | FileId | Text) -> Json | None:
    """Plain text, which Anthropic wants to have as such; other kinds of text are told as plain."""
    match source:
        case Text(text):
            return {"type": "text", "media_type": "text/plain", "data": text}
        case Data(media_type, base64) if media_type.startswith("text/"):
            try:
                text = b64decode(base64, validate=True).decode()
            except ValueError:
                raise Unsupported("Data.base64", "is not text in base64") from None
            return {"type": "text", "media_type": "text/plain", "data": text}
        case _:
            return None


def _source(source: Data | Url | FileId | Text) -> Json:
    match source:
        case Data(media_type, base64):
            if media_type not in (*_IMAGES, "application/pdf"):
                raise Unsupported("Data.media_type", f"{media_type} is neither PDF nor text")
            return {"type": "base64", "media_type": media_type, "data": base64}
        case Url(url):
            return {"type": "url", "url": url}
        case FileId(owner, id):
            if owner != OWNER:
                raise Unsupported("FileId.id", f"is known to {owner} alone")
            return {"type": "file", "file_id": id}
        case Text():
            raise Unsupported("Document.source")
        case _:
            assert_never(source)


def _tool_use(part: ToolUse) -> Json:
    if not part.id:
        raise Unsupported("ToolUse.id", "must not be empty")
    try:
        arguments = cast(JsonValue, orjson.loads(part.arguments or "{}"))
    except orjson.JSONDecodeError:
        arguments = None
    if not isinstance(arguments, dict):
        raise Unsupported("ToolUse.arguments", "must be a JSON object")
    block: Json = {"type": "tool_use", "id": part.id, "name": part.name, "input": arguments}
    return _complete(block, "tool_use", part.cache, part.opaque)


def _tool_result(part: ToolResult) -> Json:
    if not part.id:
        raise Unsupported("ToolResult.id", "must not be empty")
    block: Json = {"type": "tool_result", "tool_use_id": part.id}
    content: list[JsonValue] = [inner for piece in part.parts if (inner := _block(piece)) is not None]
    match content:
        case []:
            pass
        case [{"type": "text", "text": text, **rest}] if not rest:
            block["content"] = text
        case _:
            block["content"] = content
    if part.is_error is not None:
        block["is_error"] = part.is_error
    return _complete(block, "tool_result", part.cache, part.opaque)
