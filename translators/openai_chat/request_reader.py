"""A client's Chat Completions request, into the canonical form."""

from typing import Literal, TypedDict, get_args

from translators.canonical import (
    Effort,
    Json,
    JsonObject,
    JsonSchema,
    JsonValue,
    OneOf,
    Opaque,
    Pattern,
    PlainText,
    Reasoning,
    Request,
    Tool,
    ToolChoice,
    WebSearch,
)
from translators.fields import Own
from translators.foreign import Record, known, strangers
from translators.openai_chat.fields import CUSTOM_CHOICES, OWNER, READS, TEXT_ALONE
from translators.openai_chat.google import GOOGLE_SETTINGS, google_settings, google_tool
from translators.openai_chat.turn_reader import read_cache, read_turns

_KNOWN = known(READS)
_EFFORTS: tuple[Effort, ...] = get_args(Effort)
_Mode = Literal["enabled", "disabled", "adaptive"]
_MODES: tuple[_Mode, ...] = get_args(_Mode)
_FORMS = ("response_format", "guided_json", "guided_choice", "guided_regex")
_CHOICES: tuple[Literal["auto", "required", "none"], ...] = ("auto", "required", "none")
_ALLOWED_MODES: tuple[Literal["auto", "required"], ...] = ("auto", "required")


def check_request(body: Json) -> None:
    """Refuses what no server of this API could answer; all else is for the provider to judge."""
    top = Record(body)
    top.text("model")
    top.flag("stream")
    if not top.must(top.records, "messages"):
        raise top.bad("messages", "must not be empty")


def read_request(body: Json) -> Request:
    """The canonical form of a request, and in `opaque` all that is OpenAI's own or unknown to us."""
    top = Record(body)
    return Request(
        model=top.text("model") or "",
        turns=read_turns(top),
        stream=top.flag("stream"),
        include_usage=_include_usage(top),
        modalities=None if _is_text_alone(top) else top.texts("modalities"),
        output=_output(top),
        tools=_tools(top),
        tool_choice=_tool_choice(top),
        parallel_tool_calls=top.flag("parallel_tool_calls"),
        **_sampling(top),
        reasoning=_reasoning(top),
        effort=top.one_of("reasoning_effort", _EFFORTS),
        verbosity=top.one_of("verbosity", ("low", "medium", "high")),
        service_tier=top.text("service_tier"),
        user=top.text("user"),
        metadata=_strings(top, "metadata"),
        opaque=(*_own(top), *_custom_choice(top)),
    )


class _Sampling(TypedDict):
    """How the answer is to be drawn."""

    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    stop: tuple[str, ...] | None
    n: int | None
    seed: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    logit_bias: dict[str, float] | None
    logprobs: bool | None
    top_logprobs: int | None


def _sampling(top: Record) -> _Sampling:
    return {
        "max_tokens": _max_tokens(top),
        "temperature": top.number("temperature"),
        "top_p": top.number("top_p"),
        "top_k": top.integer("top_k"),
        "stop": read_stop(top),
        "n": top.integer("n"),
        "seed": top.integer("seed"),
        "presence_penalty": top.number("presence_penalty"),
        "frequency_penalty": top.number("frequency_penalty"),
        "logit_bias": read_numbers(top, "logit_bias"),
        "logprobs": top.flag("logprobs"),
        "top_logprobs": top.integer("top_logprobs"),
    }


def _include_usage(top: Record) -> bool | None:
    options = top.record("stream_options")
    return options.flag("include_usage") if options else None


def _own(top: Record) -> list[Opaque]:
    """What one vendor alone understands, and what we have never heard of, at any depth."""
    fields = [
        (name, value)
        for name, value in top.data.items()
        if isinstance(READS.get(name), Own) and value is not None and name not in GOOGLE_SETTINGS
    ]
    options = top.record("stream_options")
    if options and (obfuscated := options.flag("include_obfuscation")) is not None:
        fields.append(("stream_options.include_obfuscation", obfuscated))
    unheard = dict(strangers(top.data, _KNOWN))
    own = [Opaque(OWNER, name, value) for name, value in (*fields, *unheard.items())]
    plain = [Opaque(OWNER, TEXT_ALONE, ["text"])] if _is_text_alone(top) else []
    return [*own, *plain, *google_settings(top)]


def _is_text_alone(top: Record) -> bool:
    return top.texts("modalities") == ("text",)


def _max_tokens(top: Record) -> int | None:
    modern, older = top.integer("max_completion_tokens"), top.integer("max_tokens")
    if modern is not None and older is not None and modern != older:
        raise top.bad("max_tokens", "must not be given together with max_completion_tokens")
    return older if modern is None else modern


