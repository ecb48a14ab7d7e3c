"""What real providers say, written by hand: bodies and streams in their wire formats, as scripts."""

import gzip
import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import brotli
import zstandard

from tests.upstream import Step

Json = dict[str, Any]
Headers = dict[str, str]

WEATHER: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
OPENAI_TOOL: Json = {"type": "function", "function": {"name": "weather", "parameters": WEATHER}}
ANTHROPIC_TOOL: Json = {"name": "weather", "input_schema": WEATHER}
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PARIS_AND_ROME: list[Json] = [{"city": "Paris"}, {"city": "Rome"}]


# Framing


def whole(body: Any, status: int = 200, headers: Headers | None = None, encoding: str = "") -> list[Step]:
    """A response with a content-length; a `body` that is not bytes is JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"content-type": "application/json", **(headers or {})}
    if encoding:
        data = ENCODERS[encoding](data)
        fields["content-encoding"] = encoding
    return [head(status, {**fields, "content-length": str(len(data))}) + data]


def streamed(frames: Iterable[Step], encoding: str = "", headers: Headers | None = None) -> list[Step]:
    """A chunked event stream with its proper end: each frame is a chunk; other steps happen in between."""
    fields = {"content-type": "text/event-stream", "transfer-encoding": "chunked", **(headers or {})}
    if encoding:
        fields["content-encoding"] = encoding
        frames = _compressed(frames, encoding)
    chunks = [chunk(frame) if isinstance(frame, bytes) else frame for frame in frames if frame]
    return [head(200, fields), *chunks, b"0\r\n\r\n"]


def at_once(steps: Iterable[Step]) -> list[Step]:
    """The same with the bytes in one piece, for where a clock runs that must not be over in the middle."""
    joined: list[Step] = []
    for step in steps:
        last = joined[-1] if joined else None
        if isinstance(step, bytes) and isinstance(last, bytes):
            joined[-1] = last + step
        else:
            joined.append(step)
    return joined


def head(status: int, headers: Headers) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode()


def chunk(data: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def cut_every(frames: Iterable[Step], size: int) -> list[Step]:
    """The same bytes in pieces that respect nothing, neither lines nor characters."""
    data = b"".join(frame for frame in frames if isinstance(frame, bytes))
    return [data[start : start + size] for start in range(0, len(data), size)]


def crlf(frames: Iterable[bytes]) -> list[Step]:
    return [frame.replace(b"\n", b"\r\n") for frame in frames]


def commented(frames: Iterable[bytes]) -> list[Step]:
    """Comments between and inside the events, as servers put them there to keep a connection alive."""
    return [b": comment\n\n: another\n" + frame for frame in frames]


def without_last_blank_line(frames: Sequence[bytes]) -> list[Step]:
    return [*frames[:-1], frames[-1].rstrip(b"\n") + b"\n"]


def sse(data: Any, event: str = "") -> bytes:
    name = f"event: {event}\n" if event else ""
    return f"{name}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


DONE = b"data: [DONE]\n\n"


# OpenAI

OPENAI_USAGE: Json = {
    "prompt_tokens": 20,
    "completion_tokens": 7,
    "total_tokens": 27,
    "prompt_tokens_details": {"cached_tokens": 12},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


def openai_chat(text: str | None = "Hello there", tools: Sequence[Json] = (), **message: Any) -> Json:
    """A chat completion; `tools` are the arguments of parallel calls of `weather`."""
    body: Json = {"role": "assistant", "content": text, "refusal": None, **message}
    if tools:
        body["tool_calls"] = [_call(number, json.dumps(tool)) for number, tool in enumerate(tools)]
    finish = "tool_calls" if tools else "stop"
    return {
        "id": "chatcmpl-up",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "gpt-up-2024",
        "choices": [{"index": 0, "message": body, "logprobs": None, "finish_reason": finish}],
        "usage": OPENAI_USAGE,
    }


def _call(number: int, arguments: str) -> Json:
    function = {"name": "weather", "arguments": arguments}
    return {"id": f"call_{number}", "type": "function", "function": function}


def openai_delta(finish: str | None = None, **delta: Any) -> bytes:
    """One event of a chat stream."""
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return sse({**_OPENAI_CHUNK, "choices": [choice]})


_OPENAI_CHUNK: Json = {
    "id": "chatcmpl-up",
    "object": "chat.completion.chunk",
    "created": 1700000000,
    "model": "gpt-up-2024",
}
OPENAI_USAGE_CHUNK = sse({**_OPENAI_CHUNK, "choices": [], "usage": OPENAI_USAGE})
OPENAI_FIRST = openai_delta(role="assistant", content="")
OPENAI_STOP = openai_delta("stop")


def openai_stream(*texts: str, tools: Sequence[Json] = (), usage: bool = True) -> list[bytes]:
    """The events of a chat stream; `usage` as when the request asked for it."""
    frames = [OPENAI_FIRST, *(openai_delta(content=text) for text in texts)]
    for number, tool in enumerate(tools):
        call = {"index": number, **_call(number, "")}
        frames.append(openai_delta(tool_calls=[call]))
        for piece in _halves(json.dumps(tool)):
            frames.append(openai_delta(tool_calls=[{"index": number, "function": {"arguments": piece}}]))
    frames.append(openai_delta("tool_calls" if tools else "stop"))
    return [*frames, *([OPENAI_USAGE_CHUNK] if usage else []), DONE]


def openai_error(message: str = "slow down", type: str = "rate_limit_error", code: str | None = None) -> Json:
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


# Anthropic

ANTHROPIC_USAGE: Json = {
    "input_tokens": 8,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 12,
    "output_tokens": 7,
}
SIGNATURE = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk"


def anthropic_message(text: str = "Hello there", tools: Sequence[Json] = (), thinking: str = "") -> Json:
    """A whole message; `tools` are the inputs of parallel calls of `weather`."""
    content: list[Json] = []
    if thinking:
        content.append({"type": "thinking", "thinking": thinking, "signature": SIGNATURE})
    if text:
        content.append({"type": "text", "text": text})
    content += [{**_tool_use(number), "input": tool} for number, tool in enumerate(tools)]
    return {
        "id": "msg_up",
        "type": "message",
        "role": "assistant",
        "model": "claude-up-2024",
        "content": content,
        "stop_reason": "tool_use" if tools else "end_turn",
        "stop_sequence": None,
        "usage": ANTHROPIC_USAGE,
    }


def _tool_use(number: int) -> Json:
    return {"type": "tool_use", "id": f"toolu_{number}", "name": "weather", "input": {}}


def anthropic_event(type: str, **data: Any) -> bytes:
    return sse({"type": type, **data}, type)


ANTHROPIC_START = anthropic_event(
    "message_start",
    message={**anthropic_message(""), "stop_reason": None, "usage": {**ANTHROPIC_USAGE, "output_tokens": 1}},
)
ANTHROPIC_PING = anthropic_event("ping")
ANTHROPIC_STOP = anthropic_event("message_stop")


def anthropic_end(reason: str = "end_turn") -> list[bytes]:
    """The last two events; as the API does, usage here has the output tokens only."""
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [anthropic_event("message_delta", delta=delta, usage={"output_tokens": 7}), ANTHROPIC_STOP]


def anthropic_block(index: int, block: Json, *deltas: Json) -> list[bytes]:
    """The events of one content block."""
    start = anthropic_event("content_block_start", index=index, content_block=block)
    pieces = [anthropic_event("content_block_delta", index=index, delta=delta) for delta in deltas]
    return [start, *pieces, anthropic_event("content_block_stop", index=index)]


def anthropic_stream(*texts: str, tools: Sequence[Json] = (), thinking: str = "") -> list[bytes]:
    """The events of a message stream."""
    blocks: list[tuple[Json, list[Json]]] = []
    if thinking:
        pieces: list[Json] = [{"type": "thinking_delta", "thinking": half} for half in _halves(thinking)]
        pieces.append({"type": "signature_delta", "signature": SIGNATURE})
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, pieces))
    if texts:
        pieces = [{"type": "text_delta", "text": text} for text in texts]
        blocks.append(({"type": "text", "text": ""}, pieces))
    for number, tool in enumerate(tools):
        pieces = [{"type": "input_json_delta", "partial_json": half} for half in _halves(json.dumps(tool))]
        blocks.append((_tool_use(number), pieces))
    events = [
        frame for i, (block, deltas) in enumerate(blocks) for frame in anthropic_block(i, block, *deltas)
    ]
    return [ANTHROPIC_START, ANTHROPIC_PING, *events, *anthropic_end("tool_use" if tools else "end_turn")]


def anthropic_error(type: str = "rate_limit_error", message: str = "slow down") -> Json:
    return {"type": "error", "error": {"type": type, "message": message}, "request_id": "req_up"}


# Either, by the type of the provider


def speaks_anthropic(provider: str) -> bool:
    return provider.startswith("anth")


def saying(provider: str, text: str = "Hello there", tools: Sequence[Json] = (), thinking: str = "") -> Json:
    """A whole answer as this provider words it."""
    if speaks_anthropic(provider):
        return anthropic_message(text, tools, thinking)
    return openai_chat(text or None, tools, **({"reasoning_content": thinking} if thinking else {}))


def streaming(provider: str, *texts: str, tools: Sequence[Json] = ()) -> list[bytes]:
    """A streamed answer as this provider words it."""
    make = anthropic_stream if speaks_anthropic(provider) else openai_stream
    return make(*texts, tools=tools)


def error(provider: str) -> Json:
    """A rate limit as this provider words it; its message is "slow down"."""
    return anthropic_error() if speaks_anthropic(provider) else openai_error()


# Compression

ENCODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


def _compressed(frames: Iterable[Step], encoding: str) -> list[Step]:
    """Each frame flushed, so that a decoder can have it at once."""
    compress, flush, end = _compressor(encoding)
    steps = [compress(f) + flush() if isinstance(f, bytes) else f for f in frames]
    return [*steps, end()]


def _compressor(encoding: str) -> tuple[Any, Any, Any]:
    if encoding == "br":
        br = brotli.Compressor()
        return br.process, br.flush, br.finish
    if encoding == "zstd":
        zstd = zstandard.ZstdCompressor().compressobj()
        return zstd.compress, lambda: zstd.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK), zstd.flush
    deflate = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    return deflate.compress, lambda: deflate.flush(zlib.Z_SYNC_FLUSH), deflate.flush


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]
