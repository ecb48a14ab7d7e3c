"""What the client's stream and an attempt's stream share, on top of mitmproxy's own `HttpStream`."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from mitmproxy import flow, http
from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import RequestProtocolError

from addons.proxy.deadline import Deadline
from addons.proxy.exchange import Exchange
from addons.proxy.whole import WholeRequest, WholeResponse

if TYPE_CHECKING:
    from addons.proxy.layer import GatewayHttpLayer

type Commands = Generator[commands.Command, Any, None]
type Decision = Generator[commands.Command, Any, bool]
type StreamId = int | AttemptId
type AttemptId = tuple[int, int]
"""Of the client's stream, and the number of the attempt."""

NOT_KILLED = cast(Decision, ())
"""To `yield from` this costs less than from a generator that yields nothing."""
KEPT = 1 << 20
"""Bytes of a streamed body that stay on its flow for people to look at."""
RECORDED = 64 << 20
"""As many where it is recorded, to be answered again."""


@runtime_checkable
class Abortable(Protocol):
    """What an addon may set as `flow.response.stream`: it can also end in the client's own words."""

    def __call__(self, data: bytes) -> bytes | Iterable[bytes]: ...

    def abort(self, reason: str) -> list[bytes]:
        """The stream broke: the frames that say so."""
        ...


class Tee:
    """The stream of a response, with a bounded copy of what went through."""

    def __init__(
        self, inner: Callable[[bytes], bytes | Iterable[bytes]] | None = None, most: int = KEPT
    ) -> None:
        self.inner, self.most = inner, most
        self.kept = bytearray()
        self.passed = 0
        """Bytes, kept or not."""
        self.fault = ""
        """What the addon's stream raised: nothing more may come from it."""

    def __call__(self, data: bytes) -> list[bytes]:
        """Never raises: stock mitmproxy would lose this piece and end the stream like a good one."""
        if not self.inner:
            return self.keep(data)
        try:
            return self.keep(self.inner(data))
        except Exception as error:  # the edge: whatever an addon's stream raises
            self.fault = f"{type(error).__name__} in stream"
            return []

    def keep(self, out: bytes | Iterable[bytes]) -> list[bytes]:
        # An empty chunk would end the client's body: it must never get out.
        chunks = [chunk for chunk in ([out] if isinstance(out, bytes) else out) if chunk]
        for chunk in chunks:
            self.passed += len(chunk)
            if (room := self.most - len(self.kept)) > 0:
                self.kept += chunk[:room]
        return chunks

    @property
    def can_abort(self) -> bool:
        return isinstance(self.inner, Abortable)

    def abort(self, reason: str) -> list[bytes]:
        try:
            return self.keep(self.inner.abort(reason)) if isinstance(self.inner, Abortable) else []
        except Exception as error:  # the edge, once more
            self.fault = f"{type(error).__name__} in abort"
            return []


