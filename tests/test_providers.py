"""Every inbound chat API at every type of provider: both legs, held against the vendors' own models.

The embedded provider is strict in each format, so that an answer says that the request was right in more
ways than its types. What a provider can't do stands in the tables here, each with its reason, and they are
held against the table of fields.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any

import pytest

from tests import oracles
from tests.addons.demo_server import running_demo
from tests.laws import Law, over
from tests.matrix import JUDGES, beyond, frames
from tests.provider_cases import BROKEN, ERRORS, NAMES, SAID
from tests.provider_matrix import CLIENTS, PROVIDERS, Asked, Client, Gateway, Said
from translators import DIALECTS, SOURCES
from translators.fields import fate, lack_of

HELLO = f'Hello from the demo! You said: "{SAID}". I saw 1 message'
CALL = (NAMES[0], {"city": "Paris"})
THOUGHT = f'The user says "{SAID}". A greeting that quotes them is what this model is for.'
REFUSAL = "I'm sorry, but I can't help with that."
EXPECTED: Mapping[str, Said] = {
    "text": Said(f"{HELLO}.", finish="end"),
    "tools": Said(calls=(CALL,), finish="tools"),
    "parallel-tools": Said(calls=(CALL, (NAMES[1], CALL[1])), finish="tools"),
    "result": Said('The tool answered "17 degrees".', finish="end"),
    "image_result": Said('The tool answered "17 degrees".', finish="end"),
    "image": Said(f"{HELLO} and 1 image.", finish="end"),
    "thinking": Said(f"{HELLO}.", thinking=THOUGHT, finish="end"),
    "json_schema": Said('{"city":"Paris"}', finish="end"),
    "stop": Said('Hello from the demo! You said: "What about ', finish="stop_sequence"),
    "length": Said("word1 word2 word3 word4 word5", finish="length"),
    "refusal": Said(REFUSAL, finish="refusal"),
}
_OPENAI = {
    **dict.fromkeys(("end", "stop_sequence"), "stop"),
    **{"tools": "tool_calls", "length": "length", "refusal": "content_filter"},
}
FINISHES: Mapping[str, Mapping[str, str]] = {
    "chat": _OPENAI,
    "completions": _OPENAI,
    "messages": {
        **{"end": "end_turn", "stop_sequence": "stop_sequence", "tools": "tool_use"},
        **{"length": "max_tokens", "refusal": "refusal"},
    },
    "converse": {
        **{"end": "end_turn", "stop_sequence": "stop_sequence", "tools": "tool_use"},
        **{"length": "max_tokens", "refusal": "content_filtered"},
    },
    "gemini": {
        **dict.fromkeys(("end", "stop_sequence", "tools"), "STOP"),
        **{"length": "MAX_TOKENS", "refusal": "SAFETY"},
    },
}

# --- what is not as everywhere, and why -------------------------------------------------------------

UNTOLD_STOPS = ("openai_chat", "gemini_generate")
"""They don't tell a stop sequence from any other end."""
WORDLESS_REFUSALS = ("anthropic_messages", "gemini_generate")
"""They refuse without a word; a reason is all there is."""
REFUSAL_IN_A_FIELD = ("chat", "completions")
"""Their own clients find it in `refusal`, or as text where there is no such field; it ends with `stop`."""
NO_PICTURES_IN_RESULTS = ("openai_chat",)
"""A result is text there: pictures follow in the user's words, and that is what the demo quotes then."""
AS_IT_IS = {("chat", "openai_chat", "image_result"), ("chat", "openai_chat", "thinking")}
"""The client has gone beyond the vendor's types, and who speaks a provider's API is taken at his word."""
NO_IDS_OF_CALLS = {("gemini", "gcp-vertex", "result"), ("gemini", "gcp-vertex", "image_result")}
"""Vertex AI refuses the ids that the Gemini API has, and says so; who speaks a dialect is not corrected."""
AZURES_ERRORS = ("azure", "azure-v1")
"""Azure's errors have neither type nor param; OpenAI's clients read them, and they pass as they are."""
DROPPED: Mapping[tuple[str, str, str], frozenset[str]] = {
    # OpenAI's API takes no reasoning back
    ("messages", "openai_chat", "again"): frozenset({"messages[].content[thinking]"}),
    ("converse", "openai_chat", "again"): frozenset({"messages[].content[].reasoningContent"}),
    ("gemini", "openai_chat", "again"): frozenset(
        {"contents[].parts[].thought", "generationConfig.thinkingConfig.includeThoughts"}
    ),
    # … and has no word for whether reasoning is to be shown
    ("gemini", "openai_chat", "thinking"): frozenset({"generationConfig.thinkingConfig.includeThoughts"}),
}
"""What is listed in x-dragoman-dropped, of a case or when its answer is sent back; nothing anywhere else."""


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with running_demo() as port:
        yield Gateway(port)