def read_stop(top: Record) -> tuple[str, ...] | None:
    """One stop sequence or a list."""
    stop = top.data.get("stop")
    return (stop,) if isinstance(stop, str) else top.texts("stop")


def read_numbers(top: Record, name: str) -> dict[str, float] | None:
    """An object of numbers."""
    if (inner := top.record(name)) is None:
        return None
    return {key: inner.must(inner.number, key) for key in inner.data}


def _strings(top: Record, name: str) -> dict[str, str] | None:
    if (inner := top.record(name)) is None:
        return None
    return {key: inner.must(inner.text, key) for key in inner.data}


def _reasoning(top: Record) -> Reasoning | None:
    if (thinking := top.record("thinking")) is None:
        return None
    mode: _Mode = thinking.word("type", _MODES)
    display = thinking.text("display")
    if (shown := thinking.flag("includeThoughts")) is not None:
        display = display or ("summarized" if shown else "omitted")
    return Reasoning(mode, thinking.integer("budget_tokens"), display)


def _output(top: Record) -> PlainText | JsonObject | JsonSchema | OneOf | Pattern | None:
    forms = [name for name in _FORMS if top.data.get(name) is not None]
    if len(forms) > 1:
        raise top.bad(forms[1], f"must not be given together with {forms[0]}")
    if (form := top.record("response_format")) is None:
        return _guided(top)
    match form.must(form.text, "type"):
        case "text":
            return PlainText()
        case "json_object":
            return JsonObject()
        case "json_schema":
            named = form.must(form.record, "json_schema")
            return JsonSchema(
                named.json("schema"),
                named.must(named.text, "name"),
                named.text("description"),
                named.flag("strict"),
            )
        case _:
            raise form.bad("type", "must be one of text, json_object, json_schema")


def _guided(top: Record) -> JsonSchema | OneOf | Pattern | None:
    """vLLM's own ways to say what the answer must look like."""
    if (schema := top.json("guided_json")) is not None:
        return JsonSchema(schema)
    if (values := top.texts("guided_choice")) is not None:
        return OneOf(values)
    regex = top.text("guided_regex")
    return None if regex is None else Pattern(regex)


# --- tools ------------------------------------------------------------------------------------------


def _tools(top: Record) -> tuple[Tool | WebSearch | Opaque, ...] | None:
    tools, search = top.records("tools"), top.record("web_search_options")
    if tools is None and search is None:
        return None
    return (*map(_tool, tools or ()), *([_web_search(search)] if search else []))


def _tool(tool: Record) -> Tool | Opaque:
    match tool.must(tool.text, "type"):
        case "function":
            function = tool.must(tool.record, "function")
            return Tool(
                function.must(function.text, "name"),
                function.text("description"),
                function.json("parameters"),
                function.flag("strict"),
                read_cache(function) or read_cache(tool),
            )
        case "custom":
            return Opaque(OWNER, "tools[].custom", tool.data)
        case "google_search" | "enterprise_search" as kind:
            return google_tool(tool, kind)
        case _:
            return Opaque(OWNER, "tools[].type", tool.data)


def _web_search(options: Record) -> WebSearch:
    location = options.record("user_location")
    return WebSearch(
        location=_strings(location, "approximate") if location else None,
        context_size=options.one_of("search_context_size", ("low", "medium", "high")),
    )


def _tool_choice(top: Record) -> ToolChoice | None:
    if isinstance(top.data.get("tool_choice"), str):
        return ToolChoice(top.word("tool_choice", _CHOICES))
    if (choice := top.record("tool_choice")) is None or _custom_choice(top):
        return None
    match choice.must(choice.text, "type"):
        case "function":
            function = choice.must(choice.record, "function")
            return ToolChoice("named", function.must(function.text, "name"))
        case "allowed_tools":
            allowed = choice.must(choice.record, "allowed_tools")
            tools = allowed.must(allowed.records, "tools")
            functions = [tool.must(tool.record, "function") for tool in tools]
            return ToolChoice(
                allowed.word("mode", _ALLOWED_MODES),
                names=tuple(function.must(function.text, "name") for function in functions),
            )
        case _:
            raise choice.bad("type", "must be one of function, allowed_tools, custom")


def _custom_choice(top: Record) -> list[Opaque]:
    """A choice that names custom tools, whole: those are OpenAI's own."""
    choice: JsonValue = top.data.get("tool_choice")
    match choice:
        case {"type": "custom"}:
            return [Opaque(OWNER, CUSTOM_CHOICES[0], choice)]
        case {"type": "allowed_tools", "allowed_tools": {"tools": [*tools]}}:
            custom = any(isinstance(tool, dict) and tool.get("type") == "custom" for tool in tools)
            return [Opaque(OWNER, CUSTOM_CHOICES[1], choice)] if custom else []
        case _:
            return []
