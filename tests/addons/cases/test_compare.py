from typing import Any

import pytest
from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.test import tflow

from addons.cases.compare import compare
from addons.cases.structure import ABSENT, Difference
from addons.proxy import Recorded

STREAM = b'event: a\ndata: {"x": 1}\n\nevent: b\ndata: {"y": 2}\n\n'


def a_call(
    body: bytes = b'{"a": 1}',
    answer: bytes = b'{"b": 1}',
    *,
    path: str = "/up?q=1",
    status: int = 200,
    **told: str,
) -> Recorded:
    """A call with one attempt; `told` are headers of the client's answer."""
    client = tflow.tflow(req=http.Request.make("POST", "http://gateway.example/v1/x", b"asked"))
    headers = {"content-type": "application/json"} | {key.replace("_", "-"): it for key, it in told.items()}
    client.response = http.Response.make(status, answer, headers)
    attempt = tflow.tflow(req=http.Request.make("POST", f"http://one.example{path}", body))
    attempt.metadata = {"provider": "one", "model": "m"}
    return Recorded(client, (attempt,))


def found(recorded: Recorded, now: Recorded) -> list[Any]:
    return [tuple(difference) for difference in compare(recorded, now)]


def test_the_same_is_the_same() -> None:
    assert found(a_call(), a_call(b'{ "a":1 }')) == []


@pytest.mark.parametrize(
    ("now", "difference"),
    [
        (a_call(b'{"a": 2}'), ("attempt 1, body.a", 1, 2)),
        (a_call(path="/up?q=2"), ("attempt 1, path", "/up?q=1", "/up?q=2")),
        (a_call(status=201), ("answer, status", 200, 201)),
        (a_call(answer=b'{"b": 2}'), ("answer, body.b", 1, 2)),
        (a_call(x_dragoman_dropped="seed"), ("answer, header x-dragoman-dropped", ABSENT, "seed")),
        (a_call(x_ratelimit_limit="1"), ("answer, header x-ratelimit-limit", ABSENT, "1")),
    ],
)
def test_what_differs(now: Recorded, difference: tuple[Any, ...]) -> None:
    assert found(a_call(), now) == [difference]


def test_what_changes_with_the_hour_does_not_count() -> None:
    now = a_call(x_dragoman_cost_usd="1", date="today", x_request_id="other")
    now.attempts[0].request.headers["host"] = "elsewhere.example"
    assert found(a_call(), now) == []


def test_headers_and_backends_of_attempts() -> None:
    now = a_call()
    now.attempts[0].request.headers["x-new"] = "1"
    now.attempts[0].metadata |= {"provider": "two", "model": "n"}
    assert found(a_call(), now) == [
        ("attempt 1, provider", "one", "two"),
        ("attempt 1, model", "m", "n"),
        ("attempt 1, header x-new", ABSENT, "1"),
    ]


def test_a_header_that_is_redacted_is_not_known() -> None:
    recorded = a_call()
    recorded.attempts[0].request.headers["x-tenant"] = "[redacted]"
    assert found(recorded, a_call()) == []


def test_attempts_that_are_missing_or_new() -> None:
    one = a_call()
    two = one._replace(attempts=one.attempts * 2)
    assert found(two, one) == [("attempt 2", "asks one", "is not made")]
    assert found(one, two) == [("attempt 2", "is not made", "asks one")]


def test_content_codings_do_not_count() -> None:
    packed = a_call(content_encoding="gzip")
    assert packed.client.response and packed.client.response.raw_content != b'{"b": 1}'
    assert found(packed, a_call()) == []


def streamed(body: bytes, error: str = "") -> Recorded:
    call = a_call(answer=body, content_type="text/event-stream; charset=utf-8")
    call.client.error = mitmflow.Error(error) if error else None
    return call


def test_streams_differ_in_an_event() -> None:
    now = streamed(STREAM.replace(b"2", b"3"))
    assert found(streamed(STREAM), now) == [("answer, event 2 (b): y", 2, 3)]
    assert found(streamed(STREAM), streamed(STREAM, "idle timeout")) == [("answer, broken off", False, True)]


def test_of_a_client_that_left_the_part_that_it_saw() -> None:
    left = streamed(STREAM[:-5], "Client disconnected.")
    assert found(left, streamed(STREAM, "connection closed")) == []
    assert found(left, streamed(STREAM.replace(b"1", b"5"))) == [("answer, event 1 (a): x", 1, 5)]


def test_of_a_stream_that_was_not_kept_the_part_that_was() -> None:
    long = streamed(STREAM[:-5])
    long.client.metadata["not_kept"] = 5
    assert found(long, streamed(STREAM)) == []


def test_no_answer() -> None:
    silent = a_call()
    silent.client.response = None
    assert list(compare(a_call(), silent)) == [Difference("answer", "status 200", "none")]
