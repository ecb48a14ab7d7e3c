import gzip
import json
from dataclasses import replace
from typing import Any

import pytest

from addons.placeholders import hidden_json, hidden_stream, hide_text
from tests.addons.calls import a_request, an_answer
from tests.matrix import ALL, Recording
from translators import DIALECTS, sse
from translators.canonical import Called, Said, Started


def hidden(value: Any) -> Any:
    return json.loads(hidden_json(json.dumps(value).encode()))


def test_text_is_as_long_as_before_and_says_nothing() -> None:
    body = {
        "model": "m",
        "max_tokens": 9,
        "messages": [
            {"role": "user", "content": "Hello, Zoë"},
            {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {
                "name": "get_weather", "arguments": '{"city": "Paris", "days": 3}'}}]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "18 °C"}]},
        ],
    }  # fmt: skip
    assert hidden(body) == {
        "model": "m",
        "max_tokens": 9,
        "messages": [
            {"role": "user", "content": "x" * 10},
            {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {
                "name": "get_weather", "arguments": '{"xxxx": "xxxxx", "xxxx": 3}'}}]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "x" * 5}]},
        ],
    }  # fmt: skip


def test_what_nobody_knows_is_hidden() -> None:
    assert hidden({"novelty": "secret", "id": "x" * 300 + "y"}) == {"novelty": "xxxxxx", "id": "x" * 301}
    assert hidden_json(b"no JSON") == b"xxxxxxx"


@pytest.mark.parametrize("begins", ["data:image/png;base64,", "https://", "http://"])
def test_an_address_stays_one(begins: str) -> None:
    assert hidden({"image_url": {"url": f"{begins}c2VjcmV0"}}) == {"image_url": {"url": f"{begins}xxxxxxxx"}}


@pytest.mark.parametrize("value", ["data:secret/word;base64,AAAA", "data:,secret", "ftp://secret", "secret"])
def test_what_is_no_address_is_hidden_whole(value: str) -> None:
    assert hidden({"url": value}) == {"url": "x" * len(value)}


def test_a_name_of_somebody_who_speaks_is_hidden() -> None:
    assert hidden({"role": "user", "name": "Zoe", "content": "Hi"})["name"] == "xxx"


@pytest.mark.parametrize("recording", [it for it in ALL if it.has("stream.sse")], ids=str)
def test_a_stream_stays_one(recording: Recording) -> None:
    dialect = DIALECTS[recording.dialect]

    def events(data: bytes) -> list[Any]:
        reader = dialect.StreamReader()
        read = [it for _, payload in sse.Decoder().feed(data) if payload for it in reader.read(payload)]
        return [replace(it, opaque=()) if isinstance(it, Called) else it for it in read]

    real, placeholders = events(recording.stream), events(hidden_stream(recording.stream))
    for kind in (Started, Called):
        assert [it for it in real if isinstance(it, kind)] == [
            it for it in placeholders if isinstance(it, kind)
        ]
    lengths = [[len(it.text) for it in told if isinstance(it, Said)] for told in (real, placeholders)]
    assert lengths[0] == lengths[1]
    assert all(set(it.text) <= {"x"} for it in placeholders if isinstance(it, Said))


def test_messages() -> None:
    request = a_request(b"--form\r\nsecret", content_type="multipart/form-data; boundary=form")
    hide_text(request)
    assert request.content == b"x" * 14
    answer = an_answer(gzip.compress(b'{"text": "secret"}'), content_encoding="gzip")
    hide_text(answer)
    assert answer.content == b'{"text":"xxxxxx"}' and answer.headers["content-length"] == "17"
