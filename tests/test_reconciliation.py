"""What each vendor's answer says it took, and what that costs: the vendor's own arithmetic, by hand.

A vendor is a row of `BILLS`. One whose dialect is not there yet is only priced; its wire shape waits.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from addons.catalogue import Sought, steps
from addons.prices import cost_usd
from tests.e2e.answers import DONE, Json, anthropic_event, sse
from translators import DIALECTS, SPOKEN
from translators.canonical import Usage
from translators.translator import Outcome, Translator

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Bill:
    """One answer, and what it comes to."""

    kind: str
    model: str
    dialect: str
    whole: Json
    usage: Usage
    dollars: float
    stream: list[bytes] = field(default_factory=list[bytes])
    tier: str = ""

    def __str__(self) -> str:
        return f"{self.kind}-{self.model}-{self.dialect}"


def chat(model: str, usage: Json, **fields: Any) -> Json:
    message = {"role": "assistant", "content": "Hi"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]} | {
        "usage": usage,
        **fields,
    }


def chunks(model: str, *usages: Json | None, **fields: Any) -> list[bytes]:
    """A stream with one chunk for each state of the usage; a `None` is told as null."""
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model}
    said = {"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    frames = [sse(head | {"choices": [said], "usage": usage}) for usage in usages[:-1]]
    last = head | {"choices": [], "usage": usages[-1], **fields}
    return [*frames, sse(head | {"choices": [said]}), sse(head | {"choices": [end]}), sse(last), DONE]


def message(model: str, usage: Json) -> Json:
    content = [{"type": "text", "text": "Hi"}]
    return {"id": "m", "type": "message", "role": "assistant", "model": model, "content": content} | {
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }


def events(model: str, first: Json, last: Json) -> list[bytes]:
    """A message's stream with the usage of its start and of its end."""
    return [
        anthropic_event(
            "message_start", message=message(model, first) | {"content": [], "stop_reason": None}
        ),
        anthropic_event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        anthropic_event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hi"}),
        anthropic_event("content_block_stop", index=0),
        anthropic_event("message_delta", delta={"stop_reason": "end_turn"}, usage=last),
        anthropic_event("message_stop"),
    ]


def response(model: str, usage: Json | None, status: str = "completed") -> Json:
    return {"id": "r", "object": "response", "created_at": 1, "model": model, "status": status} | {
        "output": [],
        "usage": usage,
    }


def response_events(model: str, usage: Json) -> list[bytes]:
    return [
        sse({"type": "response.created", "response": response(model, None, "in_progress")}),
        sse({"type": "response.output_text.delta", "delta": "Hi"}),
        sse({"type": "response.completed", "response": response(model, usage)}),
    ]


OPENAI = {
    "prompt_tokens": 2006,
    "completion_tokens": 300,
    "total_tokens": 2306,
    "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 192, "audio_tokens": 0},
}
EARLY = {"prompt_tokens": 2006, "completion_tokens": 1, "total_tokens": 2007}
RESPONSES = {
    "input_tokens": 2006,
    "input_tokens_details": {"cached_tokens": 1920, "cache_write_tokens": 0},
    "output_tokens": 300,
    "output_tokens_details": {"reasoning_tokens": 192},
    "total_tokens": 2306,
}
CLAUDE = {
    "input_tokens": 50,
    "cache_read_input_tokens": 10_000,
    "cache_creation_input_tokens": 556,
    "cache_creation": {"ephemeral_5m_input_tokens": 456, "ephemeral_1h_input_tokens": 100},
    "output_tokens": 503,
    "service_tier": "standard",
}
COUNTED = Usage(10_606, 503, 10_000, 556, 100)
LATE = {"input_tokens": 50, "output_tokens": 1}
COMPACTED = {
    "input_tokens": 50,
    "output_tokens": 503,
    "iterations": [
        {"type": "compaction", "input_tokens": 1000, "output_tokens": 200},
        {"type": "message", "input_tokens": 50, "output_tokens": 503},
    ],
}
CONVERSE = {
    "inputTokens": 100,
    "outputTokens": 50,
    "totalTokens": 180,
    "cacheReadInputTokens": 20,
    "cacheWriteInputTokens": 10,
}
GEMINI = {
    "promptTokenCount": 1000,
    "cachedContentTokenCount": 400,
    "toolUsePromptTokenCount": 50,
    "candidatesTokenCount": 200,
    "thoughtsTokenCount": 300,
    "totalTokenCount": 1550,
}

