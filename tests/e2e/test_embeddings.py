"""Embeddings through the real gateway, with OpenAI's SDK, of every kind of provider."""

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.e2e.answers import PNG, whole
from tests.e2e.client import post
from tests.gateway import Gateway, running, standard_config
from tests.upstream import Upstream, reset

PATH = "/v1/embeddings"
AWS = {
    "region": "us-east-1",
    "credentials": {"access_key_id": "AKID", "secret_access_key": "canary-provider"},
}
GCP = {"project": "proj", "location": "us-east5", "credentials": {"access_token": "canary-provider-token"}}
CLOUDS: dict[str, dict[str, Any]] = {
    "aws": {"type": "aws-bedrock", **AWS},
    "vertex": {"type": "gcp-vertex", **GCP},
    "cohere": {"type": "cohere", "api_key": "canary-provider-key"},
    "gemini": {"type": "gemini", "api_key": "canary-provider-key"},
}
DEMOS = {
    "demo": "openai_chat",
    "demo-aws": "bedrock_converse",
    "demo-google": "gemini_generate",
    "demo-cohere": "cohere_rerank",
}
TITAN = "amazon.titan-embed-text-v2:0"


@pytest.fixture(scope="module")
def embedding(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config = standard_config(loopback.url)
    config["server"] |= {"allow_direct": True, "fetch_images": True}
    for name, options in CLOUDS.items():
        config["providers"][name] = {**options, "base_url": f"{loopback.url}/{name}"}
    for name in ("aws", "vertex"):
        config["providers"][f"{name}-demo"] = {**CLOUDS[name], "base_url": "demo"}
    for name, dialect in DEMOS.items():
        config["providers"][name] = {"type": "demo", "dialect": dialect}
    backends = [{"provider": "aws", "model": TITAN}, {"provider": "a", "model": "up", "priority": 1}]
    config["routes"].append({"models": ["both"], "backends": backends})
    with running(config, tmp_path_factory.mktemp("embeddings")) as gateway:
        yield gateway
        assert "canary" not in gateway.output()


@pytest.fixture
def sdk(embedding: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{embedding.url}/v1", api_key="canary-client-bearer", max_retries=0)


def titan(*vector: float, tokens: int = 1) -> list[Any]:
    return whole({"embedding": [*vector], "inputTextTokenCount": tokens})


@pytest.mark.parametrize("demo", DEMOS)
def test_texts_that_are_alike_are_near_each_other(sdk: openai.OpenAI, demo: str) -> None:
    told = sdk.embeddings.create(
        model=f"{demo}/hello", input=["cats purr", "dogs bark", "cats purr"], dimensions=256
    )
    first, second, third = (each.embedding for each in told.data)
    assert [each.index for each in told.data] == [0, 1, 2]
    assert len(first) == 256 and first == third and first != second
    assert told.usage.total_tokens == told.usage.prompt_tokens > 0


@pytest.mark.parametrize("demo", DEMOS)
def test_base64_and_numbers_are_the_same(sdk: openai.OpenAI, demo: str) -> None:
    url = str(sdk.base_url).removesuffix("/v1/")
    asked = [
        post(url, PATH, {"model": f"{demo}/hello", "input": "cats purr", "encoding_format": encoding}).body
        for encoding in ("float", "base64")
    ]
    numbers, packed = (json.loads(body)["data"][0]["embedding"] for body in asked)
    unpacked = struct.unpack(f"<{len(numbers)}f", base64.b64decode(packed))
    assert unpacked == pytest.approx(numbers, abs=1e-6)


def test_several_inputs_are_asked_one_after_the_other(upstream: Upstream, sdk: openai.OpenAI) -> None:
    upstream.script("aws", titan(0.5, tokens=2), titan(0.25, tokens=3))
    raw = sdk.embeddings.with_raw_response.create(model=f"aws/us.{TITAN}", input=["a", "b"], user="me")
    told = raw.parse()
    assert [each.embedding for each in told.data] == [[0.5], [0.25]]
    assert told.usage.prompt_tokens == 5 and told.model == f"us.{TITAN}"
    assert raw.headers["x-dragoman-attempts"] == "2" and raw.headers["x-dragoman-dropped"] == "user"
    first, second = upstream.of("aws")
    assert first.path == second.path == f"/aws/model/us.{TITAN}/invoke"
    assert [json.loads(each.body) for each in (first, second)] == [{"inputText": "a"}, {"inputText": "b"}]


def test_when_one_of_them_fails_all_are_asked_of_the_next(upstream: Upstream, sdk: openai.OpenAI) -> None:
    data = [{"object": "embedding", "index": at, "embedding": [1.0 + at]} for at in range(2)]
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    upstream.script("aws", titan(0.5), [reset])
    upstream.script("a", whole({"object": "list", "data": data, "model": "up", "usage": usage}))
    told = sdk.embeddings.create(model="both", input=["a", "b"], encoding_format="float")
    assert [each.embedding for each in told.data] == [[1.0], [2.0]] and told.usage.prompt_tokens == 4


def test_what_aws_counts_in_a_header(upstream: Upstream, sdk: openai.OpenAI) -> None:
    counted = {"x-amzn-bedrock-input-token-count": "7"}
    upstream.script("aws", whole({"id": "x", "embeddings": {"float": [[0.5]]}}, headers=counted))
    told = sdk.embeddings.create(model="aws/cohere.embed-v4:0", input="a", encoding_format="float")
    assert told.usage.prompt_tokens == 7 and told.data[0].embedding == [0.5]


PICTURE = f"data:image/png;base64,{PNG}"
DRAWN = {
    "aws-demo/amazon.titan-embed-image-v1": 256,
    "aws-demo/amazon.nova-2-multimodal-embeddings-v1:0": 256,
    "aws-demo/cohere.embed-v4:0": 256,
    "vertex-demo/multimodalembedding@001": 128,
    "vertex-demo/gemini-embedding-2": 256,
    "demo-google/gemini-embedding-2": 256,
    "demo-cohere/embed-v4.0": 256,
}


@pytest.mark.parametrize("model", DRAWN)
def test_pictures_and_texts_in_one_batch(sdk: openai.OpenAI, model: str) -> None:
    given: Any = [
        "cats purr",
        {"image": PICTURE},
        {"content": [{"type": "image_url", "image_url": {"url": PICTURE}}]},
        {"content": [{"type": "text", "text": "cats purr"}]},
    ]
    size = DRAWN[model]
    told = sdk.embeddings.create(model=model, input=given, dimensions=size, encoding_format="float")
    vectors = [each.embedding for each in told.data]
    assert [len(each) for each in vectors] == [size] * 4
    assert vectors[0] == vectors[3] and vectors[1] == vectors[2] != vectors[0]


@pytest.mark.parametrize("model", sorted({*DRAWN} - {"demo-google/gemini-embedding-2"}))
def test_pictures_are_not_fetched_from_within(upstream: Upstream, sdk: openai.OpenAI, model: str) -> None:
    given: Any = ["a", {"image": f"{upstream.url}/canary.png"}]
    with pytest.raises(openai.UnprocessableEntityError, match=r"input\[\]\.image.*not public"):
        sdk.embeddings.create(model=model, input=given)
    assert not upstream.received


def test_where_a_text_and_a_picture_make_two_vectors(upstream: Upstream, sdk: openai.OpenAI) -> None:
    both: Any = {"content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": PICTURE}]}
    with pytest.raises(openai.UnprocessableEntityError, match="vectors of their own"):
        sdk.embeddings.create(model="vertex/multimodalembedding@001", input=[both])
    text, shown = [{"textEmbedding": [0.5]}], [{"imageEmbedding": [0.25]}]
    upstream.script("vertex", whole({"predictions": text}), whole({"predictions": shown}))
    given: Any = ["a", {"image": PICTURE}]
    told = sdk.embeddings.create(
        model="vertex/multimodalembedding@001", input=given, dimensions=128, encoding_format="float"
    )
    assert [each.embedding for each in told.data] == [[0.5], [0.25]]
    first, second = (json.loads(each.body) for each in upstream.of("vertex"))
    assert first == {"instances": [{"text": "a"}], "parameters": {"dimension": 128}}
    assert second["instances"] == [{"image": {"bytesBase64Encoded": PNG, "mimeType": "image/png"}}]
    assert upstream.of("vertex")[0].path.endswith("/models/multimodalembedding@001:predict")


