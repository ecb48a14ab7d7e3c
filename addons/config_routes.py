"""The routes of config.yaml: which model goes to which backends, and what happens when one fails."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self, cast

from pydantic import AfterValidator, Field, model_validator

from addons.config_providers import BodyEdits, HeaderEdits, Timeouts
from addons.config_values import CREDENTIALS, Duration, HeaderName, Model, Moment, Regex, mapping_of

WITHOUT_STATUS = ("connect", "reset", "timeout")
"""Failures that have no status: no connection, a connection that broke, a deadline that passed."""


def cause(text: str) -> str:
    """A failure that can be retried."""
    if text not in WITHOUT_STATUS and not re.fullmatch(r"[45](\d\d|xx)", text):
        raise ValueError("must be connect, reset, timeout, a status such as 429, or 5xx")
    return text


def visible(name: str) -> str:
    """A header of the client's that is there when its route is looked for."""
    if CREDENTIALS.fullmatch(name):
        raise ValueError(f"{name} holds the client's own credentials, which routes don't see")
    return name


Causes = tuple[Annotated[str, AfterValidator(cause)], ...]
"""Kinds of failures, as `retry.on` and `health.on` list them."""


def covers(causes: Causes, kind: str, status: int | None) -> bool:
    """Whether a failure is in such a list: by its status where it has one, else by its kind."""
    return kind in causes if status is None else str(status) in causes or f"{status // 100}xx" in causes


class Backoff(Model):
    """The wait before a retry: `base`, doubled each time, up to `max`."""

    base: Duration = 0.1
    """Before the first retry."""
    max: Duration = 10.0
    """Never longer than this."""


class Retry(Model):
    """Which failures are retried, and how often."""

    on: Causes = ("connect", "reset", "timeout", "429", "5xx")
    """Failures after which the next backend is asked."""
    attempts: Annotated[int | None, Field(ge=1, le=100)] = None
    """All tries, the first included; as many as there are backends, at least 2, when not said."""
    per_priority: Annotated[int | None, Field(ge=1)] = None
    """Tries among backends of one priority before the next priority's turn."""
    backoff: Backoff = Backoff()
    """The wait before a retry."""

    def matches_status(self, status: int) -> bool:
        """Whether an answer of this status is held back, and another backend asked."""
        return covers(self.on, "status", status)


class Cooldown(Model):
    """How long a backend is left out: `base`, doubled each time that it fails again, up to `max`."""

    base: Annotated[Duration, Field(gt=0)] = 10.0
    """The first time."""
    max: Annotated[Duration, Field(gt=0)] = 300.0
    """Never longer than this, unless the provider itself says so."""


class Health(Model):
    """When a backend of a route counts as sick, and is left out while another one can be asked.

    A backend is a provider with a model. Whatever happens at one counts for all routes that name it: what
    fails is a deployment, and a limit is an account's, whichever route has led there.
    """

    on: Causes = ("connect", "reset", "timeout", "429", "5xx")
    """Failures that count. Whatever else a provider refuses is the request's fault."""
    consecutive: Annotated[int, Field(ge=1)] = 5
    """Sick after so many failures in a row."""
    error_rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Sick when this share of the attempts within `window` has failed."""
    min_requests: Annotated[int, Field(ge=1)] = 20
    """Attempts within `window` before `error_rate` says anything."""
    window: Annotated[Duration, Field(gt=0)] = 30.0
    """How far back `error_rate` looks."""
    cooldown: Cooldown = Cooldown()
    """For how long it is left out. Then one request at a time tries whether it is well again."""


class HeaderMatch(Model):
    """What a client's header must be: `exact`, or found by `regex`."""

    exact: str | None = None
    """The whole value. A bare text is this."""
    regex: Regex | None = None
    """Searched for, so `^ac` matches `acme`."""

    @model_validator(mode="before")
    @classmethod
    def _bare_text(cls, value: object) -> object:
        return {"exact": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.exact is None) == (self.regex is None):
            raise ValueError("must be a text or {regex: …}")
        return self

    def matches(self, value: str | None) -> bool:
        if value is None:
            return False
        return bool(self.regex.search(value)) if self.regex else value == self.exact


class RouteHeaders(HeaderEdits):
    """Conditions on the client's headers, and beside them `set` and `remove` for the provider's.

    A condition on a header that is itself called `set` or `remove` is a bare text, and so told apart.
    """

    match: Mapping[Annotated[HeaderName, AfterValidator(visible)], HeaderMatch] = {}
    """Not written: every other key is a condition."""

    @model_validator(mode="before")
    @classmethod
    def _apart(cls, value: object) -> object:
        if (headers := mapping_of(value)) is None:
            return value
        edits: dict[str, object] = {
            key: child
            for key, child in headers.items()
            if (key == "set" and isinstance(child, dict)) or (key == "remove" and isinstance(child, list))
        }
        return edits | {"match": {key: child for key, child in headers.items() if key not in edits}}


class Backend(Model):
    """One provider in a route."""

    provider: str
    """A name from `providers`."""
    model: str | None = None
    """What this provider calls the model; the client's name when not said."""
    weight: Annotated[int, Field(ge=0)] = 1
    """Its share of the requests among backends of one priority; with 0 it is only asked by name."""
    priority: Annotated[int, Field(ge=0)] = 0
    """Lower is asked first."""
    headers: HeaderEdits = HeaderEdits()
    """Over the route's and the provider's."""
    body: BodyEdits = BodyEdits()
    """Over the route's and the provider's."""
    timeouts: Timeouts = Timeouts()
    """Over the route's and the provider's."""


Balance = Literal["weight", "least_in_flight", "lowest_latency"]


class Route(Model):
    """Which backends answer for which models. The first route that matches counts."""

    name: str = ""
    """For the log; the first of `models` when not said."""
    models: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    """Names, or globs such as `gpt-*`. Exact names appear in /v1/models, to clients whose headers match."""
    headers: RouteHeaders = RouteHeaders()
    """Conditions that must all hold."""
    owned_by: str = "dragoman"
    """As /v1/models tells it."""
    created: Moment = 0
    """As /v1/models tells it."""
    backends: Annotated[tuple[Backend, ...], Field(min_length=1)]
    """Who answers. Backends of a disabled provider are left out when the file is loaded."""
    balance: Balance = "weight"
    """Who is asked among backends of one priority: each as often as its weight says; the one with the fewest
    requests in flight for its weight; or of two that are drawn, the one that lately answered faster."""
    retry: Retry = Retry()
    """What happens when one fails."""
    health: bool = True
    """`off`: whoever is sick is asked all the same, and failures here don't make a backend sick."""
    body: BodyEdits = BodyEdits()
    """Over the provider's."""
    timeouts: Timeouts = Timeouts()
    """Over the provider's."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        if (route := mapping_of(value)) is None:
            return value
        models = route.get("models")
        first = cast("list[object]", models)[:1] if isinstance(models, list) else []
        return {"name": "".join(map(str, first))} | route

    @property
    def attempts(self) -> int:
        """All tries, the first included."""
        return self.retry.attempts or max(2, len(self.backends))

    @property
    def exact_models(self) -> tuple[str, ...]:
        return tuple(model for model in self.models if not re.search(r"[*?\[]", model))

    def serves(self, model: str) -> bool:
        """Whether it is one of its models."""
        return any(fnmatchcase(model, pattern) for pattern in self.models)

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """Whether its conditions hold; `headers` by their names in lower case."""
        return all(match.matches(headers.get(name)) for name, match in self.headers.match.items())
