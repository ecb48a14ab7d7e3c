from collections.abc import Sequence

from google.auth import credentials

class Credentials(credentials.Credentials):
    @classmethod
    def from_service_account_file(cls, filename: str, scopes: Sequence[str] | None = None) -> Credentials: ...
