import pytest

from addons.config_environment import providers_of
from addons.config_load import from_environment
from translators.hosts import PRESETS

AZURE = {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com"}
GOOGLE = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": "global"}


def found(**env: str) -> dict[str, object]:
    """Those that are not always there."""
    always = providers_of({})
    return {name: options for name, options in providers_of(env).items() if name not in always}


def test_without_anything_there_are_the_embedded_ones() -> None:
    assert list(providers_of({})) == ["demo", "demo-claude"]


@pytest.mark.parametrize(
    ("env", "types"),
    [
        ({"OPENAI_API_KEY": "k"}, {"openai": "openai"}),
        ({"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}, {"anthropic": "anthropic"}),
        ({"GEMINI_API_KEY": "k"}, {"gemini": "gemini"}),
        ({"GOOGLE_API_KEY": "k"}, {"gemini": "gemini"}),
        ({"COHERE_API_KEY": "k"}, {"cohere": "cohere"}),
        (AZURE, {"azure": "azure-openai"}),
        (AZURE | {"OPENAI_API_VERSION": "2025-01-01-preview"}, {"azure": "azure-openai"}),
        ({"AZURE_OPENAI_API_KEY": "k"}, {}),
        (GOOGLE, {"vertex": "gcp-vertex", "vertex-claude": "gcp-anthropic"}),
        ({"GOOGLE_CLOUD_PROJECT": "p"}, {}),
        ({"AWS_REGION": "us-east-1"}, {}),
        ({"AWS_PROFILE": "p"}, {}),
        ({"GROQ_API_KEY": "k", "HF_TOKEN": "t"}, {"groq": "groq", "huggingface": "huggingface"}),
    ],
)
def test_who_is_found(env: dict[str, str], types: dict[str, str]) -> None:
    config = from_environment(env)
    new = [name for name in config.providers if name not in ("demo", "demo-claude")]
    assert {name: config.providers[name].type for name in new} == types
    assert not config.warnings


@pytest.mark.parametrize(
    "identity",
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ],
)
@pytest.mark.parametrize("region", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_aws_where_there_is_an_identity(identity: str, region: str) -> None:
    assert found(**{identity: "x", region: "eu-west-1"}) == {
        "bedrock": {"type": "aws-bedrock", "region": "eu-west-1"},
        "bedrock-claude": {"type": "aws-anthropic", "region": "eu-west-1"},
    }


def test_every_preset_with_a_key() -> None:
    keyed = {name: preset.key for name, preset in PRESETS.items() if preset.key}
    named = found(**dict.fromkeys(keyed.values(), "k"))
    assert named.keys() == keyed.keys() - {"gemini-openai"} | {"gemini"}
