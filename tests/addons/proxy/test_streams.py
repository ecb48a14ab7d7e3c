"""Streams on their way through both halves of an exchange."""

import pytest
from mitmproxy import http

from addons.proxy import Exchange
from addons.proxy.streams import KEPT, Tee
from tests.addons.proxy.conversation import (
    NEWS,
    OK,
    POST,
    STREAM,
    Passes,
    Plan,
    Translated,
    Translates,
    chunk,
    live,
    talking,
)


@live
async def test_a_stream_goes_to_the_client_as_it_comes() -> None:
    talk = await talking(Plan(**NEWS), Passes())
    await talk.say(POST)
    assert (await talk.answer(STREAM + chunk(b"a"))).endswith(b"\r\n\r\n" + chunk(b"a"))
    assert (await talk.answer(chunk(b"b"))).endswith(chunk(b"a") + chunk(b"b"))
    assert (await talk.answer(b"0\r\n\r\n")).endswith(b"0\r\n\r\n")
    assert talk.flow.response and talk.flow.response.raw_content == b"ab"


@live
async def test_an_addon_may_change_the_clients_stream_alone() -> None:
    plan = Plan(**NEWS)
    talk = await talking(plan, Translates())
    await talk.say(POST)
    await talk.answer(STREAM + chunk(b"a"))
    reply = await talk.answer(chunk(b"b") + b"0\r\n\r\n")
    assert reply.endswith(chunk(b"A") + chunk(b"B") + chunk(b"END") + b"0\r\n\r\n")
    raw, told = plan.exchanges[0].attempts[0].response, talk.flow.response
    assert raw and raw.raw_content == b"ab" and told and told.raw_content == b"ABEND"


@live
async def test_a_translated_stream_has_no_length() -> None:
    talk = await talking(Plan(**NEWS), Translates())
    await talk.say(POST)
    reply = await talk.answer(OK)
    assert b"content-length" not in reply.lower() and b"transfer-encoding: chunked" in reply.lower()
    assert reply.endswith(b"0\r\n\r\n")


@live
async def test_a_stream_that_breaks_ends_in_the_clients_words() -> None:
    addon = Translates()
    talk = await talking(Plan(**NEWS), addon)
    await talk.say(POST)
    await talk.answer(STREAM + chunk(b"a"))
    reply = await talk.hang_up()
    assert reply.endswith(chunk(b"A") + chunk(b"ERROR") + b"0\r\n\r\n")
    assert addon.stream.aborted and talk.flow.error


@live
async def test_a_stream_that_nobody_can_end_is_cut() -> None:
    talk = await talking(Plan(**NEWS), Passes())
    await talk.say(POST)
    await talk.answer(STREAM + chunk(b"a"))
    assert (await talk.hang_up()).endswith(chunk(b"a"))
    assert not talk.client.connected


class Breaks:
    """An addon whose stream fails at a certain piece, the empty one at the end included."""

    def __init__(self, at: bytes) -> None:
        self.at = at

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response and Exchange.of_client(flow):
            flow.response.stream = self.pass_on

    def pass_on(self, data: bytes) -> bytes:
        if data == self.at:
            raise RuntimeError("canary")
        return data


@pytest.mark.parametrize("at", [b"b", b""])
@live
async def test_a_stream_that_an_addon_breaks_does_not_look_whole(at: bytes) -> None:
    plan = Plan(**NEWS)
    talk = await talking(plan, Breaks(at))
    await talk.say(POST)
    await talk.answer(STREAM + chunk(b"a"))
    reply = await talk.answer(chunk(b"b") + b"0\r\n\r\n")
    assert chunk(b"a") in reply and not reply.endswith(b"0\r\n\r\n") and b"canary" not in reply
    assert not talk.client.connected
    assert talk.upstreams[0].closed or not at, "one that has said everything may stay"
    assert plan.exchanges[0].faults == ["RuntimeError in stream"] and talk.flow.error


@live
async def test_a_stream_that_breaks_and_can_say_so_says_so() -> None:
    addon = Translates()
    addon.stream.breaks_at = b"b"
    talk = await talking(Plan(**NEWS), addon)
    await talk.say(POST)
    await talk.answer(STREAM + chunk(b"a"))
    reply = await talk.answer(chunk(b"b"))
    assert reply.endswith(chunk(b"A") + chunk(b"ERROR") + b"0\r\n\r\n")
    assert talk.upstreams[0].closed


# Tee


def test_a_tee_keeps_what_went_through() -> None:
    tee = Tee()
    assert tee(b"a") == [b"a"] and tee(b"bc") == [b"bc"]
    assert bytes(tee.kept) == b"abc"


def test_a_tee_says_nothing_where_there_is_nothing() -> None:
    """An empty chunk would end the client's body."""
    assert Tee()(b"") == []
    assert Tee(lambda data: [b"", data, b""])(b"x") == [b"x"]
    assert Tee(lambda data: b"")(b"x") == []


def test_a_tee_keeps_no_more_than_people_will_look_at() -> None:
    tee = Tee(lambda data: [data, data])
    for _ in range(3):
        assert len(b"".join(tee(b"x" * (KEPT // 2 + 1)))) == KEPT + 2
    assert len(tee.kept) == KEPT and tee.passed == 3 * (KEPT + 2)


def test_a_tee_can_end_a_stream_if_what_is_inside_can() -> None:
    assert not Tee().can_abort and Tee().abort("x") == []
    tee = Tee(stream := Translated())
    assert tee.can_abort and tee.abort("why") == [b"ERROR"]
    assert stream.aborted == "why" and bytes(tee.kept) == b"ERROR"


def test_a_tee_never_raises() -> None:
    tee = Tee(stream := Translated())
    stream.breaks_at = b"x"
    assert tee(b"x") == [] and tee.fault == "RuntimeError in stream"
