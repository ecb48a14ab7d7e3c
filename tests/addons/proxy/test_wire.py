"""Bytes that go straight from the socket to the layers, and when they must not."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from mitmproxy.test import taddons

from addons.proxy.wire import Turn, handle_connection
from tests.addons.proxy.conversation import live_on_sockets as live


class Heard(layer.Layer):
    """Notes what comes, in which task, and answers it."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.seen: list[bytes] = []
        self.tasks: list[object] = []

    def _handle_event(self, event: events.Event) -> Iterator[commands.Command]:
        if isinstance(event, events.DataReceived):
            self.seen.append(event.data)
            self.tasks.append(asyncio.current_task())
            yield commands.SendData(event.connection, event.data)


class Handler(ConnectionHandler):
    async def handle_hook(self, hook: commands.StartHook) -> None: ...


class Pipe:
    """Somebody on a real socket, and the handler at its other end."""

    def __init__(self, handler: Handler, heard: Heard, reader: Any, writer: Any, task: Any) -> None:
        self.handler, self.heard, self.reader, self.writer, self.task = handler, heard, reader, writer, task


async def piped() -> Pipe:
    """With `handle_connection` running."""
    ready: asyncio.Future[tuple[Any, Any]] = asyncio.get_running_loop().create_future()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ready.set_result((reader, writer))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    theirs = await ready
    client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN)
    client.proxy_mode = ProxyMode.parse("reverse:http://127.0.0.1:1")
    with taddons.context() as context:
        handler = Handler(Context(client, context.options))
        heard = Heard(handler.layer.context)
    handler.layer = heard
    handler.transports[client] = ConnectionIO(reader=theirs[0], writer=theirs[1])
    task = asyncio.create_task(handle_connection(handler, client))
    handler.transports[client].handler = task
    await asyncio.sleep(0)
    return Pipe(handler, heard, reader, writer, task)


@live
async def test_bytes_do_not_wake_the_task_of_their_connection() -> None:
    pipe = await piped()
    for word in (b"one", b"two"):
        pipe.writer.write(word)
        assert await pipe.reader.read(10) == word
    assert pipe.heard.seen == [b"one", b"two"] and pipe.task not in pipe.heard.tasks
    await over(pipe)


@live
async def test_what_comes_while_somebody_has_the_lock_waits_and_keeps_its_order() -> None:
    pipe = await piped()
    async with pipe.handler._server_event_lock:
        pipe.writer.write(b"one")
        await asyncio.sleep(0.05)
        pipe.writer.write(b"two")
        await asyncio.sleep(0.05)
        assert pipe.heard.seen == []
    assert await pipe.reader.readexactly(6) == b"onetwo"
    assert b"".join(pipe.heard.seen) == b"onetwo"
    await over(pipe)


@live
async def test_who_does_not_read_is_not_written_to_without_end() -> None:
    pipe = await piped()
    pipe.reader._transport.pause_reading()
    sent = 0
    for _ in range(400):
        pipe.writer.write(bytes(1 << 16))
        sent += 1 << 16
        await asyncio.sleep(0)
    (transport,) = pipe.handler.transports.values()
    waiting = transport.writer.transport.get_write_buffer_size()  # type: ignore[union-attr]
    assert sum(map(len, pipe.heard.seen)) < sent, "the rest stays with who sends it"
    assert waiting < 1 << 20
    pipe.reader._transport.resume_reading()
    assert len(await pipe.reader.readexactly(sent)) == sent
    await over(pipe)


@live
async def test_nothing_is_left_of_it_when_the_connection_is_over() -> None:
    pipe = await piped()
    (transport,) = pipe.handler.transports.values()
    assert "feed_data" in vars(transport.reader)
    await over(pipe)
    assert "feed_data" not in vars(transport.reader) and not pipe.handler.transports


async def over(pipe: Pipe) -> None:
    pipe.writer.close()
    await asyncio.sleep(0.02)
    pipe.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pipe.task


@pytest.mark.parametrize("kind", [asyncio.Lock, Turn])
@live
async def test_turns_are_taken_one_after_the_other(kind: type[asyncio.Lock]) -> None:
    lock, seen = kind(), list[str]()

    async def take(name: str, pauses: int = 0) -> None:
        async with lock:
            seen.append(f"{name} begins")
            for _ in range(pauses):
                await asyncio.sleep(0)
            seen.append(f"{name} ends")

    await take("nobody else")
    tasks = [asyncio.create_task(take(name, 2)) for name in ("a", "b", "c")]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert seen == [f"{name} {what}" for name in ("nobody else", "a", "c") for what in ("begins", "ends")]
    assert not lock.locked()


@pytest.mark.parametrize("kind", [asyncio.Lock, Turn])
@live
async def test_a_turn_ends_with_an_error_and_nobody_jumps_the_queue(kind: type[asyncio.Lock]) -> None:
    lock, seen = kind(), list[int]()

    async def take(number: int) -> None:
        async with lock:
            seen.append(number)
            raise RuntimeError

    await lock.acquire()
    tasks = [asyncio.create_task(take(number)) for number in (1, 2)]
    await asyncio.sleep(0)
    lock.release()
    with pytest.raises(RuntimeError):
        await take(3)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert seen == [1, 2, 3] and not lock.locked()
