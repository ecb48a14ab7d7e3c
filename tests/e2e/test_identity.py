"""Same dialect on both sides: bytes pass, only edited keys change, unknown fields survive."""

import functools
import gzip
import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from tests import oracles
from tests.e2e import answers
from tests.e2e.answers import saying, streamed, streaming, whole
from tests.e2e.client import CHAT, MESSAGES, chat, messages, post, request
from tests.e2e.client import streaming as reading
from tests.gateway import Gateway
from tests.upstream import Hold, Step, Upstream

PATHS = {"a": CHAT, "anth_a": MESSAGES}
same_dialect = pytest.mark.parametrize(("provider", "path"), PATHS.items())
every_pair = pytest.mark.parametrize(("path", "provider"), [*product([CHAT, MESSAGES], ["a", "anth_a"])])

ODD_REQUEST = b"""{ "messages" : [ {"role":"user","content":"gr\\u00fc\xc3\x9fe","x":1.0} ],
  "unheard_of": {"b":1,"a":[1e2]},"max_tokens":5, "model":"%s"}"""


def asking(path: str, model: str, **fields: Any) -> Any:
    return chat(model, **fields) if path == CHAT else messages(model, **fields)


@same_dialect
def test_the_request_is_byte_identical(
    upstream: Upstream, gateway: Gateway, provider: str, path: str
) -> None:
    upstream.script(provider, whole(saying(provider)))
    body = ODD_REQUEST % provider.encode()
    assert post(gateway.url, path, body).status == 200
    assert upstream.only().body == body


@same_dialect
def test_the_answer_is_byte_identical(upstream: Upstream, gateway: Gateway, provider: str, path: str) -> None:
    odd = json.dumps(saying(provider) | {"unheard_of": {"b": 1.0}}, indent=3).encode()
    upstream.script(provider, whole(odd, headers={"content-type": "application/json; charset=utf-8"}))
    answer = post(gateway.url, path, asking(path, provider))
    assert answer.body == odd
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


@same_dialect
def test_the_stream_is_byte_identical(upstream: Upstream, gateway: Gateway, provider: str, path: str) -> None:
    unheard_of = answers.sse({"type": "unheard_of", "choices": []}, "unheard_of")
    first, *rest = streaming(provider, "Hel", "lo")
    frames = [first, b": comment\n\n", unheard_of, *rest]
    upstream.script(provider, streamed(frames))
    body = asking(path, provider, stream=True, **_usage_asked(path))
    assert post(gateway.url, path, body).body == b"".join(frames)


def _usage_asked(path: str) -> Any:
    return {"stream_options": {"include_usage": True}} if path == CHAT else {}


@same_dialect
def test_only_the_model_changes(upstream: Upstream, gateway: Gateway, provider: str, path: str) -> None:
    upstream.script(provider, whole(saying(provider)))
    answer = post(gateway.url, path, ODD_REQUEST % f"renamed-{provider}".encode())
    assert upstream.only().body == ODD_REQUEST % b"up-model"
    assert answer.headers["x-dragoman-model"] == "up-model"


