import pytest
from pydantic import ValidationError

from addons.config_clouds import bedrock_region
from tests.addons.test_config_types import provider

ENTRA = {"tenant_id": "t", "client_id": "c", "client_secret": "s"}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("azure-openai", {"entra": ENTRA}),
        ("azure-openai", {"api_key": None}),
        ("azure-openai", {"api_key": None, "entra": {"tenant_id": "t", "client_id": "c"}}),
        ("aws-bedrock", {"credentials": {"access_key_id": "a"}}),
        ("aws-bedrock", {"credentials": {"profile": "p", "role_arn": "r", "web_identity_token_file": "f"}}),
        ("gcp-vertex", {"credentials": {}}),
        ("gcp-vertex", {"credentials": {"access_token": "t", "service_account_file": "f"}}),
        ("gcp-vertex", {"credentials": {"credentials_file": "f", "service_account_file": "f"}}),
    ],
)
def test_credentials_come_in_one_form(kind: str, options: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="needs"):
        provider(kind, **options)


def test_credentials_are_not_shown() -> None:
    keys = {"access_key_id": "id", "secret_access_key": "canary", "session_token": "canary"}
    shown = [
        provider("aws-bedrock", credentials=keys),
        provider("azure-openai", api_key=None, entra=ENTRA | {"client_secret": "canary"}),
        provider("gcp-vertex", credentials={"access_token": "canary"}),
    ]
    assert "canary" not in repr(shown)


# --- Azure ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "host", "query"),
    [
        ("2025-01-01-preview", "azure-openai", ""),
        ("2024-10-21", "azure-openai", ""),
        ("v1", "azure-openai-v1", ""),
        ("preview", "azure-openai-v1", "?api-version=preview"),
    ],
)
def test_azures_versions(version: str, host: str, query: str) -> None:
    made = provider("azure-openai", api_version=version)
    assert made.host == host
    assert made.places == {"api_version": version, "query": query}


def test_azures_newest_version_is_the_default() -> None:
    assert provider("azure-openai").host == "azure-openai-v1"


@pytest.mark.parametrize("version", ["a&b=c", "a#b", "a/b", "../x", ""])
def test_a_version_leads_nowhere_else(version: str) -> None:
    with pytest.raises(ValidationError):
        provider("azure-openai", api_version=version)


@pytest.mark.parametrize("path", ["/openai", "/openai/v1/", "/openai/deployments/x"])
def test_an_azure_resource_is_an_address_alone(path: str) -> None:
    with pytest.raises(ValidationError, match="address alone"):
        provider("azure-openai", base_url=f"https://r.openai.azure.com{path}")


# --- AWS --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("bedrock-runtime.us-west-2.amazonaws.com", "us-west-2"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("vpce-0a1b-xyz.bedrock-runtime.eu-central-1.vpce.amazonaws.com", "eu-central-1"),
        ("vpce-0a1b-xyz-eu-central-1a.bedrock-runtime.eu-central-1.vpce.amazonaws.com", "eu-central-1"),
        ("bedrock-runtime.ap-southeast-2.api.aws", "ap-southeast-2"),
        ("bedrock-runtime-fips.us-east-1.api.aws", "us-east-1"),
        ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("bedrock-runtime.us-west-2.amazonaws.com.evil.example", ""),
        ("evil.example.bedrock-runtime.us-west-2.amazonaws.com.evil", ""),
        ("bedrock-runtime.us-west-2.amazonaws.comx", ""),
        ("xbedrock-runtime.us-west-2.amazonaws.com", ""),
        ("127.0.0.1:9", ""),
        ("[", ""),
    ],
)
def test_the_region_in_a_hosts_name(host: str, region: str) -> None:
    assert bedrock_region(f"https://{host}/x") == region


def test_the_region_in_the_hosts_name_counts() -> None:
    url = "https://bedrock-runtime-fips.us-west-2.amazonaws.com"
    assert provider("aws-bedrock", base_url=url, region="eu-west-1").region == "us-west-2"
    assert provider("aws-bedrock", base_url=url, region=None).region == "us-west-2"
    assert provider("aws-bedrock", base_url="http://127.0.0.1:9").region == "eu-west-1"
    with pytest.raises(ValidationError, match="region"):
        provider("aws-bedrock", base_url="http://127.0.0.1:9", region=None)


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", "https://bedrock-runtime.eu-west-1.amazonaws.com"),
        ("cn-north-1", "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_bedrocks_address(region: str, url: str) -> None:
    assert provider("aws-bedrock", region=region).base_url == url


# --- Google Cloud -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("us-central1", "us-central1-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_vertex_addresses(location: str, host: str) -> None:
    made = provider("gcp-vertex", location=location)
    assert made.base_url == f"https://{host}"
    assert made.places == {"project": "p", "location": location}


@pytest.mark.parametrize("value", ["../x", "a/b", "a?b", "a b", "{model}"])
@pytest.mark.parametrize("option", ["project", "location"])
def test_a_place_leads_nowhere_else(option: str, value: str) -> None:
    with pytest.raises(ValidationError):
        provider("gcp-anthropic", base_url="demo", **{option: value})
