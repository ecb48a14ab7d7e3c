"""A canonical request, into a Chat Completions request. What has no word here was seen to before: `LACKS`."""

from translators.canonical import (
    Effort,
    Json,
    JsonObject,
    JsonSchema,
    JsonValue,
    OneOf,
    Pattern,
    PlainText,
    Reasoning,
    Request,
    Tool,
    ToolChoice,
    WebSearch,
)
from translators.openai_chat.fields import CUSTOM_CHOICES, OWNER, TEXT_ALONE
from translators.openai_chat.turn_writer import write_turns

_EFFORT_UP_TO: tuple[tuple[int, Effort], ...] = ((2048, "low"), (8192, "medium"))
"""Tokens of a budget for reasoning, which OpenAI has no word for, and the nearest effort; `high` above."""


def write_request(request: Request) -> Json:
    """The request in OpenAI's words, with all that is OpenAI's own."""
    body: Json = {
        "model": request.model,
        "messages": [*write_turns(request.turns)],
        **_tools(request),
        "stream": request.stream,
        "modalities": None if request.modalities is None else [*request.modalities],
        "response_format": _output(request),
        **_guided(request),
        "max_completion_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": None if request.stop is None else [*request.stop],
        "n": request.n,
        "seed": request.seed,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "logit_bias": None if request.logit_bias is None else {**request.logit_bias},
        "logprobs": request.logprobs,
        "top_logprobs": request.top_logprobs,
        "reasoning_effort": request.effort or _effort(request.reasoning),
        "verbosity": request.verbosity,
        "service_tier": request.service_tier,
        "user": request.user,
        "metadata": None if request.metadata is None else {**request.metadata},
    }
    return without_nulls(body) | _own(request)


def without_nulls(fields: Json) -> Json:
    """What was said: not all servers take null for an absent field."""
    return {name: value for name, value in fields.items() if value is not None}


def metered(body: Json) -> Json:
    """OpenAI reports the usage of a stream only when asked."""
    options = body.get("stream_options")
    given = options if isinstance(options, dict) else {}
    if body.get("stream") is not True or given.get("include_usage") is True:
        return {}
    return {"stream_options": {**given, "include_usage": True}}


def _own(request: Request) -> Json:
    """What only OpenAI understands, back in its place; a field inside of messages has lost its own."""
    fields: Json = {}
    options: Json = {}
    if request.include_usage is not None:
        options["include_usage"] = request.include_usage
    for opaque in request.opaque:
        name, _, inner = opaque.field.partition(".")
        if opaque.owner != OWNER:
            continue
        if name == "stream_options":
            options[inner] = opaque.data
        elif opaque.field == TEXT_ALONE:
            fields["modalities"] = opaque.data
        elif opaque.field in CUSTOM_CHOICES or not (inner or "[" in name):
            fields[name] = opaque.data
    if options:
        fields["stream_options"] = options
    return fields


def _effort(reasoning: Reasoning | None) -> Effort | None:
    """Without a budget, how much to think is the model's own affair."""
    if reasoning is None or reasoning.mode == "adaptive":
        return None
    if reasoning.mode == "disabled":
        return "none"
    if (budget := reasoning.budget) is None:
        return None
    for tokens, effort in _EFFORT_UP_TO:
        if budget <= tokens:
            return effort
    return "high"


def _output(request: Request) -> JsonValue:
    match request.output:
        case None:
            return None
        case PlainText():
            return {"type": "text"}
        case JsonObject():
            return {"type": "json_object"}
        case JsonSchema(schema, name, description, strict):
            schema_of: Json = {
                "name": name or "answer",
                "description": description,
                "schema": schema,
                "strict": strict,
            }
            return {"type": "json_schema", "json_schema": without_nulls(schema_of)}
        case OneOf() | Pattern():
            return None


def _guided(request: Request) -> Json:
    """vLLM's own ways to say it, as OpenAI has none."""
    match request.output:
        case OneOf(values):
            return {"guided_choice": [*values]}
        case Pattern(regex):
            return {"guided_regex": regex}
        case _:
            return {}


# --- tools ------------------------------------------------------------------------------------------


def _tools(request: Request) -> Json:
    tools: list[JsonValue] = []
    fields: Json = {}
    for tool in request.tools or ():
        match tool:
            case Tool():
                tools.append({"type": "function", "function": _function(tool)})
            case WebSearch():
                fields["web_search_options"] = _web_search(tool)
            case _ if tool.owner == OWNER:
                tools.append(tool.data)
            case _:
                pass
    if tools or request.tools == ():
        fields["tools"] = tools
    if request.tool_choice and (tools or not request.tools):  # a search can't be chosen: it is always there
        fields["tool_choice"] = _tool_choice(request.tool_choice)
    fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def _function(tool: Tool) -> Json:
    return without_nulls(
        {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
            "strict": tool.strict,
        }
    )


def _web_search(search: WebSearch) -> Json:
    place: JsonValue = None
    if search.location is not None:
        place = {"type": "approximate", "approximate": {**search.location}}
    return without_nulls({"search_context_size": search.context_size, "user_location": place})


def _tool_choice(choice: ToolChoice) -> JsonValue:
    if choice.names is not None:
        tools: list[JsonValue] = [{"type": "function", "function": {"name": name}} for name in choice.names]
        return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": tools}}
    if choice.mode == "named":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode
