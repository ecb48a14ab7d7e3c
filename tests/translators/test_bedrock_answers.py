"""Converse's answers and streams: what is read of them, and what other vendors' clients are told."""

from typing import Any

import orjson
import pytest

from tests.oracles import converse_events, converse_stream_final
from translators import DIALECTS, bedrock_converse, eventstream
from translators.bedrock_converse import StreamReader, StreamWriter, read_response, write_response
from translators.bedrock_converse.fields import STRUCTURED_OUTPUT
from translators.body import parse
from translators.canonical import (
    Called,
    CalledWith,
    Cited,
    Done,
    Event,
    Extra,
    Failed,
    Finished,
    PartEnded,
    Ping,
    Said,
    Started,
    Thought,
    ThoughtRedacted,
    Usage,
    Used,
)
from translators.translator import Translator

USAGE = {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}
OPUS = "us.anthropic.claude-opus-4-6-v1"


def answer(*blocks: Any, stop: str = "end_turn", usage: Any = None, **more: Any) -> Any:
    message = {"role": "assistant", "content": list(blocks)}
    return {"output": {"message": message}, "stopReason": stop, "usage": usage or USAGE, **more}


def call(id: str, name: str = "f", **input: Any) -> Any:
    return {"toolUse": {"toolUseId": id, "name": name, "input": input}}


def event(name: str, **told: Any) -> bytes:
    return orjson.dumps({name: told})


def streamed(*data: bytes) -> list[Event]:
    reader = StreamReader()
    return [told for payload in data for told in reader.read(payload)]


def delta(index: int, **told: Any) -> bytes:
    return event("contentBlockDelta", contentBlockIndex=index, delta=told)


STARTED, STOPPED = event("messageStart", role="assistant"), event("messageStop", stopReason="end_turn")
METADATA = event("metadata", usage=USAGE, metrics={"latencyMs": 1})


# --- whole answers ----------------------------------------------------------------------------------


def test_every_text_is_told_and_calls_are_counted_by_themselves() -> None:
    events = read_response(answer({"text": "A"}, call("x", a=1), {"text": "B"}, call("y"), stop="tool_use"))
    assert [told.text for told in events if isinstance(told, Said)] == ["A", "B"]
    assert [(told.call, told.id) for told in events if isinstance(told, Called)] == [(0, "x"), (1, "y")]
    assert [told.json for told in events if isinstance(told, CalledWith)] == ['{"a":1}', "{}"]
    assert events[0] == Started("", "")
    assert [type(told) for told in events[-3:]] == [Finished, Used, Done]


@pytest.mark.parametrize(
    "body", [{}, {"output": {}}, {"output": None, "stopReason": "end_turn"}, {"message": "x"}]
)
def test_an_answer_without_output_is_an_error(body: Any) -> None:
    with pytest.raises((KeyError, TypeError)):
        read_response({"usage": USAGE, "stopReason": "end_turn", **body})


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("end_turn", "end"),
        ("stop_sequence", "stop_sequence"),
        ("max_tokens", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("model_context_window_exceeded", "context"),
        ("from_the_future", "end"),
    ],
)
def test_why_it_ended(reason: str, told: str) -> None:
    assert Finished(told) in read_response(answer({"text": "x"}, stop=reason))  # type: ignore[arg-type]


def test_a_call_is_the_end_whatever_the_reason_says() -> None:
    assert Finished("tools") in read_response(answer(call("x")))


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
def test_what_the_model_garbled_is_no_answer(reason: str) -> None:
    *_, last = read_response(answer({"text": "x"}, stop=reason))
    assert isinstance(last, Failed)
    assert isinstance(streamed(STARTED, event("messageStop", stopReason=reason))[-1], Failed)


def test_usage_counts_cached_tokens_in() -> None:
    ages = [{"ttl": "1h", "inputTokens": 20}, {"ttl": "5m", "inputTokens": 10}]
    usage = USAGE | {"cacheReadInputTokens": 100, "cacheWriteInputTokens": 30, "cacheDetails": ages}
    body = answer({"text": "x"}, usage=usage, serviceTier={"type": "priority"})
    used = Used(Usage(135, 2, 100, 30, 20), "priority")
    assert used in read_response(body)
    assert list(bedrock_converse.told(body)) == [Started("", ""), used]
    back = write_response([Started("", ""), Said("x"), Finished("end"), used, Done()], created=0)
    assert back["usage"] == usage | {"totalTokens": 137}
    assert back["serviceTier"] == {"type": "priority"}


