"""Seal: the last thing before the wire. Checks where an attempt goes; puts the key on a copy of it."""

from contextlib import suppress
from urllib.parse import unquote, urlsplit

from mitmproxy import http
from mitmproxy.proxy import server_hooks

from addons.admit import REDACTED, check_credentials
from addons.call import Call
from addons.config import DEMO_ADDRESS, Config, Provider, address_of
from addons.config_providers import Keyed
from addons.decoding import RESPONSE_BYTES, decode
from addons.demo.addon import Demo
from addons.outgoing import base_url_of, host_of
from addons.proxy import Exchange, drop_header, header, shallow


class Seal:
    """Nothing goes upstream but what it returns: after all hooks, and after what people have edited."""

    def __init__(self, demo: Demo) -> None:
        self._demo = demo
        self._egress: frozenset[tuple[str, int]] = frozenset()

    def use(self, config: Config) -> None:
        """The addresses of another configuration are allowed from now on, besides those still in use."""
        self._egress |= config.egress()

    def attempt(self, exchange: Exchange) -> None:
        if isinstance(exchange, Call):
            exchange.seal = self.seal

    def seal(self, flow: http.HTTPFlow) -> http.Request:
        """What goes on the wire. Raises `PermissionError` for what must not."""
        call = Call.of_attempt(flow)
        number: int = flow.metadata.get("attempt", 0)
        if not call or not 0 < number <= len(call.tries):
            raise PermissionError("This attempt belongs to no call.")
        if not call.admitted or flow.id not in call.checked:
            raise PermissionError("An addon that must pass every attempt has not passed this one.")
        provider = call.config.providers[call.tries[number - 1].provider]
        check_credentials(call, flow.request)
        check_egress(provider, flow.request)
        wire = shallow(flow.request)
        body = wire.raw_content or b""
        wire.headers["content-length"] = str(len(body))
        drop_header(wire.headers, "transfer-encoding")
        if key := key_of(provider):
            host = host_of(provider)
            wire.headers[host.key_header] = host.key_prefix + key
        return wire

    def response(self, flow: http.HTTPFlow) -> None:
        """Take the provider's key out of an answer that quotes it, as some do when they refuse it."""
        call = Call.of_attempt(flow)
        if not call or not flow.response or flow.response.stream:
            return
        number: int = flow.metadata["attempt"]
        if secret := key_of(call.config.providers[call.tries[number - 1].provider]):
            take_out(secret.encode(), flow.response)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """The last line of defence: no address but those of the configured providers."""
        if data.server.address == DEMO_ADDRESS and self._demo.address:
            data.server.address = self._demo.address
        elif data.server.address not in self._egress:
            data.server.error = "No configured provider has this address."


def key_of(provider: Provider) -> str:
    """The provider's API key; empty for one that asks for none."""
    return (
        provider.api_key.get_secret_value().strip()
        if isinstance(provider, Keyed) and provider.api_key
        else ""
    )


def take_out(secret: bytes, response: http.Response) -> None:
    """Blot out a secret wherever it stands in an answer's body, encoded or not."""
    body, coding = response.raw_content or b"", header(response.headers, "content-encoding")
    with suppress(ValueError):  # what can't be decoded is refused later on
        decoded = decode(body, coding, RESPONSE_BYTES)
        if secret in decoded:
            response.raw_content = decoded.replace(secret, REDACTED)
            drop_header(response.headers, "content-encoding")
            response.headers["content-length"] = str(len(response.raw_content))


def check_egress(provider: Provider, request: http.Request) -> None:
    """That an attempt goes to its own provider, and there to no other place than below its base URL."""
    base = base_url_of(provider)
    scheme, path = urlsplit(base)[0::2][:2]
    if request.scheme != scheme or (request.host, request.port) != address_of(base):
        raise PermissionError("An attempt goes to another place than its provider.")
    if not request.path.startswith(path + "/") or ".." in unquote(request.path) or request.authority:
        raise PermissionError("An attempt has a path that leads elsewhere.")
