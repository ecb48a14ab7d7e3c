"""Signer: what puts one provider's credentials on a request."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from mitmproxy import http


class Run(Protocol):
    """Runs something that blocks, beside the loop."""

    def __call__[T](self, work: Callable[[], T]) -> Awaitable[T]: ...


class Signer(Protocol):
    """One for each provider, kept from one configuration to the next while nothing about it changes."""

    renewable: bool
    """Whether it can fetch anything new, so that it makes sense to ask again after a refusal."""

    @property
    def fresh(self) -> bool:
        """Whether it can sign now, with nothing to be fetched before."""
        ...

    @property
    def due(self) -> bool:
        """Whether it is time to fetch anew, ahead of the end."""
        ...

    @property
    def lease(self) -> object | None:
        """What it signs with now, told apart from what comes after it by identity."""
        ...

    async def refresh(self) -> None:
        """Fetch; once, however many are waiting. Raises whatever went wrong, which is nothing for clients."""
        ...

    def refused(self, used: object | None) -> bool:
        """The provider did not accept what was signed with `used`.

        Whether there is something else to sign with, if need be after a refresh.
        """
        ...

    def sign(self, request: http.Request) -> None:
        """Sign what is sent; its body and length are final. Raises `PermissionError` when it has nothing."""
        ...

    def secrets(self) -> Iterable[str]:
        """What must not stand in any answer, as long as one may come that quotes it."""
        ...
