from datetime import datetime

from google.auth.transport.urllib3 import Request

class Credentials:
    token: str | None
    expiry: datetime | None
    def refresh(self, request: Request) -> None: ...
