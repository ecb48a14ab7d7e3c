"""config.yaml: found, read, checked, and held as values that never change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from addons.config_file import ConfigError, Problem
from addons.config_providers import BodyEdits, HeaderEdits, Provider, Timeouts
from addons.config_routes import Backend, Health, Retry, Route
from addons.config_values import Address, Duration, Listen, Model, Prefix, Size, address
from translators.hosts import DEMO_URL

__all__ = [
    "DEFAULT_TIMEOUTS",
    "DEMO_ADDRESS",
    "DEMO_MODELS",
    "NOWHERE",  # the parts that addons need, whichever file they are in
    "Address",
    "ApiKey",
    "Backend",
    "BodyEdits",
    "Config",
    "ConfigError",
    "Effective",
    "Endpoints",
    "HeaderEdits",
    "Listed",
    "Problem",
    "Provider",
    "Recording",
    "Retry",
    "Route",
    "Server",
    "Timeouts",
    "effective",
    "find",
]

DEMO_MODELS = ("hello", "tools", "thinking", "json", "slow")
"""Names that a provider of type `demo` shows in /v1/models; it answers to any other too."""

NOWHERE = "reverse:http://127.0.0.1:1"
"""mitmproxy's mode: where a request goes that no addon has seen to. There is no such server."""

DEMO_ADDRESS = (DEMO_URL.removeprefix("http://"), 80)
"""The embedded provider's, as attempts know it. Only the gateway's own `server_connect` leads there."""

MOST_REMEMBERED = 1000
"""Models whose routes are remembered: clients may ask for whatever they like."""
LONGEST_REMEMBERED = 200
DEFAULT_TIMEOUTS = Timeouts(connect=5, first_byte=60, idle=60, total=600)
"""Where neither backend nor route nor provider says anything."""


class ApiKey(Model):
    """A key that a client may present."""

    name: str = ""
    """What logs call it; `key-1`, `key-2` and so on when not said."""
    key: Annotated[SecretStr, Field(min_length=1)]
    """The key itself. A bare text is this."""

    @model_validator(mode="before")
    @classmethod
    def _bare_text(cls, value: object) -> object:
        return {"key": value} if isinstance(value, str) else value

    @cached_property
    def digest(self) -> bytes:
        """The key's SHA-256."""
        return sha256(self.key.get_secret_value().encode()).digest()


def _listener(value: object) -> object:
    return None if value == "off" or value is None else address(value)


def _switch(value: object) -> object:
    return None if value == "off" else {} if value == "on" else value


class Recording(Model):
    """Where calls are recorded. A bare text is `file`."""

    file: Annotated[str, Field(min_length=1)]
    """Gets each client's flow and its attempts, without secrets. One that is there already is kept as
    FILE.1."""
    sample: Annotated[float, Field(ge=0, le=1)] = 1
    """The share of calls that is recorded."""
    max_bytes: Size | None = None
    """Before it grows over this size, a file becomes FILE.1, and FILE.1 becomes FILE.2."""
    keep: Annotated[int, Field(ge=1)] = 5
    """So many old files are kept."""
    hide_text: bool = False
    """Texts are replaced by as many `x`: only the shape of what was said is left."""

    @model_validator(mode="before")
    @classmethod
    def _bare_text(cls, value: object) -> object:
        return {"file": value} if isinstance(value, str) else value


class Server(Model):
    """The gateway's own listeners and limits."""

    listen: Listen = Address("127.0.0.1", 1975)
    """Where clients come in."""
    admin: Annotated[Address | None, BeforeValidator(_listener)] = Address("127.0.0.1", 1064)
    """/metrics, /health, /ready and /status; `off` disables it."""
    max_request_bytes: Size = 50 * 2**20
    """A longer body is answered with 413."""
    max_header_bytes: Size = 64 * 2**10
    """A longer head is answered with 431."""
    header_timeout: Duration = 10.0
    """A client that has not sent its head by then is closed."""
    shutdown_grace: Duration = 30.0
    """Running streams may finish for so long after SIGTERM."""
    keep_flows: Annotated[int, Field(ge=1)] = 1000
    """The newest flows that stay in mitmweb and mitmproxy; older ones are let go once they are over."""
    record: Recording | None = None
    """Record to a file; `--record FILE` does it without this."""
    api_keys: tuple[ApiKey, ...] = ()
    """If there are any, a client must present one."""
    fetch_images: bool = False
    """Files that a request names by http(s) address are fetched for providers that take only data: from
    public addresses, up to 20 MiB each. Otherwise such a request is answered with 422."""
    cost_header: bool = False
    """Whether an answer that is not streamed has its cost in `x-dragoman-cost-usd`, where it is known."""
    allow_direct: bool = False
    """`PROVIDER/MODEL` works beside the routes. Without routes it always does."""
    health: Annotated[Health | None, BeforeValidator(_switch)] = None
    """When a backend that fails is left out: `on`, or its numbers; `off`: never."""
    allow_overrides: tuple[Literal["provider", "timeout", "attempts"], ...] = ()
    """What a client may decide for one request, by the headers x-dragoman-provider, x-dragoman-timeout and
    x-dragoman-attempts. Those that are not listed here are refused."""

    @field_validator("api_keys", mode="after")
    @classmethod
    def _named(cls, keys: tuple[ApiKey, ...]) -> tuple[ApiKey, ...]:
        return tuple(
            key if key.name else key.model_copy(update={"name": f"key-{number}"})
            for number, key in enumerate(keys, 1)
        )


