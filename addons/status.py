"""Status: what a running gateway tells of itself on its admin listener, without any secret."""

from collections.abc import Iterator

from addons.config_routes import Backend, Route
from addons.health import Health
from addons.proxy import Proxy
from addons.reload import Reload
from addons.settings import Settings
from addons.standing import Standing
from translators.canonical import JsonValue

WORDS = {"well": "healthy", "out": "cooling", "probing": "probing"}


class Status:
    """Gathers what the others know."""

    def __init__(self, settings: Settings, proxy: Proxy, health: Health, reload: Reload) -> None:
        self._settings, self._proxy, self._health, self._reload = settings, proxy, health, reload

    def told(self) -> dict[str, JsonValue]:
        """For /status. Times are in seconds and milliseconds, as their names say."""
        settings, config = self._settings, self._settings.current()
        return {
            "configuration": str(settings.source or "the environment"),
            "generation": settings.generation,
            "last_reload": self._reload.outcome,
            "in_flight": self._proxy.in_flight,
            "providers": [
                {"name": name, "type": provider.type, "disabled": provider.disabled}
                for name, provider in config.providers.items()
            ],
            "routes": [
                {
                    "name": route.name,
                    "models": list(route.models),
                    "balance": route.balance,
                    "backends": [row for backend in route.backends for row in self._rows(route, backend)],
                }
                for route in config.routes
            ],
        }

    def _rows(self, route: Route, backend: Backend) -> Iterator[JsonValue]:
        now = self._health.clock()
        for standing in self._health.standings(route, backend):
            yield {
                "provider": standing.provider,
                "model": standing.model,
                "priority": backend.priority,
                "weight": backend.weight,
                **health_of(standing, now),
            }


def health_of(standing: Standing, now: float) -> dict[str, JsonValue]:
    """How a backend is, and for how long it is still left out."""
    left = standing.until - now if standing.state() == "out" else 0
    first_byte = 0.0 if standing.streak else standing.latency(now)  # else a guess
    return {
        "health": WORDS[standing.state()],
        "seconds_left": round(max(0.0, left), 1),
        "failures_in_a_row": standing.streak,
        "in_flight": standing.in_flight,
        "first_byte_ms": round(first_byte * 1000, 1) if first_byte else None,
    }
