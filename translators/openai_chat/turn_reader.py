"""The messages of a Chat Completions request, into turns."""

import re
from dataclasses import replace
from itertools import groupby
from typing import Literal, get_args

from translators.canonical import (
    Audio,
    Cache,
    Data,
    Document,
    FileId,
    Image,
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
from translators.foreign import Record
from translators.openai_chat.fields import OWNER
from translators.openai_chat.google import signature_in

_Sender = Literal["system", "developer", "user", "assistant", "tool", "function"]
_SENDERS: tuple[_Sender, ...] = get_args(_Sender)
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[^;,]*)*;base64,", re.IGNORECASE)
_AUDIO_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}


def read_turns(top: Record) -> tuple[Turn, ...]:
    """One turn a message, except that the results of tools in a row are one."""
    messages = top.must(top.records, "messages")
    if not messages:
        raise top.bad("messages", "must not be empty")
    turns: list[Turn] = []
    for are_results, group in groupby(messages, lambda message: message.data.get("role") == "tool"):
        alike = list(group)
        turns += [Turn("user", tuple(map(_tool_result, alike)))] if are_results else map(_turn, alike)
    return tuple(turns)


def read_cache(record: Record) -> Cache | None:
    """A hint in Anthropic's form, which many servers take, or in OpenAI's."""
    if control := record.record("cache_control"):
        control.word("type", ("ephemeral",))
        return Cache(control.one_of("ttl", ("5m", "1h")))
    if mark := record.record("prompt_cache_breakpoint"):
        path = "messages[].content[].prompt_cache_breakpoint"
        return Cache(
            opaque=tuple(Opaque(OWNER, f"{path}.{name}", value) for name, value in mark.data.items())
        )
    return None


def _turn(message: Record) -> Turn:
    sender: _Sender = message.word("role", _SENDERS)
    match sender:
        case "system" | "developer" | "user":
            return Turn(sender, _cached(_content(message), read_cache(message)), message.text("name"))
        case "assistant":
            return _assistant(message)
        case "function":
            return Turn("user", (Opaque(OWNER, "messages[function]", message.data),))
        case "tool":
            return Turn("user", (_tool_result(message),))


def _assistant(message: Record) -> Turn:
    content = () if message.data.get("content") is None else _content(message)
    thought = any(isinstance(part, Thinking | RedactedThinking) for part in content)
    refusal = message.text("refusal")
    own = ((name, message.json(name)) for name in ("audio", "function_call"))
    return Turn(
        "assistant",
        (
            *(() if thought else _thinking(message)),
            *_cached(content, read_cache(message)),
            *map(_drawn, message.records("images") or ()),
            *_said_by_google(message),
            *([Refusal(refusal)] if refusal else []),
            *map(_tool_use, message.records("tool_calls") or ()),
        ),
        message.text("name"),
        tuple(
            Opaque(OWNER, f"messages[assistant].{name}", value) for name, value in own if value is not None
        ),
    )


def _said_by_google(message: Record) -> list[Part]:
    """The proof of a text: a part of its own, as Google's streams have it."""
    proof = signature_in(message, "messages[assistant]")
    if proof is None:
        return []
    return [RedactedThinking(replace(proof, data={"text": "", "thoughtSignature": proof.data}))]


def _thinking(message: Record) -> list[Part]:
    """Our own answers say the same reasoning twice; only the blocks carry proof of it."""
    if blocks := message.records("thinking_blocks"):
        return [_part(block) for block in blocks]
    text = message.text("reasoning_content") or message.text("reasoning")
    return [Thinking(text)] if text else []


def _drawn(image: Record) -> Image | Document:
    """A picture that was in an answer, as this API's clients have got it."""
    image.word("type", ("image_url",))
    made, proof = _image(image), signature_in(image, "messages[assistant].images[]")
    return replace(made, opaque=(proof,)) if proof else made


def _tool_use(call: Record) -> ToolUse | Opaque:
    match call.text("type") or "function":
        case "function":
            function = call.must(call.record, "function")
            proof = signature_in(call, "messages[assistant].tool_calls[]")
            return ToolUse(
                call.must(call.text, "id"),
                function.must(function.text, "name"),
                function.must(function.text, "arguments"),
                read_cache(call) or read_cache(function),
                (proof,) if proof else (),
            )
        case "custom":
            return Opaque(OWNER, "messages[assistant].tool_calls[].custom", call.data)
        case _:
            raise call.bad("type", "must be one of function, custom")


