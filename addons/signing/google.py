"""Google Cloud: tokens for a service account, a federated identity, or what the machine is known as."""

import os
from collections.abc import Callable, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import google.auth
import google.auth.aws
import google.auth.identity_pool
import google.auth.impersonated_credentials
import google.oauth2.credentials
import google.oauth2.service_account
import orjson
import urllib3
from google.auth.credentials import Credentials
from google.auth.transport.urllib3 import Request

from addons.signing.entra import TIMEOUT
from addons.signing.lease import Lease

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
_AWS = "urn:ietf:params:aws:token-type:aws4_request"

# Google's own loader of files asks the network for the project, which we know already.
_KINDS: Mapping[str, Callable[..., Credentials]] = {
    "service_account": google.oauth2.service_account.Credentials.from_service_account_info,
    "authorized_user": google.oauth2.credentials.Credentials.from_authorized_user_info,
    "external_account": google.auth.identity_pool.Credentials.from_info,
    "aws": google.auth.aws.Credentials.from_info,
    "impersonated_service_account": (
        google.auth.impersonated_credentials.Credentials.from_impersonated_service_account_info
    ),
}


def from_service_account(file: Path) -> Lease[str]:
    """The token of a service account, whose key is in the file. Blocks, as the others do."""
    return _told(_read(file), "service_account")


def from_file(file: Path) -> Lease[str]:
    """The token of whoever the file is about; it says itself which kind it is."""
    info = _read(file)
    return _told(info, "aws" if info.get("subject_token_type") == _AWS else str(info.get("type")))


def from_machine() -> Lease[str]:
    """By the application default credentials."""
    if file := os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return from_file(Path(file))
    with urllib3.PoolManager(timeout=TIMEOUT, retries=False) as pool:
        credentials, _ = google.auth.default(scopes=SCOPES, request=Request(pool))
    return _token(credentials)


def _read(file: Path) -> dict[str, Any]:
    info: dict[str, Any] = orjson.loads(file.read_bytes())
    return info


def _told(info: dict[str, Any], kind: str) -> Lease[str]:
    if kind not in _KINDS:
        raise PermissionError("This is no credentials file of Google's that can be used.")
    return _token(_KINDS[kind](info, scopes=SCOPES))


def _token(credentials: Credentials) -> Lease[str]:
    with urllib3.PoolManager(timeout=TIMEOUT, retries=False) as pool:
        credentials.refresh(Request(pool))
    if not credentials.token:
        raise PermissionError("Google gave no token.")
    ends = credentials.expiry  # in UTC, but without saying so
    expires = ends.replace(tzinfo=UTC).timestamp() if ends else None
    return Lease(credentials.token, expires, (credentials.token,))
