"""What we make of every recording in every other dialect, as reviewed: `make golden` rewrites it.

Each golden is what the client or the provider gets, and the vendor's own SDK and documents accept it.
"""

import os
from pathlib import Path
from typing import Any

import orjson

from tests.matrix import (
    ALL,
    COMPLETE,
    ERRORS,
    JUDGES,
    NOW,
    REQUESTS,
    STREAMS,
    UNTELLABLE,
    WHOLE,
    Recording,
    each,
    pairs,
    stream_file,
    translated_request,
    translated_stream,
    translator,
)
from translators import DIALECTS

GOLDEN = Path(__file__).parent / "golden"
WRITES = os.environ.get("DRAGOMAN_GOLDEN") == "write"

BEYOND = {
    "openai_chat-cache_hints": "cache_control, which only servers of other models take",
    "openai_chat-thinking_back": "reasoning of other vendors' models",
    "openai_chat-drawn_back": "pictures that other vendors' models have made",
    "openai_chat-unknown_field": "a field that nobody knows yet",
    "openai_chat-azure": "the results of Azure's filters",
    "anthropic_messages-computer": "a beta",
    "anthropic_messages-file_id": "a beta",
    "anthropic_messages-mcp": "a beta",
    "anthropic_messages-own_fields": "a beta",
    "anthropic_messages-context_exceeded": "a stop reason that the document does not list",
}
"""Recordings that the vendor's own types do not cover, and why they are here all the same."""


def golden(client: str, provider: str, case: str, part: str) -> Path:
    return GOLDEN / f"{client}__{provider}" / f"{case}.{part}"


def compare(path: Path, made: bytes) -> None:
    """With `make golden`, what is made becomes what is expected."""
    if WRITES:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made)
    assert path.exists(), "not reviewed yet: run `make golden` and look at the diff"
    assert path.read_bytes() == made


def pretty(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


# --- recordings -------------------------------------------------------------------------------------


def test_every_dialect_has_its_judge_and_recordings() -> None:
    assert JUDGES.keys() == DIALECTS.keys()
    for recordings in (REQUESTS, WHOLE, STREAMS, ERRORS):
        assert {recording.dialect for recording in recordings} == set(DIALECTS)


@each(ALL)
def test_the_vendor_would_send_and_take_it(recording: Recording) -> None:
    judge, problems = JUDGES[recording.dialect], list[str]()
    if recording in REQUESTS:
        problems += judge.request(orjson.loads(recording.request))
    if recording in WHOLE:
        problems += judge.response(orjson.loads(recording.response))
    if recording in ERRORS:
        problems += judge.error(recording.status, orjson.loads(recording.response))
    if recording in COMPLETE:
        problems += judge.stream(recording.stream)
    assert bool(problems) == (str(recording) in BEYOND), problems


# --- goldens ----------------------------------------------------------------------------------------


@pairs(REQUESTS)
def test_requests(recording: Recording, other: str) -> None:
    made = translated_request(recording.request, recording.dialect, other)
    compare(golden(recording.dialect, other, recording.case, "request.json"), pretty(made))
    if "body" in made:
        assert JUDGES[other].request(made["body"]) == []


@pairs(WHOLE)
def test_whole_answers(recording: Recording, other: str) -> None:
    made = orjson.loads(translator(other, recording.dialect).response(recording.response, NOW))
    compare(golden(other, recording.dialect, recording.case, "response.json"), pretty(made))
    assert JUDGES[other].response(made) == []


@pairs(STREAMS)
def test_streams(recording: Recording, other: str) -> None:
    made = translated_stream([recording.stream], recording.dialect, other)
    compare(golden(other, recording.dialect, recording.case, stream_file(other)), b"".join(made))
    if recording in COMPLETE:
        assert JUDGES[other].stream(b"".join(made)) == []
    else:
        JUDGES[other].error_event(made[-1])


@pairs(ERRORS)
def test_errors(recording: Recording, other: str) -> None:
    failed, made = translator(other, recording.dialect).error(recording.status, recording.response, "req_1")
    assert made and failed.status == recording.status
    compare(golden(other, recording.dialect, recording.case, "response.json"), pretty(orjson.loads(made)))
    assert JUDGES[other].error(recording.status, orjson.loads(made)) == []


def test_no_golden_is_left_behind() -> None:
    wanted = {
        golden(
            *((recording.dialect, other) if part == "request.json" else (other, recording.dialect)),
            case,
            part,
        )
        for recording in ALL
        for other in DIALECTS
        for case in [recording.case]
        for had, part in (
            *((part, part) for part in ("request.json", "response.json")),
            (stream_file(recording.dialect), stream_file(other)),
        )
        if other != recording.dialect and recording.has(had)
        if part == "request.json" or (case, other) not in UNTELLABLE
    }
    stale = set(GOLDEN.rglob("*.*")) - wanted
    for path in stale if WRITES else ():
        path.unlink()
    assert WRITES or not stale
