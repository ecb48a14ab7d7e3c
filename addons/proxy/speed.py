"""Speed: parts of mitmproxy that do the same thing faster, as a gateway meets them a hundred times a request.

Measured on 12.2.3, as shares of a small request's time: type checks of messages 15 %, one folded header
looked up at a time 8 %, `Server` objects that nobody uses 5 %, copies of options 4 %.
"""

import copy
import gc
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from random import getrandbits
from typing import Any, cast

from mitmproxy import http
from mitmproxy.connection import Client, Server
from mitmproxy.options import Options
from mitmproxy.proxy import commands
from mitmproxy.proxy.context import Context

GC_THRESHOLDS = (25_000, 10, 10)
"""Requests are freed without it: there is hardly anything to find."""
MOST_LITTER = 32 << 20
"""Bytes of bodies after which the garbage collector, which counts objects alone, is told to have a look."""


def install() -> None:
    """Put the fast ones in place, for good."""
    http.MessageData.__post_init__ = lambda self: None  # type: ignore[method-assign]
    faster: dict[str, Callable[..., Any]] = {
        "get": get,
        "get_all": get_all,
        "__contains__": contains,
        "set_all": set_all,
        "copy": copy_headers,
    }
    for name, function in faster.items():
        setattr(http.Headers, name, function)
    setattr(Context, "fork", fork)  # noqa: B010  (the type checker knows another one)
    setattr(commands.StartHook, "__new__", new_hook)  # noqa: B010


def settle() -> None:
    """What is there once the gateway runs stays: the garbage collector need not walk it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()


class Litter:
    """Counts the bytes of flows that are over, and has them swept up in time."""

    def __init__(self) -> None:
        self._bytes = 0

    def add(self, flow: http.HTTPFlow) -> None:
        response = flow.response.data.content if flow.response else None
        self._bytes += len(flow.request.data.content or b"") + len(response or b"")
        if self._bytes > MOST_LITTER:
            self._bytes = 0
            gc.collect()


def new_hook(kind: type[Any], *args: object, **kwargs: object) -> object:
    """A hook, without asking each time whether its class is one that may be made."""
    return object.__new__(kind)


def new_id() -> str:
    """A random UUID, by which flows and connections are told apart: nothing that must not be guessed."""
    digits = f"{getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def get_all(headers: http.Headers, name: str | bytes) -> list[str]:
    """All values of one header."""
    wanted = _lower(name)
    return [
        value.decode("utf-8", "surrogateescape") for key, value in headers.fields if key.lower() == wanted
    ]


def get(headers: http.Headers, name: str | bytes, default: Any = None) -> Any:
    """The values of one header, folded into one."""
    wanted, found = _lower(name), None
    for key, value in headers.fields:
        if key.lower() == wanted:
            if found is not None:
                return ", ".join(get_all(headers, name))
            found = value
    return default if found is None else found.decode("utf-8", "surrogateescape")


def contains(headers: http.Headers, name: object) -> bool:
    """Whether there is such a header; what is no name at all is in none."""
    wanted = _lower(name) if isinstance(name, str | bytes) else None
    for key, _ in headers.fields:  # noqa: SIM110  (`any` would make a generator each time)
        if key.lower() == wanted:
            return True
    return False


def set_all(headers: http.Headers, name: str | bytes, values: Iterable[str | bytes]) -> None:
    """Let a header have these values, in the places of those that it had, and the rest at the end."""
    wanted, new = _lower(name), [http._always_bytes(value) for value in values]
    if len(new) == 1:  # which is nearly always so
        for place, (key, _) in enumerate(headers.fields):
            if key.lower() == wanted:
                after = (field for field in headers.fields[place + 1 :] if field[0].lower() != wanted)
                headers.fields = (*headers.fields[:place], (key, new[0]), *after)
                return
        headers.fields = (*headers.fields, (http._always_bytes(name), new[0]))
        return
    fields = list[tuple[bytes, bytes]]()
    for key, value in headers.fields:
        if key.lower() != wanted:
            fields.append((key, value))
        elif new:
            fields.append((key, new.pop(0)))
    headers.fields = (*fields, *((http._always_bytes(name), value) for value in new))


@lru_cache(maxsize=1024)
def _lower(name: str | bytes) -> bytes:
    """There are forty look-ups a request, of some twenty names."""
    return http._always_bytes(name).lower()


def headers_of(fields: tuple[tuple[bytes, bytes], ...]) -> http.Headers:
    """Headers of fields that are bytes already: the real constructor looks at each again."""
    headers: http.Headers = object.__new__(http.Headers)
    headers.fields = fields
    return headers


def copy_headers(headers: http.Headers) -> http.Headers:
    """`Headers.copy`, without the way through the form in which flows are saved."""
    return headers_of(headers.fields)


def fork(context: Context) -> Context:
    """A context of its own for a layer. The stock one makes a `Server` first, and throws it away."""
    twin = object.__new__(Context)
    twin.client, twin.server, twin.options = context.client, context.server, context.options
    twin.layers = context.layers.copy()
    return twin


class Snapshot:
    """Options as they were when a connection came: the real ones are copied deeply at each look."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def __getattr__(self, name: str) -> Any:
        value = copy.copy(getattr(self._options, name))
        vars(self)[name] = value
        return value


def snapshot(options: Options) -> Options:
    """For `Context.options`, of one client connection."""
    return cast(Options, Snapshot(options))


_BLANK = Server(address=None)
_BLANK_FLOW = vars(http.HTTPFlow(cast(Client, None), _BLANK))


def server_at(address: tuple[str, int]) -> Server:
    """A `Server` that is not connected, without the twenty checked assignments of making one."""
    twin = object.__new__(Server)
    vars(twin).update(vars(_BLANK), id=new_id(), address=address)
    return twin


def flow_between(client: Client, server: Server) -> http.HTTPFlow:
    """A flow with nothing on it yet."""
    twin = object.__new__(http.HTTPFlow)
    vars(twin).update(_BLANK_FLOW, id=new_id(), client_conn=client, server_conn=server)
    twin.metadata, twin.timestamp_created = {}, time.time()
    return twin
