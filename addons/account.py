"""Account: what a call has used and cost, told once it has ended: one line of the log, and the metrics."""

import json
import sys
import time
from datetime import UTC, datetime
from typing import TextIO

import orjson
from mitmproxy import http

from addons.call import Call, client_call
from addons.metrics import Metrics
from addons.prices import cost_usd
from addons.proxy import Exchange
from translators.canonical import JsonValue, Usage

CLIENT_LEFT = 499
"""The status in the log of a client that left before it had an answer, as other proxies write it."""


class Account:
    """Writes the log and feeds the metrics."""

    def __init__(self, metrics: Metrics, out: TextIO | None = None) -> None:
        self._metrics = metrics
        self._out = out or sys.stdout
        self.text = True
        """The format of a line: text, or JSON."""

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if client_call(flow):
            self._metrics.began()

    def settled(self, exchange: Exchange) -> None:
        self._end(exchange.flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._end(flow)

    def _end(self, flow: http.HTTPFlow) -> None:
        call = client_call(flow)
        if not call or call.ended:
            return
        call.ended = True
        line = line_of(call, time.monotonic())
        self._metrics.ended(call, line)
        self._out.write(text_of(line) if self.text else orjson.dumps(line).decode() + "\n")
        self._out.flush()


def line_of(call: Call, now: float) -> dict[str, JsonValue]:
    """All that is told of a call: never a body, never a secret."""
    attempt = call.current
    outcome = attempt.translator.outcome if attempt else None
    usage = outcome.used.usage if outcome and outcome.used else Usage()
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "request_id": call.request_id,
        "endpoint": call.endpoint.path if call.endpoint else call.flow.request.path.partition("?")[0][:200],
        "model": call.model[:200],
        "provider": attempt.provider if attempt else None,
        "upstream_model": attempt.model if attempt else None,
        "response_model": outcome.model if outcome else None,
        "route": call.rule.name if call.rule else None,
        "attempts": [*map(":".join, zip((a.provider for a in call.tries), outcomes(call), strict=False))],
        "status": status_of(call),
        "stream": call.stream,
        "ttft_ms": _milliseconds(call.first_byte, call.started),
        "duration_ms": _milliseconds(now, call.started),
        "input_tokens": usage.input,
        "cached_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write,
        "output_tokens": usage.output,
        "reasoning_tokens": usage.reasoning,
        "usage_source": source_of(call),
        "cost_usd": cost_usd(call, usage) if outcome and outcome.used else None,
        "dropped": list(attempt.dropped) if attempt else [],
        "client_key": call.client_key,
    }


def outcomes(call: Call) -> list[str]:
    """What became of each attempt: `ok`, a status, or how it failed."""
    failed = ["ok" if f.kind == "part" else str(f.status or f.kind) for f in call.failures]
    if len(failed) < len(call.attempts):
        response = call.attempts[-1].response
        broken = call.flow.error or (call.current and call.current.translator.outcome.failed)
        status = response.status_code if response else 0
        failed.append("broken" if broken and status < 300 else "ok" if 200 <= status < 300 else str(status))
    return failed


def status_of(call: Call) -> int:
    """The status that the client was told; 499 when it left before."""
    left = call.flow.error is not None and "disconnected" in call.flow.error.msg
    if call.refused_with:
        return call.refused_with
    if left or not call.flow.response:
        return CLIENT_LEFT if left else call.refusal.status or 500 if call.refusal else 400
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


def _milliseconds(moment: float | None, started: float) -> float | None:
    return None if moment is None else round((moment - started) * 1000, 1)
