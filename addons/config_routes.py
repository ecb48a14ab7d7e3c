"""The routes of config.yaml: which model goes to which backends, and what happens when one fails."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Self, cast

from pydantic import AfterValidator, Field, model_validator

from addons.config_providers import BodyEdits, HeaderEdits, Timeouts
from addons.config_values import Duration, HeaderName, Model, Moment, Regex, mapping_of

WITHOUT_STATUS = ("connect", "reset", "timeout")
"""Failures that have no status: no connection, a connection that broke, a deadline that passed."""


def cause(text: str) -> str:
    """A failure that can be retried."""
    if text not in WITHOUT_STATUS and not re.fullmatch(r"[45](\d\d|xx)", text):
        raise ValueError("must be connect, reset, timeout, a status such as 429, or 5xx")
    return text


class Backoff(Model):
    """The wait before a retry: `base`, doubled each time, up to `max`."""

    base: Duration = 0.1
    """Before the first retry."""
    max: Duration = 10.0
    """Never longer than this."""


class Retry(Model):
    """Which failures are retried, and how often."""

    on: tuple[Annotated[str, AfterValidator(cause)], ...] = ("connect", "reset", "timeout", "429", "5xx")
    """Failures after which the next backend is asked."""
    attempts: Annotated[int | None, Field(ge=1, le=100)] = None
    """All tries, the first included; as many as there are backends, at least 2, when not said."""
    per_priority: Annotated[int | None, Field(ge=1)] = None
    """Tries among backends of one priority before the next priority's turn."""
    backoff: Backoff = Backoff()
    """The wait before a retry."""

    def matches_status(self, status: int) -> bool:
        """Whether an answer of this status is held back, and another backend asked."""
        return str(status) in self.on or f"{status // 100}xx" in self.on


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

    match: Mapping[HeaderName, HeaderMatch] = {}
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
    """Its share of the requests among backends of one priority."""
    priority: Annotated[int, Field(ge=0)] = 0
    """Lower is asked first."""
    headers: HeaderEdits = HeaderEdits()
    """Over the route's and the provider's."""
    body: BodyEdits = BodyEdits()
    """Over the route's and the provider's."""
    timeouts: Timeouts = Timeouts()
    """Over the route's and the provider's."""


class Route(Model):
    """Which backends answer for which models. The first route that matches counts."""

    name: str = ""
    """For the log; the first of `models` when not said."""
    models: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    """Names, or globs such as `gpt-*`. Exact names appear in /v1/models."""
    headers: RouteHeaders = RouteHeaders()
    """Conditions that must all hold."""
    owned_by: str = "dragoman"
    """As /v1/models tells it."""
    created: Moment = 0
    """As /v1/models tells it."""
    backends: Annotated[tuple[Backend, ...], Field(min_length=1)]
    """Who answers. Backends of a disabled provider are left out when the file is loaded."""
    retry: Retry = Retry()
    """What happens when one fails."""
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

    def matches(self, model: str, headers: Mapping[str, str]) -> bool:
        """`headers` by their names in lower case."""
        return any(fnmatchcase(model, pattern) for pattern in self.models) and all(
            match.matches(headers.get(name)) for name, match in self.headers.match.items()
        )
