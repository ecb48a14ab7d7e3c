"""The layer as a whole: one client's connection, told as a conversation."""

import asyncio

import pytest
from mitmproxy import http

from addons.proxy import Limits
from tests.addons.proxy.conversation import (
    OK,
    POST,
    Plan,
    chunk,
    live,
    status,
    talking,
)


@live
async def test_a_request_and_its_answer() -> None:
    plan = Plan()
    talk = await talking(plan)
    await talk.say(POST)
    assert talk.upstreams[0].server.address == ("one.example", 80)
    assert talk.upstreams[0].received.startswith(b"POST /up HTTP/1.1\r\n")
    assert talk.upstreams[0].received.endswith(b"\r\n\r\ntranslated")
    assert await talk.answer(OK) == OK
    for whose in ("client", "1"):
        hooks = [hook for flow, hook in map(str.split, plan.seen) if flow == whose]
        assert hooks == ["requestheaders", "request", "responseheaders", "response"]
    assert plan.seen[0] == "client requestheaders" and plan.seen[-1] == "client response"


@live
async def test_the_two_flows_are_what_each_side_saw() -> None:
    plan = Plan()
    talk = await talking(plan)
    await talk.say(POST)
    await talk.answer(OK)
    (attempt,) = plan.exchanges[0].attempts
    assert (talk.flow.request.path, talk.flow.request.raw_content) == ("/v1/x", b"hi")
    assert (attempt.request.path, attempt.request.raw_content) == ("/up", b"translated")
    assert attempt.response and talk.flow.response and attempt.response is not talk.flow.response
    assert attempt.response.raw_content == talk.flow.response.raw_content == b"ok"
    assert attempt.metadata["attempt_of"] == talk.flow.id
    assert talk.flow.metadata["attempts"] == [attempt.id]


@live
async def test_one_request_after_the_other_on_one_connection() -> None:
    talk = await talking(Plan())
    for number in range(3):
        await talk.say(POST)
        assert await talk.answer(OK) == OK * (number + 1)
    assert len(talk.upstreams) == 1, "the provider's connection is used again"
    assert not talk.layer.streams, "nothing is left behind"


@live
async def test_requests_sent_ahead_are_answered_in_order() -> None:
    talk = await talking(Plan())
    await talk.say(POST + POST)
    assert talk.upstreams[0].received.count(b"POST") == 1
    await talk.answer(OK)
    await talk.until(lambda: talk.upstreams[0].received.count(b"POST") == 2)
    assert await talk.answer(OK) == OK + OK


@live
async def test_a_request_that_an_addon_answers_goes_nowhere() -> None:
    class Answers:
        def request(self, flow: http.HTTPFlow) -> None:
            flow.response = http.Response.make(418, b"tea")

    talk = await talking(Plan(), Answers())
    assert status(await talk.say(POST)) == 418
    assert not talk.upstreams


@live
async def test_a_refusal_does_not_wait_for_the_body() -> None:
    class Refuses:
        def requestheaders(self, flow: http.HTTPFlow) -> None:
            flow.response = http.Response.make(401, b"no")

    talk = await talking(Plan(), Refuses())
    reply = await talk.say(POST.removesuffix(b"hi"))
    assert status(reply) == 401 and b"connection: close" in reply.lower()


# Sizes


@pytest.mark.parametrize("head", [b"Content-Length: 99", b"Transfer-Encoding: chunked"])
@live
async def test_a_body_that_is_too_large(head: bytes) -> None:
    plan = Plan()
    talk = await talking(plan, limits=Limits(request_bytes=50))
    await talk.say(b"POST /v1/x HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
    if not talk.received:
        await talk.say(chunk(b"x" * 99))
    assert status(talk.received) == 413
    assert not talk.upstreams and plan.seen[-1] == "client error"


# People


class Intercepts:
    """Holds flows of one kind in its hands."""

    def __init__(self, hook: str, of_attempts: bool) -> None:
        self.hook, self.of_attempts = hook, of_attempts
        self.held: list[http.HTTPFlow] = []

    def request(self, flow: http.HTTPFlow) -> None:
        self._hold("request", flow)

    def response(self, flow: http.HTTPFlow) -> None:
        self._hold("response", flow)

    def _hold(self, hook: str, flow: http.HTTPFlow) -> None:
        if hook == self.hook and self.of_attempts == ("attempt" in flow.metadata):
            flow.intercept()
            self.held.append(flow)


@live
async def test_an_attempt_that_is_edited_by_hand_is_sent_as_edited() -> None:
    hands = Intercepts("request", of_attempts=True)
    talk = await talking(Plan(), hands)
    await talk.say(POST)
    assert not talk.upstreams
    hands.held[0].request.content = b"by hand"
    hands.held[0].resume()
    await talk.until(lambda: talk.upstreams)
    assert talk.upstreams[0].received.endswith(b"by hand")
    assert await talk.answer(OK) == OK


@live
async def test_an_answer_that_is_edited_by_hand() -> None:
    hands = Intercepts("response", of_attempts=False)
    talk = await talking(Plan(), hands)
    await talk.say(POST)
    assert await talk.answer(OK) == b""
    response = hands.held[0].response
    assert response
    response.content = b"by hand"
    hands.held[0].resume()
    await talk.until(lambda: talk.received)
    assert talk.received.endswith(b"by hand")


@pytest.mark.parametrize("of_attempts", [False, True])
@live
async def test_a_flow_that_is_killed_by_hand_is_not_sent(of_attempts: bool) -> None:
    hands = Intercepts("request", of_attempts)
    talk = await talking(Plan(), hands)
    await talk.say(POST)
    hands.held[0].kill()
    hands.held[0].resume()
    await asyncio.sleep(0.05)
    assert not talk.upstreams


@live
async def test_a_client_that_leaves_while_somebody_thinks() -> None:
    hands = Intercepts("request", of_attempts=True)
    talk = await talking(Plan(), hands)
    await talk.say(POST)
    await talk.leave()
    hands.held[0].resume()
    await asyncio.sleep(0.05)
    assert not any(upstream.received for upstream in talk.upstreams)
