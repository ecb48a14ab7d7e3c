"""Reads a Converse request, in whose body the path's `model` and `stream` are told too."""

from typing import Literal, cast, get_args

import orjson

from translators.bedrock_converse.blocks_reader import read_cache, read_parts
from translators.bedrock_converse.fields import CLAUDES, OWNER, READS, TIERS
from translators.bedrock_converse.models import meant
from translators.canonical import (
    Cache,
    Effort,
    Json,
    JsonSchema,
    JsonValue,
    Opaque,
    Reasoning,
    Request,
    Role,
    Tool,
    ToolChoice,
    Turn,
)
from translators.errors import BadRequest
from translators.fields import Own
from translators.foreign import Record, known, strangers

_Mode = Literal["enabled", "disabled", "adaptive"]

_KNOWN = known(READS)
_ROLES: tuple[Role, ...] = ("user", "assistant", "system")
_EFFORTS: tuple[Effort, ...] = get_args(Effort)
_MODES: tuple[_Mode, ...] = get_args(_Mode)
_FIELDS = "additionalModelRequestFields"
_NATIVE = {"outputConfig[textFormat]": "textFormat", "outputConfig[effort]": "effort"}
"""Where a schema and the effort stood: there are other places, for models that do not know this one."""


def check_request(body: Json) -> None:
    """Raise `BadRequest` where there is nothing to answer."""
    top = Record(body)
    top.text("model")
    top.flag("stream")
    if not top.must(top.records, "messages"):
        raise BadRequest("messages", "must not be empty")


def read_request(body: Json) -> Request:
    """Raises `BadRequest` naming the field."""
    check_request(body)
    top = Record(body)
    model = top.text("model") or ""
    config, output, own = top.record("inferenceConfig"), top.record("outputConfig"), _Claudes(top, model)
    tier = top.record("serviceTier")
    tier = tier if tier and tier.must(tier.text, "type") in TIERS else None
    return Request(
        model=model,
        turns=(*_system(top, model), *(_turn(turn, model) for turn in top.must(top.records, "messages"))),
        stream=top.flag("stream"),
        max_tokens=config.integer("maxTokens") if config else None,
        temperature=config.number("temperature") if config else None,
        top_p=config.number("topP") if config else None,
        top_k=own.top_k,
        stop=config.texts("stopSequences") if config else None,
        output=_schema(output) if output else None,
        tools=_tools(top),
        tool_choice=_tool_choice(top),
        reasoning=own.reasoning,
        effort=(output.one_of("effort", _EFFORTS) if output else None) or own.effort,
        service_tier=tier.text("type") if tier else None,
        metadata=_metadata(top),
        opaque=(*own.opaque, *_own(top)),
    )


def _system(top: Record, model: str) -> tuple[Turn, ...]:
    """The prompt that stands apart, as a turn before all others."""
    blocks = top.records("system")
    return (Turn("system", read_parts(blocks, model)),) if blocks else ()


def _turn(turn: Record, model: str) -> Turn:
    role: Role = turn.word("role", _ROLES)
    parts = read_parts(turn.must(turn.records, "content"), model)
    return Turn(role, parts, opaque=(Opaque(OWNER, "messages[system]", True),) if role == "system" else ())


def _schema(output: Record) -> JsonSchema | None:
    form = output.record("textFormat")
    if form is None:
        return None
    form.word("type", ("json_schema",))
    structure = form.must(form.record, "structure")
    named = structure.must(structure.record, "jsonSchema")
    try:
        schema = cast(JsonValue, orjson.loads(named.must(named.text, "schema")))
    except orjson.JSONDecodeError:
        schema = None
    if not isinstance(schema, dict):
        raise named.bad("schema", "must be the text of a JSON object")
    return JsonSchema(schema, named.text("name"), named.text("description"))


def _metadata(top: Record) -> dict[str, str] | None:
    told = top.record("requestMetadata")
    return {key: told.must(told.text, key) for key in told.data} if told else None


