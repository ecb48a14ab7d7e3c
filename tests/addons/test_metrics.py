from typing import Any

import pytest
from mitmproxy import flow as mitmflow
from prometheus_client import generate_latest

from addons.account import line_of
from addons.call import Call
from addons.metrics import MODELS, Metrics
from addons.prices import Prices
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
        call.cost = Prices(lambda: call.config).cost_of(call)
        line = line_of(call, call.started + 2)
        self.metrics.ended(call, line | ({"ttft_ms": ttft} if ttft else {}))
        return self

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels."""
        return sum(
            sample.value
            for metric in self.metrics.registry.collect()
            for sample in metric.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def labels_of(self, label: str) -> frozenset[str]:
        """The values of a label."""
        samples = (sample for metric in self.metrics.registry.collect() for sample in metric.samples)
        return frozenset(sample.labels[label] for sample in samples if label in sample.labels)

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


def error_type(call: Call) -> str:
    return Told().of(call).labels("gen_ai_server_request_duration_seconds_sum")["error_type"]


def test_errors() -> None:
    assert error_type(answered()) == ""
    assert error_type(answered(answer=answers.openai_error(), status=429)) == "429"
    assert error_type(Chain().call(a_request(asking("nope")))) == "404"
    gone = answered()
    gone.flow.error = mitmflow.Error("Client disconnected.")
    assert error_type(gone) == "client_left"
    chain = Chain()
    cut, _ = chain.first(a_request(asking(stream=True)))
    chain.answer(cut, an_answer(answers.OPENAI_FIRST, content_type="text/event-stream"))
    assert error_type(cut) == "broken"


def test_what_is_no_endpoint_has_no_series() -> None:
    told = Told().of(Chain().call(a_request(b"", "/nope")))
    assert told.value("gen_ai_server_request_duration_seconds_count") == 0
    assert told.value("dragoman_inflight_requests") == 0


GLOB = """
providers: {a: {type: openai}}
routes: [{models: [named], backends: [{provider: a, model: up}]}, {models: ["*"], backends: [{provider: a}]}]
"""


def test_clients_can_not_make_up_series() -> None:
    told = Told()
    for number in range(5):
        told.of(Chain().call(a_request(asking(f"made-up-{number}"))))
        told.of(answered(f"made-up-{number}", answers.openai_error(), 404, GLOB))
    assert {told.labels_of(name) for name in ("gen_ai_original_model", "gen_ai_request_model")} == {
        frozenset({"other"}),
        frozenset({"other", "unknown"}),
    }


def test_there_are_only_so_many_names() -> None:
    told = Told()
    call = answered("real", text=GLOB)
    for number in range(10_000):
        call.model = call.tries[0].model = f"real-{number}"
        told.of(call)
    told.of(answered("named", text=GLOB))  # what the configuration names always has a series
    names = told.labels_of("gen_ai_original_model")
    assert len(names) <= MODELS + 2 and {"named", "other"} <= names
    assert "up" in told.labels_of("gen_ai_request_model")


def test_no_secret_becomes_a_label() -> None:
    told = Told().of(Chain().first(a_request(asking(), authorization="Bearer canary"))[0])
    assert "canary" not in generate_latest(told.metrics.registry).decode()
    assert "key-of-a" not in generate_latest(told.metrics.registry).decode()
