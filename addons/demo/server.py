"""The embedded provider's server, on a loopback port of its own: real HTTP, no key, no network."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from urllib.parse import unquote

import h11

from addons.demo import (
    anthropic_hosted,
    anthropic_messages,
    azure,
    bedrock_converse,
    bedrock_count,
    bedrock_images,
    bedrock_invoke,
    catalogue,
    cohere,
    gemini_count,
    gemini_generate,
    google_embeddings,
    google_images,
    google_ranking,
    openai_audio,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_images,
    openai_responses,
    vllm_tokenize,
)
from addons.demo.answer import Ask, Content, Endpoint, Failure, Frames, Incoming, Rejected
from addons.demo.connection import Connection, Headers
from addons.demo.encoding import encoding
from addons.demo.scenario import Delivery, decide, delivery

ENDPOINTS: tuple[Endpoint, ...] = (
    *openai_chat.ENDPOINTS,
    *anthropic_messages.ENDPOINTS,
    *openai_responses.ENDPOINTS,
    *openai_completions.ENDPOINTS,
    *openai_embeddings.ENDPOINTS,
    *openai_images.ENDPOINTS,
    *openai_audio.ENDPOINTS,
    *vllm_tokenize.ENDPOINTS,
    *bedrock_converse.ENDPOINTS,
    *bedrock_images.ENDPOINTS,
    *bedrock_count.ENDPOINTS,
    *bedrock_invoke.ENDPOINTS,
    anthropic_hosted.INVOKE,
    *anthropic_hosted.ENDPOINTS,
    *gemini_generate.ENDPOINTS,
    *google_images.ENDPOINTS,
    *google_ranking.ENDPOINTS,
    *gemini_count.ENDPOINTS,
    *google_embeddings.ENDPOINTS,
    *azure.ENDPOINTS,
    *cohere.ENDPOINTS,
    *catalogue.ENDPOINTS,
)
"""Another wire format is another file, and a row here."""

FEW = 4
"""How much of a stream's content is sent before it goes wrong, in frames."""
YIELD_EVERY = 32
"""Frames. A stream to a client that keeps up never waits, and the loop is shared with the gateway."""
GARBAGE = b'data: {"this is not JSON\n\n<html><body>502 Bad Gateway</body></html>\n\n'


