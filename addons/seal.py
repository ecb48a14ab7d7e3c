"""Seal: the last thing before the wire. Checks where an attempt goes; puts the key on a copy of it."""

from collections.abc import Awaitable, Iterable
from urllib.parse import unquote, urlsplit

from mitmproxy import http
from mitmproxy.proxy import server_hooks

from addons.admit import check_credentials
from addons.blot import Blot, take_out
from addons.call import Call
from addons.config import DEMO_ADDRESS, Config, Provider, address_of
from addons.credentials import Credentials
from addons.demo.addon import Demo
from addons.outgoing import base_url_of, host_of, url_of
from addons.proxy import Exchange, Unsent, drop_header, shallow
from translators.hosts import BESIDE

SHORTEST_SECRET = 8
"""Characters. What is shorter protects nothing, and may be a part of any word that a model says."""


class Seal:
    """Nothing goes upstream but what it returns: after all hooks, and after what people have edited."""

    def __init__(self, demo: Demo, credentials: Credentials) -> None:
        self._demo, self._credentials = demo, credentials
        self._egress: frozenset[tuple[str, int]] = frozenset()

    def use(self, config: Config) -> None:
        """The addresses of another configuration are allowed from now on, besides those still in use."""
        self._egress |= config.egress()

    def keep(self, configs: Iterable[Config]) -> None:
        """The addresses of these configurations are allowed from now on, and no others."""
        self._egress = frozenset().union(*(config.egress() for config in configs))

    def attempt(self, exchange: Exchange) -> Awaitable[None] | None:
        """Waits only where there is nothing to sign with yet."""
        if not isinstance(exchange, Call):
            return None
        exchange.seal = self.seal
        if not exchange.request or not exchange.tries:
            return None
        waiting = self._credentials.ready(exchange, exchange.tries[-1].provider)
        return self._wait(exchange, waiting) if waiting else None

    async def _wait(self, call: Call, waiting: Awaitable[bool]) -> None:
        if not await waiting:
            call.seal = unsent

    def seal(self, flow: http.HTTPFlow) -> http.Request:
        """What goes on the wire. Raises `PermissionError` for what must not."""
        call = Call.of_attempt(flow)
        number: int = flow.metadata.get("attempt", 0)
        if not call or not 0 < number <= len(call.tries):
            raise PermissionError("This attempt belongs to no call.")
        if not call.admitted or flow.id not in call.checked:
            raise PermissionError("An addon that must pass every attempt has not passed this one.")
        tried = call.tries[number - 1]
        provider = call.config.providers[tried.provider]
        check_credentials(call, flow.request)
        check_egress(provider, flow.request)
        wire = shallow(flow.request)
        body = wire.raw_content or b""
        wire.headers["content-length"] = str(len(body))
        drop_header(wire.headers, "transfer-encoding")
        signer = self._credentials.of(provider)
        tried.lease = signer.lease
        try:
            signer.sign(wire)
        except PermissionError:
            return unsent(flow)
        return wire

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response and flow.response.stream and (secrets := self._secrets(flow)):
            flow.response.stream = Blot(secrets, flow.response)

    def response(self, flow: http.HTTPFlow) -> None:
        """Take the provider's secrets out of an answer that quotes them, as some do with what they refuse."""
        if flow.response and not flow.response.stream and (secrets := self._secrets(flow)):
            take_out(secrets, flow.response)

    def _secrets(self, flow: http.HTTPFlow) -> list[bytes]:
        """What an attempt's answer must not quote; nothing for a client's flow."""
        if not (call := Call.of_attempt(flow)):
            return []
        number: int = flow.metadata["attempt"]
        provider = call.config.providers[call.tries[number - 1].provider]
        secrets = self._credentials.of(provider).secrets()
        return [secret.encode() for secret in secrets if len(secret) >= SHORTEST_SECRET]

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """The last line of defence: no address but those of the configured providers."""
        if data.server.address == DEMO_ADDRESS and self._demo.address:
            data.server.address = self._demo.address
        elif data.server.address not in self._egress:
            data.server.error = "No configured provider has this address."


def unsent(flow: http.HTTPFlow) -> http.Request:
    """In the place of what would have been sent."""
    raise Unsent("no credentials")


def _beside(provider: Provider, base: str) -> Iterable[str]:
    wholes = (each.whole for each in host_of(provider).paths.values())
    return (urlsplit(url_of(base, whole)).path for whole in wholes if whole.startswith(BESIDE))


def check_egress(provider: Provider, request: http.Request) -> None:
    """That an attempt goes to its own provider, and there to no other place than below its base URL.

    But for those few that its host has beside the version, each as a whole.
    """
    base = base_url_of(provider)
    scheme, path = urlsplit(base)[0::2][:2]
    if request.scheme != scheme or (request.host, request.port) != address_of(base):
        raise PermissionError("An attempt goes to another place than its provider.")
    below = request.path.startswith(path + "/") or request.path in _beside(provider, base)
    if not below or ".." in unquote(request.path) or request.authority:
        raise PermissionError("An attempt has a path that leads elsewhere.")
