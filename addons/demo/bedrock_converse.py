"""AWS Bedrock's Converse: the answers. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"""

import base64
import re
from collections.abc import Iterator
from typing import Any

import orjson

from addons.demo import bedrock_errors, eventstream
from addons.demo.answer import Answer, Ask, Choice, Content, Endpoint, Finish, Frames, Usage
from addons.demo.bedrock_converse_request import cacheable, read, read_streamed
from addons.demo.signature import signature
from addons.demo.wire import Json, dump, items, members, words

FINISHES: dict[Finish, str] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tools": "tool_use",
    "refusal": "content_filtered",
}
LATENCY = 7
"""Milliseconds that every answer claims to have taken: no clock is asked."""


def write(ask: Ask, answer: Answer) -> Content:
    choice = answer.choices[0]
    message = {"role": "assistant", "content": [block for block, _, _ in _blocks(choice)]}
    ended = {} if ask.model == "no-finish" else _ended(ask, choice)
    return Content(dump({"output": {"message": message}, **ended, **_metadata(ask, answer.usage)}))


def _ended(ask: Ask, choice: Choice) -> Json:
    """Why it ended, with the native fields that were asked for: `/stop_sequence` is the one that there is."""
    paths = items(ask.body.get("additionalModelResponseFieldPaths"))
    native = {"stop_sequence": choice.stop_sequence} if "/stop_sequence" in paths else None
    more = {"additionalModelResponseFields": native} if native else {}
    return {"stopReason": FINISHES[choice.finish], **more}


def _metadata(ask: Ask, used: Usage) -> Json:
    """Usage, and each setting that was asked for, as it was served."""
    served = ("performanceConfig", "serviceTier")
    said = {name: ask.body[name] for name in served if members(ask.body.get(name))}
    return {"usage": _usage(ask, used), "metrics": {"latencyMs": LATENCY}, **said}


def _usage(ask: Ask, used: Usage) -> Json:
    """Cached tokens are counted beside `inputTokens`, not in them."""
    usage: Json = {
        "inputTokens": used.input - used.cache_read - used.cache_write,
        "outputTokens": used.output,
        "totalTokens": used.input + used.output,
        "cacheReadInputTokens": used.cache_read,
        "cacheWriteInputTokens": used.cache_write,
    }
    if used.cache_write:
        usage["cacheDetails"] = [{"ttl": cacheable(ask.body)[1], "inputTokens": used.cache_write}]
    return usage


def _blocks(choice: Choice) -> Iterator[tuple[Json, Json | None, list[Json]]]:
    """Each block of the answer: whole; how its stream starts, if it is a call; and its deltas."""
    if choice.thinking:
        signed = signature("thinking", choice.thinking)
        thought: list[Json] = [{"text": word} for word in words(choice.thinking)]
        deltas = [{"reasoningContent": delta} for delta in (*thought, {"signature": signed})]
        whole = {"reasoningText": {"text": choice.thinking, "signature": signed}}
        yield {"reasoningContent": whole}, None, deltas
    if choice.redacted:
        hidden = {
            "reasoningContent": {"redactedContent": base64.b64encode(choice.redacted.encode()).decode()}
        }
        yield hidden, None, [hidden]
    if said := choice.text or choice.refusal:
        yield {"text": said}, None, [{"text": word} for word in words(said)]
    for call in choice.calls:
        opened = {"toolUseId": f"tooluse_{call.id}", "name": call.name}
        arguments: Any = orjson.loads(call.arguments)
        fragments: list[Json] = [{"toolUse": {"input": fragment}} for fragment in call.fragments()]
        yield {"toolUse": {**opened, "input": arguments}}, {"toolUse": opened}, fragments


def stream(ask: Ask, answer: Answer) -> Frames:
    choice, breaks = answer.choices[0], bedrock_errors.Breaks()

    def head() -> Iterator[bytes]:
        breaks.begin()
        yield eventstream.event("messageStart", {"role": "assistant"})

    def content() -> Iterator[bytes]:
        for index, (_, start, deltas) in enumerate(_blocks(choice)):
            numbered = {"contentBlockIndex": index}
            if start:
                yield eventstream.event("contentBlockStart", {**numbered, "start": start})
            for delta in deltas:
                yield eventstream.event("contentBlockDelta", {**numbered, "delta": delta})
            yield eventstream.event("contentBlockStop", numbered)

    def tail() -> Iterator[bytes]:
        yield eventstream.event("messageStop", _ended(ask, choice))
        yield eventstream.event("metadata", _metadata(ask, answer.usage))

    return Frames(head(), content(), tail(), breaks.frame, eventstream.TYPE)


ENDPOINTS = (
    Endpoint(
        path=re.compile("/model/(?P<model>[^/]+)/converse"),
        read=read,
        write=write,
        error=bedrock_errors.write,
        headers=bedrock_errors.headers,
    ),
    Endpoint(
        path=re.compile("/model/(?P<model>[^/]+)/converse-stream"),
        read=read_streamed,
        write=write,
        stream=stream,
        error=bedrock_errors.write,
        headers=bedrock_errors.headers,
    ),
)
