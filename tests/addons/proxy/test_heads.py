"""Heads are read as mitmproxy reads them."""

from collections.abc import Callable
from itertools import product

import pytest
from mitmproxy import http
from mitmproxy.net.http import http1

from addons.proxy.heads import Unread, body_size, goes_on, read_request_head, read_response_head, unread

REQUEST = [b"POST /v1/x?y=1 HTTP/1.1", b"Host: gateway", b"x-twice: a", b"X-Twice:  b ", b"x-empty:"]


def test_a_request_is_what_mitmproxy_makes_of_it() -> None:
    ours, stocks = read_request_head(REQUEST), http1.read_request_head(REQUEST)
    stocks.timestamp_start = ours.timestamp_start
    assert ours.get_state() == stocks.get_state()
    assert ours.headers.get_all("x-twice") == ["a", "b"] and ours.headers["x-empty"] == ""


@pytest.mark.parametrize(
    "lines",
    [
        [b"HTTP/1.1 200 OK", b"Date: today", b"x-a: 1"],
        [b"HTTP/1.1 200"],
        [b"HTTP/1.0 204 "],
        [b"HTTP/1.1 429 Too Many Requests", b"retry-after: 1"],
        [b"HTTP/1.1  200  OK"],
        [b"HTTP/1.1 200 OK", b"x-folded: a", b"  b"],
    ],
)
def test_a_response_is_what_mitmproxy_makes_of_it(lines: list[bytes]) -> None:
    ours, stocks = read_response_head(lines), http1.read_response_head(list(lines))
    stocks.timestamp_start = ours.timestamp_start
    assert ours.get_state() == stocks.get_state()


@pytest.mark.parametrize("line", [b"no colon", b": no name", b""])
def test_a_line_that_is_no_header_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="header"):
        read_request_head([REQUEST[0], line])
    with pytest.raises(ValueError, match="header"):
        read_response_head([b"HTTP/1.1 200 OK", b"a: b", line or b"x"])


NAMES = (b"content-length", b"Content-Length", b"transfer-encoding", b"x")
VALUES = (b"7", b"0", b"07", b"7, 7", b"-7", b"", b"x", b"\xd9\xa7", b"1" * 30, b"chunked", b"gzip")
SINGLE = [*product(NAMES, VALUES)]
FRAMED = [[], *([field] for field in SINGLE), *(list(two) for two in product(SINGLE, repeat=2))]


@pytest.mark.parametrize("method", [b"POST", b"GET", b"HEAD", b"CONNECT", b"head"])
@pytest.mark.parametrize("status", [None, 100, 200, 204, 304, 400])
def test_a_body_is_as_long_as_mitmproxy_says(method: bytes, status: int | None) -> None:
    request = http.Request.make("POST", "http://one.example/")
    request.data.method = method
    response = http.Response.make(status) if status else None
    for fields in FRAMED:
        (response or request).headers = http.Headers(fields)
        assert told_by(body_size, request, response) == told_by(
            http1.expected_http_body_size, request, response
        ), fields


def told_by(size: Callable[..., int | None], *messages: http.Message | None) -> int | str | None:
    try:
        return size(*messages)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("line", [b"SSH-2.0-OpenSSH", b"HTTP/1.1 abc OK", b"HTTP/x 200 OK"])
def test_what_is_no_http_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="response line"):
        read_response_head([line])


@pytest.mark.parametrize(
    ("head", "method", "path"),
    [
        (b"POST /v1/x HTTP/1.1\r\nHost", "POST", "/v1/x"),
        (b"POST /v1/x?key=canary HTTP/1.1\r\n\r\n", "POST", "/v1/x"),
        (b"\r\nGET /v1/x\x00canary", "GET", "/v1/x"),
        (b"GET /v1", "GET", "/v1"),
        (b"GET http://ann:canary@x/v1 HTTP/1.1\r\n", "GET", None),
        (b"CONNECT canary:443 HTTP/1.1\r\n", "CONNECT", None),
        (b"CANARY", None, None),
        (b"CANARYCANARYCANARY /v1 HTTP/1.1", None, None),
        (b"\x16\x03\x01canary /v1", None, None),
        (b"", None, None),
    ],
)
def test_of_a_head_that_is_none_only_what_is_plain(head: bytes, method: str | None, path: str | None) -> None:
    assert unread(head, 400, "Stray.") == Unread(400, "Stray.", method, path)


@pytest.mark.parametrize(
    ("asked", "told", "plain"),
    [
        ([], [b"content-length: 3"], True),
        ([b"Connection: close"], [b"content-length: 3"], False),
        ([], [b"content-length: 3", b"Connection: close"], False),
        ([], [b"content-length: 3", b"transfer-encoding: chunked"], False),
        ([], [b"x-a: b"], False),
        ([], [b"content-length: 3x"], False),
    ],
)
def test_what_may_follow_on_a_connection(asked: list[bytes], told: list[bytes], plain: bool) -> None:
    """Where it is plain, stock code says the same."""
    request = read_request_head([b"POST / HTTP/1.1", *asked])
    assert goes_on(request, read_response_head([b"HTTP/1.1 200 OK", *told])) is plain
    assert not goes_on(request, read_response_head([b"HTTP/1.0 200 OK", *told]))
    assert not goes_on(
        read_request_head([b"GET / HTTP/1.1"]), read_response_head([b"HTTP/1.1 200 OK", *told])
    )
