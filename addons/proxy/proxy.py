"""Proxy: the addon that puts the gateway's layer, dispatch and limits in the place of mitmproxy's own."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from mitmproxy import addonmanager, ctx, exceptions, http
from mitmproxy.addons.onboarding import Onboarding
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client
from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy import events, layer, server_hooks, tunnel
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.tls import ClientTLSLayer
from mitmproxy.proxy.mode_servers import ServerInstance
from mitmproxy.proxy.mode_specs import ReverseMode
from mitmproxy.proxy.server import ConnectionHandler

from addons.proxy import back, speed, wire
from addons.proxy.dispatch import Dispatch, find_addon
from addons.proxy.exchange import Exchange
from addons.proxy.heads import Unread
from addons.proxy.layer import GatewayHttpLayer

UPSTREAM_CONNECTIONS = 1000
"""For one client connection and one address; mitmproxy's own limit of 5 would starve HTTP/2 clients."""
TLS_HANDSHAKE, DECIDING_BYTES = 0x16, 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may ask of us. Sizes in bytes, times in seconds."""

    request_bytes: int = 50 << 20
    response_bytes: int = 256 << 20
    header_bytes: int = 64 << 10
    header_seconds: float = 10.0
    shutdown_seconds: float = 30.0


class Answers(Protocol):
    """How the layer speaks to clients, in their own dialect."""

    def refusal(self, status: int, message: str, path: str) -> http.Response:
        """To a request that can't be read or may not go on."""
        ...

    def fault(self, flow: http.HTTPFlow) -> http.Response:
        """To a request over which an addon has failed."""
        ...


class Proxy:
    """Installs the layer for clients' connections, and drains them in the end."""

    def __init__(self, exchange: Callable[[http.HTTPFlow], Exchange], answers: Answers) -> None:
        self.exchange = exchange
        self.answers = answers
        self.limits = Limits()
        self.unread: Callable[[Unread], None] = lambda refused: None
        """Told of each request that is refused before its head could be read."""
        self.records: Callable[[], bool] = lambda: False
        """Whether flows are recorded, so that more of what streams is kept on them."""
        self.dispatch: Dispatch
        self._silent: dict[str, asyncio.TimerHandle] = {}  # clients that have not said anything yet
        self._litter = speed.Litter()
        self._running: dict[str, Exchange] = {}  # by the client's flow, while it has no whole answer

    def load(self, loader: addonmanager.Loader) -> None:
        self.dispatch = Dispatch(cast(addonmanager.AddonManager, loader.master.addons))
        speed.install()
        back.install()
        wire.install()

    def running(self) -> None:
        # Its page for clients without mitmproxy's certificate is of no use here, and as it is asynchronous
        # it would make every request go the long way.
        if onboarding := find_addon(Onboarding):
            ctx.master.addons.remove(onboarding)
        speed.settle()

    def next_layer(self, next_layer: layer.NextLayer) -> None:
        context = next_layer.context
        is_new = next_layer.layer is None and len(context.layers) == 1
        if not is_new or not isinstance(context.layers[0], modes.ReverseProxy):
            return
        data = next_layer.data_client()
        if not data or (data[0] == TLS_HANDSHAKE and len(data) < DECIDING_BYTES):
            raise exceptions.AddonHalt  # nobody else is to decide meanwhile
        stack = tunnel.LayerStack()
        if starts_like_tls_record(data):
            stack /= ClientTLSLayer(context)
        handler = self._handler(context.client)
        if handler and (timer := self._silent.pop(context.client.id, None)):
            timer.cancel()
        stack /= GatewayHttpLayer(context, self, handler.server_event if handler else _nobody)
        next_layer.layer = stack[0]

    # --- connections --------------------------------------------------------------------------------

    def client_connected(self, client: Client) -> None:
        if not isinstance(client.proxy_mode, ReverseMode):
            client.error = "This is a gateway, and no proxy to anywhere else."
            return
        if handler := self._handler(client):
            handler._server_event_lock = wire.Turn()
            handler.max_conns.default_factory = lambda: asyncio.Semaphore(UPSTREAM_CONNECTIONS)
            loop = asyncio.get_running_loop()
            close = handler.close_connection
            self._silent[client.id] = loop.call_later(self.limits.header_seconds, close, client)

    def client_disconnected(self, client: Client) -> None:
        if timer := self._silent.pop(client.id, None):
            timer.cancel()

    def server_disconnected(self, data: server_hooks.ServerConnectionHookData) -> None:
        # A connection's task that is cancelled twice (closed by us, then the client is gone) leaves its
        # socket open, and the provider would go on streaming, and billing.
        if (handler := self._handler(data.client)) and (
            transport := handler.transports.pop(data.server, None)
        ):
            cast(asyncio.StreamWriter, transport.writer).close()

    # --- the end ------------------------------------------------------------------------------------

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if exchange := Exchange.of_client(flow):
            self._running[flow.id] = exchange

    def response(self, flow: http.HTTPFlow) -> None:
        self._over(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._over(flow)

    def _over(self, flow: http.HTTPFlow) -> None:
        self._running.pop(flow.id, None)
        self._litter.add(flow)

    @property
    def is_listening(self) -> bool:
        """Whether clients can come in."""
        servers = cast("Iterable[ServerInstance[Any]]", self._server().servers)
        return any(server.is_running and isinstance(server.mode, ReverseMode) for server in servers)

    @property
    def running_exchanges(self) -> list[Exchange]:
        """Those whose clients have no whole answer yet."""
        return list(self._running.values())

    @property
    def in_flight(self) -> int:
        """Requests of clients that have no whole answer yet."""
        return len(self._running)

    async def done(self) -> None:
        """Take no new connections, and let running answers finish for a while."""
        await self._server().servers.update([])
        deadline = asyncio.get_running_loop().time() + self.limits.shutdown_seconds
        while self._running and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.02)  # the last bytes are still on their way to the socket
        await self._hang_up()
        self.dispatch.uninstall()

    async def _hang_up(self) -> None:
        """Close the connections on which clients wait idly, and let their tasks come to an end."""
        connections = cast(dict[object, ConnectionHandler], self._server().connections)
        for handler in list(connections.values()):
            if handler.client in handler.transports:
                handler.close_connection(handler.client)
        for _ in range(50):
            if not connections:
                return
            await asyncio.sleep(0.02)

    def _server(self) -> Proxyserver:
        found = find_addon(Proxyserver)
        assert found
        return found

    def _handler(self, client: Client) -> ConnectionHandler | None:
        return cast(ConnectionHandler | None, self._server().connections.get(client.id))


async def _nobody(event: events.Event) -> Any:
    """There is no connection to wake: the client is a replay."""
