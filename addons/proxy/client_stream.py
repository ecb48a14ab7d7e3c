"""ClientStream: the client's half of an exchange. Its flow is what the client said and what it is told.

Stock code reads the request and runs the client's hooks; where it would connect to a server, this stream
asks for attempts instead, and feeds on the answer of the one that succeeds. The states of an attempt's
answer, on the way to the client:

    head ──┬─ a status that is retried ──> failed (its body is held) ──> next attempt
           ├─ a stream with a peek ──────> peeking (its head is held) ─┬─ error first ──> next attempt
           │                                                          └─ content ──┐
           └──────────────────────────────────────────────────────────────────────┴──> taken
"""

import logging
import time
from typing import TYPE_CHECKING, Any

from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.proxy import events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import DropStream, SendHttp
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
    HttpErrorHook,
    HttpResponseHeadersHook,
    HttpResponseHook,
)

from addons.proxy.asking import AskingStream
from addons.proxy.deadline import Deadline
from addons.proxy.exchange import AttemptBroke, AttemptHook, Failure, Peek, SettledHook, refused
from addons.proxy.messages import shallow
from addons.proxy.streams import Commands, Decision
from addons.proxy.whole import Answered, Asked, Faulty, WholeResponse

if TYPE_CHECKING:
    from addons.proxy.layer import GatewayHttpLayer

logger = logging.getLogger(__name__)

FROM_ATTEMPTS = (ResponseHeaders, ResponseData, ResponseEndOfMessage, ResponseProtocolError)

MOST_ASKED = 1000
"""How often addons may pass over a backend before it is clear that they have no end."""
PEEK_SECONDS = 1.0
"""For how long the head of a stream is held back in case that it is followed by an error."""


