"""The client's half of an exchange: one attempt after the other, until one will do."""

from typing import Any

import pytest
from mitmproxy import http

from addons.proxy import Failure, Timeouts
from addons.proxy.client_stream import ClientStream
from tests.addons.proxy.conversation import (
    BOTH,
    BUSY,
    NEWS,
    OK,
    POST,
    RETRIES,
    STREAM,
    Passes,
    Plan,
    chunk,
    kinds,
    live,
    status,
    talking,
)


@live
async def test_a_refused_connection_is_another_attempt() -> None:
    plan = Plan(*BOTH)
    talk = await talking(plan, refuse=("one.example",))
    await talk.say(POST)
    assert b"x-attempt: 2" in talk.upstreams[0].received
    assert await talk.answer(OK) == OK
    assert kinds(plan.exchanges[0]) == ["connect"]


@live
async def test_a_status_that_is_retried_is_held_back() -> None:
    plan = Plan(*BOTH, **RETRIES)
    talk = await talking(plan)
    await talk.say(POST)
    assert await talk.answer(BUSY) == b""
    assert await talk.answer(OK) == OK
    assert plan.exchanges[0].failures == [Failure("status", "status 429", 429)]
    assert [attempt.response and attempt.response.status_code for attempt in plan.exchanges[0].attempts] == [
        429,
        200,
    ]


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 O", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"])
@live
async def test_a_connection_that_breaks_before_the_client_has_a_byte(before: bytes) -> None:
    plan = Plan(*BOTH)
    talk = await talking(plan)
    await talk.say(POST)
    if before:
        await talk.answer(before)
    assert await talk.hang_up() == b""
    assert b"x-attempt: 2" in talk.upstreams[1].received
    assert await talk.answer(OK) == OK
    assert kinds(plan.exchanges[0]) == ["reset"]


@live
async def test_every_attempt_is_new() -> None:
    plan = Plan("one.example", "two.example", "three.example", **RETRIES)
    talk = await talking(plan, refuse=("one.example",))
    await talk.say(POST)
    await talk.answer(BUSY)
    await talk.answer(OK)
    assert [f.request.host for f in plan.exchanges[0].attempts] == [*plan.hosts]
    assert plan.seen.count("client response") == 1
    assert talk.flow.metadata["attempts"] == [attempt.id for attempt in plan.exchanges[0].attempts]


@live
async def test_when_nobody_is_left_the_last_providers_answer_is_the_clients() -> None:
    talk = await talking(Plan(**RETRIES))
    await talk.say(POST)
    assert await talk.answer(BUSY) == BUSY


@live
async def test_when_nobody_answered_the_addons_do() -> None:
    talk = await talking(Plan(response=http.Response.make(502, b"sorry")), refuse=("one.example",))
    reply = await talk.say(POST)
    assert status(reply) == 502 and reply.endswith(b"sorry")


@live
async def test_when_nobody_says_anything_it_is_a_fault() -> None:
    talk = await talking(Plan(), refuse=("one.example",))
    assert status(await talk.say(POST)) == 500


@live
async def test_late_words_of_an_abandoned_attempt_are_not_heard() -> None:
    plan = Plan(*BOTH, timeouts=Timeouts(first_byte=0.02))
    talk = await talking(plan)
    await talk.say(POST)
    await talk.until(lambda: len(talk.upstreams) == 2)
    assert talk.upstreams[0].closed
    plan.settings["timeouts"] = Timeouts()
    await talk.answer(OK)
    assert talk.received == OK


@live
async def test_a_pause_before_an_attempt() -> None:
    plan = Plan(delay=0.05)
    talk = await talking(plan)
    await talk.say(POST)
    assert not talk.upstreams
    await talk.until(lambda: talk.upstreams)
    assert await talk.answer(OK) == OK


@live
async def test_all_of_it_together_may_take_so_long() -> None:
    plan = Plan(*BOTH, timeouts=Timeouts(total=0.05), response=http.Response.make(504, b"late"))
    talk = await talking(plan)
    await talk.say(POST)
    await talk.until(lambda: kinds(plan.exchanges[0]))
    assert kinds(plan.exchanges[0])[0] == "total"
    assert talk.upstreams[0].closed


