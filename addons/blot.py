"""Blot: takes secrets out of what a provider answers, whole or as it streams."""

from collections.abc import Sequence
from contextlib import suppress

from mitmproxy import http

from addons.admit import REDACTED
from addons.decoding import RESPONSE_BYTES, Decoder, decode
from addons.proxy import drop_header, header


def take_out(secrets: Sequence[bytes], response: http.Response) -> None:
    """Blot out secrets wherever they stand in an answer's body, encoded or not."""
    body, coding = response.raw_content or b"", header(response.headers, "content-encoding")
    with suppress(ValueError):  # what can't be decoded is refused later on
        decoded = decode(body, coding, RESPONSE_BYTES)
        if (told := blotted(decoded, secrets)) != decoded:
            response.raw_content = told
            drop_header(response.headers, "content-encoding")
            response.headers["content-length"] = str(len(told))


def blotted(data: bytes, secrets: Sequence[bytes]) -> bytes:
    for secret in secrets:
        if secret in data:
            data = data.replace(secret, REDACTED)
    return data


class Blot:
    """What an attempt's stream goes through. It holds back no more than may be a secret's beginning."""

    def __init__(self, secrets: Sequence[bytes], response: http.Response) -> None:
        self._secrets = secrets
        self._held = b""
        self._decoder = None
        if coding := header(response.headers, "content-encoding"):
            self._decoder = Decoder(coding, RESPONSE_BYTES)
            drop_header(response.headers, "content-encoding")
        self._broken = False

    def __call__(self, data: bytes) -> list[bytes]:
        if not data:
            held, self._held = self._held, b""
            return [held] if held else []
        if self._decoder:
            data = self._decoded(data, self._decoder)
        data = blotted(self._held + data, self._secrets)
        end = len(data) - max(begun(data, secret) for secret in self._secrets)
        self._held = data[end:]
        return [data[:end]] if end else []

    def _decoded(self, data: bytes, decoder: Decoder) -> bytes:
        """Nothing more after what can't be decoded: the answer is then cut short for who reads it."""
        with suppress(ValueError):
            return b"" if self._broken else decoder.feed(data)
        self._broken = True
        return b""


def begun(data: bytes, secret: bytes) -> int:
    """How many bytes at the end of `data` a secret may begin with."""
    start = max(0, len(data) - len(secret) + 1)
    while (start := data.find(secret[:1], start)) >= 0:
        if secret.startswith(data[start:]):
            return len(data) - start
        start += 1
    return 0
