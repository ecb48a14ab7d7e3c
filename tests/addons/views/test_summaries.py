"""What is shown of wire formats that have no canonical form."""

import base64
import json
from typing import Any

from addons.views.page import Page
from addons.views.summaries import SUMMARIES

USAGE = {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27}
CALL = {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": '{"city":"Paris"}'}


def request(name: str, body: Any) -> list[str]:
    page = Page()
    SUMMARIES[name].request(body, page)
    return lines(page)


def answer(name: str, body: Any) -> list[str]:
    page = Page()
    SUMMARIES[name].answer(body, page)
    return lines(page)


def lines(page: Page) -> list[str]:
    """What stands on a page, headings without their lines."""
    return [line.strip(" ─") for line in page.written().split("\n") if line]


def test_a_completion() -> None:
    assert request("openai_completions", {"model": "m", "prompt": "Once", "max_tokens": 5}) == [
        *("model: m", "max_tokens: 5", "prompt", "Once"),
    ]
    body = {"model": "m", "choices": [{"index": 0, "text": " upon", "finish_reason": "stop"}], "usage": USAGE}
    told = ["model: m", "text", "upon", "finish: stop", "end", "usage: 20 input, 7 output"]
    assert answer("openai_completions", body) == told


def test_embeddings_are_counted() -> None:
    assert request("openai_embeddings", {"model": "m", "input": ["a", "b"]})[1:] == [
        *("input 1", "a", "input 2", "b"),
    ]
    assert request("openai_embeddings", {"model": "m", "input": [1, 2, 3]})[1:] == ["input", "3 tokens"]
    data = [{"embedding": [0.1] * 1536}, {"embedding": [0.2] * 1536}]
    assert "embeddings: 2, 1,536 numbers" in answer("openai_embeddings", {"model": "m", "data": data})
    packed = base64.b64encode(bytes(4 * 768)).decode()
    assert "embeddings: 1, base64 of 768 numbers" in answer(
        "openai_embeddings", {"data": [{"embedding": packed}]}
    )


def test_a_picture_is_a_size() -> None:
    data = [{"b64_json": base64.b64encode(bytes(1000)).decode()}, {"url": "https://x.example/y.png"}]
    told = answer("openai_images", {"data": data})
    assert "image 1: png, 1,000 bytes" in told and "image 2: https://x.example/y.png" in told


def test_responses() -> None:
    asked = {
        "model": "m",
        "instructions": "Be kind.",
        "tools": [{"type": "function", "name": "get_weather"}, {"type": "web_search"}],
        "input": [
            {"role": "user", "content": [
                {"type": "input_text", "text": "Look"},
                {"type": "input_image", "image_url": "data:image/png;base64," + "iVBO" * 3},
            ]},
            CALL,
            {"type": "function_call_output", "call_id": "c1", "output": "18 °C"},
        ],
    }  # fmt: skip
    assert request("openai_responses", asked) == [
        *("model: m", "tools: get_weather, web_search", "instructions", "Be kind."),
        *("user", "Look", "[image: image/png, 9 bytes]", "assistant", "→ get_weather  c1", "{"),
        *('"city": "Paris"', "}", "tool result c1", "18 °C"),
    ]
    output = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Warm."}]},
    ]
    usage = {"input_tokens": 9, "output_tokens": 3, "output_tokens_details": {"reasoning_tokens": 1}}
    body = {"object": "response", "status": "completed", "output": output, "usage": usage}
    assert answer("openai_responses", body) == [
        *("assistant", "(thinking)", "Hm.", "assistant", "Warm."),
        *("end", "finish: completed", "usage: 9 input, 3 output, 1 reasoning"),
    ]
    ends = SUMMARIES["openai_responses"].ends
    assert ends and ends({"type": "response.completed", "response": json.loads(json.dumps(body))}) == body
    assert ends({"type": "response.output_text.delta", "delta": "x"}) is None


def test_rerank_and_embed() -> None:
    asked = {"model": "m", "query": "Who?", "documents": ["He.", {"text": "She."}], "top_n": 1}
    told = request("cohere_rerank", asked)
    assert told[:4] == ["model: m", "top_n: 1", "query", "Who?"] and told[-1] == "text She."
    body = {"results": [{"index": 1, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}}
    assert answer("cohere_rerank", body) == ["document 1: 0.9", "billed: search_units 1"]
    assert request("cohere_embed", {"model": "m", "texts": ["a"]})[-2:] == ["texts", "a"]
    assert answer("cohere_embed", {"embeddings": {"float": [[1, 2]]}}) == [
        "embeddings: 1 of float, 2 numbers"
    ]
