"""The providers of config.yaml whose credentials are more than a key: Azure, AWS and Google Cloud."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from addons.config_providers import Keyed, Provider
from addons.config_values import BaseUrl, Model, RootUrl, mapping_of

Segment = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.:_-]*$")]
"""What may stand in a path as it is."""

_BEDROCK_HOST = re.compile(
    r"(?:[a-z0-9-]+\.)?bedrock-(?:agent-)?runtime(?:-fips)?\.([a-z]{2,}(?:-[a-z0-9]+)+)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)"
)
"""https://docs.aws.amazon.com/general/latest/gr/bedrock.html, and endpoints of a VPC's own."""


# --- Azure ------------------------------------------------------------------------------------------


class Entra(Model):
    """Microsoft Entra ID: with a `client_secret`, or with the token in a file (workload identity)."""

    tenant_id: Segment
    """The directory."""
    client_id: str
    """The application."""
    client_secret: SecretStr | None = None
    """The application's secret."""
    token_file: Path | None = None
    """A federated token, read anew for each refresh."""
    authority: BaseUrl = "https://login.microsoftonline.com"
    """Who gives out tokens; another one in sovereign clouds."""
    scope: str = "https://cognitiveservices.azure.com/.default"
    """What the tokens are for."""

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if (self.client_secret is None) == (self.token_file is None):
            raise ValueError("needs either client_secret or token_file")
        return self


def resource(url: str) -> str:
    """The root of an Azure resource."""
    if re.search(r"/openai(/|$)", urlsplit(url).path):
        raise ValueError("is the resource's address alone: /openai and what follows it is added")
    return url


class AzureOpenAI(Keyed):
    """Azure OpenAI."""

    base_url: Annotated[RootUrl, AfterValidator(resource)]
    """The resource, such as https://my-resource.openai.azure.com"""
    api_version: Segment = "v1"
    """`v1`, `preview`, or a dated one such as 2025-01-01-preview."""
    api_key: SecretStr | None = None
    """Sent as `api-key`."""
    entra: Entra | None = None
    """Instead of a key."""

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.api_key is None) == (self.entra is None):
            raise ValueError("needs either api_key or entra")
        return self

    @property
    def host(self) -> str:
        return "azure-openai-v1" if self.api_version in ("v1", "preview") else "azure-openai"

    @property
    def places(self) -> Mapping[str, str]:
        query = "?api-version=preview" if self.api_version == "preview" else ""
        return {"api_version": self.api_version, "query": query}


# --- AWS --------------------------------------------------------------------------------------------


class AwsCredentials(Model):
    """A key pair, a profile, or a role; without any of them AWS's own default chain."""

    access_key_id: str | None = None
    """With `secret_access_key`."""
    secret_access_key: SecretStr | None = None
    """With `access_key_id`."""
    session_token: SecretStr | None = None
    """With temporary keys."""
    profile: str | None = None
    """A section of the AWS configuration files."""
    role_arn: str | None = None
    """A role to assume with `web_identity_token_file`."""
    web_identity_token_file: Path | None = None
    """An OpenID Connect token, read anew for each refresh."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        keys = (self.access_key_id is not None, self.secret_access_key is not None)
        role = (self.role_arn is not None, self.web_identity_token_file is not None)
        if keys[0] != keys[1] or role[0] != role[1] or keys[0] + role[0] + (self.profile is not None) != 1:
            raise ValueError(
                "needs access_key_id and secret_access_key, profile, or role_arn and web_identity_token_file"
            )
        return self


def bedrock_region(url: str) -> str:
    """The region that a Bedrock host's name tells; empty for any other host."""
    try:
        found = _BEDROCK_HOST.fullmatch(urlsplit(url).hostname or "")
    except ValueError:
        return ""
    return found[1] if found else ""


class Aws(Provider):
    """Amazon Bedrock: its Converse API, Claude in its own words, or what ranks documents."""

    base_url: RootUrl
    """Made of the region when not said."""
    region: Segment
    """Such as us-east-1. Where the host's name tells one, that is the one."""
    credentials: AwsCredentials | None = None
    """Without it, AWS's own default chain."""

    @model_validator(mode="before")
    @classmethod
    def _region_and_base_url(cls, value: object) -> object:
        if (options := mapping_of(value)) is None:
            return value
        if told := bedrock_region(str(options.get("base_url") or "")):
            return options | {"region": told}
        region = options.get("region")
        china = ".cn" if str(region).startswith("cn-") else ""
        service = "bedrock-agent-runtime" if options.get("type") == "aws-rerank" else "bedrock-runtime"
        return {"base_url": f"https://{service}.{region}.amazonaws.com{china}"} | options

    @property
    def places(self) -> Mapping[str, str]:
        return {"region": self.region}


# --- Google Cloud -----------------------------------------------------------------------------------


class GcpCredentials(Model):
    """A service account's key, another file of Google's, or a token that someone else refreshes."""

    service_account_file: Path | None = None
    """The JSON file that Google Cloud hands out, read anew for each refresh."""
    credentials_file: Path | None = None
    """Any other JSON file of Google's, such as that of workload identity federation (`external_account`)."""
    access_token: SecretStr | None = None
    """A bearer token."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = (self.service_account_file, self.credentials_file, self.access_token)
        if sum(value is not None for value in given) != 1:
            raise ValueError("needs one of service_account_file, credentials_file and access_token")
        return self


class Gcp(Provider):
    """Google Cloud's Vertex AI: Gemini, Claude in its own words, or what ranks documents."""

    base_url: RootUrl
    """Made of the location when not said."""
    project: Segment
    """The project's id."""
    location: Segment
    """Such as us-central1, global, us or eu."""
    credentials: GcpCredentials | None = None
    """Without it, application default credentials."""

    @model_validator(mode="before")
    @classmethod
    def _default_base_url(cls, value: object) -> object:
        if (options := mapping_of(value)) is None:
            return value
        match location := options.get("location"):
            case _ if options.get("type") == "gcp-ranking":
                host = "discoveryengine.googleapis.com"
            case "global":
                host = "aiplatform.googleapis.com"
            case "us" | "eu":
                host = f"aiplatform.{location}.rep.googleapis.com"
            case _:
                host = f"{location}-aiplatform.googleapis.com"
        return {"base_url": f"https://{host}"} | options

    @property
    def places(self) -> Mapping[str, str]:
        return {"project": self.project, "location": self.location}
