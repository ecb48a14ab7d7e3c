"""The request of an attempt: built new, with nothing of the client's in it but what is copied by name."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from mitmproxy import http

from addons.call import Call
from addons.config import BodyEdits, Effective, Provider, address_of
from addons.endpoints import JSON
from addons.proxy import headers_among, headers_of
from translators import form
from translators.body import parse
from translators.dialect import Spoken
from translators.hosts import BESIDE, DEMO_HOSTS, DEMO_URL, HOSTS, Host

FORWARDED = ("user-agent", "idempotency-key", "traceparent", "tracestate")
"""Headers of a client that any provider may see."""
VENDOR_FORWARDED = {
    "openai": ("openai-beta",),
    "anthropic": ("anthropic-beta", "anthropic-version"),
}
"""Headers that mean something to one vendor, sent to it when the client speaks its dialect too."""


def host_of(provider: Provider) -> Host:
    """What kind of service a provider is."""
    return DEMO_HOSTS[provider.speaks] if provider.type == "demo" else HOSTS[provider.host]


def base_url_of(provider: Provider) -> str:
    """Where a provider is; the embedded one has a name that only the gateway itself can resolve."""
    return DEMO_URL if provider.type == "demo" else provider.base_url


def url_of(base_url: str, path: str) -> str:
    """Where a host's path is. After `BESIDE` it stands beside the base URL's version, and not below it."""
    if path.startswith(BESIDE):
        return re.sub(r"/v\d\w*$", "", base_url) + path.removeprefix(BESIDE)
    return base_url + path


def outgoing_request(
    call: Call,
    provider: Provider,
    target: Spoken,
    *,
    path: str,
    body: bytes,
    content_type: str,
    settings: Effective,
) -> http.Request:
    """The attempt's request but for its credentials, which only the seal adds.

    `path` is the host's own, appended to the provider's base URL. Raises `BadRequest` where a form can't hold
    what the configuration sets.
    """
    assert call.endpoint
    client, host = call.flow.request.headers, host_of(provider)
    names = (*FORWARDED, *(name.lower() for name in provider.forward_headers))
    if target.OWNER == call.endpoint.spoken.OWNER:
        names += tuple(name for name in VENDOR_FORWARDED.get(target.OWNER, ()) if name not in host.withholds)
    told = headers_among(client, names)
    headers = {**host.headers, **{name: value for name, value in told.items() if value}}
    headers["content-type"] = content_type
    headers.setdefault("accept", host.stream_type if call.stream else "application/json, */*")
    headers["accept-encoding"] = "identity"
    for name in settings.headers.remove:
        headers.pop(name, None)
    headers |= settings.headers.set
    url = url_of(base_url_of(provider), path)
    return request_to(url, headers, mutated(body, content_type, settings.body))


def mutated(body: bytes, content_type: str, edits: BodyEdits) -> bytes:
    """The body with the configured fields removed, then set; untouched where there are none."""
    if not (edits.remove or edits.set):
        return body
    read = parse(body) if content_type == JSON else form.parse(body, content_type)
    return read.edited(edits.set, edits.remove)


class Place(NamedTuple):
    """The parts of a URL, as a request has them. `path` is that with the query."""

    scheme: bytes
    host: str
    port: int
    authority: str
    path: bytes


@lru_cache(maxsize=1024)
def _place(url: str) -> Place:
    """There are as many URLs as there are models, and each is asked again and again."""
    parts, (host, port) = urlsplit(url), address_of(url)
    authority = f"[{host}]" if ":" in host else host
    if parts.port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        authority += f":{port}"
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return Place(parts.scheme.encode(), host, port, authority, path.encode())


def request_to(url: str, headers: Mapping[str, str], body: bytes) -> http.Request:
    """A POST to a URL. Header names are in lower case."""
    place = _place(url)
    fields = {"host": place.authority, **headers, "content-length": str(len(body))}
    return http.Request(
        host=place.host,
        port=place.port,
        method=b"POST",
        scheme=place.scheme,
        authority=b"",
        path=place.path,
        http_version=b"HTTP/1.1",
        headers=headers_of(
            tuple((name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in fields.items())
        ),
        content=body,
        trailers=None,
        timestamp_start=0.0,
        timestamp_end=0.0,
    )
