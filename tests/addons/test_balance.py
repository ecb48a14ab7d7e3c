import random
from collections import Counter

import pytest

from addons.balance import Balance
from addons.config_routes import Backend, Route
from addons.standing import Standing


def a_route(balance: str, *weights: int) -> Route:
    backends = [{"provider": name, "weight": weight} for name, weight in zip("abc", weights, strict=False)]
    return Route.model_validate({"models": ["m"], "balance": balance, "backends": backends})


def choosing(route: Route, standings: dict[str, Standing], times: int) -> Counter[str]:
    """Who is chosen how often, while nothing ever ends."""
    balance, chosen = Balance(lambda: 0.0, random.Random(1)), Counter[str]()

    def standing(backend: Backend) -> Standing | None:
        return standings.get(backend.provider)

    for _ in range(times):
        provider = balance.choose(route, route.backends, standing).provider
        chosen[provider] += 1
        if provider in standings:
            standings[provider].in_flight += 1
    return chosen


def known(**in_flight: int) -> dict[str, Standing]:
    return {name: Standing(name, "m", in_flight=number) for name, number in in_flight.items()}


def test_shares_are_met_exactly() -> None:
    assert choosing(a_route("weight", 3, 2, 1), known(a=50, b=0, c=0), 60) == {"a": 30, "b": 20, "c": 10}


def test_two_routes_that_look_alike_have_shares_of_their_own() -> None:
    balance = Balance(lambda: 0.0, random.Random(1))
    first, second = a_route("weight", 1, 1), a_route("weight", 1, 1)
    for route in (first, second):
        assert balance.choose(route, route.backends, lambda backend: None).provider == "a"


def test_the_fewest_in_flight() -> None:
    assert choosing(a_route("least_in_flight", 1, 1, 1), known(a=5, b=2, c=0), 4) == {"c": 3, "b": 1}


def test_twice_the_weight_may_have_twice_as_many_in_flight() -> None:
    assert choosing(a_route("least_in_flight", 2, 1), known(a=0, b=0), 30) == {"a": 20, "b": 10}


def test_who_is_equally_busy_takes_turns() -> None:
    assert choosing(a_route("least_in_flight", 1, 1), {}, 10) == {"a": 5, "b": 5}


def test_of_two_the_faster() -> None:
    standings = known(a=0, b=0)
    standings["a"].measure(2.0, 0)
    standings["b"].measure(0.1, 0)
    assert choosing(a_route("lowest_latency", 1, 1), standings, 10) == {"b": 10}


def test_the_slowest_of_three_is_never_the_better_of_two() -> None:
    standings = known(a=0, b=0, c=0)
    for name, seconds in (("a", 9.0), ("b", 1e-6), ("c", 1e-6)):
        standings[name].measure(seconds, 0)
    chosen = choosing(a_route("lowest_latency", 1, 1, 1), standings, 100)
    assert "a" not in chosen and min(chosen["b"], chosen["c"]) > 10


def test_who_is_fast_but_busy_is_slow() -> None:
    standings = known(a=0, b=9)
    standings["a"].measure(0.5, 0)
    standings["b"].measure(0.1, 0)
    assert choosing(a_route("lowest_latency", 1, 1), standings, 1) == {"a": 1}


@pytest.mark.parametrize("balance", ["weight", "least_in_flight", "lowest_latency"])
def test_one_alone_is_no_choice(balance: str) -> None:
    assert choosing(a_route(balance, 1), {}, 3) == {"a": 3}
