"""Transcripts, as mitmproxy itself asks for them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import contentviews, ctx, http
from mitmproxy.contentviews import ContentviewResult, prettify_message
from mitmproxy.test import taddons, tflow
from mitmproxy.utils import strutils

from addons.views import Transcript, Views
from tests.matrix import COMPLETE, REQUESTS, WHOLE, Recording
from translators import DIALECTS
from translators.canonical import Called, Event, Said, Text
from translators.errors import GatewayError

CHAT, MESSAGES = "/v1/chat/completions", "/anthropic/v1/messages"


@pytest.fixture(autouse=True, scope="module")
def mitmproxy() -> Iterator[None]:
    """mitmproxy's own views, and ours."""
    with taddons.context(Views()) as context:
        if "protobuf_definitions" not in ctx.options:
            context.options.add_option("protobuf_definitions", str, "", "")
        yield


def viewed(message: http.Message, flow: http.HTTPFlow) -> ContentviewResult:
    return prettify_message(message, flow)


def asked(body: Any, path: str = CHAT, **metadata: Any) -> ContentviewResult:
    """How a request looks."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    flow = tflow.tflow(req=http.Request.make("POST", f"http://127.0.0.1:1{path}", content))
    flow.metadata |= metadata
    return viewed(flow.request, flow)


def answered(
    body: Any, path: str = CHAT, status: int = 200, kind: str = "", **metadata: Any
) -> ContentviewResult:
    """How an answer looks; text is a stream."""
    kind = kind or ("text/event-stream" if isinstance(body, str) else "application/json")
    content = (
        body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else orjson.dumps(body)
    )
    flow = tflow.tflow(req=http.Request.make("POST", f"http://127.0.0.1:1{path}", b"{}"))
    flow.response = http.Response.make(status, content, {"content-type": kind})
    flow.metadata |= metadata
    return viewed(flow.response, flow)


def transcript(result: ContentviewResult) -> str:
    """What stands before the raw form."""
    assert result.view_name == "Transcript"
    return re.split(r"── raw ─+\n", result.text)[0]


# --- every dialect, by what was recorded of it ------------------------------------------------------


def told_by(events: list[Event]) -> list[str]:
    """What must be on the page of an answer."""
    texts = [event.text for event in events if isinstance(event, Said) and not event.choice]
    calls = [event.name for event in events if isinstance(event, Called)]
    return [strutils.escape_control_characters(text) for text in texts + calls]


@pytest.mark.parametrize("recording", REQUESTS, ids=str)
def test_a_request(recording: Recording) -> None:
    dialect = DIALECTS[recording.dialect]
    try:
        request = dialect.read_request(json.loads(recording.request))
    except GatewayError:
        pytest.skip("refused by the gateway")
    page = transcript(asked(recording.request, dragoman_dialect=recording.dialect))
    for turn in request.turns:
        for part in turn.parts:
            if isinstance(part, Text):
                assert strutils.escape_control_characters(part.text) in page


@pytest.mark.parametrize("recording", WHOLE, ids=str)
def test_a_whole_answer(recording: Recording) -> None:
    body = recording.response
    events = DIALECTS[recording.dialect].read_response(json.loads(body))
    page = transcript(answered(body, dragoman_dialect=recording.dialect))
    assert all(line in page for line in told_by(events))


@pytest.mark.parametrize("recording", COMPLETE, ids=str)
def test_a_stream(recording: Recording) -> None:
    dialect = DIALECTS[recording.dialect]
    reader = dialect.StreamReader()
    events = [
        event for _, data in dialect.Framing().feed(recording.stream) if data for event in reader.read(data)
    ]
    page = transcript(
        answered(recording.stream, kind=dialect.STREAM_TYPE, dragoman_dialect=recording.dialect)
    )
    assert all(line in page for line in told_by(events))
    assert "broke off" not in page


# --- what a page says -------------------------------------------------------------------------------


def test_a_conversation() -> None:
    call = {
        "id": "c1",
        "type": "function",
        "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'},
    }
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "How is the weather?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "18 °C"},
    ]
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
    page = transcript(asked({"model": "m", "seed": 7, "messages": messages, "tools": tools}))
    rule = re.compile(r"── (.*?) ─+")
    assert rule.sub(r"# \1", page).split("\n") == [
        *("openai_chat · request", "model: m", "tools: get_weather", "seed: 7", ""),
        *("# system", "Be kind.", "", "# user", "How is the weather?", ""),
        *("# assistant", "→ get_weather  c1", "  {", '    "city": "Paris"', "  }", ""),
        *("# tool result c1", "18 °C", "", ""),
    ]


STREAMED_CALL = [
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Let me"}}]},
    {"choices": [{"index": 0, "delta": {"content": " see."}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [
        {"index": 0, "id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}
    ]}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"ci'}}]}}]},
    {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": 'ty":1}'}}]}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    {"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27}},
]  # fmt: skip


def stream(events: list[Any], farewell: str = "data: [DONE]\n\n") -> str:
    head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return "".join(f"data: {json.dumps(head | event)}\n\n" for event in events) + farewell


def test_a_streamed_call_is_put_together() -> None:
    page = transcript(answered(stream(STREAMED_CALL), dragoman_cost_usd=0.00012))
    assert "streamed in 8 events" in page
    assert 'Let me see.\n→ get_weather  c1\n  {\n    "city": 1\n  }\n' in page
    assert page.rstrip().endswith("finish: tools\nusage: 20 input, 7 output\ncost: $0.00012")


def test_the_events_stand_below() -> None:
    raw = answered(stream(STREAMED_CALL)).text.partition("── raw ")[2]
    assert raw.count("data: {") == 7 and "data: [DONE]" in raw


def test_a_stream_that_broke_off() -> None:
    assert "the stream broke off" in transcript(answered(stream(STREAMED_CALL[:3], "")))


def test_a_stream_of_which_only_the_beginning_was_kept() -> None:
    assert "left out: 1,234 bytes at the end" in transcript(
        answered(stream(STREAMED_CALL[:3], ""), not_kept=1234)
    )


def test_a_stream_that_becomes_unreadable() -> None:
    page = transcript(answered(stream(STREAMED_CALL[:2], "data: {{{\n\n")))
    assert "Let me see." in page and "the rest of the stream can't be read" in page


def test_an_error() -> None:
    body = {"error": {"message": "Slow down.", "type": "rate_limit_error", "code": "slow"}}
    page = transcript(answered(body, status=429))
    assert "status: 429" in page and "error: Slow down. (rate_limit, slow)" in page


def test_a_picture_is_a_type_and_a_size() -> None:
    picture = {"type": "base64", "media_type": "image/png", "data": "iVBO" * 2500}
    body = {
        "model": "m",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": [{"type": "image", "source": picture}]}],
    }
    result = asked(body, MESSAGES)
    assert "[image: image/png, 7,500 bytes]" in transcript(result)
    assert "iVBO" * 20 not in result.text and "(9,952 more characters)" in result.text


def test_flows_of_others_are_known_by_their_looks() -> None:
    answer = {
        "type": "message", "role": "assistant", "id": "1", "model": "m",
        "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }  # fmt: skip
    assert transcript(answered(answer, "/model/claude/invoke")).startswith("anthropic_messages · answer")
    assert transcript(answered(stream(STREAMED_CALL), "/elsewhere")).startswith("openai_chat · answer")


# --- what can't be read, or is large ------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"model": 1}', b'{"model":"m","messages":' + b"[" * 2000],
)
def test_what_is_none_is_left_to_others(body: bytes) -> None:
    assert asked(body).view_name != "Transcript"
    assert answered(body).view_name != "Transcript"


def test_no_error_even_where_a_transcript_is_asked_for() -> None:
    metadata = contentviews.Metadata()
    assert Transcript().prettify(b"{nothing", metadata) == "{nothing"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["model", "messages", "role", "content", "type", "text", "choices", "output", "input",
                         "data", "usage", "results", "embeddings", "documents", "query", "tools", "meta"]),
        inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip
paths = st.sampled_from([CHAT, MESSAGES, *(f"/v1/{name}" for name in (
    "responses", "completions", "embeddings", "images/generations", "audio/speech", "rerank", "embed"
))])  # fmt: skip


@given(json_values, paths)
def test_garbage_never_raises(body: Any, path: str) -> None:
    for result in (asked(body, path), answered(body, path), answered(body, path, 500)):
        assert "failed to parse" not in result.description
    assert "failed to parse" not in answered(f"data: {json.dumps(body)}\n\n", path).description


def test_a_long_conversation_is_shown_with_its_ends() -> None:
    messages = [{"role": "user", "content": f"message {number}"} for number in range(20_000)]
    page = transcript(asked({"model": "m", "messages": messages}))
    assert "left out: 19,500 of the 20,000 in messages" in page
    assert "\nmessage 0\n" in page and "\nmessage 19999\n" in page and "\nmessage 10000\n" not in page


def test_a_huge_body_is_not_walked() -> None:
    picture = "data:image/png;base64," + "iVBO" * 7_500_000
    content = [{"type": "image_url", "image_url": {"url": picture}}, {"type": "text", "text": "a\\b" * 10**6}]
    result = asked({"model": "m", "messages": [{"role": "user", "content": content}]})
    assert "[image: image/png, 22,500,000 bytes]" in transcript(result)
    assert len(result.text) < 100_000


@pytest.mark.parametrize(
    "body", [b"[" + b"0," * 2_000_000 + b"0]", b'{"model":"m"' + b" " * 3_000_000, b"\0" * 3_000_000]
)
def test_a_large_body_that_is_no_transcript_is_not_laid_out_either(body: bytes) -> None:
    result = asked(body)
    assert result.view_name == "Transcript"
    assert len(result.text) < 2_000_000 and "more bytes" in result.text
