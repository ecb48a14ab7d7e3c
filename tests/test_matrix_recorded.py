"""Real traffic of OpenAI's, kept outside of the repository, through the translators alone."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.matrix import (
    JUDGES,
    MODELS,
    NOW,
    asked_of,
    translated_request,
    translated_stream,
    translator,
    written_and_read,
)
from tests.test_matrix_requests import lacks_of, lost
from tests.test_matrix_streams import plain
from translators import DIALECTS, SPOKEN
from translators.body import parse
from translators.dialect import Spoken
from translators.errors import BadRequest
from translators.fields import losses
from translators.hosts import HOSTS
from translators.translator import Translator

FOLDER = Path(__file__).parents[2] / "shared" / "recordings"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
OTHERS = sorted(DIALECTS.keys() - {"openai_chat"})

pytestmark = pytest.mark.skipif(not NAMES, reason="there are no recordings on this machine")


@cache
def load(name: str) -> dict[str, Any]:
    recording: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_bytes())
    return recording


def spoken(recording: dict[str, Any]) -> Spoken:
    paths = {path.whole: name for name, path in HOSTS["openai"].paths.items()}
    return SPOKEN[paths[recording["path"].removeprefix("/v1")]]


def is_stream(recording: dict[str, Any]) -> bool:
    return bool(recording["upstream_response_type"] == "sse")


CHATS = [name for name in NAMES if load(name)["path"].endswith("/chat/completions")]
ANSWERED = [name for name in CHATS if load(name)["upstream_status"] == 200]
ASKED = [name for name in NAMES if load(name)["request_body"]]


@pytest.mark.parametrize("name", ASKED)
def test_requests_pass_as_they_are(name: str) -> None:
    recording = load(name)
    raw, dialect = recording["request_body"].encode(), spoken(recording)
    written = Translator(dialect, dialect).request(parse(raw), orjson.loads(raw)["model"])
    added = dialect.metered(orjson.loads(raw))
    assert orjson.loads(written.body) == orjson.loads(raw) | added
    assert added or written.body == raw


@pytest.mark.parametrize("name", NAMES)
def test_answers_pass_as_they_are(name: str) -> None:
    recording = load(name)
    body, dialect = recording["upstream_response_body"].encode(), spoken(recording)
    made = Translator(dialect, dialect)
    if recording["upstream_status"] != 200:
        assert made.error(recording["upstream_status"], body, "req_1")[1] is None
    elif is_stream(recording):
        stream = made.stream(NOW)
        frames = [frame for at in range(0, len(body), 7) for frame in stream.feed(body[at : at + 7])]
        assert b"".join(frames + stream.close()) == body
        assert made.outcome.complete
    else:
        assert made.response(body, NOW) == body


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", CHATS)
def test_requests_go_there_and_back(name: str, other: str) -> None:
    raw = load(name)["request_body"].encode()
    home, abroad = DIALECTS["openai_chat"], DIALECTS[other]
    try:
        made = translated_request(raw, "openai_chat", other)
    except BadRequest:
        assert load(name)["upstream_status"] == 400  # OpenAI thought so, too
        return
    if "refused" in made:
        return  # the table says of what
    assert JUDGES[other].request(made["body"]) == []
    asked = asked_of(other, home.read_request(orjson.loads(raw)))
    losses(asked, home.READS, abroad.LACKS, abroad.OWNER)
    back = written_and_read("openai_chat", written_and_read(other, asked))
    assert lost(asked, back, lacks_of("openai_chat", other)) == []


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", ANSWERED)
def test_answers_go_there_and_back(name: str, other: str) -> None:
    """What a client of the other dialect gets, read and written once more, says what OpenAI has said."""
    recording = load(name)
    body = recording["upstream_response_body"].encode()
    home, judge = JUDGES["openai_chat"], JUDGES[other]
    if is_stream(recording):
        there = b"".join(translated_stream([body], "openai_chat", other))
        assert judge.stream(there) == []
        back = b"".join(translated_stream([there], other, "openai_chat"))
        assert home.stream(back) == []
        assert said(home.fold(back), other) == said(home.fold(body), other)
    else:
        there = translator(other, "openai_chat").response(body, NOW)
        assert judge.response(orjson.loads(there)) == []
        back = translator("openai_chat", other).response(there, NOW)
        assert home.response(orjson.loads(back)) == []
        assert said(orjson.loads(back), other) == said(orjson.loads(body), other)


def said(answer: dict[str, Any], other: str) -> Any:
    """What an answer says that the other vendor has a word for, too; usage may be 0 where it is unknown."""
    usage = answer.get("usage") or {}
    prompt, details = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    counts = [usage.get("prompt_tokens"), usage.get("completion_tokens")]
    counts += [prompt.get("cached_tokens"), None if other in MODELS else details.get("reasoning_tokens")]
    names = ("choices",) if other in MODELS else ("id", "model", "choices")
    told = {name: answer[name] for name in names}
    return plain({**told, "counts": [count for count in counts if count]})
