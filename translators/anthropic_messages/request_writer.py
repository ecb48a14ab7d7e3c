"""Writes a Messages request."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, takewhile
from typing import assert_never

from translators.anthropic_messages.blocks_writer import write_blocks, write_cache
from translators.anthropic_messages.fields import DEFAULT_MAX_TOKENS, OWNER, SEARCH, SERVICE_TIERS
from translators.anthropic_messages.own import restore
from translators.canonical import (
    Json,
    JsonSchema,
    JsonValue,
    Opaque,
    Reasoning,
    Request,
    Tool,
    ToolChoice,
    Turn,
    WebSearch,
)
from translators.drawn import shown_by_the_user
from translators.errors import Unsupported

_CHOICES = {"auto": "auto", "required": "any", "none": "none", "named": "tool"}


def write_request(request: Request) -> Json:
    """Meanings in `LACKS` were seen to before; raises `Unsupported` for values that have no word here."""
    turns = _placed(_with_a_question([*shown_by_the_user(request.turns)]))
    system = list(takewhile(_is_prompt, turns))
    output = _output(request)
    fields: dict[str, JsonValue] = {
        "model": request.model,
        "max_tokens": _max_tokens(request),
        "system": _content([block for turn in system for block in write_blocks(turn)]) or None,
        "messages": _messages(turns[len(system) :]),
        "stream": request.stream,
        "temperature": _temperature(request.temperature),
        "top_p": request.top_p,
        "top_k": request.top_k,
        "stop_sequences": None if request.stop is None else list(request.stop),
        "tools": None if request.tools is None else _tools(request.tools),
        "tool_choice": _tool_choice(request),
        "thinking": _thinking(request),
        "output_config": output or None,
        "service_tier": SERVICE_TIERS.get(request.service_tier or ""),
        "metadata": None if request.user is None else {"user_id": request.user},
    }
    body: Json = {name: value for name, value in fields.items() if value is not None}
    write_cache(body, request.cache)
    restore(body, request.opaque, "")
    return body


# --- turns ------------------------------------------------------------------------------------------


def _is_system(turn: Turn) -> bool:
    return turn.role in ("system", "developer")


def _is_prompt(turn: Turn) -> bool:
    """A system turn that may stand before all others, in the top-level `system`."""
    return _is_system(turn) and not _is_placed(turn)


def _is_placed(turn: Turn) -> bool:
    """A turn that stands where it does for a reason that only Anthropic knows."""
    return any(opaque.owner == OWNER for opaque in turn.opaque)


def _with_a_question(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Anthropic wants at least one message: where all is instructions, the last is what the user says."""
    if all(map(_is_prompt, turns)):
        return [*turns[:-1], *(replace(turn, role="user") for turn in turns[-1:])]
    return turns


def _placed(turns: Sequence[Turn]) -> list[Turn]:
    """The turns with each later system turn behind what the user says beside it, and before the next answer.

    Only there does Anthropic accept one:
    https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
    """
    start = len(list(takewhile(_is_prompt, turns)))
    if not any(map(_is_system, turns[start:])):
        return list(turns)
    placed = list(turns[:start])
    for _, group in groupby(turns[start:], lambda turn: turn.role == "assistant"):
        stretch = list(group)
        placed += stretch if any(map(_is_placed, stretch)) else sorted(stretch, key=_is_system)
    return placed


def _messages(turns: Iterable[Turn]) -> list[JsonValue]:
    """Consecutive turns of a role stay apart, but for results of tools, which must all come at once."""
    messages: list[tuple[Turn, list[JsonValue]]] = []
    for turn in turns:
        blocks = write_blocks(turn)
        if messages and _belong_together(*messages[-1], turn):
            messages[-1][1].extend(blocks)
        elif blocks or _is_placed(turn):
            messages.append((turn, blocks))
    if not messages:
        raise Unsupported("Request.turns", "must not be empty")
    return [_message(turn, blocks) for turn, blocks in messages]


def _belong_together(before: Turn, blocks: list[JsonValue], turn: Turn) -> bool:
    alike = before.role == turn.role == "user" and any(map(_is_result, blocks))
    if not alike and not (_is_system(before) and _is_system(turn)):
        return False
    return not (_is_placed(before) or _is_placed(turn))


