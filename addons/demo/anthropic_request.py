"""Anthropic's requests: what they ask, and the rules that the real API holds them to."""

from collections.abc import Iterator
from typing import Any

from addons.demo.answer import Ask, Incoming, Rejected, Tool
from addons.demo.wire import Json, count, digest, items, members, parse, text, words

IMAGE_TOKENS = 85


def read(request: Incoming) -> Ask:
    return ask_of(request, checked(body_of(request), "max_tokens", "messages"))


def read_for_count(request: Incoming) -> Ask:
    """For `count_tokens`, which needs no `max_tokens`."""
    return ask_of(request, checked(body_of(request), "messages"))


def ask_of(request: Incoming, body: Json) -> Ask:
    turns = [members(turn) for turn in items(body["messages"])]
    offered = _tools(body)
    choice = members(body.get("tool_choice"))
    output = members(body.get("output_config")).get("format", body.get("output_format"))
    return Ask(
        model=body["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(_last_said(turns),),
        stream=body.get("stream") is True,
        messages=len(turns),
        system="\n".join(text(block.get("text")) for block in blocks(body.get("system"))),
        images=sum(block.get("type") == "image" for turn in turns for block in _flat(turn.get("content"))),
        tools=len(offered),
        choosable=_choosable(choice, offered),
        forced=choice.get("type") in ("any", "tool"),
        parallel=choice.get("disable_parallel_tool_use") is not True,
        results=_results(turns),
        json=members(output).get("type") == "json_schema",
        schema=members(members(output).get("schema")),
        max_tokens=count(body.get("max_tokens")),
        stop=tuple(text(each) for each in items(body.get("stop_sequences"))),
        tokens=max(1, sum(tokens for tokens, _ in _priced(body))),
        cacheable=cacheable(body)[0],
    )


def blocks(content: Any) -> list[Json]:
    """Content as blocks, where a plain text may stand for one."""
    return (
        [{"type": "text", "text": content}]
        if isinstance(content, str)
        else [members(b) for b in items(content)]
    )


def _flat(content: Any) -> Iterator[Json]:
    """The blocks, and after a tool result those inside it."""
    for block in blocks(content):
        yield block
        if block.get("type") == "tool_result":
            yield from blocks(block.get("content"))


def body_of(request: Incoming) -> Json:
    """The request's JSON; nothing where it is no object, so that what is missing is named."""
    try:
        return members(parse(request.body))
    except ValueError:
        raise Rejected("The request body is not valid JSON") from None


def checked(body: Json, *required: str) -> Json:
    """The body, if it is what the API takes."""
    for field, kind, named in (
        ("model", str, "string"),
        ("max_tokens", int, "integer"),
        ("messages", list, "list"),
    ):
        if body.get(field) is None and field in ("model", *required):
            raise Rejected(f"{field}: Field required")
        if body.get(field) is not None and not isinstance(body[field], kind):
            raise Rejected(f"{field}: Input should be a valid {named}")
    if (body.get("max_tokens") or 0) < 1 and "max_tokens" in required:
        raise Rejected("max_tokens: Input should be greater than or equal to 1")
    temperature = body.get("temperature")
    if isinstance(temperature, int | float) and not 0 <= temperature <= 1:
        raise Rejected(f"temperature: range: {'0..1'}")
    _check_turns([members(turn) for turn in items(body["messages"])])
    return body


def _check_turns(turns: list[Json]) -> None:
    """The rules of a conversation that no schema says."""
    if not turns:
        raise Rejected("messages: at least one message is required")
    called: list[str] = []
    for number, turn in enumerate(turns):
        if turn.get("role") not in ("user", "assistant", "system"):
            raise Rejected(f"messages.{number}.role: Input should be 'user' or 'assistant'")
        content = blocks(turn.get("content"))
        if not content and (turn["role"] == "user" or number < len(turns) - 1):
            raise Rejected(f"messages.{number}: all messages must have non-empty content")
        answered = [text(each.get("tool_use_id")) for each in content if each.get("type") == "tool_result"]
        if unknown := [each for each in answered if each not in called]:
            raise Rejected(
                f"messages.{number}.content: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{', '.join(unknown)}. Each `tool_result` block must have a corresponding `tool_use` "
                "block in the previous message."
            )
        if missing := [each for each in called if each not in answered]:
            raise Rejected(
                f"messages.{number - 1}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(missing)}."
            )
        called = [text(each.get("id")) for each in content if each.get("type") == "tool_use"]


def _last_said(turns: list[Json]) -> str:
    """The last text of the user: a turn of tool results alone says nothing."""
    for turn in reversed(turns):
        said = [
            text(block.get("text")) for block in blocks(turn.get("content")) if block.get("type") == "text"
        ]
        if turn["role"] == "user" and said:
            return "\n".join(said)
    return ""


def _results(turns: list[Json]) -> tuple[str, ...]:
    answered = [block for block in blocks(turns[-1].get("content")) if block.get("type") == "tool_result"]
    return tuple(
        "\n".join(
            text(inner.get("text")) for inner in blocks(block.get("content")) if inner.get("type") == "text"
        )
        for block in answered
    )


def _tools(body: Json) -> tuple[Tool, ...]:
    """The client's own tools; those that Anthropic runs have no schema."""
    offered = [members(tool) for tool in items(body.get("tools"))]
    return tuple(
        Tool(text(each.get("name")), members(each["input_schema"]))
        for each in offered
        if "input_schema" in each
    )


def _choosable(choice: Json, offered: tuple[Tool, ...]) -> tuple[Tool, ...]:
    named = choice.get("name") if choice.get("type") == "tool" else None
    return (
        () if choice.get("type") == "none" else tuple(tool for tool in offered if named in (None, tool.name))
    )


def cacheable(body: Json) -> tuple[int, str]:
    """How many tokens the last cache hint covers, and for how long; none where there is no hint."""
    covered, total, ttl = 0, 0, "5m"
    for tokens, hint in _priced(body):
        total += tokens
        if hint:
            covered, ttl = total, text(hint.get("ttl")) or "5m"
    return covered, ttl


def _priced(body: Json) -> Iterator[tuple[int, Json]]:
    """The tokens of each part of the prompt, in the order in which they are cached, and its cache hint."""
    for tool in [members(tool) for tool in items(body.get("tools"))]:
        yield len(words(str(tool.get("input_schema", "")))), members(tool.get("cache_control"))
    for content in [body.get("system"), *(members(turn).get("content") for turn in items(body["messages"]))]:
        for block in _flat(content):
            yield _tokens(block), members(block.get("cache_control"))


def _tokens(block: Json) -> int:
    match block:
        case {"type": "image" | "document"}:
            return IMAGE_TOKENS
        case {"type": "tool_use", "input": arguments}:
            return len(words(str(arguments)))
        case _:
            return len(words(text(block.get("text"))))
