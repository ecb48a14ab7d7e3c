import time
from typing import Any

import pytest

from addons.call import Call
from addons.config_providers import Price
from addons.prices import Prices, cost_usd
from addons.proxy import Failure
from tests.addons.calls import MESSAGES, Chain, a_call, a_request, an_answer, asking
from tests.e2e import answers
from translators.canonical import Usage

FULL = Price(input=3, cached_input=0.3, cache_write=3.75, cache_write_1h=6, output=15)
TOKENS = (20 * 0.15 + 7 * 0.6 - 12 * 0.075) / 1e6
"""What gpt-4o-mini costs for the usage of `answers.openai_chat`, of whose 20 tokens 12 were cached."""


def test_each_kind_of_token_has_its_price() -> None:
    usage = Usage(input=1_000_000, output=100_000, cache_read=200_000, cache_write=300_000)
    assert cost_usd(usage, FULL) == pytest.approx(0.5 * 3 + 0.2 * 0.3 + 0.3 * 3.75 + 0.1 * 15)


def test_what_is_kept_for_an_hour_costs_more() -> None:
    usage = Usage(input=1000, output=0, cache_write=300, cache_write_1h=100)
    assert cost_usd(usage, FULL) == pytest.approx((700 * 3 + 200 * 3.75 + 100 * 6) / 1e6)
    assert cost_usd(usage, Price(input=3, cache_write=4, output=0)) == pytest.approx(
        (700 * 3 + 300 * 4) / 1e6
    )


def test_parts_cost_as_the_whole_when_nothing_is_said() -> None:
    usage = Usage(
        *(1_000_000, 1_000_000, 200_000, 300_000, 100_000),
        reasoning=500_000,
        audio_input=1000,
        audio_output=1000,
        image_input=1000,
        image_output=1000,
    )
    assert cost_usd(usage, Price(input=3, output=15)) == 18


@pytest.mark.parametrize(
    ("usage", "price", "dollars"),
    [
        (Usage(input=0, output=1000, reasoning=400), Price(input=0, output=1, reasoning=3), 1800e-6),
        (Usage(input=1000, output=0, audio_input=400), Price(input=1, output=0, input_audio=10), 4600e-6),
        (Usage(input=0, output=1000, audio_output=400), Price(input=0, output=1, output_audio=10), 4600e-6),
        (Usage(input=1000, output=0, image_input=400), Price(input=1, output=0, input_image=10), 4600e-6),
        (Usage(input=0, output=1000, image_output=1000), Price(input=0, output=1, output_image=10), 10e-3),
        (Usage(images=3), Price(image=0.04), 0.12),
        (Usage(images=3, input=50, output=900), Price(image=0.04), 0.12),
        (Usage(), Price(request=0.005), 0.005),
        (Usage(input=1000, output=1000), Price(input=1, output=1, request=0.005), 0.007),
        (Usage(input=0, output=0, web_searches=2), Price(input=1, output=1, web_search=0.01), 0.02),
        (Usage(search_units=2), Price(search_unit=0.002), 0.004),
        (Usage(audio_seconds=90), Price(audio_minute=0.006), 0.009),
        (Usage(input=1000), Price(input=0.02), 20e-6),
        (Usage(input=1000), Price(input=0.02, output=0), 20e-6),
    ],
)
def test_everything_that_is_priced(usage: Usage, price: Price, dollars: float) -> None:
    assert cost_usd(usage, price) == pytest.approx(dollars, rel=1e-9)


def test_a_price_of_nothing_is_a_price() -> None:
    assert cost_usd(Usage(1_000_000, 0, 1_000_000), Price(input=3, cached_input=0, output=15)) == 0


def test_counts_that_contradict_each_other_never_make_it_cheaper_than_their_parts() -> None:
    assert cost_usd(Usage(5, 0, cache_read=10), FULL) == pytest.approx(10 * 0.3 / 1e6)


def test_small_sums_are_exact() -> None:
    assert cost_usd(Usage(input=1, output=1), Price(input=0.15, output=0.6)) == 0.00000075


@pytest.mark.parametrize(
    ("usage", "price"),
    [
        (Usage(), FULL),
        (Usage(input=5), FULL),
        (Usage(output=5), FULL),
        (Usage(input=5, output=5), Price(input=1)),
        (Usage(input=5, output=5), Price(output=1)),
        (Usage(), Price(image=1)),
    ],
)
def test_a_cost_is_never_made_up(usage: Usage, price: Price) -> None:
    assert cost_usd(usage, price) is None


# Of a call


