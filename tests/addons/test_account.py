import io
import json
from typing import Any

import pytest
from mitmproxy import flow as mitmflow
from mitmproxy import http

from addons.account import FIELDS, Account, decimal, line_of, outcomes, status_of, text_of
from addons.call import Call
from addons.metrics import Metrics
from addons.prices import Prices
from addons.proxy import Failure, Unread
from tests.addons.calls import CONFIG, MESSAGES, Chain, a_call, a_config, a_request, an_answer, asking
from tests.e2e import answers

PRICED = CONFIG.replace("api_key: key-of-a}", "api_key: key-of-a, prices: {one: {input: 2, output: 10}}}")


def answered(
    request: http.Request | None = None, answer: http.Response | None = None, text: str = CONFIG
) -> Call:
    chain = Chain(text)
    call, _ = chain.first(request or a_request(asking()))
    chain.answer(call, answer or an_answer(answers.openai_chat()))
    return call


def line(call: Call) -> dict[str, Any]:
    call.cost = Prices(lambda: call.config).cost_of(call)
    return line_of(call, call.started + 0.25)


def test_a_line_has_all_that_was_found_out() -> None:
    request = a_request(asking("renamed", seed=1), x_request_id="mine")
    told = line(answered(request))
    assert told | {"time": ""} == {
        "time": "",
        "request_id": "mine",
        "endpoint": "/v1/chat/completions",
        "model": "renamed",
        "provider": "a",
        "upstream_model": "up-model",
        "response_model": "gpt-up-2024",
        "route": "renamed",
        "attempts": ["a:ok"],
        "status": 200,
        "stream": False,
        "ttft_ms": None,
        "duration_ms": 250.0,
        "input_tokens": 20,
        "cached_tokens": 12,
        "cache_write_tokens": None,
        "output_tokens": 7,
        "reasoning_tokens": 3,
        "usage_source": "provider",
        "cost_usd": None,
        "dropped": [],
        "client_key": None,
        "method": "POST",
        "reason": None,
    }
    assert told["time"].endswith("+00:00") and tuple(told) == FIELDS


def test_money_dropped_fields_and_the_keys_name() -> None:
    keyed = CONFIG.replace("server: {", "server: {api_keys: [{name: ann, key: canary}], ")
    request = a_request(asking("anth/claude", seed=1), authorization="Bearer canary")
    call = answered(request, an_answer(answers.anthropic_message()), keyed)
    assert line(call)["dropped"] == ["seed"]
    assert line(call)["client_key"] == "ann"
    assert "canary" not in json.dumps(line(call))
    assert line(answered(text=PRICED))["cost_usd"] == pytest.approx((20 * 2 + 7 * 10) / 1e6)


def test_a_request_that_got_nowhere() -> None:
    told = line(Chain().call(a_request(b"{", "/v1/nope?key=canary")))
    assert (told["endpoint"], told["status"], told["attempts"]) == ("/v1/nope", 404, [])
    assert (told["provider"], told["usage_source"], told["cost_usd"]) == (None, "none", None)


def test_what_a_client_makes_up_is_cut() -> None:
    call = Chain().call(a_request(asking("m" * 5000)))
    assert len(line(call)["model"]) == 200
    assert len(line(Chain().call(a_request(b"", "/" + "p" * 5000)))["endpoint"]) == 200


def test_each_attempt_is_told_with_its_outcome() -> None:
    chain = Chain()
    call, _ = chain.first(a_request(asking("three")))
    chain.fail(call, Failure("connect", "connection failed"))
    chain.fail(call, Failure("status", "status 429", 429))
    chain.answer(call, an_answer(answers.anthropic_message()))
    assert line(call)["attempts"] == ["a:connect", "b:429", "anth:ok"]


def test_outcomes_of_the_last_attempt() -> None:
    assert outcomes(answered()) == ["ok"]
    assert outcomes(answered(answer=an_answer(answers.openai_error(), 400))) == ["400"]
    cut = answered(a_request(asking(stream=True)), an_answer(b"", content_type="text/event-stream"))
    assert outcomes(cut) == ["broken"]
    assert line(cut)["usage_source"] == "none"


def test_usage_of_a_stream_that_broke_is_partial() -> None:
    start = answers.ANTHROPIC_START + b"".join(answers.anthropic_block(0, {"type": "text", "text": "a"}))
    request = a_request(asking("anth/claude", stream=True))
    told = line(answered(request, an_answer(start, content_type="text/event-stream")))
    assert (told["usage_source"], told["input_tokens"], told["stream"]) == ("partial", 20, True)


def test_the_status_is_what_the_client_was_told() -> None:
    assert status_of(answered(answer=an_answer(answers.openai_error(), 429))) == 429
    assert status_of(Chain().call(a_request(asking("nope")))) == 404
    left = a_call()
    left.flow.error = mitmflow.Error("Client disconnected.")
    assert status_of(left) == 499
    too_large = a_call()
    too_large.flow.error = mitmflow.Error("The request body is larger than 5 bytes.")
    assert status_of(too_large) == 400


