"""Reads the content blocks of a Converse request."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from translators.bedrock_converse.fields import CLAUDES, OWNER
from translators.bedrock_converse.formats import Kind, media_type_of
from translators.bedrock_converse.models import meant
from translators.body import encode
from translators.canonical import (
    Audio,
    Cache,
    Data,
    Document,
    FileId,
    Image,
    JsonValue,
    Opaque,
    Part,
    RedactedThinking,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Video,
)
from translators.foreign import Record

_AT = "messages[].content[]"
_OWN = ("guardContent", "searchResult", "toolAddition", "toolRemoval")
"""Blocks that only Amazon understands."""


def read_parts(blocks: Iterable[Record], model: str) -> tuple[Part, ...]:
    """The blocks of a message, each hint to cache within the part before it."""
    parts: list[Part] = []
    for block in blocks:
        hint = read_cache(block)
        match parts[-1:]:
            case [Text() | Image() | Audio() | Video() | Document() | ToolUse() | ToolResult() as last] if (
                hint and not last.cache
            ):
                parts[-1] = replace(last, cache=hint)
            case _:
                parts.append(_part(block, model))
    return tuple(parts)


def read_cache(block: Record) -> Cache | None:
    """The hint in a block that is nothing else."""
    if (point := block.record("cachePoint")) is None:
        return None
    kind = Opaque(OWNER, f"{_AT}.cachePoint.type", point.must(point.text, "type"))
    return Cache(point.one_of("ttl", ("5m", "1h")), (kind,))


def _part(block: Record, model: str) -> Part:
    match next(iter(block.data), None):
        case "text":
            return Text(block.must(block.text, "text"))
        case "reasoningContent":
            return _reasoning(block, model)
        case str(kind) if kind in _READERS:
            return _READERS[kind](block)
        case str(kind) if kind in _OWN or kind == "cachePoint":
            return Opaque(OWNER, f"{_AT}.{kind}", block.data)
        case _:
            return Opaque(OWNER, f"{_AT}[other]", block.data)


# --- files ------------------------------------------------------------------------------------------


def _image(block: Record) -> Image:
    image = block.must(block.record, "image")
    source, kept = _file(image, "image")
    return Image(source, opaque=kept)


def _audio(block: Record) -> Audio:
    source, kept = _file(block.must(block.record, "audio"), "audio")
    return Audio(source, opaque=kept)


def _video(block: Record) -> Video:
    source, kept = _file(block.must(block.record, "video"), "video")
    return Video(source, opaque=kept)


def _document(block: Record) -> Document | Opaque:
    document = block.must(block.record, "document")
    source = document.must(document.record, "source")
    if source.data.get("content") is not None:
        return Opaque(OWNER, f"{_AT}.document.source.content", block.data)
    if (text := source.text("text")) is not None:
        told = document.text("format")
        found: Data | FileId | Text = Text(text)
        kept = tuple(Opaque(OWNER, f"{_AT}.document.format", word) for word in (told,) if word != "txt")
    else:
        found, kept = _file(document, "document")
    cited = document.record("citations")
    return Document(
        found,
        title=document.must(document.text, "name"),
        context=document.text("context"),
        citations=cited.flag("enabled") if cited else None,
        opaque=kept,
    )


def _file(holder: Record, kind: Kind) -> tuple[Data | FileId, tuple[Opaque, ...]]:
    """Where a file is, and what else is said of one that is not in the request."""
    format, source = holder.must(holder.text, "format"), holder.must(holder.record, "source")
    if (place := source.record("s3Location")) is None:
        if (media_type := media_type_of(kind, format)) is None:
            raise holder.bad("format", f"{format!r} is not known")
        return Data(media_type, source.must(source.text, "bytes")), ()
    told: dict[str, JsonValue] = {
        "format": format,
        "source.s3Location.bucketOwner": place.text("bucketOwner"),
    }
    kept = [Opaque(OWNER, f"{_AT}.{kind}.{name}", value) for name, value in told.items() if value is not None]
    return FileId(OWNER, place.must(place.text, "uri")), tuple(kept)


# --- tools and reasoning ----------------------------------------------------------------------------


def _tool_use(block: Record) -> ToolUse | Opaque:
    call = block.must(block.record, "toolUse")
    if call.text("type") is not None:
        return Opaque(OWNER, f"{_AT}.toolUse.type", block.data)
    return ToolUse(
        call.must(call.text, "toolUseId"),
        call.must(call.text, "name"),
        encode(call.must(call.json, "input")).decode(),
    )


def _tool_result(block: Record) -> ToolResult | Opaque:
    result = block.must(block.record, "toolResult")
    if result.text("type") is not None:
        return Opaque(OWNER, f"{_AT}.toolResult.type", block.data)
    status = result.one_of("status", ("success", "error"))
    return ToolResult(
        result.must(result.text, "toolUseId"),
        tuple(map(_result, result.must(result.records, "content"))),
        None if status is None else status == "error",
    )


def _result(block: Record) -> Text | Image | Document | Video | Opaque:
    match next(iter(block.data), None):
        case "text":
            return Text(block.must(block.text, "text"))
        case "json":
            told = encode(block.data["json"]).decode()
            return Text(told, opaque=(Opaque(OWNER, f"{_AT}.toolResult.content[json]", True),))
        case "image":
            return _image(block)
        case "document":
            return _document(block)
        case "video":
            return _video(block)
        case "searchResult":
            return Opaque(OWNER, f"{_AT}.searchResult", block.data)
        case _:
            return Opaque(OWNER, f"{_AT}[other]", block.data)


def _reasoning(block: Record, model: str) -> Part:
    """Of a Claude, the proof is Anthropic's and holds there too; of any other, nobody else's."""
    content = block.must(block.record, "reasoningContent")
    owner = CLAUDES if meant(model).signatures else OWNER
    at = f"{_AT}.reasoningContent"
    if (encrypted := content.text("redactedContent")) is not None:
        return RedactedThinking(Opaque(owner, f"{at}.redactedContent", encrypted))
    thought = content.must(content.record, "reasoningText")
    proof = thought.text("signature")
    signature = Opaque(OWNER if proof is None else owner, f"{at}.reasoningText.signature", proof)
    return Thinking(thought.must(thought.text, "text"), signature)


def _cited(block: Record) -> Text:
    cited = block.must(block.record, "citationsContent")
    texts = [piece.text("text") or "" for piece in cited.records("content") or ()]
    return Text("".join(texts), citations=Opaque(OWNER, f"{_AT}.citationsContent.citations", block.data))


_READERS: dict[str, Callable[[Record], Part]] = {
    "image": _image,
    "audio": _audio,
    "video": _video,
    "document": _document,
    "toolUse": _tool_use,
    "toolResult": _tool_result,
    "citationsContent": _cited,
}
