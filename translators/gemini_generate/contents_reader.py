"""The contents of a generateContent request, into turns."""

from dataclasses import replace
from typing import Literal, cast

import orjson

from translators.body import encode
from translators.canonical import (
    Audio,
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
    Turn,
    Url,
    Video,
)
from translators.foreign import Record
from translators.gemini_generate.fields import OWNER, PART, READS, SIGNATURE
from translators.gemini_generate.files import LEVELS, File, is_video
from translators.gemini_generate.kept import keep
from translators.gemini_generate.proofs import unwrap

type Inside = Text | Image | Audio | Document | Video | Opaque

_ROLES: tuple[Literal["user", "model", "function"], ...] = ("user", "model", "function")
_KINDS = ("text", "inlineData", "fileData", "functionCall", "functionResponse")
_BESIDES = "thought thoughtSignature"
_OURS = ("gs://", "https://generativelanguage.googleapis.com/")
"""Where files are that Google alone can fetch."""


def read_contents(top: Record) -> tuple[Turn, ...]:
    """One turn for each content. Who gives no ids to calls gets them by place: pairs are found by name."""
    contents = top.must(top.records, "contents")
    if not contents:
        raise top.bad("contents", "must not be empty")
    calls = _Calls()
    return tuple(_turn(content, i, calls) for i, content in enumerate(contents))


def _turn(content: Record, index: int, calls: "_Calls") -> Turn:
    role = content.one_of("role", _ROLES)
    records = content.must(content.records, "parts")
    parts = tuple(_part(record, f"call_{index}_{j}", calls) for j, record in enumerate(records))
    return Turn(
        "assistant" if role == "model" else "user", parts, opaque=keep(content, "contents[].", "role parts")
    )


class _Calls:
    """The calls so far that have no response yet."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []

    def call(self, id: str, name: str) -> None:
        self._open.append((id, name))

    def respond(self, id: str | None, name: str) -> str | None:
        """The id of the call that is meant: the one of this id, or the first of this name."""
        for call in self._open:
            if call[0] == id or (id is None and call[1] == name):
                self._open.remove(call)
                return call[0]
        return None


def _part(part: Record, id: str, calls: _Calls) -> Part:
    kinds = [kind for kind in _KINDS if part.data.get(kind) is not None]
    if len(kinds) > 1:
        raise part.bad(kinds[1], f"must not stand beside {kinds[0]}")
    proof = part.text("thoughtSignature")
    match kinds:
        case ["text"]:
            return _text(part, proof)
        case ["inlineData" | "fileData" as kind]:
            return _file(part, kind)
        case ["functionCall"]:
            return _call(part, id, calls)
        case ["functionResponse"]:
            return _response(part, calls)
        case _ if proof and part.data.keys() <= {"thought", "thoughtSignature"}:
            return _text(part, proof)
        case _:
            name = next((f"{PART}{name}" for name in part.data if f"{PART}{name}" in READS), "")
            return Opaque(OWNER, name or "contents[].parts[other]", part.data)


def _text(part: Record, proof: str | None) -> Part:
    text, kept = part.text("text") or "", keep(part, PART, f"text {_BESIDES}")
    if not proof:
        return Thinking(text, None, kept) if part.flag("thought") else Text(text, opaque=kept)
    signature, redacted = unwrap(proof)
    if redacted:
        return RedactedThinking(signature)
    if part.flag("thought"):
        return Thinking(text, signature, kept)
    if not text and signature.owner == OWNER:  # as streams tell the proof of the text before
        return RedactedThinking(Opaque(OWNER, SIGNATURE, part.data))
    return Text(text, opaque=(*kept, signature))


def _file(part: Record, kind: str) -> File:
    """A file, and how closely to look at it, as far as others have a word for that."""
    file = read_file(part.must(part.record, kind), kind, f"{PART}{kind}.")
    closely = part.record("mediaResolution")
    level = closely.text("level") if closely and len(closely.data) == 1 else None
    detail = next((detail for detail, word in LEVELS.items() if word == level), None)
    if detail and isinstance(file, Image):
        kept = keep(part, PART, f"{kind} mediaResolution")
        return replace(file, detail=detail, opaque=(*file.opaque, *kept))
    return replace(file, opaque=(*file.opaque, *keep(part, PART, kind)))


def read_file(file: Record, kind: str, at: str) -> File:
    """A file by the type that it has; what is no picture, sound or film is a document."""
    media_type = file.must(file.text, "mimeType") if kind == "inlineData" else file.text("mimeType") or ""
    kept = keep(file, at, "mimeType data" if kind == "inlineData" else "fileUri")
    source: Data | Url | FileId
    if kind == "inlineData":
        source = Data(media_type, file.must(file.text, "data"))
    else:
        uri = file.must(file.text, "fileUri")
        source = FileId(OWNER, uri) if uri.startswith(_OURS) else Url(uri)
    match media_type.partition("/")[0]:
        case "image":
            return Image(source, opaque=kept)
        case "audio":
            return Audio(source, opaque=kept)
        case "video":
            return Video(source, opaque=kept)
        case "" if isinstance(source, Url) and is_video(source.url):
            return Video(source, opaque=kept)
        case _:
            return Document(source, opaque=kept)


def _call(part: Record, id: str, calls: _Calls) -> ToolUse:
    call = part.must(part.record, "functionCall")
    given, name = call.text("id"), call.must(call.text, "name")
    calls.call(given or id, name)
    proof = part.text("thoughtSignature")
    kept = (
        *keep(call, f"{PART}functionCall.", "name args"),
        *keep(part, PART, "functionCall thoughtSignature"),
        *([unwrap(proof)[0]] if proof else []),
    )
    return ToolUse(given or id, name, encode(call.json("args") or {}).decode(), opaque=kept)


def _response(part: Record, calls: _Calls) -> ToolResult:
    response = part.must(part.record, "functionResponse")
    id = calls.respond(response.text("id"), response.must(response.text, "name"))
    if id is None:
        raise response.bad("name", "answers no functionCall before it")
    kept = (
        *keep(response, f"{PART}functionResponse.", "name response parts"),
        *keep(part, PART, "functionResponse"),
    )
    inside = [_inside(record) for record in response.records("parts") or ()]
    text, is_error = _result(response)
    return ToolResult(id, (*text, *inside), is_error, opaque=kept)


def _result(response: Record) -> tuple[list[Text], bool | None]:
    """The text of a result. `output` holds it, unless it is JSON itself; `error` an error's."""
    match told := response.must(response.json, "response"):
        case {"output": "", **rest} if not rest and response.data.get("parts"):
            return [], None
        case {"output": str(text), **rest} if not rest and not is_object(text):
            return [Text(text)], None
        case {"error": str(text), **rest} if not rest:
            return [Text(text)], True
        case _:
            return [Text(encode(told).decode())], None


def is_object(text: str) -> bool:
    """Whether a text is a JSON object."""
    try:
        return text.lstrip().startswith("{") and isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


def _inside(part: Record) -> Inside:
    for kind in ("inlineData", "fileData"):
        if file := part.record(kind):
            return cast(Inside, read_file(file, kind, f"{PART}functionResponse.parts[].{kind}."))
    raise part.bad("inlineData", "is required")
