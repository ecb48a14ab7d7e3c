import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.cases.structure import (
    ABSENT,
    Difference,
    Event,
    body_differences,
    differences,
    events,
    stream_differences,
)
from translators import sse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("recorded", "now", "expected"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, [("x.a.b[1]", 2, 3)]),
        ({"a": 1}, {"a": 1, "b": None}, [("x.b", ABSENT, None)]),
        ([1, 2], [1], [("x[1]", 2, ABSENT)]),
        ({"not a name": 1}, {"not a name": 2}, [('x["not a name"]', 1, 2)]),
        ({"a": True}, {"a": 1}, [("x.a", True, 1)]),
        ({"a": [0]}, {"a": {"0": 0}}, [("x.a", [0], {"0": 0})]),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}, []),
    ],
)
def test_differences_have_paths(recorded: Any, now: Any, expected: list[Any]) -> None:
    assert list(differences("x", recorded, now)) == [Difference(*each) for each in expected]


@given(JSON)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert list(differences("x", value, value)) == []


@given(JSON, JSON)
def test_what_is_written_alike_and_only_that_does_not_differ(one: Any, other: Any) -> None:
    alike = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    found = list(differences("x", one, other))
    assert not (alike and found)
    assert found or one == other  # (1 and 1.0 are written differently, and equal)


def test_bodies_by_structure_or_as_they_are() -> None:
    assert not list(body_differences("x", b'{"a": 1, "b": 2}', b'{"b":2,"a":1}'))
    assert list(body_differences("x", b'{"a": 1}', b'{"a": 2}')) == [Difference("x.a", 1, 2)]
    assert list(body_differences("x", b"\xff", b"{}")) == [Difference("x", "\ufffd", "{}")]
    assert list(body_differences("x", b"", b"{}")) == [Difference("x", "", "{}")]


def test_events_without_comments_and_without_an_unfinished_one() -> None:
    stream = b': hi\n\nevent: a\ndata: {"x": 1}\n\ndata: [DONE]\n\ndata: {"cut'
    assert events(stream) == [Event("a", {"x": 1}), Event("", "[DONE]")]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ([Event("a", {"x": 1}), Event("b", {"y": 2})], []),
        ([Event("a", {"x": 2}), Event("b", {"y": 3})], [Difference("s, event 1 (a): x", 1, 2)]),
        ([Event("c", {"x": 1}), Event("b", {"y": 3})], [Difference("s, event 1 (a), name", "a", "c")]),
        ([Event("a", {"x": 1})], [Difference("s, event 2 (b)", {"y": 2}, ABSENT)]),
        (
            [Event("a", {"x": 1}), Event("b", {"y": 2}), Event("", "[DONE]")],
            [Difference("s, event 3", ABSENT, "[DONE]")],
        ),
    ],
)
def test_the_first_event_that_differs(now: list[Event], expected: list[Difference]) -> None:
    recorded = [Event("a", {"x": 1}), Event("b", {"y": 2})]
    assert list(stream_differences("s", recorded, now)) == expected


@given(st.lists(JSON.filter(lambda value: value != ""), max_size=5))
def test_events_are_read_as_they_are_written(values: list[Any]) -> None:
    stream = b"".join(sse.encode(json.dumps(value).encode()) for value in values)
    assert [event.data for event in events(stream)] == values
