"""Every pair of dialects with what was recorded of each: the rows and columns of the `test_matrix_*` files.

A dialect that is added to `DIALECTS` gets its rows by itself; it brings a `Judge` and recordings.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests import oracles
from tests.matrix_samples import SHORTEST
from translators import DIALECTS, sse
from translators.body import parse
from translators.canonical import Request
from translators.errors import Unsupported
from translators.translator import Translator

FOLDER = Path(__file__).parent / "recordings"
NOW = 1_735_689_600
STREAM_FIELDS: Mapping[str, dict[str, Any]] = {
    "openai_chat": {"stream": True, "stream_options": {"include_usage": True}}
}
"""What a client adds to its request to get a stream with usage, where `stream` alone is not enough."""
IN_PATH: Mapping[str, set[str]] = {"gemini_generate": {"model", "stream"}}
"""What is read as a field of the body, but stands in the path: the host writes it."""


@dataclass(frozen=True)
class Recording:
    """One exchange, or a part of one: requests, whole answers and streams as one vendor's API has them."""

    dialect: str
    case: str

    def __str__(self) -> str:
        return f"{self.dialect}-{self.case}"

    def path(self, name: str) -> Path:
        return FOLDER / self.dialect / self.case / name

    def has(self, name: str) -> bool:
        return self.path(name).exists()

    @property
    def request(self) -> bytes:
        return self.path("request.json").read_bytes()

    @property
    def response(self) -> bytes:
        return self.path("response.json").read_bytes()

    @property
    def stream(self) -> bytes:
        return self.path("stream.sse").read_bytes()

    @property
    def status(self) -> int:
        """200, but for the whole answers named `error_STATUS`."""
        error = re.fullmatch(r"error_(\d+)", self.case)
        return int(error[1]) if error else 200


ALL = [
    Recording(name, folder.name)
    for name in DIALECTS
    for folder in sorted((FOLDER / name).iterdir())
    if folder.is_dir()
]
REQUESTS = [recording for recording in ALL if recording.has("request.json")]
ERRORS = [recording for recording in ALL if recording.status != 200]
WHOLE = [recording for recording in ALL if recording.has("response.json") and recording.status == 200]
STREAMS = [recording for recording in ALL if recording.has("stream.sse")]
COMPLETE = [recording for recording in STREAMS if not recording.case.startswith("error_")]


def pairs(recordings: Iterable[Recording], *, same: bool = False) -> pytest.MarkDecorator:
    """Parametrizes `recording` and `other`: each recording with each other dialect, and its own if `same`."""
    rows = [
        pytest.param(recording, other, id=f"{recording}-{other}")
        for recording in recordings
        for other in DIALECTS
        if same or other != recording.dialect
    ]
    return pytest.mark.parametrize(("recording", "other"), rows)


# --- translating ------------------------------------------------------------------------------------


def translator(client: str, provider: str, *, include_usage: bool = True) -> Translator:
    """One attempt whose request, a shortest possible one, was written."""
    made = Translator(DIALECTS[client], DIALECTS[provider])
    asked = {**SHORTEST[client]}
    made.request(parse(orjson.dumps(asked | (STREAM_FIELDS.get(client, {}) if include_usage else {}))), "m")
    return made


def translated_request(raw: bytes, client: str, provider: str) -> dict[str, Any]:
    """What a provider of another dialect gets for a request, or why it gets none."""
    body = parse(raw)
    try:
        written = Translator(DIALECTS[client], DIALECTS[provider]).request(body, str(body.json["model"]))
    except Unsupported as error:
        return {"refused": {"field": error.meaning, "reason": error.reason}}
    return {"dropped": list(written.dropped), "body": orjson.loads(written.body)}


def written_and_read(dialect: str, request: Request) -> Request:
    """What a dialect reads of what it has written, with what its host has put into the path."""
    in_path = {name: getattr(request, name) for name in IN_PATH.get(dialect, ())}
    return DIALECTS[dialect].read_request({**in_path, **DIALECTS[dialect].write_request(request)})