class Server:
    """Listens from `start` to `stop`."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> int:
        """The port that it listens on, on 127.0.0.1; 0 takes any that is free."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port, backlog=1024)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Ends every connection, answered or not."""
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_serve(Connection(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _serve(connection: Connection) -> None:
    """One connection, until either side has had enough."""
    try:
        with suppress(ConnectionError, TimeoutError):
            await _converse(connection)
            await connection.close()
    finally:
        connection.abort()


async def _converse(connection: Connection) -> None:
    try:
        while request := await connection.receive():
            await _answer(connection, request)
            if not connection.is_reusable():
                return
    except h11.RemoteProtocolError as problem:
        if connection.may_answer():
            content = catalogue.error(Failure(400, str(problem)), Incoming("", "", {}, b""))
            await connection.send(
                400, [("content-type", content.type), ("connection", "close")], content.body
            )


async def _answer(connection: Connection, request: Incoming) -> None:
    there = ((each, found) for each in ENDPOINTS if (found := each.path.fullmatch(request.path)))
    right = (pair for pair in there if pair[0].method == request.method and pair[0].speaks(request))
    endpoint, found = next(right, (None, None))
    if endpoint is None or found is None:
        status = 405 if any(each.path.fullmatch(request.path) for each in ENDPOINTS) else 404
        said = Failure(status, f"Unknown request URL: {request.method} {request.path}.", None, "unknown_url")
        content = catalogue.error(said, request)
        body = b"" if request.method == "HEAD" else content.body
        return await connection.send(status, [("content-type", content.type), *content.headers], body)
    named = {name: unquote(value or "") for name, value in found.groupdict().items()}
    try:
        ask = endpoint.read(replace(request, named=named))
    except Rejected as rejected:
        content = endpoint.error(rejected.failure, "")
        headers = [("content-type", content.type), *endpoint.headers(""), *content.headers]
        return await connection.send(rejected.failure.status, headers, content.body)
    return await _Reply(connection, endpoint, ask).send()


class _Reply:
    """One answer on its way: well or not, as the model's name has it."""

    def __init__(self, connection: Connection, endpoint: Endpoint, ask: Ask) -> None:
        self._connection, self._endpoint, self._ask = connection, endpoint, ask
        self._delivery: Delivery = delivery(ask.model)

    async def send(self) -> None:
        match self._delivery.fault:
            case "reset":
                self._connection.reset()
            case "hang":
                await self._connection.until_left()
            case _ if self._delivery.status != 200:
                await self._fail(self._delivery.status)
            case _ if self._ask.stream and self._endpoint.stream:
                await self._stream(self._endpoint.stream(self._ask, decide(self._ask)))
            case "error-first" | "error-mid":
                await self._fail(500)
            case _:
                await self._whole(self._endpoint.write(self._ask, decide(self._ask)))

    async def _fail(self, status: int) -> None:
        content = self._endpoint.error(Failure(status, model=self._ask.model), self._ask.digest)
        retry = [("retry-after", "1")] if status == 429 else []
        headers = [*self._headers(content.type), *content.headers, *retry]
        await self._connection.send(status, headers, content.body)

    def _headers(self, kind: str) -> Headers:
        return [("content-type", kind), *self._endpoint.headers(self._ask.digest)]

    async def _whole(self, content: Content) -> None:
        coding = encoding(self._delivery.encoding, content.type)
        headers = [*self._headers(content.type), *content.headers, *coding.headers]
        body = coding.whole(content.body)
        await asyncio.sleep(self._delivery.pace)
        match self._delivery.fault:
            case "cut" | "stall":
                await self._connection.send_part(headers, body)
                await self._stop_short()
            case "garbage":
                await self._connection.send(200, headers, GARBAGE)
            case _:
                await self._connection.send(200, headers, body)

    async def _stream(self, frames: Frames) -> None:
        coding, pace = encoding(self._delivery.encoding, frames.type), self._delivery.pace
        headers = [("cache-control", "no-cache"), *coding.headers]
        await self._connection.open_stream([*self._headers(frames.type), *headers])
        for number, frame in enumerate(_played(frames, self._delivery.fault)):
            for piece in coding.frame(frame):
                await self._connection.send_piece(piece)
            if pace or number % YIELD_EVERY == YIELD_EVERY - 1:
                await asyncio.sleep(pace)
        if self._delivery.fault in ("cut", "stall"):
            return await self._stop_short()
        for piece in coding.end():
            await self._connection.send_piece(piece)
        return await self._connection.end_stream()

    async def _stop_short(self) -> None:
        """In the middle of an answer: says no more, or leaves."""
        if self._delivery.fault == "stall":
            await self._connection.until_left()


def _played(frames: Frames, fault: str) -> Iterator[bytes]:
    """The frames of a stream that goes wrong, or does not, in this way."""
    parts: list[Iterable[bytes]]
    match fault:
        case "cut" | "stall":
            parts = [frames.head, islice(frames.content, FEW)]
        case "no-finish":
            parts = [frames.head, frames.content, _ended(frames)]
        case "error-first":
            parts = [_late(frames), _ended(frames)]
        case "error-mid":
            parts = [frames.head, islice(frames.content, FEW), _late(frames), _ended(frames)]
        case "garbage":
            parts = [[GARBAGE]]
        case _:
            parts = [frames.head, frames.content, frames.tail, _ended(frames)]
    return chain.from_iterable(parts)


def _late(frames: Frames) -> Iterator[bytes]:
    """The error, made when its turn comes: it may carry a number."""
    yield frames.error()


def _ended(frames: Frames) -> Iterable[bytes]:
    """Nothing where the framing has no end of its own: a piece of no bytes must not be sent."""
    return [frames.end] if frames.end else []