def _tool_result(message: Record) -> ToolResult:
    parts = _content(message)
    allowed = tuple(part for part in parts if isinstance(part, Text | Image | Document | Opaque))
    if len(allowed) < len(parts):
        raise message.bad("content", "may hold only text, images and files")
    return ToolResult(message.must(message.text, "tool_call_id"), allowed, cache=read_cache(message))


# --- content ----------------------------------------------------------------------------------------


def _content(message: Record) -> tuple[Part, ...]:
    """The parts of a message, without empty texts, which some providers refuse."""
    match message.data.get("content"):
        case str(text):
            return (Text(text),) if text else ()
        case list():
            parts = [_part(part) for part in message.records("content") or ()]
        case dict() as part:
            parts = [_part(Record(part, message.at("content")))]
        case None:
            raise message.bad("content", "is required")
        case _:
            raise message.bad("content", "must be a string or an array")
    return tuple(part for part in parts if not (isinstance(part, Text) and not part.text))


def _cached(parts: tuple[Part, ...], cache: Cache | None) -> tuple[Part, ...]:
    """Marks the last part, where the hint stands beside the content instead of in it."""
    if not cache:
        return parts
    match parts:
        case (*before, Text() | Image() | Document() as last) if not last.cache:
            return (*before, replace(last, cache=cache))
        case _:
            return parts


def _part(part: Record) -> Part:
    match part.must(part.text, "type"):
        case "text":
            return Text(part.must(part.text, "text"), read_cache(part))
        case "refusal":
            return Refusal(part.must(part.text, "refusal"))
        case "image_url":
            return _image(part)
        case "input_audio":
            audio = part.must(part.record, "input_audio")
            form = audio.word("format", tuple(_AUDIO_TYPES))
            return Audio(Data(_AUDIO_TYPES[form], audio.must(audio.text, "data")), read_cache(part))
        case "file":
            return _document(part)
        case "thinking":
            text = part.text("thinking") or part.text("text") or ""
            return Thinking(text, _proof(part, "signature") if part.text("signature") else None)
        case "redacted_thinking":
            return RedactedThinking(_proof(part, "data" if "data" in part.data else "redactedContent"))
        case "audio_url":
            return Audio(_source(part.must(part.record, "audio_url"), "url"), read_cache(part))
        case "video_url":
            return Video(_source(part.must(part.record, "video_url"), "url"), read_cache(part))
        case _:
            raise part.bad("type", "must be one of text, refusal, image_url, input_audio, file")


def _proof(block: Record, name: str) -> Opaque:
    """Reasoning that only its vendor can read: Anthropic's, whose form this is, unless it says otherwise."""
    owner = block.text("owner") or "anthropic"
    return Opaque(owner, f"messages[assistant].thinking_blocks[].{name}", block.must(block.data.get, name))


def _image(part: Record) -> Image | Document:
    image = part.must(part.record, "image_url")
    source, cache = _source(image, "url"), read_cache(part)
    if isinstance(source, Data):
        is_document = source.media_type == "application/pdf"
    else:
        is_document = source.url.partition("?")[0].lower().endswith(".pdf")
    if is_document:
        return Document(source, cache=cache)
    return Image(source, image.one_of("detail", ("auto", "low", "high", "original")), cache)


def _document(part: Record) -> Document:
    file = part.must(part.record, "file")
    name, cache, id = file.text("filename"), read_cache(part), file.text("file_id")
    if id is not None and file.text("file_data") is not None:
        raise file.bad("file_data", "must not be given together with file_id")
    return Document(_source(file, "file_data") if id is None else FileId(OWNER, id), name, cache=cache)


def _source(record: Record, name: str) -> Data | Url:
    if source := source_of(record.must(record.text, name)):
        return source
    raise record.bad(name, "must be an http(s) URL or a data: URL in base64")


def source_of(url: str) -> Data | Url | None:
    """What an address leads to, or holds itself; `None` if it does neither."""
    if data := _DATA_URL.match(url):
        return Data(data[1].lower(), url[data.end() :])
    return Url(url) if url.startswith(("http://", "https://")) else None
