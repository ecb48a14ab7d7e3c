"""Rerank: what is read, refused, written in every provider's words, and told."""

import inspect
from contextlib import suppress
from typing import Any

import orjson
import pytest
from cohere import ClientV2
from cohere.v2.types import V2RerankResponse
from hypothesis import given
from hypothesis import strategies as st

from addons.demo import bedrock_shapes
from tests import oracles
from translators import SOURCES, TARGETS
from translators.body import parse
from translators.canonical import Json, Ranking, RerankRequest
from translators.errors import BadRequest, BadUpstream, Unsupported
from translators.translator import Outgoing, Translator

COHERE, JINA = "cohere_rerank", "jina_rerank"
TOLD = [name for name, target in TARGETS.items() if target.KIND == "rerank"]
BODY: Json = {"model": "m", "query": "q", "documents": ["a", "b"]}
both = pytest.mark.parametrize("source", [COHERE, JINA])


def translator(source: str, target: str, **fields: Any) -> tuple[Translator, Outgoing]:
    made = Translator(SOURCES[source], TARGETS[target])
    made.identity = False  # so that a dialect is read and written even where it could pass
    return made, made.request(parse(orjson.dumps({**BODY, **fields})), "up")


def asked(source: str, target: str, **fields: Any) -> Json:
    body: Json = orjson.loads(translator(source, target, **fields)[1].body)
    return body


@both
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"query": None}, "query"),
        ({"query": 5}, "query"),
        ({"query": ""}, "query"),
        ({"documents": None}, "documents"),
        ({"documents": []}, "documents"),
        ({"documents": "a"}, "documents"),
        ({"documents": ["a", 5]}, "documents[1]"),
        ({"top_n": 0}, "top_n"),
        ({"top_n": "1"}, "top_n"),
        ({"return_documents": "yes"}, "return_documents"),
        ({"rank_fields": "title"}, "rank_fields"),
        ({"max_tokens_per_doc": "1"}, "max_tokens_per_doc"),
    ],
)
def test_nonsense_is_refused(source: str, fields: Json, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        SOURCES[source].read_request({**BODY, **fields})
    assert refused.value.field == field


def test_every_field_of_the_sdk_has_a_row() -> None:
    taken = {*inspect.signature(ClientV2.rerank).parameters} - {"self", "request_options"}
    assert taken <= {*SOURCES[COHERE].READS}


def test_documents_with_fields() -> None:
    document: Json = {"title": "T", "text": "a", "year": 1999}
    read: RerankRequest = SOURCES[COHERE].read_request({**BODY, "documents": [document, {"text": "b"}, "c"]})
    assert read.documents == (
        Ranking("title: T\ntext: a\nyear: 1999", document),
        Ranking("b", {"text": "b"}),
        Ranking("c"),
    )
    read = SOURCES[COHERE].read_request({**BODY, "documents": [document], "rank_fields": ["title"]})
    assert read.documents == (Ranking("title: T", document),)


@both
def test_what_is_read_is_written(source: str) -> None:
    body = {**BODY, "top_n": 1} | ({"return_documents": False, "user": "me"} if source == JINA else {})
    assert TARGETS[source].write_request(SOURCES[source].read_request(body)) == body


def test_each_is_asked_in_its_own_words() -> None:
    assert asked(COHERE, JINA, top_n=1) == {
        **BODY,
        "model": "up",
        "top_n": 1,
        "return_documents": False,
    }
    assert asked(JINA, COHERE, top_n=1) == {**BODY, "model": "up", "top_n": 1}
    assert asked(JINA, COHERE, top_k=1) == {**BODY, "model": "up", "top_n": 1}
    assert asked(COHERE, "vertex_rank", top_n=1) == {
        "model": "up",
        "query": "q",
        "records": [{"id": "0", "content": "a"}, {"id": "1", "content": "b"}],
        "topN": 1,
        "ignoreRecordDetailsInResponse": True,
    }


def test_amazons_own_description_takes_it() -> None:
    documents = ["a", {"title": "T", "text": "b"}]
    body = asked(COHERE, "bedrock_rerank", documents=documents, top_n=7, rank_fields=["text"])
    bedrock_shapes.check("bedrock-agent-runtime", "RerankRequest", body | _with_arn(body))
    sources: Any = body["sources"]
    assert [each["inlineDocumentSource"] for each in sources] == [
        {"type": "TEXT", "textDocument": {"text": "a"}},
        {"type": "JSON", "jsonDocument": {"text": "b"}},
    ]
    config: Any = body["rerankingConfiguration"]
    assert config["bedrockRerankingConfiguration"] == {
        "modelConfiguration": {"modelArn": "up"},
        "numberOfResults": 2,
    }


def _with_arn(body: Any) -> Json:
    config = body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    arn = "arn:aws:bedrock:us-east-1::foundation-model/cohere.rerank-v3-5:0"
    model: Json = {**config, "modelConfiguration": {"modelArn": arn}}
    return {
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": model,
        }
    }


