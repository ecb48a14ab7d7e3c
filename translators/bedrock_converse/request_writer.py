"""Writes a Converse request. The model and whether to stream are in the path, and not written here."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import orjson

from translators.bedrock_converse.blocks_writer import Blocks, write_cache
from translators.bedrock_converse.fields import OWNER, STRUCTURED_OUTPUT
from translators.bedrock_converse.model_fields import has_called, model_fields
from translators.bedrock_converse.models import family
from translators.canonical import (
    Json,
    JsonSchema,
    JsonValue,
    Opaque,
    Part,
    Request,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
    Turn,
)
from translators.drawn import shown_by_the_user
from translators.errors import Unsupported


def write_request(request: Request) -> Json:
    """Meanings in `LACKS` were seen to before; raises `Unsupported` for values that have no word here."""
    turns = _with_a_question([*shown_by_the_user(request.turns)])
    blocks = Blocks(request.model)
    told: dict[str, JsonValue] = {
        "system": blocks.write(
            (part for turn in turns if _is_prompt(turn) for part in _instructions(turn)), "system"
        ),
        "messages": _messages([turn for turn in turns if not _is_prompt(turn)], blocks, request),
        "inferenceConfig": _inference(request),
        "toolConfig": _tool_config(request),
        "outputConfig": _output(request),
        "additionalModelRequestFields": model_fields(request),
        "serviceTier": _tier(request),
        "requestMetadata": {**(request.metadata or {})},
    }
    return {name: value for name, value in told.items() if value} | _own(request)


# --- turns ------------------------------------------------------------------------------------------


def _is_native(opaque: Iterable[Opaque], field: str) -> bool:
    return any(one.owner == OWNER and one.field == field for one in opaque)


def _is_prompt(turn: Turn) -> bool:
    """A system turn, which goes before the conversation wherever it stood: not all models take it elsewhere.

    Those that a client of Amazon's own has put between the others stay there.
    """
    return turn.role in ("system", "developer") and not _is_native(turn.opaque, "messages[system]")


def _with_a_question(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Bedrock wants at least one message: where all is instructions, the last is what the user says."""
    if all(map(_is_prompt, turns)):
        return [*turns[:-1], *(replace(turn, role="user") for turn in turns[-1:])]
    return turns


def _instructions(turn: Turn) -> Iterator[Part]:
    for part in turn.parts:
        if not isinstance(part, Text | Opaque):
            raise Unsupported("Turn.parts", "must be text in a system message")
        yield part


def _messages(turns: Sequence[Turn], blocks: Blocks, request: Request) -> list[JsonValue]:
    """Roles have to take turns: what one says in a row is one message, with results of tools before all."""
    merged: list[tuple[str, list[Part]]] = []
    for turn in turns:
        if merged and merged[-1][0] == turn.role:
            merged[-1][1].extend(turn.parts)
        elif any(blocks.is_written(part) for part in turn.parts):
            merged.append((turn.role, list(turn.parts)))
    messages: list[JsonValue] = []
    for role, parts in merged:
        first_results = sorted(parts, key=lambda part: not isinstance(part, ToolResult))
        messages.append({"role": role, "content": blocks.write(first_results)})
    if not messages:
        raise Unsupported("Request.turns", "must not be empty")
    match messages[-1]:
        case {"content": [*_] as content}:
            content.extend(write_cache(request.cache, request.model, "messages"))
        case _:
            pass
    return messages


# --- settings ---------------------------------------------------------------------------------------


def _inference(request: Request) -> Json:
    for name, value in (("temperature", request.temperature), ("top_p", request.top_p)):
        if value is not None and not 0 <= value <= 1:
            raise Unsupported(f"Request.{name}", "must be between 0 and 1")
    told: Json = {
        "maxTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": None if request.stop is None else list(request.stop),
    }
    return {name: value for name, value in told.items() if value is not None}


def _tier(request: Request) -> Json | None:
    if request.service_tier is None or request.service_tier == "auto":
        return None
    return {"type": request.service_tier}