@pytest.mark.parametrize(
    ("model", "path", "answer"),
    [
        (
            "vertex/text-embedding-005",
            "publishers/google/models/text-embedding-005:predict",
            {"predictions": [{"embeddings": {"values": [0.5], "statistics": {"token_count": 2}}}]},
        ),
        (
            "vertex/gemini-embedding-001",
            "publishers/google/models/gemini-embedding-001:predict",
            {"predictions": [{"embeddings": {"values": [0.5], "statistics": {"token_count": 2}}}]},
        ),
        (
            "vertex/gemini-embedding-2",
            "publishers/google/models/gemini-embedding-2:embedContent",
            {"embedding": {"values": [0.5]}, "usageMetadata": {"promptTokenCount": 2}},
        ),
        (
            "gemini/gemini-embedding-001",
            "/v1beta/models/gemini-embedding-001:batchEmbedContents",
            {"embeddings": [{"values": [0.5]}], "usageMetadata": {"promptTokenCount": 2}},
        ),
        (
            "cohere/embed-v4.0",
            "/v2/embed",
            {"id": "x", "embeddings": {"float": [[0.5]]}, "meta": {"billed_units": {"input_tokens": 2}}},
        ),
    ],
)
def test_where_each_is_asked(
    upstream: Upstream, sdk: openai.OpenAI, model: str, path: str, answer: Any
) -> None:
    provider, _, name = model.partition("/")
    upstream.script(provider, whole(answer))
    told = sdk.embeddings.create(model=model, input="a", encoding_format="float")
    assert told.data[0].embedding == [0.5] and told.usage.prompt_tokens == 2
    assert told.model == name and upstream.only().path.endswith(path)


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"input": None}, 400, "input"),
        ({"input": []}, 400, "input"),
        ({"input": 5}, 400, "input"),
        ({"input": ["a", None]}, 400, "input[1]"),
        ({"input": "a", "messages": [{"role": "user", "content": "a"}]}, 400, "messages"),
        ({"input": "a", "dimensions": "many"}, 400, "dimensions"),
        ({"input": [1, 2]}, 422, "input[]"),
        ({"input": "a", "late_chunking": True}, 422, "late_chunking"),
        ({"input": "a", "model": "aws/anthropic.claude-sonnet-4"}, 422, "model"),
        ({"input": "a", "model": "anth_a"}, 422, "/v1/embeddings"),
        ({"input": "a", "model": "nobody"}, 404, "nobody"),
    ],
)
def test_bad_input_is_refused(
    upstream: Upstream, sdk: openai.OpenAI, fields: Any, status: int, field: str
) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        sdk.post(PATH.removeprefix("/v1"), body={"model": f"aws/{TITAN}", **fields}, cast_to=object)
    assert refused.value.status_code == status and field in refused.value.message
    assert not upstream.received


def test_an_error_of_the_provider_is_told(upstream: Upstream, sdk: openai.OpenAI) -> None:
    refused = {"message": "Malformed input request: #/dimensions: 5 is not a valid value"}
    headers = {"x-amzn-errortype": "ValidationException"}
    upstream.script("aws", titan(0.5), whole(refused, 400, headers))
    with pytest.raises(openai.BadRequestError, match="5 is not a valid value"):
        sdk.embeddings.create(model=f"aws/{TITAN}", input=["a", "b"], dimensions=5)


def test_what_passes_is_not_touched(upstream: Upstream, gateway: Gateway) -> None:
    answer = b'{"object": "list",  "data": [{"embedding": "AAAAPw==", "index": 0}], "model": "m"}'
    upstream.script("a", whole(answer))
    told = post(gateway.url, PATH, {"model": "a", "input": [[1, 2]], "late_chunking": True})
    assert told.body == answer
    assert json.loads(upstream.only().body)["late_chunking"] is True
