"""The judges themselves: each accepts what is right and refuses what is broken."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from openai.types.responses.response_usage import InputTokensDetails

from tests import oracles

GONE = object()
Change = tuple[str, Any]


def changed(value: Any, *changes: Change) -> Any:
    """A copy in which each dotted path has another value, or is `GONE`."""
    value = copy.deepcopy(value)
    for path, new in changes:
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        target = value
        for key in parents:
            target = target[key]
        if new is GONE:
            del target[last]
        else:
            target[last] = new
    return value


def sse(events: list[Any], named: bool = False, done: bool = False) -> bytes:
    frames = [
        (f"event: {event['type']}\n" if named else "") + f"data: {json.dumps(event)}\n\n" for event in events
    ]
    return ("".join(frames) + ("data: [DONE]\n\n" if done else "")).encode()


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
CHAT_REQUEST = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c", "content": "r"},
    ],
    "tools": [TOOL],
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_tokens": 5,
}
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
CHAT_MESSAGE = {"role": "assistant", "content": None, "refusal": None, "tool_calls": [CALL]}
CHAT_RESPONSE = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "logprobs": None, "finish_reason": "tool_calls", "message": CHAT_MESSAGE}],
    "usage": USAGE,
}


def chunk(delta: Any, finish: str | None = None) -> Any:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


CHUNKS = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "a"}),
    chunk({"tool_calls": [{"index": 0, **CALL, "function": {"name": "f", "arguments": ""}}]}),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}),
    chunk({}, "tool_calls"),
    {**chunk({}), "choices": [], "usage": USAGE},
]
EMBEDDINGS = {
    "object": "list",
    "model": "m",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}],
    "usage": {"prompt_tokens": 1, "total_tokens": 1},
}
COMPLETION = {
    "id": "c",
    "object": "text_completion",
    "created": 1,
    "model": "m",
    "choices": [{"text": "t", "index": 0, "logprobs": None, "finish_reason": "stop"}],
}
RESPONSES_REQUEST = {
    "model": "m",
    "input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}],
    "store": False,
}
OUTPUT = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "x", "annotations": []}],
}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "m",
    "output": [OUTPUT],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 1,
        "output_tokens": 1,
        "total_tokens": 2,
        "input_tokens_details": {
            name: 0 for name, field in InputTokensDetails.model_fields.items() if field.is_required()
        },
        "output_tokens_details": {"reasoning_tokens": 0},
    },
}
PART = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
RESPONSE_EVENTS = [
    {**event, "sequence_number": number}
    for number, event in enumerate(
        [
            {"type": "response.created", "response": {**RESPONSE, "status": "in_progress", "output": []}},
            {"type": "response.output_item.added", "output_index": 0, "item": {**OUTPUT, "content": []}},
            {"type": "response.content_part.added", **PART, "part": {**OUTPUT["content"][0], "text": ""}},
            {"type": "response.output_text.delta", **PART, "delta": "x", "logprobs": []},
            {"type": "response.output_text.done", **PART, "text": "x", "logprobs": []},
            {"type": "response.content_part.done", **PART, "part": OUTPUT["content"][0]},
            {"type": "response.output_item.done", "output_index": 0, "item": OUTPUT},
            {"type": "response.completed", "response": RESPONSE},
        ]
    )
]
MESSAGES_REQUEST = {
    "model": "m",
    "max_tokens": 9,
    "messages": [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "r"}]},
    ],
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "auto"},
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "x"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
TOOL_USE = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
MESSAGE_EVENTS = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": TOOL_USE},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "input_json_delta", "partial_json": "{}"},
    },
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}},
    {"type": "message_stop"},
]

JSON_CASES: list[tuple[Callable[[Any], list[str]], Any, list[Change]]] = [
    (
        oracles.check_openai_chat_request,
        CHAT_REQUEST,
        [
            ("max_token", 5),
            ("max_tokens", "5"),
            ("messages.3.tool_call_id", GONE),
            ("tools.0.function.schema", {}),
        ],
    ),
    (
        oracles.check_openai_chat_response,
        CHAT_RESPONSE,
        [
            ("choices.0.finish_reason", "end_turn"),
            ("created", "now"),
            ("choices.0.message.role", GONE),
            ("usage.total_tokens", 9),
            ("choices.0.message.tool_calls.0.function.arguments", {"a": 1}),
        ],
    ),
    (
        oracles.check_openai_chat_chunk,
        CHUNKS[0],
        [("object", "chat.completion"), ("choices.0.text", "x"), ("choices.0.delta", GONE)],
    ),
    (
        oracles.check_openai_embeddings_response,
        EMBEDDINGS,
        [("data.0.index", "0"), ("usage", GONE), ("data.0.vector", [1])],
    ),
    (
        oracles.check_openai_completion_response,
        COMPLETION,
        [("choices.0.text", GONE), ("choices.0.message", {}), ("object", "chat.completion")],
    ),
    (
        oracles.check_openai_responses_request,
        RESPONSES_REQUEST,
        [("max_tokens", 5), ("input.0.content.0.text", GONE), ("store", "no")],
    ),
    (
        oracles.check_openai_responses_response,
        RESPONSE,
        [("output.0.content.0.type", "text"), ("output", GONE), ("usage.prompt_tokens", 1)],
    ),
    (
        oracles.check_anthropic_request,
        MESSAGES_REQUEST,
        [
            ("max_tokens", GONE),
            ("tools.0.parameters", {}),
            ("tool_choice", "auto"),
            ("messages.1.role", "tool"),
            ("messages.2.content.0.tool_use_id", "zz"),
        ],
    ),
    (
        oracles.check_anthropic_response,
        MESSAGE,
        [("stop_reason", "stop"), ("content.0.text", 5), ("usage", GONE), ("usage.prompt_tokens", 1)],
    ),
    (
        lambda body: oracles.check_openai_error(429, body),
        {"error": {"message": "m", "type": "t", "param": None, "code": None}},
        [("error", "m"), ("error.message", GONE)],
    ),
    (
        lambda body: oracles.check_anthropic_error(429, body),
        {"type": "error", "error": {"type": "rate_limit_error", "message": "m"}, "request_id": None},
        [("type", GONE), ("error.message", GONE)],
    ),
]


@pytest.mark.parametrize(("check", "good", "changes"), JSON_CASES)
def test_json(check: Callable[[Any], list[str]], good: Any, changes: list[Change]) -> None:
    assert check(good) == []
    for change in changes:
        assert check(changed(good, change)), change


def test_openai_stream() -> None:
    broken_arguments = changed(CHUNKS, ("3.choices.0.delta.tool_calls.0.function.arguments", "{"))
    assert oracles.check_openai_stream(sse(CHUNKS, done=True), include_usage=True) == []
    assert oracles.check_openai_stream(sse(CHUNKS, done=True), include_usage=False)
    assert oracles.check_openai_stream(sse(CHUNKS))
    assert oracles.check_openai_stream(sse(CHUNKS[:4] + CHUNKS[5:], done=True))
    assert oracles.check_openai_stream(sse(broken_arguments, done=True))
    assert oracles.check_openai_stream(sse(CHUNKS, done=True)[:-1])


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
def test_openai_stream_finishes(reason: str) -> None:
    stream = sse([chunk({"role": "assistant", "content": "a"}), chunk({}, reason)], done=True)
    assert oracles.check_openai_stream(stream, include_usage=False) == []
    assert oracles.check_openai_stream(stream.replace(reason.encode(), b"max_tokens"))


def test_openai_responses_stream() -> None:
    assert oracles.check_openai_responses_stream(sse(RESPONSE_EVENTS, named=True)) == []
    assert oracles.check_openai_responses_stream(sse(RESPONSE_EVENTS))
    assert oracles.check_openai_responses_stream(sse(RESPONSE_EVENTS[:-1], named=True))
    assert oracles.check_openai_responses_stream(sse(RESPONSE_EVENTS[:2] + RESPONSE_EVENTS[3:], named=True))


def test_anthropic_stream() -> None:
    assert oracles.check_anthropic_stream(sse(MESSAGE_EVENTS, named=True)) == []
    assert oracles.check_anthropic_stream(sse(MESSAGE_EVENTS))
    for change in [
        ("5", GONE),
        ("3", GONE),
        ("2.delta.partial_json", "{"),
        ("4.delta.stop_reason", "tool_calls"),
    ]:
        assert oracles.check_anthropic_stream(sse(changed(MESSAGE_EVENTS, change), named=True)), change
