"""What each endpoint's answer has used and cost, in the log and in the header, also if a stream breaks."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import answers
from tests.e2e.answers import DONE, head, saying, sse, streamed, whole
from tests.e2e.client import CHAT, MESSAGES, Json, chat, messages, post
from tests.e2e.client import streaming as reading
from tests.gateway import Gateway, running, standard_config
from tests.test_reconciliation import RESPONSES, response, response_events
from tests.upstream import Step, Upstream, close, hang

PRICES = {
    "model-a": {"input": 2.0, "cached_input": 0.5, "output": 8.0, "reasoning": 10.0},
    "image": {"image": 0.04},
    "whisper": {"audio_minute": 0.006},
    "speech": {"request": 0.015},
    "embed": {"input": 0.02},
}
TOKENS = {"type": "tokens", "input_tokens": 20, "output_tokens": 7, "total_tokens": 27}
PLAIN = (20 * 2.0 + 7 * 8.0) / 1e6
CHATTED = (8 * 2.0 + 12 * 0.5 + 4 * 8.0 + 3 * 10.0) / 1e6
"""Of 20 tokens 12 were cached, and of 7 there were 3 of reasoning."""


@pytest.fixture(scope="module")
def priced(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config = standard_config(loopback.url)
    config["server"] |= {"cost_header": True, "allow_direct": True}
    config["providers"]["a"]["prices"] = PRICES
    with running(config, tmp_path_factory.mktemp("priced")) as gateway:
        yield gateway


def form(model: str, **fields: str) -> tuple[bytes, dict[str, str]]:
    """A multipart form with a sound."""
    parts = [f'Content-Disposition: form-data; name="{n}"\r\n\r\n{v}' for n, v in fields.items()]
    parts.append(f'Content-Disposition: form-data; name="model"\r\n\r\n{model}')
    parts.append('Content-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF')
    body = "".join(f"--x\r\n{part}\r\n" for part in parts) + "--x--\r\n"
    return body.encode(), {"content-type": "multipart/form-data; boundary=x"}


def completion(**fields: Any) -> Json:
    choice = {"text": "four", "index": 0, "logprobs": None, "finish_reason": "stop"}
    made = {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [choice]}
    return made | fields


USED = {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27}
IMAGES = "/v1/images/generations"
WHOLE: list[tuple[str, Any, list[Step], Json, float | None]] = [
    (CHAT, chat("a/model-a"), whole(saying("a")), {"input_tokens": 20, "cached_tokens": 12}, CHATTED),
    (MESSAGES, messages("a/model-a"), whole(saying("a")), {"output_tokens": 7}, CHATTED),
    (CHAT, chat("a/model-a"), whole(saying("a") | {"usage": None}), {"input_tokens": None}, None),
    (
        "/v1/completions",
        {"model": "a/model-a", "prompt": "2+2="},
        whole(completion(usage=USED)),
        {"input_tokens": 20, "output_tokens": 7},
        PLAIN,
    ),
    (
        "/v1/embeddings",
        {"model": "a/embed", "input": "x"},
        whole({"object": "list", "model": "e", "data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}}),
        {"input_tokens": 8, "output_tokens": None},
        8 * 0.02 / 1e6,
    ),
    (
        "/v1/responses",
        {"model": "a/model-a", "input": "x"},
        whole(response("m", RESPONSES)),
        {"input_tokens": 2006, "reasoning_tokens": 192},
        (86 * 2.0 + 1920 * 0.5 + 108 * 8.0 + 192 * 10.0) / 1e6,
    ),
    (IMAGES, {"model": "a/image", "prompt": "x"}, whole({"data": [{"url": "u"}] * 3}), {}, 0.12),
    (
        "/v1/audio/speech",
        {"model": "a/speech", "input": "x"},
        [head(200, {"content-type": "audio/mpeg", "content-length": "3"}) + b"ID3"],
        {"usage_source": "none"},
        0.015,
    ),
    (
        "/v1/audio/transcriptions",
        form("a/whisper"),
        whole({"text": "x", "usage": {"type": "duration", "seconds": 30}}),
        {"usage_source": "provider"},
        0.003,
    ),
    ("/v1/audio/translations", form("a/model-a"), whole({"text": "x", "usage": TOKENS}), {}, PLAIN),
]


def send(gateway: Gateway, path: str, asked: Any) -> tuple[Any, Json]:
    """The answer, and its line in the log."""
    body, headers = asked if isinstance(asked, tuple) else (asked, None)
    answer = post(gateway.url, path, body, headers)
    return answer, gateway.logged(answer.headers["x-request-id"])


def cost_in(line: Json, cost: float | None) -> bool:
    return line["cost_usd"] == (None if cost is None else pytest.approx(cost, rel=1e-9))


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: case[0])
def test_whole_answers(upstream: Upstream, priced: Gateway, case: Any) -> None:
    path, asked, steps, told, cost = case
    upstream.script("a", steps)
    answer, line = send(priced, path, asked)
    assert answer.status == 200
    assert {name: line[name] for name in told} == told
    assert cost_in(line, cost)
    assert line["usage_source"] == ("none" if cost is None else told.get("usage_source", "provider"))
    if path != "/v1/audio/speech":  # a sound is passed on as it comes
        header = answer.headers.get("x-dragoman-cost-usd")
        assert header is None if cost is None else float(header) == line["cost_usd"] and "e" not in header


def done(kind: str, **fields: Any) -> list[Step]:
    return streamed([sse({"type": kind, "usage": TOKENS, **fields})])


STREAMS: list[tuple[str, Any, list[Step], float]] = [
    (CHAT, chat("a/model-a"), streamed(answers.openai_stream("one")), CHATTED),
    (MESSAGES, messages("a/model-a"), streamed(answers.openai_stream("one")), CHATTED),
    (
        "/v1/completions",
        {"model": "a/model-a", "prompt": "x"},
        streamed([sse(completion()), sse(completion(choices=[], usage=USED)), DONE]),
        PLAIN,
    ),
    (
        "/v1/responses",
        {"model": "a/model-a", "input": "x"},
        streamed(response_events("m", RESPONSES)),
        (86 * 2.0 + 1920 * 0.5 + 108 * 8.0 + 192 * 10.0) / 1e6,
    ),
    (
        IMAGES,
        {"model": "a/image", "prompt": "x"},
        done("image_generation.completed", b64_json="AA"),
        0.04,
    ),
    ("/v1/audio/speech", {"model": "a/model-a", "input": "x"}, done("speech.audio.done"), PLAIN),
    (
        "/v1/audio/transcriptions",
        form("a/model-a", stream="true"),
        done("transcript.text.done", text="x"),
        PLAIN,
    ),
]


@pytest.mark.parametrize("case", STREAMS, ids=lambda case: case[0])
def test_streams(upstream: Upstream, priced: Gateway, case: Any) -> None:
    path, asked, steps, cost = case
    upstream.script("a", steps)
    answer, line = send(priced, path, asked if isinstance(asked, tuple) else asked | {"stream": True})
    assert answer.status == 200 and "x-dragoman-cost-usd" not in answer.headers
    assert cost_in(line, cost)
    assert (line["usage_source"], line["stream"]) == ("provider", True)
    assert 0 < line["ttft_ms"] <= line["duration_ms"]


def test_images_are_counted(upstream: Upstream, priced: Gateway) -> None:
    def made() -> float:
        lines = priced.metrics().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("dragoman_images_total{"))

    before = made()
    upstream.script("a", whole({"data": [{"b64_json": "AA"}, {"url": "u"}]}))
    send(priced, IMAGES, {"model": "a/image", "prompt": "x"})
    assert made() - before == 2


@pytest.mark.parametrize(
    "case",
    [
        ({"size": "512x512"}, {}, "512x512"),
        ({"size": "auto"}, {"size": "1536x1024"}, "1536x1024"),
        ({"size": "auto"}, {}, "auto"),
        ({"size": "777x555"}, {}, "other"),
        ({}, {"size": "<1>"}, "other"),
        ({}, {}, "unknown"),
    ],
)
@pytest.mark.parametrize("path", [IMAGES, "/v1/images/edits"])
def test_images_are_counted_by_their_size(
    upstream: Upstream, priced: Gateway, path: str, case: tuple[Json, Json, str]
) -> None:
    asked, told, size = case

    def made() -> float:
        lines = priced.metrics().splitlines()
        ours = (line for line in lines if line.startswith("dragoman_images_total{"))
        return sum(float(line.split()[-1]) for line in ours if f'image_size="{size}"' in line)

    before = made()
    upstream.script("a", whole({"data": [{"b64_json": "AA"}], **told}))
    picture = {"images": [{"image_url": "https://x.test/a"}]} if path != IMAGES else {}
    send(priced, path, {"model": "a/image", "prompt": "x", **picture, **asked})
    assert made() - before == 1


@pytest.mark.parametrize("kind", ["image_generation", "image_edit"])
def test_streamed_images_are_counted_too(upstream: Upstream, priced: Gateway, kind: str) -> None:
    def made() -> float:
        lines = priced.metrics().splitlines()
        ours = (line for line in lines if line.startswith("dragoman_images_total{"))
        return sum(float(line.split()[-1]) for line in ours if 'image_size="1024x1792"' in line)

    before = made()
    completed = sse({"type": f"{kind}.completed", "b64_json": "AA", "size": "1024x1792"})
    upstream.script("a", streamed([completed, completed]))
    path = IMAGES if kind == "image_generation" else "/v1/images/edits"
    picture = [{"image_url": "https://x.test/a"}]
    asked = {"model": "a/image", "prompt": "x", "images": picture, "n": 2, "stream": True}
    answer, _ = send(priced, path, asked)
    assert answer.body == completed * 2 and made() - before == 2


@pytest.mark.parametrize("end", [close, hang])
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_a_stream_that_ends_early_counts_what_was_told(
    upstream: Upstream, priced: Gateway, path: str, end: Step
) -> None:
    """Broken by the provider, or left by the client: the last counts that came, once."""
    early = {"prompt_tokens": 20, "completion_tokens": 1, "total_tokens": 21}
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}
    frames = [answers.OPENAI_FIRST, sse(chunk | {"usage": early}), sse(chunk | {"usage": early})]
    upstream.script("a", streamed([*frames, answers.openai_delta(content="one"), end]))
    ask = chat if path == CHAT else messages
    name = f"early-{path.strip('/').replace('/', '-')}-{end is close}"
    with reading(priced.url, path, ask("a/model-a", stream=True), {"x-request-id": name}) as stream:
        stream.until(b"one")
        if end is close:
            stream.rest()
    line = priced.logged(name)
    assert (line["usage_source"], line["input_tokens"], line["output_tokens"]) == ("partial", 20, 1)
    assert cost_in(line, (20 * 2.0 + 1 * 8.0) / 1e6)
    assert (line["status"], line["attempts"]) == ((200, ["a:broken"]) if end is close else (499, ["a:left"]))


def test_a_failed_attempt_costs_nothing(upstream: Upstream, priced: Gateway) -> None:
    """What a provider had counted before it failed at the head of a stream is not billed by it either."""
    error = sse(answers.anthropic_error("overloaded_error"), "error")
    upstream.script("anth_a", streamed([answers.ANTHROPIC_START + error]))
    upstream.script("a", streamed(answers.openai_stream("one")))
    answer = post(priced.url, CHAT, chat("anth_a-a", stream=True))
    line = priced.logged(answer.headers["x-request-id"])
    assert (line["input_tokens"], line["output_tokens"], line["provider"]) == (20, 7, "a")


def test_published_prices_count_without_a_word_in_the_configuration(
    upstream: Upstream, priced: Gateway
) -> None:
    upstream.script("anth_a", whole(answers.anthropic_message() | {"model": "claude-haiku-4-5-20251001"}))
    answer, line = send(priced, CHAT, chat("anth_a/claude-haiku-4-5"))
    assert cost_in(line, (8 * 1.0 + 12 * 0.1 + 7 * 5.0) / 1e6)
    assert float(answer.headers["x-dragoman-cost-usd"]) == line["cost_usd"]


def test_no_header_unless_it_is_asked_for(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("anth_a", whole(answers.anthropic_message() | {"model": "claude-haiku-4-5"}))
    answer = post(gateway.url, CHAT, chat("anth_a"), {})
    assert "x-dragoman-cost-usd" not in answer.headers
    assert json.dumps(gateway.logged(answer.headers["x-request-id"])["cost_usd"]) != "null"
