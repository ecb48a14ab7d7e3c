"""AskingStream: the half of a client's stream that takes in what is asked, until all of it is there."""

import time

from mitmproxy import flow as mitmflow
from mitmproxy.proxy import events
from mitmproxy.proxy.layers.http import SendHttp
from mitmproxy.proxy.layers.http._events import ErrorCode, RequestHeaders, ResponseProtocolError
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpRequestHeadersHook, HttpRequestHook

from addons.proxy.messages import header
from addons.proxy.speed import flow_between
from addons.proxy.streams import Commands, Decision, GatewayStream
from addons.proxy.whole import WholeRequest


class AskingStream(GatewayStream):
    """Reads the request, runs its hooks, and leaves it to others to answer."""

    def answer_locally(self) -> Commands:
        """Tell the client what is on its flow already."""
        raise NotImplementedError

    def steps(self, event: events.Event) -> Commands:
        return self.asked(event) if isinstance(event, WholeRequest) else super().steps(event)

    def state_wait_for_request_headers(self, event: RequestHeaders) -> Commands:
        if not event.replay_flow:
            event.replay_flow = flow_between(self.context.client, self.context.server)
        flow = event.replay_flow
        flow.request = event.request
        self.exchange = self.http_layer.proxy.exchange(flow)
        self.exchange.bind(flow)
        yield from super().state_wait_for_request_headers(event)
        if flow.response and not event.end_stream and self.client_state == self.state_consume_request_body:
            self.client_state = self.state_done  # refused before the body was there: it is not waited for
            yield from self.answer_locally()

    def asked(self, whole: WholeRequest) -> Commands:
        """A request that is whole: what stock does about its head, its body and its end."""
        head = RequestHeaders(self.stream_id, whole.request, end_stream=not whole.body)
        yield from self.state_wait_for_request_headers(head)
        if self.client_state != self.state_consume_request_body:
            return
        self.flow.request.timestamp_end = time.time()
        self.flow.request.data.content = whole.body
        self.client_state = self.state_done
        yield HttpRequestHook(self.flow)
        if (yield from self.check_killed(True)):
            return
        if self.flow.response:
            yield from self.answer_locally()
        else:
            yield from self.make_server_connection()

    def check_body_size(self, request: bool) -> Decision:
        """Refuse a body over the limit as soon as it is known to be: answered by the front, in JSON."""
        if not request:
            return False
        limit = self.http_layer.proxy.limits.request_bytes
        if (declared := header(self.flow.request.headers, "content-length")).isdigit():
            too_large = int(declared) > limit
        else:
            too_large = len(self.request_body_buf) > limit
        if not too_large:
            return False
        if not self.request_body_buf:  # nobody has seen this flow yet
            yield HttpRequestHeadersHook(self.flow)
        message = f"The request body is larger than {limit} bytes."
        self.flow.error = mitmflow.Error(message)
        self.exchange.refused_with = 413
        yield HttpErrorHook(self.flow)
        yield SendHttp(
            ResponseProtocolError(self.stream_id, message, ErrorCode.REQUEST_TOO_LARGE), self.context.client
        )
        self.client_state = self.server_state = self.state_errored
        self.flow.live = False
        return True
