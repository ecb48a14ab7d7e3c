"""Embeddings of every provider: what clients of OpenAI's API ask for there, and what they are told."""

import base64
import struct
from typing import Any

import orjson
import pytest
from cohere.types import EmbedByTypeResponse
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from tests import oracles
from translators import SPOKEN, TARGETS
from translators.body import parse
from translators.canonical import Json
from translators.errors import BadUpstream, Declined, Unsupported
from translators.translator import Outgoing, Translator
from translators.vectors import around

PNG = "iVBORw0KGgo="


def translator(target: str) -> Translator:
    return Translator(SPOKEN["openai_embeddings"], TARGETS[target])


def asked(target: str, **fields: Any) -> tuple[list[Json], Outgoing]:
    """What a provider is asked, one request after the other."""
    outgoing = translator(target).request(parse(orjson.dumps({"model": "m", **fields})), "up")
    return [orjson.loads(body) for body in (outgoing.body, *outgoing.rest)], outgoing


@pytest.mark.parametrize(
    ("target", "body"),
    [
        (
            "cohere_embed",
            {"model": "up", "input_type": "search_query", "texts": ["a", "b"], "output_dimension": 256}
            | {"embedding_types": ["float"]},
        ),
        ("bedrock_titan_embed_v2", {"inputText": "a", "dimensions": 256}),
        ("bedrock_titan_embed_image", {"inputText": "a", "embeddingConfig": {"outputEmbeddingLength": 256}}),
        (
            "bedrock_cohere_embed_v4",
            {"input_type": "search_query", "texts": ["a", "b"], "output_dimension": 256}
            | {"embedding_types": ["float"]},
        ),
        (
            "bedrock_nova_embed",
            {
                "schemaVersion": "nova-multimodal-embed-v1",
                "taskType": "SINGLE_EMBEDDING",
                "singleEmbeddingParams": {
                    "embeddingPurpose": "GENERIC_RETRIEVAL",
                    "embeddingDimension": 256,
                    "text": {"truncationMode": "NONE", "value": "a"},
                },
            },
        ),
        (
            "vertex_predict_embed",
            {
                "instances": [
                    {"content": "a", "task_type": "RETRIEVAL_QUERY"},
                    {"content": "b", "task_type": "RETRIEVAL_QUERY"},
                ],
                "parameters": {"outputDimensionality": 256},
            },
        ),
        (
            "vertex_predict_embed_one",
            {
                "instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}],
                "parameters": {"outputDimensionality": 256},
            },
        ),
        (
            "vertex_predict_embed_image",
            {"instances": [{"text": "a"}], "parameters": {"dimension": 256}},
        ),
        (
            "vertex_embed_content",
            {
                "content": {"parts": [{"text": "a"}]},
                "embedContentConfig": {"taskType": "RETRIEVAL_QUERY", "outputDimensionality": 256},
            },
        ),
        (
            "gemini_embed",
            {
                "requests": [
                    {
                        "model": "models/up",
                        "content": {"parts": [{"text": text}]},
                        "taskType": "RETRIEVAL_QUERY",
                        "outputDimensionality": 256,
                    }
                    for text in "ab"
                ]
            },
        ),
    ],
)
def test_what_each_is_asked(target: str, body: Json) -> None:
    bodies, outgoing = asked(
        target, input=["a", "b"], dimensions=256, input_type="query", encoding_format="float"
    )
    assert bodies[0] == body
    assert len(bodies) == (2 if TARGETS[target].MOST == 1 else 1)
    purposeless = "titan" in target or target == "vertex_predict_embed_image"
    assert outgoing.dropped == (("input_type",) if purposeless else ())


def test_the_older_models_have_one_size() -> None:
    assert asked("bedrock_titan_embed_v1", input="a", dimensions=1536)[0] == [{"inputText": "a"}]
    for target in ("bedrock_titan_embed_v1", "bedrock_cohere_embed_v3"):
        with pytest.raises(Unsupported, match="dimensions"):
            asked(target, input="a", dimensions=256)
    (body,), _ = asked("bedrock_cohere_embed_v3", input="a", truncate="START")
    assert body == {
        "input_type": "search_document",
        "texts": ["a"],
        "truncate": "START",
        "embedding_types": ["float"],
    }


EVERY = [
    name for name, target in TARGETS.items() if target.KIND == "embeddings" and name != "openai_embeddings"
]


@pytest.mark.parametrize("target", EVERY)
def test_nobody_else_takes_tokens(target: str) -> None:
    for ids in ([1, 2], [[1], [2]]):
        with pytest.raises(Unsupported) as refused:
            asked(target, input=ids)
        assert refused.value.meaning == "input[]"


@pytest.mark.parametrize("target", EVERY)
def test_what_is_left_out_is_listed(target: str) -> None:
    _, outgoing = asked(target, input="a", user="me", odd=1, normalized=True, late_chunking=False)
    assert outgoing.dropped == ("user", "odd")
    with pytest.raises(Unsupported, match="late_chunking"):
        asked(target, input="a", late_chunking=True)


