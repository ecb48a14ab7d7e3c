"""Clients of the gateway: plain HTTP that shows every byte, streams read piece by piece, raw sockets."""

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.upstream import PATIENCE

Json = dict[str, Any]

CHAT = "/v1/chat/completions"
MESSAGES = "/anthropic/v1/messages"

CLIENT_SECRETS = {
    "authorization": "Bearer canary-client-bearer",
    "x-api-key": "canary-client-x-api-key",
    "api-key": "canary-client-api-key",
    "cookie": "session=canary-client-cookie",
    "x-amz-security-token": "canary-client-amz",
    "x-goog-api-key": "canary-client-goog",
    "proxy-authorization": "Basic canary-client-proxy",
}


@dataclass
class Answer:
    """A whole response."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The message of an error in either dialect."""
        text: str = self.json()["error"]["message"]
        return text


class Stream:
    """A response whose body is read as it arrives."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers = _headers(response)
        self.seen = b""

    def until(self, mark: bytes) -> bytes:
        """Read until `mark` has been seen; returns all that was seen."""
        while mark not in self.seen:
            piece = self._response.read1(65536)
            assert piece, f"the stream ended without {mark!r}: {self.seen!r}"
            self.seen += piece
        return self.seen

    def rest(self) -> bytes:
        """Read to the proper end of the body; returns all that was seen. Raises where the body is cut."""
        self.seen += self._response.read()
        return self.seen

    def leave(self) -> None:
        """Go away in the middle."""
        self._response.close()


def chat(model: str, text: str = "Hi", **fields: Any) -> Json:
    """A chat request's body."""
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def messages(model: str, text: str = "Hi", **fields: Any) -> Json:
    """A Messages request's body."""
    return {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}], **fields}


def post(url: str, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
    """One request on a connection of its own; a `body` that is not bytes is JSON."""
    return request(url, "POST", path, body, {"content-type": "application/json", **(headers or {})})


def request(
    url: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> Answer:
    connection = _connection(url)
    try:
        connection.request(method, path, _encoded(body), headers or {})
        response = connection.getresponse()
        return Answer(response.status, _headers(response), response.read())
    finally:
        connection.close()


@contextmanager
def streaming(url: str, path: str, body: Any, headers: dict[str, str] | None = None) -> Iterator[Stream]:
    """A request whose answer is read as it arrives."""
    connection = _connection(url)
    fields = {"content-type": "application/json", **(headers or {})}
    try:
        connection.request("POST", path, _encoded(body), fields)
        yield Stream(connection.getresponse())
    finally:
        connection.close()


def raw(port: int, *pieces: bytes) -> bytes:
    """Send these bytes and return all that comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        received = b""
        try:
            for piece in pieces:
                connection.sendall(piece)
            while data := connection.recv(65536):
                received += data
        except ConnectionError:
            pass  # closed on us while we were still sending: what it said before counts
        return received


def _connection(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)


def _encoded(body: Any) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    return json.dumps(body).encode()


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}
