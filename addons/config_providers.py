"""The providers of config.yaml: one class a type, and the table of what this version serves."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, FilePath, SecretStr, model_validator

from addons.config_values import (
    BaseUrl,
    Duration,
    ForwardableHeader,
    HeaderValue,
    Json,
    Model,
    SettableHeader,
)

Dialect = Literal["openai_chat", "anthropic_messages"]


def editable(field: str) -> str:
    """A field of the body that the configuration may set or remove."""
    if field in ("model", "stream"):
        raise ValueError(f"{field} is the gateway's to set; a backend's own name is its `model`")
    return field


def unset(value: str) -> str:
    """The address of a provider that has none."""
    if value:
        raise ValueError("is not to be set: this provider is a part of the gateway")
    return value


class HeaderEdits(Model):
    """Changes to an attempt's headers: first those in `remove` go, then those in `set` come."""

    set: Annotated[Mapping[SettableHeader, HeaderValue], Field(max_length=16, repr=False)] = {}
    """Names in lower case and their values."""
    remove: Annotated[tuple[SettableHeader, ...], Field(max_length=16)] = ()
    """Names in lower case."""


class BodyEdits(Model):
    """Changes to the top level of an attempt's translated body: first `remove`, then `set`."""

    set: Annotated[Mapping[Annotated[str, AfterValidator(editable)], Json], Field(max_length=16)] = {}
    """Fields and their values, any JSON."""
    remove: Annotated[tuple[Annotated[str, AfterValidator(editable)], ...], Field(max_length=16)] = ()
    """Names of fields."""


class Timeouts(Model):
    """How long an attempt may take; `None` is not said here."""

    connect: Annotated[Duration | None, Field(gt=0)] = None
    """Until the connection stands, TLS included."""
    first_byte: Annotated[Duration | None, Field(gt=0)] = None
    """From the request's end to the answer's first byte."""
    idle: Annotated[Duration | None, Field(gt=0)] = None
    """Between two pieces of an answer."""
    total: Annotated[Duration | None, Field(gt=0)] = None
    """From the client's request to the last byte, over all attempts."""


class Tls(Model):
    """Certificates other than the system's, as PEM files."""

    ca_file: FilePath | None = None
    """Whom to trust instead of the system's authorities."""
    client_cert: FilePath | None = None
    """What we show to a provider that asks who we are."""
    client_key: FilePath | None = None
    """The key of `client_cert`, where that file does not hold it."""

    @model_validator(mode="after")
    def _key_has_certificate(self) -> Self:
        if self.client_key and not self.client_cert:
            raise ValueError("client_key is of no use without client_cert")
        return self

    @model_validator(mode="after")
    def _files_can_be_used(self) -> Self:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
            if self.client_cert:
                context.load_cert_chain(self.client_cert, self.client_key, password="")  # else it would ask
        except OSError as error:
            reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
            raise ValueError(f"can't be used: {str(reason).lower().replace('_', ' ')}") from None
        return self


Dollars = Annotated[float | None, Field(ge=0, allow_inf_nan=False)]
"""A price, or `None` where none is known."""


class Price(Model):
    """What a model costs, in USD per million tokens where nothing else is said."""

    input: Dollars = None
    """Prompt tokens that have no price of their own below."""
    cached_input: Dollars = None
    """Prompt tokens read from a cache; as `input` when not said."""
    cache_write: Dollars = None
    """Prompt tokens written to a cache; as `input` when not said."""
    cache_write_1h: Dollars = None
    """Those written for an hour; as `cache_write` when not said."""
    output: Dollars = None
    """Tokens of the answer that have no price of their own below."""
    reasoning: Dollars = None
    """Tokens of reasoning; as `output` when not said."""
    input_audio: Dollars = None
    """Prompt tokens that are sound; as `input` when not said."""
    output_audio: Dollars = None
    """Tokens of the answer that are sound; as `output` when not said."""
    input_image: Dollars = None
    """Prompt tokens that are images; as `input` when not said."""
    output_image: Dollars = None
    """Tokens of the answer that are images; as `output` when not said."""
    image: Dollars = None
    """USD for each image made."""
    audio_minute: Dollars = None
    """USD for each minute of sound that is transcribed."""
    web_search: Dollars = None
    """USD for each search that the provider made."""
    search_unit: Dollars = None
    """USD for each search unit, as rerankers bill them."""
    request: Dollars = None
    """USD for each request that was answered."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("names no price")
        return self


class Provider(Model):
    """What every provider may say about itself."""

    type: str
    """One of the types below."""
    base_url: str
    """What the type's own paths are appended to; empty for what is embedded."""
    headers: HeaderEdits = HeaderEdits()
    """Changes to the headers of every request to it."""
    forward_headers: tuple[ForwardableHeader, ...] = ()
    """Headers of the client that it gets besides those that the dialect itself names."""
    body: BodyEdits = BodyEdits()
    """Changes to the body of every request to it."""
    timeouts: Timeouts = Timeouts()
    """How long it may take."""
    tls: Tls = Tls()
    """Certificates of its own."""
    prices: Mapping[str, Price] = {}
    """What its models cost, by the provider's own name of each, over the prices that vendors publish."""

    @property
    def speaks(self) -> str:
        """The wire format of its chat requests, named as the dialect's module; empty where there is none."""
        return ""

    @property
    def host(self) -> str:
        """Its row in the table of hosts."""
        return self.type

    @property
    def places(self) -> Mapping[str, str]:
        """What stands in the paths of its host besides the model."""
        return {}

    @property
    def disabled(self) -> str | None:
        """Why it is not to be used."""
        return None


