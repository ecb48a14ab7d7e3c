import gzip
import io
import json
from typing import Any

import orjson
import pytest
from mitmproxy import http

from addons.account import Account
from addons.call import Call
from addons.metrics import Metrics
from addons.prices import Prices
from addons.proxy import Failure
from addons.translate import answered, created_of, streams
from tests.addons.calls import CHAT, MESSAGES, Chain, a_request, an_answer, asking, told
from tests.e2e import answers
from tests.oracles import (
    check_anthropic_error,
    check_anthropic_response,
    check_anthropic_stream,
    check_openai_chat_response,
    check_openai_error,
    check_openai_stream,
)
from translators import sse

DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
STREAM = "text/event-stream"


def exchange(provider: str, path: str, answer: http.Response, **fields: Any) -> tuple[Call, http.Response]:
    """A call to this provider, and what its client gets to see."""
    chain = Chain()
    call, _ = chain.first(a_request(asking(f"{provider}/m", path, **fields), path, x_request_id="mine"))
    return call, chain.answer(call, answer)


def streamed(*frames: bytes, **headers: str) -> http.Response:
    return an_answer(b"".join(frames), 200, **{"content_type": STREAM, **headers})


def content(response: http.Response) -> bytes:
    return response.raw_content or b""


# Requests


def test_an_attempt_is_remembered() -> None:
    call, attempt = Chain().first(a_request(asking("renamed")))
    assert call.current and (call.current.provider, call.current.model) == ("a", "up-model")
    assert json.loads(attempt.request.raw_content or b"")["model"] == "up-model"
    assert call.asked == [call.backend]


def test_every_attempt_is_made_of_the_clients_untouched_request() -> None:
    chain = Chain()
    call, first = chain.first(a_request(asking("three", seed=1)))
    before = call.flow.request.raw_content
    first.request.raw_content = b"edited by hand"
    second = chain.fail(call, Failure("connect", "x"))
    third = chain.fail(call, Failure("connect", "x"))
    assert second and json.loads(second.request.raw_content or b"")["seed"] == 1
    assert third and "seed" not in json.loads(third.request.raw_content or b"")
    assert [attempt.dropped for attempt in call.tries] == [(), (), ("seed",)]
    assert call.flow.request.raw_content == before


def test_times_are_those_of_backend_route_and_provider() -> None:
    chain = Chain("""
providers: {a: {type: openai, timeouts: {connect: 1s, first_byte: 1s, idle: 1s}}}
routes: [{models: [m], timeouts: {first_byte: 2s, idle: 2s}, backends: [{provider: a, timeouts: {idle: 3s}}]}]
""")
    times = chain.first(a_request(asking("m")))[0].timeouts
    assert (times.connect, times.first_byte, times.idle, times.total) == (1, 2, 3, 600)


def test_what_is_malformed_deep_inside_is_refused_where_it_is_translated() -> None:
    chain = Chain()
    call = chain.call(a_request(asking("anth/m") | {"messages": [{"role": "user", "content": 5}]}))
    assert chain.attempt(call) is None
    assert call.response and call.response.status_code == 400
    assert told(call.response)["error"]["param"] == "messages[0].content"


def test_an_endpoint_that_a_provider_does_not_have() -> None:
    chain = Chain()
    call = chain.call(a_request({"model": "anth/m", "input": "x"}, "/v1/embeddings"))
    assert chain.attempt(call) is None
    assert call.response and call.response.status_code == 422
    assert "anth" in told(call.response)["error"]["message"]


# Whole answers


@pytest.mark.parametrize("provider", ["a", "anth"])
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_whole_answer(provider: str, path: str, encoding: str) -> None:
    body = answers.openai_chat() if provider == "a" else answers.anthropic_message()
    raw = json.dumps(body).encode()
    answer = an_answer(gzip.compress(raw) if encoding else raw, content_encoding=encoding)
    _, response = exchange(provider, path, answer)
    check = check_openai_chat_response if path == CHAT else check_anthropic_response
    assert check(told(response)) == []
    assert response.headers["content-length"] == str(len(content(response)))
    assert not {"content-encoding", "transfer-encoding"} & {name.lower() for name in response.headers}
    if (provider == "a") == (path == CHAT):
        assert content(response) == raw


