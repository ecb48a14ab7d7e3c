"""Two dialects joined, in small: every pair and every recording has its turn in `tests/test_matrix*.py`."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e import answers
from tests.e2e.client import chat, messages
from tests.oracles import check_anthropic_stream, check_openai_stream
from translators import DIALECTS, SPOKEN, TARGETS, sse
from translators.body import Body, parse
from translators.canonical import Failed, Usage, Used
from translators.errors import BadRequest, BadUpstream, Unsupported
from translators.hosts import HOSTS
from translators.stream import ENDED_EARLY, Outcome, Stream
from translators.translator import Translator

OPENAI, ANTHROPIC = DIALECTS["openai_chat"], DIALECTS["anthropic_messages"]
NOW = 1_700_000_000
BROKEN: list[bytes] = [
    b"not json",
    b"[]",
    b'"x"',
    b"null",
    b"1",
    b'{"choices":5}',
    b'{"type":"message_start"}',
]


def body(value: dict[str, Any]) -> Body:
    return parse(orjson.dumps(value))


def joined(frames: list[bytes]) -> bytes:
    return b"".join(frames)


def asked(
    source: Any, target: Any, value: dict[str, Any], model: str = "up"
) -> tuple[Translator, dict[str, Any]]:
    translator = Translator(source, target)
    return translator, orjson.loads(translator.request(body(value), model).body)


def payloads(frames: list[bytes]) -> list[Any]:
    return [
        data if data == b"[DONE]" else orjson.loads(data)
        for frame in frames
        for _, data in sse.Decoder().feed(frame)
        if data
    ]


# Requests


def test_in_one_dialect_only_the_model_changes() -> None:
    raw = b'{ "model" : "mine",\n "messages":[{"role":"user","content":"x"}], "new_field": 1.50 }'
    for dialect in (OPENAI, ANTHROPIC):
        assert Translator(dialect, dialect).request(parse(raw), "up").body == raw.replace(b"mine", b"up")
        assert Translator(dialect, dialect).request(parse(raw), "mine").body == raw


def test_a_model_that_came_in_a_header_is_put_into_the_body() -> None:
    _, sent = asked(OPENAI, OPENAI, {"messages": []})
    assert sent == {"messages": [], "model": "up"}


def test_a_request_in_other_words() -> None:
    _, sent = asked(OPENAI, ANTHROPIC, chat("mine", "Hi", max_tokens=7))
    assert (sent["model"], sent["max_tokens"], sent["messages"]) == ("up", 7, messages("")["messages"])
    _, sent = asked(ANTHROPIC, OPENAI, messages("mine", "Hi"))
    assert (sent["model"], sent["messages"]) == ("up", chat("")["messages"])


def test_usage_of_a_stream_is_always_asked_for() -> None:
    for source, value in ((OPENAI, chat("m", stream=True)), (ANTHROPIC, messages("m", stream=True))):
        assert asked(source, OPENAI, value)[1]["stream_options"] == {"include_usage": True}
    assert "stream_options" not in asked(OPENAI, OPENAI, chat("m"))[1]


def test_other_stream_options_survive_it() -> None:
    value = chat("m", stream=True, stream_options={"include_obfuscation": False})
    options = asked(OPENAI, OPENAI, value)[1]["stream_options"]
    assert options == {"include_obfuscation": False, "include_usage": True}


def test_what_is_left_out_is_listed_in_the_clients_words() -> None:
    written = Translator(OPENAI, ANTHROPIC).request(body(chat("m", seed=3, frequency_penalty=0.5)), "m")
    assert set(written.dropped) == {"seed", "frequency_penalty"}
    assert not {"seed", "frequency_penalty"} & orjson.loads(written.body).keys()


def test_what_can_not_be_done_is_refused_in_the_clients_words() -> None:
    with pytest.raises(Unsupported) as refused:
        Translator(OPENAI, ANTHROPIC).request(body(chat("m", n=2)), "m")
    assert refused.value.meaning == "n"


def test_what_is_malformed_is_told_with_its_place() -> None:
    with pytest.raises(BadRequest) as refused:
        Translator(OPENAI, ANTHROPIC).request(body({"messages": [{"role": "user", "content": 5}]}), "m")
    assert refused.value.field == "messages[0].content"


def test_nothing_is_judged_that_passes() -> None:
    _, sent = asked(OPENAI, OPENAI, chat("m", n=2, seed="not a number", messages=[{"role": "owl"}]))
    assert sent["n"] == 2 and sent["seed"] == "not a number"


# Whole answers


def test_in_one_dialect_an_answer_passes_and_is_metered() -> None:
    raw = orjson.dumps(answers.openai_chat()).replace(b'"object"', b' "object" ')
    translator = Translator(OPENAI, OPENAI)
    assert translator.response(raw, NOW) == raw
    assert translator.outcome.model == "gpt-up-2024"
    assert translator.outcome.used and translator.outcome.used.usage.output == 7
    assert translator.outcome.complete


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"null", b'{"choices":[{"message":5}]}', b"\xff"])
def test_an_answer_that_nobody_can_read(raw: bytes) -> None:
    passing = Translator(OPENAI, OPENAI)
    assert passing.response(raw, NOW) == raw
    assert passing.outcome.used is None
    with pytest.raises(BadUpstream) as failed:
        Translator(ANTHROPIC, OPENAI).response(raw, NOW)
    assert raw.decode("latin-1") not in str(failed.value) or not raw


def test_an_error_with_a_good_status_is_no_answer() -> None:
    with pytest.raises(BadUpstream, match="slow down"):
        Translator(ANTHROPIC, OPENAI).response(orjson.dumps(answers.openai_error()), NOW)


def test_a_whole_answer_for_a_client_that_wanted_a_stream() -> None:
    translator, _ = asked(ANTHROPIC, OPENAI, messages("m", stream=True))
    stream = translator.whole_as_stream(
        orjson.dumps(answers.openai_chat("Hello", answers.PARIS_AND_ROME)), NOW
    )
    assert check_anthropic_stream(stream) == []
    assert translator.outcome.complete


# Errors


def test_an_error_of_the_same_dialect_passes() -> None:
    failed, told = Translator(OPENAI, OPENAI).error(429, orjson.dumps(answers.openai_error()), "req_1")
    assert (failed.kind, failed.message, told) == ("rate_limit", "slow down", None)


@pytest.mark.parametrize("host", ["aws-anthropic", "gcp-anthropic"])
def test_a_clouds_own_error_is_told_in_anthropics_words(host: str) -> None:
    translator = Translator(ANTHROPIC, ANTHROPIC, HOSTS[host].envelope(ANTHROPIC))
    _, told = translator.error(429, b'{"message": "slow down"}', "req_1")
    assert told and orjson.loads(told)["error"] == {"type": "rate_limit_error", "message": "slow down"}


def test_an_error_in_other_words() -> None:
    _, told = Translator(ANTHROPIC, OPENAI).error(429, orjson.dumps(answers.openai_error()), "req_1")
    assert told and orjson.loads(told) == {
        "type": "error",
        "error": {"type": "rate_limit_error", "message": "slow down"},
        "request_id": "req_1",
    }


@pytest.mark.parametrize("source", [OPENAI, ANTHROPIC])
def test_an_error_that_is_not_json_is_not_shown(source: Any) -> None:
    for target in (OPENAI, ANTHROPIC):
        failed, told = Translator(source, target).error(502, b"<html>canary 10.0.0.1</html>", "req_1")
        assert told and b"canary" not in told
        assert failed.message


@pytest.mark.parametrize("code", ["\u00b2", "\u0664\u0662\u0669", "9" * 5000, "-1", "", 5, None, [], 1e300])
def test_an_error_with_a_code_that_is_none(code: Any) -> None:
    event = {"error": {"message": "No.", "type": "x", "code": code}}
    failed, _ = Translator(OPENAI, OPENAI).error(500, orjson.dumps(event), "req_1")
    assert failed.status == 500
    stream = Translator(OPENAI, OPENAI).stream(NOW)
    assert stream.feed(answers.sse(event)) and stream.over


# Streams


def stream_of(source: Any, target: Any, value: dict[str, Any]) -> Stream:
    return asked(source, target, value)[0].stream(NOW)


def test_in_one_dialect_a_stream_passes_byte_for_byte() -> None:
    chunks = [b": note\r\n\r\n", b"data: nonsense\n\n", *answers.openai_stream("a", usage=False)]
    value = chat("m", stream=True, stream_options={"include_usage": True})
    assert joined([frame for chunk in chunks for frame in stream_of(OPENAI, OPENAI, value).feed(chunk)]) == (
        joined(chunks)
    )


def test_usage_that_nobody_asked_for_is_kept_back_and_counted() -> None:
    translator, _ = asked(OPENAI, OPENAI, chat("m", stream=True))
    stream = translator.stream(NOW)
    out = [frame for frame in answers.openai_stream("a") for frame in stream.feed(frame)] + stream.close()
    assert out == answers.openai_stream("a", usage=False)
    assert translator.outcome.used and translator.outcome.used.usage.input == 20


def test_usage_that_was_asked_for_is_told() -> None:
    value = chat("m", stream=True, stream_options={"include_usage": True})
    stream = stream_of(OPENAI, OPENAI, value)
    assert [f for frame in answers.openai_stream("a") for f in stream.feed(frame)] == answers.openai_stream(
        "a"
    )


def test_usage_that_comes_with_content_is_not_kept_back() -> None:
    chunk = orjson.dumps({"id": "x", "model": "m", "choices": [{"index": 0, "delta": {"content": "a"}}]})
    chunk = sse.encode(chunk[:-1] + b',"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}')
    assert stream_of(OPENAI, OPENAI, chat("m", stream=True)).feed(chunk) == [chunk]


def test_a_stream_in_other_words() -> None:
    stream = stream_of(ANTHROPIC, OPENAI, messages("m", stream=True))
    out = (
        stream.feed(joined(answers.openai_stream("Hel", "lo", tools=answers.PARIS_AND_ROME))) + stream.close()
    )
    assert check_anthropic_stream(joined(out)) == []
    stream = stream_of(OPENAI, ANTHROPIC, chat("m", stream=True))
    out = (
        stream.feed(joined(answers.anthropic_stream("Hel", "lo", tools=answers.PARIS_AND_ROME)))
        + stream.close()
    )
    assert check_openai_stream(joined(out), False) == []


@pytest.mark.parametrize(("source", "target"), [(ANTHROPIC, OPENAI), (OPENAI, OPENAI)])
def test_a_farewell_that_is_missing_is_no_harm(source: Any, target: Any) -> None:
    """Some servers leave out `[DONE]`: once every choice has its end, the answer is whole."""
    translator, _ = asked(source, target, (messages if source is ANTHROPIC else chat)("m", stream=True))
    stream = translator.stream(NOW)
    out = stream.feed(joined(answers.openai_stream("a")[:-1])) + stream.close()
    assert translator.outcome.complete and not translator.outcome.failed
    assert ENDED_EARLY.encode() not in joined(out)
    if source is ANTHROPIC:
        assert check_anthropic_stream(joined(out)) == []


@pytest.mark.parametrize(("source", "target"), [(OPENAI, OPENAI), (ANTHROPIC, OPENAI), (OPENAI, ANTHROPIC)])
@pytest.mark.parametrize("left", [0, 1, 2])
def test_an_end_that_is_missing_is_an_error(source: Any, target: Any, left: int) -> None:
    frames = (answers.openai_stream if target is OPENAI else answers.anthropic_stream)("a")[:left]
    translator, _ = asked(source, target, (messages if source is ANTHROPIC else chat)("m", stream=True))
    stream = translator.stream(NOW)
    out = stream.feed(joined(frames)) + stream.close()
    assert payloads(out)[-1]["error"]["message"] == ENDED_EARLY
    assert translator.outcome.failed and not translator.outcome.complete
    assert b"[DONE]" not in joined(out) and b"message_stop" not in joined(out)


def test_an_error_is_told_once_and_is_the_last_word() -> None:
    stream = stream_of(ANTHROPIC, OPENAI, messages("m", stream=True))
    stream.feed(answers.OPENAI_FIRST)
    assert len(payloads(stream.fail("it broke"))) == 1
    assert stream.over
    assert stream.fail("again") == stream.feed(answers.openai_delta(content="late")) == stream.close() == []


def test_an_error_within_a_stream_ends_it() -> None:
    translator, _ = asked(ANTHROPIC, OPENAI, messages("m", stream=True))
    stream = translator.stream(NOW)
    out = stream.feed(answers.OPENAI_FIRST + answers.sse(answers.openai_error()) + answers.OPENAI_STOP)
    assert payloads(out)[-1]["error"] == {"type": "rate_limit_error", "message": "slow down"}
    assert stream.close() == []
    assert isinstance(translator.outcome.failed, Failed)


@pytest.mark.parametrize("data", BROKEN)
@pytest.mark.parametrize(("source", "target"), [(ANTHROPIC, OPENAI), (OPENAI, ANTHROPIC)])
def test_what_can_not_be_read_never_raises(source: Any, target: Any, data: bytes) -> None:
    stream = stream_of(source, target, (messages if source is ANTHROPIC else chat)("m", stream=True))
    out = stream.feed(sse.encode(data)) + stream.close()
    assert "error" in payloads(out)[-1]


def test_what_came_before_it_is_told_all_the_same() -> None:
    stream = stream_of(ANTHROPIC, OPENAI, messages("m", stream=True))
    out = payloads(
        stream.feed(answers.OPENAI_FIRST + answers.openai_delta(content="good") + b"data: not json\n\n")
    )
    assert [event["type"] for event in out][-2:] == ["content_block_delta", "error"]


@given(st.lists(st.binary(max_size=30) | st.sampled_from([sse.encode(data) for data in BROKEN]), max_size=6))
def test_garbage_never_raises_and_no_frame_is_empty(chunks: list[bytes]) -> None:
    """An empty frame would end the client's body."""
    for source, target in (
        (OPENAI, OPENAI),
        (ANTHROPIC, OPENAI),
        (OPENAI, ANTHROPIC),
        (ANTHROPIC, ANTHROPIC),
    ):
        stream = Translator(source, target).stream(NOW)
        out = [frame for chunk in chunks for frame in stream.feed(chunk)] + stream.close()
        assert all(out)
        assert stream.over