@pytest.mark.parametrize("target", TOLD)
def test_what_is_left_out_is_listed(target: str) -> None:
    _, outgoing = translator(COHERE, target, max_tokens_per_doc=9, priority=1, odd=1)
    assert outgoing.dropped == {
        COHERE: (),
        JINA: ("max_tokens_per_doc", "priority", "odd"),
    }.get(target, ("max_tokens_per_doc", "priority", "odd"))
    with pytest.raises(Unsupported, match="query"):
        translator(JINA, target, query={"image": "https://x.test/a.png"})


# --- answers ----------------------------------------------------------------------------------------

RESULTS = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
ANSWERS: dict[str, Any] = {
    COHERE: {"id": "x", "results": RESULTS, "meta": {"billed_units": {"search_units": 1}}},
    JINA: {"id": "x", "model": "m", "results": RESULTS, "usage": {"prompt_tokens": 3, "total_tokens": 3}},
    "bedrock_rerank": {"results": [{"index": 1, "relevanceScore": 0.9}, {"index": 0, "relevanceScore": 0.1}]},
    "vertex_rank": {"records": [{"id": "1", "score": 0.9}, {"id": "0", "score": 0.1}]},
}


@pytest.mark.parametrize("target", TOLD)
def test_cohere_is_told(target: str) -> None:
    made, _ = translator(COHERE, target)
    told = orjson.loads(made.response(orjson.dumps(ANSWERS[target]), 1, "id"))
    assert told["id"] and told["results"] == RESULTS
    assert V2RerankResponse.model_validate(told).results[0].index == 1
    assert oracles.check_type(V2RerankResponse, told) == []
    if target == COHERE:
        assert told["meta"]["billed_units"] == {"search_units": 1}
        assert made.outcome.used and made.outcome.used.usage.search_units == 1


@pytest.mark.parametrize("target", TOLD)
def test_jina_is_told_with_the_documents(target: str) -> None:
    made, _ = translator(JINA, target, documents=["a", {"text": "b", "year": 1999}])
    told = orjson.loads(made.response(orjson.dumps(ANSWERS[target]), 1, "id"))
    assert told["results"] == [
        {**RESULTS[0], "document": {"text": "b", "year": 1999}},
        {**RESULTS[1], "document": {"text": "a"}},
    ]
    made, _ = translator(JINA, target, return_documents=False)
    assert orjson.loads(made.response(orjson.dumps(ANSWERS[target]), 1, "id"))["results"] == RESULTS


def test_voyage_calls_them_data() -> None:
    made, _ = translator(COHERE, JINA)
    answer = {"object": "list", "data": RESULTS, "model": "rerank-2", "usage": {"total_tokens": 3}}
    assert orjson.loads(made.response(orjson.dumps(answer), 1))["results"] == RESULTS


@pytest.mark.parametrize("target", TOLD)
def test_a_document_that_nobody_has_sent(target: str) -> None:
    made, _ = translator(COHERE, target, documents=["only"])
    with pytest.raises(BadUpstream):
        made.response(orjson.dumps(ANSWERS[target]), 1)


def test_answers_that_pass_are_metered() -> None:
    for name, used in ((COHERE, "search_units"), (JINA, "input")):
        made = Translator(SOURCES[name], TARGETS[name])
        body = orjson.dumps(ANSWERS[name])
        assert made.response(body, 1) is body
        assert made.outcome.used and getattr(made.outcome.used.usage, used)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(
    st.sampled_from(["query", "documents", "top_n", "rank_fields", "return_documents", "odd"]), JSON
)


@given(FIELDS, st.sampled_from([COHERE, JINA]), st.sampled_from(TOLD))
def test_garbage_is_refused(body: Any, source: str, target: str) -> None:
    with suppress(BadRequest, Unsupported):
        translator(source, target, **body)


@given(JSON | st.builds(lambda inner: {"results": inner}, JSON), st.sampled_from(TOLD))
def test_answers_of_garbage_are_refused(answer: Any, target: str) -> None:
    made, _ = translator(COHERE, target)
    with suppress(BadUpstream):
        made.response(orjson.dumps(answer), 1)
