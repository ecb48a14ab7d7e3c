"""Front: the HTTP/1 server that clients talk to, stricter than mitmproxy's own, and answering in JSON.

What it refuses would let two readers see two requests, or hold a connection for ever: heads that are too
large or too slow, bodies that trickle, folded headers, bare line feeds, control characters, a second or
missing Host, and targets that name a host by themselves.
"""

import re
from typing import TYPE_CHECKING, Any

from h11._readers import ChunkedReader
from h11._receivebuffer import ReceiveBuffer
from mitmproxy.connection import ConnectionState
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    HttpEvent,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http1 import Http1Server, make_body_reader

from addons.proxy.deadline import Deadline
from addons.proxy.heads import body_size, goes_on, read_request_head, unread
from addons.proxy.messages import header
from addons.proxy.streams import Commands, GatewayStream
from addons.proxy.whole import WholeRequest, WholeResponse

if TYPE_CHECKING:
    from addons.proxy.layer import GatewayHttpLayer

_HEAD_END = b"\r\n\r\n"
_BAD_HEAD = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[ \t](?!\r\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TARGET = re.compile(rb"[A-Z]+ /[^\s\x80-\xff]* HTTP/1\.[01]\r\n")
_HOST = re.compile(rb"\r\nhost[ \t]*:", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}[ \t]*(;[^\r\n]*)?(\r\n|\r?\Z)|\Z")
PROGRESS = 1024
"""Bytes of a body that must come before the deadline to move it."""
LINGER_SECONDS = 3.0
"""For how long the rest of a refused request is read and thrown away, so that the refusal arrives."""


class Front(Http1Server):
    """Reads requests from a client and writes answers to it."""

    def __init__(self, context: Context, http_layer: "GatewayHttpLayer") -> None:
        super().__init__(context)
        self._http_layer, self._proxy = http_layer, http_layer.proxy
        self._deadline = Deadline(lambda: http_layer.wake(self))
        self._reading = False
        self._progress = 0
        self._answering = False
        self._chunked = False
        self._complete = False
        self._refused = False

    def handle_event(self, event: events.Event) -> Commands:
        """It never waits for anything, and needs nothing of what stock does here for layers that do."""
        return self._handle_event(event)

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, HttpEvent):
            return self.send(event)
        if isinstance(event, events.Wakeup):
            return self._expired(self._deadline.take())
        if isinstance(event, events.ConnectionClosed):
            self._deadline.stop()
        if self._refused and isinstance(event, events.ConnectionEvent):
            return self._discard(event)
        return super()._handle_event(event)

    # --- reading ------------------------------------------------------------------------------------

    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        if isinstance(event, events.DataReceived):
            head = bytes(self.buf)
            while head[:2] == b"\r\n":  # empty lines before a request are to be ignored
                self.buf.maybe_extract_at_most(2)
                head = head[2:]
            if not head:
                return
            if not self._reading:
                self._reading = True
                self._deadline.set("head", self._proxy.limits.header_seconds)
            end = head.find(_HEAD_END)
            if refusal := self._head_refusal(head, end):
                yield from self._refuse(*refusal, head)
            elif end >= 0:
                self._answering, self._complete, self._progress = False, False, 0
                self.buf.maybe_extract_at_most(end + len(_HEAD_END))
                yield from self._read_request(head[:end].split(b"\r\n"), event)
            return
        for command in super().read_headers(event):
            if not isinstance(command, commands.Log):  # which would quote the client's headers
                yield command

    def _read_request(self, lines: list[bytes], event: events.DataReceived) -> Commands:
        """A head is there. So is the body, mostly, and then all is told at once."""
        try:
            request = read_request_head(lines)
            size = body_size(request)
        except ValueError:  # stock would answer that in HTML
            yield from self._refuse(400, "The request head is malformed.", lines[0] + b"\r\n")
            return
        self.request = request
        if size and 0 < size <= len(self.buf):
            self._complete = True
            body = bytes(self.buf.maybe_extract_at_most(size) or b"")
            yield ReceiveHttp(WholeRequest(self.stream_id, request, body))
            yield from self.mark_done(request=True)
            return
        self._deadline.set("body", self._proxy.limits.header_seconds)
        yield ReceiveHttp(RequestHeaders(self.stream_id, request, size == 0))
        self.body_reader = make_body_reader(size)
        self.state = self.read_body
        yield from self.read_body(event)

    def _head_refusal(self, head: bytes, end: int) -> tuple[int, str] | None:
        if (end if end >= 0 else len(head)) > self._proxy.limits.header_bytes:
            return 431, "The request's headers are too large."
        problem = head_problem(head if end < 0 else head[: end + 4], whole=end >= 0)
        return (400, problem) if problem else None

    def read_body(self, event: events.Event) -> Commands:
        if isinstance(event, events.DataReceived):
            self._progress += len(event.data)
            if self._progress >= PROGRESS:
                self._progress = 0
                self._deadline.set("body", self._proxy.limits.header_seconds)
            if _bad_chunk(self.body_reader, self.buf):
                yield from self._break_off(400, "A chunk of the request body is malformed.")
                return
        try:
            for command in super().read_body(event):
                if isinstance(command, ReceiveHttp) and isinstance(command.event, RequestEndOfMessage):
                    self._complete = True
                malformed = isinstance(command, commands.CloseConnection) and not self._complete
                if malformed and isinstance(event, events.DataReceived):
                    yield from self._refuse(400, "The request body is malformed.")
                else:
                    yield command
        except NotImplementedError:  # mitmproxy has none for trailers
            yield from self._break_off(400, "Trailers are not supported.")

    def mark_done(self, *, request: bool = False, response: bool = False) -> Commands:
        """A request that was sent along with the last one is read later.

        Stock reads it here, where the last answer's connection is still inside its own generator.
        """
        if request:
            self._reading = False
            self._deadline.clear()
            if not self.response_done:
                self.request_done, self.state = True, self.wait
                return
        along, self.buf = (self.buf, ReceiveBuffer()) if response else (None, self.buf)
        yield from super().mark_done(request=request, response=response)
        if along:
            self.buf = along
            if self.state == self.read_headers:
                self._deadline.set("along", 0)

    def _discard(self, event: events.Event) -> Commands:
        """The client was refused and may still be sending: read on for a moment, so that it sees why."""
        if isinstance(event, events.ConnectionClosed):
            yield commands.CloseConnection(self.conn)

    def _expired(self, name: str) -> Commands:
        if not name:
            return
        if name == "along":
            yield from self.state(events.DataReceived(self.conn, b""))
        elif name == "linger":
            yield commands.CloseConnection(self.conn)
        elif name == "head" or self.request is None:
            yield from self._refuse(408, "The request took too long to arrive.", bytes(self.buf))
        elif not self._complete:
            yield from self._break_off(408, "The request took too long to arrive.")

    # --- answering ----------------------------------------------------------------------------------

    def send(self, event: HttpEvent) -> Commands:
        if type(event) is ResponseData and self._chunked:  # a piece of a stream: no more than its frame
            return self._send_chunk(event.data)
        return self._send_whole(event) if isinstance(event, WholeResponse) else self._send(event)

    def _send_chunk(self, data: bytes) -> Commands:
        yield commands.SendData(self.conn, b"%x\r\n%b\r\n" % (len(data), data))

    def _send_whole(self, whole: WholeResponse) -> Commands:
        """Head and body at once, and the next request may come, if nothing about that is unusual."""
        response = whole.response
        if not (self._complete and self.request_done and self.request and goes_on(self.request, response)):
            for part in whole.parts():
                yield from self._send(part)
            return
        yield commands.SendData(self.conn, http1.assemble_response_head(response) + whole.body)
        self._answering = self._chunked = self.request_done = False
        self.request = None
        self.stream_id += 2
        self.state = self.read_headers
        if self.buf:
            self._deadline.set("along", 0)

    def _send(self, event: HttpEvent) -> Commands:
        if isinstance(event, ResponseHeaders) and event.response.status_code >= 200:
            self._answering = True
            coding = header(event.response.headers, "transfer-encoding")
            self._chunked = coding.lower() == "chunked"
            if not self._complete:  # refused before the body was there
                event.response.headers["connection"] = "close"
        if isinstance(event, ResponseProtocolError):
            status = event.code.http_status_code()
            if not self._answering and status is not None:
                yield from self._refuse(status, event.message)
            else:
                yield commands.CloseConnection(self.conn)
            return
        yield from super().send(event)
        if isinstance(event, ResponseEndOfMessage) and not self._complete:
            yield from self._linger()  # answered before the body was there: the rest is not a request

    def _break_off(self, status: int, message: str) -> Commands:
        """Refuse a request of which its stream knows already."""
        stream = self._http_layer.streams.get(self.stream_id)
        if isinstance(stream, GatewayStream):
            stream.exchange.refused_with = status
        yield from self._refuse(status, message)
        yield ReceiveHttp(RequestProtocolError(self.stream_id, message, ErrorCode.GENERIC_CLIENT_ERROR))

    def _refuse(self, status: int, message: str, head: bytes = b"") -> Commands:
        """`head` is what there is of one that makes no request."""
        self._refused = True
        if self.request:
            path = self.request.path
        else:
            refused = unread(head, status, message)
            path = refused.path or "/"
            self._proxy.unread(refused)
        response = self._proxy.answers.refusal(status, message, path)
        response.headers["connection"] = "close"
        self._answering = True
        if self.conn.state & ConnectionState.CAN_WRITE:
            yield commands.SendData(self.conn, http1.assemble_response(response))
        yield from self._linger()

    def _linger(self) -> Commands:
        self._refused = True  # also by an answer that did not wait for the body
        self.buf.maybe_extract_at_most(len(self.buf))
        self._deadline.set("linger", LINGER_SECONDS)
        yield commands.CloseTcpConnection(self.conn, half_close=True)


def head_problem(head: bytes, whole: bool) -> str:
    """What is wrong with a request's head, or with the beginning of one; empty when nothing is."""
    if bad := _BAD_HEAD.search(head if whole else head.rstrip(b"\r\n")):
        folded = bad.group()[:1] == b"\n" and bad.group() != b"\n"
        return (
            "Folded headers are not allowed." if folded else "The request head has a stray control character."
        )
    line_end = head.find(b"\r\n")
    if line_end >= 0 and not _TARGET.fullmatch(head[: line_end + 2]):
        return "The request target must be a path."
    if whole and len(_HOST.findall(head)) != 1:
        return "The request must have one Host header."
    return ""


def _bad_chunk(reader: Any, buffer: Any) -> bool:
    """Whether a chunk's size line is anything but one: h11 would wait for ever on a bare line feed."""
    if not isinstance(reader, ChunkedReader) or reader._bytes_in_chunk or reader._bytes_to_discard:
        return False
    return not getattr(reader, "_reading_trailer", False) and not _CHUNK_SIZE.match(bytes(buffer)[:4096])
