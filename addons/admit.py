"""Admit: who may ask, and that nothing of what he showed goes any further."""

import hmac
import os
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

from mitmproxy import http

from addons.call import Call, attempt_call, client_call
from addons.config import ApiKey
from addons.config_values import CREDENTIALS
from addons.proxy import header, headers_among
from addons.refusals import Refusals
from translators.canonical import Failed

_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,200}")
_SECRET_HEADER = re.compile(CREDENTIALS.pattern.encode(), re.IGNORECASE)
_SECRET_PARAMETER = re.compile(rb"([?&](?:key|api[-_]?key|access_token|x-amz-[^=&]*)=)[^&]*", re.IGNORECASE)
REDACTED = b"[redacted]"
KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")


class Admit:
    """Checks the client's key, and that no attempt carries the client's credentials."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        call = client_call(flow)
        if not call:
            return
        asked_for = header(flow.request.headers, "x-request-id")
        made_up = call.request_id or f"req_{os.urandom(16).hex()}"
        call.request_id = asked_for if _REQUEST_ID.fullmatch(asked_for) else made_up
        replayed = flow.is_replay == "request"  # by someone at the gateway itself
        if keys := call.config.server.api_keys:
            call.client_key = known(shown(flow.request.headers), keys)
        call.admitted = replayed or not keys or call.client_key is not None
        call.credentials = redact(flow.request)
        if not call.admitted:
            failed = Failed(
                "authentication", "The API key is missing or unknown.", 401, code="invalid_api_key"
            )
            flow.response = self._refusals.refuse(call, failed)

    def request(self, flow: http.HTTPFlow) -> None:
        if call := attempt_call(flow):
            check_credentials(call, flow.request)
            call.checked.add(flow.id)


def check_credentials(call: Call, request: http.Request) -> None:
    """That an attempt carries none of the client's secrets; the seal asks again, after all edits."""
    if not call.credentials:
        return
    values = (value.decode("utf-8", "surrogateescape") for _, value in request.headers.fields)
    if not call.credentials.isdisjoint(values):
        raise PermissionError("An attempt carries the client's credentials.")


def redact(request: http.Request) -> frozenset[str]:
    """Take the client's secrets out of its flow, so that no recording, no export and no UI ever has them."""
    secrets = set[str]()
    fields = list[tuple[bytes, bytes]]()
    for name, value in request.headers.fields:
        secret = bool(value and _is_secret(name))
        if secret:
            secrets.add(value.decode("utf-8", "surrogateescape"))
        fields.append((name, REDACTED if secret else value))
    if secrets:
        request.headers.fields = tuple(fields)
    if "?" in request.path:
        request.path = _SECRET_PARAMETER.sub(rb"\1" + REDACTED, request.data.path).decode("latin-1")
    return frozenset(secrets - {""})


@lru_cache(maxsize=1024)
def _is_secret(name: bytes) -> bool:
    """Whether a header of this name holds credentials. Clients send the same few names all the time."""
    return _SECRET_HEADER.fullmatch(name) is not None


def shown(headers: http.Headers) -> list[str]:
    """The API keys that a client presents, in any of the ways that the vendors' SDKs know."""
    told = headers_among(headers, KEY_HEADERS)
    scheme, _, token = told.pop("authorization", "").partition(" ")
    keys = [token.strip()] if scheme.lower() == "bearer" else []
    return [key for key in (*keys, *told.values()) if key]


def known(shown: list[str], keys: Sequence[ApiKey]) -> str | None:
    """The name of the key that was shown. Compares digests of all keys, in constant time."""
    if not shown:
        return None
    digests = [sha256(candidate.encode("utf-8", "surrogateescape")).digest() for candidate in shown]
    found = None
    for number, key in enumerate(keys, 1):
        for digest in digests:
            if hmac.compare_digest(digest, key.digest):
                found = key.name or f"key-{number}"
    return found
