"""Settings: loads config.yaml, and tells mitmproxy and the other addons what it says."""

import os
from pathlib import Path
from typing import NamedTuple

from mitmproxy import addonmanager, ctx, exceptions

from addons.account import Account
from addons.config import NOWHERE, Config, ConfigError, Problem, address_of, find
from addons.config_load import from_environment, load, with_stand_ins
from addons.config_providers import Tls
from addons.credentials import Credentials
from addons.health import Health
from addons.proxy import Certificates, Limits, Proxy, Trust, is_replaying
from addons.seal import Seal

type Signature = tuple[int, int, int]
"""Of a file: another one has another."""


class Told(NamedTuple):
    """The addons that do what the configuration says."""

    proxy: Proxy
    trust: Trust
    seal: Seal
    account: Account
    health: Health
    credentials: Credentials


class Settings:
    """Holds the configuration that is in force for new requests."""

    def __init__(self) -> None:
        self._config: Config | None = None
        self._told: Told | None = None
        self.generation = 0
        """How many configurations there have been, the one in force included."""
        self.source: Path | None = None
        """The file that was read last, be it good or bad; `None` for the environment alone."""
        self.signature: Signature | None = None
        """Of that file, from before it was read."""

    def current(self) -> Config:
        assert self._config, "asked for before it is loaded"
        return self._config

    def tell(self, told: "Told") -> None:
        """Who has to know when the configuration changes."""
        self._told = told

    def load(self, loader: addonmanager.Loader) -> None:
        loader.add_option("gateway_config", str, "", "Path of the gateway's config.yaml.")
        loader.add_option(
            "gateway_admin", str, "", "The admin listener, HOST:PORT or off; config.yaml's if empty."
        )
        loader.add_option("gateway_log_format", str, "text", "The access log's format.", ["text", "json"])

    def configure(self, updated: set[str]) -> None:
        if ctx.options.stream_large_bodies:
            raise exceptions.OptionsError(
                "stream_large_bodies does not go with retries: a body must be whole."
            )
        if "gateway_config" in updated or self._config is None:
            self._load(ctx.options.gateway_config)
        if self._told:
            self._told.account.text = ctx.options.gateway_log_format == "text"

    def _take_place(self) -> None:
        """Where the stock tools are told of no mode, listen where config.yaml says, as a reverse proxy.

        Not before: mitmproxy opens its own listener while it loads scripts, and heeds no change until then.
        """
        if ctx.options.mode != ["regular"]:
            return
        listen = self.current().server.listen
        if not ctx.options.listen_host:
            ctx.options.listen_host = listen.host
        if ctx.options.listen_port is None:
            ctx.options.listen_port = listen.port
        ctx.options.mode = [NOWHERE]

    def running(self) -> None:
        # Attempts say themselves where they go, and the client's Host is nobody's business but its own.
        ctx.options.connection_strategy = "lazy"
        ctx.options.keep_host_header = True
        ctx.options.body_size_limit = None
        self._take_place()

    def _load(self, path: str) -> None:
        try:
            self.reload(path)
        except ConfigError as error:
            raise exceptions.OptionsError(str(error)) from None

    def reload(self, path: str) -> Config:
        """Read it anew, `${VAR}`s and certificates too. Raises `ConfigError`, and then nothing changes."""
        found = find(path or None, os.environ, Path.cwd())
        self.source, self.signature = found, signature_of(found) if found else None
        env = with_stand_ins(found, os.environ) if found and is_replaying() else os.environ
        config = load(found, env) if found else from_environment(os.environ)
        if self._told:
            proxy, trust, seal, _, health, credentials = self._told
            try:
                trust.use(certificates_of(config))
            except ValueError as error:
                raise ConfigError([Problem(0, "", str(error))], str(found)) from None
            seal.use(config)
            health.use(config)
            credentials.use(config)
            proxy.limits = limits_of(config)
        self._config = config
        self.generation += 1
        return config


def signature_of(file: Path) -> Signature | None:
    """`None` where there is no such file, or an empty one, which somebody may have begun to write."""
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size) if found.st_size else None


def limits_of(config: Config) -> Limits:
    """What the proxy lets a client do."""
    server = config.server
    return Limits(
        request_bytes=server.max_request_bytes,
        header_bytes=server.max_header_bytes,
        header_seconds=server.header_timeout,
        shutdown_seconds=server.shutdown_grace,
    )


def certificates_of(config: Config) -> dict[tuple[str, int], Certificates]:
    """The files of every provider that has some, by address: loading has made sure of one set for each."""
    return {
        address_of(provider.base_url): Certificates(
            *(
                str(file) if file else None
                for file in (provider.tls.ca_file, provider.tls.client_cert, provider.tls.client_key)
            )
        )
        for provider in config.providers.values()
        if not provider.disabled and provider.base_url and provider.tls != Tls()
    }
