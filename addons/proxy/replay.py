"""Replay: recorded answers stand in for providers, and the replay button works on both kinds of flow."""

import logging
from email.utils import formatdate
from typing import Any

from mitmproxy import addonmanager, ctx, flow, http
from mitmproxy.addons import clientplayback
from mitmproxy.addons.serverplayback import ServerPlayback
from mitmproxy.options import Options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context

from addons.proxy.attempt_stream import AttemptStream
from addons.proxy.dispatch import find_addon
from addons.proxy.exchange import Exchange, is_attempt
from addons.proxy.layer import GatewayHttpLayer
from addons.proxy.proxy import Proxy

NOT_RECORDED = b'{"error":{"type":"not_found_error","message":"This request is not in the recording."}}'

logger = logging.getLogger(__name__)


class Replay:
    """Teaches mitmproxy's own replay what attempts are."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._playback: ServerPlayback

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

    def answer(self, flow: http.HTTPFlow) -> None:
        """Only attempts are answered from a recording: clients' requests go through the whole chain."""
        if not ctx.options.server_replay or not is_attempt(flow) or flow.response:
            return
        recorded = self._playback.flowmap.get(self._playback._hash(flow), [])
        if recorded:
            one = recorded[0] if ctx.options.server_replay_reuse else recorded.pop(0)
            if one.response:
                flow.response = one.response.copy()
                # When it was made is a part of the answer, and mitmproxy is about to forget it.
                flow.response.headers.setdefault(
                    "date", formatdate(one.response.timestamp_start, usegmt=True)
                )
                flow.is_replay = "response"
            else:  # it died without an answer, and does so again
                flow.metadata["failure"] = one.metadata.get("failure", "reset")
                flow.kill()
        elif ctx.options.server_replay_extra != "forward":
            logger.warning("Not in the recording: %s %s", flow.request.method, flow.request.url)
            flow.response = http.Response.make(404, NOT_RECORDED, {"content-type": "application/json"})
            flow.is_replay = "response"


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
