import logging
from typing import Any

import pytest
from mitmproxy import flow as mitmflow
from mitmproxy import http
from mitmproxy.addons import clientplayback
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.addons.serverplayback import ServerPlayback
from mitmproxy.test import taddons, tflow

from addons.proxy import Exchange, Failure, Proxy, Replay
from addons.proxy.layer import GatewayHttpLayer
from addons.proxy.recorded import UNRECORDED, Recorded
from addons.proxy.replay import AttemptReplayLayer
from addons.refusals import Refusals
from tests.addons.calls import a_config
from tests.addons.proxy.conversation import live

RECORDED_AT = 1_700_000_000.0
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"


def a_flow(attempt: bool = True, body: bytes = b"asked", answer: bytes | None = None) -> http.HTTPFlow:
    """A request, and its answer where it has been recorded."""
    flow = tflow.tflow(req=http.Request.make("POST", "http://one.example/up", body))
    exchange = Exchange(flow=tflow.tflow())
    exchange.bind(flow)
    exchange.stay(flow)
    if attempt:
        flow.metadata = {"attempt_of": "x", "attempt": 1}
    if answer is not None:
        flow.response = http.Response.make(200, answer)
        flow.response.timestamp_start = RECORDED_AT
    return flow


class Recording:
    """The gateway's addons for replay, with these flows as the recording."""

    def __init__(self, *flows: http.HTTPFlow, **options: Any) -> None:
        config = a_config()
        self.proxy = Proxy(Exchange, Refusals(lambda: config))
        self.playback = ServerPlayback()
        self.replay = Replay(self.proxy, lambda flow: flow)
        self.context = taddons.context(Proxyserver(), self.playback, self.proxy, self.replay)
        self.playback.load_flows(list(flows))
        self.context.options.server_replay = ["a file"] if flows else []
        self.context.options.update(**({"server_replay_extra": "404"} | options))

    def asked(self, flow: http.HTTPFlow) -> http.HTTPFlow:
        """A flow after mitmproxy's own hook, which is ours now."""
        self.playback.request(flow)
        return flow


def breaks(flow: http.HTTPFlow) -> Failure | None:
    """How it is to fail."""
    exchange = Exchange.of(flow)
    return exchange.breaks if exchange else None


