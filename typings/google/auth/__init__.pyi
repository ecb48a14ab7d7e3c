from collections.abc import Sequence

from google.auth.credentials import Credentials
from google.auth.transport.urllib3 import Request

def default(
    scopes: Sequence[str] | None = None, request: Request | None = None
) -> tuple[Credentials, str | None]: ...
