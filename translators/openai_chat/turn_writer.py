"""Turns, into the messages of a Chat Completions request."""

from collections.abc import Iterable, Iterator
from typing import assert_never

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
from translators.drawn import shown_by_the_user
from translators.errors import Unsupported
from translators.openai_chat.fields import AUDIO_FORMATS, OWNER


def write_turns(turns: Iterable[Turn]) -> Iterator[Json]:
    """The results of tools are messages of their own, before what the user says beside them."""
    for turn in shown_by_the_user(turns):
        if turn.role == "assistant":
            yield _assistant(turn)
            continue
        results = [part for part in turn.parts if isinstance(part, ToolResult)]
        yield from (_tool_message(result) for result in results)
        if attached := [part for result in results for part in _attachments(result)]:
            yield {"role": "user", "content": attached}
        yield from _speech(turn, bool(results))


def _speech(turn: Turn, has_results: bool) -> Iterator[Json]:
    """What the turn says itself; nothing, if it was there for its results alone."""
    rest = [part for part in turn.parts if not isinstance(part, ToolResult)]
    functions = [p.data for p in rest if isinstance(p, Opaque) and p.field == "messages[function]"]
    yield from (data for data in functions if isinstance(data, dict))
    if content := [written for part in rest for written in _content(part)]:
        yield _named(turn, {"content": _plain(content)})
    elif not (has_results or functions):
        yield _named(turn, {"content": ""})


def _named(turn: Turn, fields: Json) -> Json:
    return {"role": turn.role, **fields} | ({"name": turn.name} if turn.name is not None else {})


def _assistant(turn: Turn) -> Json:
    own = {opaque.field.rpartition(".")[2]: opaque.data for opaque in turn.opaque if opaque.owner == OWNER}
    content = [written for part in turn.parts for written in _content(part)]
    calls = [written for part in turn.parts for written in _call(part)]
    refusals = [part.text for part in turn.parts if isinstance(part, Refusal)]
    message: Json = {}
    if content or not (calls or refusals or own):
        message["content"] = _plain(content)
    if refusals:
        message["refusal"] = "".join(refusals)
    if calls:
        message["tool_calls"] = calls
    return _named(turn, message | own)


def _call(part: Part) -> Iterator[JsonValue]:
    match part:
        case ToolUse(id, name, arguments):
            yield {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
        case Opaque(owner, "messages[assistant].tool_calls[].custom", data) if owner == OWNER:
            yield data
        case _:
            pass


def _tool_message(result: ToolResult) -> Json:
    texts = [
        written for part in result.parts if isinstance(part, Text | Opaque) for written in _content(part)
    ]
    if not texts and result.parts:
        return {
            "role": "tool",
            "tool_call_id": result.id,
            "content": "The result follows in a later message.",
        }
    return {"role": "tool", "tool_call_id": result.id, "content": _plain(texts)}


def _attachments(result: ToolResult) -> Iterator[JsonValue]:
    """Images and documents: a tool message may hold nothing but text, so that they need one of the user's."""
    parts = [part for part in result.parts if isinstance(part, Image | Document)]
    if parts:
        yield {"type": "text", "text": f"Part of the result of the tool call {result.id}:"}
    for part in parts:
        yield from _content(part)


# --- content ----------------------------------------------------------------------------------------


def _plain(content: list[JsonValue]) -> JsonValue:
    """A single text as a string, which is what every server of this API can read."""
    match content:
        case []:
            return ""
        case [{"type": "text", "text": text, **rest}] if not rest:
            return text
        case _:
            return content


def _content(part: Part) -> Iterator[JsonValue]:
    match part:
        case Text(text, cache):
            yield {"type": "text", "text": text, **_breakpoint(cache)}
        case Image(source, detail, cache):
            image: Json = {"url": _url(source)}
            if detail:
                image["detail"] = detail
            yield {"type": "image_url", "image_url": image, **_breakpoint(cache)}
        case Audio(source, cache):
            if not isinstance(source, Data):
                raise Unsupported("Audio.source", "give the sound's data instead")
            audio: Json = {"data": source.base64, "format": AUDIO_FORMATS[source.media_type]}
            yield {"type": "input_audio", "input_audio": audio, **_breakpoint(cache)}
        case Video():
            raise Unsupported("Video")
        case Document():
            yield from _document(part)
        case Opaque(owner, field, data) if owner == OWNER and field.startswith("messages[].content"):
            yield data
        case Opaque() | Refusal() | ToolUse() | ToolResult() | Thinking() | RedactedThinking():
            pass  # written elsewhere, or not at all
        case _:
            assert_never(part)


def _breakpoint(cache: Cache | None) -> Json:
    """OpenAI's own mark, where the client set one; no other hint becomes one, as older models refuse it."""
    own = [opaque for opaque in (cache.opaque if cache else ()) if opaque.owner == OWNER]
    mark: Json = {opaque.field.rpartition(".")[2]: opaque.data for opaque in own}
    return {"prompt_cache_breakpoint": mark} if mark else {}


def _document(document: Document) -> Iterator[JsonValue]:
    if about := "\n".join(text for text in (document.title, document.context) if text):
        yield {"type": "text", "text": about}
    match document.source:
        case Text(text):
            yield {"type": "text", "text": text, **_breakpoint(document.cache)}
        case FileId(_, id):
            yield _file({"file_id": id, "filename": document.filename}, document.cache)
        case Data() as data:
            # https://github.com/openai/openai-agents-python/pull/1513: data without a name is refused
            name = document.filename or f"document.{data.media_type.rpartition('/')[2]}"
            yield _file({"file_data": _url(data), "filename": name}, document.cache)
        case Url():
            raise Unsupported("Document.source", "give the file's data instead")


def _file(file: Json, cache: Cache | None) -> Json:
    named: Json = {name: value for name, value in file.items() if value is not None}
    return {"type": "file", "file": named, **_breakpoint(cache)}


def _url(source: Data | Url | FileId) -> str:
    match source:
        case Data(media_type, base64):
            return f"data:{media_type};base64,{base64}"
        case Url(url):
            return url
        case FileId():
            raise Unsupported("Image.source", "give the image's data or URL instead")
