"""AttemptStream: one upstream attempt. Its flow is what the provider is asked and what it answers, raw.

For this stream the client's stream is "the client" (through `Link`), and only this stream sends anything
upstream: what `exchange.seal` returns, after all hooks and after what people have edited by hand.
"""

import time
from typing import TYPE_CHECKING, Any, cast

from mitmproxy import http
from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import DropStream, GetHttpConnection, HTTPMode, SendHttp
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
)
from mitmproxy.proxy.layers.http._hooks import (
    HttpRequestHeadersHook,
    HttpRequestHook,
    HttpResponseHeadersHook,
    HttpResponseHook,
)

from addons.proxy.exchange import AttemptBroke, Exchange, Failure, FailureKind, Unsent
from addons.proxy.streams import Commands, Decision, GatewayStream, StreamId
from addons.proxy.whole import Answered, Asked, WholeRequest, WholeResponse

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

    def steps(self, event: events.Event) -> Commands:
        if isinstance(event, Asked):
            return self.ask(event.flow)
        if isinstance(event, WholeResponse) and self.takes_whole(event):
            return self.answered(event)
        return super().steps(event)

    def ask(self, flow: http.HTTPFlow) -> Commands:
        """The hooks of a request that is whole from the start, and then the wire."""
        self.flow = flow
        flow.live = True
        flow.request.timestamp_end = flow.request.timestamp_start
        yield HttpRequestHeadersHook(flow)
        if (yield from self.check_killed(True)):
            return
        self.client_state = self.state_done
        self.server_state = self.state_wait_for_response_headers
        yield HttpRequestHook(flow)
        if (yield from self.check_killed(True)):
            return
        if not flow.response:
            if self.exchange.breaks:
                yield from self.fail(self.exchange.breaks.kind, self.exchange.breaks.reason)
            else:
                yield from self.make_server_connection()
            return
        flow.response.timestamp_start = time.time()  # somebody else has answered, such as a replay
        yield HttpResponseHeadersHook(flow)
        if (yield from self.check_killed(True)):
            return
        if self.exchange.breaks:
            yield from self.break_again(self.exchange.breaks)
        else:
            yield from self.send_response()

    def break_again(self, failure: Failure) -> Commands:
        """A recorded answer that never was whole: what there is of it, where that was told, and its end."""
        body = self.answer.raw_content
        if self.exchange.streams(self.answer):
            yield SendHttp(ResponseHeaders(self.stream_id, self.answer, False), self.context.client)
            if body:
                yield SendHttp(ResponseData(self.stream_id, body), self.context.client)
        yield from self.fail(failure.kind, failure.reason)

    def make_server_connection(self) -> Decision:
        """Send what the seal allows. Never true: the stock caller would then send the flow's own request."""
        try:
            if self.exchange.faults or not self.exchange.seal:
                raise PermissionError(self.exchange.faults)
            wire = self.exchange.seal(self.flow)
        except Unsent as lacking:
            yield from self.fail("connect", str(lacking))
            return False
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
        yield from self.send_whole(WholeRequest(self.stream_id, wire, wire.raw_content or b""), connection)

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

    def takes_whole(self, whole: WholeResponse) -> bool:
        """Whether an answer that is whole may be taken so: it does not stream, and is not too large."""
        is_awaited = self.server_state == self.state_wait_for_response_headers
        small = len(whole.body) <= self.http_layer.proxy.limits.response_bytes
        return is_awaited and small and not self.exchange.streams(whole.response)

    def answered(self, whole: WholeResponse) -> Commands:
        """What stock does about the head of an answer, its body and its end."""
        self.deadline.stop()
        response = self.flow.response = whole.response
        response.stream = False
        if (yield from self.check_invalid(False)):
            return
        yield HttpResponseHeadersHook(self.flow)
        if (yield from self.check_killed(True)):
            return
        if self.answer.stream:  # an addon wants it so
            yield from self.start_response_stream()
            for part in (ResponseData(self.stream_id, whole.body), ResponseEndOfMessage(self.stream_id)):
                yield from self.steps(part)
            return
        self.server_state = self.state_consume_response_body
        self.answer.data.content = whole.body
        yield from self.send_response()

    def relayed(self, data: bytes) -> list[bytes]:
        self.deadline.set("idle", self.exchange.timeouts.idle)
        return super().relayed(data)

    def send_response(self, already_streamed: bool = False) -> Commands:
        """As stock does, but that a whole answer goes to the client's stream in one event.

        What would have streamed (a replay has all of it at once) goes the way of streams all the same.
        """
        streams = already_streamed or self.exchange.streams(self.answer)
        stream_id = cast(StreamId, self.stream_id)
        if streams or not isinstance(stream_id, tuple):  # the latter: a replay of an attempt by itself
            yield from super().send_response(already_streamed)
            return
        self.answer.timestamp_end = time.time()
        yield HttpResponseHook(self.flow)
        self.server_state = self.state_done
        if (yield from self.check_killed(False)):
            return
        self.flow.live = False
        yield DropStream(self.stream_id)
        client_id, attempt = stream_id
        yield ReceiveHttp(Answered(client_id, attempt, self.answer))

    def state_stream_response_body(self, event: Any) -> Commands:
        self.tick(event)
        steps: Commands = super().state_stream_response_body(event)
        return steps

    def state_consume_response_body(self, event: Any) -> Commands:
        self.tick(event)
        steps: Commands = super().state_consume_response_body(event)
        return steps

    def tick(self, event: Any) -> None:
        if isinstance(event, ResponseData):
            self.deadline.set("idle", self.exchange.timeouts.idle)
        else:
            self.deadline.stop()

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
        self.deadline.stop()
        self.keep_body()
        yield from super().handle_protocol_error(event)
