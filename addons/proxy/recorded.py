"""Recorded: the calls that are in a recording, each with its attempts, and how those have failed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, cast

from mitmproxy import flow, http

from addons.proxy.exchange import Failure, FailureKind, is_attempt

UNRECORDED = Failure("unrecorded", "not in the recording")


class Recorded(NamedTuple):
    """One call: what the client saw, and the attempts in their order."""

    client: http.HTTPFlow
    attempts: tuple[http.HTTPFlow, ...]

    @property
    def asked(self) -> tuple[str, str, bytes | None]:
        """What tells it from other calls: method, path and body."""
        return asked(self.client)


def asked(flow: http.HTTPFlow) -> tuple[str, str, bytes | None]:
    """Method, path and body of a client's request."""
    return flow.request.method, flow.request.path, flow.request.raw_content


def calls_of(flows: Iterable[http.HTTPFlow]) -> Iterator[Recorded]:
    """The calls in their order. Attempts whose call is missing are left out."""
    clients, attempts = list[http.HTTPFlow](), defaultdict[str, list[http.HTTPFlow]](list)
    for one in flows:
        if is_attempt(one):
            attempts[str(one.metadata["attempt_of"])].append(one)
        else:
            clients.append(one)
    for client in clients:
        own = sorted(attempts[client.id], key=lambda attempt: int(attempt.metadata["attempt"]))
        yield Recorded(client, tuple(own))


def failure_of(recorded: http.HTTPFlow) -> Failure | None:
    """How a recorded attempt failed; `None` where its answer is whole."""
    if rest := recorded.metadata.get("not_kept"):
        return Failure("reset", f"the recording lacks the last {rest} bytes of this answer")
    if not recorded.error:
        return None if recorded.response else Failure("reset", "connection closed")
    told = recorded.error.msg
    if kind := recorded.metadata.get("failure"):
        return Failure(cast(FailureKind, kind), told)
    if told == flow.Error.KILLED_MESSAGE:
        return Failure("killed", "killed")
    return Failure("total", told) if told == "total timeout" else Failure("reset", "connection closed")