@pytest.mark.parametrize("target", EVERY)
def test_batches_are_as_large_as_they_may_be(target: str) -> None:
    most = TARGETS[target].MOST
    assert most
    bodies, _ = asked(target, input=[f"text {number}" for number in range(2 * most + 1)])
    assert len(bodies) == 3
    said = b"".join(orjson.dumps(body) for body in bodies)
    assert said.index(b"text 0") < said.index(f"text {2 * most}".encode())


def test_each_input_may_have_its_own_task() -> None:
    given = [
        {"content": "a", "task_type": "RETRIEVAL_DOCUMENT", "title": "t"},
        {"content": "b", "task_type": "RETRIEVAL_QUERY"},
    ]
    (written,), _ = asked("vertex_predict_embed", input=given, auto_truncate=False)
    assert written == {"instances": given, "parameters": {"autoTruncate": False}}
    with pytest.raises(Unsupported, match=r"input\[\].task_type"):
        asked("cohere_embed", input=given)
    (written,), _ = asked("vertex_predict_embed", input=given, task_type="CLUSTERING")
    instances: Any = written["instances"]
    assert [each["task_type"] for each in instances] == ["CLUSTERING"] * 2


def test_googles_own_library_writes_the_same() -> None:
    config = types.EmbedContentConfig(task_type="RETRIEVAL_QUERY", title="t", output_dimensionality=8)
    (written,), _ = asked("gemini_embed", input="a", task_type="RETRIEVAL_QUERY", title="t", dimensions=8)
    requests: Any = written["requests"]
    assert types.Content.model_validate(requests[0].pop("content")).parts == [types.Part(text="a")]
    assert requests[0].pop("model") == "models/up"
    assert types.EmbedContentConfig.model_validate(requests[0]) == config
    (written,), _ = asked(
        "vertex_embed_content", input="a", task_type="RETRIEVAL_QUERY", title="t", dimensions=8
    )
    assert types.EmbedContentConfig.model_validate(written["embedContentConfig"]) == config


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["embedding", "model", 'a"embedding', "data"])
    return st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)


def without(value: Any) -> Any:
    """What is beside lists that are called as vectors are."""
    if isinstance(value, list):
        return [*map(without, value)]
    if isinstance(value, dict):
        return {
            name: None if name.endswith("embedding") and isinstance(told, list) else without(told)
            for name, told in value.items()
        }
    return value


# --- answers ----------------------------------------------------------------------------------------

VECTOR = [0.5, -1.0]
COHERE: Json = {
    "id": "x",
    "embeddings": {"float": [VECTOR]},  # type: ignore[dict-item]
    "texts": ["a"],
    "response_type": "embeddings_by_type",
    "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 3}},
}
ANSWERS: dict[str, Any] = {
    "cohere_embed": COHERE,
    "bedrock_titan_embed_v1": {"embedding": VECTOR, "inputTextTokenCount": 3},
    "bedrock_titan_embed_v2": {"embedding": VECTOR, "inputTextTokenCount": 3, "embeddingsByType": {}},
    "bedrock_titan_embed_image": {"embedding": VECTOR, "inputTextTokenCount": 3, "message": None},
    "bedrock_cohere_embed_v3": {"id": "x", "embeddings": [VECTOR], "response_type": "embeddings_floats"},
    "bedrock_cohere_embed_v4": {"id": "x", "embeddings": {"float": [VECTOR]}},
    "bedrock_nova_embed": {"embeddings": [{"embeddingType": "TEXT", "embedding": VECTOR}]},
    "vertex_predict_embed": {
        "predictions": [{"embeddings": {"values": VECTOR, "statistics": {"token_count": 3}}}]
    },
    "vertex_predict_embed_one": {
        "predictions": [{"embeddings": {"values": VECTOR, "statistics": {"token_count": 3.0}}}]
    },
    "vertex_predict_embed_image": {"predictions": [{"textEmbedding": VECTOR}], "deployedModelId": "1"},
    "vertex_embed_content": {"embedding": {"values": VECTOR}, "usageMetadata": {"promptTokenCount": 3}},
    "gemini_embed": {"embeddings": [{"values": VECTOR}], "usageMetadata": {"promptTokenCount": 3}},
}


@pytest.mark.parametrize("target", EVERY)
@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_answers(target: str, encoding: str) -> None:
    made = translator(target)
    made.request(parse(orjson.dumps({"model": "m", "input": "a", "encoding_format": encoding})), "up")
    told = orjson.loads(made.response(orjson.dumps(ANSWERS[target]), 1, tokens=3))
    packed = base64.b64encode(struct.pack("<2f", *VECTOR)).decode()
    assert told == {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": VECTOR if encoding == "float" else packed}],
        "model": "up",
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }
    if encoding == "float":
        assert oracles.check_openai_embeddings_response(told) == []
    assert made.outcome.complete and made.outcome.used and made.outcome.used.usage.input == 3


def test_the_samples_are_the_vendors() -> None:
    assert EmbedByTypeResponse.model_validate(COHERE).embeddings.float_ == [VECTOR]
    statistics = ANSWERS["vertex_predict_embed"]["predictions"][0]["embeddings"]
    assert types.ContentEmbedding.model_validate(statistics).values == VECTOR


