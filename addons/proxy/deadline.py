"""A timer that reaches a layer even while it waits for something else, and can be moved and cancelled."""

import asyncio
from collections.abc import Callable


class Deadline:
    """At most one moment to come. Moving it later is free, also after it was cleared: the timer, which is a
    twentieth of a small request's time to set and to cancel, finds out when it fires.

    mitmproxy's own `RequestWakeup` can't be cancelled and would keep every finished flow in memory.
    """

    def __init__(self, expired: Callable[[], None]) -> None:
        self._expired = expired
        self._at: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.name = ""

    def set(self, name: str, seconds: float | None) -> None:
        """Expire in so many seconds, whatever was set before; `None` is never."""
        if seconds is None:
            return self.clear()
        loop = asyncio.get_running_loop()
        self.name, self._at = name, loop.time() + seconds
        if self._timer and self._timer.when() <= self._at:
            return None
        if self._timer:
            self._timer.cancel()
        self._timer = loop.call_at(self._at, self._fire)
        return None

    def clear(self) -> None:
        """Nothing is awaited now."""
        self._at = None

    def stop(self) -> None:
        """Nothing will be awaited any more: let go of the timer, which would keep its owner in memory."""
        self._at = None
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def release(self) -> None:
        """Stop for good, and let go of the owner: the two would keep each other in memory."""
        self.stop()
        self._expired = _nobody

    def take(self) -> str:
        """The name of what has expired, once; empty if it was cleared or moved in the meantime."""
        if self._at is None or self._at > asyncio.get_running_loop().time() + 0.001:
            return ""
        self.clear()
        return self.name

    def _fire(self) -> None:
        self._timer = None
        if self._at is None:
            return
        loop = asyncio.get_running_loop()
        if self._at > loop.time() + 0.001:
            self._timer = loop.call_at(self._at, self._fire)
        else:
            self._expired()


def _nobody() -> None:
    """The owner is gone."""