def test_only_the_usage_is_added_to_a_stream(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("a", streamed(streaming("a", "Hi")))
    body = ODD_REQUEST[:-1] % b"a" + b', "stream": true}'
    post(gateway.url, CHAT, body)
    sent = upstream.only().body
    assert json.loads(sent) == json.loads(body) | {"stream_options": {"include_usage": True}}
    assert sent.startswith(body[:100])


def test_completions_pass(upstream: Upstream, gateway: Gateway) -> None:
    choice = {"text": "four", "index": 0, "logprobs": None, "finish_reason": "stop"}
    completion = {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [choice]}
    upstream.script("a", whole(completion))
    answer = post(gateway.url, "/v1/completions", {"model": "a", "prompt": "2+2="})
    assert oracles.check_openai_completion_response(answer.json()) == []
    assert upstream.only().path == "/a/v1/completions"


@every_pair
def test_headers(upstream: Upstream, gateway: Gateway, path: str, provider: str) -> None:
    upstream.script(provider, whole(saying(provider)))
    answer = post(gateway.url, path, asking(path, f"renamed-{provider}"), {"x-request-id": "mine-1"})
    ours = {name: value for name, value in answer.headers.items() if name.startswith("x-")}
    assert ours["x-request-id"] == "mine-1"
    assert ours["x-dragoman-provider"] == provider
    assert ours["x-dragoman-model"] == "up-model"
    assert ours["x-dragoman-attempts"] == "1"


def test_a_request_id_is_made_where_there_is_none(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("a", whole(saying("a")), whole(saying("a")))
    first, second = (post(gateway.url, CHAT, chat("a")).headers["x-request-id"] for _ in range(2))
    assert len(first) >= 16 and first != second


@pytest.mark.parametrize("header", ["x-dragoman-model", "x-ai-eg-model"])
def test_the_model_may_come_in_a_header(upstream: Upstream, gateway: Gateway, header: str) -> None:
    upstream.script("a", whole(saying("a")))
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    assert post(gateway.url, CHAT, body, {header: "a"}).headers["x-dragoman-provider"] == "a"


@every_pair
def test_chunks_are_not_held_back(upstream: Upstream, gateway: Gateway, path: str, provider: str) -> None:
    hold = Hold()
    frames: list[Step] = list(streaming(provider, "first", "second"))
    second = next(i for i, frame in enumerate(frames) if isinstance(frame, bytes) and b"second" in frame)
    upstream.script(provider, streamed([*frames[:second], hold, *frames[second:]]))
    with reading(gateway.url, path, asking(path, provider, stream=True)) as stream:
        assert b"second" not in stream.until(b"first")
        hold.release()
        assert b"second" in stream.rest()


Shape = Callable[[list[bytes]], list[Step]]
SHAPES: dict[str, Shape] = {
    "crlf": answers.crlf,
    "comments": answers.commented,
    "bytewise": lambda frames: answers.cut_every(frames, 1),
    "in one piece": lambda frames: [b"".join(frames)],
    "no last blank line": answers.without_last_blank_line,
}


@every_pair
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_a_stream(
    upstream: Upstream, gateway: Gateway, path: str, provider: str, shape: str
) -> None:
    upstream.script(provider, streamed(SHAPES[shape](streaming(provider, "Grüße", " 🌍"))))
    assert_says(path, post(gateway.url, path, asking(path, provider, stream=True)).body, "Grüße 🌍")


@every_pair
@pytest.mark.parametrize("encoding", answers.ENCODERS)
def test_encodings_of_a_stream(
    upstream: Upstream, gateway: Gateway, path: str, provider: str, encoding: str
) -> None:
    hold = Hold()
    frames = streaming(provider, "Grüße", " 🌍")
    text = next(number for number, frame in enumerate(frames) if "Grüße".encode() in frame) + 1
    upstream.script(provider, streamed([*frames[:text], hold, *frames[text:]], encoding))
    with reading(gateway.url, path, asking(path, provider, stream=True)) as stream:
        stream.until("Grüße".encode())
        hold.release()
        assert "content-encoding" not in stream.headers
        assert_says(path, stream.rest(), "Grüße 🌍")


@every_pair
@pytest.mark.parametrize("encoding", answers.ENCODERS)
def test_encodings_of_a_whole(
    upstream: Upstream, gateway: Gateway, path: str, provider: str, encoding: str
) -> None:
    upstream.script(provider, whole(saying(provider, "Hello there"), encoding=encoding))
    answer = post(gateway.url, path, asking(path, provider))
    assert "content-encoding" not in answer.headers
    assert "Hello there" in json.dumps(answer.json())


def assert_says(path: str, stream: bytes, text: str) -> None:
    if path == CHAT:
        assert oracles.check_openai_stream(stream, include_usage=False) == []
        assert oracles.openai_stream_final(stream)[0].choices[0].message.content == text
    else:
        assert oracles.check_anthropic_stream(stream) == []
        assert oracles.anthropic_stream_final(stream).content[0].to_dict()["text"] == text


@every_pair
@pytest.mark.parametrize("encoding", ["gzip", "br", "unheard-of"])
def test_a_lying_encoding_is_seen_through(
    upstream: Upstream, gateway: Gateway, path: str, provider: str, encoding: str
) -> None:
    upstream.script(provider, whole(saying(provider, "Hello"), headers={"content-encoding": encoding}))
    answer = post(gateway.url, path, asking(path, provider))
    assert "Hello" in json.dumps(answer.json())
    assert "content-encoding" not in answer.headers


@functools.cache
def bomb() -> bytes:
    """Some 300 KB that become 300 MB."""
    return gzip.compress(b" " * (300 << 20), compresslevel=1)


@every_pair
def test_a_decompression_bomb_is_a_bad_answer(
    upstream: Upstream, gateway: Gateway, path: str, provider: str
) -> None:
    before = gateway.memory()
    explosive = whole(bomb(), headers={"content-encoding": "gzip"})
    upstream.script(provider, explosive, explosive)
    assert post(gateway.url, path, asking(path, provider)).status == 502
    assert gateway.memory() - before < 150 << 20


def test_models(gateway: Gateway) -> None:
    listed = request(gateway.url, "GET", "/v1/models").json()
    assert oracles.check_openai_models_response(listed) == []
    assert {"a", "refused-a-b-c"} <= {model["id"] for model in listed["data"]}
    assert request(gateway.url, "GET", "/v1/models/refused-a-b-c").json()["id"] == "refused-a-b-c"
    assert request(gateway.url, "GET", "/v1/models/nope").status == 404


def test_models_of_anthropic(gateway: Gateway, anthropic_sdk: Any) -> None:
    assert "anth_a" in {model.id for model in anthropic_sdk.models.list()}