def test_the_gateways_own_headers() -> None:
    _, response = exchange("anth", CHAT, an_answer(answers.anthropic_message()), seed=1, logit_bias={"1": 1})
    assert response.headers["x-request-id"] == "mine"
    assert response.headers["x-dragoman-provider"] == "anth"
    assert response.headers["x-dragoman-model"] == "m"
    assert response.headers["x-dragoman-attempts"] == "1"
    assert set(response.headers["x-dragoman-dropped"].split(",")) == {"seed", "logit_bias"}


def test_what_a_provider_says_under_these_names_is_not_believed() -> None:
    answer = an_answer(answers.openai_chat(), x_request_id="theirs", x_dragoman_provider="theirs")
    _, response = exchange("a", CHAT, answer)
    assert response.headers.get_all("x-request-id") == ["mine"]
    assert response.headers.get_all("x-dragoman-provider") == ["a"]


@pytest.mark.parametrize("model", ["gr\u00fcn", "a b", "x\u2028y"])
def test_a_header_holds_any_models_name(model: str) -> None:
    chain = Chain()
    call, _ = chain.first(a_request(asking(f"a/{model}")))
    response = chain.answer(call, an_answer(answers.openai_chat()))
    assert (
        response.headers["x-dragoman-model"].isascii() and response.headers["x-dragoman-model"].isprintable()
    )


def test_only_headers_meant_for_clients_are_passed() -> None:
    private = {
        "set_cookie": "a=1",
        "server": "x",
        "openai_organization": "org",
        "via": "y",
        "connection": "close",
    }
    public = {"retry_after": "3", "x_ratelimit_limit_requests": "5", "anthropic_ratelimit_tokens_limit": "6"}
    answer = an_answer(answers.openai_chat(), 200, **private, **public, date=DATE)
    _, response = exchange("a", CHAT, answer)
    names = {name.lower().replace("-", "_") for name in response.headers}
    assert not names & private.keys()
    assert public.keys() <= names and "date" in names


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"[]", b'{"choices":1}', b"\xff", json.dumps(answers.openai_error()).encode()]
)
def test_an_answer_that_can_not_be_told_is_a_502(body: bytes) -> None:
    call, response = exchange("a", MESSAGES, an_answer(body))
    assert response.status_code == 502
    assert check_anthropic_error(502, told(response)) == []
    assert response.headers["x-dragoman-provider"] == "a" and response.headers["x-request-id"] == "mine"
    assert call.refusal and call.refusal.status == 502


def test_what_passes_is_not_judged() -> None:
    _, response = exchange("a", CHAT, an_answer(b"<html>", content_type="text/html"))
    assert (response.status_code, content(response)) == (200, b"<html>")


def test_what_is_not_encoded_as_it_says() -> None:
    broken = gzip.compress(b"{}")[:10] + b"\xff" * 20
    _, response = exchange("a", CHAT, an_answer(broken, content_encoding="gzip"))
    assert response.status_code == 502


def test_a_client_that_wanted_a_stream_gets_one() -> None:
    _, response = exchange("a", MESSAGES, an_answer(answers.openai_chat()), stream=True)
    assert response.headers["content-type"].startswith(STREAM)
    assert check_anthropic_stream(content(response)) == []


# Errors


