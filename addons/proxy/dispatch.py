"""Dispatch of hooks: cached, inline where it can be, and closed when an addon fails.

mitmproxy walks all of its addons for every hook, and then again for `update`: nearly half of its CPU.
Here the handlers of each hook are looked up once. When all are plain functions they are called right
where the layer asks, without a task of their own. And where stock mitmproxy logs an addon's exception
and lets the flow go on (so that a client's request would leave unchecked), the exchange is marked and
the layer refuses it.
"""

import inspect
import logging
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from mitmproxy import addonmanager, exceptions, flow, hooks, http

from addons.proxy.exchange import AttemptHook, Exchange

Handler = Callable[..., Awaitable[None] | None]

logger = logging.getLogger(__name__)


class Dispatch:
    """Takes the place of an addon manager's own dispatch."""

    def __init__(self, manager: addonmanager.AddonManager) -> None:
        self._manager = manager
        self._handlers: dict[str, tuple[tuple[Handler, ...], bool]] = {}
        manager.lookup = _Watched(manager.lookup, self._handlers.clear)
        manager.handle_lifecycle = self.handle_lifecycle  # type: ignore[method-assign]
        manager.trigger_event = self.trigger_event  # type: ignore[method-assign]

    def uninstall(self) -> None:
        """Give the manager its own methods back."""
        vars(self._manager).pop("handle_lifecycle", None)
        vars(self._manager).pop("trigger_event", None)

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Run a hook, and `update` after it."""
        await self.trigger_event(event)
        subject = event.args()[0]
        if isinstance(subject, flow.Flow) and self._lookup("update")[0]:
            await self.trigger_event(hooks.UpdateHook([subject]))

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Run a hook in all addons, one after the other."""
        for handler in self._lookup(event.name)[0]:
            try:
                result = handler(*event.args())
                if result is not None and inspect.isawaitable(result):
                    await result
            except exceptions.AddonHalt:
                return
            except exceptions.OptionsError:
                raise
            except Exception as error:  # the edge: whatever an addon raises
                self._failed(event, error)

    def run_inline(self, event: hooks.Hook) -> bool:
        """Run a hook here and now; `False` when it has an asynchronous handler and must go the long way."""
        handlers, plain = self._lookup(event.name)
        if not plain:
            return False
        self._call(event, handlers)
        subject = event.args()[0]
        if isinstance(subject, flow.Flow) and (updates := self._lookup("update")[0]):
            self._call(hooks.UpdateHook([subject]), updates)
        return True

    def _call(self, event: hooks.Hook, handlers: tuple[Handler, ...]) -> None:
        arguments = event.args()
        for handler in handlers:
            try:
                handler(*arguments)
            except exceptions.AddonHalt:
                return
            except Exception as error:  # the edge: whatever an addon raises
                self._failed(event, error)

    def _lookup(self, name: str) -> tuple[tuple[Handler, ...], bool]:
        found = self._handlers.get(name)
        if found is None:
            addons = addonmanager.traverse(self._manager.chain)
            handlers = tuple(h for addon in addons if callable(h := getattr(addon, name, None)))
            plain = not any(inspect.iscoroutinefunction(handler) for handler in handlers)
            found = self._handlers[name] = handlers, plain
        return found

    def _failed(self, event: hooks.Hook, error: Exception) -> None:
        """Mark the exchange, so that it goes no further. The log says where, not what: that may be a body."""
        subject = event.args()[0]
        exchange = event.exchange if isinstance(event, AttemptHook) else None
        if isinstance(subject, http.HTTPFlow):
            exchange = Exchange.of(subject)
        if exchange:
            exchange.faults.append(f"{type(error).__name__} in {event.name}")
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        logger.error("An addon failed: %s in %s at %s", type(error).__name__, event.name, where)


class _Watched(dict[str, object]):
    """The manager's table of addons, telling when it changes: that is whenever addons come or go."""

    def __init__(self, content: dict[str, object], changed: Callable[[], None]) -> None:
        super().__init__(content)
        self._changed = changed

    def __setitem__(self, name: str, addon: object) -> None:
        super().__setitem__(name, addon)
        self._changed()

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._changed()
