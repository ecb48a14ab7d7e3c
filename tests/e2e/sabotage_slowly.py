"""The same acts in handlers that are coroutines, which takes every hook out of the layer and into a task."""

from mitmproxy import http

from addons.proxy import Exchange
from tests.e2e.sabotage import Sabotage


class SabotageSlowly(Sabotage):
    """Does what `Sabotage` does."""

    async def attempt(self, exchange: Exchange) -> None:  # type: ignore[override]
        super().attempt(exchange)

    async def requestheaders(self, flow: http.HTTPFlow) -> None:  # type: ignore[override]
        super().requestheaders(flow)

    async def request(self, flow: http.HTTPFlow) -> None:  # type: ignore[override]
        super().request(flow)

    async def responseheaders(self, flow: http.HTTPFlow) -> None:  # type: ignore[override]
        super().responseheaders(flow)

    async def response(self, flow: http.HTTPFlow) -> None:  # type: ignore[override]
        super().response(flow)


addons = [SabotageSlowly()]
