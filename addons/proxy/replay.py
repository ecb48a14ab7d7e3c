"""Replay: recorded answers stand in for providers, and the replay button works on both kinds of flow."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Any, cast

from mitmproxy import addonmanager, ctx, flow, http
from mitmproxy.addons import clientplayback
from mitmproxy.addons.serverplayback import ServerPlayback
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context

from addons.proxy.attempt_stream import AttemptStream
from addons.proxy.dispatch import find_addon
from addons.proxy.exchange import Exchange, Failure, FailureKind, is_attempt
from addons.proxy.layer import GatewayHttpLayer
from addons.proxy.proxy import Proxy
from addons.proxy.streams import Commands

UNRECORDED = Failure("unrecorded", "not in the recording")

type Asked = tuple[str, str, bytes | None]
"""What tells requests of clients apart: method, path and body."""

logger = logging.getLogger(__name__)


class Replay:
    """Teaches mitmproxy's own replay what attempts are. `redacted` makes of a flow what a recording has of it."""

    def __init__(self, proxy: Proxy, redacted: Callable[[http.HTTPFlow], http.HTTPFlow]) -> None:
        self._proxy, self._redacted = proxy, redacted
        self._playback: ServerPlayback
        self._calls: dict[Asked, list[tuple[http.HTTPFlow, ...]]] | None = None
        self.find: Callable[[http.HTTPFlow], http.HTTPFlow | None] = self._find
        """Which recorded attempt answers one."""

    def load(self, loader: addonmanager.Loader) -> None:
        playback = find_addon(ServerPlayback)
        assert playback
        self._playback = playback
        vars(self._playback)["request"] = self.answer
        proxy = self._proxy

        class Handler(ReplayHandler):
            def __init__(self, flow: http.HTTPFlow, options: Options) -> None:
                super().__init__(flow, options, proxy)

        clientplayback.ReplayHandler = Handler  # type: ignore[misc]
        flow.Flow.kill = _kill  # type: ignore[method-assign]

    def request(self, flow: http.HTTPFlow) -> None:
        """Look up which recorded call a client repeats: its attempts go to whom they went then."""
        exchange = Exchange.of_client(flow)
        if not exchange or not ctx.options.server_replay or exchange.recorded:
            return
        if self._calls is None:
            self._calls = calls_of(it for flows in self._playback.flowmap.values() for it in flows)
        if waiting := self._calls.get(asked(self._redacted(flow))):
            exchange.recorded = waiting.pop(0)

    def answer(self, flow: http.HTTPFlow) -> None:
        """Only attempts are answered from a recording: clients' requests go through the whole chain."""
        exchange = Exchange.of(flow)
        if not ctx.options.server_replay or not is_attempt(flow) or flow.response or not exchange:
            return
        if recorded := self.find(flow):
            flow.is_replay = "response"
            exchange.breaks = failure_of(recorded)
            if recorded.response:
                flow.response = recorded.response.copy()
                # When it was made is a part of the answer, and mitmproxy is about to forget it.
                made = formatdate(recorded.response.timestamp_start, usegmt=True)
                flow.response.headers.setdefault("date", made)
        elif ctx.options.server_replay_extra != "forward":
            logger.warning("Not in the recording: %s %s", flow.request.method, flow.request.url)
            exchange.breaks = UNRECORDED

    def _find(self, flow: http.HTTPFlow) -> http.HTTPFlow | None:
        """One with the same request: of the call that is repeated, else the first that there is."""
        same = self._playback.flowmap.get(self._playback._hash(self._redacted(flow)), [])
        exchange = Exchange.of(flow)
        own = (one for one in same if exchange and one in exchange.recorded)
        found = next(own, same[0] if same else None)
        if found and not ctx.options.server_replay_reuse:
            same.remove(found)
        return found


def asked(flow: http.HTTPFlow) -> Asked:
    """What a client has asked."""
    return flow.request.method, flow.request.path, flow.request.raw_content


def calls_of(flows: Iterable[http.HTTPFlow]) -> dict[Asked, list[tuple[http.HTTPFlow, ...]]]:
    """The attempts of each recorded call, by what its client has asked."""
    clients, attempts = list[http.HTTPFlow](), defaultdict[str, list[http.HTTPFlow]](list)
    for one in flows:
        if is_attempt(one):
            attempts[str(one.metadata["attempt_of"])].append(one)
        else:
            clients.append(one)
    calls = defaultdict[Asked, list[tuple[http.HTTPFlow, ...]]](list)
    for client in clients:
        calls[asked(client)].append(in_order(attempts[client.id]))
    return calls


def in_order(attempts: Iterable[http.HTTPFlow]) -> tuple[http.HTTPFlow, ...]:
    """Attempts of one call, as they were made."""
    return tuple(sorted(attempts, key=lambda attempt: int(attempt.metadata["attempt"])))


def failure_of(recorded: http.HTTPFlow) -> Failure | None:
    """How a recorded attempt failed; `None` where its answer is whole."""
    if rest := recorded.metadata.get("not_kept"):
        return Failure("reset", f"the recording lacks the last {rest} bytes of this answer")
    if not recorded.error:
        return None if recorded.response else Failure("reset", "connection closed")
    told = recorded.error.msg
    if kind := recorded.metadata.get("failure"):
        return Failure(cast(FailureKind, kind), told)
    if told == flow.Error.KILLED_MESSAGE:
        return Failure("killed", "killed")
    return Failure("total", told) if told == "total timeout" else Failure("reset", "connection closed")


class ReplayHandler(clientplayback.ReplayHandler):
    """Sends a flow once more: a client's through the gateway, an attempt sealed like any other."""

    def __init__(self, flow: http.HTTPFlow, options: Options, proxy: Proxy) -> None:
        super().__init__(flow, options)
        stock = self.layer
        kind = AttemptReplayLayer if is_attempt(flow) else GatewayHttpLayer
        self.layer = kind(stock.context, proxy, self.server_event)
        client = next(iter(stock.connections))
        self.layer.connections[client] = clientplayback.MockServer(flow, stock.context.fork())

    async def server_event(self, event: events.Event) -> None:
        await super().server_event(event)
        if not self.flow.live:  # over, and `handle_hook` heard nothing of it if all hooks ran inline
            for transport in self.transports.values():
                if transport.handler:
                    transport.handler.cancel()
            self.done.set()

    async def handle_hook(self, hook: commands.StartHook) -> None:
        subject = hook.args()[0]
        if isinstance(subject, http.HTTPFlow) and subject is not self.flow:
            await ctx.master.addons.handle_lifecycle(hook)  # an attempt's end is not the end of the replay
            await subject.wait_for_resume()
        else:
            await super().handle_hook(hook)


class AttemptReplayLayer(GatewayHttpLayer):
    """One attempt, with no client behind it: what it belongs to is looked up on its flow."""

    def make_stream(self, stream_id: Any) -> Commands:
        context: Context = self.context.fork()
        client = self.connections[self.context.client]
        flow = client.flow if isinstance(client, clientplayback.MockServer) else None
        assert flow
        exchange = Exchange.of(flow) or self.proxy.exchange(flow)
        self.streams[stream_id] = AttemptStream(context, stream_id, self, exchange, context.client)
        yield from self.event_to_child(self.streams[stream_id], events.Start())


_stock_kill = flow.Flow.kill


def _kill(self: flow.Flow) -> None:
    """Kill a flow, also one that is intercepted: stock mitmproxy would leave its client waiting for ever."""
    _stock_kill(self)  # type: ignore[no-untyped-call]
    if self._resume_event:
        self._resume_event.set()
