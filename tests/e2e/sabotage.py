"""An addon that does what none should, one line of defence at a time. Loaded after the gateway's own.

A client asks for its acts by name, in the header `x-sabotage`. Where an act breaks down a line of defence,
what is left has to hold by itself.
"""

import re
from collections import defaultdict

from mitmproxy import http
from mitmproxy.proxy import layer, server_hooks
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode

from addons.call import Call
from addons.proxy import Exchange

RAW = b"canary-raw"
"""What `boom` says; no client may ever see it."""


class Sabotage:
    """Acts are remembered by the client's connection: nothing else is known when a server is connected to."""

    def __init__(self) -> None:
        self._acts = defaultdict[str, list[str]](list)

    # --- lines of defence, broken down --------------------------------------------------------------

    def next_layer(self, next_layer: layer.NextLayer) -> None:
        """`stock`: mitmproxy's own HTTP layer, which sends the client's request to the reverse target."""
        asked = re.search(rb"x-sabotage: ([^\r]*)", next_layer.data_client())
        acts = asked[1].decode().split() if asked else []
        self._acts[next_layer.context.client.id] = acts
        if "stock" in acts:
            context = next_layer.context
            del context.layers[1:]
            next_layer.layer = HttpLayer(context, HTTPMode.transparent)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """`connect`: any address will do."""
        if "connect" in self._acts[data.client.id]:
            data.server.error = None

    def attempt(self, exchange: Exchange) -> None:
        acts = self._acts[exchange.flow.client_conn.id]
        if "unseal" in acts:
            exchange.seal = lambda flow: flow.request
        if exchange.request and (port := _argument(acts, "elsewhere")):
            exchange.request.host, exchange.request.port = "127.0.0.1", int(port)
        if "own" in acts:
            exchange.request = exchange.flow.request.copy()
        self._boom("attempt", acts)

    # --- hooks of flows -----------------------------------------------------------------------------

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        call, acts = Call.of_client(flow), self._acts[flow.client_conn.id]
        if call and "unadmit" in acts:
            call.admitted, flow.response = False, None
        self._boom_in("requestheaders", flow)

    def request(self, flow: http.HTTPFlow) -> None:
        call, acts = Call.of(flow), self._acts[flow.client_conn.id]
        if call and Call.of_attempt(flow):
            if "uncheck" in acts:
                call.checked.clear()
            for edit in (act for act in acts if act.startswith("edit.")):
                _, name, value = edit.split(".", 2)
                setattr(flow.request, name, int(value) if name == "port" else value)
            if header := _argument(acts, "leak"):
                flow.request.headers[header] = next(iter(call.credentials))
        elif "unrefuse" in acts:
            flow.response = None
        self._boom_in("request", flow)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        self._boom_in("responseheaders", flow)
        if flow.response and "stream" in self._acts[flow.client_conn.id] and Call.of_client(flow):
            flow.response.stream = boom

    def response(self, flow: http.HTTPFlow) -> None:
        self._boom_in("response", flow)

    def _boom_in(self, hook: str, flow: http.HTTPFlow) -> None:
        whose = "attempt" if "attempt_of" in flow.metadata else "client"
        self._boom(f"{whose}.{hook}", self._acts[flow.client_conn.id])

    def _boom(self, place: str, acts: list[str]) -> None:
        if f"boom.{place}" in acts:
            boom(b"")


def boom(data: bytes) -> bytes:
    """Fail over whatever it is."""
    raise RuntimeError(RAW.decode())


def _argument(acts: list[str], name: str) -> str:
    return next((act.removeprefix(f"{name}.") for act in acts if act.startswith(f"{name}.")), "")


addons = [Sabotage()]
