"""The types of provider that config.yaml has a word for, each with its class."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, SecretStr, model_validator

from addons.config_clouds import Aws, AzureOpenAI, Gcp
from addons.config_providers import Keyed, Provider
from addons.config_values import BaseUrl, RootUrl, mapping_of
from translators.hosts import PRESETS

Dialect = Literal["openai_chat", "anthropic_messages", "bedrock_converse", "gemini_generate", "cohere_rerank"]


def unset(value: str) -> str:
    """The address of a provider that has none."""
    if value and value != "demo":
        raise ValueError("is not to be set: this provider is a part of the gateway")
    return ""


class OpenAI(Keyed):
    """OpenAI, or any server that is compatible with it."""

    base_url: BaseUrl = "https://api.openai.com/v1"
    """Up to and including the version."""
    api_key: SecretStr | None = None
    """Sent as a bearer token; none for a server that asks for none."""


class Compatible(Keyed):
    """A server that is compatible with OpenAI's, and whose peculiarities are known."""

    base_url: BaseUrl
    """Its vendor's own when not said."""
    api_key: SecretStr | None = None
    """Sent as a bearer token; none for a server that asks for none."""

    @model_validator(mode="before")
    @classmethod
    def _default_base_url(cls, value: object) -> object:
        if (options := mapping_of(value)) is None:
            return value
        preset = PRESETS.get(str(options.get("type")))
        return {"base_url": preset.base_url} | options if preset and preset.base_url else options


class Anthropic(Keyed):
    """Anthropic's own API, or a server that is compatible with it."""

    base_url: RootUrl = "https://api.anthropic.com"
    """Without the version."""
    api_key: SecretStr | None = None
    """Sent as `x-api-key`."""


class Gemini(Keyed):
    """Google's Gemini API."""

    base_url: RootUrl = "https://generativelanguage.googleapis.com"
    """Without the version."""
    api_key: SecretStr | None = None
    """Sent as `x-goog-api-key`."""


class Cohere(Keyed):
    """Cohere: chats by its API that is compatible with OpenAI's, all else by its own."""

    base_url: RootUrl = "https://api.cohere.com"
    """Without the version."""
    api_key: SecretStr | None = None
    """Sent as a bearer token."""


class Demo(Provider):
    """The embedded provider: no network, no key."""

    base_url: Annotated[str, AfterValidator(unset)] = ""
    """Not to be set: its port is known once it runs."""
    dialect: Dialect = "openai_chat"
    """The wire format in which it answers the gateway."""

    @property
    def speaks(self) -> str:
        return self.dialect


TYPES: Mapping[str, type[Provider]] = {
    "openai": OpenAI,
    "anthropic": Anthropic,
    "azure-openai": AzureOpenAI,
    "aws-bedrock": Aws,
    "aws-anthropic": Aws,
    "aws-rerank": Aws,
    "gcp-vertex": Gcp,
    "gcp-anthropic": Gcp,
    "gcp-ranking": Gcp,
    "gemini": Gemini,
    "cohere": Cohere,
    "demo": Demo,
    **dict.fromkeys(PRESETS, Compatible),
}
"""By the word that config.yaml has for it."""
