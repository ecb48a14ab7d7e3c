"""Wire: bytes go from a socket straight to the layers, in the callback that brings them.

Stock wakes a task for each read, which takes another turn of the event loop, and then waits for every
writer to drain: a fifth of what a piece of a stream costs, and most of its delay.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import cast

from mitmproxy.connection import Connection
from mitmproxy.proxy import events
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.proxy.server import ConnectionHandler

_stock_handle_connection = ConnectionHandler.handle_connection


def install() -> None:
    """Let each connection of a client and of its providers be read that way."""
    ProxyConnectionHandler.handle_connection = handle_connection  # type: ignore[assignment, method-assign]


class Turn(asyncio.Lock):
    """The lock of a connection's events, which costs three coroutines less where nobody else wants it."""

    def __aenter__(self) -> Awaitable[None]:  # type: ignore[override]
        if self.locked() or vars(self)["_waiters"]:
            return super().__aenter__()
        self._locked = True
        return DONE

    def __aexit__(self, *_: object) -> Awaitable[None]:  # type: ignore[override]
        self.release()
        return DONE


class _Done:
    """Somebody who awaits it goes on at once."""

    def __await__(self) -> Generator[None]:
        return cast(Generator[None], iter(()))


DONE = _Done()


async def handle_connection(handler: ConnectionHandler, connection: Connection) -> None:
    """As stock does, but that what comes while its task waits does not wake it."""
    reader = handler.transports[connection].reader
    if isinstance(reader, asyncio.StreamReader):
        vars(reader)["feed_data"] = direct(handler, connection, reader)
    try:
        await _stock_handle_connection(handler, connection)
    finally:
        vars(reader).pop("feed_data", None)  # each knows the other: nobody else would part them soon


def direct(
    handler: ConnectionHandler, connection: Connection, reader: asyncio.StreamReader
) -> Callable[[bytes], None]:
    """What takes the place of `reader.feed_data`."""
    stock, lock = reader.feed_data, handler._server_event_lock

    def feed(data: bytes) -> None:
        waiter = cast(asyncio.Future[None] | None, vars(reader)["_waiter"])
        is_read = waiter is not None and not waiter.done()
        is_free = not (lock.locked() or vars(lock)["_waiters"])
        if not (is_read and is_free and data) or is_behind(handler):
            stock(data)  # in the order in which it came, and with stock's own back-pressure
            return
        event = handler.server_event(events.DataReceived(connection, data))
        try:
            event.send(None)  # by its own word it never waits, where nobody has the lock
        except StopIteration:
            return

    return feed


def is_behind(handler: ConnectionHandler) -> bool:
    """Whether somebody does not take what is written as fast as it comes."""
    for transport in handler.transports.values():
        writer = transport.writer
        if isinstance(writer, asyncio.StreamWriter) and writer.transport.get_write_buffer_size():
            return True
    return False
