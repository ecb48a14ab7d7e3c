"""Typed fields out of foreign JSON."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.canonical import Json
from translators.errors import BadRequest
from translators.foreign import Record, known, strangers

VALUES: Json = {"text": "x", "flag": True, "integer": 3, "number": 0.5, "object": {"a": 1}, "array": ["x"]}
READERS: dict[str, Callable[[Record], Callable[[str], object]]] = {
    "text": lambda record: record.text,
    "flag": lambda record: record.flag,
    "integer": lambda record: record.integer,
    "number": lambda record: record.number,
    "object": lambda record: record.json,
    "array": lambda record: record.items,
}


@pytest.mark.parametrize("wanted", READERS)
@pytest.mark.parametrize("given_name", VALUES)
def test_only_the_right_type_is_read(wanted: str, given_name: str) -> None:
    record = Record(VALUES, "outer")
    read = READERS[wanted](record)
    if wanted == given_name or (wanted, given_name) == ("number", "integer"):
        assert read(given_name) == VALUES[given_name]
        return
    with pytest.raises(BadRequest) as refused:
        read(given_name)
    assert refused.value.field == f"outer.{given_name}"


@pytest.mark.parametrize("wanted", READERS)
def test_what_is_not_there_is_none_unless_it_must_be(wanted: str) -> None:
    record = Record({"null": None})
    read = READERS[wanted](record)
    for name in ("null", "missing"):
        assert read(name) is None
        with pytest.raises(BadRequest, match=f"{name}: is required"):
            record.must(read, name)


def test_numbers_stay_as_they_were_written() -> None:
    assert repr(Record({"n": 1}).number("n")) == "1"


def test_inside_of_lists_the_index_is_named() -> None:
    record = Record({"a": [{"b": [{}]}, 5]})
    with pytest.raises(BadRequest) as refused:
        record.records("a")
    assert refused.value.field == "a[1]"
    inner = record.must(Record({"a": [{"b": 1}]}).records, "a")
    assert [item.at("b") for item in inner] == ["a[0].b"]
    assert Record({}).records("a") is None


def test_texts_and_words() -> None:
    record = Record({"a": ["x", "y"], "b": ["x", 5], "c": "red"})
    assert record.texts("a") == ("x", "y") and record.texts("z") is None
    with pytest.raises(BadRequest):
        record.texts("b")
    assert record.one_of("c", ("red", "blue")) == record.word("c", ("red", "blue")) == "red"
    assert record.one_of("z", ("red",)) is None
    for read in (record.one_of, record.word):
        with pytest.raises(BadRequest, match="must be one of blue, green"):
            read("c", ("blue", "green"))


TREE = known(["model", "turns[user].parts[].text", "turns[tool].id", "free"])


def test_only_strangers_are_found() -> None:
    body: Any = {
        "model": "m",
        "free": {"anything": [{"goes": 1}]},
        "turns": [{"id": 1, "parts": [{"text": "x", "mood": 0}]}, {"parts": "plain", "when": True}, "x"],
        "null": None,
        "empty": [],
    }
    assert list(strangers(body, TREE)) == [("turns[].parts[].mood", 0), ("turns[].when", True)]


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=2),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["model", "turns", "parts", "id", "free", "text", "x"]), inner)
        ),
    )
)
def test_any_json_can_be_searched(body: Any) -> None:
    assert all(path for path, _ in strangers(body, TREE))
