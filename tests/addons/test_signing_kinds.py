from typing import Any

import pytest

from addons.signing import aws, signer_for
from addons.signing.key import Bearer, Key
from tests.addons.calls import a_request
from tests.addons.test_config_types import provider

ROLE = {"role_arn": "arn", "web_identity_token_file": "f"}
ENTRA = {"tenant_id": "t", "client_id": "c", "client_secret": "s"}


async def run(work: Any) -> Any:
    raise AssertionError("nothing is fetched before it is needed")


@pytest.mark.parametrize(
    ("kind", "options", "signer"),
    [
        ("openai", {"api_key": "k"}, Key),
        ("openai", {}, Key),
        ("demo", {}, Key),
        ("groq", {"api_key": "k"}, Key),
        ("azure-openai", {}, Key),
        ("azure-openai", {"api_key": None, "entra": ENTRA}, Bearer),
        ("aws-bedrock", {}, aws.Fetched),
        ("aws-anthropic", {"credentials": {"profile": "p"}}, aws.Fetched),
        ("aws-bedrock", {"credentials": ROLE}, aws.Fetched),
        ("aws-bedrock", {"credentials": {"access_key_id": "a", "secret_access_key": "s"}}, aws.Static),
        ("gcp-vertex", {}, Bearer),
        ("gcp-vertex", {"credentials": {"service_account_file": "f"}}, Bearer),
        ("gcp-anthropic", {"credentials": {"credentials_file": "f"}}, Bearer),
        ("gcp-anthropic", {"credentials": {"access_token": "t"}}, Key),
    ],
)
def test_who_gets_which(kind: str, options: dict[str, Any], signer: type) -> None:
    made = signer_for(provider(kind, **options), run)
    assert type(made) is signer
    assert made.renewable is made.fresh is False or made.renewable is not made.fresh


@pytest.mark.parametrize(
    ("kind", "header", "value"),
    [
        ("openai", "authorization", "Bearer key"),
        ("mistral", "authorization", "Bearer key"),
        ("cohere", "authorization", "Bearer key"),
        ("anthropic", "x-api-key", "key"),
        ("azure-openai", "api-key", "key"),
        ("gemini", "x-goog-api-key", "key"),
    ],
)
def test_a_key_is_stripped_of_its_line_end(kind: str, header: str, value: str) -> None:
    request = a_request()
    signer_for(provider(kind, api_key="key\n"), run).sign(request)
    assert request.headers.get_all(header) == [value]
