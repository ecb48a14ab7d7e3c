"""Back: the HTTP/1 client that asks providers.

It reads on past what only announces an answer, where mitmproxy's own takes `103 Early Hints` for the answer
and the answer for a stray. And it tells at once what has come at once: an answer that is whole, or all
chunks of a stream that one read has brought.
"""

import re
from collections.abc import Sequence

from h11._receivebuffer import ReceiveBuffer
from mitmproxy import http
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers import http as layers
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    HttpEvent,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._http1 import Http1Client, make_body_reader

from addons.proxy.chunks import Chunks
from addons.proxy.heads import body_size, goes_on, read_response_head
from addons.proxy.streams import Commands
from addons.proxy.whole import WholeRequest, WholeResponse

_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)\d\d[ \r]")


class Back(Http1Client):
    """One connection to a provider, and whatever is asked on it."""

    chunks: Chunks | None = None
    """Of the body that is being read, if it comes in chunks."""

    def handle_event(self, event: events.Event) -> Commands:
        """It never waits for anything, and needs nothing of what stock does here for layers that do."""
        if self.chunks and isinstance(event, events.DataReceived):  # all of the buffer is in there already
            return self._read_chunks(self.chunks, event.data)
        return self._handle_event(event)

    # --- asking -------------------------------------------------------------------------------------

    def send(self, event: HttpEvent) -> Commands:
        return self._ask(event) if isinstance(event, WholeRequest) else super().send(event)

    def _ask(self, whole: WholeRequest) -> Commands:
        """Head and body at once, if nothing about that is unusual."""
        request = whole.request
        usual = request.data.http_version == b"HTTP/1.1" and "transfer-encoding" not in request.headers
        if not (usual and whole.body and self.stream_id is None):
            for part in whole.parts():
                yield from super().send(part)
            return
        self.stream_id, self.request, self.request_done = whole.stream_id, request, True
        yield commands.SendData(self.conn, http1.assemble_request_head(request) + whole.body)

    # --- reading ------------------------------------------------------------------------------------

    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        if not isinstance(event, events.DataReceived) or not self.request:
            for command in super().read_headers(event):
                if not isinstance(command, commands.Log):  # which would quote what came
                    yield command
            return
        while _INTERIM.match(bytes(self.buf)[:16]):
            if not self.buf.maybe_extract_lines():
                return
        if lines := self.buf.maybe_extract_lines():
            yield from self._answer([bytes(line) for line in lines], event)

    def _answer(self, lines: Sequence[bytes], event: events.DataReceived) -> Commands:
        assert self.request and self.stream_id is not None
        try:
            response = self.response = read_response_head(lines)
            size = body_size(self.request, response)
        except ValueError as error:
            yield from self._broken(f"Cannot parse HTTP response: {error}")
            return
        self.chunks = Chunks() if size is None else None
        if size and 0 < size <= len(self.buf) and response.status_code >= 200:
            body = bytes(self.buf.maybe_extract_at_most(size) or b"")
            yield ReceiveHttp(WholeResponse(self.stream_id, response, body))
            yield from self._answered(response)
            return
        yield ReceiveHttp(ResponseHeaders(self.stream_id, response, size == 0))
        self.body_reader = make_body_reader(size)
        self.state = self.read_body
        if self.chunks:
            rest = bytes(self.buf.maybe_extract_at_most(len(self.buf)) or b"")
            yield from self._read_chunks(self.chunks, rest)
        else:
            yield from self.read_body(event)

    def _answered(self, response: http.Response) -> Commands:
        """The connection is free again, or what stock makes of it if that is not plain."""
        if self.buf or not (self.request_done and self.request and goes_on(self.request, response)):
            yield from self.mark_done(response=True)
            return
        self.request_done = False
        self.request = self.response = self.stream_id = None
        self.state = self.read_headers

    def _read_chunks(self, chunks: Chunks, came: bytes) -> Commands:
        assert self.stream_id is not None
        if data := chunks.feed(came):
            yield ReceiveHttp(ResponseData(self.stream_id, data))
        if chunks.problem:
            yield from self._broken(f"HTTP/1 protocol error: {chunks.problem}")
        elif chunks.over is not None:
            self.buf = ReceiveBuffer()
            self.buf += chunks.over
            self.chunks = None
            yield ReceiveHttp(ResponseEndOfMessage(self.stream_id))
            yield from self.mark_done(response=True)

    def _broken(self, problem: str) -> Commands:
        assert self.stream_id is not None
        yield commands.CloseConnection(self.conn)
        yield ReceiveHttp(ResponseProtocolError(self.stream_id, problem, ErrorCode.GENERIC_SERVER_ERROR))


def install() -> None:
    """Let mitmproxy's layers use it."""
    setattr(layers, "Http1Client", Back)  # noqa: B010  (the type checker knows another one)
