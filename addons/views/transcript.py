"""Transcript: the content view that tells a request or an answer as a conversation."""

from typing import cast

import orjson
from mitmproxy import http
from mitmproxy.contentviews import Contentview, Metadata

from addons.proxy import header
from addons.views.answered import tell_answer, tell_failure
from addons.views.asked import tell_request
from addons.views.bounded import COMMAS, PARSED, RAW, STREAMED, Pruned, pretty
from addons.views.formats import looks_like, named
from addons.views.page import Page, dollars
from addons.views.summaries import SUMMARIES
from translators import DIALECTS, SPOKEN
from translators.canonical import Event, Failed, Json, JsonValue
from translators.dialect import Spoken
from translators.errors import GatewayError
from translators.eventstream import AnthropicChunks
from translators.sse import Decoder
from translators.stream import UNREADABLE

COST = "dragoman_cost_usd"
"""Where the cost of a call stands in its flow's metadata, in US dollars."""
EVENT_STREAMS = ("text/event-stream", "application/vnd.amazon.eventstream")
KNOWN = DIALECTS.keys() | SUMMARIES.keys()
BROKEN = (*UNREADABLE, GatewayError, RecursionError)
"""What reading a body may raise that is not what it seems to be."""
LARGE = 2 << 20
"""Bytes of an unreadable body over which mitmproxy's own views take seconds, or minutes."""
BETTER = 2.0
"""The priority of a transcript: mitmproxy's own views have no more than 1."""


class Transcript(Contentview):
    """Shown wherever a body can be read as what it seems to be; elsewhere mitmproxy's own views are."""

    def __init__(self) -> None:
        self._made: tuple[bytes, str] | None = None  # between the question whether it can be, and the answer

    def render_priority(self, data: bytes, metadata: Metadata) -> float:
        page = told(data, metadata) or (beginning(data) if _takes_too_long(data, metadata) else None)
        self._made = (data, page) if page else None
        return BETTER if page else -1

    def prettify(self, data: bytes, metadata: Metadata) -> str:
        made, self._made = self._made, None
        page = made[1] if made and made[0] is data else told(data, metadata)
        return page or beginning(data)


def beginning(data: bytes) -> str:
    """The bare beginning of a body that is no transcript."""
    rest = f"\n… ({len(data) - RAW:,} more bytes)" if len(data) > RAW else ""
    return data[:RAW].decode("utf-8", "replace") + rest


def _takes_too_long(data: bytes, metadata: Metadata) -> bool:
    return len(data) > LARGE and not (metadata.content_type or "").startswith("image/")


def told(data: bytes, metadata: Metadata) -> str | None:
    """The page about a body; `None` where it can't be read."""
    flow, message = metadata.flow, metadata.http_message
    if not data or not isinstance(flow, http.HTTPFlow) or not isinstance(message, http.Message):
        return None
    page = Page()
    try:
        if isinstance(message, http.Response) and _is_stream(data, message):
            _stream(data, flow, page)
        else:
            _whole(data, flow, page, message.status_code if isinstance(message, http.Response) else None)
    except BROKEN:
        return None
    return page.written()


def _whole(data: bytes, flow: http.HTTPFlow, page: Page, status: int | None) -> None:
    """A body that is one JSON value: a request (`status` is `None`), or an answer."""
    if len(data) > PARSED or data.count(b",") > COMMAS:
        raise ValueError("too large")
    whole: JsonValue = orjson.loads(data)
    name = named(flow, KNOWN) or looks_like(whole)
    if not name:
        raise ValueError("of no known format")
    pruned = Pruned()
    small = pruned.of(whole)
    page.missing += pruned.missing
    page.text(f"{name} · {'request' if status is None else 'answer'}")
    if status is None:
        _request(name, small, whole, page)
    elif status >= 400:
        page.heading("end")
        page.fact("status", status)
        if spoken := SPOKEN.get(name):
            tell_failure(spoken.read_error(status, data), page)
    else:
        _answer(name, small, whole, page)
    if status is not None:
        _cost(flow, page)
    page.heading("raw")
    page.text(pretty(small), most=RAW)