@pytest.mark.parametrize("provider", ["a", "anth"])
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_a_providers_error_keeps_its_status(provider: str, path: str) -> None:
    body = answers.openai_error() if provider == "a" else answers.anthropic_error()
    _, response = exchange(provider, path, an_answer(body, 429, retry_after="3"))
    check = check_openai_error if path == CHAT else check_anthropic_error
    assert response.status_code == 429 and check(429, told(response)) == []
    assert response.headers["retry-after"] == "3"
    assert told(response)["error"]["message"] == "slow down"


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_an_error_that_is_a_page_is_not_shown(path: str) -> None:
    _, response = exchange(
        "a", path, an_answer(b"<html>nginx 10.0.0.1</html>", 502, content_type="text/html")
    )
    assert response.status_code == 502 and b"nginx" not in content(response)
    assert response.headers["content-type"] == "application/json"
    assert told(response)["error"]["message"]


# Streams


@pytest.mark.parametrize("provider", ["a", "anth"])
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_stream(provider: str, path: str, encoding: str) -> None:
    frames = answers.openai_stream("a", "b") if provider == "a" else answers.anthropic_stream("a", "b")
    body = gzip.compress(b"".join(frames)) if encoding else b"".join(frames)
    call, response = exchange(provider, path, streamed(body, content_encoding=encoding), stream=True)
    problems = (
        check_openai_stream(content(response), False)
        if path == CHAT
        else check_anthropic_stream(content(response))
    )
    assert problems == []
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert call.first_byte is not None


def test_a_stream_that_breaks_ends_with_an_error() -> None:
    chain = Chain()
    call, _ = chain.first(a_request(asking("a/m", stream=True)))
    call.attempts[-1].response = call.flow.response = streamed()
    chain.run("responseheaders", call.flow)
    stream: Any = call.flow.response.stream
    assert stream(answers.OPENAI_FIRST)
    assert payload(stream.abort("10.0.0.1:443: connection reset"))["message"].startswith(
        "The provider's stream"
    )
    assert stream.abort("again") == stream(b"") == []


def payload(frames: list[bytes]) -> Any:
    """The error in the last frame."""
    return json.loads(sse.Decoder().feed(frames[-1])[0][1])["error"]


@pytest.mark.parametrize(("reason", "shown"), [("idle timeout", True), ("10.0.0.1:443 said RST", False)])
def test_why_it_broke_is_told_where_it_tells_nothing_else(reason: str, shown: bool) -> None:
    chain = Chain()
    call, _ = chain.first(a_request(asking("a/m", stream=True)))
    call.attempts[-1].response = call.flow.response = streamed()
    chain.run("responseheaders", call.flow)
    stream: Any = call.flow.response.stream
    assert (reason in payload(stream.abort(reason))["message"]) is shown


def test_a_stream_that_can_not_be_unpacked_ends_with_an_error() -> None:
    broken = gzip.compress(b"".join(answers.openai_stream("a")))[:12] + b"\xff" * 30
    _, response = exchange("a", CHAT, streamed(broken, content_encoding="gzip"), stream=True)
    assert b'"error"' in content(response) and b"[DONE]" not in content(response)


@pytest.mark.parametrize(
    ("status", "kind", "streamed"),
    [
        (200, "text/event-stream", True),
        (200, "text/event-stream; charset=utf-8", True),
        (200, "audio/mpeg", True),
        (200, "application/octet-stream", True),
        (200, "application/json", False),
        (200, "", False),
        (429, "text/event-stream", False),
        (302, "audio/mpeg", False),
    ],
)
def test_what_streams(status: int, kind: str, streamed: bool) -> None:
    assert streams(http.Response.make(status, b"", {"content-type": kind})) is streamed


def test_sound_passes_as_it_is() -> None:
    chain = Chain()
    call, _ = chain.first(a_request({"model": "a/tts", "input": "x", "voice": "y"}, "/v1/audio/speech"))
    response = chain.answer(call, an_answer(b"\x00\x01", content_type="audio/mpeg"))
    assert response.stream is True and content(response) == b"\x00\x01"
    assert response.headers["x-dragoman-provider"] == "a"
    assert call.peek(call, response) is None


# The head of a stream