def answered(model: str, answer: Any, provider: str = "{a: {type: openai}}", path: str = "") -> Call:
    chain = Chain(f"providers: {provider}")
    request = a_request(asking(model, path), path) if path else a_request(asking(model))
    call, _ = chain.first(request)
    chain.answer(call, an_answer(answer))
    return call


def cost(call: Call) -> float | None:
    return Prices(lambda: call.config).cost_of(call)


def saying(model: str, **fields: Any) -> Any:
    return {**answers.openai_chat(), "model": model, **fields}


def test_published_prices_need_no_configuration() -> None:
    assert cost(answered("a/gpt-4o-mini", saying("gpt-4o-mini-2024-07-18"))) == pytest.approx(TOKENS)


def test_the_model_that_answered_is_what_is_paid_for() -> None:
    azure = '{a: {type: openai, base_url: "https://x.example/v1"}}'
    assert cost(answered("a/my-deployment", saying("gpt-4o-mini"), azure)) == pytest.approx(TOKENS)
    assert cost(answered("a/gpt-4o-mini", saying("whoever"), azure)) == pytest.approx(TOKENS)


def test_without_a_price_there_is_no_cost() -> None:
    assert cost(answered("a/unheard-of", saying("unheard-of"))) is None
    assert cost(answered("a/gpt-4o-mini", saying("m", usage=None))) is None
    assert cost(a_call()) is None


@pytest.mark.parametrize("name", ["gpt-4o-mini", "gpt-4o-mini-2024-07-18"])
def test_the_configuration_has_the_last_word(name: str) -> None:
    provider = f"{{a: {{type: openai, prices: {{{name}: {{input: 1, output: 0}}}}}}}}"
    assert cost(answered("a/gpt-4o-mini", saying("gpt-4o-mini-2024-07-18"), provider)) == 20e-6


def test_tiers_have_prices_of_their_own() -> None:
    """https://openai.com/api-pricing: flex is half of the standard price of gpt-5."""
    standard, flex = (cost(answered("a/gpt-5", saying("gpt-5", service_tier=t))) for t in ("default", "flex"))
    assert standard and flex == pytest.approx(standard / 2)
    assert cost(answered("a/gpt-4o-mini", saying("gpt-4o-mini", service_tier="flex"))) is None


def test_a_picture_is_paid_for_by_tokens_of_its_own() -> None:
    """https://ai.google.dev/gemini-api/docs/pricing: $30 for those of pictures, $2.50 for others."""
    usage = {
        **{"promptTokenCount": 1000, "candidatesTokenCount": 1300, "thoughtsTokenCount": 100},
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
    }
    drawn = {"parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]}
    answer = {"candidates": [{"content": drawn, "finishReason": "STOP"}], "usageMetadata": usage}
    dollars = (1000 * 0.3 + 1290 * 30 + 110 * 2.5) / 1e6
    assert cost(answered("a/gemini-2.5-flash-image", answer, "{a: {type: gemini}}")) == pytest.approx(dollars)


def test_an_error_costs_nothing() -> None:
    chain = Chain("providers: {a: {type: openai}}")
    call, _ = chain.first(a_request(asking("a/gpt-4o-mini")))
    assert cost(call) is None
    chain.answer(call, an_answer(answers.openai_error(), 429))
    assert cost(call) is None


def test_an_attempt_that_failed_before_costs_nothing() -> None:
    text = """
providers: {a: {type: openai}, b: {type: anthropic}}
routes:
  - models: [m]
    backends: [{provider: a, model: gpt-4o}, {provider: b, model: claude-haiku-4-5, priority: 1}]
"""
    chain = Chain(text)
    call, _ = chain.first(a_request(asking("m", MESSAGES), MESSAGES))
    chain.fail(call, Failure("status", "status 500", 500))
    assert cost(call) is None
    chain.answer(call, an_answer(answers.anthropic_message()))
    assert cost(call) == pytest.approx((8 * 1 + 12 * 0.1 + 7 * 5) / 1e6)


def test_a_look_up_is_remembered_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    call = answered("a/gpt-4o-mini", saying("gpt-4o-mini"))
    prices, asked = Prices(lambda: call.config), list[object]()
    monkeypatch.setattr("addons.catalogue.steps", lambda sought, now: asked.append(sought) or ())
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    assert [prices.cost_of(call) for _ in range(3)] == [None, None, None] and len(asked) == 1
    monkeypatch.setattr(time, "time", lambda: now + 60)
    prices.cost_of(call)
    assert len(asked) == 2
