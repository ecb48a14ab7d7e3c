"""The embedded provider as a server, and everything that can go wrong with it on demand."""

import asyncio
import gzip
import http.client
import json
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from addons.demo import Server
from tests.addons.demo_server import ask, chat, message, running_demo
from tests.oracles import check_anthropic_stream, check_openai_stream, sse_events
from tests.upstream import PATIENCE

ROOT = Path(__file__).parent.parent.parent
CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


def raw_request(path: str, body: dict[str, Any], **headers: str) -> bytes:
    data = json.dumps(body).encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\nhost: demo\r\ncontent-length: {len(data)}\r\n{more}\r\n".encode() + data


def connected(port: int, path: str, body: dict[str, Any]) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    client.sendall(raw_request(path, body))
    return client


def until_closed(client: socket.socket) -> bytes:
    with closing(client):
        return b"".join(iter(lambda: client.recv(65536), b""))


def assert_silent_after(client: socket.socket, mark: bytes = b"", times: int = 1) -> None:
    """It says this so often, and then nothing more; it is not closed."""
    received = b""
    while received.count(mark) < times:
        data = client.recv(65536)
        assert data, f"closed, not silent: {received!r}"
        received += data
    client.settimeout(0.2)
    with suppress(TimeoutError):
        while True:
            assert client.recv(65536), "closed, not silent"


def names(data: bytes) -> list[str | None]:
    return [name for name, _ in sse_events(data)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "body"), [(CHAT, chat("cut")), (MESSAGES, message("cut"))])
def test_cut(port: int, path: str, body: dict[str, Any], stream: bool) -> None:
    received = until_closed(connected(port, path, {**body, "stream": stream}))
    assert received.startswith(b"HTTP/1.1 200")
    assert not received.endswith(b"0\r\n\r\n")
    with pytest.raises(http.client.IncompleteRead):
        ask(port, path, {**body, "stream": stream})


def test_reset(port: int) -> None:
    with pytest.raises(ConnectionResetError):
        until_closed(connected(port, CHAT, chat("reset")))


def test_hang(port: int) -> None:
    with closing(connected(port, CHAT, chat("hang"))) as client:
        assert_silent_after(client)


@pytest.mark.parametrize(("path", "body"), [(CHAT, chat("stall")), (MESSAGES, message("stall"))])
def test_stall(port: int, path: str, body: dict[str, Any]) -> None:
    with closing(connected(port, path, {**body, "stream": True})) as client:
        assert_silent_after(client, b"data: ", 5)
    with closing(connected(port, path, body)) as client:
        assert_silent_after(client, b"HTTP/1.1 200")


def test_error_first(port: int) -> None:
    status, _, data = ask(port, CHAT, chat("error-first", stream=True))
    assert status == 200
    assert [list(json.loads(data)) for _, data in sse_events(data)] == [["error"]]
    assert names(ask(port, MESSAGES, message("error-first", stream=True))[2]) == ["error"]
    assert ask(port, CHAT, chat("error-first"))[0] == 500


def test_error_in_the_middle(port: int) -> None:
    _, _, data = ask(port, CHAT, chat("error-mid", stream=True))
    events = [json.loads(data) for _, data in sse_events(data)]
    assert [event["choices"][0]["delta"]["content"] for event in events[:-1]] == [
        "",
        "Hello",
        " from",
        " the",
        " demo!",
    ]
    assert list(events[-1]) == ["error"]
    told = names(ask(port, MESSAGES, message("error-mid", stream=True))[2])
    assert told[-2:] == ["content_block_delta", "error"]
    _, _, data = ask(port, RESPONSES, {"model": "error-mid", "input": "Hi", "stream": True})
    numbers = [json.loads(data)["sequence_number"] for _, data in sse_events(data)]
    assert numbers == list(range(len(numbers)))


def test_garbage(port: int) -> None:
    for body in (chat("garbage"), chat("garbage", stream=True)):
        status, _, data = ask(port, CHAT, body)
        assert status == 200
        with pytest.raises(ValueError):
            json.loads(data)


def test_no_finish(port: int) -> None:
    _, _, data = ask(port, CHAT, chat("no-finish", stream=True))
    assert not any(json.loads(data)["choices"][0]["finish_reason"] for _, data in sse_events(data))
    assert names(ask(port, MESSAGES, message("no-finish", stream=True))[2])[-1] == "content_block_stop"
    assert json.loads(ask(port, MESSAGES, message("no-finish"))[2])["stop_reason"] is None


def test_gzip(port: int) -> None:
    _, headers, data = ask(port, CHAT, chat("gzip"))
    assert headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(data))["choices"]
    _, headers, data = ask(port, CHAT, chat("gzip", stream=True))
    assert headers["content-encoding"] == "gzip"
    assert not check_openai_stream(gzip.decompress(data))


