"""Dispatch of hooks: cached, inline where it can be, and closed when an addon fails.

mitmproxy walks all of its addons for every hook, and then again for `update`: nearly half of its CPU.
Here the handlers of each hook are looked up once. When all are plain functions they are called right
where the layer asks, without a task of their own; one that has to wait this time, and only this time,
returns an awaitable, and the rest of the hook goes the long way. And where stock mitmproxy logs an
addon's exception and lets the flow go on (so that a client's request would leave unchecked), the exchange
is marked and the layer refuses it.
"""

import inspect
import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard, cast

from mitmproxy import addonmanager, ctx, exceptions, flow, hooks, http
from mitmproxy.options import Options

from addons.proxy.exchange import AttemptHook, Exchange

type Handler = Callable[..., object]

logger = logging.getLogger(__name__)


IDLE = {
    "anticache": "anticache",
    "anticomp": "anticomp",
    "blocklist": "block_list",
    "dumper": "flow_detail",
    "maplocal": "map_local",
    "mapremote": "map_remote",
    "modifybody": "modify_body",
    "modifyheaders": "modify_headers",
    "proxyauth": "proxyauth",
    "save": "save_stream_file",
    "savehar": "hardump",
    "serverplayback": "server_replay",
    "stickyauth": "stickyauth",
    "stickycookie": "stickycookie",
    "upstreamauth": "upstream_auth",
}
"""Addons of mitmproxy's that do nothing while this option of theirs is empty. They are asked no sooner."""
NEVER = ("disableh2c", "tlsconfig", "updatealtsvc")
"""Addons whose HTTP hooks have nothing to do in a reverse proxy whose requests are built new."""
HTTP_HOOKS = ("requestheaders", "request", "responseheaders", "response", "error")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done about all hooks of one class."""

    handlers: tuple[Handler, ...]
    updates: tuple[Handler, ...]
    """What is run after them, for hooks that are about flows."""
    inline: bool
    """All of these are plain functions."""
    subject: str
    """Which attribute says what a hook is about."""
    may_retry: bool


class Dispatch:
    """Takes the place of an addon manager's own dispatch."""

    def __init__(self, manager: addonmanager.AddonManager) -> None:
        self._manager = manager
        self._handlers: dict[str, tuple[tuple[Handler, ...], bool]] = {}
        self._plans: dict[type, Plan] = {}
        self._options = cast(Options, manager.master.options)
        self._options.changed.connect(self._options_changed)
        manager.lookup = _Watched(cast(dict[str, object], manager.lookup), self._forget)
        manager.handle_lifecycle = self.handle_lifecycle  # type: ignore[method-assign]
        manager.trigger_event = self.trigger_event  # type: ignore[method-assign]

    def _options_changed(self, updated: set[str]) -> None:
        self._forget()

    def _forget(self) -> None:
        self._handlers.clear()
        self._plans.clear()

    def uninstall(self) -> None:
        """Give the manager its own methods back."""
        vars(self._manager).pop("handle_lifecycle", None)
        vars(self._manager).pop("trigger_event", None)

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Run a hook, and `update` after it."""
        await self.trigger_event(event)
        subject = subject_of(event)
        if is_flow(subject) and self._lookup("update")[0]:
            await self.trigger_event(hooks.UpdateHook([subject]))

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Run a hook in all addons, one after the other."""
        arguments = event.args()
        handlers: tuple[Handler, ...] = vars(event).pop(_REST, None) or self._lookup(event.name)[0]
        for handler in handlers:
            try:
                result = handler(*arguments)
                if result is not None and inspect.isawaitable(result):
                    await result
            except exceptions.AddonHalt:
                return
            except exceptions.OptionsError:
                raise
            except Exception as error:  # the edge: whatever an addon raises
                self._failed(event, error)

    def run_inline(self, event: hooks.Hook) -> object | None:
        """Run a hook of one argument here and now, and return what it is about.

        `None` when it has an asynchronous handler and must go the long way, or what is left of it.
        """
        plan = self._plans.get(event.__class__) or self._plan(event)
        if not plan.inline or (plan.may_retry and leaves_the_stack(event)):
            return None
        subject: object = getattr(event, plan.subject)
        if not self._call(event, plan.handlers, subject):
            return None
        if plan.updates:
            self._call(event, plan.updates, [subject])
        return subject

    def _call(self, event: hooks.Hook, handlers: tuple[Handler, ...], argument: object) -> bool:
        """`False` when one of them has to wait: the event then holds it, and those that come after."""
        for place, handler in enumerate(handlers, 1):
            try:
                result = handler(argument)
            except exceptions.AddonHalt:
                return True
            except Exception as error:  # the edge: whatever an addon raises
                self._failed(event, error)
                continue
            if result is not None and inspect.isawaitable(result):
                vars(event)[_REST] = (_returning(result), *handlers[place:])
                return False
        return True

    def _plan(self, event: hooks.Hook) -> Plan:
        (handlers, inline), subject = self._lookup(event.name), subject_name(event)
        updates = self._lookup("update")[0] if is_flow(subject_of(event)) else ()
        plan = Plan(handlers, updates, inline and subject != "", subject, isinstance(event, AttemptHook))
        self._plans[type(event)] = plan
        return plan

    def _lookup(self, name: str) -> tuple[tuple[Handler, ...], bool]:
        found = self._handlers.get(name)
        if found is None:
            addons = cast(Iterator[object], addonmanager.traverse(self._manager.chain))
            handlers = tuple(
                handler
                for addon in addons
                if callable(handler := getattr(addon, name, None)) and not self._is_idle(addon, name)
            )
            plain = not any(inspect.iscoroutinefunction(handler) for handler in handlers)
            found = self._handlers[name] = handlers, plain
        return found

    def _is_idle(self, addon: object, hook: str) -> bool:
        if hook in HTTP_HOOKS and getattr(addon, "idle", False):
            return True
        if hook not in HTTP_HOOKS or not type(addon).__module__.startswith("mitmproxy."):
            return False
        name = type(addon).__name__.lower()
        option = IDLE.get(name)
        return name in NEVER or (option is not None and not getattr(self._options, option))

    def _failed(self, event: hooks.Hook, error: Exception) -> None:
        """Mark the exchange, so that it goes no further. The log says where, not what: that may be a body."""
        subject = subject_of(event)
        exchange = subject if isinstance(subject, Exchange) else None
        if isinstance(subject, http.HTTPFlow):
            exchange = Exchange.of(subject)
        if exchange:
            exchange.faults.append(f"{type(error).__name__} in {event.name}")
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        logger.error("An addon failed: %s in %s at %s", type(error).__name__, event.name, where)