def _message(turn: Turn, blocks: list[JsonValue]) -> Json:
    role = "system" if _is_system(turn) else turn.role
    results_first = sorted(blocks, key=lambda block: not _is_result(block))
    message: Json = {"role": role, "content": _content(results_first)}
    restore(message, turn.opaque, f"messages[{turn.role}].")
    return message


def _is_result(block: JsonValue) -> bool:
    return isinstance(block, dict) and block["type"] == "tool_result"


def _content(blocks: list[JsonValue]) -> JsonValue:
    match blocks:
        case [{"type": "text", "text": text, **rest}] if not rest:
            return text
        case _:
            return blocks


# --- settings ---------------------------------------------------------------------------------------


def _max_tokens(request: Request) -> int:
    if request.max_tokens is not None:
        return request.max_tokens
    budget = request.reasoning.budget if request.reasoning else None
    return DEFAULT_MAX_TOKENS + (budget or 0)  # what is thought counts too


def _temperature(temperature: float | None) -> float | None:
    if temperature is not None and not 0 <= temperature <= 1:
        raise Unsupported("Request.temperature", "must be between 0 and 1")
    return temperature


def _thinking(request: Request) -> Json | None:
    if request.effort == "none":
        if request.reasoning and request.reasoning.mode != "disabled":
            raise Unsupported("Request.effort", "contradicts the thinking that is asked for")
        return {"type": "disabled"}
    match request.reasoning:
        case None:
            return None
        case Reasoning("enabled", None):
            raise Unsupported("Reasoning.budget", "is required")
        case Reasoning(mode, budget, display):
            told = {"type": mode, "budget_tokens": budget, "display": display}
            return {name: value for name, value in told.items() if value is not None}


def _output(request: Request) -> Json:
    output: Json = {}
    if request.effort and request.effort != "none":
        output["effort"] = "low" if request.effort == "minimal" else request.effort  # the least that there is
    if isinstance(request.output, JsonSchema):
        if request.output.schema is None:
            raise Unsupported("JsonSchema.schema", "is required")
        output["format"] = {"type": "json_schema", "schema": request.output.schema}
    return output


def _tool_choice(request: Request) -> Json | None:
    choice, parallel = request.tool_choice, request.parallel_tool_calls
    if choice is None:
        if parallel is not False or not request.tools:
            return None
        choice = ToolChoice("auto")
    written: Json = {"type": _CHOICES[choice.mode]}
    if choice.name is not None:
        written["name"] = choice.name
    if parallel is not None and choice.mode != "none":
        written["disable_parallel_tool_use"] = not parallel
    return written


def _tools(tools: Sequence[Tool | WebSearch | Opaque]) -> list[JsonValue]:
    return list(_written_tools(tools))


def _written_tools(tools: Sequence[Tool | WebSearch | Opaque]) -> Iterator[JsonValue]:
    for tool in tools:
        match tool:
            case Tool():
                yield _function(tool)
            case WebSearch():
                yield _web_search(tool)
            case Opaque(owner, _, data):
                if owner == OWNER:
                    yield data
            case _:
                assert_never(tool)


def _function(tool: Tool) -> Json:
    told: dict[str, JsonValue] = {
        "name": tool.name,
        "description": tool.description,
        "input_schema": {"type": "object", **(tool.parameters or {"properties": {}})},
        "strict": tool.strict,
    }
    written: Json = {name: value for name, value in told.items() if value is not None}
    write_cache(written, tool.cache)
    restore(written, tool.opaque, "tools[].")
    return written


def _web_search(tool: WebSearch) -> Json:
    told: dict[str, JsonValue] = {
        "type": SEARCH,
        "name": "web_search",
        "max_uses": tool.max_uses,
        "allowed_domains": None if tool.allowed_domains is None else list(tool.allowed_domains),
        "blocked_domains": None if tool.blocked_domains is None else list(tool.blocked_domains),
        "user_location": None if tool.location is None else {"type": "approximate", **tool.location},
    }
    written: Json = {name: value for name, value in told.items() if value is not None}
    write_cache(written, tool.cache)
    restore(written, tool.opaque, "tools[web_search].")
    return written
