"""One client's connection through the gateway's layer, without a socket: events in, commands out.

`mitmproxy.proxy` is made for this; what a server does with commands is done here, in memory. The addons are
real ones, and so is the dispatch of their hooks.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Connection, ConnectionState, Server
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow

from addons.proxy import Exchange, Limits, Proxy
from addons.proxy.layer import GatewayHttpLayer
from addons.refusals import Refusals
from tests.addons.calls import a_config

POST = b"POST /v1/x HTTP/1.1\r\nHost: gateway\r\nContent-Length: 2\r\n\r\nhi"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 429 Busy\r\nContent-Length: 4\r\n\r\nbusy"
STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
"""The head of one."""
BOTH = ("one.example", "two.example")
NEWS: dict[str, Any] = {"streams": lambda response: True}
"""Settings of a plan: answers go on as they come."""
RETRIES: dict[str, Any] = {"retries": lambda status: status in (429, 500)}
PATIENCE = 5.0


def chunk(data: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def status(reply: bytes) -> int:
    """Of the one response in these bytes."""
    assert reply.count(b"HTTP/1.1 ") == 1, reply
    return int(reply.split(b" ")[1])


def kinds(exchange: Exchange) -> list[str]:
    """How its attempts have failed."""
    return [failure.kind for failure in exchange.failures]


class Hurried(asyncio.SelectorEventLoop):
    """A loop that has a clock of its own, and moves it on to the next timer when there is nothing else to do.

    So nothing takes time, and no test depends on how fast the machine is.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._ready_at_once = self._selector.select
        self._selector.select = self._select

    def time(self) -> float:
        return self._now

    def _select(self, timeout: float | None) -> Any:
        happened = self._ready_at_once(0 if timeout else timeout)
        if timeout and not happened:
            self._now += timeout
        return happened


class Live(Protocol):
    """Makes a plain test of a coroutine."""

    def __call__[**P](self, test: Callable[P, Awaitable[None]]) -> Callable[P, None]: ...


