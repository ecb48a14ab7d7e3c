"""Overrides: what a client decides for one request by headers, where config.yaml lets it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from addons.config_values import duration
from translators.errors import BadRequest

PREFIX = "x-dragoman-"
MOST_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class Overrides:
    """What is empty, or `None`, is as the configuration has it."""

    provider: str = ""
    """The only one to be asked."""
    timeout: float | None = None
    """Seconds for all attempts together."""
    attempts: int | None = None
    """All tries, the first included."""

    def total(self, configured: float | None) -> float | None:
        """Seconds for all attempts: a client may have less patience than the configuration, never more."""
        limits = [limit for limit in (self.timeout, configured) if limit is not None]
        return min(limits, default=None)


AS_CONFIGURED = Overrides()
NAMES = ("provider", "timeout", "attempts")
"""What there is; `server.allow_overrides` names those that clients may use."""


def read_overrides(headers: Mapping[str, str], allowed: Collection[str]) -> Overrides:
    """Raises `BadRequest` for what is not allowed, rather than to do as if nobody had asked for it."""
    told = {name: value for name in NAMES if (value := headers.get(PREFIX + name, "").strip())}
    if not told:
        return AS_CONFIGURED
    for name in told:
        if name not in allowed:
            raise BadRequest(PREFIX + name, "this gateway does not let clients decide that")
    return Overrides(
        told.get("provider", ""),
        _seconds(told["timeout"]) if "timeout" in told else None,
        _number(told["attempts"]) if "attempts" in told else None,
    )


def _seconds(text: str) -> float:
    """`1500ms`, `30s`, or a bare number of seconds."""
    try:
        seconds = float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else duration(text)
    except ValueError as error:
        raise BadRequest(PREFIX + "timeout", str(error)) from None
    if not isinstance(seconds, int | float) or seconds <= 0:
        raise BadRequest(PREFIX + "timeout", "must be more than nothing")
    return float(seconds)


def _number(text: str) -> int:
    number = int(text) if re.fullmatch(r"[0-9]{1,3}", text) else 0
    if not 1 <= number <= MOST_ATTEMPTS:
        raise BadRequest(PREFIX + "attempts", f"must be a whole number from 1 to {MOST_ATTEMPTS}")
    return number
