"""Endpoints that pass untouched: what is refused, what is metered, and how they fail."""

from typing import Any

import orjson
import pytest
from openai.types.responses import ResponseErrorEvent

from tests import oracles
from translators import sse
from translators.canonical import Done, Event, Failed, Finished, Json, Ping, Said, Started, Usage, Used
from translators.dialect import Spoken
from translators.errors import BadRequest
from translators.openai_completions import Completions
from translators.openai_embeddings import Embeddings
from translators.openai_image_edits import IMAGE_EDITS
from translators.openai_images import Images
from translators.openai_native import NATIVE
from translators.translator import Translator

SPOKEN: dict[str, Spoken] = {
    native.NAME: native for native in (Completions(), Embeddings(), Images(), IMAGE_EDITS, *NATIVE)
}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("openai_completions", {"model": "m", "prompt": "x"}),
        ("openai_completions", {"model": "m", "prompt": [1, 2], "suffix": 5}),
        ("openai_completions", {"model": "m", "prompt_embeds": "x"}),
        ("openai_embeddings", {"model": "m", "input": "x"}),
        ("openai_embeddings", {"input": ["x"]}),
        ("openai_embeddings", {"messages": [{"role": "user", "content": "x"}]}),
        ("openai_images", {"prompt": "x"}),
        ("openai_speech", {"input": "x", "voice": {"id": "v"}}),
        ("openai_responses", {"model": "m", "input": "x"}),
        ("openai_responses", {"model": "m", "input": [{"type": "unheard_of"}], "tools": [5]}),
        ("openai_responses", {"prompt": {"id": "p"}}),
        ("openai_transcriptions", {}),
        ("openai_translations", {"model": "whisper-1"}),
    ],
)
def test_what_a_provider_may_know_passes(name: str, body: Json) -> None:
    SPOKEN[name].check_request(body)


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("openai_completions", {"model": "m"}, "prompt"),
        ("openai_completions", {"model": 5, "prompt": "x"}, "model"),
        ("openai_completions", {"prompt": "x", "stream": 1}, "stream"),
        ("openai_embeddings", {}, "input"),
        ("openai_embeddings", {"input": 5}, "input"),
        ("openai_embeddings", {"input": "x", "messages": []}, "messages"),
        ("openai_images", {"prompt": ["x"]}, "prompt"),
        ("openai_speech", {"voice": "alloy"}, "input"),
        ("openai_responses", {"input": {}}, "input"),
    ],
)
def test_nonsense_is_refused(name: str, body: Json, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        SPOKEN[name].check_request(body)
    assert refused.value.field == field


def test_only_completions_have_to_be_asked_for_usage() -> None:
    body: Json = {"stream": True, "stream_options": {"include_obfuscation": False}}
    asked = {name: spoken.metered(body) for name, spoken in SPOKEN.items()}
    options = {"include_obfuscation": False, "include_usage": True}
    assert asked.pop("openai_completions") == {"stream_options": options}
    assert not any(asked.values())
    for metered in ({"stream": False}, {"stream": True, "stream_options": {"include_usage": True}}):
        assert SPOKEN["openai_completions"].metered(metered) == {}  # type: ignore[arg-type]


TOKENS = {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}
RESPONSE: Any = {"id": "resp_1", "created_at": 3, "model": "gpt-5", "status": "completed", "error": None}


@pytest.mark.parametrize(
    ("name", "body", "events"),
    [
        (
            "openai_completions",
            {"id": "c", "created": 3, "model": "m", "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
            [Started("c", "m", 3), Used(Usage(1, 2))],
        ),
        (
            "openai_embeddings",
            {"object": "list", "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}},
            [Started("", "m"), Used(Usage(1))],
        ),
        ("openai_images", {"created": 3, "data": [], "usage": TOKENS}, [Used(Usage(5, 7))]),
        ("openai_images", {"created": 3, "data": []}, []),
        (
            "openai_transcriptions",
            {"text": "x", "usage": TOKENS | {"type": "tokens", "input_token_details": {"audio_tokens": 4}}},
            [Used(Usage(5, 7, audio_input=4))],
        ),
        (
            "openai_transcriptions",
            {"text": "x", "usage": {"type": "duration", "seconds": 3.5}},
            [Used(Usage(audio_seconds=3.5))],
        ),
        (
            "openai_responses",
            RESPONSE
            | {
                "service_tier": "flex",
                "output": [],
                "usage": TOKENS
                | {
                    "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
                    "output_tokens_details": {"reasoning_tokens": 3},
                },
            },
            [Started("resp_1", "gpt-5", 3), Used(Usage(5, 7, 2, 1, reasoning=3), "flex")],
        ),
    ],
)
def test_whole_answers_are_metered(name: str, body: Json, events: list[Event]) -> None:
    assert [*SPOKEN[name].told(body)] == events


def test_searches_of_a_response_are_counted() -> None:
    kinds = [{"type": "search", "query": "x"}, {"type": "open_page", "url": "u"}, None]
    output: Any = [{"type": "web_search_call", "action": kind} for kind in kinds]
    body: Json = RESPONSE | {"output": [*output, {"type": "message"}], "usage": TOKENS}
    assert [*SPOKEN["openai_responses"].told(body)][1:] == [Used(Usage(5, 7, web_searches=2))]


def read(name: str, *payloads: Any) -> list[Event]:
    reader = SPOKEN[name].StreamReader()
    raw = [payload if isinstance(payload, bytes) else orjson.dumps(payload) for payload in payloads]
    return [event for data in raw for event in reader.read(data)]


def test_a_stream_of_completions() -> None:
    chunk: Any = {"id": "c", "created": 3, "model": "m"}
    said = [chunk | {"choices": [{"text": text, "index": 1, "finish_reason": None}]} for text in ("a", "")]
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    end = chunk | {"choices": [{"text": "", "index": 1, "finish_reason": "stop"}], "usage": None}
    assert read("openai_completions", *said, end, chunk | {"choices": [], "usage": usage}, b"[DONE]") == [
        Started("c", "m", 3),
        Said("a", 1),
        Finished("end", choice=1),
        Used(Usage(1, 2)),
        Done(),
    ]


@pytest.mark.parametrize(
    ("status", "ending"), [("completed", Finished("end")), ("incomplete", Finished("length"))]
)
def test_a_stream_of_responses(status: str, ending: Event) -> None:
    created = {"type": "response.created", "response": RESPONSE | {"status": "in_progress"}}
    said = {"type": "response.output_text.delta", "delta": "Hi"}
    end = {"type": f"response.{status}", "response": RESPONSE | {"status": status, "usage": TOKENS}}
    assert read("openai_responses", created, {"type": "response.in_progress"}, said, end) == [
        Started("resp_1", "gpt-5", 3),
        Said("Hi"),
        Used(Usage(5, 7)),
        ending,
        Done(),
    ]


def test_responses_that_fail() -> None:
    error = {"code": "rate_limit_exceeded", "message": "Slow down"}
    failed = Failed("rate_limit", "Slow down", code="rate_limit_exceeded")
    event = {"type": "response.failed", "response": RESPONSE | {"status": "failed", "error": error}}
    assert read("openai_responses", event) == [failed]
    (told,) = read("openai_responses", {"type": "error", **error, "param": None, "sequence_number": 1})
    assert isinstance(told, Failed) and (told.kind, told.message) == ("rate_limit", "Slow down")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("openai_speech", "speech.audio.done"),
        ("openai_transcriptions", "transcript.text.done"),
    ],
)
def test_other_streams(name: str, kind: str) -> None:
    piece = {"type": kind.replace("done", "delta").replace("completed", "partial_image"), "audio": "AAAA"}
    assert read(name, piece, {"type": kind, "usage": TOKENS})[-3:] == [
        Used(Usage(5, 7)),
        Finished("end"),
        Done(),
    ]


@pytest.mark.parametrize(
    ("name", "kind"), [("openai_images", "image_generation"), ("openai_image_edits", "image_edit")]
)
def test_streams_of_images_may_have_several(name: str, kind: str) -> None:
    piece = {"type": f"{kind}.partial_image", "b64_json": "AAAA", "partial_image_index": 0}
    whole = {"type": f"{kind}.completed", "b64_json": "AAAA", "usage": TOKENS}
    framed = [sse.encode(orjson.dumps(event)) for event in (piece, whole, piece, whole)]
    translator = Translator(SPOKEN[name], SPOKEN[name])
    assert translator.peek().feed(framed[0]) is True
    stream = translator.stream(1)
    assert b"".join(each for frame in framed for each in stream.feed(frame)) == b"".join(framed)
    assert stream.close() == []
    assert translator.outcome.complete and translator.outcome.used == Used(Usage(5, 7, images=2))
    cut = Translator(SPOKEN[name], SPOKEN[name]).stream(1)
    cut.feed(framed[0])
    assert b"ended early" in b"".join(cut.close())


def frames(name: str, event: Event) -> list[bytes]:
    return list(SPOKEN[name].StreamWriter(created=1).write(event))


def test_a_failure_is_told_in_the_streams_own_way() -> None:
    failed = Failed("server", "The provider's stream ended early.", type="upstream_error")
    ((_, data),) = sse.Decoder().feed(*frames("openai_completions", failed))
    assert orjson.loads(data)["error"]["message"] == failed.message
    (frame,) = frames("openai_responses", failed)
    assert frame.startswith(b"event: error\n")
    event = orjson.loads(sse.data_of(frame))
    assert event.pop("error")["message"] == failed.message
    assert oracles.check_type(ResponseErrorEvent, event) == []
    assert read("openai_responses", sse.data_of(frame))[0] == Failed(
        "server", failed.message, 500, "server_error", "500"
    )


def test_nothing_else_is_written() -> None:
    for name in SPOKEN.keys() - {"openai_completions"}:  # which can be translated into
        assert frames(name, Ping()) == [sse.KEEP_ALIVE]
        assert not any(frames(name, event) for event in (Said("x"), Done(), Used(Usage(1, 1))))


def test_errors_are_those_of_chat() -> None:
    spoken = SPOKEN["openai_embeddings"]
    failed = spoken.read_error(429, b'{"error": {"message": "m"}}')
    assert failed == Failed("rate_limit", "m", 429)
    assert oracles.check_openai_error(429, {"error": spoken.write_error(failed, "")["error"]}) == []
