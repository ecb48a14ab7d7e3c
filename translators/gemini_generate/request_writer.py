"""A canonical request, into a generateContent request. What has no word here was seen to before: `LACKS`."""

from collections.abc import Iterator, Sequence

from translators.canonical import (
    Effort,
    Image,
    Json,
    JsonObject,
    JsonSchema,
    JsonValue,
    OneOf,
    Opaque,
    Pattern,
    PlainText,
    Request,
    Tool,
    ToolChoice,
    ToolResult,
    Turn,
    WebSearch,
)
from translators.errors import Unsupported
from translators.gemini_generate.contents_writer import with_a_question, write_contents, write_system
from translators.gemini_generate.fields import CONFIG, DECLARATION, IMAGE_CONFIG, OWNER
from translators.gemini_generate.files import LEVELS
from translators.gemini_generate.kept import restore, value_of
from translators.gemini_generate.models import BUDGETS, Model, model_of
from translators.gemini_generate.schemas import write_schema
from translators.gemini_generate.spelling import camel

_CALLING = "toolConfig.functionCallingConfig."
_CHOICES = {"auto": "AUTO", "required": "ANY", "none": "NONE", "named": "ANY"}


def metered(body: Json) -> Json:
    """Nothing to set: Google always tells the usage."""
    return {}


def write_request(request: Request) -> Json:
    """The body. `model` and `stream` stand in the path, which is not the dialect's to write."""
    model = model_of(request.model)
    turns = with_a_question(request.turns)
    body: Json = {
        "contents": write_contents(turns, model),
        "systemInstruction": write_system(turns),
        "tools": None if request.tools is None else [*_tools(request.tools, model)],
        "toolConfig": _tool_config(request) or None,
        "generationConfig": _config(request, model) or None,
    }
    for opaque in request.opaque:
        if opaque.owner == OWNER and opaque.field != IMAGE_CONFIG and not {".", "["} & set(opaque.field):
            body[camel(opaque.field)] = opaque.data
    return {name: value for name, value in body.items() if value is not None}


# --- settings ---------------------------------------------------------------------------------------


def _config(request: Request, model: Model) -> Json:
    config: Json = {
        "candidateCount": request.n,
        "stopSequences": None if request.stop is None else [*request.stop],
        "maxOutputTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "topK": request.top_k,
        "seed": request.seed,
        "presencePenalty": request.presence_penalty,
        "frequencyPenalty": request.frequency_penalty,
        "responseLogprobs": request.logprobs,
        "logprobs": request.top_logprobs,
        "responseModalities": _modalities(request),
        "imageConfig": _pictures(request),
        "thinkingConfig": _thinking(request, model) or None,
        "mediaResolution": None if model.rich_results else _closest(request.turns),
        **_output(request, model),
    }
    told: Json = {name: value for name, value in config.items() if value is not None}
    for opaque in request.opaque:
        if opaque.owner == OWNER and opaque.field.startswith(CONFIG):
            told[camel(opaque.field.removeprefix(CONFIG).partition("[")[0])] = opaque.data
    return told


def _modalities(request: Request) -> JsonValue:
    return None if request.modalities is None else [word.upper() for word in request.modalities]


def _pictures(request: Request) -> JsonValue:
    """As clients of OpenAI's API say what they are like, where no other provider knows it."""
    wanted = value_of(request.opaque, IMAGE_CONFIG)
    return wanted.data if wanted else None


def _thinking(request: Request, model: Model) -> JsonValue:
    """A budget says more than an effort does, and Google takes but one of them."""
    if value_of(request.opaque, f"{CONFIG}thinkingConfig"):
        return None  # Google's own words are kept
    reasoning, effort = request.reasoning, request.effort
    if reasoning is None:
        return None if effort is None else _effort(effort, model)
    if reasoning.mode == "disabled":
        return _disabled(model) if effort in (None, "none") else _effort(effort, model)
    if not model.thinks:
        raise Unsupported("Reasoning.mode", "this model does not think")
    if effort == "none":
        raise Unsupported("Request.effort", "contradicts the thinking that is asked for")
    shown: Json = {"includeThoughts": reasoning.display != "omitted"}
    if reasoning.mode == "enabled" and reasoning.budget is not None:
        return {**shown, "thinkingBudget": reasoning.budget}
    if effort is not None:
        return {**shown, **_effort(effort, model)}
    return shown if model.levels else {**shown, "thinkingBudget": -1}


