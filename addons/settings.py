"""Settings: loads config.yaml, and tells mitmproxy and the other addons what it says."""

import os
from pathlib import Path

from mitmproxy import addonmanager, ctx, exceptions

from addons.account import Account
from addons.config import NOWHERE, Config, ConfigError, address_of, find
from addons.config_load import from_environment, load
from addons.config_providers import Tls
from addons.credentials import Credentials
from addons.proxy import Certificates, Limits, Proxy, Trust
from addons.seal import Seal


class Settings:
    """Holds the configuration that is in force for new requests."""

    def __init__(self) -> None:
        self._config: Config | None = None
        self._told: tuple[Proxy, Trust, Seal, Account, Credentials] | None = None

    def current(self) -> Config:
        assert self._config, "asked for before it is loaded"
        return self._config

    def tell(
        self, proxy: Proxy, trust: Trust, seal: Seal, account: Account, credentials: Credentials
    ) -> None:
        """Who has to know when the configuration changes."""
        self._told = proxy, trust, seal, account, credentials

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
            self._told[3].text = ctx.options.gateway_log_format == "text"

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
            found = find(path or None, os.environ, Path.cwd())
            self._config = load(found, os.environ) if found else from_environment(os.environ)
        except ConfigError as error:
            raise exceptions.OptionsError(str(error)) from None
        if self._told:
            proxy, trust, seal, _, credentials = self._told
            server = self._config.server
            seal.use(self._config)
            credentials.use(self._config)
            try:
                trust.use(certificates_of(self._config))
            except ValueError as error:
                raise exceptions.OptionsError(str(error)) from None
            proxy.limits = Limits(
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
