"""A provider on loopback that says exactly the bytes that a test tells it to, and remembers what it got.

A provider is the first segment of the path: with `base_url: {upstream.url}/a/v1`, the test writes

    hold = Hold()
    upstream.script("a", [head, first_chunk, hold, second_chunk])   # one list of steps per request
    ...                                                             # the client has the first chunk
    hold.release()

so that no test depends on timing.
"""

import itertools
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

PATIENCE = 30.0
"""Seconds after which anything that a test waits for is taken to have failed."""


class PeerGone(Exception):
    """The gateway has closed the connection, or reset it."""


class Finished(Exception):
    """The test is over, or the script has ended the connection."""


@dataclass
class Received:
    """One request, and what became of its connection."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: int
    gone: threading.Event
    """Set when the peer has closed or reset the connection."""

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    @property
    def provider(self) -> str:
        return self.path.split("/")[1]


class Peer:
    """One accepted connection, as the steps of a script see it."""

    def __init__(self, connection: socket.socket, number: int, stopped: threading.Event) -> None:
        self.socket = connection
        self.number = number
        self.gone = threading.Event()
        self.stopped = stopped
        """Set when nobody waits any more for what is being read or sent."""
        self._buffer = b""

    def send(self, data: bytes) -> None:
        """Send, and notice a peer that leaves while it does not read."""
        view = memoryview(data)
        while view:
            if self.stopped.is_set():
                raise Finished
            _, writable, _ = select.select([], [self.socket], [], 0.05)
            if writable:
                view = view[self.socket.send(view[:65536]) :]

    def wait(self, event: threading.Event) -> None:
        """Until the event is set; raises `PeerGone` as soon as the peer leaves."""
        deadline = time.monotonic() + PATIENCE
        while not event.wait(0.005):
            readable, _, _ = select.select([self.socket], [], [], 0)
            if readable and not self.socket.recv(1, socket.MSG_PEEK):
                raise PeerGone
            if self.stopped.is_set() or time.monotonic() > deadline:
                raise Finished

    def read_request(self) -> Received:
        head = self._until(b"\r\n\r\n").decode("latin-1")
        request_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        method, path, _ = request_line.split(" ")
        headers = [
            (name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
        ]
        fields = dict(headers)
        if fields.get("transfer-encoding") == "chunked":
            body = self._chunked()
        else:
            body = self._exactly(int(fields.get("content-length", 0)))
        return Received(method, path, headers, body, self.number, self.gone)

    def _chunked(self) -> bytes:
        body = b""
        while size := int(self._until(b"\r\n"), 16):
            body += self._exactly(size)
            self._until(b"\r\n")
        self._until(b"\r\n")
        return body

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._receive()
        end = self._buffer.index(mark) + len(mark)
        return self._take(end)

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive()
        return self._take(size)

    def _take(self, size: int) -> bytes:
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def _receive(self) -> None:
        while not select.select([self.socket], [], [], 0.05)[0]:
            if self.stopped.is_set():
                raise Finished
        data = self.socket.recv(1 << 16)
        if not data:
            raise PeerGone
        self._buffer += data
        if self._buffer.startswith(b"\x16\x03"):  # TLS, where we speak plain text
            self.send(b"this is not TLS\r\n")
            raise Finished


Step = bytes | Callable[[Peer], None]
"""Bytes to send, or something to do."""


class Hold:
    """A step that waits until the test releases it; `reached` is set once the steps before are done."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    def __call__(self, peer: Peer) -> None:
        self.reached.set()
        peer.wait(self._released)


@dataclass
class Flood:
    """A step that sends `piece` as often as it can, `times` at most, and counts the bytes that were taken."""

    piece: bytes
    times: int
    sent: int = 0

    def __call__(self, peer: Peer) -> None:
        for _ in range(self.times):
            peer.send(self.piece)
            self.sent += len(self.piece)


def reset(peer: Peer) -> None:
    """A step: RST."""
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise Finished


def close(peer: Peer) -> None:
    """A step: FIN."""
    raise Finished


def hang(peer: Peer) -> None:
    """A step: nothing more, until the peer leaves or the test ends."""
    peer.wait(threading.Event())


@dataclass
class _Test:
    """What one test has scripted, and what it saw."""

    scripts: dict[str, list[list[Step]]] = field(default_factory=dict)
    answering: Callable[[Received], Iterable[Step]] | None = None
    received: list[Received] = field(default_factory=list)
    unscripted: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)


class Upstream:
    """The server: a thread that accepts, and a thread for each connection."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._test = _Test()
        threading.Thread(target=self._accept, daemon=True).start()

    def script(self, provider: str, *answers: Iterable[Step]) -> None:
        """What the provider will do with its next requests, one answer each."""
        with self._changed:
            self._test.scripts.setdefault(provider, []).extend(list(answer) for answer in answers)

    def answer(self, answering: Callable[[Received], Iterable[Step]]) -> None:
        """What every provider will do with any request that no script is about; asked by one at a time."""
        with self._changed:
            self._test.answering = answering

    @property
    def received(self) -> list[Received]:
        """All requests of this test so far, in order."""
        with self._changed:
            return list(self._test.received)

    def of(self, provider: str) -> list[Received]:
        return [request for request in self.received if request.provider == provider]

    def only(self) -> Received:
        """The one request that there was."""
        (request,) = self.received
        return request

    def wait_for(self, provider: str, count: int = 1) -> Received:
        """The provider's `count`th request, as soon as it is there."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self._of(provider)) >= count, PATIENCE)
            assert arrived, f"{provider} has {len(self._of(provider))} requests, not {count}"
            return self._of(provider)[count - 1]

    def finish(self) -> list[str]:
        """End the test: its answers end where they are. Returns the requests that it had not foreseen.

        A connection without a request is nobody's: whoever is asked on it next answers.
        """
        with self._changed:
            test, self._test = self._test, _Test()
        test.stopped.set()
        return test.unscripted

    def close(self) -> None:
        """Refuse connections from now on."""
        self.finish()
        self._closed.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # closing it alone would let one more in
        self._listener.close()

    def _of(self, provider: str) -> list[Received]:
        return [request for request in self._test.received if request.provider == provider]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        peer = Peer(connection, next(self._numbers), self._closed)
        try:
            while True:
                steps, peer.stopped = self._answer(peer.read_request())
                for step in steps:
                    peer.send(step) if isinstance(step, bytes) else step(peer)
                peer.stopped = self._closed
        except (PeerGone, OSError):
            peer.gone.set()
        except Finished:
            pass
        finally:
            connection.close()

    def _answer(self, request: Received) -> tuple[list[Step], threading.Event]:
        """What the test that runs now says to it, and when that is over."""
        with self._changed:
            test = self._test
            test.received.append(request)
            self._changed.notify_all()
            if scripts := test.scripts.get(request.provider):
                return scripts.pop(0), test.stopped
            if test.answering:
                return list(test.answering(request)), test.stopped
            test.unscripted.append(f"{request.method} {request.path} {request.body[:200]!r}")
        return [b"HTTP/1.1 418 Unscripted\r\ncontent-length: 0\r\n\r\n"], test.stopped
