"""The embedded provider embeds and reranks in each vendor's form, asked by the vendors' own clients."""

import base64
import json
import struct
from collections.abc import Iterator
from typing import Any

import cohere
import openai
import pytest
from botocore.exceptions import ClientError
from cohere.core.api_error import ApiError
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

from tests.addons.demo_server import ask, running_demo
from tests.addons.test_demo_converse import bedrock_client
from tests.oracles import check_type

ARN = "arn:aws:bedrock:us-east-1::foundation-model/{}"
QUERY, DOCUMENTS = "the red fox", ["a blue whale", "the quick red fox", "a red car"]
ORDER = [1, 2, 0]
TEXTS = ["the red fox", "the quick red fox", "a blue whale"]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


@pytest.fixture(scope="module")
def client(port: int) -> cohere.ClientV2:
    return cohere.ClientV2(api_key="demo", base_url=f"http://127.0.0.1:{port}")


def dot(one: Any, other: Any) -> float:
    return sum(float(a) * float(b) for a, b in zip(one, other, strict=True))


def is_near(vectors: Any) -> bool:
    """Whether the first two, which share words, are nearer to each other than to the third."""
    return dot(vectors[0], vectors[1]) > dot(vectors[0], vectors[2])


def test_cohere_reranks(client: cohere.ClientV2) -> None:
    found = client.rerank(model="hello", query=QUERY, documents=DOCUMENTS)
    scores = [result.relevance_score for result in found.results]
    assert [result.index for result in found.results] == ORDER
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    few = client.rerank(model="hello", query=QUERY, documents=DOCUMENTS, top_n=1)
    assert [result.index for result in few.results] == ORDER[:1]


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank"])
def test_others_rerank_with_documents(port: int, path: str) -> None:
    body = {"model": "hello", "query": QUERY, "documents": DOCUMENTS}
    answer = json.loads(ask(port, path, body)[2])
    assert [result["document"]["text"] for result in answer["results"]] == [DOCUMENTS[at] for at in ORDER]
    assert (answer["model"], answer["usage"]["total_tokens"]) == ("hello", 19)
    bare = json.loads(ask(port, path, {**body, "return_documents": False})[2])
    assert set(bare["results"][0]) == {"index", "relevance_score"}


def test_bedrock_reranks(port: int) -> None:
    def asked(model: str) -> Any:
        model_ = {"modelConfiguration": {"modelArn": ARN.format(model)}, "numberOfResults": 2}
        config = {"type": "BEDROCK_RERANKING_MODEL", "bedrockRerankingConfiguration": model_}
        sources = [
            {
                "type": "INLINE",
                "inlineDocumentSource": {"type": "TEXT", "textDocument": {"text": document}},
            }
            for document in DOCUMENTS
        ]
        queries = [{"type": "TEXT", "textQuery": {"text": QUERY}}]
        return {"queries": queries, "sources": sources, "rerankingConfiguration": config}

    agent = bedrock_client(port, "bedrock-agent-runtime")
    assert [result["index"] for result in agent.rerank(**asked("hello"))["results"]] == ORDER[:2]
    with pytest.raises(ClientError) as told:
        agent.rerank(**asked("429"))
    assert told.value.response["Error"]["Code"] == "ThrottlingException"
    status, headers, data = ask(port, "/rerank", {**asked("hello"), "sources": []})
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert "'sources'" in json.loads(data)["message"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"query": ""}, "query"),
        ({"documents": []}, "documents"),
        ({"top_n": 0}, "top_n"),
        ({"model": ""}, "model"),
    ],
)
@pytest.mark.parametrize("path", ["/v2/rerank", "/v1/rerank", "/rerank"])
def test_bad_reranks(port: int, path: str, more: Any, said: str) -> None:
    body = {"model": "hello", "query": QUERY, "documents": DOCUMENTS, **more}
    status, _, data = ask(port, path, body)
    error = json.loads(data)
    assert status == 400
    assert said in (error["message"] if path == "/v2/rerank" else error["error"]["message"])


def test_cohere_embeds_in_every_type(client: cohere.ClientV2, port: int) -> None:
    kinds = ["float", "int8", "uint8", "binary", "ubinary", "base64"]
    made = client.embed(
        model="hello", input_type="search_document", texts=TEXTS, embedding_types=kinds, output_dimension=256
    ).embeddings
    assert made.float_ and made.int8 and made.uint8 and made.binary and made.ubinary and made.base64
    assert is_near(made.float_)
    assert is_near(made.int8)
    assert [value + 128 for value in made.int8[0]] == made.uint8[0]
    assert [value + 128 for value in made.binary[0]] == made.ubinary[0]
    assert len(made.ubinary[0]) == 256 / 8
    unpacked = struct.unpack("<256f", base64.b64decode(made.base64[0]))
    assert unpacked == pytest.approx(made.float_[0])
    body = {"model": "hello", "input_type": "search_query", "texts": TEXTS}
    answer = json.loads(ask(port, "/v2/embed", body)[2])
    assert answer.pop("response_type") == "embeddings_by_type"
    assert not check_type(cohere.EmbedByTypeResponse, answer)


