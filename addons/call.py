"""Call: what the addons know of one client request, and hand on from one to the next."""

import time
from dataclasses import dataclass, field

from mitmproxy import http

from addons.config import Backend, Config, Route
from addons.endpoints import Endpoint
from addons.proxy import Exchange
from translators.body import Body
from translators.canonical import Failed
from translators.translator import Translator


@dataclass(eq=False)
class Try:
    """One attempt as the addons see it: who is asked for what, and in which words."""

    provider: str
    """The provider's name."""
    model: str
    """What the provider is asked for."""
    translator: Translator
    dropped: tuple[str, ...] = ()
    """The client's names of what it isn't asked."""


@dataclass(eq=False, kw_only=True)
class Call(Exchange):
    """One client request. Each addon fills in what it finds out."""

    config: Config
    """The configuration that was in force when the request came: it stays so for all of its attempts."""
    started: float = field(default_factory=time.monotonic)
    request_id: str = ""
    admitted: bool = False
    client_key: str | None = None
    """The name of the key that the client showed."""
    credentials: frozenset[str] = frozenset()
    """The secrets that the client showed, to make sure that no attempt carries them."""
    checked: set[str] = field(default_factory=set[str])
    """Ids of attempts that `Admit` has passed."""

    as_read: tuple[bytes | None, tuple[tuple[bytes, bytes], ...]] | None = None
    """The request's body and headers when they were read: a person may edit them after that."""
    endpoint: Endpoint | None = None
    body: Body | None = None
    """`None` where the endpoint takes something else than JSON."""
    model: str = ""
    stream: bool = False

    rule: Route | None = None
    backend: Backend | None = None
    """The one that `Route` has chosen for the next attempt."""
    asked: list[Backend] = field(default_factory=list[Backend])
    """The backends of all attempts, in step with `attempts` and `tries`."""
    tries: list[Try] = field(default_factory=list[Try])
    unsupported: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Provider, field and reason of backends that were passed over, as they can't do what is asked."""
    head_error: Failed | None = None
    """The error that came at the head of the last attempt's stream."""
    refusal: Failed | None = None
    """Why the gateway itself said no."""
    first_byte: float | None = None
    """When the client got the first of a stream, by the clock of `started`."""
    ended: bool = False
    """Whether it is in the log."""

    @property
    def current(self) -> Try | None:
        """The last attempt."""
        return self.tries[-1] if self.tries else None


def client_call(flow: http.HTTPFlow) -> Call | None:
    """The call of a client's flow; `None` for attempts and for flows that are not live."""
    return Call.of_client(flow)


def attempt_call(flow: http.HTTPFlow) -> Call | None:
    """The call of which a flow is an attempt; `None` for clients' flows."""
    return Call.of_attempt(flow)