def written(text: bool, *calls: Call, times: int = 1) -> str:
    account = Account(Metrics(), Prices(a_config), out := io.StringIO())
    account.text = text
    for call in calls:
        account.requestheaders(call.flow)
        for _ in range(times):
            account.settled(call)
            account.error(call.flow)
    return out.getvalue()


def test_a_call_has_one_line() -> None:
    out = written(False, answered(), Chain().call(a_request(b"{")), times=2)
    assert [json.loads(line)["status"] for line in out.splitlines()] == [200, 400]


def test_attempts_have_no_line_of_their_own() -> None:
    call = answered()
    account = Account(Metrics(), Prices(a_config), out := io.StringIO())
    account.requestheaders(call.attempts[0])
    assert Call.of_client(call.attempts[0]) is None
    account.error(call.attempts[0])
    assert out.getvalue() == ""


def test_text_is_for_people() -> None:
    request = a_request(asking(), x_request_id="mine")
    (out,) = written(True, answered(request)).splitlines()
    assert " request_id=mine endpoint=/v1/chat/completions model=one provider=a " in out
    assert " attempts=a:ok status=200 " in out
    assert "dropped" not in out and "None" not in out


@pytest.mark.parametrize("model", ["a\nb", "a b", "\x1b[31mred", "a\u2028b", "a\x9b31m"])
def test_nobody_writes_a_line_of_his_own(model: str) -> None:
    text = text_of({"time": "T", "model": model})
    assert len(text.splitlines()) == 1 and text.strip().isprintable()
    assert json.loads(text.partition("model=")[2]) == model


def test_nothing_of_a_body_is_told() -> None:
    request = a_request(asking(path=MESSAGES, system="canary-body"), MESSAGES)
    call = answered(request, an_answer(answers.openai_chat("canary-body")))
    assert "canary" not in written(True, call) + json.dumps(line(call))


def test_a_request_that_could_not_be_read_has_a_line_too() -> None:
    account = Account(metrics := Metrics(), Prices(a_config), out := io.StringIO())
    account.text = False
    account.unread(Unread(431, "Too large.", "GET", "/v1/x"))
    account.unread(Unread(400, "Stray.", None, None))
    known, unknown = map(json.loads, out.getvalue().splitlines())
    assert tuple(known) == tuple(unknown) == FIELDS
    assert known | {"status": 431, "endpoint": "/v1/x", "method": "GET", "reason": "Too large."} == known
    assert unknown | {"status": 400, "endpoint": None, "method": None, "reason": "Stray."} == unknown
    assert known["attempts"] == unknown["attempts"] == []
    for status in ("431", "400"):
        assert metrics.registry.get_sample_value("dragoman_refused_requests_total", {"status": status}) == 1


# Cost


def charged(server: str, **fields: Any) -> Call:
    text = PRICED.replace("allow_direct: true", f"allow_direct: true, {server}")
    call = answered(a_request(asking(**fields)), text=text)
    account = Account(Metrics(), Prices(a_config), io.StringIO())
    account.response(call.flow)
    return call


def test_the_cost_is_in_a_header_if_that_is_wanted() -> None:
    for server, told in (("cost_header: true", "0.00011"), ("cost_header: false", None)):
        call = charged(server)
        assert call.flow.response and call.flow.response.headers.get("x-dragoman-cost-usd") == told
        assert call.flow.metadata["dragoman_cost_usd"] == pytest.approx(0.00011)


def test_a_stream_has_no_such_header() -> None:
    call = charged("cost_header: true", stream=True)
    assert call.flow.response and "x-dragoman-cost-usd" not in call.flow.response.headers


def test_the_cost_of_a_stream_is_with_its_flow_in_the_end() -> None:
    stream = an_answer(b"".join(answers.openai_stream("a")), content_type="text/event-stream")
    call = answered(a_request(asking(stream=True)), stream, PRICED)
    Account(Metrics(), Prices(a_config), io.StringIO()).settled(call)
    assert call.flow.metadata["dragoman_cost_usd"] == pytest.approx(0.00011)


@pytest.mark.parametrize(("cost", "text"), [(0.0, "0"), (7.5e-7, "0.00000075"), (12.5, "12.5"), (3.0, "3")])
def test_a_sum_has_no_exponent(cost: float, text: str) -> None:
    assert decimal(cost) == text


def test_outcomes_of_what_broke_or_was_left() -> None:
    gone = answered()
    gone.flow.error = mitmflow.Error("Client disconnected.")
    assert outcomes(gone) == ["left"]
    useless = answered(a_request(asking("anth/m")), an_answer(b"no JSON"))
    assert (outcomes(useless), status_of(useless)) == (["broken"], 502)


def test_a_replayed_flow_does_not_keep_an_earlier_cost() -> None:
    call = answered()
    call.flow.metadata["dragoman_cost_usd"] = 5.0
    Account(Metrics(), Prices(a_config), io.StringIO()).settled(call)
    assert "dragoman_cost_usd" not in call.flow.metadata
