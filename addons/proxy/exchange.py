"""Exchange: one client request and its attempts, as the layer and the addons share it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self
from weakref import ref

from mitmproxy import http
from mitmproxy.connection import Client
from mitmproxy.proxy import commands
from mitmproxy.proxy.layers.http._events import ErrorCode, ResponseProtocolError

from addons.proxy.messages import pause
from addons.proxy.speed import flow_between, server_at

if TYPE_CHECKING:
    from addons.proxy.recorded import Recorded

FailureKind = Literal[
    "connect", "reset", "timeout", "status", "stream", "killed", "total", "part", "declined", "unrecorded"
]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt gave no answer that the client can have. `reason` may be shown to the client."""

    kind: FailureKind
    """`part` is none: the answer is good, and one of several that make the client's. `declined` is a good
    answer that is no. `unrecorded` is what a replay knows no answer to.
    """
    reason: str
    status: int | None = None
    """The provider's status, where it had one."""
    retry_after: float | None = None
    """Seconds that the provider asks us to wait."""


def good_part(response: http.Response) -> Failure:
    """An answer that is kept until those to the rest of the request are there."""
    return Failure("part", "a part of the answer", response.status_code)


def refused(response: http.Response) -> Failure:
    """An answer that is held back because of its status."""
    wait = pause(response.headers, time.time())
    return Failure("status", f"status {response.status_code}", response.status_code, wait)


class Unsent(Exception):
    """A seal's: an attempt lacks something, and fails; the next one may do. The text is for clients."""


class AttemptBroke(ResponseProtocolError):
    """The event of an attempt that got no whole answer, and why."""

    failure: Failure

    def __init__(self, stream_id: Any, failure: Failure) -> None:
        super().__init__(stream_id, failure.reason, ErrorCode.GENERIC_SERVER_ERROR)
        self.failure = failure


@dataclass(slots=True)
class Timeouts:
    """Seconds; `None` waits for ever. All but `total` count for each attempt by itself."""

    connect: float | None = None
    first_byte: float | None = None
    idle: float | None = None
    total: float | None = None


class Peek(Protocol):
    """Looks at the head of a streamed answer before the client sees any of it."""

    def feed(self, data: bytes) -> "Failure | bool":
        """`True` once there is content, `False` while there may still be an error first, or that error.

        Empty `data` is the end of the answer.
        """
        ...


@dataclass(eq=False)
class Exchange:
    """One client request and its attempts."""

    flow: http.HTTPFlow
    """What the client said, never changed, and what it is told."""
    attempts: list[http.HTTPFlow] = field(default_factory=list[http.HTTPFlow])
    failures: list[Failure] = field(default_factory=list[Failure])
    """Of attempts that were made; the last attempt has failed when both lists are of one length."""

    # What addons set in the `attempt` hook:
    request: http.Request | None = None
    """What the next attempt asks; without one, and without `over`, the hook is run again."""
    over: bool = False
    """No further attempt: `response`, else the last provider's own error, is the answer."""
    response: http.Response | None = None
    delay: float = 0.0
    """Seconds to wait before the next attempt is sent."""
    seal: Callable[[http.HTTPFlow], http.Request] | None = None
    """What of an attempt goes on the wire, or an exception: nothing else is ever sent."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    retries: Callable[[int], bool] = lambda status: False
    """Whether an answer of this status is held back, to ask the next backend."""
    streams: Callable[[http.Response], bool] = lambda response: False
    """Whether an answer goes to the client as it comes; others are held whole."""
    peek: "Callable[[Exchange, http.Response], Peek | None]" = lambda exchange, response: None
    """How to tell the head of such an answer from an error; `None` where there is no telling.

    This one and the next are given the exchange, so that they need not hold it.
    """

    judge: "Callable[[Exchange, http.Response], Failure | None]" = lambda exchange, response: None
    """Why a whole answer is not the client's: it is only a part of that and was taken, or another backend is
    to be asked; `None` where it is."""

    recorded: "Recorded | None" = None
    """In a replay: the call that this one repeats, if there is one."""
    breaks: Failure | None = None
    """In a replay: how the current attempt failed, after what there is of its answer."""

    refused_with: int | None = None
    """The status with which a request was refused before it was whole: there is no response on its flow."""
    faults: list[str] = field(default_factory=list[str])
    """Addons that raised. With one, nothing more is sent to anyone but an error."""

    _KEY: ClassVar[str] = "dragoman_exchange"

    def bind(self, flow: http.HTTPFlow) -> None:
        """Make this exchange known to a flow of its own. Not in its metadata: those are saved and copied.

        The flow does not keep it. The streams do, while they run, and then all of it is freed at once.
        """
        vars(flow)[self._KEY] = ref(self)

    def stay(self, flow: http.HTTPFlow) -> None:
        """Be there for as long as that flow of this exchange is: to be redacted, or sealed once more."""
        vars(flow)["dragoman_stays"] = self

    @classmethod
    def of(cls, flow: http.HTTPFlow) -> Self | None:
        """The exchange to which a live flow belongs, be it the client's or an attempt."""
        exchange = vars(flow).get(cls._KEY, _no_exchange)()
        return exchange if isinstance(exchange, cls) else None

    @classmethod
    def of_client(cls, flow: http.HTTPFlow) -> Self | None:
        """The exchange whose client flow this is; `None` for attempts."""
        exchange = vars(flow).get(cls._KEY, _no_exchange)()
        return exchange if isinstance(exchange, cls) and exchange.flow is flow else None

    @classmethod
    def of_attempt(cls, flow: http.HTTPFlow) -> Self | None:
        """The exchange one of whose attempts this is; `None` for the client's flow."""
        exchange = vars(flow).get(cls._KEY, _no_exchange)()
        return exchange if isinstance(exchange, cls) and exchange.flow is not flow else None

    def begin_attempt(self, client: Client, request: http.Request) -> http.HTTPFlow:
        """The flow of one more attempt, which asks this."""
        attempt = flow_between(client, server_at((request.host, request.port)))
        self.bind(attempt)
        self.attempts.append(attempt)
        self.delay, self.breaks = 0.0, None
        attempt.request = request
        request.timestamp_start = time.time()
        number = len(self.attempts)
        attempt.metadata = {"attempt_of": self.flow.id, "attempt": number}
        attempt.comment = f"attempt {number} of {self.flow.id[:8]}"
        return attempt

    def failure_of(self, event: ResponseProtocolError) -> Failure:
        """What became of the last attempt, whose answer broke off with this event."""
        if isinstance(event, AttemptBroke):
            return event.failure
        if event.code is ErrorCode.KILL:
            return Failure("killed", "killed")
        return Failure("reset", "connection closed")

    @property
    def failed(self) -> bool:
        """Whether the last attempt has failed."""
        return len(self.failures) == len(self.attempts)


def _no_exchange() -> None:
    """What a flow refers to that belongs to none."""


def is_attempt(flow: http.HTTPFlow) -> bool:
    """Whether a flow is an attempt, also when it was read from a file."""
    return "attempt_of" in flow.metadata


@dataclass
class AttemptHook(commands.StartHook):
    """An upstream attempt is needed: the first one, or the next after the last has failed."""

    exchange: Exchange


@dataclass
class SettledHook(commands.StartHook):
    """What the client is told is certain, after all `response` hooks and what may have failed in them."""

    exchange: Exchange
