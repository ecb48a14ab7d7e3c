"""The layer, its client's stream and its attempts' streams, as one conversation each."""

import asyncio
from typing import Any

import pytest
from mitmproxy import http

from addons.proxy import Exchange, Failure, Limits, Timeouts
from tests.addons.proxy.conversation import OK, POST, Plan, live, talking

STREAM = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BUSY = b"HTTP/1.1 429 Busy\r\nContent-Length: 4\r\n\r\nbusy"
NEWS: dict[str, Any] = {"streams": lambda response: True}
RETRIES: dict[str, Any] = {"retries": lambda status: status in (429, 500)}
BOTH = ("one.example", "two.example")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def status(reply: bytes) -> int:
    """Of the one response in these bytes."""
    assert reply.count(b"HTTP/1.1 ") == 1, reply
    return int(reply.split(b" ")[1])


def kinds(exchange: Exchange) -> list[str]:
    return [failure.kind for failure in exchange.failures]


# One attempt


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
async def test_what_is_sent_is_what_the_seal_returns() -> None:
    sealed = http.Request.make("POST", "http://one.example/sealed", b"sealed", {"authorization": "key"})
    plan = Plan(seal=lambda flow: sealed)
    talk = await talking(plan)
    await talk.say(POST)
    assert talk.upstreams[0].received == (
        b"POST /sealed HTTP/1.1\r\nauthorization: key\r\ncontent-length: 6\r\n\r\nsealed"
    )
    assert b"key" not in str(plan.exchanges[0].attempts[0].get_state()).encode()


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


@live
async def test_interim_answers_are_not_passed() -> None:
    talk = await talking(Plan())
    await talk.say(POST)
    assert await talk.answer(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n") == b""
    assert await talk.answer(OK) == OK


# Streams


@live
async def test_a_stream_goes_to_the_client_as_it_comes() -> None:
    plan = Plan(**NEWS)
    talk = await talking(plan)
    await talk.say(POST)
    assert (await talk.answer(STREAM + chunk(b"a"))).endswith(b"\r\n\r\n" + chunk(b"a"))
    assert (await talk.answer(chunk(b"b"))).endswith(chunk(b"a") + chunk(b"b"))
    assert (await talk.answer(b"0\r\n\r\n")).endswith(b"0\r\n\r\n")
    assert talk.flow.response and talk.flow.response.raw_content == b"ab"


class Translated:
    """What an addon may set as the stream of a response."""

    def __init__(self, *said: bytes) -> None:
        self.aborted = ""

    def __call__(self, data: bytes) -> list[bytes]:
        return [data.upper(), b""] if data else [b"END"]

    def abort(self, reason: str) -> list[bytes]:
        self.aborted = reason
        return [b"ERROR"]


class Translates:
    """An addon that translates a client's stream."""

    def __init__(self) -> None:
        self.stream = Translated()

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response and Exchange.of_client(flow):
            flow.response.stream = self.stream


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
    talk = await talking(Plan(**NEWS))
    await talk.say(POST)
    await talk.answer(STREAM + chunk(b"a"))
    assert not (await talk.hang_up()).endswith(b"0\r\n\r\n")
    assert not talk.client.connected


# One attempt after the other


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
    return Plan(*hosts, streams=lambda response: True, peek=lambda response: Peeks(), **settings)


@live
async def test_the_head_of_a_stream_is_held_back_until_there_is_content() -> None:
    talk = await talking(peeking())
    await talk.say(POST)
    assert await talk.answer(STREAM + chunk(b"p")) == b""
    assert (await talk.answer(chunk(b"c"))).endswith(chunk(b"p") + chunk(b"c"))
    assert (await talk.answer(chunk(b"d"))).endswith(chunk(b"c") + chunk(b"d"))


@live
async def test_an_error_at_the_head_is_another_attempt() -> None:
    plan = peeking(*BOTH)
    talk = await talking(plan)
    await talk.say(POST)
    assert await talk.answer(STREAM + chunk(b"p") + chunk(b"e")) == b""
    await talk.answer(STREAM + chunk(b"c"))
    assert status(talk.received) == 200 and talk.received.endswith(chunk(b"c"))
    assert plan.exchanges[0].failures == [Failure("stream", "error in stream", 529)]
    assert talk.upstreams[0].closed


@live
async def test_a_stream_without_content_is_another_attempt() -> None:
    plan = peeking(*BOTH)
    talk = await talking(plan)
    await talk.say(POST)
    await talk.answer(STREAM + b"0\r\n\r\n")
    assert len(plan.exchanges[0].attempts) == 2


@live
async def test_it_is_not_held_back_for_ever() -> None:
    talk = await talking(peeking())
    await talk.say(POST)
    await talk.answer(STREAM + chunk(b"p"))
    await talk.until(lambda: talk.received)
    assert talk.received.endswith(chunk(b"p"))


# Time


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
    talk = await talking(Plan(**NEWS, timeouts=Timeouts(idle=0.08)), addon)
    await talk.say(POST)
    await talk.answer(STREAM)
    for _ in range(6):
        await asyncio.sleep(0.03)
        await talk.answer(chunk(b"a"))
    assert not addon.stream.aborted


@live
async def test_all_of_it_together_may_take_so_long() -> None:
    plan = Plan(*BOTH, timeouts=Timeouts(total=0.05), response=http.Response.make(504, b"late"))
    talk = await talking(plan)
    await talk.say(POST)
    await talk.until(lambda: kinds(plan.exchanges[0]))
    assert kinds(plan.exchanges[0])[0] == "total"
    assert talk.upstreams[0].closed


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


@live
async def test_an_answer_that_is_too_large_is_no_answer() -> None:
    plan = Plan(*BOTH)
    talk = await talking(plan, limits=Limits(response_bytes=50))
    await talk.say(POST)
    await talk.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + b"x" * 99)
    assert talk.received == b"" and talk.upstreams[0].closed
    assert await talk.answer(OK) == OK


# A client that leaves


@pytest.mark.parametrize("answered", [b"", STREAM + chunk(b"a")])
@live
async def test_a_client_that_leaves_ends_the_attempt(answered: bytes) -> None:
    plan = Plan(*BOTH, **NEWS)
    talk = await talking(plan)
    await talk.say(POST)
    if answered:
        await talk.answer(answered)
    await talk.leave()
    assert talk.upstreams[0].closed
    assert "client error" in plan.seen and "1 error" in plan.seen
    assert len(plan.exchanges[0].attempts) == 1, "nobody else is asked"
    assert talk.proxy.in_flight == 0


# Addons that fail


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
    talk = await talking(Plan(*BOTH, **NEWS), kind(place))
    await talk.say(POST)
    reply = await talk.answer(STREAM + chunk(b"canary") + chunk(b"canary"))
    assert status(reply) == 500 and b"canary" not in reply


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
