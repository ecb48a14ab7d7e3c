"""What all providers of config.yaml have in common, whatever their type."""

import ssl
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, FilePath, SecretStr, model_validator

from addons.config_values import (
    Duration,
    ForwardableHeader,
    HeaderValue,
    Json,
    Model,
    SettableHeader,
)
from translators.hosts import HOSTS


def editable(field: str) -> str:
    """A field of the body that the configuration may set or remove."""
    if field in ("model", "stream"):
        raise ValueError(f"{field} is the gateway's to set; a backend's own name is its `model`")
    return field


class HeaderEdits(Model):
    """Changes to an attempt's headers: first those in `remove` go, then those in `set` come."""

    set: Annotated[Mapping[SettableHeader, HeaderValue], Field(max_length=16, repr=False)] = {}
    """Names in lower case and their values."""
    remove: Annotated[tuple[SettableHeader, ...], Field(max_length=16)] = ()
    """Names in lower case."""


class BodyEdits(Model):
    """Changes to the top level of an attempt's translated body, or of its form: `remove`, then `set`."""

    set: Annotated[Mapping[Annotated[str, AfterValidator(editable)], Json], Field(max_length=16)] = {}
    """Fields and their values, any JSON; in a form a list is several fields `name[]`, and null is none."""
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
        return next(iter(HOSTS[self.host].paths))

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
    def speaks(self) -> str:
        return ""

    @property
    def disabled(self) -> str | None:
        return self.reason


class Keyed(Provider):
    """A provider that knows its customers by a key."""

    api_key: SecretStr | None = None
    """None for a server that asks for none."""
