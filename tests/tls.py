"""A private world of TLS: authorities, the certificates that they issue, and a server that shows them."""

import asyncio
import datetime
import itertools
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.upstream import PATIENCE

DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates; whoever trusts `file` trusts them."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self._folder = name, folder
        self._numbers = itertools.count()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        itself = _builder(_named(name), _named(name), self._key, DAY)
        itself = itself.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file.write_bytes(_pem(itself.sign(self._key, hashes.SHA256())))

    def issue(self, name: str, hosts: Sequence[str] = (), lasting: datetime.timedelta = DAY) -> "Pair":
        """A certificate of this common name, valid for these hosts; it began two days ago."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_named(name), _named(self.name), key, lasting)
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_host(it) for it in hosts]), critical=False
            )
        return Pair(
            self._folder / f"{self.name}-{next(self._numbers)}", builder.sign(self._key, hashes.SHA256()), key
        )


class Pair:
    """A certificate and its key: in a file each, and both in one."""

    def __init__(self, place: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.certificate = _written(place.with_suffix(".crt"), _pem(certificate))
        self.key = _written(place.with_suffix(".key"), secret)
        self.both = _written(place.with_suffix(".pem"), _pem(certificate) + secret)


class TlsFront:
    """Shows a certificate and asks for one, takes TLS off, and hands on what is in it to another port."""

    def __init__(
        self, pair: Pair, target: int, clients_of: Authority, insisting: ssl.VerifyMode = ssl.CERT_OPTIONAL
    ) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pair.both)
        self._context.load_verify_locations(clients_of.file)
        self._context.verify_mode = insisting
        self._target = target
        self.clients: list[str] = []
        """The common names of those who got through, empty where they had no certificate to show."""
        self.port = 0
        self._running = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._running.wait(PATIENCE)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)

    async def _run(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = server.sockets[0].getsockname()[1]
        self._running.set()
        await self._over.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clients.append(_common_name(writer.get_extra_info("peercert")))
        with suppress(OSError):
            inner = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(_pipe(reader, inner[1]), _pipe(inner[0], writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


def _common_name(certificate: Any) -> str:
    fields = dict(pair for group in (certificate or {}).get("subject", ()) for pair in group)
    name: str = fields.get("commonName", "")
    return name


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lasting: datetime.timedelta
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - 2 * DAY).not_valid_after(now + lasting)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
