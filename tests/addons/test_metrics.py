from typing import Any

import pytest
from mitmproxy import flow as mitmflow
from prometheus_client import generate_latest

from addons.account import line_of
from addons.call import Call
from addons.metrics import MODELS, Metrics
from addons.proxy import Failure
from tests.addons.calls import CONFIG, Chain, a_request, an_answer, asking
from tests.e2e import answers

PRICED = CONFIG.replace("api_key: key-of-a}", "api_key: key-of-a, prices: {one: {input: 2, output: 10}}}")


class Told:
    """Metrics that have been told of some calls."""

    def __init__(self) -> None:
        self.metrics = Metrics()

    def of(self, call: Call, ttft: float | None = None) -> "Told":
        self.metrics.began()
        self.metrics.ended(call, line_of(call, call.started + 2) | ({"ttft_ms": ttft} if ttft else {}))
        return self

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels."""
        return sum(
            sample.value
            for metric in self.metrics.registry.collect()
            for sample in metric.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def labels(self, name: str) -> dict[str, str]:
        (found,) = (s.labels for m in self.metrics.registry.collect() for s in m.samples if s.name == name)
        return found


def answered(
    model: str = "one", answer: Any = None, status: int = 200, text: str = CONFIG, **fields: Any
) -> Call:
    chain = Chain(text)
    call, _ = chain.first(a_request(asking(model, **fields)))
    chain.answer(call, an_answer(answer or answers.openai_chat(), status))
    return call


def test_labels_are_those_of_opentelemetry() -> None:
    assert Told().of(answered("renamed")).labels("gen_ai_server_request_duration_seconds_sum") == {
        "gen_ai_operation_name": "chat",
        "gen_ai_provider_name": "openai",
        "gen_ai_original_model": "renamed",
        "gen_ai_request_model": "up-model",
        "gen_ai_response_model": "gpt-up-2024",
        "error_type": "",
    }


def test_each_kind_of_token() -> None:
    told = Told().of(answered())
    kinds = ("input", "cached_input", "cache_creation_input", "output", "reasoning")
    sums = [told.value("gen_ai_client_token_usage_sum", gen_ai_token_type=kind) for kind in kinds]
    assert sums == [20, 12, 0, 7, 3]
    assert told.value("gen_ai_client_token_usage_count", gen_ai_token_type="cache_creation_input") == 0


def test_durations() -> None:
    told = Told().of(answered())
    assert told.value("gen_ai_server_request_duration_seconds_sum") == pytest.approx(2)
    assert told.value("gen_ai_server_time_to_first_token_seconds_count") == 0


def test_streams_have_a_first_token_and_a_pace() -> None:
    chain = Chain()
    call, _ = chain.first(a_request(asking(stream=True)))
    chain.answer(call, an_answer(b"".join(answers.openai_stream("a")), content_type="text/event-stream"))
    told = Told().of(call, ttft=500)
    assert told.value("gen_ai_server_time_to_first_token_seconds_sum") == pytest.approx(0.5)
    assert told.value("gen_ai_server_time_per_output_token_seconds_sum") == pytest.approx(1.5 / 6)


def test_money_where_prices_are_known() -> None:
    assert Told().of(answered()).value("dragoman_cost_usd_total") == 0
    assert Told().of(answered(text=PRICED)).value("dragoman_cost_usd_total") == pytest.approx(110e-6)


def test_attempts_by_provider_and_outcome() -> None:
    chain = Chain()
    call, _ = chain.first(a_request(asking("three")))
    chain.fail(call, Failure("connect", "connection failed"))
    chain.fail(call, Failure("status", "status 429", 429))
    chain.answer(call, an_answer(answers.anthropic_message()))
    told = Told().of(call)
    for provider, outcome in (("a", "connect"), ("b", "429"), ("anth", "ok")):
        assert told.value("dragoman_attempts_total", provider=provider, outcome=outcome) == 1
    assert told.value("dragoman_attempts_total") == 3


def test_requests_in_flight() -> None:
    metrics = Told()
    metrics.metrics.began()
    metrics.of(answered())
    assert metrics.value("dragoman_inflight_requests") == 1


def test_errors() -> None:
    told = Told().of(answered(answer=answers.openai_error(), status=429))
    assert told.labels("gen_ai_server_request_duration_seconds_sum")["error_type"] == "_OTHER"
    broken = answered()
    broken.flow.error = mitmflow.Error("Client disconnected.")
    assert Told().of(broken).labels("gen_ai_server_request_duration_seconds_sum")["error_type"] == "_OTHER"


def test_what_is_no_endpoint_has_no_series() -> None:
    told = Told().of(Chain().call(a_request(b"", "/nope")))
    assert told.value("gen_ai_server_request_duration_seconds_count") == 0
    assert told.value("dragoman_inflight_requests") == 0


def test_clients_can_not_make_up_series() -> None:
    told = Told()
    for number in range(5):
        told.of(Chain().call(a_request(asking(f"made-up-{number}"))))
    assert told.labels("gen_ai_server_request_duration_seconds_sum")["gen_ai_original_model"] == "other"
    told = Told()
    for number in range(MODELS + 5):
        told.of(answered(f"a/real-{number}"))
    text = generate_latest(told.metrics.registry).decode()
    assert f'gen_ai_original_model="a/real-{MODELS + 4}"' not in text
    assert told.value("gen_ai_server_request_duration_seconds_count", gen_ai_original_model="other") > 0


def test_no_secret_becomes_a_label() -> None:
    told = Told().of(Chain().first(a_request(asking(), authorization="Bearer canary"))[0])
    assert "canary" not in generate_latest(told.metrics.registry).decode()
    assert "key-of-a" not in generate_latest(told.metrics.registry).decode()
