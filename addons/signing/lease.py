"""Leases: credentials that hold for a while, fetched once for all who wait and again before they end."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from addons.signing.signer import Run

AHEAD, MOST_AHEAD = 0.2, 300.0
"""How long before the end it is time to fetch anew: a part of the whole, and no more seconds than this."""
LEAST = 5.0
"""Seconds between two fetches that nobody waits for, and between two that follow a refusal."""
FETCH_SECONDS = 20.0
"""For how long a fetch may keep others waiting."""


@dataclass(frozen=True, slots=True, eq=False)
class Lease[T]:
    """What was fetched."""

    value: T
    expires: float | None = None
    """Unix seconds; `None` where it tells no end."""
    secrets: tuple[str, ...] = ()


class Leased[T]:
    """A signer's credentials. `fetch` blocks, and runs beside the loop."""

    renewable = True

    def __init__(
        self, fetch: Callable[[], Lease[T]], run: Run, clock: Callable[[], float] = time.time
    ) -> None:
        self._fetch, self._run, self._clock = fetch, run, clock
        self._lease: Lease[T] | None = None
        self._before: Lease[T] | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._ends, self._due = float("inf"), float("inf")
        self._refused = False
        self._renewed = float("-inf")

    @property
    def lease(self) -> Lease[T] | None:
        return self._lease

    @property
    def fresh(self) -> bool:
        return self._lease is not None and not self._refused and self._clock() < self._ends

    @property
    def due(self) -> bool:
        return self._lease is not None and self._fetching is None and self._clock() >= self._due

    def current(self) -> T:
        """Raises `PermissionError` where there is nothing, or nothing that still holds."""
        if self._lease is None or self._clock() >= self._ends:
            raise PermissionError("no credentials")
        return self._lease.value

    def secrets(self) -> Iterable[str]:
        for lease in (self._lease, self._before):
            if lease:
                yield from lease.secrets

    def refused(self, used: object | None) -> bool:
        if self._lease is not used or self._refused:
            return True  # somebody has seen to it already
        if self._clock() - self._renewed < LEAST:
            return False
        self._renewed = self._clock()
        self._refused = True
        return True

    async def refresh(self) -> None:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._take())
            self._fetching.add_done_callback(self._fetched)
        await asyncio.shield(self._fetching)

    async def _take(self) -> None:
        try:
            lease = await asyncio.wait_for(self._run(self._fetch), FETCH_SECONDS)
        finally:
            self._refused = False
            now = self._clock()
            self._due = now + max(LEAST, (self._ends - now) / 4)  # (unless it went well)
        self._before, self._lease = self._lease, lease
        self._ends = self._due = float("inf")
        if lease.expires is not None:
            lifetime = max(0.0, lease.expires - now)
            self._ends = lease.expires - min(LEAST, lifetime / 10)
            ahead = min(MOST_AHEAD, AHEAD * lifetime) * random.uniform(1, 1.5)
            self._due = max(now + LEAST, lease.expires - ahead)

    def _fetched(self, task: asyncio.Task[None]) -> None:
        self._fetching = None
        if not task.cancelled():
            task.exception()  # told to those who wait; the loop need not tell it again
