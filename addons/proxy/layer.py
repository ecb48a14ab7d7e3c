"""GatewayHttpLayer: an HTTP layer whose client streams are fed by attempts."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from mitmproxy.connection import Connection, Server
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import (
    DropStream,
    GetHttpConnection,
    HttpClient,
    HttpLayer,
    HTTPMode,
    HttpStream,
    RegisterHttpConnection,
    SendHttp,
)
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import (
    ErrorCode,
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
)

from addons.proxy.attempt_stream import AttemptStream
from addons.proxy.client_stream import ClientStream
from addons.proxy.exchange import AttemptBroke, Failure
from addons.proxy.front import Front
from addons.proxy.speed import snapshot
from addons.proxy.streams import Commands, GatewayStream, StreamId
from addons.proxy.whole import Asked, Faulty, WholeRequest

if TYPE_CHECKING:
    from addons.proxy.proxy import Proxy


MOST_WAITING = 10_000
"""Pieces of an answer that wait while somebody holds the client's flow in his hands."""


HTTP1 = (None, b"", b"http/1.0", b"http/1.1")
"""What may have been agreed on in TLS where HTTP/1 is spoken."""
NEW_STREAMS = (WholeRequest, Asked, RequestHeaders)
"""Events that come to a stream which is not there yet."""


class Link:
    """A pseudo-connection between a client's stream and its attempts: to each it is the other side."""

    proxy_mode = tls = alpn = None

    def __init__(self, http_layer: "GatewayHttpLayer") -> None:
        self._streams = http_layer.streams

    def handle_event(self, event: Any) -> Commands:
        stream_id: StreamId = event.stream_id
        if isinstance(stream_id, tuple):  # from an attempt
            client_id, attempt = stream_id
            stream = self._streams.get(client_id)
            if isinstance(stream, ClientStream) and stream.is_current(attempt):
                if len(stream._paused_event_queue) > MOST_WAITING:
                    yield from self._give_up(stream)
                else:
                    event.stream_id = client_id
                    yield ReceiveHttp(event)
        elif isinstance(event, RequestProtocolError):  # the client has left
            stream = self._streams.get(stream_id)
            if isinstance(stream, ClientStream):
                yield ReceiveHttp(RequestProtocolError(stream.attempt_id, event.message, event.code))

    def _give_up(self, stream: ClientStream) -> Commands:
        held = Failure("killed", "held for too long")
        yield ReceiveHttp(RequestProtocolError(stream.attempt_id, held.reason, ErrorCode.CANCEL))
        yield ReceiveHttp(AttemptBroke(stream.stream_id, held))