def test_the_answer_by_way_of_a_tool_is_text() -> None:
    events = read_response(answer(call("x", STRUCTURED_OUTPUT, a="b"), stop="tool_use"))
    assert Said('{"a":"b"}') in events
    assert Finished("end") in events
    assert not any(isinstance(told, Called) for told in events)
    start = {"toolUse": {"toolUseId": "x", "name": STRUCTURED_OUTPUT}}
    pieces = [delta(0, toolUse={"input": piece}) for piece in ('{"a":', '"b"}')]
    begin = event("contentBlockStart", contentBlockIndex=0, start=start)
    told = streamed(STARTED, begin, *pieces, event("messageStop", stopReason="tool_use"), METADATA)
    assert told[1:4] == [Said('{"a":'), Said('"b"}'), Finished("end")]


def test_what_only_amazon_understands_comes_along() -> None:
    server = {"toolUse": {"toolUseId": "x", "name": "nova_grounding", "input": {}, "type": "server_tool_use"}}
    events = read_response(answer(server, {"text": "x"}, trace={"guardrail": {}}))
    assert [told.data.field for told in events if isinstance(told, Extra)] == ["content[]", "trace"]
    back = write_response(events, created=0)
    assert back["trace"] == {"guardrail": {}}
    assert back["output"]["message"]["content"][0] == server  # type: ignore[index, call-overload]


def test_the_stop_sequence_if_it_is_told() -> None:
    body = answer({"text": "x"}, stop="stop_sequence", additionalModelResponseFields={"stop_sequence": "5"})
    assert Finished("stop_sequence", "5") in read_response(body)


# --- streams ----------------------------------------------------------------------------------------


def test_a_stream_in_order() -> None:
    web = {"location": {"web": {"url": "https://example.com"}}, "sourceContent": [{"text": "q"}]}
    told = streamed(
        STARTED,
        delta(0, reasoningContent={"text": "Hm."}),
        delta(0, reasoningContent={"signature": "c2ln"}),
        event("contentBlockStop", contentBlockIndex=0),
        delta(1, reasoningContent={"redactedContent": "RW5j"}),
        delta(1, reasoningContent={"redactedContent": "cnlwdGVk"}),
        event("contentBlockStop", contentBlockIndex=1),
        delta(2, text="Hi"),
        delta(2, citation=web),
        event("contentBlockStop", contentBlockIndex=2),
        event("contentBlockStart", contentBlockIndex=3, start={"toolUse": {"toolUseId": "x", "name": "f"}}),
        delta(3, toolUse={"input": "{}"}),
        event("contentBlockStop", contentBlockIndex=3),
        event("messageStop", stopReason="tool_use"),
        METADATA,
    )
    kinds = [type(one) for one in told]
    assert kinds == [
        *(Started, Thought, Thought, PartEnded, ThoughtRedacted, PartEnded, Said, Cited, PartEnded),
        *(Called, CalledWith, PartEnded, Finished, Used, Done),
    ]
    redacted = told[4]
    assert isinstance(redacted, ThoughtRedacted)
    assert redacted.data.data == "RW5jcnlwdGVk"
    assert told[9] == Called(0, "x", "f")


@pytest.mark.parametrize("data", [(STARTED, delta(0, text="x")), (STARTED, delta(0, text="x"), STOPPED)])
def test_a_stream_without_its_end_was_cut(data: tuple[bytes, ...]) -> None:
    assert not any(isinstance(told, Finished | Done) for told in streamed(*data))


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("throttlingException", "rate_limit", 429),
        ("serviceUnavailableException", "overloaded", 503),
        ("validationException", "invalid_request", 400),
        ("internalServerException", "server", 500),
        ("modelStreamErrorException", "server", 424),
        ("fromTheFutureException", "server", None),
    ],
)
def test_exceptions_in_a_stream(name: str, kind: str, status: int | None) -> None:
    assert streamed(event(name, message="Oh.")) == [Failed(kind, "Oh.", status, name)]  # type: ignore[arg-type]


