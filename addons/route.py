"""Route: which backend is asked, and after a failure, which is asked next."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mitmproxy import http

from addons.balance import Balance
from addons.call import Call, client_call
from addons.config import Backend
from addons.config import Route as Rule
from addons.config_routes import covers
from addons.endpoints import Family
from addons.health import Health
from addons.models import how_listed
from addons.overrides import read_overrides
from addons.proxy import Exchange, Failure
from addons.refusals import Refusals
from translators.canonical import ErrorKind, Failed
from translators.errors import STATUS, BadRequest


class Route:
    """Plans each call, and picks the backend of each attempt."""

    def __init__(self, refusals: Refusals, health: Health | None = None) -> None:
        self._refusals = refusals
        self._health = health or Health()
        self._balance = Balance(self._health.clock, random.Random())

    def request(self, flow: http.HTTPFlow) -> None:
        call = client_call(flow)
        if not call or flow.response:
            return
        try:
            call.overrides = read_overrides(flow.request.headers, call.config.server.allow_overrides)
            call.rule = rule_for(call)
        except BadRequest as error:
            failed = Failed("invalid_request", str(error), 400, param=error.field)
            flow.response = self._refusals.refuse(call, failed)
            return
        if not call.rule:
            family: Family = call.endpoint.family if call.endpoint else "openai"
            message = f"There is no model {call.model[:200]!r}; {how_listed(family, call.config)}."
            failed = Failed("not_found", message, 404, code="model_not_found", param="model")
            flow.response = self._refusals.refuse(call, failed)
        elif not any(usable(call, call.rule)):
            failed = Failed("overloaded", f"No backend of route {call.rule.name!r} is available.", 503)
            flow.response = self._refusals.refuse(call, failed)

    def attempt(self, exchange: Exchange) -> None:
        call = exchange
        if not isinstance(call, Call) or not call.rule:
            raise LookupError("A call without a route gets no attempt.")  # else the layer would ask for ever
        again, call.again = call.again, None
        backend = again or self._next(call, call.rule)
        wait = delay(call, backend, call.rule) if backend and not again else 0.0
        call.backend = backend if wait < time_left(call, self._health.clock()) else None
        if call.backend:
            call.retries = call.rule.retry.matches_status
            call.delay = wait
            self._health.lease(call, call.backend)
        else:
            call.over = True
            call.response = self._give_up(call)

    def _next(self, call: Call, rule: Rule) -> Backend | None:
        if call.failures and not retried(call.failures[-1], rule):
            return None
        if call.made >= (call.overrides.attempts or rule.attempts):
            return None
        if recorded := as_recorded(call, usable(call, rule)):
            return recorded
        new = [backend for backend in usable(call, rule) if backend not in call.asked]
        candidates = new or fewest(call, self._again(call, rule))
        candidates = [it for it in candidates if self._health.prefers(call, it)] or candidates
        if not candidates:
            return None
        first = min(backend.priority for backend in candidates)
        equals = [backend for backend in candidates if backend.priority == first]
        return self._balance.choose(rule, equals, lambda it: self._health.standing(call.model, it))

    def _again(self, call: Call, rule: Rule) -> Iterator[Backend]:
        """Those that were asked already, and whose pause is too long neither for the route nor the call."""
        left = time_left(call, self._health.clock())
        for backend in usable(call, rule):
            wanted = wanted_pause(call, backend)
            if wanted <= rule.retry.backoff.max and wanted < left:
                yield backend

    def _give_up(self, call: Call) -> http.Response | None:
        """The answer when nobody is left to ask; `None` where the last provider's own one will do."""
        last = call.failures[-1] if call.failures else None
        if last and last.kind == "status":
            return None
        if last and last.kind in ("stream", "declined") and call.head_error:
            error = call.head_error
            return self._refusals.refuse(call, replace(error, status=error.status or STATUS[error.kind]))
        if last and last.kind == "unrecorded":
            message = f"This request is not in the recording, or not so often: {call.tries[-1].provider}"
            return self._refusals.refuse(call, Failed("not_found", f"{message} would have been asked.", 404))
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


def rule_for(call: Call) -> Rule | None:
    """The route of a call. Raises `BadRequest` where the client wants a provider that the route has not."""
    config, wanted = call.config, call.overrides.provider
    rule = config.route_for(call.model, call.flow.request.headers)
    if not wanted or (rule and any(backend.provider == wanted for backend in rule.backends)):
        return rule
    if direct := config.direct_route(wanted, call.model, call.model):
        return direct
    if rule:
        raise BadRequest(
            "x-dragoman-provider", f"the model {call.model[:200]!r} has no provider of this name"
        )
    return None


def usable(call: Call, rule: Rule) -> Iterable[Backend]:
    """Backends that may be asked: of some weight, or asked for by name; able to do what is wanted; and not
    asked too often.
    """
    passed_over = {provider for provider, _, _ in call.unsupported}
    per_priority, wanted = rule.retry.per_priority, call.overrides.provider
    for backend in rule.backends:
        asked = sum(other.priority == backend.priority for other in call.asked)
        asked -= sum(other.priority == backend.priority for other in call.renewed)
        if (
            (backend.provider == wanted if wanted else backend.weight)
            and backend.provider not in passed_over
            and not (per_priority and asked >= per_priority)
        ):
            yield backend


def as_recorded(call: Call, backends: Iterable[Backend]) -> Backend | None:
    """In a replay, the one that was asked then: weights and health would choose another one each time."""
    if not call.recorded or len(call.recorded.attempts) <= len(call.attempts):
        return None
    told = call.recorded.attempts[len(call.attempts)].metadata
    same = [backend for backend in backends if backend.provider == told.get("provider")]
    exact = (backend for backend in same if (backend.model or call.model) == told.get("model"))
    return next(exact, same[0] if same else None)


def fewest(call: Call, backends: Iterable[Backend]) -> list[Backend]:
    """Those that were asked the fewest times: a second round is over before there is a third."""
    asked = [(call.asked.count(backend), backend) for backend in backends]
    least = min((count for count, _ in asked), default=0)
    return [backend for count, backend in asked if count == least]


def retried(failure: Failure, rule: Rule) -> bool:
    """Whether a route asks somebody else after such a failure."""
    return covers(rule.retry.on, failure.kind, failure.status)


def delay(call: Call, backend: Backend, rule: Rule) -> float:
    """Seconds to wait: none before a backend that was not asked yet, else longer each time, with jitter."""
    if backend not in call.asked:
        return 0.0
    rounds = len(call.asked) - len(set(map(id, call.asked)))
    pause: float = min(rule.retry.backoff.max, rule.retry.backoff.base * 2.0**rounds)
    return max(wanted_pause(call, backend), pause * random.uniform(0.5, 1.0))


def wanted_pause(call: Call, backend: Backend) -> float:
    """Seconds that a backend has asked us to wait, when it was last asked in this call."""
    failed = zip(call.asked, call.failures, strict=False)
    return next((it.retry_after or 0.0 for asked, it in reversed([*failed]) if asked == backend), 0.0)


def time_left(call: Call, now: float) -> float:
    """Seconds until the time for all attempts is over."""
    total = call.timeouts.total
    return float("inf") if total is None else total - (now - call.started)
