"""Embeddings as OpenAI and its kin have them: what is read, refused, written, and told."""

import base64
import struct
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.embedding_create_params import EmbeddingCreateParams

from tests import oracles
from translators import TARGETS
from translators.body import parse
from translators.canonical import (
    Data,
    Done,
    Embedded,
    EmbeddingRequest,
    Failed,
    Image,
    Input,
    Json,
    Started,
    Text,
    Tokens,
    Url,
    Usage,
    Used,
)
from translators.errors import BadRequest, BadUpstream, Unsupported
from translators.openai_embeddings import Embeddings
from translators.translator import Translator
from translators.vectors import packed, unpacked

PNG = "iVBORw0KGgo="
DIALECT = Embeddings()


def read(**fields: Any) -> EmbeddingRequest:
    return DIALECT.read_request({"model": "m", **fields})


def test_every_field_of_the_sdk_has_a_row() -> None:
    assert {*EmbeddingCreateParams.__annotations__} <= {*DIALECT.READS}


@pytest.mark.parametrize(
    ("given", "inputs"),
    [
        ("a", [Input((Text("a"),))]),
        (["a", "b"], [Input((Text("a"),)), Input((Text("b"),))]),
        ([1, 2], [Input((Tokens([1, 2]),))]),
        ([[1], [2, 3]], [Input((Tokens([1]),)), Input((Tokens([2, 3]),))]),
        ({"content": "a"}, [Input((Text("a"),))]),
        (
            [{"content": "a", "task_type": "RETRIEVAL_QUERY"}, "b"],
            [Input((Text("a"),), "query"), Input((Text("b"),))],
        ),
        (
            [{"content": ["a", "b"], "task_type": "RETRIEVAL_DOCUMENT", "title": "t"}],
            [Input((Text("a"), Text("b")), "document", "t")],
        ),
        ([{"text": "a"}, {"image": PNG}], [Input((Text("a"),)), Input((Image(Data("image/png", PNG)),))]),
        ([{"image": "https://x.test/a.png"}], [Input((Image(Url("https://x.test/a.png")),))]),
    ],
)
def test_inputs(given: Any, inputs: list[Input]) -> None:
    assert read(input=given).inputs == tuple(inputs)


def test_messages_are_one_input() -> None:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}}
    messages = [
        {"role": "user", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": "b"}, picture]},
    ]
    parts = (Text("a"), Text("b"), Image(Data("image/png", PNG), "low"))
    assert read(messages=messages).inputs == (Input(parts),)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "input"),
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": [None]}, "input[0]"),
        ({"input": ["a", 5]}, "input[1]"),
        ({"input": [1, "a"]}, "input[0]"),
        ({"input": [1, 2.5]}, "input[1]"),
        ({"input": [[]]}, "input[0]"),
        ({"input": [["a"]]}, "input[0]"),
        ({"input": [[True]]}, "input[0]"),
        ({"input": [{}]}, "input[0].content"),
        ({"input": {"content": 5}}, "input.content"),
        ({"input": [{"image": "?"}]}, "input[0].image"),
        ({"input": "a", "messages": [{"role": "user", "content": "a"}]}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [5]}, "messages[0]"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"content": "a"}]}, "messages[0].role"),
        ({"input": "a", "dimensions": "256"}, "dimensions"),
        ({"input": "a", "dimensions": 0}, "dimensions"),
        ({"input": "a", "dimensions": 5, "output_dimension": 6}, "output_dimension"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format"),
        ({"input": "a", "encoding_format": 5}, "encoding_format"),
        ({"input": "a", "task_type": "CLUSTERING", "input_type": "query"}, "task_type"),
        ({"input": "a", "truncate": "MIDDLE"}, "truncate"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": "a", "auto_truncate": 1}, "auto_truncate"),
    ],
)
def test_nonsense_is_refused(fields: Json, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read(**fields)
    assert refused.value.field == field


def test_only_users_are_embedded() -> None:
    with pytest.raises(Unsupported, match="role"):
        read(messages=[{"role": "system", "content": "a"}])
    with pytest.raises(Unsupported, match="type"):
        read(messages=[{"role": "user", "content": [{"type": "input_audio"}]}])


@pytest.mark.parametrize(
    ("field", "word", "purpose"),
    [
        ("input_type", "query", "query"),
        ("input_type", "search_document", "document"),
        ("input_type", "image", None),
        ("task_type", "SEMANTIC_SIMILARITY", "similarity"),
        ("task", "retrieval.passage", "document"),
        ("task", "separation", "clustering"),
    ],
)
def test_purposes_of_all_vendors(field: str, word: str, purpose: str | None) -> None:
    request = read(input="a", **{field: word})
    assert request.purpose == purpose and not request.opaque


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("auto_truncate", True, "end"),
        ("auto_truncate", False, "none"),
        ("truncate", "START", "start"),
        ("truncate", "RIGHT", "end"),
        ("truncate", True, "end"),
        ("truncation", False, "none"),
    ],
)
def test_where_to_cut(field: str, value: Any, where: str) -> None:
    assert read(input="a", **{field: value}).truncate == where


