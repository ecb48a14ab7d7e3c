from typing import Any

import pytest
from pydantic import ValidationError

from addons.config_providers import Provider
from addons.config_types import TYPES
from translators.hosts import HOSTS, PRESETS

MINIMAL: dict[str, dict[str, object]] = {
    "azure-openai": {"base_url": "https://r.openai.azure.com", "api_key": "k"},
    "aws-bedrock": {"region": "eu-west-1"},
    "aws-anthropic": {"region": "us-east-1"},
    "aws-rerank": {"region": "us-east-1"},
    "gcp-ranking": {"project": "p", "location": "global"},
    "gcp-vertex": {"project": "p", "location": "us-central1"},
    "gcp-anthropic": {"project": "p", "location": "global"},
}


def provider(kind: str, **options: object) -> Any:
    return TYPES[kind].model_validate({"type": kind} | MINIMAL.get(kind, {}) | options)


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_works_with_the_least_that_can_be_said(kind: str) -> None:
    made: Provider = provider(kind)
    assert made.type == kind
    assert made.disabled is None
    assert kind == "demo" or made.host in HOSTS


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("openai", "https://api.openai.com/v1"),
        ("anthropic", "https://api.anthropic.com"),
        ("gemini", "https://generativelanguage.googleapis.com"),
        ("cohere", "https://api.cohere.com"),
        ("demo", ""),
        ("groq", "https://api.groq.com/openai/v1"),
        ("ollama", "http://127.0.0.1:11434/v1"),
    ],
)
def test_addresses_that_nobody_has_to_write(kind: str, url: str) -> None:
    assert provider(kind).base_url == url


def test_an_address_that_is_written_counts() -> None:
    assert provider("groq", base_url="http://127.0.0.1:9/v1/").base_url == "http://127.0.0.1:9/v1"


def test_every_type_speaks_something() -> None:
    spoken = {kind: provider(kind).speaks for kind in TYPES if kind not in PRESETS}
    assert spoken == {
        **dict.fromkeys(("openai", "azure-openai", "cohere", "demo"), "openai_chat"),
        **dict.fromkeys(("anthropic", "aws-anthropic", "gcp-anthropic"), "anthropic_messages"),
        **{"aws-bedrock": "bedrock_converse", "gcp-vertex": "gemini_generate", "gemini": "gemini_generate"},
        **{"aws-rerank": "bedrock_rerank", "gcp-ranking": "vertex_rank"},
    }
    assert provider("demo", dialect="gemini_generate").speaks == "gemini_generate"
    assert {provider(kind).speaks for kind in PRESETS} == {"openai_chat", "openai_embeddings"}


@pytest.mark.parametrize("kind", TYPES)
def test_any_type_can_be_the_embedded_provider(kind: str) -> None:
    version = "/v1" if kind == "openai" or kind in PRESETS else ""
    url = "" if kind == "demo" else f"http://demo.invalid{version}"
    assert provider(kind, base_url="demo").base_url == url


def test_the_embedded_provider_has_no_other_address() -> None:
    with pytest.raises(ValidationError, match="is not to be set"):
        provider("demo", base_url="http://127.0.0.1:9")