def test_cohere_errors(client: cohere.ClientV2, port: int) -> None:
    with pytest.raises(ApiError) as told:
        client.rerank(model="429", query="a", documents=["b"], request_options={"max_retries": 0})
    assert told.value.status_code == 429
    for more in ({"input_type": "x"}, {"texts": []}, {"embedding_types": ["x"]}, {"output_dimension": 3}):
        body: Any = {"model": "hello", "input_type": "search_query", "texts": TEXTS, **more}
        status, _, data = ask(port, "/v2/embed", body)
        assert (status, next(iter(more)) in json.loads(data)["message"]) == (400, True)


def test_cohere_chats_as_openai(port: int) -> None:
    url = f"http://127.0.0.1:{port}/compatibility/v1"
    client = openai.OpenAI(api_key="demo", base_url=url, max_retries=0)
    answer = client.chat.completions.create(model="hello", messages=[{"role": "user", "content": "Hi"}])
    assert (answer.choices[0].message.content or "").startswith("Hello from the demo!")


def invoked(port: int, body: Any, model: str = "hello") -> Any:
    return json.loads(bedrock_client(port).invoke_model(modelId=model, body=json.dumps(body))["body"].read())


def test_titan_embeds(port: int) -> None:
    made = [invoked(port, {"inputText": text, "dimensions": 256}) for text in TEXTS]
    assert is_near([each["embedding"] for each in made])
    assert (len(made[0]["embedding"]), made[0]["inputTextTokenCount"]) == (256, 3)
    assert len(invoked(port, {"inputText": "a"})["embedding"]) == 1024
    binary = invoked(port, {"inputText": "a", "embeddingTypes": ["binary"]})
    assert set(binary["embeddingsByType"]["binary"]) == {0, 1}
    assert "embedding" not in binary
    for bad in ({"inputText": ""}, {"inputText": "a", "dimensions": 3}, {"inputText": "a", "input": "a"}):
        with pytest.raises(ClientError, match="Malformed input request"):
            invoked(port, bad)


SHOWN = "iVBORw0KGgo="


def test_titan_embeds_pictures(port: int) -> None:
    sized = {"embeddingConfig": {"outputEmbeddingLength": 256}}
    text, shown, both, same = (
        invoked(port, {**given, **sized})["embedding"]
        for given in (
            {"inputText": "fox"},
            {"inputImage": SHOWN},
            {"inputText": "fox", "inputImage": SHOWN},
            {"inputImage": SHOWN},
        )
    )
    assert len(text) == 256 and shown == same
    assert dot(both, text) > dot(shown, text) and dot(both, shown) > dot(shown, text)
    assert len(invoked(port, {"inputImage": SHOWN})["embedding"]) == 1024
    wrong = {"embeddingConfig": {"outputEmbeddingLength": 512}}
    for bad in ({"inputImage": ""}, {"inputImage": SHOWN, **wrong}, {"inputImage": SHOWN, "dimensions": 256}):
        with pytest.raises(ClientError, match="Malformed input request"):
            invoked(port, bad)


def test_nova_embeds_texts_and_pictures(port: int) -> None:
    def made(purpose: str = "GENERIC_INDEX", task: str = "SINGLE_EMBEDDING", **given: Any) -> Any:
        params = {"embeddingPurpose": purpose, "embeddingDimension": 256, **given}
        return invoked(port, {"taskType": task, "singleEmbeddingParams": params})["embeddings"]

    text = {"text": {"truncationMode": "NONE", "value": "fox"}}
    image = {"image": {"format": "png", "source": {"bytes": SHOWN}}}
    stored = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/a.png"}}}}
    kinds = [
        (given[0]["embeddingType"], len(given[0]["embedding"])) for given in (made(**text), made(**image))
    ]
    assert kinds == [("TEXT", 256), ("IMAGE", 256)] and made(**image) != made(**stored)
    for bad in (
        {},
        text | image,
        {"text": {"value": "fox"}},
        {"image": {"format": "png", "source": {}}},
        text | {"embeddingDimension": 512},
        text | {"purpose": "x"},
        text | {"task": "x"},
    ):
        with pytest.raises(ClientError, match="Malformed input request"):
            made(**bad)


