"""Files by address: what is fetched, and above all what is not."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from addons.fetch import MOST_BYTES, MOST_FILES, Fetch, Refused, is_public, resolved
from translators.canonical import Data
from translators.errors import Unsupported

PNG = b"\x89PNG"
IMAGE = b"HTTP/1.1 200 OK\r\ncontent-type: image/png; x=y\r\ncontent-length: 4\r\n\r\n" + PNG


@asynccontextmanager
async def serving(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server on loopback, its address, and the requests that it got."""
    got, left = list[bytes](), list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(left.pop(0))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", got


def anywhere() -> Fetch:
    """One that may go to loopback, where the tests' servers are."""
    return Fetch(allowed=lambda address: True)


async def fetched(*answers: bytes, path: str = "/a.png") -> tuple[Data, list[bytes]]:
    async with serving(*answers) as (url, got):
        return await anywhere().file(url + path), got


def test_a_file_comes_with_its_type() -> None:
    file, got = asyncio.run(fetched(IMAGE, path="/a.png?size=1"))
    assert (file.media_type, b64decode(file.base64)) == ("image/png", PNG)
    assert got[0].startswith(b"GET /a.png?size=1 HTTP/1.1\r\n")
    assert b"authorization" not in got[0].lower() and b"cookie" not in got[0].lower()


def test_redirects_are_followed_but_not_for_ever() -> None:
    here = b"HTTP/1.1 302 Found\r\nlocation: /b.png\r\ncontent-length: 0\r\n\r\n"
    file, got = asyncio.run(fetched(here, IMAGE))
    assert b64decode(file.base64) == PNG and got[1].startswith(b"GET /b.png ")
    with pytest.raises(Refused, match="redirects"):
        asyncio.run(fetched(*[here] * 9))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "status 404"),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 0\r\n\r\n", "no image"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "no image"),
        (IMAGE.replace(b"length: 4", b"length: %d" % (MOST_BYTES + 1)), "larger"),
        (IMAGE.replace(b"content-length: 4\r\n", b"") + b"x" * MOST_BYTES, "larger"),
        (IMAGE.replace(b"length: 4", b"length: 5"), "no answer"),
        (b"this is not HTTP\r\n\r\n", "no answer"),
        (b"", "no answer"),
    ],
)
def test_what_is_no_file_is_refused(answer: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        asyncio.run(fetched(answer))


@pytest.mark.parametrize(
    "url", ["ftp://x/a", "file:///etc/passwd", "http:///a", "http://user@x/a", "http://[x/a"]
)
def test_only_plain_web_addresses(url: str) -> None:
    with pytest.raises(Refused):
        asyncio.run(anywhere().file(url))


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254"),
        *(
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1%eth0",
        ),
        *(
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "2002:7f00:1::",
        ),
        *("64:ff9b::7f00:1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "not an address", ""),
    ],
)
def test_nothing_but_public_addresses(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


def test_a_name_that_leads_inside_is_refused() -> None:
    for host in ("localhost", "127.0.0.1", "2130706433", "0x7f.1", "[::1]"):
        with pytest.raises(Refused):
            asyncio.run(Fetch().file(f"http://{host}:1/a.png"))


def test_one_address_inside_is_enough_to_refuse_a_name() -> None:
    async def both(host: str, port: int) -> Sequence[str]:
        return ["1.1.1.1", "10.0.0.1"]

    async def none(host: str, port: int) -> Sequence[str]:
        return []

    for resolve in (both, none):
        with pytest.raises(Refused, match="not public"):
            asyncio.run(Fetch(resolve).file("http://files.example/a.png"))


def test_a_redirect_that_leads_inside_is_refused() -> None:
    async def redirected() -> None:
        inside = b"HTTP/1.1 307 Go\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n"
        async with serving(inside) as (url, _):
            await Fetch(allowed=lambda address: address == "127.0.0.1").file(url)

    with pytest.raises(Refused, match="not public"):
        asyncio.run(redirected())


def test_what_was_resolved_is_what_is_connected_to() -> None:
    async def named() -> Data:
        async with serving(IMAGE) as (url, got):

            async def resolve(host: str, port: int) -> Sequence[str]:
                assert host == "files.example"
                return ["127.0.0.1"]

            port = url.rpartition(":")[2]
            file = await Fetch(resolve, lambda address: True).file(f"http://files.example:{port}/a")
            assert f"host: files.example:{port}".encode() in got[0].lower()
            return file

    assert asyncio.run(named()).media_type == "image/png"


def test_names_are_resolved() -> None:
    assert "127.0.0.1" in asyncio.run(resolved("127.0.0.1", 80))


def test_several_files_or_none() -> None:
    async def two(*answers: bytes) -> dict[str, Data]:
        async with serving(*answers) as (url, _):
            return dict(await anywhere().files([f"{url}/1", f"{url}/2"], "Image.source"))

    assert [b64decode(file.base64) for file in asyncio.run(two(IMAGE, IMAGE)).values()] == [PNG, PNG]
    with pytest.raises(Unsupported) as refused:
        asyncio.run(two(IMAGE, b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"))
    assert (refused.value.meaning, refused.value.reason) == (
        "Image.source",
        "the file could not be fetched: status 500",
    )
    with pytest.raises(Unsupported, match="more than"):
        asyncio.run(anywhere().files([f"http://x/{n}" for n in range(MOST_FILES + 1)], "Image.source"))
