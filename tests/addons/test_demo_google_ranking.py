"""The embedded provider ranks records as Google Cloud does."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.addons.demo_server import ask, running_demo

PATH = "/v1/projects/p/locations/global/rankingConfigs/default_ranking_config:rank"
RECORDS = [
    {"id": "whale", "content": "a blue whale"},
    {"id": "fox", "title": "the quick", "content": "red fox"},
    {"id": "car", "title": "a red car"},
]
ASKED: dict[str, Any] = {"query": "the red fox", "records": RECORDS}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


def ranked(port: int, **more: Any) -> list[Any]:
    status, _, body = ask(port, PATH, {**ASKED, **more})
    assert status == 200
    told: list[Any] = json.loads(body)["records"]
    return told


def test_the_nearest_comes_first(port: int) -> None:
    told = ranked(port)
    assert [each["id"] for each in told] == ["fox", "car", "whale"]
    scores = [each["score"] for each in told]
    assert scores == sorted(scores, reverse=True) and all(0 <= score <= 1 for score in scores)
    assert {**told[0], "score": 0} == {**RECORDS[1], "score": 0}


@pytest.mark.parametrize(("most", "count"), [(1, 1), (2, 2), (9, 3), (0, 3), (-1, 3)])
def test_how_many_are_told(port: int, most: int, count: int) -> None:
    assert len(ranked(port, topN=most)) == count


def test_details_may_be_left_out(port: int) -> None:
    assert all(each.keys() == {"id", "score"} for each in ranked(port, ignoreRecordDetailsInResponse=True))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"records": []}, "records must hold"),
        ({"records": [RECORDS[0]] * 201}, "records must hold"),
        ({"records": [{"id": "a"}]}, "a title or a content"),
        ({"documents": ["a"]}, 'Unknown name "documents"'),
    ],
)
def test_what_is_no_request_is_an_error_of_googles(port: int, more: Any, said: str) -> None:
    status, _, body = ask(port, PATH, {**ASKED, **more})
    error = json.loads(body)["error"]
    assert (status, error["status"]) == (400, "INVALID_ARGUMENT") and said in error["message"]


def test_what_is_no_json_is_an_error_too(port: int) -> None:
    assert ask(port, PATH, b"{")[0] == 400
    assert ask(port, PATH, [])[0] == 400
