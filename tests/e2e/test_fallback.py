"""Providers that fail before the first byte of an answer: the next one is asked, and its answer streams."""

from itertools import product
from typing import Any

import pytest

from tests import oracles
from tests.e2e import answers
from tests.e2e.answers import error, saying, sse, streamed, streaming, whole
from tests.e2e.client import CHAT, MESSAGES, Answer, chat, messages, post
from tests.e2e.client import streaming as reading
from tests.gateway import Gateway
from tests.upstream import PATIENCE, Hold, Step, Upstream, close, hang, reset

both = pytest.mark.parametrize("path", [CHAT, MESSAGES])
PARTIAL_JSON = answers.head(200, {"content-type": "application/json", "content-length": "900"}) + b'{"id": '
GARBAGE = whole(b"<html>Bad gateway</html>", headers={"content-type": "text/html"})

BEFORE_THE_FIRST_BYTE: dict[str, list[Step]] = {
    "reset": [reset],
    "close": [close],
    "reset in the head": [b"HTTP/1.1 200 OK\r\ncontent-ty", reset],
    "close in the head": [b"HTTP/1.1 200 OK\r\ncontent-ty", close],
    "not HTTP": [b"\x00\x01 hello\r\n\r\n", close],
    "429": whole(answers.openai_error(), 429),
    "500": whole(answers.openai_error("broken"), 500),
    "503 as HTML": whole(b"<html>", 503, {"content-type": "text/html"}),
    "529": whole(answers.openai_error("overloaded"), 529),
}
IN_A_STREAM = {
    "error event first": streamed([sse(answers.openai_error()), answers.DONE]),
    "close after the head": [answers.head(200, {"content-type": "text/event-stream"}), close],
    "empty stream": streamed([]),
}
IN_A_WHOLE = {"cut": [PARTIAL_JSON, close], "reset": [PARTIAL_JSON, reset]}


def asking(path: str, model: str, **fields: Any) -> Any:
    return chat(model, **fields) if path == CHAT else messages(model, **fields)


def assert_error(path: str, answer: Answer, status: int) -> None:
    """An error in the client's dialect that gives no address away."""
    check = oracles.check_openai_error if path == CHAT else oracles.check_anthropic_error
    assert answer.status == status, answer.body
    assert answer.headers["content-type"].startswith("application/json")
    assert check(status, answer.json()) == []
    for address in (b"127.0.0.1", b"localhost", b"http:", b"no-such-host", b"Errno", b"Traceback"):
        assert address not in answer.body


def test_refused_429_reset_then_a_stream(upstream: Upstream, gateway: Gateway) -> None:
    """The client has the first chunk while the good provider still holds the second."""
    hold = Hold()
    first, second = answers.openai_delta(content="one"), answers.openai_delta(content="two")
    frames = [answers.OPENAI_FIRST, first, hold, second, answers.OPENAI_STOP, answers.DONE]
    upstream.script("a", whole(error("a"), 429))
    upstream.script("b", [reset])
    upstream.script("c", streamed(frames))
    with reading(gateway.url, CHAT, chat("refused-a-b-c", stream=True)) as stream:
        assert b"two" not in stream.until(b"one")
        hold.release()
        assert oracles.check_openai_stream(stream.rest()) == []
    assert stream.headers["x-dragoman-provider"] == "c"
    assert stream.headers["x-dragoman-attempts"] == "4"


@both
@pytest.mark.parametrize(
    ("fault", "stream"),
    [
        *product(BEFORE_THE_FIRST_BYTE, [False, True]),
        *product(IN_A_STREAM, [True]),
        *product(IN_A_WHOLE, [False]),
    ],
)
def test_the_next_provider_answers(
    upstream: Upstream, gateway: Gateway, path: str, fault: str, stream: bool
) -> None:
    later = IN_A_STREAM if stream else IN_A_WHOLE
    upstream.script("a", BEFORE_THE_FIRST_BYTE.get(fault) or later[fault])
    good = streaming("b", "from b")
    upstream.script("b", streamed(good) if stream else whole(saying("b", "from b")))
    answer = post(gateway.url, path, asking(path, "a-b", stream=stream))
    assert (answer.status, answer.body.count(b"from b")) == (200, 1)
    assert b"slow down" not in answer.body
    assert answer.headers["x-dragoman-attempts"] == "2"


@both
def test_the_next_provider_may_speak_another_language(
    upstream: Upstream, gateway: Gateway, path: str
) -> None:
    upstream.script("a", whole(error("a"), 429))
    upstream.script("anth_a", streamed(streaming("anth_a", "from anth_a")))
    answer = post(gateway.url, path, asking(path, "a-anth_a", stream=True))
    check = oracles.check_openai_stream if path == CHAT else oracles.check_anthropic_stream
    assert check(answer.body) == []
    assert oracles.check_anthropic_request(answers.json.loads(upstream.of("anth_a")[0].body)) == []


