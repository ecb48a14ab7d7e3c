"""HTTP messages: copies that share the body, and headers with types that mitmproxy does not give them."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, cast

from mitmproxy import http


def shallow[M: (http.Request, http.Response)](message: M, **changes: Any) -> M:
    """A copy with headers of its own and the same body; `changes` name attributes of the message's data.

    `message.copy()` goes through the form in which flows are saved, at fifty times the cost.
    """
    twin: M = object.__new__(type(message))
    data = object.__new__(type(message.data))
    vars(data).update(vars(message.data), headers=message.data.headers.copy(), **changes)
    vars(twin)["data"] = data
    return twin


def header(headers: http.Headers, name: str, default: str = "") -> str:
    """The values of a header, folded into one; `default` where there is none."""
    return cast(str, headers.get(name, default))


def headers_among(headers: http.Headers, names: tuple[str, ...]) -> dict[str, str]:
    """Those headers that have one of these names, in the order of the names; all found in one walk."""
    wanted = _wanted(names)
    found = dict[str, str]()
    for key, value in headers.fields:
        if name := wanted.get(key.lower()):
            text = value.decode("utf-8", "surrogateescape")
            found[name] = f"{found[name]}, {text}" if name in found else text
    return {name: found[name] for name in names if name in found} if len(found) > 1 else found


@lru_cache(maxsize=256)
def _wanted(names: tuple[str, ...]) -> dict[bytes, str]:
    return {name.lower().encode(): name for name in names}


def drop_header(headers: http.Headers, name: str) -> None:
    """Take a header away, if it is there."""
    if name in headers:
        del headers[name]


def pause(headers: http.Headers, now: float) -> float | None:
    """Seconds that an answer asks us to wait: `retry-after-ms`, else `retry-after`, in seconds or as a date.

    A date counts from the answer's own `date`, so that it does not matter whose clock is right; without one,
    from `now`, in Unix seconds. `None` where it asks for nothing that can be read.
    """
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", milliseconds := header(headers, "retry-after-ms")):
        return float(milliseconds) / 1000
    told = header(headers, "retry-after")
    if re.fullmatch(r"[0-9]{1,12}", told):
        return float(told)
    if not (until := _moment(told)):
        return None
    since = _moment(header(headers, "date")) or datetime.fromtimestamp(now, UTC)
    return max(0.0, (until - since).total_seconds())


def _moment(date: str) -> datetime | None:
    """A date as HTTP writes it."""
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