class GatewayStream(HttpStream):
    """An `HttpStream` whose hooks run inline, which keeps what it streams and may have a deadline."""

    exchange: Exchange
    tee: Tee | None = None
    client_state: Callable[[Any], Commands]
    server_state: Callable[[Any], Commands]

    def __init__(self, context: Context, stream_id: Any, http_layer: "GatewayHttpLayer") -> None:
        super().__init__(context, stream_id)
        self.http_layer = http_layer
        self.deadline = Deadline(self.wake)

    def wake(self) -> None:
        self.http_layer.wake(self)

    # The next two are no generators themselves but return one: each layer of generators costs every event.

    def handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Wakeup):  # comes through while the stream waits for something else
            return self._woken()
        return super().handle_event(event)

    def _handle_event(self, event: events.Event) -> Commands:
        return self._with_inline_hooks(self.steps(event))

    def check_killed(self, emit_error_hook: bool) -> Decision:
        """As stock does. Nearly always there is nothing to look into, nine times a request."""
        if not (self.flow.error or self._paused_event_queue):
            return NOT_KILLED
        decision: Decision = super().check_killed(emit_error_hook)
        return decision

    def release(self) -> None:
        """It is over: let go of all that refers back to it.

        So it is freed at once, with all that is on its flow, and the garbage collector has nothing to find:
        that was a twentieth of a small request's time, and pauses of 20 ms.
        """
        for deadline in self.deadlines():
            deadline.release()
        self.context.layers.clear()
        self.client_state = self.server_state = _over
        if self.tee and self.flow.response:
            self.flow.response.stream = True  # which it was; what it went through holds the exchange

    def steps(self, event: events.Event) -> Commands:
        """What this stream does about an event; its hooks are seen to by the caller."""
        if isinstance(event, WholeResponse):
            return self._parts(event)
        steps: Commands = super()._handle_event(event)
        return steps

    def _parts(self, whole: WholeResponse) -> Commands:
        """As if they had come one after the other: a stream that is over hears no more of them."""
        for part in whole.parts():
            if (
                self.state_errored in (self.client_state, self.server_state)
                or self.server_state == self.state_done
            ):
                return
            yield from self.steps(part)

    def send_whole(self, whole: WholeRequest | WholeResponse, connection: Connection) -> Commands:
        """To one of our own HTTP/1 connections at once, to all others in parts."""
        if self.http_layer.takes_whole(connection):
            yield SendHttp(whole, connection)
        else:
            for part in whole.parts():
                yield SendHttp(part, connection)

    @property
    def is_flowing(self) -> bool:
        """Whether pieces of an answer may go straight on: it streams, and nobody holds it."""
        return self._paused is None and self.server_state == self.state_stream_response_body

    def relayed(self, data: bytes) -> list[bytes]:
        """What is to be passed on of a piece of a streamed answer."""
        assert self.tee
        return self.tee(data)

    @property
    def fault(self) -> str:
        """What the addon's stream has raised."""
        return self.tee.fault if self.tee else ""

    def _with_inline_hooks(self, steps: Commands) -> Commands:
        reply: Any = None
        run_inline = self.http_layer.proxy.dispatch.run_inline
        while True:
            try:
                command = steps.send(reply)
            except StopIteration:
                return
            reply = None
            if isinstance(command, commands.StartHook) and (subject := run_inline(command)):
                if not getattr(subject, "intercepted", False):
                    continue
                command = InterceptedHook(cast(flow.Flow, subject))
            reply = yield command

    def _woken(self) -> Commands:
        for deadline in self.deadlines():
            if expired := deadline.take():
                yield from self.expire(expired)

    def deadlines(self) -> tuple[Deadline, ...]:
        return (self.deadline,)

    def expire(self, name: str) -> Commands:
        """The deadline of this name has passed. The stream may be paused."""
        raise NotImplementedError

    @property
    def client_has_left(self) -> bool:
        return any(isinstance(event, RequestProtocolError) for event in self._paused_event_queue)

    def start_response_stream(self) -> Commands:
        response = self.answer
        most = RECORDED if self.http_layer.proxy.records() else KEPT
        self.tee = Tee(response.stream if callable(response.stream) else None, most)
        response.stream = self.tee
        for command in super().start_response_stream():
            if not isinstance(command, commands.Log):
                yield command

    def send_response(self, already_streamed: bool = False) -> Commands:
        self.keep_body()
        yield from super().send_response(already_streamed)

    def keep_body(self) -> None:
        """Put what was streamed onto the flow."""
        if self.tee and self.flow.response:
            self.flow.response.data.content = bytes(self.tee.kept)
            if rest := self.tee.passed - len(self.tee.kept):
                self.flow.metadata["not_kept"] = rest

    @property
    def answer(self) -> http.Response:
        assert self.flow.response
        return self.flow.response

    def start_request_stream(self) -> Commands:
        raise NotImplementedError(
            "A request that streams can't be sent twice: stream_large_bodies must be off."
        )


def _over(event: Any) -> Commands:
    """The state of a stream that is over: whatever comes is late."""
    yield from ()


@dataclass
class InterceptedHook(commands.StartHook):
    """Has no handlers: it only waits until somebody resumes the flow."""

    name = "dragoman_intercepted"
    flow: flow.Flow
