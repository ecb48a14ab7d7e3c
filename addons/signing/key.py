"""Keys and tokens that somebody has written down, and tokens that are fetched: one header."""

from collections.abc import Iterable

from mitmproxy import http

from addons.signing.lease import Leased


class Key:
    """A key that never changes; an empty one is not sent at all."""

    renewable = False
    fresh = True
    due = False
    lease = None

    def __init__(self, header: str, prefix: str, key: str) -> None:
        self._header, self._prefix, self._key = header, prefix, key

    async def refresh(self) -> None:
        """There is nothing to fetch."""

    def refused(self, used: object | None) -> bool:
        return False

    def sign(self, request: http.Request) -> None:
        if self._key:
            request.headers[self._header] = self._prefix + self._key

    def secrets(self) -> Iterable[str]:
        return (self._key,) if self._key else ()


class Bearer(Leased[str]):
    """A token that is fetched."""

    def sign(self, request: http.Request) -> None:
        request.headers["authorization"] = f"Bearer {self.current()}"