def test_each_compressed_frame_can_be_read_when_it_comes(port: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    client.request("POST", CHAT, json.dumps(chat("gzip", stream=True)))
    inflate = zlib.decompressobj(wbits=31)
    with closing(client):
        assert inflate.decompress(client.getresponse().read1()).endswith(b"\n\n")


def test_crlf_and_comments(port: int) -> None:
    _, _, data = ask(port, MESSAGES, message("crlf", stream=True))
    assert b"\r\n\r\n" in data and b"\n" not in data.replace(b"\r\n", b"")
    assert data.startswith(b": ")
    assert not check_anthropic_stream(data)


def test_characters_are_split_between_chunks(port: int) -> None:
    received = connected(port, CHAT, chat("utf8", stream=True))
    pieces: list[bytes] = []
    with closing(received), received.makefile("rb") as wire:
        while wire.readline().strip():
            pass
        while size := int(wire.readline(), 16):
            pieces.append(wire.read(size))
            wire.readline()
    assert any(piece[-1] >= 0x80 for piece in pieces)
    assert "你好世界" in json.dumps(
        [json.loads(d) for _, d in sse_events(b"".join(pieces)) if d != "[DONE]"], ensure_ascii=False
    )


def test_the_pace_is_as_asked(port: int) -> None:
    started = time.monotonic()
    _, _, data = ask(port, CHAT, chat("slow-10ms", stream=True))
    assert b"word50" in data and time.monotonic() - started >= 49 * 0.01


def test_a_long_stream_has_as_many_chunks(port: int) -> None:
    _, _, data = ask(port, CHAT, chat("long-250", stream=True))
    assert len([1 for _, data in sse_events(data) if "word" in data]) == 250


def test_connections_are_kept_alive(port: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with closing(client):
        client.connect()
        sock = client.sock
        for model in ("hello", "429", "hello", "400"):
            client.request("POST", CHAT, json.dumps(chat(model)))
            client.getresponse().read()
            assert client.sock is sock
        client.request("POST", CHAT, json.dumps(chat("hello", stream=True)))
        assert not check_openai_stream(client.getresponse().read())
        assert client.sock is sock


def test_requests_may_follow_each_other_at_once(port: int) -> None:
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    client.sendall(raw_request(CHAT, chat("hello")) + raw_request(CHAT, chat("hello"), connection="close"))
    assert until_closed(client).count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/v1/none", 404), ("POST", "/v1/messages/x", 404), ("GET", CHAT, 405)],
)
def test_what_is_not_there(port: int, method: str, path: str, status: int) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with closing(client):
        client.request(method, path)
        answer = client.getresponse()
        assert (answer.status, "error" in json.loads(answer.read())) == (status, True)


def test_head_gets_no_body(port: int) -> None:
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    client.sendall(b"HEAD /v1/models HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n")
    assert until_closed(client).endswith(b"\r\n\r\n")


def test_what_is_not_http(port: int) -> None:
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    client.sendall(b"\x16\x03\x01 what\r\n\r\n")
    assert until_closed(client).startswith(b"HTTP/1.1 400")


def test_expect_continue(port: int) -> None:
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    head, _, body = raw_request(CHAT, chat("hello"), expect="100-continue", connection="close").partition(
        b"\r\n\r\n"
    )
    client.sendall(head + b"\r\n\r\n")
    assert client.recv(1024).startswith(b"HTTP/1.1 100")
    client.sendall(body)
    assert until_closed(client).startswith(b"HTTP/1.1 200")


def test_clients_that_leave_are_forgotten_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    problems: list[dict[str, Any]] = []

    async def leave() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
        server = Server()
        port = await server.start()
        for body in (
            chat("slow-5ms", stream=True),
            chat("hang"),
            chat("long-50000", stream=True),
            chat("stall"),
        ):
            for sent in (raw_request(CHAT, body), raw_request(CHAT, body)[:-3]):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(sent)
                await asyncio.sleep(0.02)
                writer.transport.abort()
        async with asyncio.timeout(PATIENCE):
            while server._tasks:
                await asyncio.sleep(0.01)
        await server.stop()

    asyncio.run(leave())
    assert not problems
    assert capfd.readouterr().err == ""


def test_stop_ends_what_is_unanswered() -> None:
    async def stop() -> None:
        server = Server()
        port = await server.start()
        for model in ("hang", "stall", "slow", "long-100000"):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(raw_request(CHAT, chat(model, stream=True)))
        await asyncio.open_connection("127.0.0.1", port)  # says nothing
        await asyncio.sleep(0.05)
        async with asyncio.timeout(PATIENCE):
            await server.stop()
        assert len(asyncio.all_tasks()) == 1
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(stop())


def test_many_at_once(port: int) -> None:
    async def one() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(raw_request(CHAT, chat("slow-1ms", stream=True), connection="close"))
        data = await reader.read()
        writer.close()
        return data

    async def all_at_once() -> list[bytes]:
        return await asyncio.gather(*(one() for _ in range(100)))

    answers = asyncio.run(all_at_once())
    assert len(answers) == 100
    assert all(answer.endswith(b"0\r\n\r\n") for answer in answers)


def test_it_runs_on_its_own() -> None:
    command = [sys.executable, "-m", "addons.demo"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            assert ask(int(url.rpartition(":")[2]), CHAT, chat("hello"))[0] == 200
            assert f'boto3.client("bedrock-runtime", endpoint_url=…)   {url}\n' in list(
                islice(process.stdout, 8)
            )
        finally:
            process.kill()
