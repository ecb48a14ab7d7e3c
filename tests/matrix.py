"""Every pair of dialects with what was recorded of each: the rows and columns of the `test_matrix_*` files.

A dialect that is added to `DIALECTS` gets its rows by itself; it brings a `Judge` and recordings.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from typing import Any

import orjson

from tests import oracles
from tests.laws import Law, over
from tests.matrix_samples import SHORTEST
from translators import DIALECTS, eventstream, sse
from translators.body import parse
from translators.canonical import Failed, Ping, Request
from translators.errors import Unsupported
from translators.translator import Translator

FOLDER = Path(__file__).parent / "recordings"
NOW = 1_735_689_600
STREAM_FIELDS: Mapping[str, dict[str, Any]] = {
    "openai_chat": {"stream": True, "stream_options": {"include_usage": True}}
}
"""What a client adds to its request to get a stream with usage, where `stream` alone is not enough."""
MODELS: Mapping[str, str] = {"bedrock_converse": "us.anthropic.claude-opus-4-6-v1"}
"""A model of a provider that does more with some than with others."""
SSE = [name for name, dialect in DIALECTS.items() if dialect.STREAM_TYPE == sse.CONTENT_TYPE]
"""The dialects that are streamed as server-sent events; the others as frames of bytes."""


def stream_file(dialect: str) -> str:
    """What the file with a stream is called."""
    return "stream.sse" if dialect in SSE else "stream.bin"


IN_PATH: Mapping[str, set[str]] = {
    "bedrock_converse": {"model", "stream"},
    "gemini_generate": {"model", "stream"},
}
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

    @cached_property
    def request(self) -> bytes:
        return self.path("request.json").read_bytes()

    @cached_property
    def response(self) -> bytes:
        return self.path("response.json").read_bytes()

    @cached_property
    def stream(self) -> bytes:
        return self.path(stream_file(self.dialect)).read_bytes()

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
STREAMS = [recording for recording in ALL if recording.has(stream_file(recording.dialect))]
COMPLETE = [recording for recording in STREAMS if not recording.case.startswith("error_")]


UNTELLABLE = {("drawn", "anthropic_messages")}
"""Answers that a client's dialect has no place for: it is told so instead."""


def pairs(recordings: Iterable[Recording], *, same: bool = False) -> Callable[[Law], Law]:
    """A law of `recording` and `other`: each recording with each other dialect, and its own if `same`.

    It is one test for each pair of dialects.
    """
    cells: dict[str, dict[str, tuple[Recording, str]]] = {}
    for recording, other in product(recordings, DIALECTS):
        if (same or other != recording.dialect) and (recording.case, other) not in UNTELLABLE:
            cells.setdefault(f"{recording.dialect}-{other}", {})[f"{recording}-{other}"] = (recording, other)
    return over(cells)


def each(recordings: Iterable[Recording]) -> Callable[[Law], Law]:
    """A law of every `recording`: one test for each dialect."""
    cells: dict[str, dict[str, tuple[Recording]]] = {}
    for recording in recordings:
        cells.setdefault(recording.dialect, {})[str(recording)] = (recording,)
    return over(cells)


# --- translating ------------------------------------------------------------------------------------


def translator(client: str, provider: str, *, include_usage: bool = True) -> Translator:
    """One attempt whose request, a shortest possible one, was written."""
    made = Translator(DIALECTS[client], DIALECTS[provider])
    asked = SHORTEST[client]
    made.request(
        parse(orjson.dumps({**asked} | (STREAM_FIELDS.get(client, {}) if include_usage else {}))), "m"
    )
    return made


def translated_request(raw: bytes, client: str, provider: str) -> dict[str, Any]:
    """What a provider of another dialect gets for a request, or why it gets none."""
    body = parse(raw)
    try:
        model = MODELS.get(provider, str(body.json["model"]))
        written = Translator(DIALECTS[client], DIALECTS[provider]).request(body, model)
    except Unsupported as error:
        return {"refused": {"field": error.meaning, "reason": error.reason}}
    return {"dropped": list(written.dropped), "body": orjson.loads(written.body)}


def asked_of(provider: str, request: Request) -> Request:
    """The request for a model of this provider."""
    return replace(request, model=MODELS.get(provider, request.model))


def delivered(dialect: str, request: Request) -> dict[str, Any]:
    """A request as it is written, and what the path tells of it where the body does not."""
    written = DIALECTS[dialect].write_request(request)
    path = {name: getattr(request, name) for name in IN_PATH.get(dialect, ())}
    return {**{name: value for name, value in path.items() if value is not None}, **written}


def written_and_read(dialect: str, request: Request) -> Request:
    """What a dialect reads of what it has written, with what its host has put into the path."""
    return DIALECTS[dialect].read_request(delivered(dialect, request))


def translated_stream(
    pieces: Iterable[bytes], provider: str, client: str, *, include_usage: bool = True
) -> list[bytes]:
    """The frames that a client gets when a provider sends these pieces."""
    stream = translator(client, provider, include_usage=include_usage).stream(NOW)
    return [frame for piece in pieces for frame in stream.feed(piece)] + stream.close()


def frames(stream: bytes, dialect: str) -> list[bytes]:
    """A stream's events: each with the blank line that ends it, or each with its head and checksums."""
    return [raw for raw, _ in DIALECTS[dialect].Framing().feed(stream)]


def framed(dialect: str, value: Any) -> bytes:
    """One event of a stream that says `value`, whatever that is."""
    if dialect in SSE:
        return sse.encode(orjson.dumps(value))
    match value:
        case dict() if len(value) == 1 and len(name := next(iter(value)).encode()) < 2**15:
            return eventstream.encode(name.decode(), orjson.dumps(value[name.decode()]))
        case _:
            return eventstream.encode("messageStart", orjson.dumps(value))


def sign_of_life(dialect: str) -> bytes:
    """What a provider sends while there is nothing to say."""
    [frame] = DIALECTS[dialect].StreamWriter(created=NOW).write(Ping())
    return sse.KEEP_ALIVE if dialect in SSE else frame


def failure(dialect: str) -> bytes:
    """What a provider sends when it fails in the middle of a stream."""
    [frame] = DIALECTS[dialect].StreamWriter(created=NOW).write(Failed("server", "late"))
    return frame


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


def _converse_error(frame: bytes) -> Any:
    [(_, data)] = eventstream.Decoder().feed(frame)
    [(name, error)] = orjson.loads(data).items()
    assert name.endswith("Exception")
    assert error["message"]
    return error


def _gemini_error(frame: bytes) -> Any:
    [(name, data)] = oracles.sse_events(frame)
    event = orjson.loads(data)
    assert name is None and event["error"]["message"] and event["error"]["status"]
    return event


OPENAI_EXTENSIONS = (
    "reasoning_content|thinking_blocks|citations|annotations|cache_creation_input_tokens"
    "|extra_content|safety_ratings|grounding_metadata|images|image_tokens"
)
"""`annotations` are the vendor's own in streams, but in no type; Google has the three
after them, OpenRouter the last two."""
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
    "bedrock_converse": Judge(
        request=oracles.check_converse_request,
        response=oracles.check_converse_response,
        stream=oracles.check_converse_stream,
        error=oracles.check_converse_error,
        fold=oracles.converse_stream_final,
        error_event=_converse_error,
        finishes=lambda frame: b"metadata" in frame[:40],
        ends=lambda frame: b"metadata" in frame[:40],
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
