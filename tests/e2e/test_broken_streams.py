"""Streams that break after the client has had a part: an error event, a clean end, no fabricated finish."""

import http.client
import json
from typing import Any

import anthropic
import openai
import pytest

from tests import oracles
from tests.e2e import answers
from tests.e2e.answers import DONE, at_once, streamed, streaming
from tests.e2e.client import CHAT, MESSAGES, Stream, chat, messages
from tests.e2e.client import streaming as reading
from tests.gateway import Gateway
from tests.upstream import PATIENCE, Hold, Step, Upstream, close, hang, reset

every_pair = pytest.mark.parametrize(
    ("path", "provider"), [(CHAT, "a"), (CHAT, "anth_a"), (MESSAGES, "a"), (MESSAGES, "anth_a")]
)


def asking(path: str, model: str) -> Any:
    return chat(model, stream=True) if path == CHAT else messages(model, stream=True)


def said_so_far(provider: str) -> list[bytes]:
    """The beginning of a stream, with the text "so far" in it."""
    frames = streaming(provider, "so far", "never seen")
    return frames[: next(i for i, frame in enumerate(frames) if b"never seen" in frame)]


def answered(gateway: Gateway, upstream: Upstream, path: str, model: str, steps: list[Step]) -> bytes:
    """The body that a client gets, having seen "so far" before the `Hold` in `steps` was released."""
    provider = model.removeprefix("idle-").split("-")[0]
    upstream.script(provider, steps)
    with reading(gateway.url, path, asking(path, model)) as stream:
        stream.until(b"so far")
        for step in steps:
            if isinstance(step, Hold):
                step.release()
        return stream.rest()


def assert_ends_in_error(path: str, body: bytes) -> None:
    """The text once, then an error event that the SDK raises, and nothing that says it is finished."""
    assert body.count(b"so far") == 1
    last = oracles.sse_events(body)[-1]
    if path == MESSAGES:
        assert last[0] == "error"
        assert json.loads(last[1])["type"] == "error"
        assert b"message_stop" not in body and b"end_turn" not in body
    else:
        events = [data for _, data in oracles.sse_events(body) if data != "[DONE]"]
        assert json.loads(events[-1])["error"]["message"]
        assert b'"finish_reason":"stop"' not in body.replace(b" ", b"")
    with pytest.raises((openai.APIError, anthropic.APIError)):
        oracles.openai_stream_final(body) if path == CHAT else oracles.anthropic_stream_final(body)
    assert b"127.0.0.1" not in body


@every_pair
@pytest.mark.parametrize("ending", [reset, close])
def test_the_connection_breaks(
    upstream: Upstream, gateway: Gateway, path: str, provider: str, ending: Any
) -> None:
    steps = streamed([*said_so_far(provider), Hold(), ending])
    assert_ends_in_error(path, answered(gateway, upstream, path, provider, steps))


@every_pair
def test_no_second_provider_is_asked(upstream: Upstream, gateway: Gateway, path: str, provider: str) -> None:
    model = {"a": "a-b", "anth_a": "anth_a-anth_b"}[provider]
    steps = streamed([*said_so_far(provider), Hold(), reset])
    assert_ends_in_error(path, answered(gateway, upstream, path, model, steps))
    assert upstream.only().provider == provider


@every_pair
def test_an_error_event(upstream: Upstream, gateway: Gateway, path: str, provider: str) -> None:
    error = answers.error(provider)
    event = answers.sse(error, "error" if answers.speaks_anthropic(provider) else "")
    steps = streamed([*said_so_far(provider), Hold(), event])
    body = answered(gateway, upstream, path, provider, steps)
    assert_ends_in_error(path, body)
    assert b"slow down" in body


@every_pair
def test_silence(upstream: Upstream, gateway: Gateway, path: str, provider: str) -> None:
    steps = at_once(streamed([*said_so_far(provider), hang]))
    assert_ends_in_error(path, answered(gateway, upstream, path, f"idle-{provider}", steps))
    assert upstream.only().gone.wait(PATIENCE)


@every_pair
def test_the_stream_ends_without_its_end(
    upstream: Upstream, gateway: Gateway, path: str, provider: str
) -> None:
    steps = streamed([*said_so_far(provider), Hold()])
    assert_ends_in_error(path, answered(gateway, upstream, path, provider, steps))


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_done_without_a_finish_reason(upstream: Upstream, gateway: Gateway, path: str) -> None:
    """OpenAI's `[DONE]` alone does not say why the answer ended, so no reason is made up."""
    body = answered(gateway, upstream, path, "a", streamed([*said_so_far("a"), DONE]))
    assert b"end_turn" not in body and b'"finish_reason":"stop"' not in body.replace(b" ", b"")


@every_pair
@pytest.mark.parametrize("garbage", [b"data: {not json\n\n", b'data: [1, "x"]\n\n', b"data: \xff\xfe\n\n"])
def test_garbage_between_the_events(
    upstream: Upstream, gateway: Gateway, path: str, provider: str, garbage: bytes
) -> None:
    steps = streamed([*said_so_far(provider), Hold(), garbage, close])
    body = answered(gateway, upstream, path, provider, steps)
    assert_ends_in_error(path, body.replace(garbage, b""))


@every_pair
def test_a_broken_compression(upstream: Upstream, gateway: Gateway, path: str, provider: str) -> None:
    steps = streamed([*said_so_far(provider), Hold()], "gzip")
    steps[-2:] = [answers.chunk(b"\xff" * 50), close]
    assert_ends_in_error(path, answered(gateway, upstream, path, provider, steps))


@every_pair
def test_the_connection_is_good_for_another_request(
    upstream: Upstream, gateway: Gateway, path: str, provider: str
) -> None:
    """The error ends the body properly, so the same client connection serves the next request."""
    hold = Hold()
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    broken = streamed([*said_so_far(provider), hold, reset])
    upstream.script(provider, broken, streamed(streaming(provider, "well")))
    for expected in (b"so far", b"well"):
        body = json.dumps(asking(path, provider))
        connection.request("POST", path, body, {"content-type": "application/json"})
        stream = Stream(connection.getresponse())
        stream.until(expected)
        hold.release()
        stream.rest()
    connection.close()
