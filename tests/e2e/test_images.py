"""Images through the real gateway, with OpenAI's SDK, of every kind of provider."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.e2e.answers import whole
from tests.gateway import Gateway, running, standard_config
from tests.oracles import check_gemini_request
from tests.upstream import Upstream

AWS = {
    "region": "us-east-1",
    "credentials": {"access_key_id": "AKID", "secret_access_key": "canary-provider"},
}
GCP = {"project": "proj", "location": "us-east5", "credentials": {"access_token": "canary-provider-token"}}
CLOUDS: dict[str, dict[str, Any]] = {
    "aws": {"type": "aws-bedrock", **AWS},
    "gcp": {"type": "gcp-vertex", **GCP},
    "gemini": {"type": "gemini", "api_key": "canary-provider-key"},
}
DEMOS = {
    "demo": "openai_chat",
    "demo-aws": "bedrock_converse",
    "demo-google": "gemini_generate",
}
PNG = b"\x89PNG\r\n\x1a\n"
DRAWN: Any = {
    "candidates": [
        {
            "content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]},
            "finishReason": "STOP",
        }
    ]
}
ENCODED = base64.b64encode(PNG).decode()


@pytest.fixture(scope="module")
def painting(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config = standard_config(loopback.url)
    config["server"]["allow_direct"] = True
    for name, options in CLOUDS.items():
        config["providers"][name] = {**options, "base_url": f"{loopback.url}/{name}"}
    for name, dialect in DEMOS.items():
        config["providers"][name] = {"type": "demo", "dialect": dialect}
    config["providers"]["demo-vertex"] = {**CLOUDS["gcp"], "base_url": "demo"}
    with running(config, tmp_path_factory.mktemp("painting")) as gateway:
        yield gateway
        assert "canary" not in gateway.output()


@pytest.fixture
def sdk(painting: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{painting.url}/v1", api_key="canary-client-bearer", max_retries=0)


@pytest.mark.parametrize(
    "model",
    [
        *(f"{name}/hello" for name in DEMOS),
        "demo-aws/amazon.nova-canvas-v1:0",
        "demo-aws/stability.sd3-5-large-v1:0",
        "demo-google/gemini-2.5-flash-image",
        "demo-google/gemini-3-pro-image-preview",
        "demo-vertex/gemini-3.1-flash-image",
    ],
)
def test_a_prompt_becomes_images(sdk: openai.OpenAI, model: str) -> None:
    told = sdk.images.generate(model=model, prompt="a square", n=2)
    assert told.data and len(told.data) == 2 and told.created
    assert all(base64.b64decode(each.b64_json or "").startswith(PNG) for each in told.data)


def test_the_whole_form_is_passed(upstream: Upstream, sdk: openai.OpenAI) -> None:
    upstream.script("a", whole({"created": 1, "data": [{"b64_json": ENCODED}]}))
    sdk.images.edit(model="a", image=("a.png", PNG * 1000, "image/png"), prompt="p", background="transparent")
    asked = upstream.only()
    assert asked.path == "/a/v1/images/edits" and PNG * 1000 in asked.body


@pytest.mark.parametrize(
    ("model", "path", "answer"),
    [
        ("aws/amazon.titan-image-generator-v2:0", "/invoke", {"images": [ENCODED], "error": None}),
        (
            "aws/us.stability.stable-image-core-v1:1",
            "/invoke",
            {"seeds": [1], "finish_reasons": [None], "images": [ENCODED]},
        ),
        (
            "gcp/imagen-4.0-generate-001",
            "/imagen-4.0-generate-001:predict",
            {"predictions": [{"bytesBase64Encoded": ENCODED, "mimeType": "image/png"}]},
        ),
        ("gcp/gemini-2.5-flash-image", "/gemini-2.5-flash-image:generateContent", DRAWN),
        (
            "gemini/gemini-3-pro-image-preview",
            "/v1beta/models/gemini-3-pro-image-preview:generateContent",
            DRAWN,
        ),
    ],
)
def test_where_each_is_asked(
    upstream: Upstream, sdk: openai.OpenAI, model: str, path: str, answer: Any
) -> None:
    upstream.script(model.partition("/")[0], whole(answer))
    raw = sdk.images.with_raw_response.generate(model=model, prompt="p", style="vivid")
    told = raw.parse()
    assert told.data and told.data[0].b64_json == ENCODED
    assert raw.headers["x-dragoman-dropped"] == "style" and upstream.only().path.endswith(path)


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"prompt": None}, 400, "prompt"),
        ({"n": 0}, 400, "n"),
        ({"size": "big"}, 400, "size"),
        ({"response_format": "url"}, 422, "response_format"),
        ({"stream": True}, 422, "stream"),
        ({"model": "gcp/gemini-2.5-pro"}, 422, "model"),
        ({"model": "nobody"}, 404, "nobody"),
    ],
)
def test_bad_input_is_refused(
    upstream: Upstream, sdk: openai.OpenAI, fields: Any, status: int, field: str
) -> None:
    asked = {"model": "aws/amazon.nova-canvas-v1:0", "prompt": "p", **fields}
    with pytest.raises(openai.APIStatusError) as refused:
        sdk.post("/images/generations", body=asked, cast_to=object)
    assert refused.value.status_code == status and field in json.dumps(refused.value.body)
    assert not upstream.received


def test_gemini_is_asked_and_counted_in_its_own_words(upstream: Upstream, sdk: openai.OpenAI) -> None:
    usage = {
        **{"promptTokenCount": 9, "candidatesTokenCount": 1290, "totalTokenCount": 1299},
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
    }
    answer = whole({**DRAWN, "usageMetadata": usage})
    upstream.script("gemini", answer, answer)
    raw = sdk.images.with_raw_response.generate(
        model="gemini/gemini-3-pro-image-preview", prompt="p", n=2, size="1536x1024", quality="high"
    )
    told = raw.parse()
    assert told.data and len(told.data) == 2 and told.usage and told.usage.output_tokens == 2580
    assert {*raw.headers["x-dragoman-dropped"].split(",")} == {"size", "quality"}
    for asked in upstream.of("gemini"):
        body = json.loads(asked.body)
        assert check_gemini_request(body) == []
        assert body["generationConfig"]["imageConfig"] == {"aspectRatio": "3:2"}
        assert ("x-goog-api-key", "canary-provider-key") in asked.headers


@pytest.mark.parametrize("reason", ["IMAGE_SAFETY", "NO_IMAGE", "PROHIBITED_CONTENT"])
def test_who_makes_no_image_says_why(upstream: Upstream, sdk: openai.OpenAI, reason: str) -> None:
    upstream.script("gemini", whole({"candidates": [{"finishReason": reason}]}))
    with pytest.raises(openai.APIStatusError, match=reason):
        sdk.images.generate(model="gemini/gemini-2.5-flash-image", prompt="p")