def test_a_ping_keeps_the_client_alive_too() -> None:
    stream = stream_of(OPENAI, ANTHROPIC, chat("m", stream=True))
    assert stream.feed(answers.ANTHROPIC_PING) == [sse.KEEP_ALIVE]
    stream = stream_of(ANTHROPIC, OPENAI, messages("m", stream=True))
    assert payloads(stream.feed(b": keep-alive\n\n")) == [{"type": "ping"}]


def test_silence_is_not_an_empty_frame() -> None:
    stream = stream_of(ANTHROPIC, OPENAI, messages("m", stream=True))
    assert stream.feed(b"data: {") == stream.feed(b"") == []


# The head of a stream


@pytest.mark.parametrize("target", [OPENAI, ANTHROPIC])
def test_a_head_without_content_says_nothing_yet(target: Any) -> None:
    head = Translator(OPENAI, target).peek()
    first = answers.OPENAI_FIRST if target is OPENAI else answers.ANTHROPIC_START + answers.ANTHROPIC_PING
    assert head.feed(first) is False
    assert head.feed(b": note\n\n") is False


def test_a_head_with_content_is_good() -> None:
    head = Translator(OPENAI, OPENAI).peek()
    assert head.feed(answers.OPENAI_FIRST + answers.openai_delta(content="a")) is True
    tools = answers.openai_stream(tools=[{"city": "Rome"}])
    assert Translator(OPENAI, OPENAI).peek().feed(joined(tools[:2])) is True