def translated_stream(
    pieces: Iterable[bytes], provider: str, client: str, *, include_usage: bool = True
) -> list[bytes]:
    """The frames that a client gets when a provider sends these pieces."""
    stream = translator(client, provider, include_usage=include_usage).stream(NOW)
    return [frame for piece in pieces for frame in stream.feed(piece)] + stream.close()


def frames(stream: bytes) -> list[bytes]:
    """A stream's events, each with the blank line that ends it."""
    return [raw for raw, _ in sse.Decoder().feed(stream)]


# --- judges -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Judge:
    """What the vendor's SDK and documents say of one dialect. Each `check` lists problems."""

    request: Callable[[Any], list[str]]
    response: Callable[[Any], list[str]]
    stream: Callable[[bytes], list[str]]
    error: Callable[[int, Any], list[str]]
    fold: Callable[[bytes], Any]
    """The answer that the SDK's own accumulator makes of a stream."""
    error_event: Callable[[bytes], Any]
    """The error in a frame; raises when it is none."""
    finishes: Callable[[bytes], bool]
    """Whether a frame tells why the answer, or one of its choices, is over."""
    ends: Callable[[bytes], bool]
    """Whether a frame is the last one of an answer that was not cut."""


def beyond(extensions: str, check: Callable[[Any], list[str]], value: Any) -> list[str]:
    """The problems, except for fields that are known to go beyond the vendor's own types."""
    known = re.compile(rf"\.({extensions}): unknown field")
    return [problem for problem in check(value) if not known.search(problem)]


def _anthropic_error(frame: bytes) -> Any:
    [(name, data)] = oracles.sse_events(frame)
    event = orjson.loads(data)
    assert name == event["type"] == "error"
    return event


def _openai_error(frame: bytes) -> Any:
    [(_, data)] = oracles.sse_events(frame)
    event = orjson.loads(data)
    assert event["error"]["message"]
    return event


def _gemini_error(frame: bytes) -> Any:
    [(name, data)] = oracles.sse_events(frame)
    event = orjson.loads(data)
    assert name is None and event["error"]["message"] and event["error"]["status"]
    return event


OPENAI_EXTENSIONS = (
    "reasoning_content|thinking_blocks|citations|annotations|cache_creation_input_tokens"
    "|extra_content|safety_ratings|grounding_metadata"
)
"""`annotations` are the vendor's own in streams, but in no type; Google has the last three."""
ANTHROPIC_SAMPLING = "temperature|top_p|top_k"
"""The SDK's types have lost them; the API has not."""

JUDGES: Mapping[str, Judge] = {
    "openai_chat": Judge(
        request=oracles.check_openai_chat_request,
        response=partial(beyond, OPENAI_EXTENSIONS, oracles.check_openai_chat_response),
        stream=partial(beyond, OPENAI_EXTENSIONS, oracles.check_openai_stream),
        error=oracles.check_openai_error,
        fold=lambda stream: oracles.openai_stream_final(stream)[0].model_dump(mode="json"),
        error_event=_openai_error,
        finishes=lambda frame: re.search(rb'"finish_reason":"', frame) is not None,
        ends=lambda frame: frame == b"data: [DONE]\n\n",
    ),
    "anthropic_messages": Judge(
        request=partial(beyond, ANTHROPIC_SAMPLING, oracles.check_anthropic_request),
        response=oracles.check_anthropic_response,
        stream=oracles.check_anthropic_stream,
        error=oracles.check_anthropic_error,
        fold=lambda stream: oracles.anthropic_stream_final(stream).model_dump(mode="json"),
        error_event=_anthropic_error,
        finishes=lambda frame: frame.startswith(b"event: message_delta"),
        ends=lambda frame: frame.startswith(b"event: message_stop"),
    ),
    "gemini_generate": Judge(
        request=oracles.check_gemini_request,
        response=oracles.check_gemini_response,
        stream=oracles.check_gemini_stream,
        error=oracles.check_gemini_error,
        fold=oracles.gemini_stream_final,
        error_event=_gemini_error,
        finishes=lambda frame: re.search(rb'"(?:finish|block)Reason":\s?"', frame) is not None,
        ends=lambda frame: re.search(rb'"(?:finish|block)Reason":\s?"', frame) is not None,
    ),
}
