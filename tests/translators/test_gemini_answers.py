"""Google's answers and errors: what is an end, what is none, and what it took."""

from typing import Any, get_args

import httpx
import orjson
import pytest
from google.genai import types
from google.genai._api_client import HttpResponse

from tests.matrix import NOW, translated_stream, translator
from translators.canonical import (
    Cited,
    Done,
    ErrorKind,
    Event,
    Failed,
    Finished,
    Ping,
    Said,
    Started,
    StopReason,
    Used,
)
from translators.errors import BadUpstream
from translators.gemini_generate import StreamReader, StreamWriter, read_error, read_response, write_error
from translators.gemini_generate.answer_writer import SILENCE
from translators.gemini_generate.logprobs import write_logprobs

USAGE = {"promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 7, "totalTokenCount": 22}


def answer(*parts: Any, reason: str = "STOP", **more: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": reason, **more}
    return {"candidates": [candidate], "responseId": "r", "modelVersion": "g", "usageMetadata": USAGE}


def finishes(body: dict[str, Any]) -> list[Finished | Failed]:
    return [event for event in read_response(body) if isinstance(event, Finished | Failed)]


# --- why it is over ---------------------------------------------------------------------------------

FILTERED = {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"}
FILTERED |= {"IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"}


@pytest.mark.parametrize("reason", [reason.value for reason in types.FinishReason][1:])
def test_every_reason_is_a_standard_one_or_an_error(reason: str) -> None:
    [end] = finishes(answer({"text": "x"}, reason=reason))
    if isinstance(end, Failed):
        assert reason in end.message and end.code == reason
        with pytest.raises(BadUpstream):
            translator("openai_chat", "gemini_generate").response(
                orjson.dumps(answer({"text": "x"}, reason=reason)), NOW
            )
    else:
        assert end.reason in get_args(StopReason)
        known = {"STOP": "end", "MAX_TOKENS": "length"} | dict.fromkeys(FILTERED, "content_filter")
        assert end.reason == known[reason]


def test_a_prompt_that_is_blocked_is_no_empty_success() -> None:
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}}
    told = orjson.loads(translator("openai_chat", "gemini_generate").response(orjson.dumps(body), NOW))
    assert told["choices"][0]["finish_reason"] == "content_filter"


@pytest.mark.parametrize("body", [{}, {"candidates": []}, {"candidates": [{"content": {"parts": []}}]}])
def test_an_answer_without_an_end_is_none(body: dict[str, Any]) -> None:
    with pytest.raises(BadUpstream):
        translator("openai_chat", "gemini_generate").response(orjson.dumps(body), NOW)


def test_a_late_stop_after_calls_is_of_the_calls() -> None:
    call: Any = {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}}], "responseId": "r"}
    stop: Any = {"candidates": [{"finishReason": "STOP"}], "usageMetadata": USAGE}
    reader = StreamReader()
    events = [*reader.chunk(call), *reader.chunk(stop)]
    assert Finished("tools") in events


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_error_in_a_stream(wrapped: bool) -> None:
    error: Any = {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}
    [failed] = StreamReader().read(orjson.dumps([error] if wrapped else error))
    assert failed == Failed("rate_limit", "Slow down.", 429, "RESOURCE_EXHAUSTED")


