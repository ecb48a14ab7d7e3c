"""Replay: recorded answers stand in for providers, and the replay button works on both kinds of flow."""

import logging
from collections import defaultdict
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from mitmproxy import addonmanager, ctx, flow, http
from mitmproxy.addons import clientplayback
from mitmproxy.addons.serverplayback import ServerPlayback
from mitmproxy.options import Options
from mitmproxy.optmanager import unset
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context

from addons.proxy.attempt_stream import AttemptStream
from addons.proxy.dispatch import find_addon
from addons.proxy.exchange import Exchange, is_attempt
from addons.proxy.layer import GatewayHttpLayer
from addons.proxy.proxy import Proxy
from addons.proxy.recorded import UNRECORDED, Recorded, asked, calls_of, failure_of

logger = logging.getLogger(__name__)


class Replay:
    """Teaches mitmproxy's own replay what attempts are. `redacted` gives a flow as a recording has it."""

    def __init__(self, proxy: Proxy, redacted: Callable[[http.HTTPFlow], http.HTTPFlow]) -> None:
        self._proxy, self._redacted = proxy, redacted
        self._playback: ServerPlayback
        self._calls: dict[object, list[Recorded]] | None = None
        self.find: Callable[[http.HTTPFlow], http.HTTPFlow | None] = self._find
        """Which recorded attempt answers one."""

    @property
    def idle(self) -> bool:
        """Whether there is no recording."""
        return not is_replaying()

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
        if not exchange or not is_replaying() or exchange.recorded:
            return
        if self._calls is None:
            self._calls = defaultdict(list)
            for call in calls_of(it for flows in self._playback.flowmap.values() for it in flows):
                self._calls[call.asked].append(call)
        if waiting := self._calls.get(asked(self._redacted(flow))):
            exchange.recorded = waiting.pop(0)

    def answer(self, flow: http.HTTPFlow) -> None:
        """Only attempts are answered from a recording: clients' requests go through the whole chain."""
        exchange = Exchange.of(flow)
        if not is_replaying() or not is_attempt(flow) or flow.response or not exchange:
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
        call = exchange.recorded if exchange else None
        own = (one for one in same if call and one in call.attempts)
        found = next(own, same[0] if same else None)
        if found and not ctx.options.server_replay_reuse:
            same.remove(found)
        return found


async def send_again(flow: http.HTTPFlow, proxy: Proxy) -> None:
    """Send a client's flow through the gateway, until all is over."""
    await ReplayHandler(flow, ctx.options, proxy).replay()


def is_replaying() -> bool:
    """Whether a recording answers for the providers, so that nobody is asked anything on the network."""
    option = ctx.options._options.get("server_replay")  # (the attribute is a deep copy, each time)
    return option is not None and option.value is not unset and bool(option.value)


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

    def make_stream(self, stream_id: Any) -> None:  # type: ignore[override]
        context: Context = self.context.fork()
        client = self.connections[self.context.client]
        flow = client.flow if isinstance(client, clientplayback.MockServer) else None
        assert flow
        exchange = Exchange.of(flow) or self.proxy.exchange(flow)
        stream = AttemptStream(context, stream_id, self, exchange, context.client)
        stream.client_state = stream.state_wait_for_request_headers
        self.streams[stream_id] = stream


_stock_kill = flow.Flow.kill


def _kill(self: flow.Flow) -> None:
    """Kill a flow, also one that is intercepted: stock mitmproxy would leave its client waiting for ever."""
    _stock_kill(self)  # type: ignore[no-untyped-call]
    if self._resume_event:
        self._resume_event.set()