class GatewayHttpLayer(HttpLayer):
    """One client connection."""

    streams: dict[Any, HttpStream]

    def __init__(self, context: Context, proxy: "Proxy", post: Callable[[events.Event], Any]) -> None:
        context.options = snapshot(context.options)
        super().__init__(context, HTTPMode.transparent)
        self.proxy = proxy
        self._post = post
        self.link = Link(self)
        self.connections[self.link] = self.link  # type: ignore[index, assignment]

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Start) and self.context.client.alpn not in (b"h2", b"h3"):
            self.connections.setdefault(self.context.client, Front(self.context.fork(), self))
        yield from super()._handle_event(event)

    def handle_event(self, event: events.Event) -> Commands:
        """As stock does, but that adjoining writes to one connection become one: a head and its body, say."""
        waiting: commands.SendData | None = None
        for command in self._steps(event):
            if isinstance(command, commands.SendData):
                if waiting and waiting.connection is command.connection:
                    waiting.data += command.data
                    continue
                if waiting:
                    yield waiting
                waiting = command
            elif waiting:
                yield waiting
                waiting = None
                yield command
            else:
                yield command
        if waiting:
            yield waiting

    def _steps(self, event: events.Event) -> Commands:
        """Bytes go to who reads them. This layer itself never waits, so that it needs no more for them."""
        if isinstance(event, events.DataReceived) and (child := self.connections.get(event.connection)):
            return self.event_to_child(child, event)
        steps: Commands = super().handle_event(event)
        return steps

    def event_to_child(self, child: Any, event: events.Event) -> Commands:
        """As stock does, asking for a command's type once: this runs for every command of every layer."""
        for command in child.handle_event(event):
            kind = command.__class__
            if command.blocking or kind is commands.RequestWakeup:
                self.command_sources[command] = child
            if kind is commands.SendData:
                yield command
            elif kind is SendHttp:
                yield from self.event_to_child(self.connections[command.connection], command.event)
            elif kind is ReceiveHttp:
                yield from self._receive(command.event)
            elif kind is DropStream:
                self._drop(command.stream_id)
            elif kind is GetHttpConnection:
                yield from self.get_connection(command)
            elif kind is RegisterHttpConnection:
                yield from self.register_connection(command)
            else:
                if kind is commands.OpenConnection:
                    self.connections[command.connection] = child
                yield command

    def _drop(self, stream_id: StreamId) -> None:
        if isinstance(stream := self.streams.pop(stream_id, None), GatewayStream):
            stream.release()

    def _receive(self, event: Any) -> Commands:
        if type(event) in NEW_STREAMS:
            self.make_stream(event.stream_id)
        if not (stream := self.streams.get(event.stream_id)):  # it is over, and this is late
            return
        if type(event) is ResponseData and isinstance(stream, GatewayStream) and stream.is_flowing:
            yield from self._relay(stream, event.data)
        else:
            yield from self.event_to_child(stream, event)

    def _relay(self, stream: GatewayStream, data: bytes) -> Commands:
        """A piece of a streamed answer, from an attempt to its client: no hooks on that way, and no waiting.

        The long way, an event at a time through both streams, costs as much as all the rest.
        """
        for chunk in stream.relayed(data):
            listener = self._listener(stream)
            if not listener:
                yield from self._pass_on(stream, chunk)
                continue
            if frames := b"".join(listener.relayed(chunk)):
                yield from self._pass_on(listener, frames)
            if listener.fault:
                yield from self.event_to_child(listener, Faulty(listener.stream_id))

    def _pass_on(self, stream: GatewayStream, data: bytes) -> Commands:
        receiver = stream.context.client
        yield from self.event_to_child(self.connections[receiver], ResponseData(stream.stream_id, data))

    def make_stream(self, stream_id: StreamId) -> None:  # type: ignore[override]
        stream: GatewayStream
        if isinstance(stream_id, tuple):
            exchange = cast(ClientStream, self.streams[stream_id[0]]).exchange
            stream = AttemptStream(self.context.fork(), stream_id, self, exchange, self.link)
        else:
            stream = ClientStream(self.context.fork(), stream_id, self)
        stream.client_state = stream.state_wait_for_request_headers  # which is all that `Start` does
        self.streams[stream_id] = stream

    def _listener(self, attempt: GatewayStream) -> ClientStream | None:
        """The client's stream, if it is ready for pieces of this attempt's answer."""
        stream_id = cast(StreamId, attempt.stream_id)
        if not isinstance(stream_id, tuple):
            return None
        client_id, number = stream_id
        stream = self.streams.get(client_id)
        if isinstance(stream, ClientStream) and stream.is_flowing and stream.is_current(number):
            return stream
        return None

    def register_connection(self, command: RegisterHttpConnection) -> Commands:
        """As stock does. What has opened a connection steps aside then: it would only hand events on."""
        opener = self.connections[command.connection]
        if type(opener) is HttpClient and not command.err:
            self.connections[command.connection] = opener.child_layer
        yield from super().register_connection(command)

    def takes_whole(self, connection: Connection) -> bool:
        """Whether messages may be sent there in one event: to `Front` and `Back`, but not to HTTP/2."""
        if isinstance(connection, Server):
            return connection.alpn in HTTP1
        return isinstance(self.connections.get(connection), Front)

    def wake(self, child: layer.Layer) -> None:
        """Let a child look at its deadlines, from outside of all generators."""
        wakeup = commands.RequestWakeup(0)
        self.command_sources[wakeup] = child
        asyncio.get_running_loop().create_task(self._post(events.Wakeup(wakeup)))
