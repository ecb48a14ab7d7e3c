"""GatewayHttpLayer: an HTTP layer whose client streams are fed by attempts."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode
from mitmproxy.proxy.layers.http._base import ReceiveHttp
from mitmproxy.proxy.layers.http._events import RequestProtocolError

from addons.proxy.attempt_stream import AttemptStream
from addons.proxy.client_stream import ClientStream
from addons.proxy.front import Front
from addons.proxy.streams import Commands, GatewayStream

if TYPE_CHECKING:
    from addons.proxy.proxy import Proxy


class Link:
    """A pseudo-connection between a client's stream and its attempts: to each it is the other side."""

    proxy_mode = tls = alpn = None

    def __init__(self, http_layer: "GatewayHttpLayer") -> None:
        self._streams = http_layer.streams

    def handle_event(self, event: Any) -> Commands:
        if isinstance(event.stream_id, tuple):  # from an attempt
            client_id, attempt = event.stream_id
            stream = self._streams.get(client_id)
            if isinstance(stream, ClientStream) and stream.is_current(attempt):
                event.stream_id = client_id
                yield ReceiveHttp(event)
        elif isinstance(event, RequestProtocolError):  # the client has left
            stream = self._streams.get(event.stream_id)
            if isinstance(stream, ClientStream):
                yield ReceiveHttp(RequestProtocolError(stream.attempt_id, event.message, event.code))


class GatewayHttpLayer(HttpLayer):
    """One client connection."""

    def __init__(self, context: Context, proxy: "Proxy", post: Callable[[events.Event], Any]) -> None:
        super().__init__(context, HTTPMode.transparent)
        self.proxy = proxy
        self._post = post
        self.link = Link(self)
        self.connections[self.link] = self.link  # type: ignore[index, assignment]

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.Start) and self.context.client.alpn not in (b"h2", b"h3"):
            self.connections.setdefault(self.context.client, Front(self.context.fork(), self))
        yield from super()._handle_event(event)

    def make_stream(self, stream_id: Any) -> Commands:
        stream: GatewayStream
        if isinstance(stream_id, tuple):
            exchange = self.streams[stream_id[0]].exchange  # type: ignore[attr-defined]
            stream = AttemptStream(self.context.fork(), stream_id, exchange, self.link)
        else:
            stream = ClientStream(self.context.fork(), stream_id)
        self.streams[stream_id] = stream
        yield from self.event_to_child(stream, events.Start())

    def wake(self, child: layer.Layer) -> None:
        """Let a child look at its deadlines, from outside of all generators."""
        wakeup = commands.RequestWakeup(0)
        self.command_sources[wakeup] = child
        asyncio.get_running_loop().create_task(self._post(events.Wakeup(wakeup)))
