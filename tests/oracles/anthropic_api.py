"""Anthropic's Messages."""

import json
from dataclasses import dataclass, field
from typing import Any

import anthropic
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.beta.message_create_params import MessageCreateParams as BetaMessageCreateParams
from anthropic.types.message_create_params import MessageCreateParams

from tests.oracles.openapi import check_openapi
from tests.oracles.sdk_types import check_type
from tests.oracles.transport import arguments_problems, http_client, sse_json


def sdk_client(
    body: bytes, content_type: str = "text/event-stream", status: int = 200
) -> anthropic.Anthropic:
    """The real SDK, reading `body`."""
    transport = http_client("anthropic", body, content_type, status)
    return anthropic.Anthropic(api_key="x", base_url="http://test", http_client=transport, max_retries=0)


def check_anthropic_request(body: Any, beta: bool = False, spec: bool = True) -> list[str]:
    """A Messages request, of the stable or the beta API; `spec` also asks the OpenAPI document."""
    problems = check_type(BetaMessageCreateParams if beta else MessageCreateParams, body)
    schema = "BetaCreateMessageParams" if beta else "CreateMessageParams"
    problems += check_openapi("anthropic", schema, body) if spec else []
    return problems + ([] if beta else _unanswered_tools(body.get("messages") or []))


def _unanswered_tools(messages: list[Any]) -> list[str]:
    """A rule that no schema says: each tool_use is answered in the very next message."""
    problems: list[str] = []
    called: set[str] = set()
    for index, message in enumerate(messages):
        content = message.get("content") if isinstance(message, dict) else None
        blocks = [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
        answered = {block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"}
        where = f"$.messages[{index}]"
        if missing := called - answered:
            problems.append(f"{where}: tool_use without tool_result in the next message: {sorted(missing)}")
        if stray := answered - called:
            problems.append(f"{where}: tool_result for no tool_use of the message before: {stray}")
        called = {block["id"] for block in blocks if block.get("type") == "tool_use" and "id" in block}
    return problems


def check_anthropic_response(body: Any, spec: bool = True, nulls: bool = False) -> list[str]:
    """A whole message; `nulls` also wants the fields that the document calls required yet nullable."""
    documented = check_openapi("anthropic", "Message", body) if spec else []
    if not nulls:
        documented = [problem for problem in documented if not problem.endswith("is a required property")]
    return check_type(Message, body) + documented


def check_anthropic_error(status: int, body: Any) -> list[str]:
    """An error is what the SDK raises as its own."""
    problems = check_openapi("anthropic", "ErrorResponse", _specified(body))
    try:
        sdk_client(json.dumps(body).encode(), "application/json", status).models.list()
    except anthropic.APIStatusError:
        return problems
    return [*problems, f"the SDK raised nothing for {status}"]


def _specified(body: Any) -> Any:
    """`request_too_large` is in the API's reference and in its answers, yet not in the OpenAPI document."""
    error = body.get("error")
    if isinstance(error, dict) and error.get("type") == "request_too_large":
        return {**body, "error": {**error, "type": "invalid_request_error"}}
    return body


def anthropic_stream_final(stream: bytes) -> Message:
    """The answer as the SDK accumulates it."""
    messages: Any = [{"role": "user", "content": "x"}]
    with sdk_client(stream).messages.stream(model="m", max_tokens=1, messages=messages) as answer:
        return answer.get_final_message()


def check_anthropic_stream(stream: bytes) -> list[str]:
    """A whole stream."""
    problems: list[str] = []
    order = _EventOrder()
    for index, (name, data) in enumerate(sse_json(stream, problems)):
        kind = data.get("type")
        if name != kind:
            problems.append(f"event {index}: event name {name!r} != data.type {kind!r}")
        if kind == "error":
            problems.append(f"event {index}: error event {data.get('error')}")
        elif kind != "ping":
            problems += [f"event {index} {problem}" for problem in check_type(RawMessageStreamEvent, data)]
            problems += [f"event {index}: {problem}" for problem in order.see(data)]
    problems += order.end()
    try:
        anthropic_stream_final(stream)
    except Exception as error:
        problems.append(f"the SDK could not read the stream: {type(error).__name__}: {str(error)[:200]}")
    return problems


@dataclass
class _EventOrder:
    """The rules about events in sequence, which no schema says."""

    phase: str = "nothing"
    open_block: int | None = None
    inputs: list[str] = field(default_factory=list)  # of each block so far, "" where it is no tool

    def see(self, event: Any) -> list[str]:
        problems: list[str] = []
        match event:
            case {"type": "message_start"}:
                problems = self._advance("nothing", "message_start")
            case {"type": "content_block_start", "index": index}:
                problems = self._open(index)
            case {"type": "content_block_delta", "index": index, "delta": delta}:
                problems = self._in_block(index, "content_block_delta")
                if self.inputs and delta.get("type") == "input_json_delta":
                    self.inputs[-1] += delta.get("partial_json", "")
            case {"type": "content_block_stop", "index": index}:
                problems = self._in_block(index, "content_block_stop")
                self.open_block = None
            case {"type": "message_delta", "delta": delta}:
                problems = self._delta(delta)
            case {"type": "message_stop"}:
                problems = self._advance("message_delta", "message_stop")
        return problems

    def end(self) -> list[str]:
        cut = (
            [] if self.phase == "message_stop" else [f"stream ends after {self.phase}, without message_stop"]
        )
        return cut + [p for i in self.inputs if i for p in arguments_problems(i, "tool_use input_json")]

    def _advance(self, after: str, to: str) -> list[str]:
        problems = [] if self.phase == after else [f"{to} follows {self.phase}, not {after}"]
        self.phase = to
        return problems

    def _open(self, index: int) -> list[str]:
        problems = [] if self.phase == "message_start" else [f"a block starts after {self.phase}"]
        if self.open_block is not None:
            problems.append(f"block {index} starts while {self.open_block} is open")
        if index != len(self.inputs):
            problems.append(f"block index {index}, want {len(self.inputs)}")
        self.open_block = index
        self.inputs.append("")
        return problems

    def _in_block(self, index: int, kind: str) -> list[str]:
        return [] if index == self.open_block else [f"{kind} for block {index}, open is {self.open_block}"]

    def _delta(self, delta: Any) -> list[str]:
        problems = [] if self.open_block is None else [f"message_delta while block {self.open_block} is open"]
        if not delta.get("stop_reason"):
            problems.append("message_delta without stop_reason")
        self.phase = "message_delta"
        return problems