def test_each_attempt_is_made_from_the_clients_own_request(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("anth_a", whole(error("anth_a"), 529))
    upstream.script("a", whole(saying("a")))
    body = b'{"model":"anth_a-a",  "messages":[{"role":"user","content":"Hi"}], "seed": 7}'
    answer = post(gateway.url, CHAT, body)
    assert upstream.of("a")[0].body == body
    assert "x-dragoman-dropped" not in answer.headers


@both
@pytest.mark.parametrize("unreachable", ["refused", "tls", "dns"])
def test_unreachable_providers(upstream: Upstream, gateway: Gateway, path: str, unreachable: str) -> None:
    upstream.script("a", whole(saying("a", "from a")))
    answer = post(gateway.url, path, asking(path, f"{unreachable}-a"))
    assert answer.status == 200 and b"from a" in answer.body


@both
@pytest.mark.parametrize("unreachable", ["refused", "tls", "dns", "refused-tls-dns"])
def test_nothing_is_reachable(upstream: Upstream, gateway: Gateway, path: str, unreachable: str) -> None:
    answer = post(gateway.url, path, asking(path, unreachable))
    assert_error(path, answer, 502)
    for provider in unreachable.split("-"):
        assert provider in answer.message


@both
def test_a_silent_provider_is_left_for_the_next(upstream: Upstream, gateway: Gateway, path: str) -> None:
    upstream.script("a", [hang])
    upstream.script("b", streamed(streaming("b", "from b")))
    answer = post(gateway.url, path, asking(path, "hasty-a-b", stream=True))
    assert answer.status == 200 and b"from b" in answer.body
    assert upstream.of("a")[0].gone.wait(PATIENCE)


@both
def test_a_stream_with_a_head_but_no_event_is_left_for_the_next(
    upstream: Upstream, gateway: Gateway, path: str
) -> None:
    upstream.script("a", [answers.head(200, {"content-type": "text/event-stream"}), hang])
    upstream.script("b", streamed(streaming("b", "from b")))
    answer = post(gateway.url, path, asking(path, "hasty-a-b", stream=True))
    assert answer.status == 200 and b"from b" in answer.body


@both
def test_all_silent(upstream: Upstream, gateway: Gateway, path: str) -> None:
    upstream.script("a", [hang])
    upstream.script("b", [hang])
    answer = post(gateway.url, path, asking(path, "all-hasty-a-b"))
    assert_error(path, answer, 504)
    assert "a" in answer.message and "b" in answer.message
    assert all(request.gone.wait(PATIENCE) for request in upstream.received)


@both
def test_the_last_providers_own_error_is_passed_on(upstream: Upstream, gateway: Gateway, path: str) -> None:
    upstream.script("a", whole(answers.openai_error("first"), 503))
    upstream.script("b", whole(answers.openai_error("slow down"), 429, {"retry-after": "3"}))
    answer = post(gateway.url, path, asking(path, "a-b", stream=True))
    assert_error(path, answer, 429)
    assert answer.message == "slow down"
    assert answer.headers["retry-after"] == "3"
    assert answer.headers["x-dragoman-attempts"] == "2"


@both
def test_the_last_one_got_no_answer(upstream: Upstream, gateway: Gateway, path: str) -> None:
    upstream.script("a", whole(answers.openai_error(), 429), whole(answers.openai_error(), 429))
    answer = post(gateway.url, path, asking(path, "a-refused"))
    assert_error(path, answer, 502)
    assert "429" in answer.message and "refused" in answer.message


@both
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_the_clients_own_faults_are_not_retried(
    upstream: Upstream, gateway: Gateway, path: str, status: int
) -> None:
    upstream.script("anth_a", whole(answers.anthropic_error("invalid_request_error", "your fault"), status))
    answer = post(gateway.url, path, asking(path, "anth_a-anth_b"))
    assert_error(path, answer, status)
    assert answer.message == "your fault"
    assert upstream.only().provider == "anth_a"


@pytest.mark.parametrize(("path", "provider"), [(CHAT, "anth_a"), (MESSAGES, "a")])
def test_an_answer_that_cannot_be_translated(
    upstream: Upstream, gateway: Gateway, path: str, provider: str
) -> None:
    upstream.script(provider, GARBAGE, GARBAGE)
    answer = post(gateway.url, path, asking(path, provider))
    assert_error(path, answer, 502)
    assert b"html" not in answer.body


def test_keep_alive_survives_every_fault(upstream: Upstream, gateway: Gateway) -> None:
    """One client connection: an answer after each failure belongs to its own request."""
    import http.client
    import json

    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    connection.connect()
    first_socket = connection.sock
    for number, steps in enumerate(BEFORE_THE_FIRST_BYTE.values()):
        upstream.script("a", steps)
        upstream.script("b", whole(saying("b", f"answer {number}")))
        body = json.dumps(chat("a-b"))
        connection.request("POST", CHAT, body, {"content-type": "application/json"})
        assert f"answer {number}" in connection.getresponse().read().decode()
    assert connection.sock is first_socket
    connection.close()
