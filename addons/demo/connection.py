"""One client's HTTP/1.1 connection: h11 knows the protocol, asyncio moves the bytes."""

import asyncio
import socket
import struct
from collections.abc import Iterable
from urllib.parse import parse_qsl

import h11

from addons.demo.answer import Incoming

AT_ONCE = 65536
MOST_HEADER_BYTES = 262_144
NO_LINGER = struct.pack("ii", 1, 0)
"""Closing the socket then sends RST instead of FIN."""

type Headers = list[tuple[str, str]]


class Connection:
    """Reads requests whole, and writes answers whole or piece by piece."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEADER_BYTES)

    async def receive(self) -> Incoming | None:
        """The next request; none once the client has left. May raise `h11.RemoteProtocolError`."""
        head = await self._next_event()
        if not isinstance(head, h11.Request):
            return None
        body: list[bytes] = []
        while not isinstance(event := await self._next_event(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                return None
            body.append(bytes(event.data))
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
        path, _, query = head.target.decode("latin-1").partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True))
        return Incoming(head.method.decode(), path, headers, b"".join(body), asked)

    async def _next_event(self) -> h11.Event | None:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(AT_ONCE))
        return event if isinstance(event, h11.Event) else None

    async def send(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer in one write."""
        head = h11.Response(status_code=status, headers=[*headers, ("content-length", str(len(body)))])
        await self._write(head, h11.Data(body), h11.EndOfMessage())

    async def send_part(self, headers: Headers, body: bytes) -> None:
        """The head of a whole answer, and no more than half of its body."""
        head = h11.Response(status_code=200, headers=[*headers, ("content-length", str(len(body)))])
        await self._write(head, h11.Data(body[: len(body) // 2]))

    async def open_stream(self, headers: Headers) -> None:
        await self._write(h11.Response(status_code=200, headers=[*headers, ("transfer-encoding", "chunked")]))

    async def send_piece(self, data: bytes) -> None:
        await self._write(h11.Data(data))

    async def end_stream(self) -> None:
        await self._write(h11.EndOfMessage())

    async def _write(self, *events: h11.Event) -> None:
        self._writer.write(b"".join(self._sent(events)))
        await self._writer.drain()

    def _sent(self, events: Iterable[h11.Event]) -> Iterable[bytes]:
        return (self._http.send(event) or b"" for event in events)

    def is_reusable(self) -> bool:
        """Whether another request may follow on this connection; prepares for it if so."""
        reusable = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if reusable:
            self._http.start_next_cycle()
        return reusable

    def may_answer(self) -> bool:
        return self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE)

    async def until_left(self) -> None:
        """Waits for the client to close, whatever it still sends."""
        while await self._reader.read(AT_ONCE):
            pass

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    def reset(self) -> None:
        """Ends the connection with RST: what was not yet sent is lost."""
        sock = self._writer.get_extra_info("socket")
        if sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.abort()

    def abort(self) -> None:
        self._writer.transport.abort()
