"""Trust: certificates of a provider's own, where it is not one that the whole world trusts."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mitmproxy import tls
from mitmproxy.connection import Server
from mitmproxy.net import tls as net_tls
from OpenSSL import SSL

NO_PARTIAL_WILDCARDS = 0x4
NEVER_CHECK_SUBJECT = 0x20
"""OpenSSL's X509_CHECK_FLAGs: only the alternative names count, and `f*o.com` matches nothing."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: whom to trust instead of the system's authorities, and what to show to who asks."""

    ca_file: str | None
    client_cert: str | None
    client_key: str | None


class Trust:
    """Sets up TLS to those providers that have certificates of their own; the others are mitmproxy's."""

    def __init__(self) -> None:
        self._contexts: dict[tuple[str, int], SSL.Context] = {}

    def use(self, certificates: Mapping[tuple[str, int], Certificates]) -> None:
        """By host and port. Raises `ValueError` for files that OpenSSL can't use."""
        self._contexts = {address: context_of(files) for address, files in certificates.items()}

    def tls_start_server(self, start: tls.TlsData) -> None:
        server = start.conn
        if start.ssl_conn or not isinstance(server, Server) or not server.address:
            return
        if context := self._contexts.get(server.address[:2]):
            server.sni = server.sni or server.address[0]
            connection = SSL.Connection(context)
            expect_host(connection, server.sni)
            connection.set_connect_state()
            start.ssl_conn = connection


def context_of(files: Certificates) -> SSL.Context:
    """A context that verifies, with these files."""
    try:
        # Not the cached one: two providers with one authority would share it, and our certificate with it.
        context = net_tls.create_proxy_server_context.__wrapped__(
            method=net_tls.Method.TLS_CLIENT_METHOD,
            min_version=net_tls.Version.TLS1_2,
            max_version=net_tls.Version.UNBOUNDED,
            cipher_list=None,
            ecdh_curve=None,
            verify=net_tls.Verify.VERIFY_PEER,
            ca_path=None,
            ca_pemfile=files.ca_file,
            client_cert=None,
            legacy_server_connect=False,
        )
        if files.client_cert:
            context.use_certificate_chain_file(files.client_cert)
            context.use_privatekey_file(files.client_key or files.client_cert)
            context.check_privatekey()
    except (SSL.Error, RuntimeError) as error:
        raise ValueError(f"tls: the certificates can't be used: {error}") from None
    return context


def expect_host(connection: SSL.Connection, name: str) -> None:
    """Accept no certificate but one for this name. pyOpenSSL has no function for it, OpenSSL has."""
    library: Any = SSL._lib  # type: ignore[attr-defined]
    parameters = library.SSL_get0_param(connection._ssl)
    library.X509_VERIFY_PARAM_set_hostflags(parameters, NO_PARTIAL_WILDCARDS | NEVER_CHECK_SUBJECT)
    try:
        address = ipaddress.ip_address(name).packed
    except ValueError:
        host = name.encode("idna")
        connection.set_tlsext_host_name(host)
        done = library.X509_VERIFY_PARAM_set1_host(parameters, host, len(host))
    else:
        done = library.X509_VERIFY_PARAM_set1_ip(parameters, address, len(address))
    if done != 1:
        raise ValueError(f"TLS can't check for the name {name!r}.")