def running_in(loop: Callable[[], asyncio.AbstractEventLoop]) -> Live:
    def live[**P](test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
        @functools.wraps(test)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            with asyncio.Runner(loop_factory=loop) as runner:
                runner.run(asyncio.wait_for(test(*args, **kwargs), 600))

        return run

    return live


live = running_in(Hurried)
"""A test that needs a running loop, and neither sockets nor threads."""
live_on_sockets = running_in(asyncio.SelectorEventLoop)


class Plan:
    """An addon that asks one provider after the other, and notes what happens."""

    def __init__(self, *hosts: str, **settings: Any) -> None:
        self.hosts = hosts or ("one.example",)
        self.settings = settings
        """Attributes of the exchange."""
        self.seen: list[str] = []
        self.exchanges: list[Exchange] = []

    def attempt(self, exchange: Exchange) -> None:
        if exchange not in self.exchanges:
            self.exchanges.append(exchange)
        for name, value in self.settings.items():
            setattr(exchange, name, value)
        exchange.seal = exchange.seal or (lambda flow: flow.request)
        made = len(exchange.attempts)
        if made < len(self.hosts):
            exchange.request = http.Request.make(
                "POST", f"http://{self.hosts[made]}/up", b"translated", http.Headers(x_attempt=str(made + 1))
            )
        else:
            exchange.over = True

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        self._note("requestheaders", flow)

    def request(self, flow: http.HTTPFlow) -> None:
        self._note("request", flow)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        self._note("responseheaders", flow)

    def response(self, flow: http.HTTPFlow) -> None:
        self._note("response", flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._note("error", flow)

    def _note(self, hook: str, flow: http.HTTPFlow) -> None:
        self.seen.append(f"{flow.metadata.get('attempt', 'client')} {hook}")


class Passes:
    """An addon that lets an answer go to the client as it comes."""

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response and Exchange.of_client(flow):
            flow.response.stream = True


class Translated:
    """What an addon may set as the stream of a response."""

    def __init__(self) -> None:
        self.aborted = ""
        self.breaks_at = b"never"

    def __call__(self, data: bytes) -> list[bytes]:
        if data == self.breaks_at:
            raise RuntimeError("canary")
        return [data.upper(), b""] if data else [b"END"]

    def abort(self, reason: str) -> list[bytes]:
        self.aborted = reason
        return [b"ERROR"]


class Translates:
    """An addon that translates a client's stream."""

    def __init__(self) -> None:
        self.stream = Translated()

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response and Exchange.of_client(flow):
            flow.response.stream = self.stream


class Upstream:
    """A connection that the layer has opened."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.received = b""

    @property
    def closed(self) -> bool:
        return self.server.state is ConnectionState.CLOSED


class Conversation:
    """Use it inside of a running loop."""

    def __init__(
        self,
        *addons: Any,
        limits: Limits | None = None,
        refuse: tuple[str, ...] = (),
        ignore: tuple[str, ...] = (),
    ) -> None:
        self.refuse, self.ignore = refuse, ignore
        """Hosts that can't be connected to, and hosts that say nothing to it."""
        self._opening: dict[Connection, commands.OpenConnection] = {}
        config = a_config()
        self.proxy = Proxy(Exchange, Refusals(lambda: config))
        self.proxy.limits = limits or Limits()
        self.addons = taddons.context(Proxyserver(), self.proxy, *addons)
        self.addons.options.update(keep_host_header=True, connection_strategy="lazy")
        self.client = tflow.tclient_conn()
        self.client.proxy_mode = ProxyMode.parse("reverse:http://127.0.0.1:1")
        context = Context(self.client, self.addons.options)
        context.server = Server(address=("127.0.0.1", 1))
        self.layer = GatewayHttpLayer(context, self.proxy, self.happens)
        self.upstreams: list[Upstream] = []
        self.received = b""
        """What the client got."""
        self.commands: list[commands.Command] = []
        self._lock = asyncio.Lock()

    @property
    def flow(self) -> http.HTTPFlow:
        """The client's one flow."""
        (flow,) = {id(e.flow): e.flow for addon in self._plans() for e in addon.exchanges}.values()
        return flow

    def _plans(self) -> list[Plan]:
        return [addon for addon in self.addons.master.addons.chain if isinstance(addon, Plan)]

    async def start(self) -> "Conversation":
        await self.happens(events.Start())
        return self

    async def say(self, data: bytes) -> bytes:
        """The client sends something. What it has got since, and before."""
        await self.happens(events.DataReceived(self.client, data))
        return self.received

    async def leave(self) -> None:
        """The client goes away."""
        self.client.state = ConnectionState.CLOSED
        await self.happens(events.ConnectionClosed(self.client))

    async def answer(self, data: bytes, number: int = -1) -> bytes:
        """A provider sends something; what the client has got."""
        await self.happens(events.DataReceived(self.upstreams[number].server, data))
        return self.received

    async def hang_up(self, number: int = -1) -> bytes:
        """A provider closes its connection; what the client has got."""
        server = self.upstreams[number].server
        server.state = ConnectionState.CLOSED
        await self.happens(events.ConnectionClosed(server))
        return self.received

    async def until(self, look: Callable[[], object]) -> None:
        """Let time pass until something is true."""
        async with asyncio.timeout(PATIENCE):
            while not look():
                await asyncio.sleep(0.005)

    async def happens(self, event: events.Event) -> None:
        """One event and all that follows from it."""
        waiting = [event]
        while waiting:
            async with self._lock:
                done = list(self.layer.handle_event(waiting.pop(0)))
            for command in done:
                self.commands.append(command)
                waiting += await self._do(command)

    async def _do(self, command: commands.Command) -> list[events.Event]:
        match command:
            case commands.SendData(connection=connection, data=data):
                self._send(connection, data)
            case commands.OpenConnection(connection=Server() as server):
                if server.address and server.address[0] in self.ignore:
                    self._opening[server] = command
                    return []
                return [events.OpenConnectionCompleted(command, self._open(server))]
            case commands.CloseConnection(connection=connection) if connection in self._opening:
                return [events.OpenConnectionCompleted(self._opening.pop(connection), "connection cancelled")]
            case commands.CloseTcpConnection(connection=connection, half_close=True):
                connection.state &= ~ConnectionState.CAN_WRITE
            case commands.CloseConnection(connection=connection) if connection.state:
                connection.state = ConnectionState.CLOSED
                return [events.ConnectionClosed(connection)]
            case commands.StartHook():
                await self.addons.master.addons.handle_lifecycle(command)
                subject = command.args()[0]
                if isinstance(subject, mitmflow.Flow) and subject.intercepted:
                    asyncio.get_running_loop().create_task(self._resumed(command, subject))
                elif command.blocking:
                    return [events.HookCompleted(command)]
            case _:
                pass
        return []

    async def _resumed(self, command: commands.StartHook, flow: mitmflow.Flow) -> None:
        await flow.wait_for_resume()
        await self.happens(events.HookCompleted(command))

    def _send(self, connection: Connection, data: bytes) -> None:
        if connection is self.client:
            self.received += data
        else:
            upstream = next(upstream for upstream in self.upstreams if upstream.server is connection)
            upstream.received += data

    def _open(self, server: Server) -> str | None:
        assert server.address
        if server.address[0] in self.refuse:
            server.error = "refused"
            return server.error
        server.state = ConnectionState.OPEN
        server.peername = server.sockname = ("127.0.0.1", 5)
        self.upstreams.append(Upstream(server))
        return None


async def talking(*addons: Any, **settings: Any) -> Conversation:
    """A conversation that has begun."""
    return await Conversation(*addons, **settings).start()
