import pytest

from addons.call import Call
from addons.prices import cost_usd
from tests.addons.calls import Chain, a_call, a_request, asking
from translators.canonical import Usage

PRICES = "{input: 3, cached_input: 0.3, cache_write: 3.75, output: 15}"


def priced(prices: str, model: str = "m") -> Call:
    text = f"providers: {{a: {{type: openai, prices: {{m: {prices}}}}}}}"
    return Chain(text).first(a_request(asking(f"a/{model}")))[0]


def test_each_kind_of_token_has_its_price() -> None:
    usage = Usage(input=1_000_000, output=100_000, cache_read=200_000, cache_write=300_000)
    assert cost_usd(priced(PRICES), usage) == pytest.approx(0.5 * 3 + 0.2 * 0.3 + 0.3 * 3.75 + 0.1 * 15)


def test_caches_cost_as_input_when_nothing_is_said() -> None:
    usage = Usage(input=1_000_000, output=0, cache_read=200_000, cache_write=300_000)
    assert cost_usd(priced("{input: 3, output: 15}"), usage) == 3


def test_a_price_of_nothing_is_a_price() -> None:
    usage = Usage(input=1_000_000, output=0, cache_read=1_000_000)
    assert cost_usd(priced("{input: 3, cached_input: 0, output: 15}"), usage) == 0


def test_small_sums_are_exact() -> None:
    assert cost_usd(priced("{input: 0.15, output: 0.6}"), Usage(input=1, output=1)) == 0.00000075


@pytest.mark.parametrize("usage", [Usage(), Usage(input=5), Usage(output=5)])
def test_a_cost_is_never_made_up(usage: Usage) -> None:
    assert cost_usd(priced(PRICES), usage) is None


def test_without_a_price_there_is_no_cost() -> None:
    assert cost_usd(priced(PRICES, "other"), Usage(input=5, output=5)) is None
    assert cost_usd(a_call(), Usage(input=5, output=5)) is None


def test_the_price_is_that_of_the_providers_own_name() -> None:
    text = """
providers: {a: {type: openai, prices: {up: {input: 1, output: 1}}}}
routes: [{models: [m], backends: [{provider: a, model: up}]}]
"""
    call, _ = Chain(text).first(a_request(asking("m")))
    assert cost_usd(call, Usage(input=1_000_000, output=0)) == 1
