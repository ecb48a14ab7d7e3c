"""Load: clients that ask again as soon as they are answered, each on a connection that it keeps."""

import asyncio
import gc
import re
import time
from dataclasses import dataclass, field

from bench import wire
from bench.subjects import Subject

_END = b"\r\n0\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STAMP = re.compile(rb"@(\d+\.\d{6})")
PATIENCE = 120.0
"""Seconds after which a run is taken to hang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is asked, by how many at a time, and for how many `seconds` or `requests`."""

    model: str
    connections: int
    stream: bool = False
    seconds: float = 0.0
    requests: int = 0

    @property
    def paced(self) -> bool:
        return self.stream and self.model.endswith(wire.PACED)


@dataclass(slots=True)
class Result:
    """What came of it; times in seconds."""

    elapsed: float = 0.0
    cpu: float = 0.0
    """What the subject's process has used meanwhile, in user and in system mode."""
    latencies: list[float] = field(default_factory=list[float])
    first_pieces: list[float] = field(default_factory=list[float])
    delays: list[float] = field(default_factory=list[float])
    """Of each piece of the paced streams: from the provider's write to the client's read."""


def run(subject: Subject, job: Job) -> Result:
    """Do a job; raises at the first answer that is not what it should be."""
    gc.collect()
    gc.disable()  # a pause here would look like the proxy's
    try:
        return asyncio.run(_run(subject, job))
    finally:
        gc.enable()


async def _run(subject: Subject, job: Job) -> Result:
    work = _Work(subject, job)
    loop = asyncio.get_running_loop()
    connect = [
        loop.create_connection(lambda: _Client(work), "127.0.0.1", subject.port)
        for _ in range(job.connections)
    ]
    opened = await asyncio.gather(*connect)
    try:
        await asyncio.wait_for(work.done, PATIENCE + job.seconds)
    except TimeoutError:
        answered = len(work.result.latencies)
        raise RuntimeError(f"{subject.name}, {job.model}: it hangs after {answered} answers") from None
    for transport, _ in opened:
        transport.close()
    await asyncio.sleep(0.05)  # it costs the subject something that they close, too
    return work.result


class _Work:
    """Starts the clock when each connection has been answered once, and stops it with the last answer."""

    def __init__(self, subject: Subject, job: Job) -> None:
        self.job = job
        self.result = Result()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.measuring = False
        self.request = wire.request(job.model, stream=False)  # to warm up
        self._subject = subject
        self._idle: list[_Client] = []
        self._asked = 0

    def ready(self, client: "_Client") -> None:
        """A client has its answer."""
        if self.measuring and self._goes_on():
            self._asked += 1
            client.ask()
            return
        self._idle.append(client)
        if len(self._idle) == self.job.connections:
            self._stop() if self.measuring else self._start()

    def _start(self) -> None:
        self.measuring = True
        self.request = wire.request(self.job.model, self.job.stream)
        self._cpu, self._started = self._subject.cpu_seconds(), time.monotonic()
        clients, self._idle = self._idle, []
        # Paced streams begin at even intervals: all at once would measure how long the queue is.
        gap = wire.PACED_PIECES * wire.PACE / len(clients) if self.job.paced else 0.0
        for number, client in enumerate(clients):
            asyncio.get_running_loop().call_later(number * gap, self.ready, client)

    def _stop(self) -> None:
        self.result.elapsed = time.monotonic() - self._started
        self.result.cpu = self._subject.cpu_seconds() - self._cpu
        if not self.done.done():
            self.done.set_result(None)

    def _goes_on(self) -> bool:
        if self.job.requests:
            return self._asked < self.job.requests
        return time.monotonic() - self._started < self.job.seconds

    def fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(f"{self._subject.name}, {self.job.model}: {why}"))


class _Client(asyncio.Protocol):
    """One connection."""

    _transport: asyncio.Transport

    def __init__(self, work: _Work) -> None:
        self._work = work

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self._work.fail(f"the connection was closed: {exc}")

    def ask(self) -> None:
        self._stream = self._work.measuring and self._work.job.stream
        self._paced = self._work.measuring and self._work.job.paced
        self._buffer = bytearray()
        self._first = 0.0
        self._delays: list[float] = []
        self._stamps_end = 0
        self._asked = time.monotonic()
        self._transport.write(self._work.request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._buffer += data
        if self._paced:
            for stamp in _STAMP.finditer(self._buffer, self._stamps_end):
                self._delays.append(now - float(stamp[1]))
                self._stamps_end = stamp.end()
        if self._stream and not self._first and b"data:" in self._buffer:
            self._first = now
        if self._buffer.endswith(_END) if self._stream else self._has_length():
            self._answered(now)

    def _has_length(self) -> bool:
        head_end = self._buffer.find(b"\r\n\r\n") + 4
        length = _LENGTH.search(self._buffer, 0, head_end)
        return length is not None and len(self._buffer) >= head_end + int(length[1])

    def _answered(self, now: float) -> None:
        if complaint := self._complaint():
            self._work.fail(complaint)
            return
        if self._work.measuring:
            result = self._work.result
            result.latencies.append(now - self._asked)
            result.first_pieces += [self._first - self._asked] if self._stream else []
            result.delays += self._delays
        self._work.ready(self)

    def _complaint(self) -> str:
        """What is wrong with the answer: to be fast with a wrong one is no merit."""
        if not self._buffer.startswith(b"HTTP/1.1 200 "):
            return self._buffer[:400].decode("latin-1")
        if self._paced:
            found, expected = len(self._delays), wire.PACED_PIECES
        elif self._stream:
            found, expected = self._buffer.count(wire.PIECE.encode()), wire.PIECES
        else:
            found, expected = self._buffer.count(b'"chat.completion"'), 1
        return "" if found == expected else f"{found} of {expected} pieces have arrived"
