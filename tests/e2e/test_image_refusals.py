"""Images that a provider's filters keep back: an answer to the client, and to a route that retries such."""

import base64
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.e2e.answers import whole
from tests.e2e.test_images import CLOUDS, ENCODED, PNG
from tests.gateway import Gateway, running, standard_config
from tests.upstream import Upstream

KEPT = "Filter reason: prompt"
BLOCKED: dict[str, Any] = {
    "amazon.nova-canvas-v1:0": {"images": [], "error": KEPT},
    "stability.sd3-5-large-v1:0": {"finish_reasons": [KEPT]},
    "imagen-4.0-generate-001": {"predictions": [{"raiFilteredReason": KEPT}]},
    "imagen-3.0-capability-001": {"predictions": [{"raiFilteredReason": KEPT}]},
}


@pytest.fixture(scope="module")
def painting(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config = standard_config(loopback.url)
    config["server"]["allow_direct"] = True
    for name, options in CLOUDS.items():
        config["providers"][name] = {**options, "base_url": f"{loopback.url}/{name}"}
    both = [
        {"provider": "aws", "model": "amazon.nova-canvas-v1:0"},
        {"provider": "gcp", "model": "imagen-4.0-generate-001", "priority": 1},
    ]
    config["routes"] += [
        {"models": ["final"], "backends": both},
        {"models": ["second-try"], "backends": both, "retry": {"on": ["400"]}},
    ]
    with running(config, tmp_path_factory.mktemp("refusals")) as gateway:
        yield gateway


@pytest.fixture
def sdk(painting: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{painting.url}/v1", api_key="x", max_retries=0)


def refused(error: openai.BadRequestError, attempts: int) -> bool:
    told: Any = error.body
    return (
        (told["code"], told["message"]) == ("content_policy_violation", KEPT)
        and told["type"] == "invalid_request_error"
        and error.response.headers["x-dragoman-attempts"] == str(attempts)
    )


@pytest.mark.parametrize("model", BLOCKED)
def test_a_prompt_may_be_refused(
    upstream: Upstream, painting: Gateway, sdk: openai.OpenAI, model: str
) -> None:
    provider = "gcp" if model.startswith("imagen") else "aws"
    upstream.script(provider, whole(BLOCKED[model]))
    with pytest.raises(openai.BadRequestError) as told:
        if "capability" in model:
            sdk.images.edit(model=f"{provider}/{model}", prompt="p", image=("a.png", PNG, "image/png"))
        else:
            sdk.images.generate(model=f"{provider}/{model}", prompt="p", n=2)
    assert refused(told.value, 1)
    upstream.only()
    line = painting.logged(told.value.response.headers["x-request-id"])
    assert (line["status"], line["attempts"]) == (400, [f"{provider}:400"])


def test_a_refusal_is_the_final_answer(upstream: Upstream, sdk: openai.OpenAI) -> None:
    upstream.script("aws", whole(BLOCKED["amazon.nova-canvas-v1:0"]))
    with pytest.raises(openai.BadRequestError) as told:
        sdk.images.generate(model="final", prompt="p")
    assert refused(told.value, 1)
    upstream.only()


def test_unless_the_route_retries_what_is_refused(upstream: Upstream, sdk: openai.OpenAI) -> None:
    upstream.script("aws", whole(BLOCKED["amazon.nova-canvas-v1:0"]))
    upstream.script("gcp", whole({"predictions": [{"bytesBase64Encoded": ENCODED, "mimeType": "image/png"}]}))
    raw = sdk.images.with_raw_response.generate(model="second-try", prompt="p")
    assert base64.b64decode((raw.parse().data or [])[0].b64_json or "") == PNG
    assert raw.headers["x-dragoman-attempts"] == "2" and raw.headers["x-dragoman-provider"] == "gcp"


def test_the_last_refusal_is_told(upstream: Upstream, sdk: openai.OpenAI) -> None:
    upstream.script("aws", whole(BLOCKED["amazon.nova-canvas-v1:0"]))
    upstream.script("gcp", whole(BLOCKED["imagen-4.0-generate-001"]))
    with pytest.raises(openai.BadRequestError) as told:
        sdk.images.generate(model="second-try", prompt="p")
    assert refused(told.value, 2)
