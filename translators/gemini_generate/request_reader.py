"""A client's generateContent request, into the canonical form."""

from dataclasses import replace
from typing import get_args

from translators.canonical import (
    Effort,
    Json,
    JsonObject,
    JsonSchema,
    OneOf,
    Opaque,
    PlainText,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolChoice,
    Turn,
    WebSearch,
)
from translators.foreign import Record
from translators.gemini_generate.contents_reader import read_contents
from translators.gemini_generate.fields import CONFIG, DECLARATION, OWNER, PART, READS, TEXT_ALONE
from translators.gemini_generate.kept import keep
from translators.gemini_generate.schemas import read_schema
from translators.gemini_generate.spelling import in_one_spelling
from translators.gemini_generate.usage import read_tier

_EFFORTS: tuple[Effort, ...] = get_args(Effort)
_CALLING = "toolConfig.functionCallingConfig."
_SET = (
    "candidateCount stopSequences maxOutputTokens temperature topP topK seed presencePenalty "
    "frequencyPenalty responseLogprobs logprobs responseMimeType responseJsonSchema responseModalities"
)


def check_request(body: Json) -> None:
    """Refuses what no model could answer; all else is for the provider to judge."""
    top = Record(in_one_spelling(body))
    top.text("model")
    top.flag("stream")
    if not top.must(top.records, "contents"):
        raise top.bad("contents", "must not be empty")


def read_request(body: Json) -> Request:
    """`model` and `stream`, which stand in the path, are read as fields of the body."""
    top = Record(in_one_spelling(body))
    config = top.record("generationConfig") or Record({}, "generationConfig")
    request = Request(
        model=top.text("model") or "",
        turns=(*_system(top), *read_contents(top)),
        stream=top.flag("stream"),
        tools=_tools(top),
        tool_choice=_tool_choice(top),
        service_tier=read_tier(top.text("serviceTier") or ""),
        opaque=_own(top, config),
    )
    return _configured(request, config)


def _configured(request: Request, config: Record) -> Request:
    thinking = config.record("thinkingConfig") or Record({})
    level = thinking.one_of(
        "thinkingLevel", ("MINIMAL", "LOW", "MEDIUM", "HIGH", "THINKING_LEVEL_UNSPECIFIED")
    )
    return replace(
        request,
        max_tokens=config.integer("maxOutputTokens"),
        temperature=config.number("temperature"),
        top_p=config.number("topP"),
        top_k=_whole(config, "topK"),
        stop=config.texts("stopSequences"),
        n=config.integer("candidateCount"),
        seed=config.integer("seed"),
        presence_penalty=config.number("presencePenalty"),
        frequency_penalty=config.number("frequencyPenalty"),
        logprobs=config.flag("responseLogprobs"),
        top_logprobs=config.integer("logprobs"),
        modalities=_modalities(config),
        output=_output(config),
        reasoning=_reasoning(thinking),
        effort=next((effort for effort in _EFFORTS if level and effort == level.lower()), None),
    )


def _own(top: Record, config: Record) -> tuple[Opaque, ...]:
    choice = top.record("toolConfig") or Record({})
    calling = choice.record("functionCallingConfig") or Record({})
    validated = calling.text("mode") == "VALIDATED"
    modalities = config.items("responseModalities")
    plain = modalities is not None and _modalities(config) is None
    return (
        *([Opaque(OWNER, TEXT_ALONE, modalities)] if plain else []),
        *keep(top, "", "model stream contents systemInstruction tools toolConfig generationConfig"),
        *keep(config, CONFIG, _SET),
        *keep(choice, "toolConfig.", "functionCallingConfig"),
        *keep(calling, _CALLING, "mode allowedFunctionNames"),
        *([Opaque(OWNER, f"{_CALLING}mode[VALIDATED]", "VALIDATED")] if validated else []),
    )