def test_a_picture_has_its_vector_elsewhere_in_the_answer() -> None:
    made = translator("vertex_predict_embed_image")
    made.request(parse(orjson.dumps({"input": {"image": f"data:image/png;base64,{PNG}"}})), "up")
    told = orjson.loads(made.response(orjson.dumps({"predictions": [{"imageEmbedding": VECTOR}]}), 1))
    assert told["data"][0]["embedding"] == VECTOR and "usage" not in told


def test_titan_says_what_went_wrong() -> None:
    made = translator("bedrock_titan_embed_image")
    made.request(parse(b'{"model": "m", "input": "a"}'), "up")
    with pytest.raises(Declined, match="too small"):
        made.response(orjson.dumps({"embedding": None, "message": "The picture is too small."}), 1)


def test_cohere_may_answer_in_base64_itself() -> None:
    made = translator("cohere_embed")
    body = {"model": "m", "input": "a", "encoding_format": "base64"}
    assert orjson.loads(made.request(parse(orjson.dumps(body)), "up").body)["embedding_types"] == ["base64"]
    told = made.response(orjson.dumps({"id": "x", "embeddings": {"base64": ["AAAAPwAAgL8="]}}), 1)
    assert orjson.loads(told)["data"][0]["embedding"] == "AAAAPwAAgL8="
    made.request(parse(b'{"model": "m", "input": "a"}'), "up")
    told = made.response(orjson.dumps({"id": "x", "embeddings": {"base64": ["AAAAPwAAgL8="]}}), 1)
    assert orjson.loads(told)["data"][0]["embedding"] == VECTOR


def test_a_batch_is_one_answer() -> None:
    made = translator("bedrock_titan_embed_v2")
    made.request(parse(orjson.dumps({"model": "m", "input": ["a", "b", "c"]})), "up")
    for number in range(2):
        made.part(orjson.dumps({"embedding": [float(number)], "inputTextTokenCount": number + 1}))
        assert made.outcome.used and made.outcome.used.usage.input == (1, 3)[number]
    told = orjson.loads(made.response(orjson.dumps({"embedding": [2.0], "inputTextTokenCount": 3}), 1))
    assert [(each["index"], each["embedding"]) for each in told["data"]] == [
        (0, [0.0]),
        (1, [1.0]),
        (2, [2.0]),
    ]
    assert told["usage"] == {"prompt_tokens": 6, "total_tokens": 6}


def test_a_vector_too_few_is_an_error() -> None:
    made = translator("vertex_predict_embed")
    made.request(parse(orjson.dumps({"model": "m", "input": ["a", "b"]})), "up")
    with pytest.raises(BadUpstream, match="1 vectors to 2 inputs"):
        made.response(orjson.dumps(ANSWERS["vertex_predict_embed"]), 1)


def test_what_was_cut_is_told() -> None:
    made = translator("vertex_embed_content")
    made.request(parse(b'{"model": "m", "input": "a"}'), "up")
    told = orjson.loads(
        made.response(orjson.dumps({**ANSWERS["vertex_embed_content"], "truncated": True}), 1)
    )
    assert told["data"][0]["truncated"] is True


def test_an_answer_that_passes_is_not_touched() -> None:
    made = translator("openai_embeddings")
    body = b'{"input": [ [1, 2] ],  "model": "m", "encoding_format":"base64"}'
    assert made.request(parse(body), "m").body == body
    answer = b'{"object":"list", "data": [ ],"usage": {"prompt_tokens": 3, "total_tokens": 3}, "model":"m"}'
    assert made.response(answer, 1) is answer
    assert made.outcome.used and made.outcome.used.usage.input == 3


@pytest.mark.parametrize(
    "vector",
    [
        b"[0.10, -1.5e-3]",
        b"[NaN]",  # which nobody can build
        b"[ ]",
        b"[[1], [2]]",
        b'"AAAAPw=="',
        b'{"a": [1]}',
        b"null",
        b'["]", "[0.5]"]',
    ],
)
def test_vectors_that_pass_are_not_built(vector: bytes) -> None:
    made = translator("openai_embeddings")
    made.request(parse(b'{"model": "m", "input": ["a", "b"]}'), "m")
    item = (
        b'{"object": "embedding", "embedding" :\n' + vector + b', "note": "\\"embedding\\": [5", "index": 0}'
    )
    usage = b'"usage": {"prompt_tokens": 3, "total_tokens": 3}'
    answer = b'{"object":"list", "data": [' + item + b"," + item + b'], "model":"up", ' + usage + b"}"
    assert made.response(answer, 1) is answer
    assert made.outcome.model == "up" and made.outcome.used and made.outcome.used.usage.input == 3


@given(
    st.recursive(
        st.none() | st.floats(allow_nan=False) | st.text('"\\[]:,aembding ', max_size=20),
        nested,
        max_leaves=9,
    )
)
def test_all_else_is_read_as_it_is(answer: Any) -> None:
    """Whatever the client's own words look like."""
    assert without(around(orjson.dumps(answer))) == without(answer)
