import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.blot import Blot
from tests.addons.calls import an_answer

SECRETS = [b"canary-canary-1", b"cab"]


def through(pieces: list[bytes], coding: str = "", secrets: list[bytes] = SECRETS) -> bytes:
    blot = Blot(secrets, an_answer(b"", content_encoding=coding))
    return b"".join(chunk for piece in [*pieces, b""] for chunk in blot(piece))


@given(
    st.lists(
        st.sampled_from([b"canary-", b"canary-1", b"ca", b"b", b"c", b"data: x\n\n", *SECRETS]), max_size=12
    ),
    st.data(),
)
def test_any_chunking_gives_the_same_and_no_secret(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts)
    pieces, rest = [], whole
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        pieces.append(rest[:size])
        rest = rest[size:]
    told = through(pieces)
    assert not [secret for secret in SECRETS if secret in told]
    if not any(secret in whole for secret in SECRETS):
        assert told == whole


def test_a_secret_byte_by_byte() -> None:
    text = b"data: canary-canary-1 and canary-canary-2\n\n"
    assert through([text[i : i + 1] for i in range(len(text))]) == b"data: [redacted] and canary-canary-2\n\n"


def test_what_can_be_no_secret_is_not_held_back() -> None:
    blot = Blot(SECRETS, an_answer(b""))
    assert blot(b"data: hello\n\n") == [b"data: hello\n\n"]
    assert blot(b"data: can") == [b"data: "]
    assert blot(b"dle\n\n") == [b"candle\n\n"]
    assert blot(b"") == []


def test_a_coded_stream_is_decoded_first() -> None:
    response = an_answer(b"", content_encoding="gzip")
    blot = Blot(SECRETS, response)
    coded = gzip.compress(b"data: canary-canary-1\n\n")
    told = b"".join(chunk for piece in (coded[:9], coded[9:], b"") for chunk in blot(piece))
    assert told == b"data: [redacted]\n\n"
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_what_can_not_be_decoded_ends_there(coding: str) -> None:
    assert through([b"\x1f\x8bcanary-canary-1", b"more"], coding) == b""
