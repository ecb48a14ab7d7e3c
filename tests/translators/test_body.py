"""Bodies: read so that no two readers could disagree, and edited without touching another byte."""

import json
import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.body import Body, parse
from translators.errors import BadRequest

TEXTS = st.text('a"\\\\{}[],: \n\u00fc\U0001f30d\x7f', max_size=5)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(["model", "stream", "a", "b", "", 'quo"te', "back\\slash", "ünï", "{", ",", ":"])
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=6)
SPACES = st.text(" \t\r\n", max_size=3)


@st.composite
def spelled(draw: st.DrawFn) -> tuple[dict[str, Any], bytes]:
    """An object and one of the many ways to write it down."""
    value = draw(OBJECTS)
    members = []
    for key, inner in value.items():
        ascii_only = draw(st.booleans())
        pieces = (json.dumps(key, ensure_ascii=ascii_only), ":", json.dumps(inner, ensure_ascii=ascii_only))
        members.append("".join(draw(SPACES) + piece for piece in pieces) + draw(SPACES))
    text = draw(SPACES) + "{" + (",".join(members) or draw(SPACES)) + "}" + draw(SPACES)
    return value, text.encode()


def reason(raw: bytes) -> str:
    with pytest.raises(BadRequest) as refused:
        parse(raw)
    return str(refused.value)


# Edits


@given(spelled(), OBJECTS, st.sets(KEYS))
def test_an_edit_means_what_it_says(
    body: tuple[dict[str, Any], bytes], changes: dict[str, Any], removed: set[str]
) -> None:
    value, raw = body
    gone = removed - changes.keys()
    wanted = {key: inner for key, inner in value.items() if key not in gone} | changes
    edited = parse(raw).edited(changes, removed)
    assert json.loads(edited) == wanted
    assert list(json.loads(edited)) == list(wanted), "members stay in their order, and new ones come last"


@given(spelled(), OBJECTS, st.sets(KEYS))
def test_an_edited_body_can_be_read_and_edited_again(
    body: tuple[dict[str, Any], bytes], changes: dict[str, Any], removed: set[str]
) -> None:
    again = parse(parse(body[1]).edited(changes, removed))
    assert again.edited(changes, removed) == again.raw


@given(spelled(), OBJECTS, st.sets(KEYS))
def test_every_member_that_is_not_edited_keeps_its_bytes(
    body: tuple[dict[str, Any], bytes], changes: dict[str, Any], removed: set[str]
) -> None:
    before, after = parse(body[1]), parse(parse(body[1]).edited(changes, removed))
    kept = before.json.keys() - changes.keys() - removed
    assert {key: text for key, text in values(before).items() if key in kept} == {
        key: text for key, text in values(after).items() if key in kept
    }


def values(body: Body) -> dict[str, str]:
    """The text of each member's value."""
    text, decoder, found = body.raw.decode(), json.JSONDecoder(), dict[str, str]()
    at = text.index("{") + 1
    while key := re.compile(r'[\s,]*(?=")').match(text, at):
        name, colon = decoder.raw_decode(text, key.end())
        start = re.compile(r"\s*:\s*").match(text, colon)
        assert start
        at = decoder.raw_decode(text, start.end())[1]
        found[name] = text[start.end() : at]
    return found


@given(spelled())
def test_an_edit_that_changes_nothing_is_the_very_same_bytes(body: tuple[dict[str, Any], bytes]) -> None:
    value, raw = body
    assert parse(raw).edited(value, {"not there"}) is raw
    assert parse(raw).edited({}) is raw


