"""Reads the content blocks of a Messages request."""

from collections.abc import Callable
from typing import cast

from translators.anthropic_messages.fields import OWNER, READS
from translators.anthropic_messages.own import keep
from translators.anthropic_messages.proofs import read_proof
from translators.body import encode
from translators.canonical import (
    Cache,
    Data,
    Document,
    FileId,
    Image,
    Opaque,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Url,
)
from translators.foreign import Record


def read_parts(body: Record) -> tuple[Part, ...]:
    """The `content` of a message or of a tool's result: a string, or blocks."""
    content = body.data.get("content")
    if isinstance(content, str):
        return (Text(content),)
    return tuple(_read_block(block) for block in body.records("content") or ())


def read_cache(body: Record, field: str) -> Cache | None:
    """The `cache_control` of a block, a tool or the request; `field` is how `READS` spells it."""
    hint = body.record("cache_control")
    if hint is None:
        return None
    hint.word("type", ("ephemeral",))
    return Cache(hint.one_of("ttl", ("5m", "1h")), keep(hint, f"{field}.", "type ttl"))


def _read_block(block: Record) -> Part:
    kind = block.must(block.text, "type")
    read = _READERS.get(kind)
    part = read(block) if read else None
    return part or _opaque(block, kind)


def _opaque(block: Record, kind: str) -> Opaque:
    field = f"messages[].content[{kind}]"
    return Opaque(OWNER, field if field in READS else "messages[].content[other]", block.data)


def _kept(block: Record, kind: str, known: str) -> tuple[Opaque, ...]:
    return keep(block, f"messages[].content[{kind}].", f"type cache_control {known}")


def _cache(block: Record) -> Cache | None:
    return read_cache(block, "messages[].content[].cache_control")


def _text(block: Record) -> Text:
    cited = block.items("citations")
    return Text(
        block.must(block.text, "text"),
        _cache(block),
        Opaque(OWNER, "messages[].content[text].citations", cited) if cited else None,
        _kept(block, "text", "text citations"),
    )


def _image(block: Record) -> Image:
    source = block.must(block.record, "source")
    match source.must(source.text, "type"):
        case "base64":
            image: Data | Url | FileId = _data(source)
        case "url":
            image = _url(source)
        case "file":
            image = _file(source)
        case kind:
            raise source.bad("type", f"{kind!r} is not one of base64, url, file")
    return Image(image, cache=_cache(block), opaque=_kept(block, "image", "source"))


def _document(block: Record) -> Document | Opaque:
    source = block.must(block.record, "source")
    match source.must(source.text, "type"):
        case "base64":
            document: Data | Url | FileId | Text = _data(source)
        case "text":
            source.word("media_type", ("text/plain",))
            document = Text(source.must(source.text, "data"))
        case "url":
            document = _url(source)
        case "file":
            document = _file(source)
        case "content":
            return Opaque(OWNER, "messages[].content[document].source[content]", block.data)
        case kind:
            raise source.bad("type", f"{kind!r} is not one of base64, text, url, file, content")
    cited = block.record("citations")
    return Document(
        document,
        title=block.text("title"),
        context=block.text("context"),
        citations=cited.flag("enabled") if cited else None,
        cache=_cache(block),
        opaque=_kept(block, "document", "source title context citations"),
    )


def _data(source: Record) -> Data:
    return Data(source.must(source.text, "media_type"), source.must(source.text, "data"))


def _url(source: Record) -> Url:
    return Url(source.must(source.text, "url"))


def _file(source: Record) -> FileId:
    return FileId(OWNER, source.must(source.text, "file_id"))


def _tool_use(block: Record) -> ToolUse:
    return ToolUse(
        block.must(block.text, "id"),
        block.must(block.text, "name"),
        encode(block.must(block.json, "input")).decode(),
        _cache(block),
        _kept(block, "tool_use", "id name input"),
    )


def _tool_result(block: Record) -> ToolResult:
    parts = read_parts(block)
    for i, part in enumerate(parts):
        if not isinstance(part, Text | Image | Document | Opaque):
            raise block.bad(f"content[{i}].type", "is not allowed in a tool's result")
    return ToolResult(
        block.must(block.text, "tool_use_id"),
        cast(tuple[Text | Image | Document | Opaque, ...], parts),
        block.flag("is_error"),
        _cache(block),
        _kept(block, "tool_result", "tool_use_id content is_error"),
    )


def _thinking(block: Record) -> Thinking:
    proof = block.text("signature")
    return Thinking(
        block.must(block.text, "thinking"),
        read_proof(proof, "messages[].content[thinking].signature") if proof else None,
        _kept(block, "thinking", "thinking signature"),
    )


def _redacted_thinking(block: Record) -> RedactedThinking:
    data = block.must(block.text, "data")
    return RedactedThinking(read_proof(data, "messages[].content[redacted_thinking].data"))


_READERS: dict[str, Callable[[Record], Part]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
}