# --- tools ------------------------------------------------------------------------------------------


def _tools(top: Record) -> tuple[Tool | Opaque, ...] | None:
    config = top.record("toolConfig")
    if config is None:
        return None
    tools = list[Tool | Opaque]()
    for tool in config.must(config.records, "tools"):
        hint = read_cache(tool)
        last = tools[-1] if tools else None
        if hint and isinstance(last, Tool) and not last.cache:
            tools[-1] = _cached(last, hint)
        else:
            tools.append(_tool(tool))
    return tuple(tools)


def _cached(tool: Tool, hint: Cache) -> Tool:
    return Tool(tool.name, tool.description, tool.parameters, tool.strict, hint, tool.opaque)


def _tool(tool: Record) -> Tool | Opaque:
    if (spec := tool.record("toolSpec")) is None:
        return Opaque(OWNER, "toolConfig.tools[].systemTool", tool.data)
    schema = spec.must(spec.record, "inputSchema")
    return Tool(
        spec.must(spec.text, "name"), spec.text("description"), schema.json("json"), spec.flag("strict")
    )


def _tool_choice(top: Record) -> ToolChoice | None:
    config = top.record("toolConfig")
    choice = config.record("toolChoice") if config else None
    if choice is None:
        return None
    match next(iter(choice.data), None):
        case "any":
            return ToolChoice("required")
        case "tool":
            named = choice.must(choice.record, "tool")
            return ToolChoice("named", named.must(named.text, "name"))
        case "auto":
            return ToolChoice("auto")
        case _:
            raise BadRequest(choice.path, "must be one of auto, any, tool")


# --- what only Amazon or its model understands ------------------------------------------------------


class _Claudes:
    """The model's own fields, and what of a Claude's has a meaning elsewhere."""

    def __init__(self, top: Record, model: str) -> None:
        fields = top.record(_FIELDS)
        self.top_k: int | None = None
        self.reasoning: Reasoning | None = None
        self.effort: Effort | None = None
        self.opaque = list[Opaque]()
        if fields is None:
            return
        rest = dict(fields.data)
        if meant(model).claude:
            self._read(fields, rest)
        self.opaque += [Opaque(OWNER, f"{_FIELDS}.{name}", value) for name, value in rest.items()]

    def _read(self, fields: Record, rest: Json) -> None:
        self.top_k = fields.integer("top_k")
        rest.pop("top_k", None)
        thinking = fields.record("thinking")
        if thinking and thinking.data.keys() <= {"type", "budget_tokens", "display"}:
            mode: _Mode = thinking.word("type", _MODES)
            self.reasoning = Reasoning(mode, thinking.integer("budget_tokens"), thinking.text("display"))
            del rest["thinking"]
        output = fields.record("output_config")
        if output and output.data.keys() == {"effort"}:
            self.effort = output.one_of("effort", _EFFORTS)
            del rest["output_config"]
        if (betas := fields.texts("anthropic_beta")) is not None:
            self.opaque.append(Opaque(CLAUDES, "betas", list(betas)))
            del rest["anthropic_beta"]


def _own(top: Record) -> list[Opaque]:
    told: list[tuple[str, JsonValue]] = [
        (name, value)
        for name, value in top.data.items()
        if isinstance(READS.get(name), Own) and name != _FIELDS and value is not None
    ]
    match top.data.get("outputConfig"):
        case dict(output):
            told += [(name, True) for name, key in _NATIVE.items() if output.get(key) is not None]
        case _:
            pass
    match top.data.get("serviceTier"):
        case {"type": str(tier)} if tier not in TIERS:
            told.append(("serviceTier[reserved]", tier))
        case _:
            pass
    unheard = {name: value for name, value in strangers(top.data, _KNOWN) if not name.startswith(_FIELDS)}
    return [Opaque(OWNER, name, value) for name, value in (*told, *unheard.items())]
