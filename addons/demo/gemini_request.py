"""Google's `generateContent` requests: what they ask. https://ai.google.dev/api/generate-content"""

from collections.abc import Callable, Iterator
from typing import Any

from addons.demo.answer import Ask, Incoming, Rejected
from addons.demo.gemini_conversation import check_conversation, check_parts
from addons.demo.gemini_fields import Api, Fields
from addons.demo.gemini_pictures import drawing
from addons.demo.gemini_tools import choosable, json_schema, tools_of
from addons.demo.wire import Json, count, digest, dump, items, members, parse, text, words

MEDIA_TOKENS = 258
RANGES: dict[str, tuple[float, float]] = {
    "candidateCount": (1, 8),
    "maxOutputTokens": (1, 65_536),
    "temperature": (0, 2),
    "topP": (0, 1),
    "topK": (1, 1000),
    "logprobs": (0, 20),
}
MOST_STOPS = 5
MIME_TYPES = ("text/plain", "application/json", "application/xml", "application/yaml", "text/x.enum")


def reader(api: Api, *, stream: bool) -> Callable[[Incoming], Ask]:
    """Of one of the two APIs, and one of its two methods."""
    fields = Fields(api)

    def read(request: Incoming) -> Ask:
        body = fields.read("GenerateContentRequest", body_of(request))
        return ask_of(request, body, api, stream=stream)

    return read


def body_of(request: Incoming) -> Json:
    """The request's JSON object."""
    try:
        body: Any = parse(request.body)
    except ValueError:
        raise Rejected("Invalid JSON payload received. Unexpected token.") from None
    if not isinstance(body, dict):
        raise Rejected("Invalid JSON payload received. Root element must be a message.")
    return members(body)  # pyright: ignore[reportUnknownArgumentType]


def ask_of(request: Incoming, body: Json, api: Api, *, stream: bool) -> Ask:
    contents = [members(content) for content in items(body.get("contents"))]
    check_conversation(contents, api)
    if "systemInstruction" in body:
        check_parts(members(body["systemInstruction"]), "system_instruction", api)
    config, offered = _checked(members(body.get("generationConfig"))), tools_of(body)
    left, forced = choosable(body, offered)
    draws, wordless = drawing(request.named["model"], contents, config)
    return Ask(
        model=request.named["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(_last_said(contents),) * (count(config.get("candidateCount")) or 1),
        stream=stream,
        sse=request.query.get("alt") == "sse",
        messages=len(contents),
        system=_text(members(body.get("systemInstruction"))),
        images=_pictures(contents),
        tools=len(offered),
        choosable=left,
        forced=forced,
        results=_results(contents[-1]),
        draws=draws,
        wordless=wordless,
        json=config.get("responseMimeType") == "application/json",
        schema=_schema(config),
        max_tokens=count(config.get("maxOutputTokens")),
        stop=tuple(text(each) for each in items(config.get("stopSequences"))),
        tokens=max(1, sum(_priced(body, contents))),
    )


def _checked(config: Json) -> Json:
    for field, (low, high) in RANGES.items():
        value = config.get(field)
        if value is not None and not low <= value <= high:
            said = (
                f"* GenerateContentRequest.generation_config.{field}: must be in the range [{low}, {high}]."
            )
            raise Rejected(said, f"generation_config.{field}")
    if len(items(config.get("stopSequences"))) > MOST_STOPS:
        said = f"* GenerateContentRequest.generation_config.stop_sequences: must be at most {MOST_STOPS}."
        raise Rejected(said, "generation_config.stop_sequences")
    if config.get("responseMimeType", "text/plain") not in MIME_TYPES:
        said = f"allowed mimetypes are {', '.join(MIME_TYPES)}."
        where = "generation_config.response_mime_type"
        raise Rejected(f"* GenerateContentRequest.{where}: {said}", where)
    _check_schemas(config)
    if "logprobs" in config and config.get("responseLogprobs") is not True:
        raise Rejected("logprobs needs response_logprobs to be true.", "generation_config.logprobs")
    thinking = members(config.get("thinkingConfig"))
    if "thinkingBudget" in thinking and "thinkingLevel" in thinking:
        said = "You can only set only one of thinking budget and thinking level."
        raise Rejected(said, "generation_config.thinking_config")
    return config


SCHEMAS = ("responseSchema", "responseJsonSchema", "_responseJsonSchema")


def _check_schemas(config: Json) -> None:
    given = [name for name in SCHEMAS if name in config]
    if len(given) > 1:
        said = "response_schema and response_json_schema must not both be set."
        raise Rejected(said, "generation_config.response_schema")
    if given and config.get("responseMimeType") not in ("application/json", "text/x.enum"):
        said = f"{given[0]} is only allowed when response_mime_type is `application/json`."
        raise Rejected(said, "generation_config.response_mime_type")


def _schema(config: Json) -> Json:
    if "responseSchema" in config:
        return json_schema(members(config["responseSchema"]), "generation_config.response_schema")
    return members(config.get("responseJsonSchema", config.get("_responseJsonSchema")))


def parts_of(content: Json) -> list[Json]:
    return [members(part) for part in items(content.get("parts"))]


def _text(content: Json) -> str:
    return "\n".join(text(part["text"]) for part in parts_of(content) if "text" in part)


def _mime_type(part: Json) -> str:
    """Of a file, in the part itself or in what a function answered."""
    return text(members(part.get("inlineData", part.get("fileData"))).get("mimeType"))


def _pictures(contents: list[Json]) -> int:
    parts = (part for content in contents for part in parts_of(content))
    return sum(_mime_type(part).startswith("image/") for part in parts)


def _last_said(contents: list[Json]) -> str:
    """The last text of the user: a turn of function responses alone says nothing."""
    said = (_text(content) for content in reversed(contents) if content.get("role") != "model")
    return next(filter(None, said), "")


def _results(content: Json) -> tuple[str, ...]:
    responses = [
        members(part["functionResponse"]) for part in parts_of(content) if "functionResponse" in part
    ]
    return tuple(_told(members(response["response"])) for response in responses)


def _told(response: Json) -> str:
    """What a function answered: `output` and `error` are Google's names for a plain text."""
    match response:
        case {"output": str() as said} | {"result": str() as said} | {"error": str() as said}:
            return said if len(response) == 1 else dump(response).decode()
        case _:
            return dump(response).decode()


def _priced(body: Json, contents: list[Json]) -> Iterator[int]:
    """The tokens of each part of the prompt."""
    for tool in [members(tool) for tool in items(body.get("tools"))]:
        for declared in [members(each) for each in items(tool.get("functionDeclarations"))]:
            yield len(words(str(declared.get("parameters", declared.get("parametersJsonSchema", "")))))
    for content in [members(body.get("systemInstruction")), *contents]:
        for part in parts_of(content):
            yield MEDIA_TOKENS if _mime_type(part) else len(words(text(part.get("text"))))
            yield len(words(str(members(part.get("functionCall")).get("args", ""))))
            yield len(words(str(members(part.get("functionResponse")).get("response", ""))))