class Endpoints(Model):
    """Prefixes of the inbound APIs: a path is root + prefix + the API's own path."""

    root: Prefix = ""
    """Before every prefix."""
    openai: Prefix = ""
    """OpenAI's APIs."""
    anthropic: Prefix = "/anthropic"
    """Anthropic's APIs."""
    cohere: Prefix = "/cohere"
    """Cohere's APIs."""
    gemini: Prefix = "/gemini"
    """Gemini's native API."""
    bedrock: Prefix = "/bedrock"
    """Bedrock's native API."""

    def prefix(self, name: str) -> str:
        """The whole prefix of one API, such as `/anthropic`; empty, or with a slash only in front."""
        return self.root + str(getattr(self, name))


class Listed(NamedTuple):
    """A model in /v1/models. `created` is in Unix seconds."""

    id: str
    owned_by: str
    created: int


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, checked."""

    server: Server
    endpoints: Endpoints
    providers: Mapping[str, Provider]
    """Every one that is named in the file, those that are disabled too."""
    routes: tuple[Route, ...]
    """Their backends are enabled; a route may have none left."""
    warnings: tuple[Problem, ...] = ()
    """What was disabled or left out, and why."""
    _known: dict[str, tuple[Route, ...]] = field(
        default_factory=dict[str, tuple[Route, ...]], init=False, repr=False, compare=False
    )

    @property
    def direct(self) -> bool:
        """Whether `PROVIDER/MODEL` works."""
        return self.server.allow_direct or not self.routes

    def route_for(self, model: str, headers: Mapping[str, str]) -> Route | None:
        """The first route that matches, or one made for `PROVIDER/MODEL`; `headers` by lower-case name.

        A route without backends is one that nobody can serve now (503); no route is an unknown model (404).
        """
        for route in self._routes_of(model):
            if route.accepts(headers):
                return route
        name, _, rest = model.partition("/")
        return self.direct_route(name, rest, model) if rest else None

    def _routes_of(self, model: str) -> tuple[Route, ...]:
        """The routes that serve a model, whatever else they want. There may be hundreds to go through."""
        known = self._known.get(model)
        if known is None:
            known = tuple(route for route in self.routes if route.serves(model))
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            if len(model) <= LONGEST_REMEMBERED:
                self._known[model] = known
        return known

    def direct_route(self, name: str, model: str, asked: str) -> Route | None:
        """A route made for one provider, where that is allowed; `asked` is what the client asks for."""
        if not self.direct or not (provider := self.providers.get(name)):
            return None
        route = Route(name=name, models=(asked,), backends=(Backend(provider=name, model=model),))
        return route.model_copy(update={"backends": ()}) if provider.disabled else route

    def models(self, headers: Mapping[str, str] | None = None) -> list[Listed]:
        """What /v1/models lists: exact names that somebody can serve now, the client with these headers.

        Without `headers`, any client. The first route that serves a model tells about it.
        """
        listed = dict[str, Listed]()
        for rule in self.routes:
            for model in rule.exact_models:
                route = rule if headers is None else self.route_for(model, headers)
                if route and route.backends and model not in listed:
                    listed[model] = Listed(model, route.owned_by, route.created)
        demos = [name for name, provider in self.providers.items() if provider.type == "demo"]
        direct = [f"{name}/{model}" for name in demos for model in DEMO_MODELS] if self.direct else []
        for model in direct:
            route = self.route_for(model, headers or {})
            if route and route.backends and model not in listed:
                listed[model] = Listed(model, "dragoman", 0)
        return [*listed.values()]

    def egress(self) -> frozenset[tuple[str, int]]:
        """Host and port of every enabled provider: nothing else is ever connected to."""
        enabled = (provider for provider in self.providers.values() if not provider.disabled)
        named = {address_of(provider.base_url) for provider in enabled if provider.base_url}
        return frozenset(named - {DEMO_ADDRESS})


@lru_cache(maxsize=1000)
def address_of(url: str) -> tuple[str, int]:
    """Host and port of a URL. Each request asks twice, about one of a few."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds for one attempt."""

    headers: HeaderEdits
    body: BodyEdits
    timeouts: Timeouts
    """Each of them is set."""


def effective(provider: Provider, route: Route, backend: Backend) -> Effective:
    """The backend's word over the route's over the provider's, name by name."""
    headers = _edited(provider.headers, route.headers, backend.headers)
    body = _edited(provider.body, route.body, backend.body)
    said = (backend.timeouts, route.timeouts, provider.timeouts, DEFAULT_TIMEOUTS)
    timeouts = {
        name: next(value for level in said if (value := getattr(level, name)) is not None)
        for name in Timeouts.model_fields
    }
    return Effective(
        HeaderEdits.model_construct(**headers),
        BodyEdits.model_construct(**body),
        Timeouts.model_construct(**timeouts),
    )


def _edited(*levels: HeaderEdits | BodyEdits) -> dict[str, Any]:
    """One `set` and one `remove` that do what the levels do one after the other."""
    values: dict[str, object] = {}
    removed: dict[str, None] = {}
    for level in levels:
        for name in level.remove:
            values.pop(name, None)
            removed[name] = None
        values |= level.set
    return {"set": values, "remove": tuple(removed)}


def find(argument: str | None, env: Mapping[str, str], cwd: Path) -> Path | None:
    """The file that was asked for, else ./config.yaml, else the user's own; `None` where there is none."""
    if argument is not None:
        return cwd / argument
    home = env.get("XDG_CONFIG_HOME") or f"{env.get('HOME', '')}/.config"
    places = (cwd / "config.yaml", Path(home) / "dragoman" / "config.yaml")
    return next((place for place in places if place.is_file()), None)