# The head of a stream


class Peeks:
    """Content is what begins with `c`, an error what begins with `e`."""

    def __init__(self) -> None:
        self.seen = b""

    def feed(self, data: bytes) -> Failure | bool:
        self.seen += data
        if not data or self.seen.endswith(b"e"):
            return Failure("stream", "error in stream", 529)
        return self.seen.endswith(b"c")


def peeking(*hosts: str, **settings: Any) -> Plan:
    return Plan(*hosts, streams=lambda response: True, peek=lambda exchange, response: Peeks(), **settings)


@live
async def test_the_head_of_a_stream_is_held_back_until_there_is_content() -> None:
    talk = await talking(peeking(), Passes())
    await talk.say(POST)
    assert await talk.answer(STREAM + chunk(b"p")) == b""
    assert (await talk.answer(chunk(b"c"))).endswith(chunk(b"p") + chunk(b"c"))
    assert (await talk.answer(chunk(b"d"))).endswith(chunk(b"c") + chunk(b"d"))


@live
async def test_an_error_at_the_head_is_another_attempt() -> None:
    plan = peeking(*BOTH)
    talk = await talking(plan, Passes())
    await talk.say(POST)
    assert await talk.answer(STREAM + chunk(b"p") + chunk(b"e")) == b""
    await talk.answer(STREAM + chunk(b"c"))
    assert status(talk.received) == 200 and talk.received.endswith(chunk(b"c"))
    assert plan.exchanges[0].failures == [Failure("stream", "error in stream", 529)]
    assert talk.upstreams[0].closed


@live
async def test_what_an_abandoned_attempt_says_is_not_heard() -> None:
    plan = peeking(*BOTH)
    talk = await talking(plan, Passes())
    await talk.say(POST)
    assert await talk.answer(STREAM + chunk(b"e") + chunk(b"late") + b"0\r\n\r\n") == b""
    reply = await talk.answer(STREAM + chunk(b"c") + b"0\r\n\r\n")
    assert b"late" not in reply and reply.endswith(chunk(b"c") + b"0\r\n\r\n")


@live
async def test_a_stream_without_content_is_another_attempt() -> None:
    plan = peeking(*BOTH)
    talk = await talking(plan, Passes())
    await talk.say(POST)
    await talk.answer(STREAM + b"0\r\n\r\n")
    assert len(plan.exchanges[0].attempts) == 2


@live
async def test_it_is_not_held_back_for_ever() -> None:
    talk = await talking(peeking(), Passes())
    await talk.say(POST)
    await talk.answer(STREAM + chunk(b"p"))
    await talk.until(lambda: talk.received)
    assert talk.received.endswith(chunk(b"p"))


# A client that leaves


@pytest.mark.parametrize("answered", [b"", STREAM + chunk(b"a")])
@live
async def test_a_client_that_leaves_ends_the_attempt(answered: bytes) -> None:
    plan = Plan(*BOTH, **NEWS)
    talk = await talking(plan, Passes())
    await talk.say(POST)
    if answered:
        await talk.answer(answered)
    await talk.leave()
    assert talk.upstreams[0].closed
    assert "client error" in plan.seen and "1 error" in plan.seen
    assert len(plan.exchanges[0].attempts) == 1, "nobody else is asked"
    assert talk.proxy.in_flight == 0


@live
async def test_only_the_last_attempt_has_a_say_and_only_until_it_has_failed() -> None:
    plan = Plan(*BOTH, **RETRIES)
    talk = await talking(plan)
    await talk.say(POST)
    (stream,) = (stream for stream in talk.layer.streams.values() if isinstance(stream, ClientStream))
    assert stream.is_current(1) and not stream.is_current(2)
    await talk.answer(BUSY)
    assert stream.is_current(2) and not stream.is_current(1)
    plan.exchanges[0].failures.append(Failure("reset", "connection closed"))
    assert not stream.is_current(2)
