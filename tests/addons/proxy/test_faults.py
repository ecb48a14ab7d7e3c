"""Addons that fail, in every hook, in the layer and in tasks: nothing is sent, nothing is shown."""

from typing import Any

import pytest
from mitmproxy import http

from addons.proxy import Exchange
from tests.addons.proxy.conversation import (
    BOTH,
    NEWS,
    POST,
    STREAM,
    Passes,
    Plan,
    chunk,
    live,
    status,
    talking,
)


class Fails:
    """An addon that raises in one hook of one kind of flow."""

    def __init__(self, place: str) -> None:
        self.place = place

    def attempt(self, exchange: Exchange) -> None:
        self._at("attempt")

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        self._at(flow, "requestheaders")

    def request(self, flow: http.HTTPFlow) -> None:
        self._at(flow, "request")

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        self._at(flow, "responseheaders")

    def response(self, flow: http.HTTPFlow) -> None:
        self._at(flow, "response")

    def _at(self, *place: Any) -> None:
        words = ["1" if isinstance(w, http.HTTPFlow) and "attempt" in w.metadata else w for w in place]
        if " ".join("client" if isinstance(w, http.HTTPFlow) else w for w in words) == self.place:
            raise RuntimeError("canary")


class FailsSlowly(Fails):
    """The same, in a coroutine."""

    async def request(self, flow: http.HTTPFlow) -> None:  # type: ignore[override]
        super().request(flow)

    async def responseheaders(self, flow: http.HTTPFlow) -> None:  # type: ignore[override]
        super().responseheaders(flow)

    async def response(self, flow: http.HTTPFlow) -> None:  # type: ignore[override]
        super().response(flow)


@pytest.mark.parametrize("kind", [Fails, FailsSlowly])
@pytest.mark.parametrize(
    "place", ["client requestheaders", "client request", "attempt", "1 requestheaders", "1 request"]
)
@live
async def test_nothing_is_sent_after_an_addon_failed(place: str, kind: type[Fails]) -> None:
    talk = await talking(Plan(*BOTH), kind(place))
    assert status(await talk.say(POST)) == 500
    assert b"canary" not in talk.received and not talk.upstreams


@pytest.mark.parametrize("kind", [Fails, FailsSlowly])
@pytest.mark.parametrize(
    "place", ["1 responseheaders", "1 response", "client responseheaders", "client response"]
)
@live
async def test_no_answer_is_shown_after_an_addon_failed(place: str, kind: type[Fails]) -> None:
    talk = await talking(Plan(*BOTH), kind(place))
    await talk.say(POST)
    reply = await talk.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ncanary")
    assert status(reply) == 500 and b"canary" not in reply
    assert len(talk.upstreams) == 1


@pytest.mark.parametrize("kind", [Fails, FailsSlowly])
@pytest.mark.parametrize("place", ["1 responseheaders", "client responseheaders"])
@live
async def test_no_stream_begins_after_an_addon_failed(place: str, kind: type[Fails]) -> None:
    talk = await talking(Plan(*BOTH, **NEWS), Passes(), kind(place))
    await talk.say(POST)
    reply = await talk.answer(STREAM + chunk(b"canary") + chunk(b"canary"))
    assert status(reply) == 500 and b"canary" not in reply
