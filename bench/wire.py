"""Wire: what is said in the benchmark, in both dialects: requests, answers and streams, all rendered once."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

PIECES = 100
"""Pieces of text in a stream that comes as fast as it can."""
PACED_PIECES = 50
PACE = 0.02
"""Seconds between the pieces of a paced stream."""

KEY = "bench-client-key"
PATH = "/v1/chat/completions"
OPENAI, ANTHROPIC = "bench-openai", "bench-anthropic"
"""Models, one of each provider."""
UPSTREAM = "upstream-model"
"""What Dragoman is to make of either."""
PACED = "-paced"
"""At the end of a model's name: its streams take their time."""

STAMP = b"@%018.6f"
"""When a piece was sent, by the clock that all processes share: it is the text of paced pieces."""
PIECE = "a few words, "
"""The text of pieces that are not paced."""
_UNSTAMPED = STAMP % 0

_TEXT = "The quick brown fox jumps over the lazy dog. " * 16
_PROMPT = [
    {"role": "system", "content": "You are a helpful assistant. Answer in one paragraph. " * 4},
    {"role": "user", "content": "What does the quick brown fox do, and why? " * 4},
    {"role": "assistant", "content": _TEXT[:300]},
    {"role": "user", "content": "Say that again, please, and slowly."},
]


# --- requests ------------------------------------------------------------------------------------


def request(model: str, stream: bool) -> bytes:
    """A whole HTTP request: always OpenAI's chat completions, whatever the provider speaks."""
    fields: Json = {"model": model, "messages": _PROMPT, "temperature": 0.5, "max_tokens": 400}
    if stream:
        fields |= {"stream": True, "stream_options": {"include_usage": True}}
    body = _dump(fields)
    lines = [
        f"POST {PATH} HTTP/1.1",
        "host: bench.test",
        f"authorization: Bearer {KEY}",
        "content-type: application/json",
        "accept: */*",
        "user-agent: bench",
        f"content-length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


# --- answers -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answers:
    """What one provider says."""

    whole: bytes
    stream: list[bytes]
    """Pieces that are written one after the other; the first has the head, the last the end."""
    paced: list[bytes]
    """The same, with a placeholder for the stamp in each but the last."""


def openai() -> Answers:
    """A provider that speaks OpenAI's chat completions."""
    message = {"role": "assistant", "content": _TEXT, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 120, "completion_tokens": 160, "total_tokens": 280}
    whole = {**_openai("chat.completion"), "choices": [choice], "usage": usage}

    def delta(finish: str | None = None, **fields: str) -> bytes:
        choice = {"index": 0, "delta": fields, "logprobs": None, "finish_reason": finish}
        return _event({**_openai("chat.completion.chunk"), "choices": [choice]})

    def piece(text: str) -> bytes:
        return delta(content=text)

    last = _event({**_openai("chat.completion.chunk"), "choices": [], "usage": usage})
    end = [delta("stop"), last, b"data: [DONE]\n\n"]
    return _answers(whole, [delta(role="assistant", content="")], piece, end)


def _openai(kind: str) -> Json:
    return {"id": "chatcmpl-bench", "object": kind, "created": 1700000000, "model": UPSTREAM}


def anthropic() -> Answers:
    """A provider that speaks Anthropic's messages."""
    usage = {"input_tokens": 120, "output_tokens": 160}
    whole: Json = {"id": "msg_bench", "type": "message", "role": "assistant", "model": UPSTREAM}
    whole |= {"stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
    begun: Json = {
        **whole,
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 120, "output_tokens": 1},
    }
    start = [
        _named("message_start", message=begun),
        _named("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    ]
    end = [
        _named("content_block_stop", index=0),
        _named("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage=usage),
        _named("message_stop"),
    ]

    def piece(text: str) -> bytes:
        return _named("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    return _answers({**whole, "content": [{"type": "text", "text": _TEXT}]}, start, piece, end)


def _answers(whole: Json, start: list[bytes], piece: Callable[[str], bytes], end: list[bytes]) -> Answers:
    body = _dump(whole)
    words = [piece(PIECE)] * PIECES
    stamps = [piece(_UNSTAMPED.decode())] * PACED_PIECES
    return Answers(
        _head("application/json", f"content-length: {len(body)}") + body,
        _streamed(start, words, end),
        _streamed(start, stamps, end),
    )


def _streamed(start: list[bytes], pieces: list[bytes], end: list[bytes]) -> list[bytes]:
    head = _head("text/event-stream", "transfer-encoding: chunked")
    first = head + b"".join(map(_chunk, [*start, pieces[0]]))
    return [first, *map(_chunk, pieces[1:]), b"".join(map(_chunk, end)) + b"0\r\n\r\n"]


def stamped(piece: bytes, moment: float) -> bytes:
    """A paced piece as it is sent at that moment."""
    return piece.replace(_UNSTAMPED, STAMP % moment)


def _head(content_type: str, framing: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{framing}\r\n\r\n".encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _event(fields: Json) -> bytes:
    return b"data: %s\n\n" % _dump(fields)


def _named(name: str, **fields: Any) -> bytes:
    return b"event: %s\n" % name.encode() + _event({"type": name, **fields})


def _dump(fields: Json) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()