@pytest.mark.parametrize(
    ("raw", "changes", "removed", "edited"),
    [
        (b"{}", {"a": 1}, (), b'{"a":1}'),
        (b" { } ", {"a": 1}, (), b' {"a":1 } '),
        (b'{"model": "x", "n" : 1e2 }', {"model": "y"}, (), b'{"model": "y", "n" : 1e2 }'),
        (b'{"a":1,"b":2,"c":3}', {}, ("a",), b'{"b":2,"c":3}'),
        (b'{"a":1,"b":2,"c":3}', {}, ("b",), b'{"a":1,"c":3}'),
        (b'{"a":1,"b":2,"c":3}', {}, ("c",), b'{"a":1,"b":2}'),
        (b'{"a":1,"b":2,"c":3}', {}, ("a", "b"), b'{"c":3}'),
        (b'{"a":1}', {"b": 2}, ("a",), b'{"b":2}'),
        (b'{"m\\u006fdel":"x","y":"\\u00fc"}', {"model": "z"}, (), b'{"m\\u006fdel":"z","y":"\\u00fc"}'),
        (b'{"a":1}', {"a": 2}, ("a",), b'{"a":2}'),  # what is set wins
        (b'{"a":"x","b":"{\\"a\\":1}"}', {"a": None}, (), b'{"a":null,"b":"{\\"a\\":1}"}'),
    ],
)
def test_edits_byte_for_byte(raw: bytes, changes: Any, removed: tuple[str, ...], edited: bytes) -> None:
    assert parse(raw).edited(changes, removed) == edited


@pytest.mark.parametrize(
    ("raw", "change"), [(b'{"a":1}', True), (b'{"a":0}', False), (b'{"a":true}', 1), (b'{"a":[1]}', [True])]
)
def test_true_is_not_one(raw: bytes, change: Any) -> None:
    assert json.dumps(json.loads(parse(raw).edited({"a": change}))["a"]) == json.dumps(change)


def test_numbers_that_a_float_can_not_hold_stay_as_they_were_written() -> None:
    raw = b'{"seed":12345678901234567890,"t":0.1000000000000000055511151231257827,"model":"x"}'
    assert parse(raw).edited({"model": "y"}) == raw.replace(b'"x"', b'"y"')


# What is refused


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        b'{"model":"a"',
        b'{"model":"a"} {}',
        b"{'model':'a'}",
        b'{"a":1,}',
        b'{"a":1 "b":2}',
        b'{"a":01}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e400}',
        b'{"a":[-1e999]}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\udc00\\ud800"}',
        b'{"\\ud800":1}',
        b'{"a":"\xff"}',
        b'{"a":"\xc0\xaf"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\n"}',
        b'{"a":"\x00"}',
        b'{"a":1}\x00',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":1} // comment',
    ],
)
def test_what_is_not_json(raw: bytes) -> None:
    assert reason(raw).startswith("The request body is not valid JSON")


@pytest.mark.parametrize("raw", [b"[]", b'"a"', b"1", b"null", b"true"])
def test_what_is_no_object(raw: bytes) -> None:
    assert reason(raw) == "The request body must be a JSON object."


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"model":"x","model":"y"}',
        b'{"model":"x","model":"x"}',
        b'{"model":"x","m\\u006fdel":"y"}',
        b'{"model":"x","a":{"model":1},"model":null}',
    ],
)
def test_keys_that_come_twice(raw: bytes) -> None:
    assert reason(raw) == "model: is given twice"


def test_the_same_key_further_down_is_no_matter_of_ours() -> None:
    assert parse(b'{"model":"x","a":{"model":1},"b":{"model":2}}').json["model"] == "x"


@pytest.mark.parametrize("depth", [100, 250, 500, 900, 990, 1000, 1020, 1100, 5_000, 100_000, 1_000_000])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth(depth: int, start: bytes, end: bytes) -> None:
    """As deep as it may be, it is read or refused: never a crash."""
    raw = b'{"a":' + start * depth + b"1" + end * depth + b"}"
    try:
        body = parse(raw)
    except BadRequest as error:
        assert depth > 250, error
    else:
        assert body.edited({"b": 1}) == raw[:-1] + b',"b":1}'


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_garbage_is_refused_and_nothing_else(raw: bytes) -> None:
    try:
        body = parse(raw)
    except BadRequest:
        return
    assert body.json == orjson.loads(raw)


def test_a_refusal_does_not_quote_the_body() -> None:
    assert "canary" not in reason(b'{"key": "canary-secret')
