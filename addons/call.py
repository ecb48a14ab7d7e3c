"""Call: what the addons know of one client request, and hand on from one to the next."""

import time
from dataclasses import dataclass, field

from addons.config import Backend, Config, Route
from addons.endpoints import Endpoint
from addons.overrides import AS_CONFIGURED, Overrides
from addons.proxy import Exchange
from addons.standing import Lease
from translators.body import Body
from translators.canonical import Data, Failed
from translators.form import Form
from translators.translator import Translator

CLIENT_LEFT = 499
"""The status of a call whose client left before it had its answer, as other proxies write it."""


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
    lease: object | None = None
    """What it was signed with, where that is fetched."""


@dataclass(eq=False, kw_only=True)
class Call(Exchange):
    """One client request. Each addon fills in what it finds out."""

    config: Config
    """The configuration that was in force when the request came: it stays so for all of its attempts."""
    started: float = field(default_factory=time.monotonic)
    request_id: str = ""
    """The client's own, else one that is made up, unless it was given when the call was made."""
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
    path_model: str = ""
    """The model that the path names, as it is written there."""
    body: Body | Form | None = None
    model: str = ""
    stream: bool = False

    rule: Route | None = None
    overrides: Overrides = AS_CONFIGURED
    """What the client itself has decided."""
    backend: Backend | None = None
    """The one that `Route` has chosen for the next attempt."""
    again: Backend | None = None
    """The one to ask again, whatever is planned: its credentials are new, or there is more to ask."""
    rest: list[bytes] = field(default_factory=list[bytes])
    """Further requests to the same backend, where it takes in several what the client asks in one."""
    fetched: dict[str, Data] = field(default_factory=dict[str, Data])
    """Files that the client has named, by their addresses."""
    lease: Lease | None = None
    """What `Health` remembers of it until the attempt has ended."""
    renewed: list[Backend] = field(default_factory=list[Backend])
    """Those that were asked once more, which is not counted; once for each provider."""
    asked: list[Backend] = field(default_factory=list[Backend])
    """The backends of all attempts, in step with `attempts` and `tries`."""
    tries: list[Try] = field(default_factory=list[Try])
    unsupported: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Provider, field and reason of backends that were passed over, as they can't do what is asked."""
    head_error: Failed | None = None
    """The error that came at the head of the last attempt's stream, or in its answer."""
    refusal: Failed | None = None
    """Why the gateway itself said no."""
    first_byte: float | None = None
    """When the client got the first of a stream, by the clock of `started`."""
    cost: float | None = None
    """In US dollars, once the answer is whole, where it is known."""
    ended: bool = False
    """Whether it is in the log."""

    def has_renewed(self, provider: str) -> bool:
        """Whether a provider's credentials were renewed for this call already."""
        return any(backend.provider == provider for backend in self.renewed)

    @property
    def made(self) -> int:
        """Attempts so far. Several that make one answer count as one, and those with new credentials not."""
        parts = sum(failure.kind == "part" for failure in self.failures)
        return len(self.attempts) - parts - len(self.renewed)

    @property
    def current(self) -> Try | None:
        """The last attempt."""
        return self.tries[-1] if self.tries else None


client_call = Call.of_client
"""The call of a client's flow; `None` for attempts and for flows that are not live."""
attempt_call = Call.of_attempt
"""The call of which a flow is an attempt; `None` for clients' flows."""
