"""Whole Messages answers, usage and errors."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import check_anthropic_error, check_anthropic_response
from tests.translators.anthropic_samples import ANSWER, CITED, USAGE
from translators import anthropic_messages
from translators.anthropic_messages.usage import read_tier, read_usage
from translators.canonical import (
    Called,
    CalledWith,
    Cited,
    Done,
    ErrorKind,
    Event,
    Extra,
    Failed,
    Finished,
    Json,
    Opaque,
    Probable,
    Refused,
    Said,
    Started,
    StopReason,
    Thought,
    Usage,
    Used,
)
from translators.errors import BadUpstream

HEAD = Started("chatcmpl-1", "gpt-x", 1)
END = (Finished("end"), Used(Usage(10, 2)), Done())


def write(*events: Event) -> dict[str, Any]:
    body = anthropic_messages.write_response(events, created=1)
    assert not check_anthropic_response(body, spec=False)  # which is older than the SDK
    return body


def test_the_sample_is_what_anthropic_sends() -> None:
    assert not check_anthropic_response(ANSWER)


def test_an_answer_survives() -> None:
    assert write(*anthropic_messages.read_response(ANSWER)) == ANSWER
    extra = {"stop_reason": "refusal", "stop_details": {"type": "refusal", "category": "bio"}}
    refused = {**ANSWER, "content": [], **extra}
    assert write(*anthropic_messages.read_response(refused)) == refused


def test_what_it_means() -> None:
    events = anthropic_messages.read_response(ANSWER)
    assert events[0] == Started("msg_1", "claude-x")
    assert [event for event in events if isinstance(event, Called)] == [
        Called(0, "toolu_1", "f"),
        Called(1, "toolu_2", "g"),
    ]
    assert Said("I search.") in events
    assert any(isinstance(event, Cited) and event.url == CITED["url"] for event in events)
    assert [event.data.field for event in events if isinstance(event, Extra)] == ["content[]"] * 2
    used = Usage(17, 42, 5, 2, 2, 7, web_searches=1)
    assert events[-3:] == [Finished("tools"), Used(used, "default"), Done()]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("end_turn", "end"),
        ("stop_sequence", "stop_sequence"),
        ("max_tokens", "length"),
        ("refusal", "refusal"),
        ("pause_turn", "pause"),
        ("model_context_window_exceeded", "context"),
    ],
)
def test_stop_reasons(theirs: str, ours: StopReason) -> None:
    answer = {**ANSWER, "content": [{"type": "text", "text": "x"}], "stop_reason": theirs}
    assert Finished(ours) in anthropic_messages.read_response(answer)
    assert write(HEAD, Said("x"), Finished(ours), Done())["stop_reason"] == theirs


def test_stop_reasons_that_contradict_the_content() -> None:
    assert Finished("tools") in anthropic_messages.read_response({**ANSWER, "stop_reason": "end_turn"})
    called = (HEAD, Called(0, "a", "f"), CalledWith(0, "{}"))
    assert write(*called, *END)["stop_reason"] == "tool_use"
    assert write(*called, Finished("length"))["stop_reason"] == "max_tokens"
    assert write(HEAD, Said("x"), Finished("tools"))["stop_reason"] == "end_turn"
    assert write(HEAD, Refused("no"), *END)["stop_reason"] == "refusal"
    assert write(HEAD, Said("x"), Finished("content_filter"))["stop_reason"] == "refusal"
    assert write(HEAD, Said("x"), Finished("stop_sequence", "END"))["stop_sequence"] == "END"


def test_an_answer_of_another_vendor() -> None:
    foreign = Opaque("google", "signature", "s")
    body = write(
        HEAD,
        Thought("hm"),
        Thought(signature=foreign),
        Said("one "),
        Said(""),
        Said("two"),
        Said("other", choice=1),
        Cited("https://a.example", "A", "q"),
        Cited(None, "a file"),
        Probable(()),
        Extra(Opaque("google", "content[]", {})),
        Called(0, "a", "f"),
        Called(1, "b", "g"),
        CalledWith(0, '{"x":'),
        CalledWith(1, ""),
        CalledWith(0, "1}"),
        Finished("tools"),
        Used(Usage(10, 2, cache_read=4)),
        Done(),
    )
    source = {**CITED, "url": "https://a.example", "title": "A", "cited_text": "q", "encrypted_index": ""}
    assert body["id"] == "chatcmpl-1"
    assert body["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "google:s"},
        {"type": "text", "text": "one two", "citations": [source]},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}},
        {"type": "tool_use", "id": "b", "name": "g", "input": {}},
    ]
    assert body["usage"] == {"input_tokens": 6, "output_tokens": 2, "cache_read_input_tokens": 4}


def test_usage_unknown_is_zero_where_a_number_must_be() -> None:
    assert write(HEAD, Finished("end"), Done())["usage"] == {"input_tokens": 0, "output_tokens": 0}


@pytest.mark.parametrize("arguments", ["{", "[]", "1", '{"a":1}}'])
def test_bad_arguments_are_not_made_up(arguments: str) -> None:
    with pytest.raises(BadUpstream):
        write(HEAD, Called(0, "a", "f"), CalledWith(0, arguments), *END)


def test_an_answer_without_an_end_is_none() -> None:
    with pytest.raises(BadUpstream):
        write(HEAD, Said("x"))


def test_usage() -> None:
    assert read_usage({}) == Usage()
    assert read_usage({"input_tokens": 1, "output_tokens": 2}) == Usage(1, 2)
    by_age = {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4}
    assert read_usage({"input_tokens": 1, "cache_creation": by_age}) == Usage(
        8, cache_write=7, cache_write_1h=4
    )
    assert read_usage({**USAGE, "cache_read_input_tokens": None}).input == 12


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ),
    st.sampled_from(["", "id", "model", "content", "usage", "stop_reason"]),
)
def test_garbage_raises_only_what_is_expected(garbage: Any, field: str) -> None:
    body: Json = {**ANSWER, field: garbage} if field else garbage
    with suppress(KeyError, TypeError, ValueError):
        anthropic_messages.read_response(body)


# --- errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            529,
            {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}},
            Failed("overloaded", "busy", 529, "overloaded_error"),
        ),
        (
            400,
            {"error": {"message": "m", "type": "t", "code": "c", "param": "p"}},
            Failed("invalid_request", "m", 400, "t", "c", "p"),
        ),
        (402, {"error": "pay"}, Failed("billing", "pay", 402)),
        (403, {"message": "no"}, Failed("permission", "no", 403)),
        (
            503,
            {"type": "error", "error": {"type": "api_error", "message": "busy"}},
            Failed("overloaded", "busy", 503, "api_error"),
        ),
        (422, {"detail": "bad"}, Failed("invalid_request", "bad", 422)),
        (429, [{"error": {"code": 429, "message": "slow"}}], Failed("rate_limit", "slow", 429, code="429")),
        (503, None, Failed("overloaded", "The provider answered with status 503.", 503)),
        (500, [], Failed("server", "The provider answered with status 500.", 500)),
        (
            504,
            {"error": {"message": {"a": 1}}},
            Failed("timeout", "The provider answered with status 504.", 504),
        ),
    ],
    ids=str,
)
def test_errors_are_read(status: int, body: Any, expected: Failed) -> None:
    assert anthropic_messages.read_error(status, orjson.dumps(body)) == expected


@given(st.integers(300, 599), st.binary())
def test_a_body_that_is_not_json_is_not_quoted(status: int, body: bytes) -> None:
    failed = anthropic_messages.read_error(status, b"<html>" + body)
    assert failed.message == f"The provider answered with status {status}."


KINDS: dict[ErrorKind, tuple[int, str]] = {
    "invalid_request": (400, "invalid_request_error"),
    "unsupported": (422, "invalid_request_error"),
    "authentication": (401, "authentication_error"),
    "billing": (402, "billing_error"),
    "permission": (403, "permission_error"),
    "not_found": (404, "not_found_error"),
    "too_large": (413, "request_too_large"),
    "rate_limit": (429, "rate_limit_error"),
    "server": (500, "api_error"),
    "timeout": (504, "timeout_error"),
    "overloaded": (529, "overloaded_error"),
}


@pytest.mark.parametrize(("kind", "status", "type"), [(kind, *told) for kind, told in KINDS.items()])
def test_errors_are_written(kind: ErrorKind, status: int, type: str) -> None:
    body = anthropic_messages.write_error(Failed(kind, 'a "quoted"\nline', status), "req_1")
    assert body == {
        "type": "error",
        "error": {"type": type, "message": 'a "quoted"\nline'},
        "request_id": "req_1",
    }
    assert check_anthropic_error(status, body) == []
    again = anthropic_messages.read_error(status, orjson.dumps(body))
    assert again.kind == ("invalid_request" if kind == "unsupported" else kind)


def test_what_compacting_took_is_counted_with_the_sums() -> None:
    """https://platform.claude.com/docs/en/build-with-claude/compaction: it is billed, but not in the sums."""
    iterations = [
        {"type": "compaction", "input_tokens": 100, "output_tokens": 20, "cache_read_input_tokens": 5},
        {"type": "message", "input_tokens": 12, "output_tokens": 3},
    ]
    usage = {"input_tokens": 12, "output_tokens": 3, "iterations": iterations}
    assert read_usage(usage) == Usage(117, 23, 5)


@pytest.mark.parametrize(
    ("usage", "tier"),
    [({}, None), ({"service_tier": "standard", "speed": "standard"}, "default"), ({"speed": "fast"}, "fast")],
)
def test_the_tier_is_what_the_price_depends_on(usage: dict[str, Any], tier: str | None) -> None:
    assert read_tier(usage) == tier