def _disabled(model: Model) -> Json | None:
    if not model.thinks:
        return None
    if not model.may_rest:
        raise Unsupported("Reasoning.mode", "this model always thinks")
    return {"thinkingLevel": model.levels["none"]} if model.levels else {"thinkingBudget": 0}


def _effort(effort: Effort, model: Model) -> Json:
    if not model.thinks:
        if effort == "none":
            return {}
        raise Unsupported("Request.effort", "this model does not think")
    if effort == "none" and not model.may_rest:
        raise Unsupported("Request.effort", "this model always thinks")
    return {"thinkingLevel": model.levels[effort]} if model.levels else {"thinkingBudget": BUDGETS[effort]}


def _closest(turns: Sequence[Turn]) -> str | None:
    """How closely to look at pictures, for models that look at all of them alike."""
    parts = [
        part
        for turn in turns
        for one in turn.parts
        for part in (one.parts if isinstance(one, ToolResult) else (one,))
    ]
    asked = {part.detail for part in parts if isinstance(part, Image)}
    if asked & {"high", "original"}:
        return LEVELS["high"]
    return LEVELS["low"] if "low" in asked else None


def _output(request: Request, model: Model) -> Json:
    match request.output:
        case None:
            return {}
        case PlainText():
            return {"responseMimeType": "text/plain"}
        case JsonObject():
            return {"responseMimeType": "application/json"}
        case JsonSchema(schema):
            form: Json = {"responseMimeType": "application/json"}
            return form if schema is None else {**form, **_answer_schema(request, schema, model)}
        case OneOf(values):
            choice: Json = {"type": "STRING", "enum": [*values]}
            return {"responseMimeType": "text/x.enum", "responseSchema": choice}
        case Pattern():
            raise Unsupported("Pattern")


def _answer_schema(request: Request, schema: Json, model: Model) -> Json:
    if value_of(request.opaque, f"{CONFIG}responseSchema"):
        return {}  # Google's own words are kept
    if model.json_schema:
        return {"responseJsonSchema": schema}
    return {"responseSchema": write_schema(schema, "JsonSchema.schema")}


# --- tools ------------------------------------------------------------------------------------------


def _tools(tools: Sequence[Tool | WebSearch | Opaque], model: Model) -> Iterator[JsonValue]:
    """All functions in one entry, as Google has them; what it runs by itself in others."""
    if functions := [_function(tool, model) for tool in tools if isinstance(tool, Tool)]:
        yield {"functionDeclarations": functions}
    for tool in tools:
        match tool:
            case WebSearch(blocked_domains=blocked, opaque=kept):
                search: Json = {} if blocked is None else {"excludeDomains": [*blocked]}
                yield {"googleSearch": restore(search, kept, "tools[].googleSearch.")}
            case Opaque(owner, _, data) if owner == OWNER:
                yield data
            case _:
                pass


def _function(tool: Tool, model: Model) -> JsonValue:
    declared: Json = {"name": tool.name}
    if tool.description is not None:
        declared["description"] = tool.description
    if tool.parameters is not None and not value_of(tool.opaque, f"{DECLARATION}parameters"):
        declared |= _parameters(tool.parameters, model)
    return restore(declared, tool.opaque, DECLARATION)


def _parameters(schema: Json, model: Model) -> Json:
    if model.json_schema:
        return {"parametersJsonSchema": schema}
    if not schema.get("properties") and schema.get("type", "object") == "object":
        return {}  # "should be non-empty for OBJECT type": no parameters at all
    return {"parameters": write_schema(schema, "Tool.parameters")}


def _tool_config(request: Request) -> Json:
    config: Json = {}
    calling = _calling(request.tool_choice) if request.tool_choice else {}
    for opaque in request.opaque:
        if opaque.owner != OWNER or not opaque.field.startswith("toolConfig."):
            continue
        if opaque.field == f"{_CALLING}mode[VALIDATED]":
            calling["mode"] = opaque.data
        elif opaque.field.startswith(_CALLING):
            calling[opaque.field.removeprefix(_CALLING)] = opaque.data
        else:
            config[opaque.field.removeprefix("toolConfig.")] = opaque.data
    return {"functionCallingConfig": calling, **config} if calling else config


def _calling(choice: ToolChoice) -> Json:
    """Only `ANY` and `VALIDATED` take names."""
    if choice.mode == "auto" and choice.names is not None:
        return {"mode": "VALIDATED", "allowedFunctionNames": [*choice.names]}
    names = (choice.name,) if choice.name is not None else choice.names
    calling: Json = {"mode": _CHOICES[choice.mode]}
    return calling if names is None else {**calling, "allowedFunctionNames": [*names]}
