"""Counts between all who count: what is sent is what each vendor describes; what is told is the number."""

import json
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws import over
from tests.matrix import REQUESTS, Recording
from tests.oracles import counts as oracle
from translators import COUNTS, SPOKEN, TARGETS
from translators.body import parse
from translators.canonical import Counted, Done, Started, Used
from translators.counting import KIND, counted, number_of, without_thought
from translators.errors import BadRequest, BadUpstream, Unsupported
from translators.fields import Lack
from translators.hosts import HOSTS
from translators.stream import Outcome
from translators.translator import Translator

SOURCES = {"anthropic_messages": "anthropic_count", "openai_chat": "vllm_tokenize"}
CLAUDE, GEMINI = "anthropic.claude-sonnet-4-20250514-v1:0", "gemini-2.5-pro"
PLACES: dict[str, tuple[str, str, Callable[[Any], list[str]]]] = {
    "anthropic": ("anthropic_count", "claude-sonnet-4", oracle.check_anthropic_count),
    "gcp-anthropic": ("anthropic_count", "claude-sonnet-4", oracle.check_anthropic_count),
    "aws-anthropic": ("anthropic_count", CLAUDE, oracle.check_bedrock_count),
    "aws-bedrock": ("bedrock_count", CLAUDE, oracle.check_bedrock_count),
    "gcp-vertex": ("gemini_count", GEMINI, oracle.check_gemini_count),
    "gemini": ("gemini_count", GEMINI, oracle.check_gemini_count),
    "openai": ("openai_input_tokens", "gpt-4o", oracle.check_openai_count),
    "azure-openai": ("openai_input_tokens", "gpt-4o", oracle.check_openai_count),
    "vllm": ("vllm_tokenize", "llama", oracle.check_vllm_count),
}
ANSWERS = {
    "anthropic_count": {"input_tokens": 7},
    "bedrock_count": {"inputTokens": 7},
    "gemini_count": {"totalTokens": 7, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}]},
    "openai_input_tokens": {"object": "response.input_tokens", "input_tokens": 7},
    "vllm_tokenize": {"count": 7, "max_model_len": 10, "tokens": [1, 2, 3, 4, 5, 6, 7]},
}
TOLD: dict[str, Any] = {
    "anthropic_count": {"input_tokens": 7},
    "vllm_tokenize": {"count": 7},
    "bedrock_count": {"inputTokens": 7},
    "gemini_count": {"totalTokens": 7},
}
SHORTEST: dict[str, Any] = {
    "anthropic_count": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "vllm_tokenize": {"model": "m", "prompt": "Hi"},
    "bedrock_count": {"input": {"converse": {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}}},
    "gemini_count": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
}


def at(source: str, place: str) -> Translator:
    target = TARGETS[PLACES[place][0]]
    return Translator(SPOKEN[source], target, HOSTS[place].envelope(target))


def written(source: str, place: str, body: Any, model: str = "") -> Any:
    return orjson.loads(at(source, place).request(parse(orjson.dumps(body)), model or PLACES[place][1]).body)


ASKED = {  # what a client says in the provider's own words is passed
    f"{dialect}-{place}": {str(it): (it, place) for it in REQUESTS if it.dialect == dialect}
    for dialect, place in product(SOURCES, PLACES)
    if SOURCES[dialect] != PLACES[place][0]
}


@over(ASKED)
def test_what_is_sent_is_what_the_vendor_describes(recording: Recording, place: str) -> None:
    """A chat's whole request will do: what does not matter for its count is left out without a word."""
    source = SOURCES[recording.dialect]
    _, model, judge = PLACES[place]
    try:
        outgoing = at(source, place).request(parse(recording.request), model)
    except Unsupported:
        return
    assert judge(orjson.loads(outgoing.body)) == []
    harmless = {"temperature", "max_tokens", "max_completion_tokens", "stream", "seed", "top_p", "stop", "n"}
    assert not harmless & set(outgoing.dropped)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("source", COUNTS)
def test_the_shortest_is_sent_and_told(source: str, place: str) -> None:
    translator = at(source, place)
    outgoing = translator.request(parse(orjson.dumps(SHORTEST[source])), PLACES[place][1], {"stream": False})
    name = "bedrock_count" if place == "aws-anthropic" else PLACES[place][0]
    answer = orjson.loads(translator.response(orjson.dumps(ANSWERS[name]), 0))
    if not translator.identity:
        assert PLACES[place][2](orjson.loads(outgoing.body)) == []
        assert answer == TOLD[source]
    elif place == "aws-anthropic":
        assert answer == {"input_tokens": 7}
    else:
        assert answer == ANSWERS[name]
    assert not translator.outcome.used, "nothing was generated"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("source", COUNTS)