def test_an_error_at_the_head() -> None:
    verdict = Translator(OPENAI, OPENAI).peek().feed(answers.sse(answers.openai_error()))
    assert isinstance(verdict, Failed) and verdict.kind == "rate_limit"
    event = answers.sse(answers.anthropic_error("overloaded_error"), "error")
    verdict = Translator(OPENAI, ANTHROPIC).peek().feed(answers.ANTHROPIC_START + event)
    assert isinstance(verdict, Failed) and verdict.kind == "overloaded"


@pytest.mark.parametrize("target", [OPENAI, ANTHROPIC])
def test_a_head_that_can_not_be_read(target: Any) -> None:
    verdict = Translator(OPENAI, target).peek().feed(b"data: not json\n\n")
    assert isinstance(verdict, Failed) and verdict.status == 502


# Dialects that only pass


@pytest.mark.parametrize("name", sorted(SPOKEN.keys() - TARGETS.keys() | {"openai_input_tokens"}))
def test_what_can_only_pass_passes(name: str) -> None:
    translator = Translator(SPOKEN[name], SPOKEN[name])
    assert orjson.loads(translator.request(body({"model": "m", "x": 1}), "up").body)["x"] == 1
    assert translator.response(b'{"x":1}', NOW) == b'{"x":1}'
    stream = translator.stream(NOW)
    assert stream.feed(b"data: hi\n\n") == [b"data: hi\n\n"]
    assert payloads(stream.fail("it broke"))


def test_an_outcome_remembers_the_last_usage() -> None:
    translator = Translator(OPENAI, ANTHROPIC)
    stream = translator.stream(NOW)
    stream.feed(joined(answers.anthropic_stream("a")))
    assert translator.outcome == Outcome("claude-up-2024", translator.outcome.used, complete=True)
    assert translator.outcome.used and translator.outcome.used.usage == Usage(
        input=20, output=7, cache_read=12, cache_write=0
    )


def test_counts_may_come_one_by_one() -> None:
    outcome = Outcome()
    for used in (
        Used(Usage(20, 1, cache_read=12), "flex"),
        Used(Usage(20, 7)),
        Used(Usage(output=9, reasoning=0)),
    ):
        outcome.see(used)
    assert outcome.used == Used(Usage(20, 9, cache_read=12, reasoning=0), "flex")