def _system(top: Record) -> tuple[Turn, ...]:
    """The prompt that stands apart, as a turn before all others."""
    if (system := top.record("systemInstruction")) is None:
        return ()
    parts = system.must(system.records, "parts")
    texts = tuple(Text(part.must(part.text, "text"), opaque=keep(part, PART, "text")) for part in parts)
    return (Turn("system", texts, opaque=keep(system, "systemInstruction.", "parts")),)


def _modalities(config: Record) -> tuple[str, ...] | None:
    """Text alone, which is what nothing and an unspecified one say too, is what every answer is."""
    said = config.texts("responseModalities") or ()
    told = tuple("text" if word == "MODALITY_UNSPECIFIED" else word.lower() for word in said)
    return told if {*told} - {"text"} else None


def _whole(config: Record, name: str) -> int | None:
    """A whole number, which Vertex AI may have as `40.0`."""
    if (number := config.number(name)) is None or number == int(number):
        return None if number is None else int(number)
    raise config.bad(name, "must be a whole number")


def _reasoning(thinking: Record) -> Reasoning | None:
    budget, shown = thinking.integer("thinkingBudget"), thinking.flag("includeThoughts")
    display = None if shown is None else "summarized" if shown else "omitted"
    match budget:
        case None:
            return None if shown is None else Reasoning("adaptive", None, display)
        case 0:
            return Reasoning("disabled")
        case _ if budget < 0:
            return Reasoning("adaptive", None, display)
        case _:
            return Reasoning("enabled", budget, display)


def _output(config: Record) -> PlainText | JsonObject | JsonSchema | OneOf | None:
    theirs = config.json("responseSchema")
    schema = config.json("responseJsonSchema") or (read_schema(theirs) if theirs is not None else None)
    match config.text("responseMimeType"):
        case "text/plain":
            return PlainText()
        case "text/x.enum":
            values = Record(schema or {}, config.at("responseSchema"))
            return OneOf(values.must(values.texts, "enum"))
        case "application/json":
            return JsonObject() if schema is None else JsonSchema(schema)
        case None:
            return None if schema is None else JsonSchema(schema)
        case _:
            raise config.bad("responseMimeType", "must be one of text/plain, application/json, text/x.enum")


# --- tools ------------------------------------------------------------------------------------------


def _tools(top: Record) -> tuple[Tool | WebSearch | Opaque, ...] | None:
    """Each function by itself; what else stands in an entry of `tools` is a tool of Google's."""
    if (entries := top.records("tools")) is None:
        return None
    tools: list[Tool | WebSearch | Opaque] = []
    for entry in entries:
        tools += map(_function, entry.records("functionDeclarations") or ())
        if search := entry.record("googleSearch"):
            kept = keep(search, "tools[].googleSearch.", "excludeDomains")
            tools.append(WebSearch(blocked_domains=search.texts("excludeDomains"), opaque=kept))
        for opaque in keep(entry, "tools[].", "functionDeclarations googleSearch"):
            field = opaque.field if opaque.field in READS else "tools[].other"
            tools.append(Opaque(OWNER, field, {opaque.field.removeprefix("tools[]."): opaque.data}))
    return tuple(tools)


def _function(function: Record) -> Tool:
    theirs, schema = function.json("parameters"), function.json("parametersJsonSchema")
    if theirs is not None and schema is not None:
        raise function.bad("parameters", "must not be given together with parametersJsonSchema")
    return Tool(
        function.must(function.text, "name"),
        function.text("description"),
        read_schema(theirs) if theirs is not None else schema,
        opaque=keep(function, DECLARATION, "name description parametersJsonSchema"),
    )


def _tool_choice(top: Record) -> ToolChoice | None:
    choice = top.record("toolConfig")
    calling = choice.record("functionCallingConfig") if choice else None
    if calling is None:
        return None
    names = calling.texts("allowedFunctionNames")
    modes = ("AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED")
    match calling.one_of("mode", modes):
        case "ANY":
            named = names[0] if names and len(names) == 1 else None
            return ToolChoice("named", named) if named else ToolChoice("required", names=names or None)
        case "NONE":
            return ToolChoice("none")
        case _:
            return ToolChoice("auto", names=names or None)
