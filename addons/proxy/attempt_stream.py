"""AttemptStream: one upstream attempt. Its flow is what the provider is asked and what it answers, raw.

For this stream the client's stream is "the client" (through `Link`), and only this stream sends anything
upstream: what `exchange.seal` returns, after all hooks and after what people have edited by hand.
"""

from typing import TYPE_CHECKING, Any

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import GetHttpConnection, HTTPMode, SendHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
    ResponseHeaders,
    ResponseProtocolError,
)

from addons.proxy.exchange import AttemptBroke, Exchange, Failure, FailureKind
from addons.proxy.streams import Commands, Decision, GatewayStream

if TYPE_CHECKING:
    from addons.proxy.layer import GatewayHttpLayer


class AttemptStream(GatewayStream):
    """Talks to one provider, once."""

    mode = HTTPMode.regular  # the request itself says where it goes  # type: ignore[assignment]

    def __init__(
        self,
        context: Context,
        stream_id: Any,
        http_layer: "GatewayHttpLayer",
        exchange: Exchange,
        client: Any,
    ) -> None:
        super().__init__(context, stream_id, http_layer)
        self.exchange = exchange
        context.client = client

    def make_server_connection(self) -> Decision:
        """Send what the seal allows. Never true: the stock caller would then send the flow's own request."""
        try:
            if self.exchange.faults or not self.exchange.seal:
                raise PermissionError(self.exchange.faults)
            wire = self.exchange.seal(self.flow)
        except Exception as error:  # the edge: whatever the seal has against it, nothing is sent
            self.exchange.faults.append(f"{type(error).__name__} in seal")
            yield from self.fail("killed", "not sent")
            return False
        self.deadline.set("connect", self.exchange.timeouts.connect)
        connection, problem = yield GetHttpConnection(
            (wire.host, wire.port), wire.scheme == "https", self.flow.server_conn.via, "tcp"
        )
        self.deadline.clear()
        if problem:
            timed_out = self.flow.metadata.get("failure") == "timeout"
            yield from self.fail(
                "timeout" if timed_out else "connect", "connect timeout" if timed_out else "connection failed"
            )
            return False
        self.context.server = self.flow.server_conn = connection
        if not self.client_has_left:
            yield from self.send(wire, connection)
        return False

    def send(self, wire: Any, connection: Connection) -> Commands:
        self.deadline.set("first byte", self.exchange.timeouts.first_byte)
        body = wire.raw_content
        yield SendHttp(RequestHeaders(self.stream_id, wire, not body), connection)
        if body:
            yield SendHttp(RequestData(self.stream_id, body), connection)
        yield SendHttp(RequestEndOfMessage(self.stream_id), connection)

    def fail(self, kind: FailureKind, reason: str) -> Commands:
        self.flow.metadata["failure"] = kind
        yield from self.handle_protocol_error(AttemptBroke(self.stream_id, Failure(kind, reason)))

    # --- the answer ---------------------------------------------------------------------------------

    def state_wait_for_response_headers(self, event: ResponseHeaders) -> Commands:
        if event.response.status_code < 200:  # 100 and 103 announce an answer, and are none
            return
        self.deadline.clear()
        event.response.stream = self.exchange.streams(event.response)
        yield from super().state_wait_for_response_headers(event)
        if self.server_state in (self.state_stream_response_body, self.state_consume_response_body):
            self.deadline.set("idle", self.exchange.timeouts.idle)

    def pass_on(self, data: bytes) -> Commands:
        """Straight into the client's stream where it listens: the long way costs as much as all the rest."""
        self.deadline.set("idle", self.exchange.timeouts.idle)
        assert self.tee
        for chunk in self.tee(data):
            if listener := self.http_layer.listener(self.stream_id):
                yield from listener.pass_on(chunk)
            else:
                yield SendHttp(ResponseData(self.stream_id, chunk), self.context.client)

    def state_stream_response_body(self, event: Any) -> Commands:
        self.tick(event)
        return super().state_stream_response_body(event)

    def state_consume_response_body(self, event: Any) -> Commands:
        self.tick(event)
        return super().state_consume_response_body(event)

    def tick(self, event: Any) -> None:
        if isinstance(event, ResponseData):
            self.deadline.set("idle", self.exchange.timeouts.idle)
        else:
            self.deadline.clear()

    def check_body_size(self, request: bool) -> Decision:
        """An answer that must be held whole is bounded."""
        limit = self.http_layer.proxy.limits.response_bytes
        if request or len(self.response_body_buf) <= limit:
            return False
        yield SendHttp(
            RequestProtocolError(self.stream_id, "the answer is too large", ErrorCode.CANCEL),
            self.context.server,
        )
        yield from self.fail("reset", "the answer is too large")
        self.client_state = self.server_state = self.state_errored
        return True

    # --- when things break --------------------------------------------------------------------------

    def expire(self, name: str) -> Commands:
        self.flow.metadata["failure"] = "timeout"
        if name == "connect":  # the stream waits for the connection: closing that one answers it
            for connection, waiting in self.http_layer.waiting_for_establishment.items():
                if self._paused and self._paused.command in waiting:
                    yield commands.CloseConnection(connection)
            return
        if self._paused:  # somebody holds the answer in his hands
            return
        yield SendHttp(RequestProtocolError(self.stream_id, name, ErrorCode.CANCEL), self.context.server)
        yield from self.fail("timeout", f"{name} timeout")

    def handle_protocol_error(self, event: RequestProtocolError | ResponseProtocolError) -> Commands:
        self.deadline.clear()
        self.keep_body()
        yield from super().handle_protocol_error(event)
