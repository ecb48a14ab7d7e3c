from collections.abc import Sequence

from google.auth.credentials import Credentials

def default(scopes: Sequence[str] | None = None) -> tuple[Credentials, str | None]: ...
def load_credentials_from_file(
    filename: str, scopes: Sequence[str] | None = None
) -> tuple[Credentials, str | None]: ...
