"""Reads a Messages request."""

import re
from typing import Literal

from translators.anthropic_messages.blocks_reader import read_cache, read_parts
from translators.anthropic_messages.fields import OWNER, READS, SEARCH, SERVICE_TIERS
from translators.anthropic_messages.own import keep
from translators.canonical import (
    Effort,
    Json,
    JsonSchema,
    Opaque,
    Reasoning,
    Request,
    Role,
    Text,
    Tool,
    ToolChoice,
    Turn,
    WebSearch,
)
from translators.errors import BadRequest
from translators.fields import Means
from translators.foreign import Record

type _Mode = Literal["enabled", "disabled", "adaptive"]

_ROLES: tuple[Role, ...] = ("user", "assistant", "system")
_EFFORTS: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
_MODES: tuple[_Mode, ...] = ("enabled", "disabled", "adaptive")
_KNOWN = " ".join(name for name, what in READS.items() if isinstance(what, Means) and name.isidentifier())


def check_request(body: Json) -> None:
    """Raise `BadRequest` where one of the three fields is missing that every request needs."""
    request = Record(body)
    request.must(request.text, "model")
    request.must(request.integer, "max_tokens")
    if not request.must(request.records, "messages"):
        raise BadRequest("messages", "must not be empty")


def read_request(body: Json) -> Request:
    """Raises `BadRequest` naming the field."""
    check_request(body)
    request = Record(body)
    output, metadata = request.record("output_config"), request.record("metadata")
    choice, parallel = _tool_choice(request)
    tier = request.one_of("service_tier", tuple(SERVICE_TIERS.values()))
    return Request(
        model=request.must(request.text, "model"),
        turns=(*_system(request), *(_turn(turn) for turn in request.must(request.records, "messages"))),
        stream=request.flag("stream"),
        max_tokens=request.integer("max_tokens"),
        temperature=request.number("temperature"),
        top_p=request.number("top_p"),
        top_k=request.integer("top_k"),
        stop=request.texts("stop_sequences"),
        output=_format(output),
        tools=_tools(request),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        reasoning=_reasoning(request),
        effort=output.one_of("effort", _EFFORTS) if output else None,
        service_tier=next((ours for ours, theirs in SERVICE_TIERS.items() if theirs == tier), None),
        user=metadata.text("user_id") if metadata else None,
        cache=read_cache(request, "cache_control"),
        opaque=_own(request, output, metadata),
    )


def _own(request: Record, output: Record | None, metadata: Record | None) -> tuple[Opaque, ...]:
    return (
        *keep(request, "", _KNOWN),
        *(keep(output, "output_config.", "effort format") if output else ()),
        *(keep(metadata, "metadata.", "user_id") if metadata else ()),
        *_own_thinking(request),
    )


def _system(request: Record) -> tuple[Turn, ...]:
    """The prompt that stands apart, as a turn before all others."""
    system = request.data.get("system")
    if system is None or isinstance(system, str):
        return (Turn("system", (Text(system),)),) if system else ()
    blocks = read_parts(Record({"content": request.must(request.items, "system")}, "system"))
    if not all(isinstance(block, Text) for block in blocks):
        raise request.bad("system", "must be text")
    return (Turn("system", blocks),) if blocks else ()


def _turn(turn: Record) -> Turn:
    role: Role = turn.word("role", _ROLES)
    if turn.data.get("content") is None:
        raise turn.bad("content", "is required")
    return Turn(role, read_parts(turn), opaque=keep(turn, f"messages[{role}].", "role content"))


def _format(output: Record | None) -> JsonSchema | None:
    form = output.record("format") if output else None
    if form is None:
        return None
    form.word("type", ("json_schema",))
    return JsonSchema(form.must(form.json, "schema"))


def _tool_choice(request: Record) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether several tools may be called at once: Anthropic tells both in one place."""
    choice = request.record("tool_choice")
    if choice is None:
        return None, None
    alone = choice.flag("disable_parallel_tool_use")
    parallel = None if alone is None else not alone
    match choice.word("type", ("auto", "any", "tool", "none")):
        case "any":
            return ToolChoice("required"), parallel
        case "tool":
            return ToolChoice("named", choice.must(choice.text, "name")), parallel
        case "none":
            return ToolChoice("none"), parallel
        case _:
            return ToolChoice("auto"), parallel


def _reasoning(request: Record) -> Reasoning | None:
    thinking = request.record("thinking")
    if thinking is None or thinking.text("type") == "between_tools":
        return None
    mode: _Mode = thinking.word("type", _MODES)
    budget = thinking.integer("budget_tokens")
    if mode == "enabled" and budget is None:
        raise thinking.bad("budget_tokens", "is required")
    return Reasoning(mode, budget, thinking.text("display"))


def _own_thinking(request: Record) -> tuple[Opaque, ...]:
    thinking = request.record("thinking")
    if thinking is None:
        return ()
    if thinking.text("type") == "between_tools":
        return (Opaque(OWNER, "thinking[between_tools]", thinking.data),)
    return keep(thinking, "thinking.", "type budget_tokens display")


def _tools(request: Record) -> tuple[Tool | WebSearch | Opaque, ...] | None:
    tools = request.records("tools")
    return None if tools is None else tuple(_tool(tool) for tool in tools)


def _tool(tool: Record) -> Tool | WebSearch | Opaque:
    kind = tool.text("type") or "custom"
    if kind == "custom":
        return _function(tool)
    family = re.sub(r"_\d{8}$", "", kind)
    if family == "web_search":
        return _web_search(tool, kind)
    field = f"tools[{family}]"
    return Opaque(OWNER, field if field in READS else "tools[other]", tool.data)


def _function(tool: Record) -> Tool:
    return Tool(
        tool.must(tool.text, "name"),
        tool.text("description"),
        tool.must(tool.json, "input_schema"),
        tool.flag("strict"),
        read_cache(tool, "tools[].cache_control"),
        keep(tool, "tools[].", "type name description input_schema strict cache_control"),
    )


def _web_search(tool: Record, kind: str) -> WebSearch:
    place = tool.record("user_location")
    known = "name max_uses allowed_domains blocked_domains user_location cache_control"
    return WebSearch(
        max_uses=tool.integer("max_uses"),
        allowed_domains=tool.texts("allowed_domains"),
        blocked_domains=tool.texts("blocked_domains"),
        location=_location(place) if place else None,
        cache=read_cache(tool, "tools[web_search].cache_control"),
        opaque=keep(tool, "tools[web_search].", known if kind != SEARCH else f"type {known}"),
    )


def _location(place: Record) -> dict[str, str]:
    place.word("type", ("approximate",))
    told = {name: place.text(name) for name in ("city", "region", "country", "timezone")}
    return {name: value for name, value in told.items() if value is not None}
