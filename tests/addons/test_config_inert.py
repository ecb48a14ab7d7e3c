import pytest

from tests.addons.calls import a_config

PROVIDERS = """
providers:
  a: {type: openai}
  b: {type: openai}
  c: {type: openai}
  off: {type: openai, api_key: "${NOT_SET}"}
  slow: {type: openai, timeouts: {first_byte: 20s, total: 20s}}
"""


def warnings(*routes: str, server: str = "{}") -> list[tuple[str, str]]:
    """Key and message of each, without those about the disabled provider; a route is the inside of braces."""
    listed = "\n".join(f"  - {{{route}}}" for route in routes)
    config = a_config(f"server: {server}{PROVIDERS}routes:\n{listed}\n")
    return [(it.key, it.message) for it in config.warnings if "disabled" not in it.message]


BOTH = "models: [m], backends: [{provider: a}, {provider: b}]"
TWO = "models: [m], backends: [{provider: a}, {provider: b, priority: 1}]"
THREE = "models: [m], backends: [{provider: a}, {provider: b}, {provider: c, priority: 4}]"


@pytest.mark.parametrize(
    "route",
    [
        "models: [m], backends: [{provider: a}]",
        BOTH,
        TWO,
        THREE,
        f"{THREE}, retry: {{attempts: 3, per_priority: 1}}",
        f"{THREE}, retry: {{attempts: 2, per_priority: 1}}",
        f"{BOTH}, balance: lowest_latency",
        f"{TWO}, timeouts: {{first_byte: 5s, total: 20s}}",
        "models: [m], backends: [{provider: slow}], retry: {attempts: 1}",
        "models: [m], backends: [{provider: a}, {provider: off, weight: 0}], retry: {attempts: 1}",
    ],
)
def test_what_has_an_effect_is_not_warned_of(route: str) -> None:
    assert warnings(route) == []


@pytest.mark.parametrize(
    ("route", "key", "word"),
    [
        (
            f"{TWO}, retry: {{attempts: 1}}",
            "retry.attempts",
            "no retry ever gets to priority 1: that takes 2",
        ),
        (f"{THREE}, retry: {{attempts: 2}}", "retry.attempts", "priority 4: that takes 3, not 2"),
        (f"{BOTH}, retry: {{attempts: 1}}", "retry.attempts", "no other backend"),
        (f"{BOTH}, retry: {{per_priority: 1}}", "retry.per_priority", "no other backend"),
        (f"{BOTH}, retry: {{on: []}}", "retry.on", "no failure is ever retried"),
        (f"{TWO}, timeouts: {{total: 5s}}", "timeouts", "first_byte (60s) is not over before total (5s)"),
        ("models: [m], backends: [{provider: slow}, {provider: a}]", "timeouts", "while slow says nothing"),
        (f"{TWO}, balance: least_in_flight", "balance", "nothing to choose"),
        (f"{BOTH.replace('b}', 'b, weight: 2}')}, balance: lowest_latency", "balance", "heed weights"),
        ("models: [m], backends: [{provider: a, weight: 0}]", "backends", "answers 503"),
        ("models: [m], backends: [{provider: a}, {provider: b, weight: 0}]", "backends[1].weight", "never"),
    ],
)
def test_what_is_only_on_paper(route: str, key: str, word: str) -> None:
    ((found, message),) = warnings(route)
    assert found == f"routes[0].{key}" and word in message


def test_a_weight_of_nothing_has_a_sense_where_clients_may_ask_by_name() -> None:
    route = "models: [m], backends: [{provider: a}, {provider: b, weight: 0}]"
    assert warnings(route, server="{allow_overrides: [provider]}") == []


def test_a_route_behind_another_that_takes_all_its_models() -> None:
    first = "name: first, models: ['gpt-*', x], backends: [{provider: a}]"
    second = "models: [gpt-4, y, 'gpt-4*', x], backends: [{provider: b}]"
    keys = [key for key, message in warnings(first, second) if "first's already" in message]
    assert keys == [f"routes[1].models[{place}]" for place in (0, 2, 3)]


def test_a_route_with_conditions_takes_nothing_away() -> None:
    first = "models: [x], headers: {x-tenant: acme}, backends: [{provider: a}]"
    assert warnings(first, "models: [x], backends: [{provider: b}]") == []


def test_warnings_are_in_the_order_of_the_file() -> None:
    config = a_config(f"{PROVIDERS}routes:\n  - {{{TWO}, retry: {{attempts: 1}}}}\n  - {{{TWO}}}\n")
    lines = [warning.line for warning in config.warnings]
    assert len(lines) == 3 and lines == sorted(lines)
