"""Anthropic's messages: the answers. https://docs.anthropic.com/en/api/messages"""

import base64
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import orjson

from addons.demo.answer import Answer, Ask, Choice, Content, Endpoint, Failure, Finish, Frames, Usage
from addons.demo.anthropic_request import cacheable, read, read_for_count
from addons.demo.signature import signature
from addons.demo.wire import Json, dump, sse, words

FINISHES: dict[Finish, str] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tools": "tool_use",
    "refusal": "refusal",
}
ERRORS: dict[int, tuple[str, str]] = {
    400: ("invalid_request_error", "Invalid request"),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "model: {model}"),
    405: ("invalid_request_error", "Method Not Allowed"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    422: ("invalid_request_error", "The request cannot be processed"),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit."),
    500: ("api_error", "Internal server error"),
    502: ("api_error", "Bad gateway"),
    503: ("api_error", "Service unavailable"),
    529: ("overloaded_error", "Overloaded"),
}
"""Status -> type, message. https://docs.anthropic.com/en/api/errors"""


def headers(digest: str) -> list[tuple[str, str]]:
    return [("request-id", f"req_{digest}"), ("anthropic-organization-id", "demo")]


def error(failure: Failure, digest: str) -> Content:
    return Content(dump({**_error(failure), "request_id": f"req_{digest}"}))


def _error(failure: Failure) -> Json:
    kind, message = ERRORS[failure.status]
    said = failure.message or message.format(model=failure.model)
    return {"type": "error", "error": {"type": kind, "message": said}}


def write(ask: Ask, answer: Answer) -> Content:
    choice = answer.choices[0]
    content = [block for block, _ in _blocks(choice)]
    finish = {} if ask.model == "no-finish" else _ended(choice)
    return Content(dump(_message(ask, content, _usage(ask, answer.usage)) | finish))


def write_count(ask: Ask, _answer: Answer) -> Content:
    return Content(dump({"input_tokens": ask.tokens}))


def _message(ask: Ask, content: list[Json], usage: Json) -> Json:
    return {
        "id": f"msg_{ask.digest}",
        "type": "message",
        "role": "assistant",
        "model": ask.model,
        "content": content,
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "usage": usage,
    }


def _ended(choice: Choice) -> Json:
    details = {"type": "refusal", "category": None, "explanation": choice.refusal} if choice.refusal else None
    reason = FINISHES[choice.finish]
    return {"stop_reason": reason, "stop_sequence": choice.stop_sequence, "stop_details": details}


def _usage(ask: Ask, used: Usage) -> Json:
    long_lived = cacheable(ask.body)[1] == "1h"
    return {
        "input_tokens": used.input - used.cache_read - used.cache_write,
        "cache_creation_input_tokens": used.cache_write,
        "cache_read_input_tokens": used.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": 0 if long_lived else used.cache_write,
            "ephemeral_1h_input_tokens": used.cache_write if long_lived else 0,
        },
        "output_tokens": used.output,
        "output_tokens_details": {"thinking_tokens": used.thinking},
        "server_tool_use": None,
        "service_tier": "standard",
        "inference_geo": None,
    }


def _blocks(choice: Choice) -> Iterator[tuple[Json, list[Json]]]:
    """Each block of the answer: whole, and as the deltas that stream it."""
    if choice.thinking:
        signed = signature("thinking", choice.thinking)
        thought = [{"type": "thinking_delta", "thinking": word} for word in words(choice.thinking)]
        block = {"type": "thinking", "thinking": choice.thinking, "signature": signed}
        yield block, [*thought, {"type": "signature_delta", "signature": signed}]
    if choice.redacted:
        yield {"type": "redacted_thinking", "data": base64.b64encode(choice.redacted.encode()).decode()}, []
    if choice.text:
        spoken = [{"type": "text_delta", "text": word} for word in words(choice.text)]
        yield {"type": "text", "text": choice.text, "citations": None}, spoken
    for call in choice.calls:
        fragments = ("", *call.fragments())
        deltas = [{"type": "input_json_delta", "partial_json": fragment} for fragment in fragments]
        yield _tool_use(call.id, call.name, orjson.loads(call.arguments)), deltas


def _tool_use(id: str, name: str, arguments: Any) -> Json:
    return {
        "type": "tool_use",
        "id": f"toolu_{id}",
        "name": name,
        "input": arguments,
        "caller": {"type": "direct"},
    }


EMPTY: dict[str, Json] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    "tool_use": {"input": {}},
    "redacted_thinking": {},
}
"""What a streamed block starts without."""


def stream(ask: Ask, answer: Answer) -> Frames:
    return Frames(
        head=map(event, chain(started(ask, answer), [{"type": "ping"}])),
        content=map(event, said(answer)),
        tail=map(event, ended(ask, answer)),
        error=lambda: event(_error(Failure(529))),
    )


def started(ask: Ask, answer: Answer) -> Iterator[Json]:
    usage = {**_usage(ask, answer.usage), "output_tokens": 1, "output_tokens_details": None}
    yield {"type": "message_start", "message": _message(ask, [], usage)}


def said(answer: Answer) -> Iterator[Json]:
    for index, (block, deltas) in enumerate(_blocks(answer.choices[0])):
        empty = block | EMPTY[block["type"]]
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}


def ended(ask: Ask, answer: Answer) -> Iterator[Json]:
    delta = {**_ended(answer.choices[0]), "container": None}
    unsaid = ("cache_creation", "service_tier", "inference_geo")
    total = {key: value for key, value in _usage(ask, answer.usage).items() if key not in unsaid}
    yield {"type": "message_delta", "delta": delta, "usage": total}
    yield {"type": "message_stop"}


def event(data: Json) -> bytes:
    return sse(data, data["type"].encode())


ENDPOINTS = (
    Endpoint(
        path=re.compile("/v1/messages"), read=read, write=write, stream=stream, error=error, headers=headers
    ),
    Endpoint(
        path=re.compile("/v1/messages/count_tokens"),
        read=read_for_count,
        write=write_count,
        error=error,
        headers=headers,
    ),
)
