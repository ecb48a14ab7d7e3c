"""Redact: flows without any secret, as people have them: copies for files and exports, and kept streams."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote

from mitmproxy import ctx, http
from mitmproxy.addons.view import View
from pydantic import BaseModel, SecretStr

from addons.admit import REDACTED, redact
from addons.call import Call
from addons.config import Config
from addons.config_values import CREDENTIALS
from addons.decoding import RESPONSE_BYTES, Decoder
from addons.proxy import drop_header, find_addon, header, is_attempt
from addons.split import blot_split

SHORTEST = 4
"""Characters of what a client has shown as a key, below which it is a word like any other."""
UNDECODABLE = b"[redacted: it can't be decoded, so nobody knows what is in it]"
_SECRET = re.compile(rf"set-cookie|{CREDENTIALS.pattern}".encode(), re.IGNORECASE)


class Redact:
    """Knows every secret of the configuration, and takes them out wherever they stand."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config
        self._known: tuple[Config, tuple[bytes, ...]] | None = None

    @property
    def idle(self) -> bool:
        """Whether nobody looks at flows."""
        return find_addon(View) is None and not ctx.options.hardump and not ctx.options.save_stream_file

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Whoever looks at a flow when all is over must not see what only its call knows to be a secret."""
        if call := Call.of(flow):
            call.stay(flow)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """What a provider sets as its cookies, or quotes: clients do not get those headers anyway."""
        if flow.response and (call := Call.of_attempt(flow)):
            redact_headers(flow.response, self._secrets(call))

    def response(self, flow: http.HTTPFlow) -> None:
        """What was kept of a stream for people to look at: the client has had it already."""
        if flow.response and flow.response.stream and (call := Call.of(flow)):
            blot_body(flow.response, self._secrets(call))

    def error(self, flow: http.HTTPFlow) -> None:
        self.response(flow)

    def copy(self, flow: http.HTTPFlow) -> http.HTTPFlow:
        """The same flow, as anybody may have it; a client's is addressed to where the client has found us."""
        call = Call.of(flow)
        copy: http.HTTPFlow = flow.copy()
        copy.id = flow.id
        secrets = self._secrets(call)
        redact(copy.request)
        blot_headers(copy.request, secrets)
        blot_body(copy.request, secrets)
        copy.request.data.path = blotted(copy.request.data.path, secrets)
        if copy.response:
            redact_headers(copy.response, secrets)
            blot_body(copy.response, secrets)
        copy.comment = blotted(copy.comment.encode(), secrets).decode()
        if copy.error:
            copy.error.msg = blotted(copy.error.msg.encode(), secrets).decode()
        if not is_attempt(flow):
            address_to_gateway(copy, self._config())
        return copy

    def _secrets(self, call: Call | None) -> tuple[bytes, ...]:
        """In all their spellings, the longest first."""
        config = self._config()
        if not self._known or self._known[0] is not config:
            self._known = config, spellings(secrets_in((config.server, config.providers)))
        shown = (value.rpartition(" ")[2] for value in call.credentials) if call else ()
        own = [secret for secret in shown if len(secret) >= SHORTEST]
        return (*self._known[1], *spellings(own)) if own else self._known[1]


def secrets_in(value: object) -> Iterator[str]:
    """All that the configuration holds as a secret, wherever, and credentials that it sets as headers."""
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case BaseModel():
            for name in type(value).model_fields:
                yield from secrets_in(getattr(value, name))
        case Mapping():
            for name, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
                if isinstance(inner, str) and CREDENTIALS.fullmatch(str(name).lower()):  # pyright: ignore[reportUnknownArgumentType]
                    yield inner.rpartition(" ")[2]
                yield from secrets_in(inner)  # pyright: ignore[reportUnknownArgumentType]
        case tuple() | list():
            for inner in value:  # pyright: ignore[reportUnknownVariableType]
                yield from secrets_in(inner)  # pyright: ignore[reportUnknownArgumentType]
        case _:
            pass


def spellings(secrets: Iterable[str]) -> tuple[bytes, ...]:
    """Each secret as it is, as JSON writes it and as URLs do, the longest first."""
    found = set[str]()
    for secret in map(str.strip, secrets):
        found |= {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
        found |= {quote(secret, safe=""), quote(secret)}
    encoded = (text.encode("utf-8", "surrogateescape") for text in found - {""})
    return tuple(sorted(encoded, key=len, reverse=True))


def blotted(data: bytes, secrets: Iterable[bytes]) -> bytes:
    """The data without the secrets."""
    for secret in secrets:
        if secret in data:
            data = data.replace(secret, REDACTED)
    return data


def blot_headers(message: http.Message, secrets: tuple[bytes, ...]) -> None:
    """Take secrets out of the values of headers."""
    fields = message.headers.fields
    message.headers.fields = tuple((name, blotted(value, secrets)) for name, value in fields)


def blot_body(message: http.Message, secrets: tuple[bytes, ...]) -> None:
    """Take secrets out of a body, encoded or not, whole or split between the events of a stream."""
    body, coding = message.raw_content or b"", header(message.headers, "content-encoding")
    try:
        decoded = Decoder(coding, RESPONSE_BYTES).feed(body)
    except ValueError:
        decoded, clean = b"", UNDECODABLE
    else:
        clean = blotted(decoded, secrets)
        if header(message.headers, "content-type").startswith("text/event-stream"):
            clean = blot_split(clean, secrets)
    if clean != decoded:
        message.raw_content = clean
        drop_header(message.headers, "content-encoding")
        if "content-length" in message.headers:
            message.headers["content-length"] = str(len(clean))


def redact_headers(response: http.Response, secrets: tuple[bytes, ...]) -> None:
    """Take credentials and secrets out of an answer's headers."""
    response.headers.fields = tuple(
        (name, REDACTED if _SECRET.fullmatch(name) else value) for name, value in response.headers.fields
    )
    blot_headers(response, secrets)


def address_to_gateway(flow: http.HTTPFlow, config: Config) -> None:
    """Put where the client has found us in the place of mitmproxy's target, which does not exist."""
    host, port = (flow.client_conn.sockname or ("", 0))[:2]
    if not port:
        host, port = config.server.listen
    flow.request.scheme = "https" if flow.client_conn.tls else "http"
    flow.request.host, flow.request.port = host, port
    flow.request.host_header = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