def test_an_answer_that_is_no_count(source: str, place: str) -> None:
    translator = at(source, place)
    for raw in (b"{}", b"3", b"<html>", b"[]", b'{"count": null, "inputTokens": []}'):
        if translator.identity and place != "aws-anthropic":
            assert translator.response(raw, 0) == raw
        else:
            with pytest.raises(BadUpstream):
                translator.response(raw, 0)


@pytest.mark.parametrize("name", sorted((TARGETS.keys() & SPOKEN.keys()) - {"openai_input_tokens"}))
def test_a_kind_keeps_to_itself(name: str) -> None:
    spoken = SPOKEN[name]
    for host in HOSTS.values():
        target = host.spoken_for(spoken, "m", TARGETS)
        assert target is None or (target.KIND == KIND) == (name in COUNTS)


@pytest.mark.parametrize("place", ["cohere", "groq", "mistral"])
def test_not_everyone_can_count(place: str) -> None:
    assert not any(HOSTS[place].spoken_for(SPOKEN[name], "m", TARGETS) for name in COUNTS)


def test_a_response_s_input_only_passes() -> None:
    passed = SPOKEN["openai_input_tokens"]
    assert HOSTS["openai"].spoken_for(passed, "m", TARGETS) is passed
    assert HOSTS["azure-openai"].spoken_for(passed, "m", TARGETS) is passed
    assert not HOSTS["anthropic"].spoken_for(passed, "m", TARGETS)
    asked = {"model": "m", "input": [{"type": "anything"}], "x": 1}
    outgoing = Translator(passed, passed).request(parse(orjson.dumps(asked)), "up")
    assert orjson.loads(outgoing.body) == {**asked, "model": "up"}


@pytest.mark.parametrize("name", COUNTS)
def test_what_is_missing_is_named(name: str) -> None:
    for wrong in ({}, {"messages": []}, {"messages": "x"}, {"input": 1}, {"contents": []}, {"prompt": 1}):
        with pytest.raises(BadRequest):
            COUNTS[name].check_request({"model": "m", **wrong})  # type: ignore[dict-item]
    COUNTS[name].check_request({"model": "m", **SHORTEST[name]})


NAMES = st.text() | st.sampled_from(
    ["role", "content", "type", "text", "parts", "converse", "messages", "invokeModel", "body", "contents"]
)
GARBAGE = st.recursive(
    st.none() | st.integers() | NAMES,
    lambda it: st.lists(it, max_size=4) | st.dictionaries(NAMES, it, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("name", COUNTS)
@given(GARBAGE)
def test_garbage_is_only_ever_refused(name: str, garbage: Any) -> None:
    for field in SHORTEST[name]:
        with suppress(BadRequest, Unsupported):
            COUNTS[name].read_request({**SHORTEST[name], field: garbage})


@pytest.mark.parametrize("name", COUNTS)
def test_a_request_survives_its_reading(name: str) -> None:
    request = COUNTS[name].read_request({**SHORTEST[name], "model": "m"})
    assert COUNTS[name].read_request({**COUNTS[name].write_request(request), "model": "m"}) == request


def test_how_to_answer_does_not_count() -> None:
    request = COUNTS["anthropic_count"].read_request(
        {**SHORTEST["anthropic_count"], "stream": True, "temperature": 1, "metadata": {"user_id": "u"}}
    )
    assert request == counted(request)
    assert (request.stream, request.temperature, request.max_tokens, request.user) == (None,) * 4
    assert without_thought({"Reasoning.display": Lack("dropped"), "Video": Lack("refused")}).keys() == {
        "Video"
    }


def test_a_count_is_not_usage() -> None:
    outcome = Outcome()
    for event in COUNTS["anthropic_count"].read_response({"input_tokens": 3}):
        outcome.see(event)  # type: ignore[arg-type]
    assert outcome == Outcome("", None, complete=True)
    assert number_of([Started("", ""), Counted(3), Done()]) == 3
    with pytest.raises(BadUpstream):
        number_of([Done()])


@pytest.mark.parametrize("name", TOLD)
def test_what_is_told_is_what_the_vendor_s_own_sdk_reads(name: str) -> None:
    told = json.loads(
        json.dumps(COUNTS[name].write_response([Started("", ""), Counted(7), Done()], created=0))
    )
    assert told == TOLD[name]
    if name == "anthropic_count":
        assert oracle.check_anthropic_counted(told) == []
    if name == "gemini_count":
        assert oracle.gemini_counted(told) == 7


def test_no_event_is_left_to_usage() -> None:
    assert not any(isinstance(event, Used) for event in COUNTS["vllm_tokenize"].read_response({"count": 1}))
