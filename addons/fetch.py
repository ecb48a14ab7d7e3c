"""Fetch: files that a request names by address, for providers that take only data; from public places alone.

Whoever may ask a gateway to fetch something has its place in the network: so no address that is not public is
ever connected to, whatever a name resolves to and wherever a redirect leads.
"""

import asyncio
import ipaddress
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import urljoin, urlsplit

import h11

from translators.canonical import Data
from translators.errors import Unsupported

type Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

MOST_BYTES = 20 << 20
MOST_FILES = 20
"""In one request."""
MOST_REDIRECTS = 3
SECONDS = 10.0
"""For one file, redirects included."""
TYPES = ("image/", "audio/", "video/", "text/plain", "application/pdf")
REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 1 << 16
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):
    """Why a file is not fetched; for the client to read."""


class Fetch:
    """Gets files. `resolve` gives the addresses of a name, `allowed` says which may be connected to."""

    def __init__(self, resolve: Resolve | None = None, allowed: Callable[[str], bool] | None = None) -> None:
        self._resolve = resolve or resolved
        self._allowed = allowed or is_public

    async def files(self, addresses: Sequence[str], meaning: str) -> Mapping[str, Data]:
        """All of them, at once. Raises `Unsupported` for the first that can't be had."""
        if len(addresses) > MOST_FILES:
            raise Unsupported(meaning, f"more than {MOST_FILES} files are not fetched")
        try:
            files = await asyncio.gather(*map(self.file, addresses))
        except Refused as refused:
            raise Unsupported(meaning, f"the file could not be fetched: {refused}") from None
        return dict(zip(addresses, files, strict=True))

    async def file(self, url: str) -> Data:
        """One of them. Raises `Refused`."""
        try:
            async with asyncio.timeout(SECONDS):
                for _ in range(MOST_REDIRECTS + 1):
                    found = await self._ask(url)
                    if isinstance(found, Data):
                        return found
                    url = found
                raise Refused("too many redirects")
        except TimeoutError:
            raise Refused("it took too long") from None
        except (OSError, ssl.SSLError, h11.ProtocolError, ValueError):
            raise Refused("there is no answer") from None

    async def _ask(self, url: str) -> Data | str:
        """The file, or where it is said to be."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise Refused("only plain http and https addresses are fetched")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = await self._resolve(parts.hostname, port)
        if not addresses or not all(map(self._allowed, addresses)):
            raise Refused("its address is not public")
        secure = parts.scheme == "https"
        reader, writer = await asyncio.open_connection(
            addresses[0],  # this one and no other, so that the name can't lead elsewhere in the meantime
            port,
            ssl=ssl.create_default_context() if secure else None,
            server_hostname=parts.hostname if secure else None,
        )
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            return await _exchange(reader, writer, url, parts.netloc, target)
        finally:
            writer.close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: str, host: str, target: str
) -> Data | str:
    connection = h11.Connection(h11.CLIENT)
    headers = [("host", host), ("accept", "*/*"), ("accept-encoding", "identity"), ("connection", "close")]
    request = h11.Request(method="GET", target=target, headers=headers)
    for event in (request, h11.EndOfMessage()):
        writer.write(connection.send(event) or b"")
    body, kind = bytearray(), ""
    while True:
        match connection.next_event():
            case h11.NEED_DATA:
                connection.receive_data(await reader.read(_CHUNK))
            case h11.Response(status_code=status, headers=told):
                fields = {name.decode(): value.decode("latin-1") for name, value in told}
                if status in REDIRECTS and "location" in fields:
                    return urljoin(url, fields["location"])
                kind = _accepted(status, fields)
            case h11.Data(data=data):
                body += data
                if len(body) > MOST_BYTES:
                    raise Refused(f"it is larger than {MOST_BYTES >> 20} MiB")
            case h11.EndOfMessage():
                return Data(kind, b64encode(body).decode())
            case h11.ConnectionClosed() | h11.PAUSED:
                raise Refused("there is no answer")
            case _:
                pass


def _accepted(status: int, fields: Mapping[str, str]) -> str:
    """The media type of a good answer."""
    if status != 200:
        raise Refused(f"status {status}")
    kind = fields.get("content-type", "").partition(";")[0].strip().lower()
    if not kind.startswith(TYPES):
        raise Refused("it is no image, sound, film, text or PDF")
    if fields.get("content-length", "0").isdigit() and int(fields.get("content-length", "0")) > MOST_BYTES:
        raise Refused(f"it is larger than {MOST_BYTES >> 20} MiB")
    return kind


async def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a name."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=1)  # SOCK_STREAM
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Whether anybody on the internet could reach it: not so loopback, private, link-local and metadata ones.

    An IPv4 address inside of an IPv6 one counts as what it stands for, or not at all.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        elif ip.sixtofour or ip.teredo or ip in _NAT64:
            return False
    return ip.is_global and not ip.is_multicast
