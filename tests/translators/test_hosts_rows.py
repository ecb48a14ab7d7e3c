"""The rows of the table of hosts: each vendor's paths, and what it wants in a body."""

from dataclasses import fields
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from translators import DIALECTS
from translators.body import parse
from translators.canonical import Request
from translators.errors import BadRequest, Unsupported
from translators.hosts import DEMO_HOSTS, HOSTS, PRESETS, Envelope
from translators.translator import Outgoing, Translator

OPENAI, ANTHROPIC = DIALECTS["openai_chat"], DIALECTS["anthropic_messages"]
PLACES = {"project": "p", "location": "us-east5", "api_version": "2025-01-01-preview", "query": ""}
VERTEX = "/v1/projects/p/locations/us-east5/publishers"
CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
MESSAGES: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}


def sent(envelope: Envelope, body: Any, source: Any, target: Any, *betas: str) -> tuple[Any, Outgoing]:
    written = Translator(source, target, envelope).request(
        parse(orjson.dumps(body)), "up", {"betas": list(betas)} if betas else {}
    )
    return orjson.loads(written.body), written


@pytest.mark.parametrize(
    ("host", "dialect", "whole", "streamed"),
    [
        ("aws-bedrock", "bedrock_converse", "/model/a%2Fm:0/converse", "/model/a%2Fm:0/converse-stream"),
        (
            "aws-anthropic",
            "anthropic_messages",
            "/model/a%2Fm:0/invoke",
            "/model/a%2Fm:0/invoke-with-response-stream",
        ),
        (
            "gcp-vertex",
            "gemini_generate",
            f"{VERTEX}/google/models/a%2Fm:0:generateContent",
            f"{VERTEX}/google/models/a%2Fm:0:streamGenerateContent?alt=sse",
        ),
        (
            "gcp-anthropic",
            "anthropic_messages",
            f"{VERTEX}/anthropic/models/a%2Fm:0:rawPredict",
            f"{VERTEX}/anthropic/models/a%2Fm:0:streamRawPredict",
        ),
        (
            "gemini",
            "gemini_generate",
            "/v1beta/models/a%2Fm:0:generateContent",
            "/v1beta/models/a%2Fm:0:streamGenerateContent?alt=sse",
        ),
        (
            "azure-openai",
            "openai_chat",
            "/openai/deployments/a%2Fm:0/chat/completions?api-version=2025-01-01-preview",
            "/openai/deployments/a%2Fm:0/chat/completions?api-version=2025-01-01-preview",
        ),
        (
            "azure-openai",
            "openai_transcriptions",
            "/openai/deployments/a%2Fm:0/audio/transcriptions?api-version=2025-01-01-preview",
            "/openai/deployments/a%2Fm:0/audio/transcriptions?api-version=2025-01-01-preview",
        ),
        (
            "azure-openai",
            "openai_responses",
            "/openai/responses?api-version=2025-01-01-preview",
            "/openai/responses?api-version=2025-01-01-preview",
        ),
        ("azure-openai-v1", "openai_chat", "/openai/v1/chat/completions", "/openai/v1/chat/completions"),
        (
            "cohere",
            "openai_chat",
            "/compatibility/v1/chat/completions",
            "/compatibility/v1/chat/completions",
        ),
    ],
)
def test_paths(host: str, dialect: str, whole: str, streamed: str) -> None:
    path = HOSTS[host].paths[dialect]
    assert (path.to("a/m:0", False, PLACES), path.to("a/m:0", True, PLACES)) == (whole, streamed)


@pytest.mark.parametrize("host", ["azure-openai", "aws-bedrock", "aws-anthropic", "gcp-vertex", "gemini"])
@pytest.mark.parametrize("model", ["../x", "a%2fb", "a?b", "a#b", "a\x00b", "a\nb", "a..b"])
def test_a_model_leads_nowhere_else(host: str, model: str) -> None:
    path = next(iter(HOSTS[host].paths.values()))
    for stream in (False, True):
        with pytest.raises(BadRequest):
            path.to(model, stream, PLACES)


def test_the_preview_of_azures_v1() -> None:
    path = HOSTS["azure-openai-v1"].paths["openai_embeddings"]
    assert (
        path.to("m", False, {"query": "?api-version=preview"}) == "/openai/v1/embeddings?api-version=preview"
    )


def test_labels() -> None:
    labels = {name: host.label for name, host in HOSTS.items() if name not in PRESETS}
    assert labels == {
        **{"openai": "openai", "anthropic": "anthropic", "cohere": "cohere", "gemini": "gcp.gemini"},
        **{"azure-openai": "azure.openai", "azure-openai-v1": "azure.openai"},
        **{"aws-bedrock": "aws.bedrock", "aws-anthropic": "aws.anthropic"},
        **{"aws-rerank": "aws.bedrock", "gcp-ranking": "gcp.vertex_ai"},
        **{"gcp-vertex": "gcp.vertex_ai", "gcp-anthropic": "gcp.anthropic"},
    }


def test_the_demo_has_every_dialect() -> None:
    assert {*DIALECTS, "bedrock_converse", "gemini_generate", "cohere_rerank"} == {*DEMO_HOSTS}
    assert all(next(iter(host.paths)) == name for name, host in DEMO_HOSTS.items())


# --- Claude on AWS and on Google Cloud --------------------------------------------------------------


