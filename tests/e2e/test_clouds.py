"""The clouds: each type's paths, headers and bodies, and what must never reach any of them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import answers
from tests.e2e.answers import saying, streamed, streaming, whole
from tests.e2e.client import CHAT, CLIENT_SECRETS, MESSAGES, chat, messages, post
from tests.gateway import Gateway, running, standard_config
from tests.sigv4 import is_signed
from tests.upstream import Received, Upstream
from translators import DIALECTS
from translators.hosts import HOSTS

KEYS = ("AKIDCLOUD", "canary-provider-secret", "canary-provider-session")
MODEL = "anthropic.claude-v1:0"
AWS = {
    "region": "us-east-1",
    "credentials": dict(zip(("access_key_id", "secret_access_key", "session_token"), KEYS, strict=True)),
}
GCP = {"project": "proj", "location": "us-east5", "credentials": {"access_token": "canary-provider-token"}}
KEY = {"api_key": "canary-provider-key"}
AZURE = {"type": "azure-openai", **KEY}
PROVIDERS: dict[str, dict[str, Any]] = {
    "azure": {**AZURE, "api_version": "2025-01-01-preview"},
    "azure-v1": {**AZURE, "api_version": "v1"},
    "azure-preview": {**AZURE, "api_version": "preview"},
    "bedrock": {"type": "aws-bedrock", **AWS},
    "claude-aws": {"type": "aws-anthropic", **AWS},
    "vertex": {"type": "gcp-vertex", **GCP},
    "claude-gcp": {"type": "gcp-anthropic", **GCP},
    "gemini": {"type": "gemini", **KEY},
    "cohere": {"type": "cohere", **KEY},
    "groq": {"type": "groq", **KEY},
}
VERTEX = "/v1/projects/proj/locations/us-east5/publishers"
PATHS = {
    "azure": f"/openai/deployments/{MODEL}/chat/completions?api-version=2025-01-01-preview",
    "azure-v1": "/openai/v1/chat/completions",
    "azure-preview": "/openai/v1/chat/completions?api-version=preview",
    "bedrock": f"/model/{MODEL}/converse",
    "claude-aws": f"/model/{MODEL}/invoke",
    "vertex": f"{VERTEX}/google/models/{MODEL}:generateContent",
    "claude-gcp": f"{VERTEX}/anthropic/models/{MODEL}:rawPredict",
    "gemini": f"/v1beta/models/{MODEL}:generateContent",
    "cohere": "/compatibility/v1/chat/completions",
    "groq": "/v1/chat/completions",
}
MODEL_IN_PATH = [name for name in PATHS if MODEL in PATHS[name]]
every = pytest.mark.parametrize("name", PROVIDERS)
both = pytest.mark.parametrize("path", [CHAT, MESSAGES])


@pytest.fixture(scope="module")
def clouds(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config = standard_config(loopback.url)
    for name, options in PROVIDERS.items():
        version = "/v1" if name == "groq" else ""
        config["providers"][name] = {**options, "base_url": f"{loopback.url}/{name}{version}"}
        backends = [{"provider": "a"}, {"provider": name, "priority": 1}]
        backoff = {"base": "1ms", "max": "2ms"}
        config["routes"].append(
            {"models": [f"a-{name}:*"], "backends": backends, "retry": {"backoff": backoff}}
        )
    config["server"]["allow_direct"] = True
    config["providers"]["local"] = {"type": "groq", "base_url": "demo", **KEY}
    with running(config, tmp_path_factory.mktemp("clouds"), "-v") as gateway:
        yield gateway
        assert "canary" not in gateway.output() + gateway.metrics()


def asking(path: str, model: str, **fields: Any) -> Any:
    return chat(model, **fields) if path == CHAT else messages(model, **fields)


def dialect(name: str) -> str:
    """What is spoken to a provider; the test is skipped where that is nothing yet."""
    target = HOSTS[PROVIDERS[name]["type"]].spoken_for(DIALECTS["openai_chat"], "", DIALECTS)
    if not target:
        pytest.skip(f"its dialect is not among {', '.join(DIALECTS)}")
    return target.NAME


def kind_of(name: str) -> str:
    """Whose answers a provider gives, of those that the tests have."""
    return "anth_a" if dialect(name) == "anthropic_messages" else "a"


def assert_proper(request: Received) -> None:
    """The provider's own credentials, nothing of the client's, and a length."""
    name = request.provider
    everything = json.dumps([request.path, request.headers, request.body.decode()])
    assert "canary-client" not in everything
    assert request.header("content-length") == str(len(request.body))
    assert request.header("transfer-encoding") is None
    told = dict(request.headers)
    assert len(told) == len(request.headers), "no header twice"
    kind = PROVIDERS[name]["type"]
    if kind.startswith("aws"):
        assert is_signed(request.path, told, request.body, keys=KEYS, region="us-east-1")
        assert told["x-amz-security-token"] == KEYS[2] and KEYS[1] not in everything
    elif kind.startswith("gcp"):
        assert told["authorization"] == "Bearer canary-provider-token"
    else:
        header = {"azure-openai": "api-key", "gemini": "x-goog-api-key"}.get(kind, "authorization")
        assert told[header].removeprefix("Bearer ") == "canary-provider-key"
        assert everything.count("canary-provider") == 1


@every
@both
def test_what_a_cloud_gets(upstream: Upstream, clouds: Gateway, name: str, path: str) -> None:
    good = whole(saying("anth_a" if dialect(name) == "anthropic_messages" else "a"))
    if dialect(name) in ("bedrock_converse", "gemini_generate"):
        good = whole({"message": "no"}, 400)
    upstream.script(name, good)
    secrets = CLIENT_SECRETS | {"anthropic-beta": "context-1m-2025-08-07", "anthropic-version": "2023-06-01"}
    answer = post(clouds.url, path, asking(path, f"{name}/{MODEL}"), secrets)
    assert answer.status in (200, 400)
    request = upstream.only()
    assert request.path == f"/{name}{PATHS[name]}"
    assert_proper(request)


@every
def test_what_a_cloud_gets_on_fallback(upstream: Upstream, clouds: Gateway, name: str) -> None:
    dialect(name)
    upstream.script("a", whole(answers.error("a"), 429))
    upstream.script(name, whole({"message": "no"}, 400))
    post(clouds.url, CHAT, chat(f"a-{name}:m"), CLIENT_SECRETS)
    assert_proper(upstream.of(name)[0])


@pytest.mark.parametrize("name", MODEL_IN_PATH)
@pytest.mark.parametrize("model", ["../x", "a%2fb", "a?b", "a#b", "a\x00b", "a\r\nb", "x/../../y"])
@pytest.mark.parametrize("way", ["direct", "fallback"])
def test_a_model_that_leads_elsewhere(
    upstream: Upstream, clouds: Gateway, name: str, model: str, way: str
) -> None:
    dialect(name)
    if way == "fallback":
        upstream.script("a", whole(answers.error("a"), 429))
    asked = f"{name}/{model}" if way == "direct" else f"a-{name}:{model}"
    answer = post(clouds.url, CHAT, chat(asked))
    assert answer.status == 400 and answer.json()["error"]["param"] == "model"
    assert not upstream.of(name)


@pytest.mark.parametrize("name", ["azure", "azure-v1", "claude-gcp", "cohere", "groq"])
@both
def test_streams(upstream: Upstream, clouds: Gateway, name: str, path: str) -> None:
    upstream.script(name, streamed(streaming(kind_of(name), "Hi there")))
    answer = post(clouds.url, path, asking(path, f"{name}/{MODEL}", stream=True))
    assert answer.status == 200 and b"there" in answer.body and b"rror" not in answer.body
    assert_proper(upstream.only())


def test_claude_on_aws(upstream: Upstream, clouds: Gateway) -> None:
    upstream.script("claude-aws", whole(saying("anth_a")))
    flags = {"anthropic-beta": "context-1m-2025-08-07,advanced-tool-use-2025-11-20,no-such-beta"}
    answer = post(clouds.url, MESSAGES, messages(f"claude-aws/{MODEL}"), flags)
    assert answer.headers["x-dragoman-dropped"] == "anthropic-beta: no-such-beta"
    request = upstream.only()
    body = json.loads(request.body)
    assert body["anthropic_version"] == "bedrock-2023-05-31"
    assert body["anthropic_beta"] == ["context-1m-2025-08-07", "tool-search-tool-2025-10-19"]
    assert not {"model", "stream"} & body.keys()
    assert request.header("anthropic-beta") is None and request.header("anthropic-version") is None


def test_a_stream_of_claude_on_aws_is_asked_for(upstream: Upstream, clouds: Gateway) -> None:
    upstream.script("claude-aws", whole({"message": "slow down"}, 400))
    post(clouds.url, MESSAGES, messages(f"claude-aws/{MODEL}", stream=True))
    request = upstream.only()
    assert request.path == f"/claude-aws/model/{MODEL}/invoke-with-response-stream"
    assert request.header("accept") == "application/vnd.amazon.eventstream"
    assert_proper(request)


def test_claude_on_google_cloud(upstream: Upstream, clouds: Gateway) -> None:
    upstream.script("claude-gcp", streamed(streaming("anth_a", "Hi")))
    post(clouds.url, MESSAGES, messages(f"claude-gcp/{MODEL}", stream=True), {"anthropic-beta": "x-1"})
    request = upstream.only()
    body = json.loads(request.body)
    assert (body["anthropic_version"], body["stream"]) == ("vertex-2023-10-16", True)
    assert "model" not in body and request.header("anthropic-version") is None
    assert request.header("anthropic-beta") == "x-1"
    assert request.path.endswith(":streamRawPredict")


def test_any_type_can_be_the_embedded_provider(upstream: Upstream, clouds: Gateway) -> None:
    answer = post(clouds.url, MESSAGES, messages("local/hello"))
    assert answer.status == 200 and answer.headers["x-dragoman-provider"] == "local"
    assert not upstream.received


def test_an_arn_is_one_segment(upstream: Upstream, clouds: Gateway) -> None:
    arn = "arn:aws:bedrock:us-east-1:1234:application-inference-profile/abc"
    upstream.script("claude-aws", whole(saying("anth_a")))
    assert post(clouds.url, CHAT, chat(f"claude-aws/{arn}")).status == 200
    request = upstream.only()
    assert request.path == f"/claude-aws/model/{arn.replace('/', '%2F')}/invoke"
    assert_proper(request)


@pytest.mark.parametrize("name", ["azure", "azure-v1"])
def test_azures_other_endpoints(upstream: Upstream, clouds: Gateway, name: str) -> None:
    answer = whole({"object": "list", "data": [], "model": "m", "usage": {"prompt_tokens": 1}})
    upstream.script(name, answer)
    assert post(clouds.url, "/v1/embeddings", {"model": f"{name}/dep", "input": "x"}).status == 200
    upstream.script(name, whole({"id": "r", "object": "response", "model": "m", "output": []}))
    assert post(clouds.url, "/v1/responses", {"model": f"{name}/dep", "input": "x"}).status == 200
    paths = [request.path.removeprefix(f"/{name}") for request in upstream.received]
    dated = ["/openai/deployments/dep/embeddings?api-version=2025-01-01-preview"]
    dated.append("/openai/responses?api-version=2025-01-01-preview")
    assert paths == (dated if name == "azure" else ["/openai/v1/embeddings", "/openai/v1/responses"])
    assert {json.loads(request.body)["model"] for request in upstream.received} == {"dep"}
