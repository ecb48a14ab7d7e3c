"""The embedded provider draws and embeds as Amazon's and Stability's models do, asked by boto3."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.addons.demo_server import running_demo
from tests.addons.test_demo_converse import bedrock_client

CANVAS, STABILITY, NOVA = (
    "amazon.nova-canvas-v1:0",
    "stability.stable-image-core-v1:1",
    "amazon.nova-2-multimodal-embeddings-v1:0",
)
DRAW: dict[str, Any] = {"taskType": "TEXT_IMAGE", "textToImageParams": {"text": "a cat"}}
EMBED: dict[str, Any] = {
    "taskType": "SINGLE_EMBEDDING",
    "singleEmbeddingParams": {
        **{"embeddingPurpose": "GENERIC_INDEX", "embeddingDimension": 256},
        "text": {"truncationMode": "END", "value": "a cat"},
    },
}


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with running_demo() as port:
        yield bedrock_client(port)


def invoked(client: Any, model: str, body: Any) -> tuple[Any, dict[str, str]]:
    answer = client.invoke_model(modelId=model, body=json.dumps(body))
    return json.loads(answer["body"].read()), answer["ResponseMetadata"]["HTTPHeaders"]


def test_nova_canvas_draws(client: Any) -> None:
    told, _ = invoked(client, CANVAS, {**DRAW, "imageGenerationConfig": {"numberOfImages": 3}})
    made = [base64.b64decode(each) for each in told["images"]]
    assert len(set(made)) == 3 and all(each.startswith(b"\x89PNG") for each in made)
    assert told["error"] is None
    assert len(invoked(client, CANVAS, DRAW)[0]["images"]) == 1


def test_stability_draws(client: Any) -> None:
    told, _ = invoked(client, STABILITY, {"prompt": "a cat", "seed": 7})
    assert told["finish_reasons"] == [None] and len(told["seeds"]) == 1
    assert base64.b64decode(told["images"][0]).startswith(b"\x89PNG")


def test_nova_embeds(client: Any) -> None:
    told, headers = invoked(client, NOVA, EMBED)
    (vector,) = told["embeddings"]
    assert vector["embeddingType"] == "TEXT" and len(vector["embedding"]) == 256
    assert headers["x-amzn-bedrock-input-token-count"] == "2"


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (CANVAS, {**DRAW, "imageGenerationConfig": {"numberOfImages": 6}}),
        (CANVAS, {**DRAW, "imageGenerationConfig": {"numberOfImages": 0}}),
        (CANVAS, {**DRAW, "taskType": "INPAINTING"}),
        (CANVAS, {**DRAW, "textToImageParams": {"text": ""}}),
        (CANVAS, {**DRAW, "colour": "red"}),
        (STABILITY, {"prompt": ""}),
        (STABILITY, {"prompt": "a cat", "colour": "red"}),
        (NOVA, {**EMBED, "taskType": "SEGMENTED_EMBEDDING"}),
        (NOVA, {**EMBED, "singleEmbeddingParams": {"text": {"value": "a"}}}),
        (
            NOVA,
            {**EMBED, "singleEmbeddingParams": {**EMBED["singleEmbeddingParams"], "embeddingDimension": 7}},
        ),
    ],
)
def test_what_the_model_does_not_take_is_an_error_of_amazons(client: Any, model: str, body: Any) -> None:
    with pytest.raises(ClientError) as refused:
        invoked(client, model, body)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
