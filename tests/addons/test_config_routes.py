import pytest
from pydantic import ValidationError

from addons.config_routes import Retry, Route


def route(**options: object) -> Route:
    return Route.model_validate({"models": ["m"], "backends": [{"provider": "a"}]} | options)


@pytest.mark.parametrize(
    ("pattern", "model", "matches"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-*", "gpt-4o", True),
        ("gpt-*", "GPT-4o", False),
        ("*/m", "a/b/m", True),
        ("gpt-?", "gpt-4o", False),
        ("gpt-[45]", "gpt-5", True),
        ("gpt.4", "gpt-4", False),
    ],
)
def test_models_are_names_or_globs(pattern: str, model: str, matches: bool) -> None:
    assert route(models=["other", pattern]).serves(model) is matches


def test_all_header_conditions_must_hold() -> None:
    found = route(headers={"X-Tenant": "acme", "x-tier": {"regex": "^g"}})
    assert found.accepts({"x-tenant": "acme", "x-tier": "gold"})
    assert not found.accepts({"x-tenant": "acme", "x-tier": "big"})
    assert not found.accepts({"x-tenant": "acme2", "x-tier": "gold"})
    assert not found.accepts({"x-tenant": "acme"})


def test_conditions_and_edits_stand_side_by_side() -> None:
    headers = route(headers={"x-a": "1", "set": {"x-b": "2"}, "remove": ["x-c"]}).headers
    assert list(headers.match) == ["x-a"]
    assert headers.set == {"x-b": "2"}
    assert headers.remove == ("x-c",)


def test_a_header_may_be_called_set() -> None:
    assert route(headers={"set": "1"}).accepts({"set": "1"})


@pytest.mark.parametrize("headers", [{"x-a": {}}, {"x-a": {"regex": "a", "exact": "a"}}, {"a b": "c"}])
def test_conditions_of_no_known_form(headers: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        route(headers=headers)


def test_only_exact_names_are_listed() -> None:
    assert route(models=["a", "b-*", "c?", "d[1]", "e"]).exact_models == ("a", "e")


def test_a_route_without_a_name_has_its_first_models() -> None:
    assert route().name == "m"
    assert route(name="x").name == "x"


def test_attempts_are_as_many_as_backends_but_two_at_least() -> None:
    assert route().attempts == 2
    assert route(backends=[{"provider": name} for name in "abc"]).attempts == 3
    assert route(retry={"attempts": 1}).attempts == 1


@pytest.mark.parametrize(
    ("on", "status", "matches"),
    [
        (["5xx"], 503, True),
        (["5xx"], 499, False),
        (["429"], 429, True),
        (["429"], 428, False),
        ([], 500, False),
        (["connect"], 500, False),
        (["4xx"], 404, True),
    ],
)
def test_statuses_that_are_retried(on: list[str], status: int, matches: bool) -> None:
    assert Retry.model_validate({"on": on}).matches_status(status) is matches


def test_what_is_retried_where_nothing_is_said() -> None:
    assert [status for status in (200, 400, 408, 429, 500, 529) if Retry().matches_status(status)] == [
        429,
        500,
        529,
    ]
    assert {"connect", "reset", "timeout"} < set(Retry().on)


@pytest.mark.parametrize("cause", ["200", "6xx", "5XX", "never", ""])
def test_causes_of_no_known_form(cause: str) -> None:
    with pytest.raises(ValidationError, match="must be connect, reset"):
        Retry.model_validate({"on": [cause]})