class Disabled(Provider):
    """Any provider that this machine lacks something for. Its other options are not kept."""

    base_url: str = ""
    """Nowhere."""
    reason: str
    """What is missing."""

    @property
    def disabled(self) -> str | None:
        return self.reason


class Keyed(Provider):
    """A provider that knows its customers by a key."""

    api_key: SecretStr | None = None
    """None for a server that asks for none."""


class OpenAI(Keyed):
    """OpenAI, or any server that is compatible with it."""

    base_url: BaseUrl = "https://api.openai.com/v1"
    """Up to and including the version."""
    api_key: SecretStr | None = None
    """Sent as a bearer token; none for a server that asks for none."""

    @property
    def speaks(self) -> str:
        return "openai_chat"


class Anthropic(Keyed):
    """Anthropic's own API, or a server that is compatible with it."""

    base_url: BaseUrl = "https://api.anthropic.com"
    """Without the version."""
    api_key: SecretStr | None = None
    """Sent as `x-api-key`."""

    @property
    def speaks(self) -> str:
        return "anthropic_messages"


class Demo(Provider):
    """The embedded provider: no network, no key."""

    base_url: Annotated[str, AfterValidator(unset)] = ""
    """Not to be set: its port is known once it runs."""
    dialect: Dialect = "openai_chat"
    """The wire format in which it answers the gateway."""

    @property
    def speaks(self) -> str:
        return self.dialect


class Entra(Model):
    """Microsoft Entra ID: with a `client_secret`, or with the token in a file (workload identity)."""

    tenant_id: str
    """The directory."""
    client_id: str
    """The application."""
    client_secret: SecretStr | None = None
    """The application's secret."""
    token_file: Path | None = None
    """A federated token, read anew for each refresh."""

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if (self.client_secret is None) == (self.token_file is None):
            raise ValueError("needs either client_secret or token_file")
        return self


class AzureOpenAI(Provider):
    """Azure OpenAI."""

    base_url: BaseUrl
    """The resource, such as https://my-resource.openai.azure.com"""
    api_version: str
    """Such as 2025-01-01-preview."""
    api_key: SecretStr | None = None
    """Sent as `api-key`."""
    entra: Entra | None = None
    """Instead of a key."""

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.api_key is None) == (self.entra is None):
            raise ValueError("needs either api_key or entra")
        return self


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


class AwsBedrock(Provider):
    """Amazon Bedrock."""

    base_url: BaseUrl
    """Made of the region when not said."""
    region: str
    """Such as us-east-1."""
    credentials: AwsCredentials | None = None
    """Without it, AWS's own default chain."""

    @model_validator(mode="before")
    @classmethod
    def _default_base_url(cls, value: dict[str, object]) -> dict[str, object]:
        return {"base_url": f"https://bedrock-runtime.{value.get('region')}.amazonaws.com"} | value


class GcpCredentials(Model):
    """A service account's key, or a token that someone else refreshes."""

    service_account_file: Path | None = None
    """The JSON file that Google Cloud hands out."""
    access_token: SecretStr | None = None
    """A bearer token."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.service_account_file is None) == (self.access_token is None):
            raise ValueError("needs either service_account_file or access_token")
        return self


class GcpVertex(Provider):
    """Google Cloud's Vertex AI."""

    base_url: BaseUrl
    """Made of the location when not said."""
    project: str
    """The project's id."""
    location: str
    """Such as us-central1, or global."""
    credentials: GcpCredentials | None = None
    """Without it, application default credentials."""

    @model_validator(mode="before")
    @classmethod
    def _default_base_url(cls, value: dict[str, object]) -> dict[str, object]:
        location = value.get("location")
        host = "aiplatform" if location == "global" else f"{location}-aiplatform"
        return {"base_url": f"https://{host}.googleapis.com"} | value


class Gemini(Provider):
    """Google's Gemini API."""

    base_url: BaseUrl = "https://generativelanguage.googleapis.com"
    """Without the version."""
    api_key: SecretStr | None = None
    """Sent as `x-goog-api-key`."""


class Cohere(Provider):
    """Cohere."""

    base_url: BaseUrl = "https://api.cohere.com"
    """Without the version."""
    api_key: SecretStr | None = None
    """Sent as a bearer token."""


TYPES: Mapping[str, type[Provider]] = {
    "openai": OpenAI,
    "anthropic": Anthropic,
    "demo": Demo,
    "azure-openai": AzureOpenAI,
    "aws-bedrock": AwsBedrock,
    "aws-anthropic": AwsBedrock,
    "gcp-vertex": GcpVertex,
    "gcp-anthropic": GcpVertex,
    "gemini": Gemini,
    "cohere": Cohere,
}
"""Every type that config.yaml has a word for."""

SERVED: Mapping[str, str] = {
    "openai": "chat completions, completions, models",
    "anthropic": "messages, models",
    "demo": "chat completions or messages, as its `dialect` says, and every failure on demand",
}
"""The types that this version can reach, and what each of them serves."""