_REST = "dragoman_rest"
"""Where an event keeps the handlers that have still to be run."""


def _returning(result: object) -> Handler:
    """A handler that was called already."""
    return lambda *_: result


def leaves_the_stack(event: hooks.Hook) -> bool:
    """A retry must not run inline: the failed attempt's connection is still inside its own generator."""
    return isinstance(event, AttemptHook) and bool(event.exchange.attempts)


def is_flow(subject: object) -> TypeGuard[flow.Flow]:
    """Whether a hook is about a flow. (Nearly all are of one class, and to ask an abstract one is slow.)"""
    return type(subject) is http.HTTPFlow or isinstance(subject, flow.Flow)


def subject_name(event: hooks.Hook) -> str:
    """Its first argument's name; empty where it has none. (`event.args()` asks the dataclass each time.)"""
    names = cast("tuple[str, ...]", type(event).__match_args__)  # type: ignore[attr-defined]
    return names[0] if names else ""


def subject_of(event: hooks.Hook) -> object:
    """What a hook is about: its first argument."""
    name = subject_name(event)
    return getattr(event, name) if name else None


def find_addon[Addon](kind: type[Addon]) -> Addon | None:
    """The one of mitmproxy's own addons that is of this class, if it is there."""
    addon = cast(object, ctx.master.addons.get(kind.__name__.lower()))
    return addon if isinstance(addon, kind) else None


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
