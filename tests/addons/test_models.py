from datetime import datetime
from typing import Any

import pytest

from addons.models import LARGEST_PAGE, model_answer, models_answer
from tests.addons.calls import a_config
from tests.oracles import check_openai_models_response
from translators.errors import BadRequest

CONFIG = a_config("""
providers: {a: {type: openai}, off: {type: openai, api_key: "${NOT_SET}"}}
routes:
  - {models: [m1, "m-*", m2], owned_by: us, created: 2024-07-18, backends: [{provider: a}]}
  - {models: [hidden], backends: [{provider: off}]}
  - {models: [org/m3, m4, m5], backends: [{provider: a}]}
""")
ALL = ["m1", "m2", "org/m3", "m4", "m5"]
NOBODY = a_config("providers: {a: {type: openai}}")


def page(**query: str) -> tuple[list[str], bool]:
    answer: Any = models_answer("anthropic", query, CONFIG, {})
    ids = [model["id"] for model in answer["data"]]
    assert (answer["first_id"], answer["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
    return ids, answer["has_more"]


def test_openai() -> None:
    answer: Any = models_answer("openai", {}, CONFIG, {})
    assert check_openai_models_response(answer) == []
    assert answer["data"][0] == {"id": "m1", "object": "model", "created": 1721260800, "owned_by": "us"}


def test_only_what_somebody_can_serve_is_listed() -> None:
    assert page()[0] == ALL
    assert models_answer("openai", {}, NOBODY, {})["data"] == []


BY_HEADER = a_config("""
providers: {a: {type: openai}, demo: {type: demo}, off: {type: openai, api_key: "${NOT_SET}"}}
server: {allow_direct: true}
routes:
  - {models: [m1, m2], headers: {x-team: red}, owned_by: red, backends: [{provider: a}]}
  - {models: [m2, "demo/t*"], owned_by: all, backends: [{provider: a}]}
  - {models: [gone, "demo/j*"], backends: [{provider: off}]}
  - {models: [gone], owned_by: late, backends: [{provider: a}]}
""")


@pytest.mark.parametrize(
    ("headers", "owners"),
    [
        ({}, {"m2": "all"}),
        ({"x-team": "blue"}, {"m2": "all"}),
        ({"x-team": "red"}, {"m1": "red", "m2": "red"}),
    ],
)
def test_what_a_client_could_not_call_is_not_listed(headers: dict[str, str], owners: dict[str, str]) -> None:
    told: Any = models_answer("openai", {}, BY_HEADER, headers)
    direct = {f"demo/{name}": "dragoman" for name in ("hello", "tools", "thinking", "slow")}
    assert {model["id"]: model["owned_by"] for model in told["data"]} == owners | direct
    for model in told["data"]:
        route = BY_HEADER.route_for(model["id"], headers)
        assert route and route.backends
        assert model_answer("openai", model["id"], BY_HEADER, headers) == model
    if "m1" not in owners:
        with pytest.raises(LookupError):
            model_answer("openai", "m1", BY_HEADER, headers)


def test_anthropic() -> None:
    model = model_answer("anthropic", "m1", CONFIG, {})
    assert model | {"created_at": ""} == {"id": "m1", "type": "model", "display_name": "m1", "created_at": ""}
    assert datetime.fromisoformat(str(model["created_at"])).year == 2024
    assert models_answer("anthropic", {}, NOBODY, {}) == {
        "data": [],
        "has_more": False,
        "first_id": None,
        "last_id": None,
    }


@pytest.mark.parametrize(
    ("query", "ids", "more"),
    [
        ({}, ALL, False),
        ({"limit": "2"}, ALL[:2], True),
        ({"limit": "5"}, ALL, False),
        ({"limit": "2", "after_id": "m2"}, ALL[2:4], True),
        ({"limit": "2", "after_id": "org/m3"}, ALL[3:], False),
        ({"after_id": "m5"}, [], False),
        ({"after_id": "nope"}, [], False),
        ({"limit": "2", "before_id": "m4"}, ALL[1:3], True),
        ({"limit": "2", "before_id": "org/m3"}, ALL[:2], False),
        ({"before_id": "m1"}, [], False),
        ({"before_id": "nope"}, [], False),
    ],
)
def test_pages(query: dict[str, str], ids: list[str], more: bool) -> None:
    assert page(**query) == (ids, more)


def test_page_by_page_they_all_come_once() -> None:
    seen, more = page(limit="2")
    while more:
        ids, more = page(limit="2", after_id=seen[-1])
        seen += ids
    assert seen == ALL


@pytest.mark.parametrize(
    "limit", ["0", "-1", "x", "", "1.5", str(LARGEST_PAGE + 1), "\u0663", "\u00b2", "9" * 5000]
)
def test_limits(limit: str) -> None:
    with pytest.raises(BadRequest, match="limit"):
        page(limit=limit)


def test_one_model() -> None:
    assert model_answer("openai", "m4", CONFIG, {})["id"] == "m4"
    found = [model_answer("openai", name, CONFIG, {}) for name in ("org/m3", "org%2Fm3")]
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["nope", "m-x", "hidden", "M1", "%0d%0a", "x" * 5000])
def test_a_model_that_there_is_not(name: str) -> None:
    with pytest.raises(LookupError) as missing:
        model_answer("anthropic", name, CONFIG, {})
    message = str(missing.value.args[0])
    assert "/anthropic/v1/models" in message and len(message) < 400 and message.isprintable()