class ClientStream(AskingStream):
    """Talks to the client, and to one attempt after the other."""

    held: list[Any]
    peek: Peek | None = None

    def __init__(self, context: Context, stream_id: Any, http_layer: "GatewayHttpLayer") -> None:
        super().__init__(context, stream_id, http_layer)
        self.total = Deadline(self.wake)

    def deadlines(self) -> tuple[Deadline, ...]:
        return self.deadline, self.total

    @property
    def attempt_id(self) -> Any:
        return self.stream_id, len(self.exchange.attempts)

    def is_current(self, attempt: int) -> bool:
        """Events of an abandoned attempt have no say any more."""
        return attempt == len(self.exchange.attempts) and not self.exchange.failed

    # --- attempts -----------------------------------------------------------------------------------

    def make_server_connection(self) -> Decision:
        """The request is complete and no addon has answered it. Nothing of it is ever sent upstream."""
        self.context.server = self.http_layer.link  # type: ignore[assignment]
        self.held = []
        yield from self.next_attempt()
        return False

    def next_attempt(self) -> Commands:
        """Ask the addons for the next attempt until there is one, or none to come."""
        exchange = self.exchange
        exchange.request = None
        asked = 0
        while not (exchange.request or exchange.over or exchange.faults):
            if (asked := asked + 1) > MOST_ASKED:
                exchange.faults.append("no addon knows of an attempt, nor that there is none")
                break
            yield AttemptHook(exchange)
            if (yield from self.check_killed(True)):
                return
        if exchange.over or exchange.faults or not exchange.request:
            yield from self.give_up()
            return
        self.server_state = self.state_between_attempts
        if not exchange.attempts:
            self.total.set("total", exchange.timeouts.total)
        if exchange.delay > 0:
            self.deadline.set("delay", exchange.delay)
        else:
            yield from self.start_attempt(exchange.request)

    def start_attempt(self, request: http.Request) -> Commands:
        if self.flow.request.is_http2 or self.flow.request.is_http3:
            # Else each request would leave an idle HTTP/1 connection behind, as one can't be shared.
            request.http_version = self.flow.request.http_version
        attempt = self.exchange.begin_attempt(self.context.client, request)
        self.held, self.peek = [], None
        self.server_state = self.state_wait_for_response_headers
        yield ReceiveHttp(Asked(self.attempt_id, attempt))

    def state_between_attempts(self, event: Any) -> Commands:
        """Nothing can come now that matters."""
        yield from ()

    def attempt_failed(self, failure: Failure) -> Commands:
        self.deadline.clear()
        self.exchange.failures.append(failure)
        yield from self.next_attempt()

    def give_up(self) -> Commands:
        """No attempt is left: the last provider's own answer is the client's, else what the addons say."""
        exchange = self.exchange
        if self.held and not exchange.faults and not exchange.response:
            held, self.held = self.held, []
            yield from self.take(held)
            return
        self.flow.response = exchange.response
        if exchange.faults or not exchange.response:
            self.flow.response = self.http_layer.proxy.answers.fault(self.flow)
        yield from self.answer_locally()

    def answer_locally(self) -> Commands:
        self.stop_clocks()
        self.server_state = self.state_done
        self.answer.timestamp_start = self.flow.request.timestamp_end or self.flow.request.timestamp_start
        yield HttpResponseHeadersHook(self.flow)
        if not (yield from self.check_killed(True)):
            yield from self.send_response()

    # --- an attempt's answer ------------------------------------------------------------------------

    def steps(self, event: events.Event) -> Commands:
        if isinstance(event, Answered):
            return self.answered(event)
        if isinstance(event, Faulty):
            return self.break_off()
        if self.server_state == self.state_done and isinstance(event, FROM_ATTEMPTS):
            return self.state_between_attempts(event)  # it waited while the answer was replaced
        return super().steps(event)

    def answered(self, event: Answered) -> Commands:
        """An attempt has its whole answer."""
        if not self.is_current(event.attempt) or self.server_state != self.state_wait_for_response_headers:
            return
        if self.exchange.retries(event.response.status_code):
            self.held = [event]
            yield from self.attempt_failed(refused(event.response))
        elif failure := self.exchange.judge(self.exchange, event.response):
            yield from self.attempt_failed(failure)
        else:
            yield from self.take_whole(event.response)

    def state_wait_for_response_headers(self, event: ResponseHeaders) -> Commands:
        if event.response.status_code < 200:
            return
        if self.exchange.retries(event.response.status_code):
            self.held = [event]
            self.server_state = self.state_failed
        elif not event.end_stream and (peek := self.exchange.peek(self.exchange, event.response)):
            self.held, self.peek = [event], peek
            self.server_state = self.state_peeking
            self.deadline.set("peek", PEEK_SECONDS)
        else:
            yield from self.take([event])

    def state_failed(self, event: Any) -> Commands:
        """Holds a failed answer; it is bounded, as the attempt buffers it under the limit for bodies."""
        self.held.append(event)
        if isinstance(event, ResponseEndOfMessage):
            yield from self.attempt_failed(refused(self.held[0].response))

    def state_peeking(self, event: Any) -> Commands:
        """Holds the head of a stream until it has content."""
        self.held.append(event)
        verdict: Failure | bool = True
        if self.peek and isinstance(event, ResponseData | ResponseEndOfMessage):
            verdict = self.peek.feed(event.data if isinstance(event, ResponseData) else b"")
        if isinstance(verdict, Failure):
            yield from self.hang_up("error in stream")
            self.held = []
            yield from self.attempt_failed(verdict)
        elif verdict:
            self.deadline.clear()
            held, self.held = self.held, []
            yield from self.take(held)

    def take(self, held: list[Any]) -> Commands:
        """This attempt's answer is the client's: its flow gets a response of its own."""
        head, *rest = held
        if isinstance(head, Answered):
            yield from self.take_whole(head.response)
            return
        self.link_attempts()
        response = shallow(head.response, content=None, trailers=None, timestamp_end=None)
        response.stream = False
        event = ResponseHeaders(self.stream_id, response, head.end_stream)
        yield from super().state_wait_for_response_headers(event)
        if self.exchange.faults and self.server_state != self.state_errored:
            yield from self.replace_answer()
            return
        for event in rest:
            yield from self.server_state(event)

    def take_whole(self, response: http.Response) -> Commands:
        """As `take`, for an answer that is complete."""
        self.link_attempts()
        self.flow.response = shallow(response)
        self.flow.response.stream = False
        self.server_state = self.state_done
        yield HttpResponseHeadersHook(self.flow)
        if (yield from self.check_killed(True)):
            return
        if self.exchange.faults:
            self.flow.response = self.http_layer.proxy.answers.fault(self.flow)
        yield from self.send_response()

    def link_attempts(self) -> None:
        """Say on the client's flow whose answer it has, and who was asked."""
        self.flow.server_conn = self.exchange.attempts[-1].server_conn
        self.flow.metadata["attempts"] = [flow.id for flow in self.exchange.attempts]

    def start_response_stream(self) -> Commands:
        if self.exchange.faults:
            return  # `take` sees to it: not a byte goes out
        headers = self.answer.headers
        if callable(self.answer.stream):
            headers.pop("content-length", None)
            if not (self.flow.request.is_http2 or self.flow.request.is_http3):
                headers["transfer-encoding"] = "chunked"
        yield from super().start_response_stream()

    def state_stream_response_body(self, event: Any) -> Commands:
        """As stock does, but that all frames of a piece are one, and that what has failed ends there."""
        if not isinstance(event, ResponseData):
            yield from super().state_stream_response_body(event)
            return
        if frames := b"".join(self.relayed(event.data)):
            yield SendHttp(ResponseData(self.stream_id, frames), self.context.client)
        if self.fault:
            yield from self.break_off()

    def break_off(self) -> Commands:
        """An addon's stream has failed: what it would have said is not known, so the answer ends here."""
        self.exchange.faults.append(self.fault)
        logger.error("An addon failed: %s", self.fault)
        yield from self.hang_up("an addon failed")
        # (in the client's words, or where the stream has none, by a body that is visibly cut)
        event = ResponseProtocolError(self.stream_id, "an addon failed", ErrorCode.GENERIC_SERVER_ERROR)
        yield from self.handle_protocol_error(event)

    def replace_answer(self) -> Commands:
        """An addon failed over the answer, so the client must not see it."""
        yield from self.hang_up("an addon failed")
        self.flow.response = self.http_layer.proxy.answers.fault(self.flow)
        self.server_state = self.state_done
        yield from self.send_response()

    def send_response(self, already_streamed: bool = False) -> Commands:
        """As stock does, but that what a failed addon may have left half done is never sent."""
        if self.fault and already_streamed:
            yield from self.break_off()
            return
        self.stop_clocks()
        self.keep_body()
        self.answer.timestamp_end = time.time()
        yield HttpResponseHook(self.flow)
        if self.exchange.faults and not already_streamed:
            self.flow.response = self.http_layer.proxy.answers.fault(self.flow)
        self.server_state = self.state_done
        yield SettledHook(self.exchange)
        if (yield from self.check_killed(False)):
            return
        if already_streamed:
            yield from self.flow_done()
            return
        self.flow.live = False
        yield DropStream(self.stream_id)
        whole = WholeResponse(self.stream_id, self.answer, self.answer.raw_content or b"")
        yield from self.send_whole(whole, self.context.client)

    # --- when things break --------------------------------------------------------------------------

    def handle_protocol_error(self, event: RequestProtocolError | ResponseProtocolError) -> Commands:
        if isinstance(event, ResponseProtocolError) and self.client_state == self.state_done:
            waiting = (self.state_wait_for_response_headers, self.state_failed, self.state_peeking)
            if self.server_state in waiting:
                self.held = []
                yield from self.attempt_failed(self.exchange.failure_of(event))
                return
            if self.server_state == self.state_stream_response_body and self.tee and self.tee.can_abort:
                yield from self.abort(event.message)
                return
        self.stop_clocks()
        self.keep_body()
        if self.server_state == self.state_between_attempts:
            self.server_state = self.state_done  # no attempt has to be told
        yield from super().handle_protocol_error(event)

    def abort(self, reason: str) -> Commands:
        """The answer broke in the middle: say so in the client's words, and end its body properly."""
        self.stop_clocks()
        for chunk in self.tee.abort(reason) if self.tee else []:
            yield SendHttp(ResponseData(self.stream_id, chunk), self.context.client)
        self.keep_body()
        self.flow.error = mitmflow.Error(reason)
        yield HttpErrorHook(self.flow)
        self.server_state = self.state_done
        self.flow.live = False
        yield DropStream(self.stream_id)
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def hang_up(self, reason: str) -> Commands:
        """Close the current attempt's connection: its answer is of no use."""
        yield ReceiveHttp(RequestProtocolError(self.attempt_id, reason, ErrorCode.CANCEL))

    def expire(self, name: str) -> Commands:
        if self._paused:  # somebody holds the flow in his hands: look again later
            (self.total if name == "total" else self.deadline).set(name, PEEK_SECONDS)
        elif name == "delay" and self.exchange.request:
            yield from self.start_attempt(self.exchange.request)
        elif name == "peek" and self.server_state == self.state_peeking:
            if len(self.held) == 1:  # a head alone is no sign of life
                self.deadline.set("peek", PEEK_SECONDS)
                return
            held, self.held = self.held, []
            yield from self.take(held)
        elif name == "total":
            yield from self.out_of_time()

    def out_of_time(self) -> Commands:
        failure = Failure("total", "total timeout")
        if self.server_state == self.state_between_attempts:
            self.exchange.failures[-1:] = [failure]
            yield from self.next_attempt()
        elif self.server_state not in (self.state_done, self.state_errored):
            event = AttemptBroke(self.stream_id, failure)
            yield from self.hang_up(failure.reason)
            yield from self.handle_protocol_error(event)

    def stop_clocks(self) -> None:
        self.deadline.stop()
        self.total.stop()