def _request(name: str, small: JsonValue, whole: JsonValue, page: Page) -> None:
    if name in DIALECTS:
        tell_request(DIALECTS[name].read_request(_object(small)), page)
    else:
        SUMMARIES[name].request(_object(whole), page)


def _answer(name: str, small: JsonValue, whole: JsonValue, page: Page) -> None:
    if name not in DIALECTS:
        SUMMARIES[name].answer(_object(whole), page)
    elif (
        isinstance(small, list) and small
    ):  # a stream that came as one list, as Gemini's do unless told otherwise
        reader = DIALECTS[name].StreamReader()
        tell_answer((event for entry in small for event in reader.read(orjson.dumps(entry))), page)
    else:
        body = _object(small)
        events = DIALECTS[name].read_response(body)
        if "error" not in body and any(isinstance(event, Failed) for event in events):
            raise ValueError("no answer, and no error either")
        tell_answer(events, page)


def _object(value: JsonValue) -> Json:
    if not isinstance(value, dict):
        raise TypeError("must be an object")
    return value


# --- streams ----------------------------------------------------------------------------------------


def _is_stream(data: bytes, message: http.Message) -> bool:
    return header(message.headers, "content-type").startswith(EVENT_STREAMS) or data.startswith(
        (b"data:", b"event:")
    )


def _stream(data: bytes, flow: http.HTTPFlow, page: Page) -> None:
    """A stream, put together."""
    if len(data) > STREAMED:
        page.missing.append(f"the last {len(data) - STREAMED:,} bytes")
        data = data[:STREAMED]
    if isinstance(rest := flow.metadata.get("not_kept"), int):
        page.missing.append(f"{rest:,} bytes at the end, which were not kept")
    name = named(flow, KNOWN) or _stream_looks_like(data)
    spoken = SPOKEN[name or ""]
    amazons = spoken.NAME == "anthropic_messages" and data[:1] == b"\0"  # Claude's answer in AWS's frames
    framing = AnthropicChunks() if amazons else spoken.Framing()
    frames = [*framing.feed(data), *framing.close()]
    page.text(f"{spoken.NAME} · answer, streamed in {len(frames):,} events")
    if not _told_at_the_end(spoken, frames, page):
        events, readable_to_the_end = _events(spoken, frames)
        tell_answer(events, page, streamed=readable_to_the_end)
        if not readable_to_the_end:
            page.text("the rest of the stream can't be read")
    _cost(flow, page)
    page.heading("raw")
    for raw, payload in frames:
        page.text((_text(raw) or _text(payload) or "(bytes)").rstrip("\r\n") + "\n", most=RAW // 64)


def _stream_looks_like(data: bytes) -> str | None:
    payloads = (payload for _, payload in Decoder().feed(data[:RAW]) if payload)
    return looks_like(orjson.loads(next(payloads, b"")))


def _told_at_the_end(spoken: Spoken, frames: list[tuple[bytes, bytes]], page: Page) -> bool:
    """Tell a stream by its last event, where that holds the whole answer."""
    summary = SUMMARIES.get(spoken.NAME)
    if not summary or not summary.ends or not frames:
        return False
    for _, payload in reversed(frames[-3:]):
        if payload.startswith(b"{") and (answer := summary.ends(_object(orjson.loads(payload)))):
            pruned = Pruned()
            summary.answer(cast(Json, pruned.of(answer)), page)
            page.missing += pruned.missing
            return True
    return False


def _events(spoken: Spoken, frames: list[tuple[bytes, bytes]]) -> tuple[list[Event], bool]:
    """The events as far as they can be read, and whether that is to the end."""
    reader, events = spoken.StreamReader(), list[Event]()
    for number, (_, payload) in enumerate(frames):
        try:
            events += reader.read(payload) if payload else ()
        except BROKEN:
            if not number:
                raise
            return events, False
    if not events:
        raise ValueError("a stream that says nothing")
    return events, True


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""


def _cost(flow: http.HTTPFlow, page: Page) -> None:
    cost = flow.metadata.get(COST)
    if isinstance(cost, int | float):
        page.fact("cost", dollars(cost))