def test_what_nobody_knows_is_kept_apart() -> None:
    told = [opaque.field for opaque in read(input="a", task="nonsense", late_chunking=True, odd=1).opaque]
    assert sorted(told) == ["late_chunking", "odd", "task"]


@pytest.mark.parametrize(
    "body",
    [
        {"model": "m", "input": "a"},
        {"model": "m", "input": ["a", "b"], "dimensions": 5, "encoding_format": "base64", "user": "u"},
        {"model": "m", "input": [1, 2]},
        {"model": "m", "input": [[1, 2], [3]]},
    ],
)
def test_what_is_read_is_written(body: Json) -> None:
    written = DIALECT.write_request(DIALECT.read_request(body))
    assert written == ({**body, "input": [[1, 2]]} if body["input"] == [1, 2] else body)
    assert oracles.check_type(EmbeddingCreateParams, written) == []


def test_extensions_are_written() -> None:
    body: Json = {
        "model": "m",
        "input": [{"content": [{"type": "text", "text": "a"}], "task_type": "query", "title": "t"}],
        "input_type": "document",
        "truncate": "END",
        "odd": {"a": 1},
    }
    assert DIALECT.write_request(DIALECT.read_request(body)) == body
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    shown: Json = {"model": "m", "messages": [{"role": "user", "content": [picture]}]}  # type: ignore[list-item]
    assert DIALECT.write_request(DIALECT.read_request(shown)) == shown


# --- the answer -------------------------------------------------------------------------------------

ANSWER: Json = {
    "object": "list",
    "data": [
        {"object": "embedding", "index": 0, "embedding": [0.5, -1.0]},
        {"object": "embedding", "index": 1, "embedding": "AAAAPwAAgL8="},
    ],
    "model": "m",
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}


def test_answers_are_read_and_written() -> None:
    events = DIALECT.read_response(ANSWER)
    assert events == [
        Started("", "m"),
        Used(Usage(input=3)),
        Embedded(0, [0.5, -1.0]),
        Embedded(1, "AAAAPwAAgL8="),
        Done(),
    ]
    assert DIALECT.write_response(events, created=1) == ANSWER
    assert oracles.check_openai_embeddings_response(DIALECT.write_response(events, created=1)) == []
    assert DIALECT.read_response({"error": {"message": "m"}}) == [Failed("server", "m")]


def test_what_was_cut_is_told_and_what_was_not_counted_is_not() -> None:
    body = DIALECT.write_response([Started("", "m"), Embedded(0, [1.0], True), Done()], created=1)
    assert body["data"] == [{"object": "embedding", "index": 0, "embedding": [1.0], "truncated": True}]
    assert "usage" not in body


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=20))
def test_base64_is_of_32_bits(vector: list[float]) -> None:
    assert base64.b64decode(packed(vector)) == struct.pack(f"<{len(vector)}f", *vector)
    assert unpacked(packed(vector)) == vector


@pytest.mark.parametrize("text", ["?", "AAA=", "AAAA"])
def test_what_is_no_vector(text: str) -> None:
    with pytest.raises(BadUpstream):
        unpacked(text)
    with pytest.raises(BadUpstream):
        packed([1e300])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(
    st.sampled_from(["input", "messages", "dimensions", "encoding_format", "task", "title", "truncate"]), JSON
)


@given(FIELDS, st.sampled_from([name for name, target in TARGETS.items() if target.KIND == "embeddings"]))
def test_garbage_is_refused(body: Any, target: str) -> None:
    made = Translator(DIALECT, TARGETS[target])
    made.identity = False
    with suppress(BadRequest, Unsupported):
        made.request(parse(orjson.dumps({**body, "model": "m"})), "m")


@given(JSON, st.sampled_from([name for name, target in TARGETS.items() if target.KIND == "embeddings"]))
def test_answers_of_garbage_are_refused(answer: Any, target: str) -> None:
    made = Translator(DIALECT, TARGETS[target])
    made.identity = False
    made.request(parse(b'{"model": "m", "input": "a"}'), "m")
    with pytest.raises(BadUpstream):
        made.response(orjson.dumps(answer), 1)
