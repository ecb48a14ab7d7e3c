"""OpenAI's chat completions: the answers. https://platform.openai.com/docs/api-reference/chat"""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from addons.demo import openai_errors
from addons.demo.answer import Answer, Ask, Choice, Content, Endpoint, Finish, Frames, Usage
from addons.demo.openai_chat_request import read
from addons.demo.openai_logprobs import chat_logprobs
from addons.demo.openai_request import headers, includes_usage
from addons.demo.wire import CREATED, Json, dump, sse, words

FINISHES: dict[Finish, str] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "tools": "tool_calls",
    "refusal": "stop",
}


def write(ask: Ask, answer: Answer) -> Content:
    return Content(
        dump(
            {
                **_head(ask, "chat.completion"),
                "choices": [_choice(ask, number, choice) for number, choice in enumerate(answer.choices)],
                "usage": usage(answer.usage),
            }
        )
    )


def _head(ask: Ask, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{ask.digest}",
        "object": kind,
        "created": CREATED,
        "model": ask.model,
        "service_tier": "default",
        "system_fingerprint": "fp_demo",
    }


def _choice(ask: Ask, number: int, choice: Choice) -> Json:
    finish = None if ask.model == "no-finish" else FINISHES[choice.finish]
    logprobs = chat_logprobs(ask.body, words(choice.text))
    return {"index": number, "message": _message(choice), "logprobs": logprobs, "finish_reason": finish}


def _message(choice: Choice) -> Json:
    message: Json = {
        "role": "assistant",
        "content": choice.text,
        "refusal": choice.refusal or None,
        "annotations": [],
    }
    if choice.calls or choice.refusal:
        message["content"] = choice.text or None
    if choice.thinking:
        message["reasoning_content"] = choice.thinking
    if choice.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{call.id}",
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in choice.calls
        ]
    return message


def usage(used: Usage) -> Json:
    return {
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input + used.output,
        "prompt_tokens_details": {"cached_tokens": used.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": used.thinking,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def stream(ask: Ask, answer: Answer) -> Frames:
    head = _head(ask, "chat.completion.chunk")
    asked: Json = {"usage": None} if includes_usage(ask.body) else {}

    def frame(number: int, delta: Json, finish: str | None = None, logprobs: Json | None = None) -> bytes:
        choice = {"index": number, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return sse({**head, "choices": [choice], **asked})

    def content(number: int, choice: Choice) -> Iterator[bytes]:
        for delta, logprobs in _deltas(ask, choice):
            yield frame(number, delta, None, logprobs)

    def tail() -> Iterator[bytes]:
        yield from (
            frame(number, {}, FINISHES[choice.finish]) for number, choice in enumerate(answer.choices)
        )
        if asked:
            yield sse({**head, "choices": [], "usage": usage(answer.usage)})
        yield openai_errors.DONE

    first: Json = {"role": "assistant", "content": "", "refusal": None}
    return Frames(
        head=[frame(number, first) for number in range(len(answer.choices))],
        content=interleaved([content(number, choice) for number, choice in enumerate(answer.choices)]),
        tail=tail(),
        error=openai_errors.event,
    )


def interleaved(streams: Sequence[Iterator[bytes]]) -> Iterator[bytes]:
    """A frame of each choice in turn, as the real API mixes them."""
    if len(streams) == 1:
        return streams[0]
    return (frame for turn in zip_longest(*streams) for frame in turn if frame is not None)


def _deltas(ask: Ask, choice: Choice) -> Iterator[tuple[Json, Json | None]]:
    for word in words(choice.thinking):
        yield {"reasoning_content": word}, None
    for word in words(choice.text):
        yield {"content": word}, chat_logprobs(ask.body, [word])
    for word in words(choice.refusal):
        yield {"refusal": word}, None
    for number, call in enumerate(choice.calls):
        opened = {
            "id": f"call_{call.id}",
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        yield {"tool_calls": [{"index": number, **opened}]}, None
        for fragment in call.fragments():
            yield {"tool_calls": [{"index": number, "function": {"arguments": fragment}}]}, None


ENDPOINTS = (
    Endpoint(
        path=re.compile("/v1/chat/completions"),
        read=read,
        write=write,
        stream=stream,
        error=openai_errors.write,
        headers=headers,
    ),
)