# USD per million tokens: https://openai.com/api/pricing, https://platform.claude.com/docs/en/about-claude/pricing,
# https://aws.amazon.com/bedrock/pricing, https://ai.google.dev/gemini-api/docs/pricing, https://cohere.com/pricing
BILLS = [
    Bill(
        *("openai", "gpt-4o-2024-08-06", "openai_chat"),
        chat("gpt-4o-2024-08-06", OPENAI),
        Usage(2006, 300, 1920, reasoning=192, audio_input=0, audio_output=0),
        (86 * 2.50 + 1920 * 1.25 + 300 * 10.00) / 1e6,
        chunks("gpt-4o-2024-08-06", None, OPENAI),
    ),
    Bill(  # counts that grow from chunk to chunk, with the cached ones at the end
        *("openai", "gpt-4o-mini", "openai_chat"),
        chat("gpt-4o-mini", OPENAI),
        Usage(2006, 300, 1920, reasoning=192, audio_input=0, audio_output=0),
        (86 * 0.15 + 1920 * 0.075 + 300 * 0.60) / 1e6,
        chunks("gpt-4o-mini", EARLY, None, OPENAI),
    ),
    Bill(
        *("openai", "gpt-5", "openai_chat"),
        chat("gpt-5", OPENAI, service_tier="flex"),
        Usage(2006, 300, 1920, reasoning=192, audio_input=0, audio_output=0),
        (86 * 0.625 + 1920 * 0.0625 + 300 * 5.00) / 1e6,
        chunks("gpt-5", OPENAI, service_tier="flex"),
        tier="flex",
    ),
    Bill(
        *("azure-openai", "gpt-4o", "openai_chat"),
        chat("gpt-4o-2024-11-20", OPENAI),
        Usage(2006, 300, 1920, reasoning=192, audio_input=0, audio_output=0),
        (86 * 2.50 + 1920 * 1.25 + 300 * 10.00) / 1e6,
        chunks("gpt-4o-2024-11-20", OPENAI),
    ),
    Bill(
        *("openai", "gpt-5", "openai_responses"),
        response("gpt-5", RESPONSES),
        Usage(2006, 300, 1920, 0, reasoning=192),
        (86 * 1.25 + 1920 * 0.125 + 300 * 10.00) / 1e6,
        response_events("gpt-5", RESPONSES),
    ),
    Bill(
        *("openai", "text-embedding-3-small", "openai_embeddings"),
        {"object": "list", "model": "text-embedding-3-small", "data": []}
        | {"usage": {"prompt_tokens": 800, "total_tokens": 800}},
        Usage(800),
        800 * 0.02 / 1e6,
    ),
    Bill(
        *("openai", "gpt-image-1", "openai_images"),
        {"created": 1, "data": [{"b64_json": "AA"}]}
        | {
            "usage": {
                "input_tokens": 250,
                "input_tokens_details": {"image_tokens": 200, "text_tokens": 50},
                "output_tokens": 1056,
                "total_tokens": 1306,
            }
        },
        Usage(250, 1056, image_input=200, images=1),
        (50 * 5.00 + 200 * 10.00 + 1056 * 40.00) / 1e6,
        [
            sse({"type": "image_generation.partial_image", "b64_json": "AA"}),
            sse(
                {
                    "type": "image_generation.completed",
                    "b64_json": "AA",
                    "usage": {
                        "input_tokens": 250,
                        "input_tokens_details": {"image_tokens": 200, "text_tokens": 50},
                        "output_tokens": 1056,
                        "total_tokens": 1306,
                    },
                }
            ),
        ],
    ),
    Bill(
        *("openai", "whisper-1", "openai_transcriptions"),
        {"text": "Hi", "usage": {"type": "duration", "seconds": 90}},
        Usage(audio_seconds=90),
        1.5 * 0.006,
    ),
    Bill(  # reasoning counted beside the answer: the total is the sum of all three
        *("xai", "grok-3-mini", "openai_chat"),
        chat(
            "grok-3-mini",
            {"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135}
            | {"completion_tokens_details": {"reasoning_tokens": 94}},
        ),
        Usage(32, 103, reasoning=94),
        (32 * 0.30 + 103 * 0.50) / 1e6,
    ),
    Bill(
        *("deepseek", "deepseek-chat", "openai_chat"),
        chat("deepseek-chat", EARLY | {"prompt_cache_hit_tokens": 6, "prompt_cache_miss_tokens": 2000}),
        Usage(2006, 1, 6),
        (2000 * 0.27 + 6 * 0.07 + 1 * 1.10) / 1e6,
    ),
    Bill(
        *("anthropic", "claude-haiku-4-5", "anthropic_messages"),
        message("claude-haiku-4-5", CLAUDE),
        COUNTED,
        (50 * 1.00 + 10_000 * 0.10 + 456 * 1.25 + 100 * 2.00 + 503 * 5.00) / 1e6,
        events("claude-haiku-4-5", CLAUDE | {"output_tokens": 1}, {"output_tokens": 503}),
    ),
    Bill(  # the cached counts come with the end, as some servers have it
        *("anthropic", "claude-haiku-4-5-20251001", "anthropic_messages"),
        message("claude-haiku-4-5-20251001", CLAUDE),
        COUNTED,
        (50 * 1.00 + 10_000 * 0.10 + 456 * 1.25 + 100 * 2.00 + 503 * 5.00) / 1e6,
        events("claude-haiku-4-5-20251001", LATE, CLAUDE),
    ),
    Bill(  # what is spent on compacting stands beside the sums
        *("anthropic", "claude-sonnet-4-5", "anthropic_messages"),
        message("claude-sonnet-4-5", COMPACTED),
        Usage(1050, 703),
        (1050 * 3.00 + 703 * 15.00) / 1e6,
    ),
    Bill(
        *("aws-anthropic", "anthropic.claude-sonnet-4-20250514-v1:0", "anthropic_messages"),
        message("claude-sonnet-4-20250514", CLAUDE | {"cache_creation": None}),
        Usage(10_606, 503, 10_000, 556),
        (50 * 3.00 + 10_000 * 0.30 + 556 * 3.75 + 503 * 15.00) / 1e6,
        events("claude-sonnet-4-20250514", LATE, CLAUDE | {"cache_creation": None}),
    ),
    Bill(
        *("gcp-anthropic", "claude-haiku-4-5@20251001", "anthropic_messages"),
        message("claude-haiku-4-5-20251001", {"input_tokens": 50, "output_tokens": 503}),
        Usage(50, 503),
        (50 * 1.00 + 503 * 5.00) / 1e6,
    ),
    Bill(  # Converse counts cached tokens apart from the input
        *("aws-bedrock", "anthropic.claude-sonnet-4-20250514-v1:0", "bedrock_converse"),
        {"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}, "stopReason": "end_turn"}
        | {"usage": CONVERSE},
        Usage(130, 50, 20, 10),
        (100 * 3.00 + 20 * 0.30 + 10 * 3.75 + 50 * 15.00) / 1e6,
    ),
    Bill(  # Gemini counts cached tokens in the prompt, but thoughts and the results of tools beside
        *("gemini", "gemini-2.5-pro", "gemini_generate"),
        {"modelVersion": "gemini-2.5-pro", "responseId": "g", "usageMetadata": GEMINI}
        | {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]},
        Usage(1050, 500, 400, reasoning=300),
        (650 * 1.25 + 400 * 0.125 + 500 * 10.00) / 1e6,
    ),
    Bill(  # a prompt of more than 200,000 tokens has the price of long ones, all of it
        *("gcp-vertex", "gemini-2.5-pro", ""),
        {},
        Usage(300_000, 500, 100_000, reasoning=300),
        (200_000 * 2.50 + 100_000 * 0.25 + 500 * 15.00) / 1e6,
    ),
    Bill(  # Cohere bills fewer tokens than it reads
        *("cohere", "command-r-plus-08-2024", ""),
        {
            "usage": {
                "billed_units": {"input_tokens": 17, "output_tokens": 12},
                "tokens": {"input_tokens": 215},
            }
        },
        Usage(17, 12),
        (17 * 2.50 + 12 * 10.00) / 1e6,
    ),
]
SPOKEN_BILLS = [bill for bill in BILLS if bill.dialect in SPOKEN]


@pytest.mark.parametrize("bill", BILLS, ids=str)
def test_dollars(bill: Bill) -> None:
    found = steps(Sought(bill.kind, "", bill.model, str(bill.whole.get("model", "")), bill.tier), NOW)
    price = next(price for over, price in reversed(found) if (bill.usage.input or 0) > over)
    assert cost_usd(bill.usage, price) == pytest.approx(bill.dollars, rel=1e-9)


@pytest.mark.parametrize("bill", SPOKEN_BILLS, ids=str)
def test_a_whole_answer(bill: Bill) -> None:
    outcome = Outcome()
    for event in SPOKEN[bill.dialect].told(bill.whole):
        outcome.see(event)
    assert outcome.used and outcome.used.usage == bill.usage
    assert (outcome.used.service_tier or "") in (bill.tier, "default")


@pytest.mark.parametrize(
    ("bill", "source"),
    [
        (bill, source)
        for bill in SPOKEN_BILLS
        if bill.stream
        for source in (DIALECTS if bill.dialect in DIALECTS else [bill.dialect])
    ],
    ids=str,
)
def test_a_stream(bill: Bill, source: str) -> None:
    """As it passes, and as it is told in any other dialect."""
    translator = Translator(SPOKEN[source], SPOKEN[bill.dialect])
    stream = translator.stream(created=1)
    for frame in bill.stream:
        stream.feed(frame)
    stream.close()
    outcome = translator.outcome
    assert outcome.complete and not outcome.failed
    assert outcome.used and outcome.used.usage == bill.usage
    assert (outcome.used.service_tier or "") in (bill.tier, "default")


@pytest.mark.parametrize("bill", [bill for bill in SPOKEN_BILLS if bill.stream], ids=str)
def test_a_stream_that_breaks_tells_no_more_than_it_was_told(bill: Bill) -> None:
    """At any frame: what is known by then was said by the vendor, and nothing of it counts twice."""
    target = SPOKEN[bill.dialect]
    for cut in range(len(bill.stream) - 1):
        translator = Translator(target, target)
        stream = translator.stream(created=1)
        for frame in bill.stream[:cut]:
            stream.feed(frame)
        stream.close()
        used = translator.outcome.used
        assert not used or (used.usage.input or 0) <= (bill.usage.input or 0)
        assert not used or (used.usage.output or 0) <= (bill.usage.output or 0)
