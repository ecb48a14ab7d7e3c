"""One attempt at a provider: what is sent, and for how long it is waited for."""

import asyncio

from mitmproxy import http

from addons.proxy import Exchange, Failure, Limits, Timeouts
from tests.addons.proxy.conversation import (
    BOTH,
    NEWS,
    OK,
    POST,
    STREAM,
    Plan,
    Translates,
    chunk,
    live,
    status,
    talking,
)

# What is sent


@live
async def test_what_is_sent_is_what_the_seal_returns() -> None:
    sealed = http.Request.make(
        "POST", "http://one.example/sealed", b"sealed", http.Headers(authorization="key")
    )
    plan = Plan(seal=lambda flow: sealed)
    talk = await talking(plan)
    await talk.say(POST)
    assert talk.upstreams[0].received == (
        b"POST /sealed HTTP/1.1\r\nauthorization: key\r\ncontent-length: 6\r\n\r\nsealed"
    )
    assert b"key" not in str(plan.exchanges[0].attempts[0].get_state()).encode()


@live
async def test_a_seal_that_refuses_is_a_fault_and_not_another_attempt() -> None:
    def refuse(flow: http.HTTPFlow) -> http.Request:
        raise PermissionError("canary")

    plan = Plan(*BOTH, seal=refuse)
    talk = await talking(plan)
    reply = await talk.say(POST)
    assert status(reply) == 500 and b"canary" not in reply
    assert not talk.upstreams and len(plan.exchanges[0].attempts) == 1
    assert plan.exchanges[0].faults == ["PermissionError in seal"]


@live
async def test_a_missing_seal_is_a_refusal() -> None:
    class Unseals:
        def attempt(self, exchange: Exchange) -> None:
            exchange.seal = None

    talk = await talking(Plan(), Unseals())
    assert status(await talk.say(POST)) == 500
    assert not talk.upstreams


# What comes back


@live
async def test_interim_answers_are_not_passed() -> None:
    talk = await talking(Plan())
    await talk.say(POST)
    assert await talk.answer(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n") == b""
    assert await talk.answer(OK) == OK


@live
async def test_an_answer_that_is_too_large_is_no_answer() -> None:
    plan = Plan(*BOTH)
    talk = await talking(plan, limits=Limits(response_bytes=50))
    await talk.say(POST)
    await talk.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b"x" * 99)
    assert talk.received == b"" and talk.upstreams[0].closed
    assert await talk.answer(OK) == OK


# Time


@live
async def test_a_connection_that_never_stands() -> None:
    plan = Plan(*BOTH, timeouts=Timeouts(connect=0.02))
    talk = await talking(plan, ignore=("one.example",))
    await talk.say(POST)
    await talk.until(lambda: talk.upstreams)
    assert plan.exchanges[0].failures == [Failure("timeout", "connect timeout")]
    assert await talk.answer(OK) == OK


@live
async def test_a_provider_that_does_not_answer_in_time() -> None:
    plan = Plan(*BOTH, timeouts=Timeouts(first_byte=0.02))
    talk = await talking(plan)
    await talk.say(POST)
    await talk.until(lambda: len(talk.upstreams) == 2)
    assert plan.exchanges[0].failures == [Failure("timeout", "first byte timeout")]
    assert plan.exchanges[0].attempts[0].error


@live
async def test_a_stream_that_falls_silent() -> None:
    addon = Translates()
    talk = await talking(Plan(**NEWS, timeouts=Timeouts(idle=0.02)), addon)
    await talk.say(POST)
    await talk.answer(STREAM + chunk(b"a"))
    await talk.until(lambda: talk.received.endswith(b"0\r\n\r\n"))
    assert addon.stream.aborted == "idle timeout"
    assert talk.upstreams[0].closed


@live
async def test_each_piece_of_a_stream_is_a_reason_to_wait() -> None:
    addon = Translates()
    talk = await talking(Plan(**NEWS, timeouts=Timeouts(idle=0.2)), addon)
    await talk.say(POST)
    await talk.answer(STREAM)
    for _ in range(6):
        await asyncio.sleep(0.06)
        await talk.answer(chunk(b"a"))
    assert not addon.stream.aborted


@live
async def test_an_addon_may_stream_an_answer_that_came_whole() -> None:
    """As mitmproxy's own scripts do it: what they make of the body is what the client gets."""

    class Shouts:
        def responseheaders(self, flow: http.HTTPFlow) -> None:
            if flow.response and Exchange.of_attempt(flow):
                flow.response.stream = bytes.upper

    talk = await talking(Plan(), Shouts())
    await talk.say(POST)
    reply = await talk.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    assert status(reply) == 200 and reply.endswith(b"\r\n\r\nHELLO")
