"""OpenAI's responses: the answers. https://platform.openai.com/docs/api-reference/responses"""

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from addons.demo import openai_errors
from addons.demo.answer import Answer, Ask, Choice, Content, Endpoint, Failure, Frames, Usage
from addons.demo.openai_request import headers
from addons.demo.openai_responses_request import read, read_for_count
from addons.demo.wire import CREATED, Json, dump, members, sse, words

ECHOED: Json = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
"""Parts of the request that the answer repeats, and their defaults."""


def write(ask: Ask, answer: Answer) -> Content:
    status = "in_progress" if ask.model == "no-finish" else _status(answer)
    return Content(dump(_response(ask, status, items(ask, answer), answer.usage)))


def write_count(ask: Ask, _answer: Answer) -> Content:
    return Content(dump({"object": "response.input_tokens", "input_tokens": ask.tokens}))


def _status(answer: Answer) -> str:
    return "incomplete" if answer.choices[0].finish == "length" else "completed"


def _response(ask: Ask, status: str, output: list[Json], used: Usage | None = None) -> Json:
    given = {key: ask.body[key] for key in ECHOED if ask.body.get(key) is not None}
    return {
        "id": f"resp_{ask.digest}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "model": ask.model,
        "output": output,
        **ECHOED,
        **given,
        "tools": [_tool(members(tool)) for tool in given.get("tools", [])],
        "service_tier": "default",
        "usage": _usage(used) if used else None,
    }


def _tool(tool: Json) -> Json:
    return {"parameters": None, "strict": True, "description": None, **tool} if "name" in tool else tool


def _usage(used: Usage) -> Json:
    return {
        "input_tokens": used.input,
        "input_tokens_details": {"cached_tokens": used.cache_read, "cache_write_tokens": used.cache_write},
        "output_tokens": used.output,
        "output_tokens_details": {"reasoning_tokens": used.thinking},
        "total_tokens": used.input + used.output,
    }


def items(ask: Ask, answer: Answer) -> list[Json]:
    """The finished items of the answer, in their order."""
    choice = answer.choices[0]
    said = [_message(ask, choice)] if choice.text or choice.refusal or not choice.calls else []
    thought = [_reasoning(ask, choice)] if choice.thinking or choice.redacted else []
    return [*thought, *said, *(_function_call(call.id, call.name, call.arguments) for call in choice.calls)]


def _reasoning(ask: Ask, choice: Choice) -> Json:
    summary = [{"type": "summary_text", "text": choice.thinking}] if choice.thinking else []
    return {"id": f"rs_{ask.digest}", "type": "reasoning", "summary": summary}


def _message(ask: Ask, choice: Choice) -> Json:
    said: Json = {"type": "output_text", "text": choice.text, "annotations": [], "logprobs": []}
    return {
        "id": f"msg_{ask.digest}",
        "type": "message",
        "role": "assistant",
        "status": "incomplete" if choice.finish == "length" else "completed",
        "content": [{"type": "refusal", "refusal": choice.refusal} if choice.refusal else said],
    }


def _function_call(id: str, name: str, arguments: str) -> Json:
    called = {"call_id": f"call_{id}", "name": name, "arguments": arguments, "status": "completed"}
    return {"id": f"fc_{id}", "type": "function_call", **called}


class _Stream:
    """The events of one answer; it numbers them."""

    def __init__(self, ask: Ask, answer: Answer) -> None:
        self._ask, self._answer = ask, answer
        self._numbers = count()

    def head(self) -> Iterator[bytes]:
        for kind in ("created", "in_progress"):
            yield self._event(f"response.{kind}", response=_response(self._ask, "in_progress", []))

    def content(self) -> Iterator[bytes]:
        for index, item in enumerate(items(self._ask, self._answer)):
            yield from self._item(index, item)

    def tail(self) -> Iterator[bytes]:
        status = _status(self._answer)
        ended = _response(self._ask, status, items(self._ask, self._answer), self._answer.usage)
        yield self._event(f"response.{status}", response=ended)

    def error(self) -> bytes:
        error = openai_errors.body(Failure(500))["error"]
        said = {"code": error["code"] or error["type"], "message": error["message"], "param": None}
        return self._event("error", **said)

    def _event(self, type: str, **members: Any) -> bytes:
        return sse({"type": type, "sequence_number": next(self._numbers), **members}, type.encode())

    def _item(self, index: int, item: Json) -> Iterator[bytes]:
        at: Json = {"item_id": item["id"], "output_index": index}
        opened: Json = {"content": []}
        match item:
            case {"type": "function_call", "arguments": str(arguments)}:
                opened = {"arguments": ""}
                inside = self._arguments(at, arguments)
            case {"type": "reasoning"}:
                opened = {"summary": []}
                inside = self._summary(at, item["summary"])
            case _:
                inside = self._said(at, item["content"][0])
        status = {"status": "in_progress"} if "status" in item else {}
        yield self._event("response.output_item.added", output_index=index, item={**item, **opened, **status})
        yield from inside
        yield self._event("response.output_item.done", output_index=index, item=item)

    def _arguments(self, at: Json, arguments: str) -> Iterator[bytes]:
        for start in range(0, len(arguments), 10):
            delta = arguments[start : start + 10]
            yield self._event("response.function_call_arguments.delta", **at, delta=delta)
        yield self._event("response.function_call_arguments.done", **at, arguments=arguments)

    def _summary(self, at: Json, summary: list[Json]) -> Iterator[bytes]:
        for number, part in enumerate(summary):
            place = {**at, "summary_index": number}
            yield self._event("response.reasoning_summary_part.added", **place, part={**part, "text": ""})
            for word in words(part["text"]):
                yield self._event("response.reasoning_summary_text.delta", **place, delta=word)
            yield self._event("response.reasoning_summary_text.done", **place, text=part["text"])
            yield self._event("response.reasoning_summary_part.done", **place, part=part)

    def _said(self, at: Json, part: Json) -> Iterator[bytes]:
        key, kind = ("refusal", "refusal") if part["type"] == "refusal" else ("text", "output_text")
        more: Json = {"logprobs": []} if key == "text" else {}
        at = {**at, "content_index": 0}
        yield self._event("response.content_part.added", **at, part={**part, key: ""})
        for word in words(part[key]):
            yield self._event(f"response.{kind}.delta", **at, delta=word, **more)
        yield self._event(f"response.{kind}.done", **at, **{key: part[key]}, **more)
        yield self._event("response.content_part.done", **at, part=part)


def stream(ask: Ask, answer: Answer) -> Frames:
    parts = _Stream(ask, answer)
    return Frames(head=parts.head(), content=parts.content(), tail=parts.tail(), error=parts.error)


ENDPOINTS = (
    Endpoint(
        path=re.compile("/v1/responses"),
        read=read,
        write=write,
        stream=stream,
        error=openai_errors.write,
        headers=headers,
    ),
    Endpoint(
        path=re.compile("/v1/responses/input_tokens"),
        read=read_for_count,
        write=write_count,
        error=openai_errors.write,
        headers=headers,
    ),
)