@pytest.mark.parametrize("source", [ANTHROPIC, OPENAI])
def test_claude_on_aws(source: Any) -> None:
    envelope = HOSTS["aws-anthropic"].envelope(ANTHROPIC)
    body, _ = sent(
        envelope, (MESSAGES if source is ANTHROPIC else CHAT) | {"stream": True}, source, ANTHROPIC
    )
    assert body["anthropic_version"] == "bedrock-2023-05-31"
    assert not {"model", "stream"} & body.keys()


@pytest.mark.parametrize("source", [ANTHROPIC, OPENAI])
def test_claude_on_google_cloud(source: Any) -> None:
    envelope = HOSTS["gcp-anthropic"].envelope(ANTHROPIC)
    body, _ = sent(
        envelope, (MESSAGES if source is ANTHROPIC else CHAT) | {"stream": True}, source, ANTHROPIC
    )
    assert (body["anthropic_version"], body["stream"]) == ("vertex-2023-10-16", True)
    assert "model" not in body


def test_betas_that_aws_takes_are_in_the_body() -> None:
    envelope = HOSTS["aws-anthropic"].envelope(ANTHROPIC)
    flags = ("context-1m-2025-08-07", "advanced-tool-use-2025-11-20", "tool-search-tool-2025-10-19", "new-9")
    body, written = sent(envelope, MESSAGES, ANTHROPIC, ANTHROPIC, *flags)
    assert body["anthropic_beta"] == ["context-1m-2025-08-07", "tool-search-tool-2025-10-19"]
    assert written.dropped == ("anthropic-beta: new-9",)


@pytest.mark.parametrize("host", ["aws-anthropic", "gcp-anthropic"])
@pytest.mark.parametrize(
    "body", [{"message": "slow down"}, {"error": {"code": 429, "message": "slow down", "status": "X"}}, []]
)
def test_an_error_of_the_cloud_itself_is_told_as_anthropic_would(host: str, body: Any) -> None:
    translator = Translator(ANTHROPIC, ANTHROPIC, HOSTS[host].envelope(ANTHROPIC))
    _, written = translator.error(429, orjson.dumps(body), "r")
    told = orjson.loads(written or b"")
    assert (told["type"], told["error"]["type"], told["request_id"]) == ("error", "rate_limit_error", "r")
    own = orjson.dumps({"type": "error", "error": {"type": "rate_limit_error", "message": "m"}})
    assert translator.error(429, own, "r")[1] is None


# --- presets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_the_shape_of_a_preset(name: str) -> None:
    preset = PRESETS[name]
    if preset.base_url:
        url = urlsplit(preset.base_url)
        assert url.scheme == ("http" if url.hostname == "127.0.0.1" else "https")
        assert not (url.query or url.fragment or preset.base_url.endswith("/"))
    assert urlsplit(preset.docs).scheme == "https"
    assert preset.key.isupper() or (not preset.key and "127.0.0.1" in (preset.base_url or "127.0.0.1"))
    assert preset.dialects and {*preset.dialects} == HOSTS[name].paths.keys()
    assert HOSTS[name].label and HOSTS[name].key_prefix == "Bearer "
    names = {f"Request.{field.name}" for field in fields(Request)}
    assert preset.chat.lacks.keys() <= names and all(lack.note for lack in preset.chat.lacks.values())


def test_all_presets_are_there() -> None:
    hosted = {"groq", "xai", "together", "mistral", "deepinfra", "deepseek", "hunyuan", "tencent-lke", "tars"}
    hosted |= {
        "sambanova",
        "gemini-openai",
        "openrouter",
        "fireworks",
        "cerebras",
        "nvidia",
        "perplexity",
        "jina",
        "voyage",
    }
    assert {*PRESETS} == hosted | {"huggingface", "vllm", "ollama", "llama.cpp", "lm-studio"}


def test_quirks_of_a_translated_request() -> None:
    quirks = PRESETS["mistral"].chat
    body, written = sent(quirks, MESSAGES | {"metadata": {"user_id": "me"}}, ANTHROPIC, OPENAI)
    assert body["max_tokens"] == 9
    assert not {"max_completion_tokens", "user"} & body.keys()
    assert written.dropped == ("metadata",)


def test_roles_that_are_not_known() -> None:
    quirks = Envelope(roles={"system": "boss"})
    body, _ = sent(quirks, MESSAGES | {"system": "Be brief."}, ANTHROPIC, OPENAI)
    assert [message["role"] for message in body["messages"]] == ["boss", "user"]


def test_what_a_host_can_not_do_is_refused_in_the_clients_words() -> None:
    tools = [{"name": "t", "input_schema": {"type": "object"}}]
    with pytest.raises(Unsupported) as refused:
        sent(PRESETS["perplexity"].chat, MESSAGES | {"tools": tools}, ANTHROPIC, OPENAI)
    assert refused.value.meaning == "tools"


def test_who_speaks_the_dialect_is_taken_at_his_word() -> None:
    asked = CHAT | {"seed": 5, "max_completion_tokens": 7, "n": 2, "messages": [{"role": "developer"}]}
    body, _ = sent(PRESETS["mistral"].chat, asked, OPENAI, OPENAI)
    assert body == asked | {"model": "up"}


@pytest.mark.parametrize("source", [ANTHROPIC, OPENAI])
def test_who_can_not_be_asked_for_usage_is_not(source: Any) -> None:
    asked = (MESSAGES if source is ANTHROPIC else CHAT) | {"stream": True}
    assert "stream_options" in sent(Envelope(), asked, source, OPENAI)[0]
    assert "stream_options" not in sent(Envelope(metered=False), asked, source, OPENAI)[0]
