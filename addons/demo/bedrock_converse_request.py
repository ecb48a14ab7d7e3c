"""AWS Bedrock's Converse requests: what they ask. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"""

from collections.abc import Iterator
from typing import Any

import orjson

from addons.demo import bedrock_shapes
from addons.demo.answer import Ask, Incoming, Rejected, Tool
from addons.demo.bedrock_conversation import check_conversation
from addons.demo.wire import Json, count, digest, dump, items, members, parse, text, words

MEDIA_TOKENS = 85
MEDIA = frozenset({"image", "document", "video", "audio"})


def read(request: Incoming) -> Ask:
    return ask_of(request, body_of(request), request.named["model"])


def read_streamed(request: Incoming) -> Ask:
    """For `converse-stream`: the path says it, the body does not."""
    return ask_of(request, body_of(request), request.named["model"], stream=True)


def body_of(request: Incoming) -> Json:
    """The request's JSON object."""
    try:
        body: Any = parse(request.body)
    except ValueError:
        raise Rejected("Could not parse the request body as JSON.", code="SerializationException") from None
    if not isinstance(body, dict):
        raise Rejected("Start of structure or map expected.", code="SerializationException")
    return members(body)  # pyright: ignore[reportUnknownArgumentType]


def ask_of(request: Incoming, body: Json, model: str, *, stream: bool = False) -> Ask:
    bedrock_shapes.check("bedrock-runtime", "ConverseRequest", body)
    messages = [members(message) for message in items(body.get("messages"))]
    check_conversation(body, messages)
    config, offered = members(body.get("inferenceConfig")), _tools(body)
    choice = members(members(body.get("toolConfig")).get("toolChoice"))
    native = members(body.get("additionalModelRequestFields"))
    schema = _schema(body)
    return Ask(
        model=model,
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(_last_said(messages),),
        stream=stream,
        messages=len(messages),
        system="\n".join(text(members(block).get("text")) for block in items(body.get("system"))),
        images=sum("image" in block for message in messages for block in _flat(message["content"])),
        tools=len(offered),
        choosable=tuple(tool for tool in offered if _named(choice) in (None, tool.name)),
        forced=bool({"any", "tool"} & set(choice)),
        parallel=members(native.get("tool_choice")).get("disable_parallel_tool_use") is not True,
        results=_results(messages),
        json=schema is not None,
        schema=schema or {},
        max_tokens=count(config.get("maxTokens")),
        stop=tuple(text(each) for each in items(config.get("stopSequences"))),
        tokens=max(1, sum(tokens for tokens, _ in _priced(body))),
        cacheable=cacheable(body)[0],
    )


def blocks(content: Any) -> list[Json]:
    return [members(block) for block in items(content)]


def _flat(content: Any) -> Iterator[Json]:
    """The blocks, and after a tool result those inside it."""
    for block in blocks(content):
        yield block
        yield from blocks(members(block.get("toolResult")).get("content"))


def _last_said(messages: list[Json]) -> str:
    """The last text of the user: a turn of tool results alone says nothing."""
    for message in reversed(messages):
        said = [text(block["text"]) for block in blocks(message["content"]) if "text" in block]
        if message["role"] == "user" and said:
            return "\n".join(said)
    return ""


def _results(messages: list[Json]) -> tuple[str, ...]:
    results = [
        members(block["toolResult"]) for block in blocks(messages[-1]["content"]) if "toolResult" in block
    ]
    return tuple("\n".join(filter(None, map(_told, blocks(result["content"])))) for result in results)


def _told(content: Json) -> str:
    return dump(content["json"]).decode() if "json" in content else text(content.get("text"))


def _tools(body: Json) -> tuple[Tool, ...]:
    listed = blocks(members(body.get("toolConfig")).get("tools"))
    specs = [members(each["toolSpec"]) for each in listed if "toolSpec" in each]
    return tuple(Tool(text(spec["name"]), members(members(spec["inputSchema"])["json"])) for spec in specs)


def _named(choice: Json) -> str | None:
    return text(members(choice["tool"])["name"]) if "tool" in choice else None


def _schema(body: Json) -> Json | None:
    """Of the structured output that is asked for; Converse takes it as JSON in a string."""
    structure = members(members(members(body.get("outputConfig")).get("textFormat")).get("structure"))
    if "jsonSchema" not in structure:
        return None
    try:
        schema: Any = orjson.loads(structure["jsonSchema"]["schema"])
    except ValueError:
        schema = None
    if not isinstance(schema, dict):
        where = "outputConfig.textFormat.structure.jsonSchema.schema"
        raise Rejected(f"The value at {where} is not a valid JSON schema.")
    return members(schema)  # pyright: ignore[reportUnknownArgumentType]


def cacheable(body: Json) -> tuple[int, str]:
    """How many tokens the last cache point covers, and for how long; none where there is no such point."""
    covered, total, ttl = 0, 0, "5m"
    for tokens, point in _priced(body):
        total += tokens
        if point:
            covered, ttl = total, text(point.get("ttl")) or "5m"
    return covered, ttl


def _priced(body: Json) -> Iterator[tuple[int, Json]]:
    """The tokens of each part of the prompt, in the order in which they are cached, and its cache point."""
    for tool in blocks(members(body.get("toolConfig")).get("tools")):
        schema = members(members(members(tool.get("toolSpec")).get("inputSchema")).get("json"))
        yield len(words(str(schema))) if schema else 0, members(tool.get("cachePoint"))
    for content in [body.get("system"), *(members(each)["content"] for each in items(body.get("messages")))]:
        for block in _flat(content):
            yield _tokens(block), members(block.get("cachePoint"))


def _tokens(block: Json) -> int:
    if MEDIA & set(block):
        return MEDIA_TOKENS
    if "toolUse" in block:
        return len(words(str(members(block["toolUse"])["input"])))
    return len(words(_told(block)))