@pytest.fixture(autouse=True)
def _unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recording is in memory: mitmproxy shall not look for its file."""
    monkeypatch.setattr(ServerPlayback, "configure", lambda self, updated: None)


@live
async def test_an_attempt_is_answered_from_the_recording() -> None:
    recording = Recording(a_flow(answer=b"one"))
    flow = recording.asked(a_flow())
    assert flow.response and flow.response.content == b"one"
    assert flow.is_replay == "response"
    assert flow.response.headers["date"] == DATE, "when it was made is a part of the answer"


@live
async def test_the_providers_own_date_stays() -> None:
    answered = a_flow(answer=b"one")
    assert answered.response
    answered.response.headers["date"] = "yesterday"
    flow = Recording(answered).asked(a_flow())
    assert flow.response and flow.response.headers["date"] == "yesterday"


@live
async def test_the_same_request_gets_one_answer_after_the_other() -> None:
    recording = Recording(a_flow(answer=b"one"), a_flow(answer=b"two"))
    answers = [recording.asked(a_flow()).response for _ in range(3)]
    assert [answer and answer.status_code for answer in answers] == [200, 200, None]
    assert answers[1] and answers[1].content == b"two"


@live
async def test_or_the_same_one_for_ever() -> None:
    recording = Recording(a_flow(answer=b"one"), server_replay_reuse=True)
    assert all(recording.asked(a_flow()).response for _ in range(3))


@pytest.mark.parametrize(
    ("metadata", "message", "failure"),
    [
        ({"failure": "timeout"}, "first byte timeout", Failure("timeout", "first byte timeout")),
        ({"failure": "connect"}, "connection failed", Failure("connect", "connection failed")),
        ({}, "server closed connection", Failure("reset", "connection closed")),
        ({}, "total timeout", Failure("total", "total timeout")),
        ({}, mitmflow.Error.KILLED_MESSAGE, Failure("killed", "killed")),
        ({}, None, Failure("reset", "connection closed")),
    ],
)
@live
async def test_an_attempt_that_died_dies_of_the_same(
    metadata: dict[str, str], message: str | None, failure: Failure
) -> None:
    dead = a_flow()
    dead.metadata |= metadata
    dead.error = mitmflow.Error(message) if message else None
    flow = Recording(dead).asked(a_flow())
    assert flow.response is None and breaks(flow) == failure


@live
async def test_an_answer_that_broke_off_breaks_off_again() -> None:
    cut = a_flow(answer=b"the beginn")
    cut.error = mitmflow.Error("peer closed connection")
    flow = Recording(cut).asked(a_flow())
    assert flow.response and flow.response.content == b"the beginn"
    assert breaks(flow) == Failure("reset", "connection closed")


@live
async def test_an_answer_of_which_the_end_was_not_kept_says_so() -> None:
    long = a_flow(answer=b"the beginning")
    long.metadata["not_kept"] = 1234
    assert breaks(Recording(long).asked(a_flow())) == Failure(
        "reset", "the recording lacks the last 1234 bytes of this answer"
    )


@live
async def test_what_was_never_asked_has_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        flow = Recording(a_flow(answer=b"one")).asked(a_flow(body=b"canary"))
    assert flow.response is None and breaks(flow) == UNRECORDED
    assert "Not in the recording" in caplog.text and "canary" not in caplog.text


@live
async def test_a_call_is_told_which_attempts_it_had() -> None:
    client, first, second, other = a_flow(attempt=False), a_flow(), a_flow(), a_flow()
    for number, flow in ((2, second), (1, first)):
        flow.metadata = {"attempt_of": client.id, "attempt": number}
    recording = Recording(client, second, other, first)
    again = a_flow(attempt=False)
    exchange = Exchange(flow=again)
    exchange.bind(again)
    recording.replay.request(again)
    assert exchange.recorded == (client, (first, second))


@live
async def test_of_equal_attempts_each_call_gets_its_own() -> None:
    recorded = a_flow(answer=b"one"), a_flow(answer=b"two")
    again = a_flow()
    exchange = Exchange.of(again)
    assert exchange
    exchange.recorded = Recorded(a_flow(attempt=False), recorded[1:])
    recording = Recording(*recorded)
    assert [it.response and it.response.content for it in map(recording.asked, (again, a_flow()))] == [
        b"two",
        b"one",
    ]


@live
async def test_unless_it_may_be_asked_now() -> None:
    recording = Recording(a_flow(answer=b"one"), server_replay_extra="forward")
    assert recording.asked(a_flow(body=b"other")).response is None


@live
async def test_clients_go_through_the_whole_chain() -> None:
    recording = Recording(a_flow(attempt=False, answer=b"one"))
    assert recording.asked(a_flow(attempt=False)).response is None


@live
async def test_without_a_recording_nothing_is_replayed() -> None:
    assert Recording().asked(a_flow()).response is None


@live
async def test_what_an_addon_has_answered_stays() -> None:
    flow = a_flow(answer=b"mine")
    assert Recording(a_flow(answer=b"one")).asked(flow).response is flow.response
    assert flow.response and flow.response.content == b"mine"


@pytest.mark.parametrize(("attempt", "kind"), [(True, AttemptReplayLayer), (False, GatewayHttpLayer)])
@live
async def test_the_replay_button_goes_through_our_layers(attempt: bool, kind: type[GatewayHttpLayer]) -> None:
    recording = Recording()
    handler = clientplayback.ReplayHandler(a_flow(attempt), recording.context.options)
    assert type(handler.layer) is kind


@live
async def test_a_flow_that_is_killed_in_somebodys_hands_is_let_go() -> None:
    Recording()
    flow = a_flow()
    flow.intercept()
    flow.kill()
    await flow.wait_for_resume()
    assert flow.error and flow.error.msg == mitmflow.Error.KILLED_MESSAGE