def _output(request: Request) -> Json:
    output: Json = {}
    if isinstance(request.output, JsonSchema) and not _needs_a_tool(request):
        told: Json = {
            "schema": orjson.dumps(_schema(request.output)).decode(),
            "name": request.output.name,
            "description": request.output.description,
        }
        named: Json = {name: value for name, value in told.items() if value is not None}
        output["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": named}}
    if request.effort and _is_native(request.opaque, "outputConfig[effort]"):
        output["effort"] = request.effort
    return output


def _needs_a_tool(request: Request) -> bool:
    """Whether the model holds only the calls of tools to a schema, and not what it says."""
    is_native = _is_native(request.opaque, "outputConfig[textFormat]")
    return isinstance(request.output, JsonSchema) and not (is_native or family(request.model).schema)


def _schema(output: JsonSchema) -> Json:
    if output.schema is None:
        raise Unsupported("JsonSchema.schema", "is required")
    return output.schema


def _own(request: Request) -> Json:
    """What only Amazon understands, as far as it stands at the top."""
    own: Json = {}
    for opaque in request.opaque:
        if opaque.owner == OWNER and opaque.field.isidentifier():
            own[opaque.field] = opaque.data
        elif opaque.owner == OWNER and opaque.field == "serviceTier[reserved]":
            own["serviceTier"] = {"type": opaque.data}
    return own


# --- tools ------------------------------------------------------------------------------------------


def _tool_config(request: Request) -> Json:
    if _needs_a_tool(request):
        return _answering_tool(request)
    choice = request.tool_choice or ToolChoice("auto")
    if choice.mode == "none" and not has_called(request):
        return {}
    tools = [block for tool in request.tools or () for block in _tool(tool, request.model)]
    if not tools:
        return {}
    if request.tool_choice is None or choice.mode == "none":
        return {"tools": tools}
    named: Json = {"tool": {"name": choice.name}}
    words: dict[str, JsonValue] = {"auto": {"auto": {}}, "required": {"any": {}}, "named": named}
    return {"tools": tools, "toolChoice": words[choice.mode]}


def _tool(tool: object, model: str) -> Iterator[JsonValue]:
    match tool:
        case Tool(name=name) if name == STRUCTURED_OUTPUT:
            raise Unsupported("Tool.name", f"{name} is the gateway's own")
        case Tool():
            told: Json = {
                "name": tool.name,
                "description": tool.description or None,
                "inputSchema": {"json": _parameters(tool)},
                "strict": tool.strict if family(model).schema else None,
            }
            yield {"toolSpec": {name: value for name, value in told.items() if value is not None}}
            yield from write_cache(tool.cache, model, "tools")
        case Opaque(owner, _, data) if owner == OWNER:
            yield data
        case _:
            pass  # `LACKS` has told


def _parameters(tool: Tool) -> Json:
    parameters = tool.parameters or {"properties": {}}
    return parameters if "type" in parameters else {"type": "object", **parameters}


def _answering_tool(request: Request) -> Json:
    """The one tool, which has to be called, and whose input is the answer."""
    assert isinstance(request.output, JsonSchema)
    if request.tools:
        raise Unsupported("JsonSchema", "this model can't be held to a schema while it has tools")
    if request.reasoning and request.reasoning.mode != "disabled":
        raise Unsupported("JsonSchema", "this model can't be held to a schema while it thinks")
    schema = _schema(request.output)
    if schema.get("type") != "object":
        raise Unsupported("JsonSchema.schema", "must be of an object, for this model")
    spec: Json = {
        "name": STRUCTURED_OUTPUT,
        "description": request.output.description or "Answer by calling this tool, and not otherwise.",
        "inputSchema": {"json": schema},
    }
    by_name: Json = {"tool": {"name": STRUCTURED_OUTPUT}}
    choice: Json = by_name if family(request.model).named_choice else {"any": {}}
    return {"tools": [{"toolSpec": spec}], "toolChoice": choice}
