"""Heads: the first lines of HTTP/1 messages.

What mitmproxy's own readers make of a head that is well formed, at a third of the cost: they convert and
check what is bytes already.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from mitmproxy import http
from mitmproxy.net.http import http1

from addons.proxy.speed import headers_of

PLAIN = (b"HTTP/1.1", b"HTTP/1.1")
BODILESS = (204, 304)
"""Statuses of answers without a body, whatever their headers say; and there are those below 200."""
_STATUS = re.compile(rb"(HTTP/\d\.\d) ([1-9]\d\d)(?: (.*))?")
_ASKED = re.compile(rb"(?:\r\n)*([A-Z]{1,16}) (/[!->@-~]*)?")


@dataclass(frozen=True, slots=True)
class Unread:
    """A request that was refused before its head could be read, and has no flow: what is known of it."""

    status: int
    reason: str
    """One of the gateway's own sentences."""
    method: str | None
    path: str | None
    """Without its query. `None` for what is none, which may hold anything."""


def unread(head: bytes, status: int, reason: str) -> Unread:
    """What such a head, or the beginning of one, says as far as it is plain."""
    asked = _ASKED.match(head)
    method, path = asked.groups(b"") if asked else (b"", b"")
    return Unread(status, reason, method.decode() or None, path.decode() or None)


def read_request_head(lines: Sequence[bytes]) -> http.Request:
    """Of a request whose target is a path. `ValueError` where a line is none of a head."""
    method, path, version = lines[0].split()
    request: http.Request = object.__new__(http.Request)
    vars(request)["data"] = http.RequestData(
        version, _headers(lines), None, None, time.time(), None, "", 0, method, b"", b"", path
    )
    return request


def read_response_head(lines: Sequence[bytes]) -> http.Response:
    """`ValueError` where a line is none of a head."""
    status = _STATUS.fullmatch(lines[0])
    if not status or any(line[:1] in b" \t" for line in lines):  # folded headers, among others
        return http1.read_response_head(list(lines))
    response: http.Response = object.__new__(http.Response)
    version, code, reason = status.groups(b"")
    vars(response)["data"] = http.ResponseData(
        version, _headers(lines), None, None, time.time(), None, int(code), reason.strip()
    )
    return response


def body_size(request: http.Request, response: http.Response | None = None) -> int | None:
    """As mitmproxy's `expected_http_body_size`, of what is plain in one walk: `None` for chunks, -1 for all.

    `ValueError` where the headers do not say, or say two things.
    """
    message, status = response or request, response.data.status_code if response else 200
    if request.data.method == b"POST" and status >= 200 and status not in BODILESS:
        size = _plain_size(message.headers)
        if size is not None:
            return size
    return http1.expected_http_body_size(request, response)


def _plain_size(headers: http.Headers) -> int | None:
    """The length of a body whose head has nothing else to say about it."""
    size = None
    for name, value in headers.fields:
        lower = name.lower()
        if lower == b"transfer-encoding" or (lower == b"content-length" and size is not None):
            return None
        if lower == b"content-length":
            if not value.isdigit() or value[:1] == b"0":
                return None
            size = int(value)
    return size


def goes_on(request: http.Request, response: http.Response) -> bool:
    """Whether it is plain that a connection goes on after this. If not, stock code looks closer."""
    versions = request.data.http_version, response.data.http_version
    if versions != PLAIN or request.data.method != b"POST" or response.data.status_code < 200:
        return False
    has_length = False
    for name, value in response.headers.fields:
        match name.lower():
            case b"connection" | b"transfer-encoding":
                return False
            case b"content-length":
                has_length = value.isdigit()
            case _:
                pass
    return has_length and "connection" not in request.headers


def _headers(lines: Sequence[bytes]) -> http.Headers:
    fields = list[tuple[bytes, bytes]]()
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not (name and colon):
            raise ValueError(f"Invalid header line: {line!r}")
        fields.append((name, value.strip()))
    return headers_of(tuple(fields))
