"""OpenAI's chat completion requests: what they ask, and the rules that the real API holds them to."""

from typing import Any

from addons.demo.answer import Ask, Incoming, Rejected, Tool
from addons.demo.openai_request import body_of, check_sampling, limit_of, optional, require, stops_of
from addons.demo.wire import Json, count, digest, items, members, text, words

IMAGE_TOKENS = 85
ROLES = ("system", "developer", "user", "assistant", "tool", "function")
STRAY_RESULT = (
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
    "with 'tool_calls'."
)
UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
    "'tool_call_id'. The following tool_call_ids did not have response messages: {ids}"
)


def read(request: Incoming) -> Ask:
    body = optional(check_sampling(require(body_of(request), "messages", list)), "tools", list)
    messages = [members(message) for message in items(body["messages"])]
    check_conversation(messages)
    offered = _tools(body)
    system = "\n".join(_text(message) for message in messages if message["role"] in ("system", "developer"))
    said = [message for message in messages if message["role"] == "user"]
    return Ask(
        model=body["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(_text(said[-1]) if said else "",) * (count(body.get("n")) or 1),
        stream=body.get("stream") is True,
        messages=len(messages),
        system=system,
        images=sum(_images(message) for message in messages),
        tools=len(offered),
        choosable=_choosable(body.get("tool_choice"), offered),
        forced=body.get("tool_choice") not in (None, "auto", "none"),
        parallel=body.get("parallel_tool_calls") is not False,
        results=_results(messages),
        max_tokens=limit_of(body, "max_completion_tokens", "max_tokens"),
        stop=stops_of(body),
        tokens=_tokens(messages, offered),
        **_format(members(body.get("response_format"))),
    )


def check_conversation(messages: list[Json]) -> None:
    """The rules of a conversation that no schema says."""
    if not messages:
        told = "Invalid 'messages': empty array. Expected an array with minimum length 1."
        raise Rejected(told, "messages", "empty_array")
    unanswered: set[str] = set()
    for number, message in enumerate(messages):
        role = text(message.get("role"))
        if role not in ROLES:
            told = f"Invalid value: '{role}'. Supported values are: {', '.join(map(repr, ROLES))}."
            raise Rejected(told, f"messages[{number}].role", "invalid_value")
        if role == "tool" and text(message.get("tool_call_id")) not in unanswered:
            raise Rejected(STRAY_RESULT, f"messages.[{number}].role")
        if role == "tool":
            unanswered.discard(text(message["tool_call_id"]))
        elif unanswered:
            raise Rejected(UNANSWERED.format(ids=", ".join(sorted(unanswered))), "messages")
        unanswered |= {text(members(call).get("id")) for call in items(message.get("tool_calls"))}
    if unanswered:
        raise Rejected(UNANSWERED.format(ids=", ".join(sorted(unanswered))), "messages")


def _parts(message: Json) -> list[Json]:
    content = message.get("content")
    return (
        [{"type": "text", "text": content}]
        if isinstance(content, str)
        else [members(p) for p in items(content)]
    )


def _text(message: Json) -> str:
    return "\n".join(text(part.get("text")) for part in _parts(message) if part.get("type") == "text")


def _images(message: Json) -> int:
    return sum(part.get("type") == "image_url" for part in _parts(message))


def _results(messages: list[Json]) -> tuple[str, ...]:
    """The tool messages at the end."""
    ended = next(
        (n for n, message in enumerate(reversed(messages)) if message["role"] != "tool"), len(messages)
    )
    return tuple(_text(message) for message in messages[len(messages) - ended :])


def _tools(body: Json) -> tuple[Tool, ...]:
    functions = [members(members(tool).get("function")) for tool in items(body.get("tools"))]
    return tuple(Tool(text(each.get("name")), members(each.get("parameters"))) for each in functions if each)


def _choosable(choice: Any, offered: tuple[Tool, ...]) -> tuple[Tool, ...]:
    named = members(members(choice).get("function")).get("name")
    return () if choice == "none" else tuple(tool for tool in offered if named in (None, tool.name))


def _format(wanted: Json) -> Any:
    schema = members(members(wanted.get("json_schema")).get("schema"))
    return {"json": wanted.get("type") in ("json_object", "json_schema"), "schema": schema}


def _tokens(messages: list[Json], tools: tuple[Tool, ...]) -> int:
    said = sum(len(words(_text(message))) + IMAGE_TOKENS * _images(message) for message in messages)
    called = sum(
        len(words(text(members(members(call).get("function")).get("arguments"))))
        for message in messages
        for call in items(message.get("tool_calls"))
    )
    return max(1, said + called + sum(len(words(str(tool.schema))) for tool in tools))
