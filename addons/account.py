"""Account: what a call has used and cost, told once it has ended: one line of the log, and the metrics."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import TextIO

import orjson
from mitmproxy import http

from addons.call import CLIENT_LEFT, Call, client_call
from addons.metrics import Metrics
from addons.prices import Prices
from addons.proxy import Exchange, Unread
from translators.canonical import JsonValue, Usage

FIELDS = (
    *("time", "request_id", "endpoint", "model", "provider", "upstream_model", "response_model", "route"),
    *("attempts", "status", "stream", "ttft_ms", "duration_ms", "input_tokens", "cached_tokens"),
    *("cache_write_tokens", "output_tokens", "reasoning_tokens", "usage_source", "cost_usd", "dropped"),
    *("client_key", "method", "reason"),
)
"""What a line tells, in this order."""
COST = "dragoman_cost_usd"
"""Where the metadata of a client's flow has its cost, for those who show flows."""


class Account:
    """Writes the log and feeds the metrics."""

    def __init__(self, metrics: Metrics, prices: Prices, out: TextIO | None = None) -> None:
        self._metrics, self._prices = metrics, prices
        self.out = out or sys.stdout
        """Where the lines go."""
        self.text = True
        """The format of a line: text, or JSON."""

    def running(self) -> None:
        self._prices.prepare()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if client_call(flow):
            self._metrics.began()

    def response(self, flow: http.HTTPFlow) -> None:
        """The cost of an answer that is whole, while its head can still be written."""
        call = client_call(flow)
        if not call or not flow.response or flow.response.stream:
            return
        self._price(call)
        if call.cost is not None and call.config.server.cost_header and not call.stream:
            flow.response.headers["x-dragoman-cost-usd"] = decimal(call.cost)

    def settled(self, exchange: Exchange) -> None:
        self._end(exchange.flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._end(flow)

    def unread(self, refused: Unread) -> None:
        """A request without a flow: it never was one."""
        self._metrics.refused(refused.status)
        known: dict[str, JsonValue] = {"time": _now(), "status": refused.status, "usage_source": "none"}
        known |= {"attempts": [], "dropped": [], "method": refused.method, "reason": refused.reason}
        known["endpoint"] = refused.path and refused.path[:200]
        self._write({**dict.fromkeys(FIELDS), **known})

    def _end(self, flow: http.HTTPFlow) -> None:
        call = client_call(flow)
        if not call or call.ended:
            return
        call.ended = True
        if call.cost is None:
            self._price(call)
        line = line_of(call, time.monotonic())
        self._metrics.ended(call, line)
        self._write(line)

    def _write(self, line: dict[str, JsonValue]) -> None:
        self.out.write(text_of(line) if self.text else orjson.dumps(line).decode() + "\n")
        self.out.flush()

    def _price(self, call: Call) -> None:
        call.cost = self._prices.cost_of(call)
        call.flow.metadata.pop(COST, None)  # that of an earlier time, when a flow is replayed
        if call.cost is not None:
            call.flow.metadata[COST] = call.cost


def line_of(call: Call, now: float) -> dict[str, JsonValue]:
    """All that is told of a call: never a body, never a secret."""
    attempt = call.current
    outcome = attempt.translator.outcome if attempt else None
    usage = outcome.used.usage if outcome and outcome.used else Usage()
    return {
        "time": _now(),
        "request_id": call.request_id,
        "endpoint": call.endpoint.path if call.endpoint else call.flow.request.path.partition("?")[0][:200],
        "model": call.model[:200],
        "provider": attempt.provider if attempt else None,
        "upstream_model": attempt.model if attempt else None,
        "response_model": outcome.model if outcome else None,
        "route": call.rule.name if call.rule else None,
        "attempts": [*map(":".join, zip((a.provider for a in call.tries), outcomes(call), strict=False))],
        "status": status_of(call),
        "stream": call.stream or call.first_byte is not None,
        "ttft_ms": _milliseconds(call.first_byte, call.started),
        "duration_ms": _milliseconds(now, call.started),
        **_tokens(usage),
        "usage_source": source_of(call),
        "cost_usd": call.cost,
        "dropped": list(attempt.dropped) if attempt else [],
        "client_key": call.client_key,
        "method": call.flow.request.data.method[:16].decode("ascii", "replace"),
        "reason": None,
    }


def _tokens(usage: Usage) -> dict[str, JsonValue]:
    return {
        "input_tokens": usage.input,
        "cached_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write,
        "output_tokens": usage.output,
        "reasoning_tokens": usage.reasoning,
    }


def outcomes(call: Call) -> list[str]:
    """What became of each attempt: `ok`, a status, or how it failed."""
    failed = ["ok" if f.kind == "part" else str(f.status or f.kind) for f in call.failures]
    return [*failed, _last(call)] if len(failed) < len(call.attempts) else failed


def _last(call: Call) -> str:
    """What became of the attempt that has not failed, or only after the client had a part of its answer."""
    response, attempt = call.attempts[-1].response, call.current
    if left(call):
        return "left"
    if response and response.status_code >= 300:
        return str(response.status_code)
    if call.refusal and attempt and call.refusal is attempt.translator.outcome.failed:
        return str(call.refusal.status)  # it says no in a good answer
    broken = (
        not response or call.flow.error or call.refusal or (attempt and attempt.translator.outcome.failed)
    )
    return "broken" if broken else "ok"


def left(call: Call) -> bool:
    """Whether the client went away before it had its answer."""
    return call.flow.error is not None and "disconnected" in call.flow.error.msg


def status_of(call: Call) -> int:
    """The status that the client was told; 499 when it left before."""
    if call.refused_with:
        return call.refused_with
    if left(call):
        return CLIENT_LEFT
    if not call.flow.response:
        return call.refusal.status or 500 if call.refusal else 400
    return call.flow.response.status_code


def source_of(call: Call) -> str:
    """Where the numbers of usage come from: a whole answer's `provider`, a `partial` one, or `none`."""
    outcome = call.current.translator.outcome if call.current else None
    if not outcome or not outcome.used:
        return "none"
    return "provider" if outcome.complete and not outcome.failed else "partial"


def text_of(line: dict[str, JsonValue]) -> str:
    """A line for people."""
    shown = {key: value for key, value in line.items() if value not in (None, [], "") and key != "time"}
    pairs = (f"{key}={_plain(value)}" for key, value in shown.items())
    return f"{line['time']} {' '.join(pairs)}\n"


def _plain(value: JsonValue) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    if text.isprintable() and " " not in text:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())  # a terminal obeys more than it shows


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def decimal(cost: float) -> str:
    """A sum as people write it: no exponent, and no more digits than it has."""
    return f"{cost:.12f}".rstrip("0").rstrip(".")


def _milliseconds(moment: float | None, started: float) -> float | None:
    return None if moment is None else round((moment - started) * 1000, 1)
