"""Google Cloud: tokens for a service account, a federated identity, or what the machine is known as."""

from datetime import UTC
from pathlib import Path

import google.auth
import urllib3
from google.auth.credentials import Credentials
from google.auth.transport.urllib3 import Request
from google.oauth2 import service_account

from addons.signing.entra import TIMEOUT
from addons.signing.lease import Lease

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


def from_service_account(file: Path) -> Lease[str]:
    """The token of a service account, whose key is in the file. Blocks, as the others do."""
    return _token(service_account.Credentials.from_service_account_file(str(file), scopes=SCOPES))


def from_file(file: Path) -> Lease[str]:
    """The token of whoever the file is about; it says itself which kind it is."""
    credentials, _ = google.auth.load_credentials_from_file(str(file), scopes=SCOPES)
    return _token(credentials)


def from_machine() -> Lease[str]:
    """By the application default credentials."""
    credentials, _ = google.auth.default(scopes=SCOPES)
    return _token(credentials)


def _token(credentials: Credentials) -> Lease[str]:
    with urllib3.PoolManager(timeout=TIMEOUT, retries=False) as pool:
        credentials.refresh(Request(pool))
    if not credentials.token:
        raise PermissionError("Google gave no token.")
    ends = credentials.expiry  # in UTC, but without saying so
    expires = ends.replace(tzinfo=UTC).timestamp() if ends else None
    return Lease(credentials.token, expires, (credentials.token,))
