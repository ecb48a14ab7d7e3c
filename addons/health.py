"""Health: watches how each attempt ends, and tells which backends are better left out for a while."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from mitmproxy import http
from prometheus_client import CollectorRegistry, Counter, Gauge

from addons.call import Call, attempt_call, client_call
from addons.config import Backend, Config
from addons.config_routes import Route, covers
from addons.proxy import Exchange, Failure, refused
from addons.standing import Ejection, Lease, Standing
from translators.errors import STATUS

LEAST_PENALTY = 1.0
"""Seconds to the first byte that an attempt counts for which has failed, however fast it did."""
WHY = {
    "consecutive": "it failed too often in a row",
    "error_rate": "it failed too often",
    "retry_after": "it asks for a pause",
    "probe": "it has failed once more",
}

logger = logging.getLogger(__name__)


class Health:
    """The standing of every backend that a route names: a provider with a model.

    It is one for all routes: what fails is a deployment, whichever route has led there. A model that only a
    client can name has none of its own, as clients could make up as many as they like.
    """

    def __init__(
        self, registry: CollectorRegistry | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self._standings: Mapping[tuple[str, str], Standing] = {}
        self._addresses: dict[str, str] = {}
        registry = registry or CollectorRegistry()
        labels = ("provider", "model")
        self._healthy = Gauge(
            "dragoman_backend_healthy", "1, or 0 while a backend is left out.", labels, registry=registry
        )
        self._inflight = Gauge(
            "dragoman_backend_inflight_requests",
            "Requests at a backend that have not ended.",
            labels,
            registry=registry,
        )
        self._ejections = Counter(
            "dragoman_backend_ejections",
            "How often a backend was taken out, and why.",
            (*labels, "reason"),
            registry=registry,
        )

    def use(self, config: Config) -> None:
        """The backends of another configuration. Those that were there before are as they were."""
        before, self._standings = (
            self._standings,
            {
                key: self._kept(key, config) or Standing(*key)
                for route in config.routes
                for backend in route.backends
                for key in keys_of(route, backend)
            },
        )
        self._addresses = {name: provider.base_url for name, provider in config.providers.items()}
        for key in before.keys() - self._standings.keys():
            self._healthy.remove(*key)
            self._inflight.remove(*key)
        for key, standing in self._standings.items():
            self._healthy.labels(*key).set_function(partial(_healthy, standing))
            self._inflight.labels(*key).set_function(partial(_in_flight, standing))

    def _kept(self, key: tuple[str, str], config: Config) -> Standing | None:
        """At another address there is another backend, whatever it is called."""
        provider = key[0]
        same = self._addresses.get(provider) == config.providers[provider].base_url
        return self._standings.get(key) if same else None

    # --- for who chooses ----------------------------------------------------------------------------

    def standing(self, model: str, backend: Backend) -> Standing | None:
        """Of a backend that is asked for what the client calls `model`."""
        exact = self._standings.get((backend.provider, backend.model or model))
        return exact or self._standings.get((backend.provider, backend.model or "*"))

    def standings(self, route: Route, backend: Backend) -> Iterator[Standing]:
        """All of them that a backend of a route may have, one for each model."""
        for key in keys_of(route, backend):
            if standing := self._standings.get(key):
                yield standing

    def prefers(self, call: Call, backend: Backend) -> bool:
        """Whether a backend is to be asked as long as there are others."""
        standing = self.standing(call.model, backend)
        return not standing or not counts(call) or standing.is_asked(self.clock())

    def lease(self, call: Call, backend: Backend) -> None:
        """A backend was chosen for the next attempt."""
        if not (standing := self.standing(call.model, backend)):
            return
        trial = standing.out and counts(call)
        probe = trial and standing.is_asked(self.clock())
        standing.probing = standing.probing or probe
        standing.in_flight += 1
        call.lease = Lease(standing, len(call.attempts) + 1, probe, trial)

    # --- what becomes of an attempt -----------------------------------------------------------------

    def attempt(self, exchange: Exchange) -> None:
        """The last attempt has failed, or was none, as its backend was passed over."""
        if isinstance(exchange, Call) and (lease := exchange.lease):
            made = exchange.failed and len(exchange.attempts) >= lease.attempt
            failed = made and exchange.failures[-1].kind != "part"
            self._end(exchange, lease, exchange.failures[-1] if failed else None)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if (call := attempt_call(flow)) and call.lease:
            call.lease.asked = self.clock()

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if call := attempt_call(flow):
            if call.lease and flow is call.attempts[-1] and flow.response and flow.response.status_code < 400:
                now = self.clock()
                call.lease.standing.measure(now - call.lease.asked, now)
        elif (call := client_call(flow)) and call.lease and call.lease.trial and answered(call):
            self._begun(call, call.lease)

    def settled(self, exchange: Exchange) -> None:
        self._settle(exchange.flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._settle(flow)

    def _begun(self, call: Call, lease: Lease) -> None:
        """A backend that was out gives an answer."""
        if (health := call.config.server.health) and not self._counted(call, failure_of(call)):
            lease.probe = lease.trial = False
            lease.standing.returned(self.clock(), health)
            logger.info("%s is back.", name_of(lease.standing))

    def _settle(self, flow: http.HTTPFlow) -> None:
        call = client_call(flow)
        if not call or not (lease := call.lease):
            return
        if len(call.attempts) < lease.attempt or ended_by_others(call):
            self._end(call, lease, None)
            return
        failure = failure_of(call)
        health = call.config.server.health
        if health and not failure and counts(call):
            lease.standing.succeeded(self.clock(), health)
        self._end(call, lease, failure)

    def _end(self, call: Call, lease: Lease, failure: Failure | None) -> None:
        call.lease = None
        standing = lease.standing
        standing.in_flight -= 1
        health = call.config.server.health
        if failure and health and self._counted(call, failure):
            now = self.clock()
            standing.measure(max(now - lease.asked, 2 * standing.latency(now), LEAST_PENALTY), now)
            ejection = standing.failed(now, health, failure.retry_after or 0.0, lease.probe)
            if ejection:
                self._tell(standing, ejection)
        elif lease.probe:
            standing.probing = False

    def _counted(self, call: Call, failure: Failure | None) -> bool:
        """Whether it says something about the backend, and not about the request."""
        health = call.config.server.health
        if not failure or not health or not counts(call):
            return False
        kind = "timeout" if failure.kind == "total" else failure.kind
        return covers(health.on, kind, failure.status)

    def _tell(self, standing: Standing, ejection: Ejection) -> None:
        self._ejections.labels(standing.provider, standing.model, ejection.reason).inc()
        why = WHY[ejection.reason]
        logger.warning("%s is left out for %.3g s: %s.", name_of(standing), ejection.seconds, why)


def keys_of(route: Route, backend: Backend) -> Iterator[tuple[str, str]]:
    """Provider and model of the standings of a backend; `*` for all models that only clients can name."""
    if backend.model:
        yield backend.provider, backend.model
        return
    for model in route.exact_models:
        yield backend.provider, model
    if len(route.exact_models) < len(route.models):
        yield backend.provider, "*"


def _healthy(standing: Standing) -> float:
    return float(not standing.out)


def _in_flight(standing: Standing) -> float:
    return float(standing.in_flight)


def name_of(standing: Standing) -> str:
    return f"{standing.provider}/{standing.model}"


def counts(call: Call) -> bool:
    """Whether health matters for a call at all."""
    return bool(call.config.server.health and call.rule and call.rule.health)


def answered(call: Call) -> bool:
    """Whether the client has an answer of the last attempt's, good or bad."""
    return not (call.failed or call.faults or call.response) and bool(call.attempts[-1].response)


def ended_by_others(call: Call) -> bool:
    """Whether it was not the backend's doing how a call ended: the client, a person, or we ourselves."""
    if call.faults or not call.attempts[-1].response:
        return True
    told = call.flow.error.msg if call.flow.error else ""
    return "disconnected" in told or "killed" in told or told == "total timeout"


def failure_of(call: Call) -> Failure | None:
    """What was wrong with the answer that the client has from the last attempt, as far as it came."""
    response, current = call.attempts[-1].response, call.current
    assert response and current
    if response.status_code >= 400:
        return refused(response)
    if failed := current.translator.outcome.failed:
        return Failure("stream", "error in stream", failed.status or STATUS[failed.kind])
    if call.flow.error:
        return Failure("reset", "the answer broke off")
    unusable = call.refusal and (call.refusal.status or 0) >= 500
    return Failure("stream", "the answer can't be used", 502) if unusable else None
