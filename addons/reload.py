"""Reload: a config.yaml that has changed takes the place of the old one, for new requests.

Running requests go on with the one that they began with. A bad file changes nothing.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import aclosing, suppress
from pathlib import Path

from mitmproxy import ctx
from prometheus_client import CollectorRegistry, Counter, Gauge
from watchfiles import Change, awatch  # pyright: ignore[reportUnknownVariableType]

from addons.call import Call
from addons.config import Config, ConfigError
from addons.proxy import Proxy
from addons.seal import Seal
from addons.settings import Settings, signature_of

LOOK_MS = 1000
"""How often we look at the file even if nobody tells of a change: not every file system does."""
MOST_LINKS = 40

logger = logging.getLogger(__name__)


class Reload:
    """Watches the file, and reads it when it has changed, or when SIGHUP says so."""

    def __init__(self, settings: Settings, proxy: Proxy, seal: Seal, registry: CollectorRegistry) -> None:
        self._settings, self._proxy, self._seal = settings, proxy, seal
        self._task: asyncio.Task[None] | None = None
        self._missing = 0
        self.outcome = "success"
        """Of the last change, `success` or `refused`; the one at the start was one."""
        generation = Gauge(
            "dragoman_config_generation",
            "Which configuration is in force: 1 is the first, and each that takes over is one more.",
            registry=registry,
        )
        generation.set_function(self._generation)
        self._reloads = Counter(
            "dragoman_config_reloads",
            "Changes of the configuration, by what became of them: success or refused.",
            ("outcome",),
            registry=registry,
        )
        self._last = Gauge(
            "dragoman_config_last_reload_success_timestamp_seconds",
            "When the configuration in force took over, in Unix seconds.",
            registry=registry,
        )
        for outcome in ("success", "refused"):
            self._reloads.labels(outcome)

    def _generation(self) -> float:
        return float(self._settings.generation)

    def running(self) -> None:
        self._last.set(time.time())
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._watch())
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not on every system
            loop.add_signal_handler(signal.SIGHUP, self.reload)

    def done(self) -> None:
        if self._task:
            self._task.cancel()

    async def _watch(self) -> None:
        while True:
            places = self._places()
            folders = {place.parent for place in places if place.parent.is_dir()}
            if folders:
                with suppress(OSError):  # a folder that is gone meanwhile: look again where the file is
                    await self._watch_in(folders, places)
            else:
                await asyncio.sleep(LOOK_MS / 1000)
                self.look()

    async def _watch_in(self, folders: Iterable[Path], places: Collection[Path]) -> None:
        """Until the way to the file is another one."""

        def matters(change: Change, name: str) -> bool:
            return Path(name) in places

        changes = awatch(
            *folders, watch_filter=matters, rust_timeout=LOOK_MS, yield_on_timeout=True, recursive=False
        )
        async with aclosing(changes):
            async for _ in changes:
                self.look()
                if self._places() != places:
                    return

    def _places(self) -> frozenset[Path]:
        source = self._settings.source
        return frozenset(places_of(source)) if source else frozenset()

    def look(self) -> None:
        """Read the file if it is another one than before."""
        settings = self._settings
        if not settings.source:
            self._tidy()
            return
        signature = signature_of(settings.source)
        if signature:
            self._missing = 0
            if signature != settings.signature:
                self.reload()
        else:
            self._missing += 1  # the first time, somebody may be just about to write it
            if self._missing == 2:
                self._refuse(f"{settings.source} is gone, or empty.")
        self._tidy()

    def reload(self) -> None:
        """Read the configuration anew, whether it has changed or not."""
        before, source = self._settings.current(), self._settings.source
        try:
            # (never back to the environment where there was a file: it has no keys for clients, say)
            config = self._settings.reload(str(source) if source else ctx.options.gateway_config)
        except ConfigError as error:
            self._refuse(str(error))
        except Exception as error:  # the edge: no file may end the watching
            self._refuse(f"It can't be read: {type(error).__name__}.")
        else:
            self._accept(before, config)

    def _accept(self, before: Config, config: Config) -> None:
        self.outcome = "success"
        self._reloads.labels("success").inc()
        self._last.set(time.time())
        source = self._settings.source or "The environment"
        for warning in config.warnings:
            line = f":{warning.line}" if warning.line else ""
            logger.warning("%s%s: %s: %s", source, line, warning.key, warning.message)
        for name in ("listen", "admin"):
            if getattr(before.server, name) != getattr(config.server, name):
                logger.warning("%s: server.%s only counts after a restart.", source, name)
        logger.warning("%s is in force now, as generation %d.", source, self._settings.generation)

    def _refuse(self, why: str) -> None:
        self.outcome = "refused"
        self._reloads.labels("refused").inc()
        generation = self._settings.generation
        logger.error("The configuration was not changed, generation %d stays in force:\n%s", generation, why)

    def _tidy(self) -> None:
        """Allow no address any more that neither the configuration in force nor a running request needs."""
        used = {id(config): config for config in self._configs()}
        self._seal.keep(used.values())

    def _configs(self) -> Iterator[Config]:
        yield self._settings.current()
        for exchange in self._proxy.running_exchanges:
            if isinstance(exchange, Call):
                yield exchange.config


def places_of(file: Path) -> Iterator[Path]:
    """The file's own place, and each symbolic link on the way: whichever changes may change the file."""
    place = file.absolute()
    for _ in range(MOST_LINKS):
        yield place
        link = next((part for part in (*reversed(place.parents), place) if part.is_symlink()), None)
        if not link:
            return
        if link != place:
            yield link
        place = link.parent / link.readlink() / place.relative_to(link)