def at_every_provider(cases: Mapping[str, tuple[str, ...]]) -> Callable[[Law], Law]:
    """A law of `name`, `provider` and `case`: one test for each client and provider goes over the cases."""
    return over(
        {
            f"{name}-{provider}": {case: (name, provider, case) for case in cases[name]}
            for name, provider in product(CLIENTS, PROVIDERS)
        }
    )


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@at_every_provider({name: client.cases for name, client in CLIENTS.items()})
def test_answers(name: str, provider: str, case: str, gateway: Gateway, stream: bool) -> None:
    client, target = CLIENTS[name], PROVIDERS[provider].dialect
    body = client.ask(case)
    asked = gateway.ask(client, provider, case, body, stream)
    if (name, provider, case) in NO_IDS_OF_CALLS:
        assert asked.status == 400 and "id" in asked.json["error"]["message"]
        return
    assert asked.status == 200, asked.body
    if (name, target, case) not in AS_IT_IS:
        assert asked_properly(asked, provider) == []
    assert dropped(asked) == DROPPED.get((name, target, case), frozenset())
    answer = answer_of(client, asked, stream)
    assert without_proof(client.said(answer)) == expected(name, target, case)
    if case != "thinking":
        return
    again = gateway.ask(client, provider, "text", client.reply(body, answer), False)
    assert again.status == 200, again.body
    if (name, target, case) not in AS_IT_IS:
        assert asked_properly(again, provider) == []
    assert dropped(again) == DROPPED.get((name, target, "again"), frozenset())
    if target in ("anthropic_messages", "bedrock_converse"):
        assert proofs(asked) == [] and proofs(again), "the model gets its own thoughts back, with their proof"


@at_every_provider(dict.fromkeys(CLIENTS, ERRORS))
def test_errors(name: str, provider: str, case: str, gateway: Gateway) -> None:
    client = CLIENTS[name]
    asked = gateway.ask(client, provider, case, client.ask("text"), case == "429")
    assert asked.status == int(case)
    problems = client.judge.error(asked.status, asked.json)
    if provider in AZURES_ERRORS and name in ("chat", "completions"):
        problems = [one for one in problems if "is a required property" not in one]
    assert problems == []
    assert asked.headers.get("retry-after") == ("1" if case == "429" else None)
    assert (name == "converse") == ("x-amzn-errortype" in asked.headers)


@at_every_provider(dict.fromkeys(CLIENTS, BROKEN))
def test_a_stream_that_breaks_off(name: str, provider: str, case: str, gateway: Gateway) -> None:
    client = CLIENTS[name]
    asked = gateway.ask(client, provider, case, client.ask("text"), True)
    assert asked.status == 200
    told = frames(asked.body, "openai_chat" if name == "completions" else client.dialect)
    assert not any(client.judge.finishes(frame) for frame in told)
    assert client.judge.error_event(told[-1] if b"[DONE]" not in told[-1] else told[-2])


@pytest.mark.parametrize(("name", "target", "case"), DROPPED)
def test_what_is_dropped_is_in_the_table_of_fields(name: str, target: str, case: str) -> None:
    reads, lacks = SOURCES[CLIENTS[name].dialect].READS, DIALECTS[target].LACKS
    for field in DROPPED[name, target, case]:
        lack = lack_of(reads[field], lacks, field)
        assert fate(reads[field], lacks, False, field)[0] == "dropped" or (lack and lack.fate == "dropped")


def asked_properly(asked: Asked, provider: str) -> list[str]:
    """What the vendor's own model of the request finds wrong with what was sent."""
    sent = dict(asked.sent)
    if "prompt" in sent:
        return oracles.check_openapi("openai", "CreateCompletionRequest", sent)
    if provider in ("aws-anthropic", "gcp-anthropic"):  # in their envelopes
        assert sent.pop("anthropic_version") and "model" not in sent
        sent["model"] = PROVIDERS[provider].model
    return JUDGES[PROVIDERS[provider].dialect].request(sent)


def answer_of(client: Client, asked: Asked, stream: bool) -> Any:
    """The answer, also as the vendor's SDK adds a stream up, once its own types have found nothing wrong."""
    if not stream:
        assert client.judge.response(asked.json) == []
        return asked.json
    # (AWS's counts come along with the end of Anthropic's streams)
    assert beyond("amazon-bedrock-invocationMetrics", client.judge.stream, asked.body) == []
    return client.judge.fold(asked.body)


def dropped(asked: Asked) -> frozenset[str]:
    return frozenset(filter(None, asked.dropped.split(",")))


def without_proof(said: Said) -> Said:
    return Said(said.text, said.calls, said.thinking, said.finish)


def expected(name: str, target: str, case: str) -> Said:
    """What a client is told by a provider that speaks `target`."""
    said = EXPECTED[case]
    text, finish = said.text, said.finish
    if case == "stop" and target in UNTOLD_STOPS:
        finish = "end"
    if case == "refusal" and target in WORDLESS_REFUSALS:
        text = ""
    if case == "refusal" and target == "openai_chat" and name in REFUSAL_IN_A_FIELD:
        finish = "end"
    if case == "image_result" and target in NO_PICTURES_IN_RESULTS and name != "chat":
        call = {"messages": "toolu_1", "converse": "t1", "gemini": "f1"}[name]
        told = f"Part of the result of the tool call {call}:"
        text = f'Hello from the demo! You said: "{told}". I saw 4 messages, 1 image and 2 tools.'
    return Said(text, said.calls, said.thinking, FINISHES[name][finish or ""])


def proofs(asked: Asked) -> list[Any]:
    """The signatures of thoughts in what a provider was sent."""

    def within(value: Any) -> Iterator[Any]:
        if isinstance(value, dict):
            yield from [value["signature"]] if "signature" in value else []
            for child in value.values():
                yield from within(child)
        elif isinstance(value, list):
            for child in value:
                yield from within(child)

    return list(within(asked.sent))
