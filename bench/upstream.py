"""Upstream: a provider that costs next to nothing: it hardly reads, and its answers are rendered."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

from bench import wire

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Provider(asyncio.Protocol):
    """One connection."""

    openai = wire.openai()
    anthropic = wire.anthropic()
    transport: asyncio.Transport

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n") + 4
        if head_end < 4:
            return
        length = _LENGTH.search(self._buffer, 0, head_end)
        if len(self._buffer) < head_end + int(length[1] if length else 0):
            return
        request, self._buffer = self._buffer, b""  # a client waits for the answer before it asks again
        self._answer(request, request[head_end:])

    def _answer(self, request: bytes, body: bytes) -> None:
        answers = self.openai if wire.PATH.encode() in request[:200] else self.anthropic
        if b'"stream":true' not in body:
            self.transport.write(answers.whole)
        elif wire.PACED.encode() in body:
            self._pace(iter(answers.paced), asyncio.get_running_loop().time())
        else:
            self._pour(iter(answers.stream), asyncio.get_running_loop().call_soon)

    def _pour(self, pieces: Iterator[bytes], soon: Callable[..., object]) -> None:
        """Write a piece each time round the loop, so that each is sent by itself and all streams advance."""
        if (piece := next(pieces, None)) and not self.transport.is_closing():
            self.transport.write(piece)
            soon(self._pour, pieces, soon)

    def _pace(self, pieces: Iterator[bytes], due: float) -> None:
        if (piece := next(pieces, None)) and not self.transport.is_closing():
            self.transport.write(wire.stamped(piece, time.monotonic()))
            due += wire.PACE
            asyncio.get_running_loop().call_at(due, self._pace, pieces, due)


def serve(told: Connection) -> None:
    """Serve until killed; tells on which port."""
    asyncio.run(_serve(told))


async def _serve(told: Connection) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Provider, "127.0.0.1", 0, backlog=256)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()
