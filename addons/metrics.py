"""Metrics: the Prometheus instruments, named as OpenTelemetry names them for generative AI.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from addons.call import CLIENT_LEFT, Call
from addons.config import Config
from addons.outgoing import host_of
from translators.canonical import JsonValue, Used
from translators.form import Form

LABELS = (
    "gen_ai_operation_name",
    "gen_ai_provider_name",
    "gen_ai_original_model",
    "gen_ai_request_model",
    "gen_ai_response_model",
    "error_type",
)
TOKENS = tuple(4**power for power in range(14))
DURATIONS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
FIRST_TOKEN = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75),
    *(1.0, 2.5, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0),
)
PER_TOKEN = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
TOKEN_TYPES = {
    "input": "input_tokens",
    "cached_input": "cached_tokens",
    "cache_creation_input": "cache_write_tokens",
    "output": "output_tokens",
    "reasoning": "reasoning_tokens",
}
"""The value of `gen_ai_token_type`, and the log's name of the same number."""
SIZES = frozenset(
    "auto 256x256 512x512 1024x1024 1024x1536 1536x1024 1024x1792 1792x1024 2048x2048".split()  # noqa: SIM905
)
"""Sizes of images that get a series of their own; any further one is `other`."""
MODELS = 500
"""Models that get a series of their own though no configuration names them; any further one is `other`."""


class Series[Instrument: (Counter, Histogram)]:
    """An instrument's series. Finding one by its labels is slow in the library, so it is done once."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument: Instrument = instrument
        self._known: dict[tuple[str, ...], Instrument] = {}

    def __getitem__(self, labels: tuple[str, ...]) -> Instrument:
        series = self._known.get(labels)
        if series is None:
            series = self._known[labels] = self._instrument.labels(*labels)
        return series


class Metrics:
    """All instruments, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._models = set[str]()
        self._config: Config | None = None
        self._configured = frozenset[str]()
        self._tokens = self._histogram(
            "gen_ai_client_token_usage", "Tokens by kind.", TOKENS, (*LABELS, "gen_ai_token_type")
        )
        self._duration = self._histogram(
            "gen_ai_server_request_duration_seconds",
            "From the client's request, over all attempts.",
            DURATIONS,
        )
        self._first_token = self._histogram(
            "gen_ai_server_time_to_first_token_seconds", "Until a stream's first piece.", FIRST_TOKEN
        )
        self._per_token = self._histogram(
            "gen_ai_server_time_per_output_token_seconds", "Between the tokens of a stream.", PER_TOKEN
        )
        self._cost = self._counter("dragoman_cost_usd", "Money spent, where prices are known.", LABELS)
        self._attempts = self._counter("dragoman_attempts", "Attempts.", ("provider", "outcome"))
        self._images = self._counter("dragoman_images", "Images made, by size.", (*LABELS, "image_size"))
        self._refused = self._counter(
            "dragoman_refused_requests",
            "Requests refused before it was clear which endpoint they want.",
            ("status",),
        )
        self._inflight = Gauge(
            "dragoman_inflight_requests", "Requests without a whole answer.", registry=self.registry
        )

    def began(self) -> None:
        self._inflight.inc()

    def ended(self, call: Call, line: dict[str, JsonValue]) -> None:
        """Count a call. `line` is what the log says of it."""
        self._inflight.dec()
        for attempt in line["attempts"] if isinstance(line["attempts"], list) else ():
            provider, _, outcome = str(attempt).rpartition(":")
            self._attempts[provider, outcome].inc()
        if not call.endpoint:
            if isinstance(status := line["status"], int) and status >= 400:
                self.refused(status)
            return
        labels = self._labels(call, line)
        duration = _seconds(line["duration_ms"])
        self._duration[labels].observe(duration)
        for kind, name in TOKEN_TYPES.items():
            if isinstance(count := line[name], int):
                self._tokens[*labels, kind].observe(count)
        if line["ttft_ms"] is not None and line["stream"]:
            first = _seconds(line["ttft_ms"])
            self._first_token[labels].observe(first)
            if isinstance(output := line["output_tokens"], int) and output > 1:
                self._per_token[labels].observe((duration - first) / (output - 1))
        used = call.current.translator.outcome.used if call.current else None
        if used and used.usage.images:
            self._images[*labels, size_of(call, used)].inc(used.usage.images)
        if isinstance(cost := line["cost_usd"], float):
            self._cost[labels].inc(cost)

    def refused(self, status: int) -> None:
        """Count a request of which nobody knows what it asks for."""
        self._refused[(str(status),)].inc()

    def _labels(self, call: Call, line: dict[str, JsonValue]) -> tuple[str, ...]:
        if call.config is not self._config:
            self._config, self._configured = call.config, models_in(call.config)
        error = error_of(line)
        return (
            call.endpoint.operation if call.endpoint else "unknown",
            host_of(call.config.providers[call.current.provider]).label if call.current else "unknown",
            *(self._model(line[name], bool(error)) for name in ("model", "upstream_model", "response_model")),
            error,
        )

    def _model(self, name: JsonValue, failed: bool) -> str:
        """A label for a model: clients can't make up as many as they like.

        What the configuration names has a series of its own always; anything else has one once somebody has
        answered to it, and only so many of them do.
        """
        if not isinstance(name, str) or not name:
            return "unknown"
        if name in self._configured or name in self._models:
            return name
        if failed or len(self._models) >= MODELS:
            return "other"
        self._models.add(name)
        return name

    def _histogram(
        self, name: str, about: str, buckets: tuple[float, ...], labels: tuple[str, ...] = LABELS
    ) -> Series[Histogram]:
        return Series(Histogram(name, about, labels, buckets=buckets, registry=self.registry))

    def _counter(self, name: str, about: str, labels: tuple[str, ...]) -> Series[Counter]:
        return Series(Counter(name, about, labels, registry=self.registry))


def models_in(config: Config) -> frozenset[str]:
    """Every model that a configuration names, a client's word or a provider's."""
    backends = (backend for route in config.routes for backend in route.backends)
    exact = (model for route in config.routes for model in route.exact_models)
    return frozenset((*exact, *(backend.model for backend in backends if backend.model)))


def size_of(call: Call, used: Used) -> str:
    """`image_size`: what the provider says, else what it was asked for; few enough of them to be labels."""
    size: JsonValue = used.size
    if not size and call.body and call.current and "size" not in call.current.dropped:
        size = (call.body.outline if isinstance(call.body, Form) else call.body.json).get("size")
    if not isinstance(size, str) or not size:
        return "unknown"
    return size if size in SIZES else "other"


def error_of(line: dict[str, JsonValue]) -> str:
    """`error_type`: the status, `client_left`, `broken` for an answer that broke off, or nothing."""
    status, attempts = line["status"], line["attempts"]
    if status == CLIENT_LEFT:
        return "client_left"
    if isinstance(status, int) and status >= 400:
        return str(status)
    last = str(attempts[-1]) if isinstance(attempts, list) and attempts else ""
    return "broken" if last.endswith(":broken") else ""


def _seconds(milliseconds: JsonValue) -> float:
    return milliseconds / 1000 if isinstance(milliseconds, int | float) else 0.0
