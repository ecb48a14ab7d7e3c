"""OpenAI's requests for responses: what they ask. Nothing is stored: each brings its whole conversation."""

from typing import Any

from addons.demo.answer import Ask, Incoming, Rejected, Tool
from addons.demo.openai_request import body_of, check_sampling, limit_of, optional, require
from addons.demo.wire import Json, digest, items, members, text, words

IMAGE_TOKENS = 85
COUNTED = frozenset(
    {"conversation", "input", "instructions", "model", "parallel_tool_calls", "personality", "text"}
    | {"previous_response_id", "reasoning", "tool_choice", "tools", "truncation"}
)
TEXTS = ("input_text", "output_text", "text")


def read(request: Incoming) -> Ask:
    body = optional(check_sampling(require(body_of(request), "input", str, list)), "tools", list)
    if body.get("previous_response_id"):
        stated = f"Previous response with id '{body['previous_response_id']}' not found."
        raise Rejected(stated, "previous_response_id", "previous_response_not_found")
    entries = _entries(body["input"])
    said = [entry for entry in entries if entry.get("role") == "user"]
    offered = _tools(body)
    return Ask(
        model=body["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(_text(said[-1]) if said else "",),
        stream=body.get("stream") is True,
        messages=len(entries),
        system=_system(body, entries),
        images=sum(_images(entry) for entry in entries),
        tools=len(offered),
        choosable=_choosable(body.get("tool_choice"), offered),
        forced=body.get("tool_choice") not in (None, "auto", "none"),
        parallel=body.get("parallel_tool_calls") is not False,
        results=_results(entries),
        max_tokens=limit_of(body, "max_output_tokens"),
        tokens=_tokens(body, entries, offered),
        **_format(members(members(body.get("text")).get("format"))),
    )


def read_for_count(request: Incoming) -> Ask:
    """Of `input_tokens`, which takes nothing that has no part in the count."""
    for name in body_of(request):
        if name not in COUNTED:
            raise Rejected(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    return read(request)


def _entries(given: Any) -> list[Json]:
    return (
        [{"role": "user", "content": given}]
        if isinstance(given, str)
        else [members(each) for each in items(given)]
    )


def _parts(entry: Json) -> list[Json]:
    content = entry.get("output") if entry.get("type") == "function_call_output" else entry.get("content")
    return (
        [{"type": "text", "text": content}]
        if isinstance(content, str)
        else [members(p) for p in items(content)]
    )


def _text(entry: Json) -> str:
    return "\n".join(text(part.get("text")) for part in _parts(entry) if part.get("type") in TEXTS)


def _images(entry: Json) -> int:
    return sum(part.get("type") == "input_image" for part in _parts(entry))


def _system(body: Json, entries: list[Json]) -> str:
    told = [_text(entry) for entry in entries if entry.get("role") in ("system", "developer")]
    return "\n".join([text(body.get("instructions")), *told]).strip()


def _results(entries: list[Json]) -> tuple[str, ...]:
    """The outputs of functions at the end."""
    outputs: list[str] = []
    for entry in reversed(entries):
        if entry.get("type") != "function_call_output":
            break
        outputs.insert(0, _text(entry))
    return tuple(outputs)


def _tools(body: Json) -> tuple[Tool, ...]:
    offered = [members(tool) for tool in items(body.get("tools"))]
    return tuple(
        Tool(text(each.get("name")), members(each.get("parameters")))
        for each in offered
        if each.get("type") == "function"
    )


def _choosable(choice: Any, offered: tuple[Tool, ...]) -> tuple[Tool, ...]:
    named = members(choice).get("name")
    return () if choice == "none" else tuple(tool for tool in offered if named in (None, tool.name))


def _format(wanted: Json) -> Any:
    schema = members(wanted.get("schema"))
    return {"json": wanted.get("type") in ("json_object", "json_schema"), "schema": schema}


def _tokens(body: Json, entries: list[Json], tools: tuple[Tool, ...]) -> int:
    said = sum(len(words(_text(entry))) + IMAGE_TOKENS * _images(entry) for entry in entries)
    called = sum(len(words(text(entry.get("arguments")))) for entry in entries)
    told = len(words(text(body.get("instructions"))))
    return max(1, said + called + told + sum(len(words(str(tool.schema))) for tool in tools))
