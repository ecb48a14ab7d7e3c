"""Whole: what layers tell each other at once, where stock tells it piece by piece.

Head, body and end of a message pass four layers of generators each. Where the message is whole anyway, one
event in their place is an eighth of a small request's time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mitmproxy import http
from mitmproxy.proxy.layers.http._base import HttpEvent
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
)


@dataclass(slots=True)
class WholeRequest(HttpEvent):
    """A request with its body: from a client's connection, or to a provider's."""

    request: http.Request
    body: bytes

    def parts(self) -> Iterator[HttpEvent]:
        """The events that stock would make of it."""
        yield RequestHeaders(self.stream_id, self.request, not self.body)
        if self.body:
            yield RequestData(self.stream_id, self.body)
        yield RequestEndOfMessage(self.stream_id)


@dataclass(slots=True)
class WholeResponse(HttpEvent):
    """An answer with its body: from a provider's connection, or to a client's."""

    response: http.Response
    body: bytes

    def parts(self) -> Iterator[HttpEvent]:
        """The events that stock would make of it."""
        yield ResponseHeaders(self.stream_id, self.response, not self.body)
        if self.body:
            yield ResponseData(self.stream_id, self.body)
        yield ResponseEndOfMessage(self.stream_id)


@dataclass(slots=True)
class Asked(HttpEvent):
    """To an attempt: this is your flow, its request is complete."""

    flow: http.HTTPFlow


@dataclass(slots=True)
class Answered(HttpEvent):
    """To the client's stream: the answer of this attempt, complete."""

    attempt: int
    response: http.Response


@dataclass(slots=True)
class Faulty(HttpEvent):
    """To the client's stream: what an addon has made of a piece of it can't go on."""
