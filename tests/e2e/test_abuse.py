"""Requests that no well-meaning client sends: refused in JSON or cut off, and never passed on."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest

from tests import oracles
from tests.e2e.answers import saying, whole
from tests.e2e.client import CHAT, MESSAGES, Answer, chat, post, raw
from tests.gateway import Gateway, eventually, running, standard_config
from tests.upstream import PATIENCE, Upstream

both = pytest.mark.parametrize("path", [CHAT, MESSAGES])
GOOD = json.dumps(chat("a")).encode()
LIMITS = {"max_request_bytes": "64KiB", "max_header_bytes": "8KiB"}


@pytest.fixture(scope="module")
def strict(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with small limits."""
    config = standard_config(loopback.url)
    config["server"] |= LIMITS
    with running(config, tmp_path_factory.mktemp("strict")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def hasty(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway for those who are slow on purpose: others might be slow by chance."""
    config = standard_config(loopback.url)
    config["server"]["header_timeout"] = "500ms"
    with running(config, tmp_path_factory.mktemp("hasty")) as gateway:
        yield gateway


def head(*lines: str, method: str = "POST", target: str = CHAT, host: str = "Host: gateway") -> bytes:
    fields = [
        f"{method} {target} HTTP/1.1",
        *([host] if host else []),
        "Content-Type: application/json",
        *lines,
    ]
    return ("\r\n".join(fields) + "\r\n\r\n").encode("latin-1")


def with_body(*lines: str, **of_head: str) -> bytes:
    return head(*lines, f"Content-Length: {len(GOOD)}", **of_head) + GOOD


def parsed(reply: bytes) -> Answer:
    """The one response in these bytes."""
    assert reply.count(b"HTTP/1.1 ") == 1, reply
    top, _, body = reply.partition(b"\r\n\r\n")
    status_line, *lines = top.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return Answer(int(status_line.split(" ")[1]), {name.lower(): value for name, value in pairs}, body)


def assert_refusal(path: str, answer: Answer, status: int) -> None:
    """JSON in the client's dialect."""
    check = oracles.check_openai_error if path == CHAT else oracles.check_anthropic_error
    assert answer.status == status, answer.body
    assert answer.headers["content-type"].startswith("application/json")
    assert check(status, answer.json()) == []


# Sizes


@both
def test_a_large_body_is_refused_before_it_is_read(upstream: Upstream, strict: Gateway, path: str) -> None:
    before = strict.in_flight()
    reply = raw(strict.port, head("Content-Length: 100000000", target=path))
    assert_refusal(path, parsed(reply), 413)
    assert not upstream.received
    assert strict.in_flight() == before


@both
def test_a_large_chunked_body_is_refused(upstream: Upstream, strict: Gateway, path: str) -> None:
    chunks = [b"2000\r\n" + b" " * 0x2000 + b"\r\n" for _ in range(12)]
    reply = raw(strict.port, head("Transfer-Encoding: chunked", target=path), *chunks)
    assert_refusal(path, parsed(reply), 413)
    assert not upstream.received


def test_a_large_body_that_is_sent_all_the_same_gets_its_answer(upstream: Upstream, strict: Gateway) -> None:
    assert post(strict.url, CHAT, chat("a", "x" * 2_000_000)).status == 413


def test_a_body_just_below_the_limit(upstream: Upstream, strict: Gateway) -> None:
    upstream.script("a", whole(saying("a")))
    assert post(strict.url, CHAT, chat("a", "x" * 65_000)).status == 200


@both
def test_large_headers(upstream: Upstream, strict: Gateway, path: str) -> None:
    assert_refusal(path, parsed(raw(strict.port, with_body("X-Big: " + "a" * 200_000, target=path))), 431)
    assert not upstream.received


def test_many_headers(upstream: Upstream, strict: Gateway) -> None:
    reply = raw(strict.port, with_body(*(f"X-{number}: a" for number in range(2000))))
    assert parsed(reply).status == 431


# Slowness


@pytest.mark.parametrize("piece", [b"", b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n", head()[:-2]])
def test_a_head_that_never_ends(upstream: Upstream, hasty: Gateway, piece: bytes) -> None:
    reply = raw(hasty.port, piece)
    assert reply == b"" or parsed(reply).status == 408


def test_a_head_that_trickles(upstream: Upstream, hasty: Gateway) -> None:
    """Each byte is no reason to wait as long again."""
    with socket.create_connection(("127.0.0.1", hasty.port), timeout=PATIENCE) as connection:
        connection.settimeout(0.1)
        started, reply = time.monotonic(), b""
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\n")
        while not reply:
            assert time.monotonic() - started < PATIENCE
            try:
                reply = connection.recv(65536)
            except TimeoutError:
                connection.sendall(b"x")
    assert parsed(reply).status == 408


def test_a_body_that_never_comes(upstream: Upstream, hasty: Gateway) -> None:
    reply = raw(hasty.port, head(f"Content-Length: {len(GOOD)}"), GOOD[:20])
    assert parsed(reply).status == 408
    assert not upstream.received


def test_a_connection_may_be_idle_between_requests(upstream: Upstream, hasty: Gateway) -> None:
    """Or is closed without a word; a 408 would be taken for the answer to the next request."""
    upstream.script("a", whole(saying("a")))
    with eventually(lambda: answered(hasty.port), "each request came too late") as connection:
        connection.settimeout(1)
        with contextlib.suppress(TimeoutError):
            assert b"408" not in connection.recv(65536)


def answered(port: int) -> socket.socket | None:
    """A connection on which a request was answered, if it was not too slow for that."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    connection.sendall(with_body())
    if b" 200 " in connection.recv(65536):
        return connection
    connection.close()
    return None


@pytest.mark.parametrize("mark", [b"P", b"\r", b"\r\n", b"Content-Type:", b"\r\n\r", b"\r\n\r\n", b"mod"])
def test_a_request_may_come_in_two_packets(upstream: Upstream, strict: Gateway, mark: bytes) -> None:
    """Wherever the network cuts it."""
    upstream.script("a", whole(saying("a")))
    data = with_body("Connection: close")
    cut = data.index(mark) + len(mark)
    with socket.create_connection(("127.0.0.1", strict.port), timeout=PATIENCE) as connection:
        connection.sendall(data[:cut])
        time.sleep(0.05)
        connection.sendall(data[cut:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_one_connection_serves_many_requests(upstream: Upstream, strict: Gateway) -> None:
    """One after the other, and two sent at once."""
    upstream.script("a", *(whole(saying("a", "ok")) for _ in range(4)))
    with socket.create_connection(("127.0.0.1", strict.port), timeout=PATIENCE) as connection:
        for _ in range(2):
            connection.sendall(with_body())
            assert b" 200 " in connection.recv(65536)
        connection.sendall(with_body() + with_body("Connection: close"))
        answers = b""
        while data := connection.recv(65536):
            answers += data
    assert answers.count(b"HTTP/1.1 200 ") == 2


# Framing


@pytest.mark.parametrize(
    "request_bytes",
    [
        head("Content-Length: 4", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head("Content-Length: 4", "Content-Length: 5") + b"abcd",
        head(f"Content-Length: +{len(GOOD)}") + GOOD,
        head("Content-Length: 1_0") + b"0123456789",
        head("Content-Length: -1"),
        head("Transfer-Encoding: xchunked") + b"0\r\n\r\n",
        head("Transfer-Encoding: chunked, identity") + b"0\r\n\r\n",
        head(f"Content-Length : {len(GOOD)}") + GOOD,
        head("Transfer-Encoding: chunked") + b"2\n{}\n0\n\n",
        head("Transfer-Encoding: chunked") + b"0_2\r\n{}\r\n0\r\n\r\n",
        head("Transfer-Encoding: chunked") + b"+2\r\n{}\r\n0\r\n\r\n",
        head("Transfer-Encoding: chunked") + b"-1\r\n{}\r\n0\r\n\r\n",
        head("Transfer-Encoding: chunked") + b"2\r\n{}XX0\r\n\r\n",
        with_body("X-Folded: a\r\n b"),
        with_body("X-Nul: a\x00b"),
        with_body("X-Cr: a\rb"),
        with_body("X\x01: a"),
        with_body(": a"),
        with_body("no colon"),
        with_body(target=CHAT + "\x00"),
        with_body(target="/v1/chat /completions"),
        with_body(target="v1/chat/completions"),
        with_body("Host: other"),
        with_body(host=""),
        with_body().replace(b"\r\n", b"\n"),
        with_body(target="http://169.254.169.254/latest/meta-data"),
        with_body(target="http://gateway" + CHAT),
        head(method="CONNECT", target="169.254.169.254:80"),
        with_body().replace(b"HTTP/1.1", b"HTTP/3.7"),
        b"\x00\x01\x02 junk\r\n\r\n",
    ],
)
def test_malformed_requests(upstream: Upstream, strict: Gateway, request_bytes: bytes) -> None:
    before = strict.in_flight()
    reply = raw(strict.port, request_bytes)
    if reply:
        answer = parsed(reply)
        assert answer.status in (400, 501, 505), reply
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.message
    assert not upstream.received
    assert eventually(lambda: strict.in_flight() == before, "it is in flight for ever")


@pytest.mark.parametrize(
    "hello",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]),
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\x05\x01\x00",
        b"G",
    ],
)
def test_other_protocols(upstream: Upstream, hasty: Gateway, hello: bytes) -> None:
    """Cut off; never handed to mitmproxy's own layers, which answer in HTML."""
    with contextlib.suppress(TimeoutError):
        assert b"html" not in raw(hasty.port, hello).lower()
    assert not upstream.received
    assert "Traceback" not in hasty.output()


@pytest.mark.parametrize("inner", [b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", with_body()])
def test_no_request_is_smuggled_in_a_refused_one(upstream: Upstream, strict: Gateway, inner: bytes) -> None:
    reply = raw(strict.port, head("Content-Length: 4", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + inner)
    assert reply.count(b"HTTP/1.1 ") <= 1
    assert not upstream.received


def test_chunked_bodies_are_fine(upstream: Upstream, strict: Gateway) -> None:
    upstream.script("a", whole(saying("a")))
    size = b"%x;ext=1\r\n" % len(GOOD)
    reply = raw(
        strict.port, head("Transfer-Encoding: chunked", "Connection: close") + size + GOOD + b"\r\n0\r\n\r\n"
    )
    assert parsed(reply).status == 200
    assert upstream.only().header("content-length") == str(len(GOOD))


def test_a_host_chooses_nothing(upstream: Upstream, strict: Gateway) -> None:
    upstream.script("a", whole(saying("a")))
    assert (
        parsed(raw(strict.port, with_body("Connection: close", host="Host: 169.254.169.254"))).status == 200
    )
    assert upstream.only().header("host") == upstream.url.removeprefix("http://")


def test_the_strict_gateway_is_still_well(upstream: Upstream, strict: Gateway) -> None:
    """After all of the above."""
    upstream.script("a", whole(saying("a")))
    assert post(strict.url, CHAT, chat("a")).status == 200
    assert "Traceback" not in strict.output()
    assert strict.memory() < 300 << 20
