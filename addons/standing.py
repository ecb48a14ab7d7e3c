"""Standing: how one backend has been doing lately, and whether it is to be asked now.

    well ──── too many failures, or a provider that asks for a pause ────> out
     ^                                                                       │ the time is over
     └── its answer begins well ── probe: one request at a time <────────────┘
                                     └── it fails: out again, for twice as long

All moments are in seconds of one clock, whichever it is.
"""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from addons.config_routes import Health

SLICES = 10
"""A window is counted in so many slices, and moves on by one of them at a time."""
LONGEST_PAUSE = 3600.0
"""Seconds: a provider that asks for more is tried again after an hour."""
HALF_LIFE = 30.0
"""Seconds after which half of what was measured is forgotten, so that who was slow gets another chance."""
NEWEST = 0.3
"""The share of the newest measurement in the mean."""

State = Literal["well", "out", "probing"]


class Ejection(NamedTuple):
    """A backend has just been taken out."""

    reason: Literal["consecutive", "error_rate", "retry_after", "probe"]
    seconds: float


@dataclass(slots=True)
class Slice:
    """What happened in a part of a window."""

    began: float
    attempts: int = 0
    failures: int = 0


@dataclass(eq=False, slots=True)
class Standing:
    """One backend: a provider with a model."""

    provider: str
    model: str
    """`*` where clients say which."""
    in_flight: int = 0
    """Requests that have not ended, streams included."""
    streak: int = 0
    """Failures in a row."""
    out: bool = False
    """From the failure that was too much until it has answered well again."""
    until: float = 0.0
    """When the cool-down is over."""
    level: int = 0
    """How often it was taken out in close succession."""
    probing: bool = False
    _well_since: float = 0.0
    _latency: float = 0.0
    _measured: float = 0.0
    _slices: deque[Slice] = field(default_factory=deque[Slice])

    # --- being asked --------------------------------------------------------------------------------

    def state(self) -> State:
        return "well" if not self.out else "probing" if self.probing else "out"

    def is_asked(self, now: float) -> bool:
        """Whether it is to be asked as long as there are others: well, or due for a probe."""
        return not self.out or (now >= self.until and not self.probing)

    def latency(self, now: float) -> float:
        """Seconds to the first byte, fading with time; nothing where nobody knows."""
        return self._latency * math.exp2((self._measured - now) / HALF_LIFE)

    # --- what came of it ----------------------------------------------------------------------------

    def measure(self, seconds: float, now: float) -> None:
        """An answer has begun so long after it was asked for."""
        before = self._latency
        self._latency = seconds if not before else before + NEWEST * (seconds - before)
        self._measured = now

    def returned(self, now: float, health: Health) -> None:
        """It was out, and gives an answer: it is back, but as long as none has ended well, on probation."""
        self.out = self.probing = False
        self.streak = health.consecutive - 1
        self._well_since = now
        self._slices.clear()

    def succeeded(self, now: float, health: Health) -> None:
        """An answer has come to its end."""
        if not self.out:
            self.streak = 0
            self._count(now, health, failed=0)

    def failed(self, now: float, health: Health, retry_after: float, probe: bool) -> Ejection | None:
        """An attempt has failed; `retry_after` is the pause that the provider asks for, in seconds, or 0."""
        pause = min(retry_after, LONGEST_PAUSE)
        if self.out and not probe:  # it was asked before it was out, or because there was nobody else
            self.until = max(self.until, now + pause)
            return None
        self.streak += 1
        self._count(now, health, failed=1)
        if pause:
            return self._eject(now, Ejection("retry_after", pause))
        if probe:
            return self._eject(now, Ejection("probe", self._cooldown(now, health)))
        if self.streak >= health.consecutive:
            return self._eject(now, Ejection("consecutive", self._cooldown(now, health)))
        if self._fails_too_often(health):
            return self._eject(now, Ejection("error_rate", self._cooldown(now, health)))
        return None

    def _eject(self, now: float, ejection: Ejection) -> Ejection:
        self.out, self.probing = True, False
        self.until = now + ejection.seconds
        return ejection

    def _cooldown(self, now: float, health: Health) -> float:
        if not self.out and now - self._well_since > health.cooldown.max:
            self.level = 0
        seconds: float = min(health.cooldown.max, health.cooldown.base * 2.0 ** min(self.level, 60))
        self.level += 1
        return seconds

    def _count(self, now: float, health: Health, failed: int) -> None:
        width = health.window / SLICES
        if not self._slices or now - self._slices[-1].began >= width:
            self._slices.append(Slice(now))
        while now - self._slices[0].began >= health.window:
            self._slices.popleft()
        self._slices[-1].attempts += 1
        self._slices[-1].failures += failed

    def _fails_too_often(self, health: Health) -> bool:
        attempts = sum(part.attempts for part in self._slices)
        failures = sum(part.failures for part in self._slices)
        return attempts >= health.min_requests and failures >= health.error_rate * attempts


@dataclass(eq=False, slots=True)
class Lease:
    """One attempt at a backend, from the moment that it was chosen to its end."""

    standing: Standing
    attempt: int
    """The number of the attempt that it becomes, unless the backend is passed over."""
    probe: bool = False
    """Whether the backend is out, and this is the one request that finds out whether it is well again."""
    trial: bool = False
    """Whether the backend was out when it was chosen, as a probe or because there was nobody else."""
    asked: float = 0.0
    """When the request went out."""
