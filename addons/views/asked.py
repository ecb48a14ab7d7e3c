"""A chat request, from its canonical form into text."""

from contextlib import suppress
from dataclasses import fields
from typing import cast

import orjson

from addons.views.bounded import base64_bytes, readable
from addons.views.page import Page
from translators.canonical import (
    Audio,
    Data,
    Document,
    FileId,
    Image,
    JsonObject,
    JsonSchema,
    Opaque,
    Part,
    PlainText,
    Reasoning,
    RedactedThinking,
    Refusal,
    Request,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
    Url,
    Video,
    WebSearch,
)

APART = frozenset({"model", "turns", "tools", "opaque", "stream"})
"""Of a request, what has a place of its own on the page."""


def tell_request(request: Request, page: Page) -> None:
    """Who says what, which tools there are, and what else is asked for."""
    page.fact("model", request.model)
    page.fact("tools", ", ".join(map(tool_name, request.tools or ())))
    for asked in fields(request):
        if asked.name not in APART:
            page.fact(asked.name, in_short(getattr(request, asked.name)))
    page.fact("also", ", ".join(dict.fromkeys(opaque.field for opaque in request.opaque)))
    for turn in request.turns:
        tell_turn(turn, page)


def tool_name(tool: Tool | WebSearch | Opaque) -> str:
    """What a tool is called; the vendor's own ones are what they are."""
    match tool:
        case Tool():
            return tool.name
        case WebSearch():
            return "web search"
        case Opaque(data={"type": str() as name}):
            return name
        case Opaque():
            return tool.field


def in_short(value: object) -> str | None:
    """What is asked for, in a few words."""
    match value:
        case None:
            return None
        case PlainText():
            return "text"
        case JsonObject():
            return "a JSON object"
        case JsonSchema():
            return f"JSON of the schema {value.name}" if value.name else "JSON of a schema"
        case Reasoning():
            return f"{value.mode}, {value.budget:,} tokens" if value.budget else value.mode
        case ToolChoice():
            return " ".join(filter(None, (value.mode, value.name, ", ".join(value.names or ()))))
        case tuple():
            return readable(", ".join(map(repr, cast(tuple[object, ...], value))), 500)
        case _:
            return readable(str(value), 500)


def tell_turn(turn: Turn, page: Page) -> None:
    """One message. What tools gave is under a heading of its own: no person has said it."""
    results = [part for part in turn.parts if isinstance(part, ToolResult)]
    for result in results:
        page.heading(f"tool result {result.id}{' (error)' if result.is_error else ''}")
        for given in result.parts:
            tell_part(given, page)
    others = [part for part in turn.parts if not isinstance(part, ToolResult)]
    if others or not results:
        page.heading(f"{turn.role} ({turn.name})" if turn.name else turn.role)
    for part in others:
        tell_part(part, page)


def tell_part(part: Part, page: Page) -> None:
    """A piece of a message."""
    match part:
        case Text():
            page.text(part.text)
        case Refusal():
            page.text(f"(refusal) {part.text}")
        case Image():
            page.text(f"[image: {source_of(part.source)}]")
        case Audio():
            page.text(f"[sound: {source_of(part.source)}]")
        case Video():
            page.text(f"[film: {source_of(part.source)}]")
        case Document():
            name = part.filename or part.title
            page.text(f"[document: {', '.join(filter(None, (name, source_of(part.source))))}]")
            if isinstance(part.source, Text):
                page.text(part.source.text, "  ")
        case ToolUse():
            tell_call(part.name, part.id, part.arguments, page)
        case ToolResult():
            page.text(f"[tool result {part.id}]")
        case Thinking():
            page.text("(thinking)")
            page.text(part.text, "  ")
        case RedactedThinking():
            page.text("(thinking that its vendor has encrypted)")
        case Opaque():
            page.text(f"[{opaque_name(part)}]")


def tell_call(name: str, call_id: str, arguments: str, page: Page) -> None:
    """A call of a tool. Arguments that are no JSON are shown as they are."""
    page.text(f"→ {name}  {call_id}".rstrip())
    with suppress(ValueError):
        arguments = orjson.dumps(orjson.loads(arguments), option=orjson.OPT_INDENT_2).decode()
    page.text(arguments, "  ")


def source_of(source: Data | Url | FileId | Text) -> str:
    """Where a file is; of its bytes only the type and how many they are."""
    match source:
        case Data():
            return f"{source.media_type}, {base64_bytes(source.base64):,} bytes"
        case Url():
            return readable(source.url, 500)
        case FileId():
            return f"file {source.id}"
        case Text():
            return f"text, {len(source.text):,} characters"


def opaque_name(part: Opaque) -> str:
    """What only its vendor understands, by its type."""
    match part.data:
        case {"type": str() as name}:
            return f"{part.owner}: {name}"
        case _:
            return f"{part.owner}: {part.field}"