def test_an_exception_at_the_head_is_seen_before_anything_is_told() -> None:
    head = Translator(DIALECTS["openai_chat"], DIALECTS["bedrock_converse"]).peek()
    frame = eventstream.encode_exception("throttlingException", b'{"message":"Slow down."}')
    verdicts = [head.feed(frame[at : at + 1]) for at in range(len(frame))]
    assert verdicts[:-1] == [False] * (len(frame) - 1)
    assert verdicts[-1] == Failed("rate_limit", "Slow down.", 429, "throttlingException")


@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages"])
def test_a_damaged_frame_ends_the_answer_in_an_error(client: str) -> None:
    """What came before it is told, nothing of the frame itself is, and the end is an error."""
    good = eventstream.encode("messageStart", b'{"role":"assistant"}')
    said = eventstream.encode("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"Hello"}}')
    bad = bytearray(
        eventstream.encode("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"Bad"}}')
    )
    bad[-9] ^= 1
    made = Translator(DIALECTS[client], DIALECTS["bedrock_converse"]).stream(0)
    told = b"".join(made.feed(good + said + bytes(bad)) + made.close())
    assert b"Hello" in told
    assert b"Bad" not in told
    assert b"can't be read" in told
    assert made.feed(good) == []


def test_events_and_blocks_that_nobody_knows_yet() -> None:
    told = streamed(STARTED, event("novelty", a=1), delta(0, novelty={"a": 1}), event("ping"))
    assert told == [Started("", ""), Ping()]


def test_a_writer_keeps_one_block_open_at_a_time() -> None:
    writer = StreamWriter(created=0)
    calls = [
        Called(0, "a", "f"),
        CalledWith(0, "{"),
        Called(1, "b", "g"),
        CalledWith(1, "{}"),
        CalledWith(0, "}"),
    ]
    events = [Started("i", "m"), Said("x"), *calls, Finished("end"), Used(Usage(1, 2)), Done()]
    stream = b"".join(frame for told in events for frame in writer.write(told))
    names = [next(iter(told)) for told in converse_events(stream)]
    assert names[0] == "messageStart"
    assert names[-2:] == ["messageStop", "metadata"]
    final = converse_stream_final(stream)
    assert final["stopReason"] == "tool_use"
    assert final["output"]["message"]["content"] == [{"text": "x"}, call("a"), call("b", "g")]


def test_a_writer_is_alive() -> None:
    [frame] = StreamWriter(created=0).write(Ping())
    assert converse_events(frame) == []  # boto3 passes over it


# --- proofs of reasoning ----------------------------------------------------------------------------

PROOF = {"text": "Hm.", "signature": "EqQBCg=="}
REASONED = answer(
    {"reasoningContent": {"reasoningText": PROOF}},
    {"reasoningContent": {"redactedContent": "RW5j"}},
    {"text": "Yes."},
)


def back_again(client: str, asked: Any, turn: Any) -> Any:
    """The blocks that Converse gets when a client sends along what it was answered."""
    question = {"role": "user", "content": "And now?"}
    body = asked | {"messages": [*asked["messages"], turn, question]}
    made = Translator(DIALECTS[client], DIALECTS["bedrock_converse"]).request(parse(orjson.dumps(body)), OPUS)
    assert made.dropped == ()
    return orjson.loads(made.body)["messages"][1]["content"]


@pytest.mark.parametrize("client", ["openai_chat", "anthropic_messages"])
def test_proofs_come_back_by_way_of_any_client(client: str) -> None:
    asked: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Is it?"}]}
    whole = Translator(DIALECTS[client], DIALECTS["bedrock_converse"]).response(orjson.dumps(REASONED), 0)
    told = orjson.loads(whole)
    turn = (
        {"role": "assistant", "content": told["content"]}
        if "content" in told
        else told["choices"][0]["message"]
    )
    kept = {name: value for name, value in turn.items() if value is not None}
    assert back_again(client, asked, kept) == REASONED["output"]["message"]["content"]
