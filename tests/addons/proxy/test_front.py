"""The HTTP/1 server that clients talk to: what it takes for a request, and what it says to all else."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.proxy import Limits
from addons.proxy.front import head_problem
from tests.addons.proxy.conversation import OK, POST, Conversation, Plan, chunk, live, status, talking

GOOD = b"POST /v1/x HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n"
CHUNKED = b"POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def told(reply: bytes) -> str:
    """The message of a refusal, which is JSON."""
    message: str = json.loads(reply.partition(b"\r\n\r\n")[2])["error"]["message"]
    return message


async def refused(data: bytes, limits: Limits | None = None) -> tuple[int, Conversation]:
    """The status of what these bytes are told."""
    talk = await talking(Plan(), limits=limits)
    reply = await talk.say(data)
    assert not talk.upstreams
    assert b"connection: close" in reply.lower() and told(reply)
    return status(reply), talk


# Heads


@pytest.mark.parametrize(
    "head",
    [
        GOOD,
        b"GET / HTTP/1.0\r\nhost:x\r\n\r\n",
        b"POST /?a=b%20c&d=%00 HTTP/1.1\r\nHOST: x\r\nA:\tb \r\nEmpty:\r\n\r\n",
        b"POST /v1/x HTTP/1.1\r\nHost: x\r\nUtf-8: gr\xc3\xbcn\r\nLatin: gr\xfcn\r\n\r\n",
    ],
)
def test_good_heads(head: bytes) -> None:
    assert head_problem(head, whole=True) == ""
    for end in range(1, len(head) - 3):
        assert head_problem(head[:end], whole=False) == "", head[:end]


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (GOOD.replace(b"A: b", b"A: b\n c"), "control"),
        (GOOD.replace(b"A: b", b"A: b\nC: d"), "control"),
        (GOOD.replace(b"A: b", b"A: b\rC: d"), "control"),
        (GOOD.replace(b"A: b", b"A: b\0"), "control"),
        (GOOD.replace(b"A: b", b"A: \x7f"), "control"),
        (GOOD.replace(b"A: b", b"A: b\r\n c"), "Folded"),
        (GOOD.replace(b"A: b", b"A: b\r\n\tc"), "Folded"),
        (GOOD.replace(b"/v1/x", b"http://evil.example/"), "target"),
        (GOOD.replace(b"/v1/x", b"evil.example:443"), "target"),
        (GOOD.replace(b"/v1/x", b"*"), "target"),
        (GOOD.replace(b"/v1/x", b""), "target"),
        (GOOD.replace(b"/v1/x", b"/v1/x y"), "target"),
        (GOOD.replace(b"/v1/x", b"/v1/\xff"), "target"),
        (GOOD.replace(b"POST", b"post"), "target"),
        (GOOD.replace(b"HTTP/1.1", b"HTTP/2.0"), "target"),
        (GOOD.replace(b"POST", b" POST"), "target"),
        (GOOD.replace(b"Host: x\r\n", b""), "Host"),
        (GOOD.replace(b"A: b", b"HOST: y"), "Host"),
        (GOOD.replace(b"A: b", b"host : y"), "Host"),
    ],
)
def test_bad_heads(head: bytes, problem: str) -> None:
    assert problem in head_problem(head, whole=True)


def test_what_is_bad_already_need_not_be_waited_for() -> None:
    assert head_problem(b"GET http://evil.example/ HTTP/1.1\r\n", whole=False)
    assert head_problem(b"POST / HTTP/1.1\r\nA: \0b", whole=False)


def test_a_piece_that_ends_between_return_and_feed_is_no_stray() -> None:
    assert head_problem(b"POST / HTTP/1.1\r", whole=False) == ""
    assert head_problem(b"POST / HTTP/1.1\r\nHost: x\r", whole=False) == ""


@given(st.binary(max_size=60), st.booleans())
def test_garbage_never_raises(head: bytes, whole: bool) -> None:
    head_problem(head, whole)


@live
async def test_a_head_in_any_pieces() -> None:
    talk = await talking(Plan())
    for at in range(len(POST)):
        await talk.say(POST[at : at + 1])
    assert await talk.answer(OK) == OK


@live
async def test_empty_lines_before_a_request_are_ignored() -> None:
    talk = await talking(Plan())
    await talk.say(b"\r\n\r\n")
    await talk.say(b"\r\n" + POST)
    assert await talk.answer(OK) == OK


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (GOOD.replace(b"A: b", b"A: b\nC: d"), 400),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"\x80\x81\x82\x83 HTTP\r\n\r\n", 400),
        (GOOD.replace(b"A: b", b"Content-Length: +2") + b"hi", 400),
        (GOOD.replace(b"A: b", b"Content-Length: 2\r\nContent-Length: 3") + b"hi", 400),
        (GOOD.replace(b"A: b", b"Content-Length: 2\r\nTransfer-Encoding: chunked") + b"hi", 400),
        (GOOD.replace(b"A: b", b"Transfer-Encoding: xchunked"), 400),
        (GOOD.replace(b"A: b", b"A : b"), 400),
        (GOOD.replace(b"A: b", b"no colon"), 400),
        (GOOD.replace(b"A: b", b"A: " + b"b" * 70_000), 431),
        (b"A" * 70_000, 431),
    ],
)
@live
async def test_what_is_no_request_is_told_so_in_json(data: bytes, code: int) -> None:
    assert (await refused(data))[0] == code


@live
async def test_after_a_refusal_nothing_is_read_as_a_request() -> None:
    """What follows may be the body that the first request has smuggled in."""
    code, talk = await refused(GOOD.replace(b"A: b", b"A: b\nC: d") + POST)
    await talk.say(POST)
    assert code == 400 and not talk.upstreams
    assert talk.received.count(b"HTTP/1.1") == 1


@live
async def test_a_head_that_takes_too_long() -> None:
    talk = await talking(Plan(), limits=Limits(header_seconds=0.03))
    await talk.say(b"POST / HTTP/1.1\r\n")
    await talk.until(lambda: talk.received)
    assert status(talk.received) == 408 and told(talk.received)


@live
async def test_each_byte_of_a_head_is_no_reason_to_wait() -> None:
    talk = await talking(Plan(), limits=Limits(header_seconds=0.08))
    for letter in b"POST / HTTP":
        await talk.say(bytes([letter]))
        await asyncio.sleep(0.02)
    assert status(talk.received) == 408


@live
async def test_a_connection_may_rest_between_requests() -> None:
    talk = await talking(Plan(), limits=Limits(header_seconds=0.03))
    await talk.say(POST)
    await talk.answer(OK)
    await asyncio.sleep(0.08)
    await talk.say(POST)
    assert await talk.answer(OK) == OK + OK


# Bodies


@live
async def test_chunks_in_any_pieces() -> None:
    plan = Plan()
    talk = await talking(plan)
    for byte in CHUNKED + chunk(b"hel") + b"2;name=value\r\nlo\r\n" + b"0\r\n\r\n":
        await talk.say(bytes([byte]))
    assert talk.flow.request.raw_content == b"hello"
    assert await talk.answer(OK) == OK


@pytest.mark.parametrize(
    "body",
    [
        *(b"2\nhi\n0\n\n", b"2\rhi", b"2\r\nhi!!\r\n0\r\n\r\n", b"\r\n", b"x", b"F" * 17 + b"\r\n"),
        *(b"0x2\r\nhi\r\n", b"0_2\r\nhi\r\n", b"+2\r\nhi\r\n", b"-2\r\nhi\r\n", b" 2\r\nhi\r\n"),
    ],
)
@live
async def test_chunks_that_are_none(body: bytes) -> None:
    code, talk = await refused(CHUNKED + body)
    assert code == 400
    assert not talk.layer.streams, "nothing is left behind"


@live
async def test_trailers_are_refused() -> None:
    assert (await refused(CHUNKED + chunk(b"hi") + b"0\r\nX-Trailer: 1\r\n\r\n"))[0] == 400


@live
async def test_a_body_that_takes_too_long() -> None:
    plan = Plan()
    talk = await talking(plan, limits=Limits(header_seconds=0.03))
    await talk.say(POST.removesuffix(b"i"))
    await talk.until(lambda: talk.received)
    assert status(talk.received) == 408 and not talk.upstreams
    assert plan.seen == ["client requestheaders", "client error"]


@live
async def test_a_body_that_makes_progress_may_take_its_time() -> None:
    size = 20_000
    head = POST.removesuffix(b"hi").replace(b"Length: 2", b"Length: %d" % size)
    talk = await talking(Plan(), limits=Limits(header_seconds=0.2))
    await talk.say(head)
    for _ in range(5):
        await asyncio.sleep(0.06)
        await talk.say(b"x" * (size // 5))
    assert await talk.answer(OK) == OK


@live
async def test_a_refused_client_may_go_on_sending_for_a_moment() -> None:
    """Else it would see a reset instead of why."""
    code, talk = await refused(GOOD.replace(b"A: b", b"Content-Length: 99999999"), Limits(request_bytes=10))
    await talk.say(b"x" * 1000)
    assert code == 413 and talk.received.count(b"HTTP/1.1") == 1
    await talk.leave()
    assert not talk.client.connected