def peeked(provider: str, *pieces: bytes, **headers: str) -> tuple[Call, Any]:
    """The verdict on the last piece."""
    call, _ = Chain().first(a_request(asking(f"{provider}/m", stream=True)))
    peek = call.peek(call, streamed(**headers))
    assert peek
    return call, [peek.feed(piece) for piece in pieces][-1]


def test_the_head_of_a_stream_is_looked_at() -> None:
    assert peeked("a", answers.OPENAI_FIRST)[1] is False
    assert peeked("a", answers.OPENAI_FIRST, answers.openai_delta(content="x"))[1] is True
    assert peeked("anth", *answers.anthropic_stream("x")[:2])[1] is False
    assert peeked("a", gzip.compress(answers.openai_delta(content="x")), content_encoding="gzip")[1] is True


def test_an_error_at_the_head_is_a_failure_with_a_status() -> None:
    call, verdict = peeked("a", answers.sse(answers.openai_error()))
    assert verdict == Failure("stream", "error in stream", 429)
    assert call.head_error and call.head_error.message == "slow down"


@pytest.mark.parametrize("pieces", [(b"",), (answers.OPENAI_FIRST, b""), (b"data: {\n\n",)])
def test_a_head_without_a_stream_is_a_failure(pieces: tuple[bytes, ...]) -> None:
    assert peeked("a", *pieces)[1] == Failure("stream", "error in stream", 502)


def test_a_head_that_can_not_be_unpacked_is_a_failure() -> None:
    _, verdict = peeked("a", gzip.compress(b"x")[:10] + b"\xff" * 20, content_encoding="gzip")
    assert isinstance(verdict, Failure) and verdict.status == 502


# Whose answer it is


def test_the_gateways_own_answer_is_left_alone() -> None:
    call = Chain().call(a_request(b"{", x_request_id="mine"))
    assert call.flow.response and call.flow.response.status_code == 400
    assert not answered(call)
    assert call.flow.response.headers["x-request-id"] == "mine"
    assert "x-dragoman-provider" not in call.flow.response.headers


def test_an_answer_to_a_failed_addon_is_the_gateways_own() -> None:
    chain = Chain()
    call, _ = chain.first(a_request(asking()))
    chain.answer(call, an_answer(answers.openai_chat()))
    assert answered(call)
    call.faults.append("x")
    assert not answered(call)


def test_the_time_of_an_answer_is_the_providers() -> None:
    assert created_of(an_answer(b"", date=DATE)) == 1_700_000_000
    for date in ("", "yesterday", "\u00b2", "Tue, 99 Nov 2023 22:13:20 GMT"):
        response = an_answer(b"", date=date)
        response.timestamp_start = 5.5
        assert created_of(response) == 5


def test_a_large_answer_that_passes_is_neither_parsed_nor_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what stands beside the vectors is."""
    read, written = list[int](), list[int]()
    loads, dumps = orjson.loads, orjson.dumps

    def reading(data: bytes) -> Any:
        read.append(len(data))
        return loads(data)

    def writing(value: Any) -> bytes:
        made = dumps(value)
        written.append(len(made))
        return made

    vectors = [{"embedding": [0.25] * 1536, "index": at, "object": "embedding"} for at in range(16)]
    usage = {"prompt_tokens": 8, "total_tokens": 8}
    answer = an_answer({"object": "list", "data": vectors, "model": "m", "usage": usage})
    chain = Chain()
    call, _ = chain.first(a_request({"model": "a/m", "input": ["x"] * 16}, "/v1/embeddings"))
    account = Account(Metrics(), Prices(lambda: call.config), io.StringIO())
    monkeypatch.setattr(orjson, "loads", reading)
    monkeypatch.setattr(orjson, "dumps", writing)
    passed = content(chain.answer(call, answer))
    account.response(call.flow)
    account.settled(call)
    assert passed is answer.raw_content and call.current
    assert call.current.translator.outcome.used and call.current.translator.outcome.used.usage.input == 8
    assert 0 < sum(read) < len(passed) / 50 and sum(written) < len(passed) / 50
