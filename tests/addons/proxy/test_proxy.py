import asyncio
from typing import Any

import pytest
from mitmproxy import exceptions
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Server
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import TCPLayer, modes
from mitmproxy.proxy.layers.tls import ClientTLSLayer
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow

from addons.proxy import Exchange, Limits, Proxy
from addons.proxy.layer import GatewayHttpLayer
from addons.refusals import Refusals
from tests.addons.calls import a_config
from tests.addons.proxy.conversation import live

HELLO = bytes.fromhex("1603010200010001fc0303")


def a_proxy() -> Proxy:
    config = a_config()
    return Proxy(Exchange, Refusals(lambda: config))


def next_layer(mode: type[layer.Layer], data: bytes, chosen: layer.Layer | None = None) -> layer.NextLayer:
    """What mitmproxy asks about a new connection, after our answer."""
    proxy = a_proxy()
    with taddons.context(Proxyserver(), proxy) as context:
        client = tflow.tclient_conn()
        client.proxy_mode = ProxyMode.parse("reverse:http://127.0.0.1:1")
        place = Context(client, context.options)
        place.server = Server(address=("127.0.0.1", 1))
        mode(place)
        asked = layer.NextLayer(place)
        asked.layer = chosen
        asked.events = [events.DataReceived(client, data)] if data else []
        proxy.next_layer(asked)
        return asked


def test_clients_get_the_gateways_layer() -> None:
    assert isinstance(next_layer(modes.ReverseProxy, b"POST /").layer, GatewayHttpLayer)
    assert isinstance(next_layer(modes.ReverseProxy, b"\x80\x81\x82").layer, GatewayHttpLayer)


def test_tls_is_taken_off_first() -> None:
    asked = next_layer(modes.ReverseProxy, HELLO)
    assert isinstance(asked.layer, ClientTLSLayer)
    assert isinstance(asked.context.layers[-1], GatewayHttpLayer)


@pytest.mark.parametrize("data", [b"", b"\x16", b"\x16\x03"])
def test_it_waits_until_it_can_tell_and_lets_nobody_else_decide(data: bytes) -> None:
    with pytest.raises(exceptions.AddonHalt):
        next_layer(modes.ReverseProxy, data)


def test_other_modes_are_none_of_its_business() -> None:
    assert next_layer(modes.HttpProxy, b"POST /").layer is None


def test_what_another_addon_has_chosen_stays() -> None:
    client = tflow.tclient_conn()
    with taddons.context(Proxyserver()) as context:
        chosen = TCPLayer(Context(client, context.options))
    assert next_layer(modes.ReverseProxy, b"POST /", chosen).layer is chosen


def counted(proxy: Proxy) -> Any:
    flow = tflow.tflow()
    exchange = Exchange(flow)
    exchange.bind(flow)
    exchange.stay(flow)
    proxy.requestheaders(flow)
    return flow


def test_requests_in_flight_are_counted() -> None:
    proxy = a_proxy()
    first, second = counted(proxy), counted(proxy)
    proxy.requestheaders(tflow.tflow())  # nobody's
    assert proxy.in_flight == 2
    proxy.response(first)
    proxy.error(first)
    assert proxy.in_flight == 1
    proxy.error(second)
    assert proxy.in_flight == 0


@pytest.mark.parametrize(("ends_after", "grace", "waited"), [(0.1, 5.0, True), (5.0, 0.1, False)])
@live
async def test_in_the_end_running_requests_may_finish(ends_after: float, grace: float, waited: bool) -> None:
    proxy = a_proxy()
    proxy.limits = Limits(shutdown_seconds=grace)
    with taddons.context(Proxyserver(), proxy):
        flow = counted(proxy)
        ending = asyncio.get_running_loop().call_later(ends_after, proxy.response, flow)
        async with asyncio.timeout(2):
            await proxy.done()
        assert (proxy.in_flight == 0) is waited
        ending.cancel()


def test_limits_have_defaults() -> None:
    assert a_proxy().limits == Limits()
    assert Limits().request_bytes == 50 * 2**20 and Limits().header_bytes == 64 * 2**10