@pytest.mark.parametrize("blank", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_every_blank_line_ends_an_event(blank: bytes) -> None:
    chunk = b"data: " + orjson.dumps(answer({"text": "Hi"}))
    told = b"".join(translated_stream([chunk + blank], "gemini_generate", "openai_chat"))
    assert b'"content":"Hi"' in told and told.endswith(b"data: [DONE]\n\n")


# --- what it took, and from where -------------------------------------------------------------------


def used(usage: dict[str, Any]) -> Any:
    [event] = [e for e in read_response(answer() | {"usageMetadata": usage}) if isinstance(e, Used)]
    return event.usage


def test_thoughts_and_tools_count() -> None:
    usage = used({**USAGE, "toolUsePromptTokenCount": 30, "cachedContentTokenCount": 4})
    assert (usage.input, usage.output, usage.reasoning, usage.cache_read) == (40, 12, 7, 4)


def test_zeros_are_not_told() -> None:
    usage = used({"promptTokenCount": 10, "totalTokenCount": 10})
    assert (usage.input, usage.output, usage.reasoning) == (10, 0, None)


def test_what_is_not_told_stays_unknown() -> None:
    usage = used({"promptTokenCount": 10})
    assert (usage.input, usage.output) == (10, None)


def test_sound_is_counted_apart() -> None:
    details = [{"modality": "TEXT", "tokenCount": 4}, {"modality": "AUDIO", "tokenCount": 6}]
    assert used({**USAGE, "promptTokensDetails": details}).audio_input == 6


def test_the_time_is_told_in_seconds() -> None:
    started = read_response(answer() | {"createTime": "2025-01-01T00:00:00.123Z"})[0]
    assert started == Started("r", "g", 1_735_689_600)


def test_bytes_become_characters() -> None:
    segment = {"startIndex": 5, "endIndex": 11, "text": "für 1"}
    support = {"segment": segment, "groundingChunkIndices": [0]}
    sources = [{"web": {"uri": "https://a", "title": "A"}}]
    metadata = {"groundingChunks": sources, "groundingSupports": [support]}
    events = read_response(answer({"text": "Äh, für 1."}, groundingMetadata=metadata))
    [cited] = [event for event in events if isinstance(event, Cited)]
    assert (cited.url, cited.start, cited.end) == ("https://a", 4, 9)
    [said] = [event for event in events if isinstance(event, Said)]
    assert said.text[4:9] == "für 1"


def test_a_segment_counts_from_its_own_part() -> None:
    support = {"segment": {"partIndex": 1, "endIndex": 3}, "groundingChunkIndices": [0]}
    metadata = {"groundingChunks": [{"web": {"uri": "https://a"}}], "groundingSupports": [support]}
    events = read_response(answer({"text": "One, "}, {"text": "two"}, groundingMetadata=metadata))
    assert [(e.start, e.end) for e in events if isinstance(e, Cited)] == [(5, 8)]


# --- errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        (400, "INVALID_ARGUMENT", "invalid_request"),
        (400, "FAILED_PRECONDITION", "invalid_request"),
        (401, "UNAUTHENTICATED", "authentication"),
        (403, "PERMISSION_DENIED", "permission"),
        (404, "NOT_FOUND", "not_found"),
        (429, "RESOURCE_EXHAUSTED", "rate_limit"),
        (500, "INTERNAL", "server"),
        (503, "UNAVAILABLE", "overloaded"),
        (504, "DEADLINE_EXCEEDED", "timeout"),
        (418, "NEVER_HEARD_OF", "invalid_request"),
    ],
)
def test_words_tell_the_kind(status: int, word: str, kind: ErrorKind) -> None:
    body = {"error": {"code": status, "message": "No.", "status": word}}
    for told in (body, [body]):
        failed = read_error(status, orjson.dumps(told))
        assert (failed.kind, failed.message, failed.status, failed.type) == (kind, "No.", status, word)


def test_a_wrong_key_is_no_wrong_request() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
    error = {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT", "details": details}
    assert read_error(400, orjson.dumps({"error": error})).kind == "authentication"


def test_how_long_to_wait_is_told() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "22s"}]
    error = {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED", "details": details}
    assert read_error(429, orjson.dumps({"error": error})).message == "Quota. Retry in 22s."


def test_a_body_that_is_not_json_is_not_quoted() -> None:
    failed = read_error(502, b"<html>secret</html>")
    assert failed.kind == "server" and "secret" not in failed.message


def test_an_error_of_ours_has_googles_shape() -> None:
    told = write_error(Failed("rate_limit", "Slow down."), "req_1")
    assert told == {"error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"}}


def test_a_refusal_is_no_ordinary_end() -> None:
    message = {"role": "assistant", "content": None, "refusal": "No."}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    raw = orjson.dumps({"id": "c", "model": "g", "created": NOW, "choices": [choice]})
    told = orjson.loads(translator("gemini_generate", "openai_chat").response(raw, NOW))
    assert told["candidates"][0]["finishReason"] == "SAFETY"
    assert told["candidates"][0]["content"]["parts"] == [{"text": "No."}]


def test_a_sign_of_life_is_nothing_to_googles_sdk() -> None:
    said: list[Event] = [Started("r", "g"), Ping(), Said("Hi."), Ping(), Finished("end"), Done()]
    writer = StreamWriter(created=NOW)
    written = b"".join(frame for event in said for frame in writer.write(event))
    assert written.startswith(SILENCE)
    chunks: Any = [*HttpResponse({}, httpx.Response(200, content=written)).segments()]
    parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
    assert parts == [{"text": "Hi."}]


def test_a_probability_that_is_not_known_is_not_told() -> None:
    told = write_logprobs(({"token": "a", "logprob": None, "top_logprobs": [{"token": "b", "logprob": -1}]},))
    assert told == {
        "chosenCandidates": [{"token": "a"}],
        "topCandidates": [{"candidates": [{"token": "b", "logProbability": -1}]}],
    }
