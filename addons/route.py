"""Route: which backend is asked, and after a failure, which is asked next."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from mitmproxy import http

from addons.call import Call, client_call
from addons.config import Backend
from addons.config import Route as Rule
from addons.endpoints import Family
from addons.models import how_listed
from addons.proxy import Exchange, Failure
from addons.refusals import Refusals
from translators.canonical import ErrorKind, Failed
from translators.errors import STATUS


class Route:
    """Plans each call, and picks the backend of each attempt."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals
        # For each backend of a route, how much of its share it has coming: the one with the most is next. So
        # shares are met exactly, and the same requests in the same order go to the same backends.
        self._credit: defaultdict[tuple[str, int], float] = defaultdict(float)

    def request(self, flow: http.HTTPFlow) -> None:
        call = client_call(flow)
        if not call or flow.response:
            return
        call.rule = call.config.route_for(call.model, flow.request.headers)
        if not call.rule:
            family: Family = call.endpoint.family if call.endpoint else "openai"
            message = f"There is no model {call.model[:200]!r}; {how_listed(family, call.config)}."
            failed = Failed("not_found", message, 404, code="model_not_found", param="model")
            flow.response = self._refusals.refuse(call, failed)
        elif not call.rule.backends:
            failed = Failed("overloaded", f"No backend of route {call.rule.name!r} is available.", 503)
            flow.response = self._refusals.refuse(call, failed)

    def attempt(self, exchange: Exchange) -> None:
        call = exchange
        if not isinstance(call, Call) or not call.rule:
            raise LookupError("A call without a route gets no attempt.")  # else the layer would ask for ever
        renewed, call.again = call.again, None
        call.backend = renewed or self._next(call, call.rule)
        if call.backend:
            call.retries = call.rule.retry.matches_status
            call.delay = 0.0 if renewed else delay(call, call.rule)
        else:
            call.over = True
            call.response = self._give_up(call)

    def _next(self, call: Call, rule: Rule) -> Backend | None:
        if call.failures and not retried(call.failures[-1], rule):
            return None
        if len(call.attempts) - len(call.renewed) >= rule.attempts:
            return None
        candidates = [b for b in usable(call, rule) if b not in call.asked] or [
            b for b in usable(call, rule) if not _waits_too_long(call, rule)
        ]
        if not candidates:
            return None
        first = min(backend.priority for backend in candidates)
        return self._weighted(rule, [backend for backend in candidates if backend.priority == first])

    def _weighted(self, rule: Rule, backends: list[Backend]) -> Backend:
        if len(backends) == 1:
            return backends[0]
        places = {rule.backends.index(backend): backend for backend in backends}
        total = sum(backend.weight for backend in backends)
        for place, backend in places.items():
            self._credit[rule.name, place] += backend.weight / total
        chosen = max(places, key=lambda place: self._credit[rule.name, place])
        self._credit[rule.name, chosen] -= 1
        return places[chosen]

    def _give_up(self, call: Call) -> http.Response | None:
        """The answer when nobody is left to ask; `None` where the last provider's own one will do."""
        last = call.failures[-1] if call.failures else None
        if last and last.kind == "status":
            return None
        if last and last.kind == "stream" and call.head_error:
            error = call.head_error
            return self._refusals.refuse(call, replace(error, status=error.status or STATUS[error.kind]))
        if not last and call.unsupported:
            provider, field, reason = call.unsupported[0]
            message = f"{field}: {provider} can't do this{': ' if reason else ''}{reason}"
            return self._refusals.refuse(
                call, Failed("unsupported", message, 422, param=field.partition("[")[0])
            )
        status = 503 if not last else 504 if last.kind in ("timeout", "total") else 502
        kind: ErrorKind = "timeout" if status == 504 else "server"
        told = "; ".join(f"{a.provider}: {f.reason}" for a, f in zip(call.tries, call.failures, strict=False))
        return self._refusals.refuse(call, Failed(kind, f"Every attempt failed. {told}.", status))


def usable(call: Call, rule: Rule) -> Iterable[Backend]:
    """Backends that may be asked: of some weight, able to do what is wanted, and not asked too often."""
    passed_over = {provider for provider, _, _ in call.unsupported}
    per_priority = rule.retry.per_priority
    for backend in rule.backends:
        asked = sum(other.priority == backend.priority for other in call.asked)
        asked -= sum(other.priority == backend.priority for other in call.renewed)
        if (
            backend.weight
            and backend.provider not in passed_over
            and not (per_priority and asked >= per_priority)
        ):
            yield backend


def retried(failure: Failure, rule: Rule) -> bool:
    """Whether a route asks somebody else after such a failure."""
    if failure.status is not None:
        return rule.retry.matches_status(failure.status)
    return failure.kind in rule.retry.on


def delay(call: Call, rule: Rule) -> float:
    """Seconds to wait: none before a backend that was not asked yet, else longer each time, with jitter."""
    if call.backend not in call.asked:
        return 0.0
    rounds = len(call.asked) - len(set(map(id, call.asked)))
    pause: float = min(rule.retry.backoff.max, rule.retry.backoff.base * 2.0**rounds)
    wanted = call.failures[-1].retry_after or 0.0
    return max(wanted, pause * random.uniform(0.5, 1.0))


def _waits_too_long(call: Call, rule: Rule) -> bool:
    """Whether the provider asks for a longer pause than the route allows."""
    return (call.failures[-1].retry_after or 0.0) > rule.retry.backoff.max if call.failures else False
