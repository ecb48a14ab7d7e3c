from pathlib import Path

import pytest
from pydantic import ValidationError

from addons.config_providers import SERVED, TYPES, Demo, Disabled, Provider, Timeouts, Tls
from tests.tls import Authority

MINIMAL: dict[str, dict[str, object]] = {
    "azure-openai": {"base_url": "https://r.openai.azure.com", "api_version": "v", "api_key": "k"},
    "aws-bedrock": {"region": "eu-west-1"},
    "aws-anthropic": {"region": "us-east-1"},
    "gcp-vertex": {"project": "p", "location": "us-central1"},
    "gcp-anthropic": {"project": "p", "location": "global"},
}


def provider(kind: str, **options: object) -> Provider:
    return TYPES[kind].model_validate({"type": kind} | MINIMAL.get(kind, {}) | options)


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_works_with_the_least_that_can_be_said(kind: str) -> None:
    assert provider(kind).type == kind
    assert provider(kind).disabled is None


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("openai", "https://api.openai.com/v1"),
        ("anthropic", "https://api.anthropic.com"),
        ("demo", ""),
        ("aws-bedrock", "https://bedrock-runtime.eu-west-1.amazonaws.com"),
        ("gcp-vertex", "https://us-central1-aiplatform.googleapis.com"),
        ("gcp-anthropic", "https://aiplatform.googleapis.com"),
    ],
)
def test_addresses_that_nobody_has_to_write(kind: str, url: str) -> None:
    assert provider(kind).base_url == url


def test_an_address_that_is_written_counts() -> None:
    assert provider("aws-bedrock", base_url="http://127.0.0.1:9/").base_url == "http://127.0.0.1:9"


def test_every_served_type_speaks_something() -> None:
    assert {kind: provider(kind).speaks for kind in SERVED} == {
        "openai": "openai_chat",
        "anthropic": "anthropic_messages",
        "demo": "openai_chat",
    }
    assert Demo(type="demo", dialect="anthropic_messages").speaks == "anthropic_messages"


def test_a_disabled_provider_says_why() -> None:
    assert Disabled(type="openai", reason="KEY is not set").disabled == "KEY is not set"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("azure-openai", {"entra": {"tenant_id": "t", "client_id": "c", "client_secret": "s"}}),
        ("azure-openai", {"api_key": None, "entra": {"tenant_id": "t", "client_id": "c"}}),
        ("aws-bedrock", {"credentials": {"access_key_id": "a"}}),
        ("aws-bedrock", {"credentials": {"profile": "p", "role_arn": "r", "web_identity_token_file": "f"}}),
        ("gcp-vertex", {"credentials": {}}),
        ("gcp-vertex", {"credentials": {"access_token": "t", "service_account_file": "f"}}),
    ],
)
def test_credentials_come_in_one_form(kind: str, options: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="needs"):
        provider(kind, **options)


def test_credentials_are_not_shown() -> None:
    keys = {"access_key_id": "id", "secret_access_key": "canary", "session_token": "canary"}
    assert "canary" not in repr(provider("aws-bedrock", credentials=keys))


def test_a_certificate_of_its_own(tmp_path: Path) -> None:
    file = Authority("private", tmp_path).file
    assert Tls(ca_file=file).ca_file == file
    with pytest.raises(ValidationError, match="without client_cert"):
        Tls(client_key=file)
    file.write_text("")
    with pytest.raises(ValidationError, match="can't be used: no certificate or crl found"):
        Tls(ca_file=file)


def test_models_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Timeouts().idle = 3
