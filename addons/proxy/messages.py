"""Copies of HTTP messages that share the body."""

import copy
from typing import Any

from mitmproxy import http


def shallow[M: (http.Request, http.Response)](message: M, **changes: Any) -> M:
    """A copy with headers of its own and the same body; `changes` name attributes of the message's data.

    `message.copy()` goes through the form in which flows are saved, at fifty times the cost.
    """
    twin: M = object.__new__(type(message))
    twin.data = copy.copy(message.data)
    twin.data.headers = message.data.headers.copy()
    vars(twin.data).update(changes)
    return twin
