"""Credentials: what providers are shown, fetched before it is needed and again before it ends.

Fetching goes to whoever hands out tokens, by clients of its own and beside the loop: those hosts are no
providers, and no attempt ever goes there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from mitmproxy import addonmanager

from addons.call import Call
from addons.config import Config, Provider
from addons.proxy import Exchange, is_replaying
from addons.signing import Signer, signer_for

REFUSED = (401, 403)
"""What a provider answers to credentials that have ended, before their time or by its clock."""
TALKATIVE = ("botocore", "google", "urllib3")
"""Libraries that would log what they sign, tokens included."""
FETCHES = 8
"""At once, of different providers."""
LOOK_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Credentials:
    """Holds the signer of each provider."""

    def __init__(self) -> None:
        self._signers: dict[int, tuple[Provider, Signer]] = {}
        self._threads = ThreadPoolExecutor(FETCHES, "credentials")
        self._keeping: asyncio.Task[None] | None = None

    def load(self, loader: addonmanager.Loader) -> None:
        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)

    def use(self, config: Config) -> None:
        """The providers of another configuration; those that have not changed keep what they have.

        Calls that are still under way may ask for the ones before.
        """
        known, self._signers = list(self._signers.values()), {}
        for provider in config.providers.values():
            if not provider.disabled:
                signer = next((signer for other, signer in known if other == provider), None)
                self._signers[id(provider)] = provider, signer or signer_for(provider, self._run)

    def of(self, provider: Provider) -> Signer:
        """The provider's signer."""
        known = self._signers.get(id(provider))
        if known is None or known[0] is not provider:  # of a configuration that is no longer in force
            signer = next((signer for other, signer in self._signers.values() if other == provider), None)
            known = self._signers[id(provider)] = provider, signer or signer_for(provider, self._run)
        return known[1]

    # --- attempts -----------------------------------------------------------------------------------

    def attempt(self, exchange: Exchange) -> None:
        """After a refusal, ask the same backend once more where there is something new to show it."""
        if not isinstance(exchange, Call) or not exchange.failures or not exchange.asked:
            return
        backend, tried = exchange.asked[-1], exchange.tries[-1]
        if exchange.failures[-1].status not in REFUSED or exchange.has_renewed(backend.provider):
            return
        signer = self.of(exchange.config.providers[backend.provider])
        if signer.renewable and exchange.failed and self._has_other(exchange, signer, tried.lease):
            exchange.renewed.append(backend)
            exchange.again = backend

    def _has_other(self, call: Call, signer: Signer, lease: object | None) -> bool:
        """Whether there is something else to show; in a replay, whether there was."""
        if not is_replaying():
            return signer.refused(lease)
        return call.recorded is not None and len(call.recorded.attempts) > len(call.attempts)

    def ready(self, call: Call, name: str) -> Awaitable[bool] | None:
        """What to wait for before an attempt at a provider can be signed, if anything, and whether it can be.

        An answer that refuses the credentials is held back, where they can be renewed and were not yet.
        """
        signer = self.of(call.config.providers[name])
        if not signer.renewable:
            return None
        if not call.has_renewed(name):
            call.retries = holding_refusals(call.retries)
        return None if signer.fresh or is_replaying() else self._refreshed(signer, name)

    async def _refreshed(self, signer: Signer, name: str) -> bool:
        try:
            await signer.refresh()
        except Exception as error:  # the edge: whatever the libraries raise, the next provider may do
            logger.warning("No credentials for %s: %s", name, type(error).__name__)
            return False
        return True

    # --- ahead of time ------------------------------------------------------------------------------

    def running(self) -> None:
        self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        """Fetch anew what is about to end, each by itself: a slow one keeps nobody waiting."""
        fetching = set[asyncio.Task[bool]]()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for provider, signer in list(self._signers.values()):
                if signer.due and not is_replaying():
                    task = asyncio.create_task(self._refreshed(signer, provider.type))
                    fetching.add(task)
                    task.add_done_callback(fetching.discard)

    async def done(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._keeping:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def holding_refusals(planned: Callable[[int], bool]) -> Callable[[int], bool]:
    """Besides what a route holds back."""
    return lambda status: status in REFUSED or planned(status)
