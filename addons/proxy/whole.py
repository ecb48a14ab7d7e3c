"""Whole: what a client's stream and its attempt tell each other at once, where stock tells it piece by piece.

Head, body and end of a message pass four layers of generators each. Where the message is whole anyway, one
event in their place is an eighth of a small request's time.
"""

from dataclasses import dataclass

from mitmproxy import http
from mitmproxy.proxy.layers.http._base import HttpEvent


@dataclass
class Asked(HttpEvent):
    """To an attempt: this is your flow, its request is complete."""

    flow: http.HTTPFlow


@dataclass
class Answered(HttpEvent):
    """To the client's stream: the answer of this attempt, complete."""

    attempt: int
    response: http.Response