def test_vertex_embeds_a_text_and_a_picture_apart(port: int) -> None:
    image = {"image": {"bytesBase64Encoded": SHOWN}}

    def asked(*instances: Any, **parameters: Any) -> tuple[int, Any]:
        body = {"instances": instances, "parameters": parameters}
        status, _, data = ask(port, VERTEX.format("predict"), body)
        return status, json.loads(data)

    status, told = asked({"text": "fox", **image}, dimension=128)
    (prediction,) = told["predictions"]
    assert status == 200 and {name: len(vector) for name, vector in prediction.items()} == {
        "textEmbedding": 128,
        "imageEmbedding": 128,
    }
    assert [*asked(image)[1]["predictions"][0]] == ["imageEmbedding"]
    for bad, said in (
        (asked({"text": "a"}, {"text": "b"}), "1 instance"),
        (asked({"text": ""}), "empty"),
        (asked({"image": {}}), "image"),
        (asked({"image": {"bytesBase64Encoded": "a", "gcsUri": "gs://b/a"}}), "image"),
        (asked({"text": "a"}, dimension=64), "dimension"),
    ):
        assert (bad[0], said in bad[1]["error"]["message"]) == (400, True)


def test_cohere_embeds_at_bedrock(port: int) -> None:
    plain = invoked(port, {"texts": TEXTS, "input_type": "search_query"})
    assert (plain["response_type"], is_near(plain["embeddings"])) == ("embeddings_floats", True)
    typed = invoked(port, {"texts": TEXTS, "input_type": "search_query", "embedding_types": ["int8"]})
    assert (typed["response_type"], is_near(typed["embeddings"]["int8"])) == ("embeddings_by_type", True)
    for bad in ({"texts": TEXTS}, {"texts": TEXTS, "input_type": "search_query", "model": "a"}):
        with pytest.raises(ClientError, match="ValidationException"):
            invoked(port, bad)
    with pytest.raises(ClientError, match="ThrottlingException"):
        invoked(port, {"texts": TEXTS, "input_type": "search_query"}, "429")


@pytest.fixture(params=["gemini", "vertex"])
def google(port: int, request: pytest.FixtureRequest) -> genai.Client:
    options = types.HttpOptions(base_url=f"http://127.0.0.1:{port}")
    if request.param == "gemini":
        return genai.Client(api_key="demo", http_options=options)
    signed_in: Any = Credentials(token="demo")  # type: ignore[no-untyped-call]
    return genai.Client(vertexai=True, project="p", location="l", credentials=signed_in, http_options=options)


def test_google_embeds(google: genai.Client) -> None:
    config = types.EmbedContentConfig(output_dimensionality=256, task_type="RETRIEVAL_QUERY")
    contents: Any = TEXTS
    made = google.models.embed_content(model="hello", contents=contents, config=config).embeddings
    assert made and len(made) == 3 and len(made[0].values or []) == 256
    assert is_near([each.values for each in made])
    with pytest.raises(errors.ClientError, match="RESOURCE_EXHAUSTED"):
        google.models.embed_content(model="429", contents="Hi")


VERTEX = "/v1/projects/p/locations/l/publishers/google/models/hello:{}"
GEMINI = "/v1beta/models/hello:{}"
HI = {"parts": [{"text": "the red fox"}]}


@pytest.mark.parametrize("path", [VERTEX, GEMINI])
def test_google_embeds_one_content(port: int, path: str) -> None:
    body = {"content": HI, "embedContentConfig": {"outputDimensionality": 16}}
    answer = json.loads(ask(port, path.format("embedContent"), body)[2])
    assert len(answer["embedding"]["values"]) == 16
    types.EmbedContentResponse.model_validate({"embeddings": [answer["embedding"]]})


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (GEMINI.format("embedContent"), {}, "content"),
        (GEMINI.format("embedContent"), {"content": HI, "input": "a"}, 'Unknown name "input"'),
        (GEMINI.format("embedContent"), {"content": {"parts": []}}, "content.parts"),
        (
            GEMINI.format("embedContent"),
            {"content": HI, "outputDimensionality": 9999},
            "output_dimensionality",
        ),
        (GEMINI.format("batchEmbedContents"), {"requests": []}, "requests is not specified"),
        (GEMINI.format("batchEmbedContents"), {"requests": [{}]}, "requests[0].content"),
        (VERTEX.format("predict"), {}, "instances"),
        (VERTEX.format("predict"), {"instances": [{"content": ""}]}, "content is empty"),
        (VERTEX.format("predict"), {"instances": [{"content": "a"}], "input": 1}, 'Unknown name "input"'),
    ],
)
def test_bad_requests_at_google(port: int, path: str, body: Any, said: str) -> None:
    status, _, data = ask(port, path, body)
    error = json.loads(data)["error"]
    assert (status, error["status"], said in error["message"]) == (400, "INVALID_ARGUMENT", True)
