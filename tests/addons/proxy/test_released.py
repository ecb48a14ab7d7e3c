"""What is over is freed at once, and not when the garbage collector comes by."""

import gc
from collections.abc import Iterator
from weakref import ref

import pytest
from mitmproxy import http

from addons.proxy import Exchange
from tests.addons.proxy.conversation import (
    BOTH,
    BUSY,
    OK,
    POST,
    RETRIES,
    STREAM,
    Conversation,
    Plan,
    Translates,
    chunk,
    live,
    talking,
)


class Forgetful(Plan):
    """Holds no exchange that it has seen, but can tell which of them, and of their flows, are left."""

    def __init__(self, *hosts: str, **settings: object) -> None:
        super().__init__(*hosts, **settings)
        self.known: list[ref[Exchange] | ref[http.HTTPFlow]] = []

    def attempt(self, exchange: Exchange) -> None:
        super().attempt(exchange)
        self.exchanges.clear()
        self.known += [ref(exchange), ref(exchange.flow)]

    def request(self, flow: http.HTTPFlow) -> None:
        self.known.append(ref(flow))

    def left(self, talk: Conversation) -> list[object]:
        talk.commands.clear()
        return [it for known in self.known if (it := known())]


class Translating(Translates):
    """With a stream that holds the exchange, as one that counts does."""

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        super().responseheaders(flow)
        vars(self.stream)["exchange"] = Exchange.of_client(flow)


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def asked(plan: Forgetful, *addons: object) -> Conversation:
    talk = await talking(plan, *addons)
    await talk.say(POST)
    assert plan.left(talk)
    return talk


@live
async def test_a_whole_answer() -> None:
    plan = Forgetful()
    talk = await asked(plan)
    assert await talk.answer(OK) == OK
    assert plan.left(talk) == []


@live
async def test_attempts_that_failed() -> None:
    plan = Forgetful(*BOTH, **RETRIES)
    talk = await asked(plan)
    assert await talk.answer(BUSY) == b""
    assert await talk.answer(OK) == OK
    assert plan.left(talk) == []


@live
async def test_what_could_not_be_reached() -> None:
    plan = Forgetful(*BOTH)
    talk = await talking(plan, refuse=BOTH)
    assert b"500" in await talk.say(POST)
    assert plan.known and plan.left(talk) == []


async def streaming() -> tuple[Conversation, Forgetful, Translating]:
    """In the middle of a stream."""
    plan, addon = Forgetful(streams=lambda response: True), Translating()
    talk = await asked(plan, addon)
    await talk.answer(STREAM + chunk(b"a"))
    assert plan.left(talk)
    return talk, plan, addon


@live
async def test_a_stream() -> None:
    talk, plan, addon = await streaming()
    assert (await talk.answer(b"0\r\n\r\n")).endswith(chunk(b"END") + b"0\r\n\r\n")
    del addon.stream
    assert plan.left(talk) == []


@live
async def test_a_stream_that_broke() -> None:
    talk, plan, addon = await streaming()
    await talk.hang_up()
    del addon.stream
    assert plan.left(talk) == []


@live
async def test_a_client_that_left() -> None:
    plan = Forgetful()
    talk = await asked(plan)
    await talk.leave()
    assert plan.left(talk) == []
