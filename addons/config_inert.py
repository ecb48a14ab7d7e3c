"""What a route says, but what can never have an effect: warnings, so that no fallback is only on paper."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from addons.config import Server, effective
from addons.config_file import Path
from addons.config_providers import Provider
from addons.config_routes import Backend, Route

type Warning = tuple[Path, str]
"""Where it is said, below the route, and what is wrong with it."""


def inert(route: Route, providers: Mapping[str, Provider], server: Server) -> Iterator[Warning]:
    """For one route; backends of disabled providers count as absent."""
    there = [
        (place, backend)
        for place, backend in enumerate(route.backends)
        if not providers[backend.provider].disabled
    ]
    asked = [backend for _, backend in there if backend.weight]
    yield from _without_weight(there, server)
    if asked:
        yield from _out_of_reach(route, asked)
        yield from _without_time(route, asked, providers)
        yield from _without_choice(route, asked)


def shadowed(routes: Sequence[Route]) -> Iterator[Warning]:
    """Routes, or models of theirs, that an earlier one without conditions has already taken."""
    for index, route in enumerate(routes):
        for place, model in enumerate(route.models):
            if taker := _taker(model, routes[:index]):
                message = f"never matches: {model} is the route {taker.name}'s already"
                yield ("routes", index, "models", place), message


def _taker(model: str, earlier: Iterable[Route]) -> Route | None:
    """A glob is only compared as it is written, which finds `gpt-4*` behind `gpt-*`, and does no harm."""
    return next(
        (
            route
            for route in earlier
            if not route.headers.match and any(fnmatchcase(model, pattern) for pattern in route.models)
        ),
        None,
    )


def _without_weight(there: Sequence[tuple[int, Backend]], server: Server) -> Iterator[Warning]:
    by_name = "provider" in server.allow_overrides
    if there and not by_name and not any(backend.weight for _, backend in there):
        yield ("backends",), "no backend has a weight: this route answers 503"
        return
    for place, backend in there:
        if not backend.weight and not by_name:
            yield ("backends", place, "weight"), f"{backend.provider} is never asked: its weight is 0"


def _out_of_reach(route: Route, asked: Sequence[Backend]) -> Iterator[Warning]:
    """Priorities for which retries leave no attempt."""
    groups = _groups(asked)
    if len(asked) > 1 and not route.retry.on:
        yield ("retry", "on"), "is empty: no failure is ever retried, so no other backend is asked"
        return
    needed = 0
    for priority, group in groups.items():
        if needed >= route.attempts:
            message = (
                f"no retry ever gets to priority {priority}: that takes {needed + 1}, not {route.attempts}"
            )
            yield ("retry", "attempts"), message
            return
        needed += min(len(group), route.retry.per_priority or len(group))
    if len(groups) == 1 and len(asked) > 1:
        for key, limit in (("attempts", route.attempts), ("per_priority", route.retry.per_priority)):
            if limit == 1:
                yield ("retry", key), "with 1, no other backend is asked after a failure"


def _without_time(
    route: Route, asked: Sequence[Backend], providers: Mapping[str, Provider]
) -> Iterator[Warning]:
    """Backends whose silence takes up the time of all attempts."""
    if route.attempts == 1 or "timeout" not in route.retry.on:
        return
    for backend in asked:
        times = effective(providers[backend.provider], route, backend).timeouts
        assert times.first_byte and times.total
        if times.first_byte >= times.total:
            message = (
                f"while {backend.provider} says nothing, first_byte ({times.first_byte:g}s) is not over "
                f"before total ({times.total:g}s): no other backend is asked"
            )
            yield ("timeouts",), message
            return


def _without_choice(route: Route, asked: Sequence[Backend]) -> Iterator[Warning]:
    if route.balance == "weight":
        return
    groups = _groups(asked).values()
    if all(len(group) == 1 for group in groups):
        yield ("balance",), f"{route.balance} has nothing to choose: no two backends are of one priority"
    elif route.balance == "lowest_latency" and any(
        len({backend.weight for backend in group}) > 1 for group in groups
    ):
        yield ("balance",), "lowest_latency does not heed weights"


def _groups(backends: Iterable[Backend]) -> dict[int, list[Backend]]:
    """By priority, in the order in which they are asked."""
    groups: dict[int, list[Backend]] = {}
    for backend in sorted(backends, key=lambda backend: backend.priority):
        groups.setdefault(backend.priority, []).append(backend)
    return groups
