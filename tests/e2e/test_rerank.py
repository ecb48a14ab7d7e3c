"""Rerank through the real gateway, with Cohere's SDK, of every kind of provider."""

import json
from collections.abc import Iterator
from typing import Any

import cohere
import pytest
from cohere.core import ApiError

from tests.e2e.answers import whole
from tests.e2e.client import post
from tests.gateway import Gateway, running, standard_config
from tests.upstream import Upstream

AWS = {
    "region": "us-east-1",
    "credentials": {"access_key_id": "AKID", "secret_access_key": "canary-provider"},
}
GCP = {"project": "proj", "location": "global", "credentials": {"access_token": "canary-provider-token"}}
CLOUDS: dict[str, dict[str, Any]] = {
    "aws": {"type": "aws-rerank", **AWS},
    "gcp": {"type": "gcp-ranking", **GCP},
    "cohere": {"type": "cohere", "api_key": "canary-provider-key"},
    "jina": {"type": "jina", "api_key": "canary-provider-key"},
}
DEMOS = {"demo": "openai_chat", "demo-aws": "bedrock_converse", "demo-cohere": "cohere_rerank"}
DOCUMENTS = ["dogs bark", "cats purr", "fish swim"]
RESULTS = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]


@pytest.fixture(scope="module")
def ranking(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config = standard_config(loopback.url)
    config["server"]["allow_direct"] = True
    for name, options in CLOUDS.items():
        config["providers"][name] = {**options, "base_url": f"{loopback.url}/{name}"}
    for name, dialect in DEMOS.items():
        config["providers"][name] = {"type": "demo", "dialect": dialect}
    config["providers"]["demo-google"] = {**CLOUDS["gcp"], "base_url": "demo"}
    with running(config, tmp_path_factory.mktemp("ranking")) as gateway:
        yield gateway
        assert "canary" not in gateway.output()


@pytest.fixture
def sdk(ranking: Gateway) -> cohere.ClientV2:
    return cohere.ClientV2(api_key="canary-client-bearer", base_url=f"{ranking.url}/cohere")


@pytest.mark.parametrize("demo", [*DEMOS, "demo-google"])
def test_the_nearest_comes_first(sdk: cohere.ClientV2, demo: str) -> None:
    told = sdk.rerank(model=f"{demo}/hello", query="which cats purr", documents=DOCUMENTS, top_n=2)
    assert len(told.results) == 2 and told.results[0].index == 1 and told.id
    assert told.results[0].relevance_score > told.results[1].relevance_score


@pytest.mark.parametrize("demo", DEMOS)
@pytest.mark.parametrize("path", ["/v1/rerank", "/rerank"])
def test_as_vllm_and_jina_serve_it(ranking: Gateway, demo: str, path: str) -> None:
    asked = {"model": f"{demo}/hello", "query": "which cats purr", "documents": DOCUMENTS, "top_n": 1}
    told = json.loads(post(ranking.url, path, asked).body)
    (result,) = told["results"]
    assert result["index"] == 1 and result["document"] == {"text": "cats purr"}


@pytest.mark.parametrize(
    ("model", "path", "answer"),
    [
        (
            "aws/cohere.rerank-v3-5:0",
            "/aws/rerank",
            {"results": [{"index": 1, "relevanceScore": 0.9}, {"index": 0, "relevanceScore": 0.1}]},
        ),
        (
            "gcp/semantic-ranker-default@latest",
            "/gcp/v1/projects/proj/locations/global/rankingConfigs/default_ranking_config:rank",
            {"records": [{"id": "1", "score": 0.9}, {"id": "0", "score": 0.1}]},
        ),
        (
            "cohere/rerank-v3.5",
            "/cohere/v2/rerank",
            {"id": "x", "results": RESULTS, "meta": {"billed_units": {"search_units": 1}}},
        ),
        ("jina/reranker", "/jina/rerank", {"id": "x", "model": "m", "results": RESULTS, "usage": {}}),
    ],
)
def test_where_each_is_asked(
    upstream: Upstream, sdk: cohere.ClientV2, model: str, path: str, answer: Any
) -> None:
    provider, _, name = model.partition("/")
    upstream.script(provider, whole(answer))
    told = sdk.rerank(model=model, query="q", documents=["a", "b"])
    assert [(each.index, each.relevance_score) for each in told.results] == [(1, 0.9), (0, 0.1)]
    asked = upstream.only()
    assert asked.path == path and name in asked.body.decode()
    if provider == "aws":
        assert f"arn:aws:bedrock:us-east-1::foundation-model/{name}" in asked.body.decode()


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"query": None}, 400, "query"),
        ({"documents": []}, 400, "documents"),
        ({"documents": ["a", 5]}, 400, "documents[1]"),
        ({"top_n": 0}, 400, "top_n"),
        ({"model": "nobody"}, 404, "nobody"),
        ({"model": "anth_a"}, 422, "rerank"),
    ],
)
def test_bad_input_is_refused(
    upstream: Upstream, ranking: Gateway, fields: Any, status: int, field: str
) -> None:
    asked = {"model": "cohere/m", "query": "q", "documents": ["a"], **fields}
    for path in ("/cohere/v2/rerank", "/v1/rerank"):
        told = post(ranking.url, path, asked)
        error = json.loads(told.body)
        assert told.status == status and field in error["error"]["message"]
        assert error["type"] == "error"
    assert not upstream.received


def test_errors_in_coheres_words(upstream: Upstream, sdk: cohere.ClientV2, ranking: Gateway) -> None:
    upstream.script("cohere", whole({"id": "x", "message": "invalid request: too long"}, 400))
    with pytest.raises(ApiError) as refused:
        sdk.rerank(model="cohere/m", query="q", documents=["a"])
    assert refused.value.status_code == 400 and "too long" in str(refused.value.body)
    told = post(ranking.url, "/cohere/v9/nothing", {})
    assert told.status == 404 and json.loads(told.body)["error"]["message"]
