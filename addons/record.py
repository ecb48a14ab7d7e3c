"""Record: writes each call, the client's flow and then its attempts, into a file that any mitmproxy reads.

What is written are redacted copies (addons/redact.py). Files are for their owner alone.
"""

import io
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from mitmproxy import addonmanager, ctx, exceptions, http
from mitmproxy.io import FlowWriter

from addons.call import Call, attempt_call, client_call
from addons.config import Config, Recording
from addons.placeholders import hide_text
from addons.proxy import Exchange
from addons.redact import Redact

logger = logging.getLogger(__name__)


class Record:
    """Holds a call's ended attempts until it is over itself; what ends after that is written by itself."""

    def __init__(self, config: Callable[[], Config], redact: Redact) -> None:
        self._config, self._redact = config, redact
        self._settings: Recording | None = None
        self._open: dict[str, tuple[Call, list[http.HTTPFlow]]] = {}

    @property
    def idle(self) -> bool:
        """Whether nothing is recorded."""
        return self._settings is None

    def load(self, loader: addonmanager.Loader) -> None:
        loader.add_option("gateway_record", str, "", "Record to this file; config.yaml's if empty.")

    def configure(self, updated: set[str]) -> None:
        if not updated & {"gateway_record", "gateway_config"}:
            return
        asked = self._config().server.record
        if file := ctx.options.gateway_record:
            asked = (asked or Recording(file=file)).model_copy(update={"file": file})
        if asked and not (self._settings and self._settings.file == asked.file):
            try:
                begin(Path(asked.file), asked.keep)
            except OSError as error:
                raise exceptions.OptionsError(f"Can't record to {asked.file}: {error.strerror}.") from None
        self._settings = asked

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if self._settings and (call := client_call(flow)) and chosen(flow.id, self._settings.sample):
            self._open[flow.id] = call, []

    def response(self, flow: http.HTTPFlow) -> None:
        self._ended(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._ended(flow)
        if call := client_call(flow):
            self.settled(call)

    def settled(self, exchange: Exchange) -> None:
        """What the client was told is certain."""
        _, ended = self._open.pop(exchange.flow.id, (None, None))
        if ended is not None:
            self._write([exchange.flow, *sorted(ended, key=lambda flow: flow.metadata["attempt"])])

    def done(self) -> None:
        """Calls that are not over are written as far as they came."""
        for call, ended in self._open.values():
            running = [attempt for attempt in call.attempts if attempt not in ended]
            self._write([call.flow, *ended, *running])
        self._open.clear()

    def _ended(self, flow: http.HTTPFlow) -> None:
        call = attempt_call(flow)
        if not call or not self._settings:
            return
        if call.flow.id in self._open:
            ended = self._open[call.flow.id][1]
            if flow not in ended:
                ended.append(flow)
        elif chosen(call.flow.id, self._settings.sample):
            self._write([flow])

    def _write(self, flows: Iterable[http.HTTPFlow]) -> None:
        settings = self._settings
        if not settings:
            return
        try:
            data = b"".join(self._written(flow, settings) for flow in flows)
            append(Path(settings.file), data, settings.max_bytes, settings.keep)
        except OSError as error:  # a full disk is no reason to refuse requests, but it is one to complain
            logger.error("Not recorded: %s", error)
        except Exception as error:  # the edge: what can't be redacted is not written, and its call goes on
            logger.error("Not recorded: %s", type(error).__name__)

    def _written(self, flow: http.HTTPFlow, settings: Recording) -> bytes:
        copy, out = self._redact.copy(flow), io.BytesIO()
        for message in (copy.request, copy.response) if settings.hide_text else ():
            if message:
                hide_text(message)
        FlowWriter(out).add(copy)
        return out.getvalue()


def chosen(call_id: str, sample: float) -> bool:
    """Whether a call is in the sample; by its id, so that all of its flows are or none is."""
    return int(call_id[:8], 16) < sample * 2**32


def begin(file: Path, keep: int) -> None:
    """Make an empty file; one that is there already is kept as the newest old one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and file.stat().st_size:
        rotate(file, keep)
    append(file, b"", None, keep)


def append(file: Path, data: bytes, most: int | None, keep: int) -> None:
    """Add to a file, or begin the next one where it would become too large."""
    size = file.stat().st_size if file.exists() else 0
    if most and size and size + len(data) > most:
        rotate(file, keep)
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as out:
        out.write(data)


def rotate(file: Path, keep: int) -> None:
    """FILE becomes FILE.1, and what was FILE.1 FILE.2; the one after the last to keep is no more."""
    for number in range(keep, 0, -1):
        older = file.with_name(f"{file.name}.{number}")
        newer = file.with_name(f"{file.name}.{number - 1}") if number > 1 else file
        if newer.exists():
            newer.replace(older)
