"""Admin: /metrics, /health, /ready and /status, on a listener of their own, never on the one for clients."""

import logging
from collections.abc import Callable, Mapping
from typing import Literal

import orjson
from mitmproxy import ctx
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from addons.config import Address, Config
from addons.config_values import address
from translators.canonical import JsonValue

logger = logging.getLogger(__name__)


class Admin:
    """Listens while the gateway runs."""

    def __init__(
        self,
        config: Callable[[], Config],
        registry: CollectorRegistry,
        listens: Callable[[], bool],
        status: Callable[[], Mapping[str, JsonValue]] = dict,
    ) -> None:
        self._config, self._listens, self._status = config, listens, status
        self._registry = registry
        self._server: HTTPServer | None = None
        self._draining = False

    def running(self) -> None:
        place = listener(ctx.options.gateway_admin) or self._config().server.admin
        if not isinstance(place, Address):
            return
        routes = [
            (
                r"/metrics",
                Page,
                {"tell": lambda: (200, generate_latest(self._registry), CONTENT_TYPE_LATEST)},
            ),
            (r"/health", Page, {"tell": lambda: (200, b'{"status":"ok"}', "application/json")}),
            (r"/ready", Page, {"tell": self._ready}),
            (r"/status", Page, {"tell": self._tell_status}),
        ]
        self._server = server = HTTPServer(Application(routes, log_function=_say_nothing))
        try:
            server.listen(place.port, place.host)
        except OSError as error:
            logger.error("The admin listener %s can't be opened: %s.", place, error.strerror)
            ctx.master.shutdown()

    def done(self) -> None:
        self._draining = True

    def _ready(self) -> tuple[int, bytes, str]:
        if self._draining or not self._listens():
            status = "draining" if self._draining else "starting"
            return 503, b'{"status":"%s"}' % status.encode(), "application/json"
        return 200, b'{"status":"ready"}', "application/json"

    def _tell_status(self) -> tuple[int, bytes, str]:
        told = {**self._status(), "draining": self._draining}
        return 200, orjson.dumps(told), "application/json"


def _say_nothing(handler: RequestHandler) -> None:
    """Instead of a line in the log for each page."""


def listener(option: str) -> Address | Literal["off"] | None:
    """What the command line says, if it does."""
    return "off" if option == "off" else Address(*address(option)) if option else None


class Page(RequestHandler):
    """One page, made anew for each request."""

    def initialize(self, tell: Callable[[], tuple[int, bytes, str]]) -> None:
        self._tell = tell

    def get(self) -> None:
        status, body, content_type = self._tell()
        self.set_status(status)
        self.set_header("content-type", content_type)
        self.finish(body)  # pyright: ignore[reportUnknownMemberType]  (tornado's `dict`, of nobody says what)
