"""Compare: a recorded call and the same call made now; what is sent upstream, and what the client is told."""

from collections.abc import Iterator
from itertools import zip_longest

from mitmproxy import http

from addons.admit import REDACTED
from addons.cases.structure import (
    ABSENT,
    Difference,
    body_differences,
    differences,
    events,
    stream_differences,
)
from addons.decoding import RESPONSE_BYTES, decode
from addons.proxy import Recorded, header
from addons.translate import RATE_LIMITS

NOT_COMPARED = frozenset({"host", "content-length", "transfer-encoding"})
"""Headers of attempts that say where they go, and how long the body is: that is compared itself."""
TOLD = frozenset({"content-type", "retry-after", "retry-after-ms", "x-should-retry"})
"""Headers that a client is told, besides ours and those of rate limits."""
OURS = "x-dragoman-"
NOT_OURS = frozenset({"x-dragoman-cost-usd"})
"""Prices change, with the hour and with what is installed."""


def compare(recorded: Recorded, now: Recorded) -> Iterator[Difference]:
    """All that is not as it was, in the order in which it happened."""
    for number, (old, new) in enumerate(zip_longest(recorded.attempts, now.attempts), 1):
        where = f"attempt {number}"
        if old and new:
            yield from _attempt(where, old, new)
        else:
            yield Difference(where, _asks(old), _asks(new))
    yield from _client(recorded.client, now.client)


def _asks(attempt: http.HTTPFlow | None) -> str:
    return f"asks {attempt.metadata.get('provider', attempt.request.host)}" if attempt else "is not made"


def _attempt(where: str, old: http.HTTPFlow, new: http.HTTPFlow) -> Iterator[Difference]:
    for name in ("provider", "model"):
        if name in old.metadata:
            yield from differences(f"{where}, {name}", old.metadata[name], new.metadata.get(name))
    yield from differences(f"{where}, method", old.request.method, new.request.method)
    yield from differences(f"{where}, path", old.request.path, new.request.path)
    names = {name.lower() for message in (old.request, new.request) for name in message.headers}
    yield from _headers(where, old.request, new.request, names - NOT_COMPARED)
    yield from body_differences(f"{where}, body", body(old.request), body(new.request))


def _client(old: http.HTTPFlow, new: http.HTTPFlow) -> Iterator[Difference]:
    told, tells = old.response, new.response
    if not told or not tells:
        yield from differences("answer", _status(told), _status(tells))
        return
    yield from differences("answer, status", told.status_code, tells.status_code)
    names = {name.lower() for message in (told, tells) for name in message.headers}
    shown = {
        name
        for name in names - NOT_OURS
        if name in TOLD or name.startswith((OURS, *map(bytes.decode, RATE_LIMITS)))
    }
    yield from _headers("answer", told, tells, shown)
    if header(told.headers, "content-type").startswith("text/event-stream"):
        before, after = events(body(told)), events(body(tells))
        if is_partial(old):
            after = after[: len(before)]
        yield from stream_differences("answer", before, after)
    elif is_partial(old):
        yield from differences("answer, body", body(told).hex(), body(tells)[: len(body(told))].hex())
    else:
        yield from body_differences("answer, body", body(told), body(tells))
    if not is_partial(old):
        yield from differences("answer, broken off", bool(old.error), bool(new.error))


def _status(response: http.Response | None) -> str:
    return f"status {response.status_code}" if response else "none"


def _headers(where: str, old: http.Message, new: http.Message, names: set[str]) -> Iterator[Difference]:
    for name in sorted(names):
        before, after = (
            header(message.headers, name) if name in message.headers else ABSENT for message in (old, new)
        )
        if not (isinstance(before, str) and REDACTED.decode() in before):
            yield from differences(f"{where}, header {name}", before, after)


def is_partial(client: http.HTTPFlow) -> bool:
    """Whether a recording has only the beginning of what a client was told: it left, or it was too long."""
    return "not_kept" in client.metadata or has_left(client)


def has_left(client: http.HTTPFlow) -> bool:
    """Whether a client did not wait for the end."""
    return client.error is not None and "disconnected" in client.error.msg.lower()


def body(message: http.Message) -> bytes:
    """Without its content coding; as it is where that is broken."""
    raw = message.raw_content or b""
    try:
        return decode(raw, header(message.headers, "content-encoding"), RESPONSE_BYTES)
    except ValueError:
        return raw
