"""Balance: which of several backends of one priority is asked."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence

from addons.config_routes import Backend, Route
from addons.standing import Standing

MOST_KNOWN = 1000
"""Routes whose shares are remembered; with every new configuration all of them are new."""


class Balance:
    """Chooses as a route's `balance` says. `standing` tells of a backend that somebody watches."""

    def __init__(self, clock: Callable[[], float], draw: random.Random) -> None:
        self._clock, self._draw = clock, draw
        # For each backend of a route, how much of its share it has coming: the one with the most is next. So
        # shares are met exactly, and the same requests in the same order go to the same backends.
        self._credit: dict[int, tuple[Route, defaultdict[int, float]]] = {}

    def choose(
        self, route: Route, backends: Sequence[Backend], standing: Callable[[Backend], Standing | None]
    ) -> Backend:
        """One of `backends`, which are of this route."""
        if len(backends) == 1:
            return backends[0]
        match route.balance:
            case "weight":
                return self._weighted(route, backends)
            case "least_in_flight":
                loads = [_load(standing(backend), backend) for backend in backends]
                least = min(loads)
                equal = [backend for backend, load in zip(backends, loads, strict=True) if load == least]
                return self._weighted(route, equal) if len(equal) > 1 else equal[0]
            case "lowest_latency":
                pair = self._draw.sample(backends, 2)
                return min(pair, key=lambda backend: self._latency(standing(backend)))

    def _weighted(self, route: Route, backends: Sequence[Backend]) -> Backend:
        credit = self._credits(route)
        places = {route.backends.index(backend): backend for backend in backends}
        total = sum(backend.weight for backend in backends) or 1
        for place, backend in places.items():
            credit[place] += backend.weight / total
        chosen = max(places, key=lambda place: credit[place])
        credit[chosen] -= 1
        return places[chosen]

    def _credits(self, route: Route) -> defaultdict[int, float]:
        """Remembered by identity: two routes may have one name, and look the same."""
        known = self._credit.get(id(route))
        if known and known[0] is route:
            return known[1]
        if len(self._credit) >= MOST_KNOWN:
            self._credit.clear()
        credit = defaultdict[int, float](float)
        self._credit[id(route)] = route, credit
        return credit

    def _latency(self, standing: Standing | None) -> float:
        return standing.latency(self._clock()) * (standing.in_flight + 1) if standing else 0.0


def _load(standing: Standing | None, backend: Backend) -> float:
    """Requests in flight for each unit of weight, with the one that is to come."""
    return ((standing.in_flight if standing else 0) + 1) / (backend.weight or 1)
