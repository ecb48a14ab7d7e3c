"""Laws of requests, for every recorded request and every provider: nothing is lost in silence."""

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import permutations
from typing import Any

import orjson
import pytest

from tests.laws import over
from tests.matrix import (
    IN_PATH,
    REQUESTS,
    Recording,
    asked_of,
    each,
    pairs,
    translated_request,
    written_and_read,
)
from tests.matrix_samples import EXAMPLES, SHORTEST
from translators import DIALECTS
from translators.body import parse
from translators.canonical import Opaque, Request
from translators.errors import BadRequest, Unsupported
from translators.fields import Lack, Lacks, losses
from translators.translator import Translator

EXTENSIONS = {"openai_chat-cache_hints", "openai_chat-thinking_back", "openai_chat-drawn_back"}
"""What clients may say in a dialect, but its own vendor does not take."""


def without_empty_content(messages: list[Any]) -> list[Any]:
    """An assistant that only calls has no content, an empty one or none: all the same."""
    return [
        {
            name: value
            for name, value in message.items()
            if name != "content" or value or "tool_calls" not in message
        }
        for message in messages
    ]


def as_blocks(messages: list[Any]) -> list[Any]:
    """A string is one block of text."""
    return [
        {**message, "content": [{"type": "text", "text": content}] if isinstance(content, str) else content}
        for message in messages
        for content in [message.get("content")]
    ]


def normal(dialect: str, body: dict[str, Any]) -> dict[str, Any]:
    """One of the spellings that the vendor's documentation calls the same."""
    match dialect:
        case "openai_chat":
            told = {"max_completion_tokens" if name == "max_tokens" else name: body[name] for name in body}
            if isinstance(told.get("stop"), str):
                told["stop"] = [told["stop"]]
            return {**told, "messages": as_blocks(without_empty_content(body["messages"]))}
        case "anthropic_messages":
            return {**body, "messages": as_blocks(body["messages"])}
        case "bedrock_converse":
            told = {name: value for name, value in body.items() if name not in ("model", "stream")}
            match body:  # a schema is text, in which spaces say nothing
                case {"outputConfig": {"textFormat": {"structure": {"jsonSchema": named}}}}:
                    named["schema"] = orjson.loads(named["schema"])
            return told
        case "gemini_generate":
            return {name: value for name, value in body.items() if name not in IN_PATH[dialect]}
        case _:
            return body


# --- the hub itself ---------------------------------------------------------------------------------


@each([one for one in REQUESTS if str(one) not in EXTENSIONS])
def test_what_is_read_is_written(recording: Recording) -> None:
    dialect, body = DIALECTS[recording.dialect], orjson.loads(recording.request)
    written = dialect.write_request(dialect.read_request(body))
    assert normal(recording.dialect, written) == normal(recording.dialect, body)


@each(REQUESTS)
def test_the_same_dialect_passes_as_it_is(recording: Recording) -> None:
    dialect, body = DIALECTS[recording.dialect], parse(recording.request)
    written = Translator(dialect, dialect).request(body, str(body.json["model"]))
    assert (written.body, written.dropped) == (recording.request, ())


@each(REQUESTS)
def test_the_same_dialect_changes_only_the_model(recording: Recording) -> None:
    dialect, body = DIALECTS[recording.dialect], orjson.loads(recording.request)
    written = Translator(dialect, dialect).request(parse(recording.request), 'other "model"')
    assert orjson.loads(written.body) == body | {"model": 'other "model"'}
    assert written.body.replace(b'"other \\"model\\""', orjson.dumps(body["model"])) == recording.request


# --- nothing is lost in silence ---------------------------------------------------------------------

FREE = {"parameters", "input_schema", "schema", "input", "json"}
"""Where JSON begins that passes as it is."""

HARMLESS = {
    "openai_chat": {
        "frequency_penalty=0",
        "presence_penalty=0",
        "logit_bias={}",
        "logprobs=false",
        "n=1",
        "store=false",
        'modalities=["text"]',
        'modalities[]="text"',
        "parallel_tool_calls=true",
        'service_tier="auto"',
        'verbosity="medium"',
        'response_format={"type":"text"}',
        "response_format.json_schema.strict=true",
        "messages[].content=null",
        'messages[].content=""',
        'messages[].tool_calls[].type="function"',
        'messages[].reasoning_content="No divisor up to 9."',  # thinking_blocks say it again
        'tools[].function.parameters={"type":"object","properties":{}}',
        'web_search_options.user_location.type="approximate"',
        'tool_choice.allowed_tools.tools[].type="function"',
        "tools[].function.strict=true",  # a schema always holds
    },
    "anthropic_messages": {
        'thinking={"type":"adaptive"}',  # where nothing is said, the model decides
        'tools[].name="web_search"',
        "tool_choice.disable_parallel_tool_use=false",
        "tools[].strict=true",
    },
    "bedrock_converse": {
        'additionalModelRequestFields.thinking={"type":"adaptive"}',
        'outputConfig.textFormat.structure.jsonSchema.name="primality"',
        'performanceConfig={"latency":"standard"}',
        'toolConfig.tools[].toolSpec.inputSchema.json={"type":"object","properties":{}}',
        "toolConfig.tools[].toolSpec.strict=true",  # a schema always holds
        'messages[].content[].document.format="txt"',  # where nothing is said, it is text
        'messages[].content[].toolResult.status="success"',
    },
    "gemini_generate": {
        'contents[].role="user"',
        'systemInstruction.role="system"',
        'contents[].parts[].text=""',  # beside a signature, which is listed
        'contents[].parts[].text="No divisor up to 9."',  # a thought, which is listed
        "contents[].parts[].functionCall.args={}",
        *(f'contents[].parts[].functionResponse.id="fc-{number}"' for number in (1, 2, 3)),  # in order
        'tools[].functionDeclarations[].parametersJsonSchema.type="object"',
        "generationConfig.candidateCount=1",
        'generationConfig.responseMimeType="application/json"',  # beside a schema
        'generationConfig.responseMimeType="text/plain"',
        'generationConfig={"responseMimeType":"text/plain"}',
        "generationConfig.thinkingConfig.thinkingBudget=-1",  # where nothing is said, the model decides
        "generationConfig.thinkingConfig.includeThoughts=false",
        'generationConfig.thinkingConfig={"includeThoughts":false,"thinkingBudget":-1}',
        'generationConfig={"thinkingConfig":{"includeThoughts":false,"thinkingBudget":-1}}',
        "store=false",
    },
}
"""What says no more than what every provider does anyway."""


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        if key not in FREE:
            yield from places(inner, (*path, key))


def taken(body: Any, path: tuple[str | int, ...]) -> tuple[bytes, Any]:
    """The body without what is at a place, and what was there."""
    rest = copy.deepcopy(body)
    inner = rest
    for key in path[:-1]:
        inner = inner[key]
    value = inner.pop(path[-1])
    return orjson.dumps(rest), value


def top(name: str) -> str:
    """The top-level field that a name begins with."""
    return name.partition(".")[0].partition("[")[0]


def spelt(path: tuple[str | int, ...]) -> str:
    return "".join("[]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


@pairs(REQUESTS)
def test_every_part_of_a_request_counts(recording: Recording, other: str) -> None:
    """Without it the provider gets something else, or something else is listed; or it is harmless."""
    whole = translated_request(recording.request, recording.dialect, other)
    silent = set[str]()
    for path in places(body := orjson.loads(recording.request)):
        may_not_be_called = recording.case == "tool_none" and path[0] == "tools"
        if path[0] in {"model"} | IN_PATH.get(other, set()) or may_not_be_called:
            continue  # what may not be called need not be told
        rest, value = taken(body, path)
        try:
            changed = translated_request(rest, recording.dialect, other) != whole
        except BadRequest:
            continue  # it has to be there
        inside = tuple(value) if isinstance(value, dict) else ()
        if not changed and not is_listed((*path, *inside), whole):
            silent.add(f"{spelt(path)}={orjson.dumps(value).decode()}")
    assert silent <= HARMLESS[recording.dialect]


def is_listed(path: tuple[str | int, ...], made: dict[str, Any]) -> bool:
    """Whether it, or what it is in, is listed as left out; or the request is refused for something else."""
    names = {name for name in path if isinstance(name, str)}
    listed = (name.replace("[thinking]", ".thinking").rpartition(".")[2] for name in made.get("dropped", ()))
    return "refused" in made or bool(names & set(listed)) or names >= {"messages", "signature"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_there_is_an_example_of_every_field(dialect: str) -> None:
    known = {name for name in DIALECTS[dialect].READS if "." not in name and "[" not in name}
    assert known - SHORTEST[dialect].keys() == EXAMPLES[dialect].keys()


FIELDS = {
    f"{dialect}-{other}": {
        name: (dialect, name, other) for name in EXAMPLES[dialect] if name not in IN_PATH.get(other, ())
    }
    for dialect, other in permutations(DIALECTS, 2)
}


@over(FIELDS)
def test_every_field_is_written_or_listed_or_refused(dialect: str, name: str, other: str) -> None:
    short = SHORTEST[dialect]
    given = {**short, **EXAMPLES[dialect][name]}
    made = translated_request(orjson.dumps(given), dialect, other)
    if "refused" in made:
        assert top(made["refused"]["field"]) == name
        return
    rest = {field: value for field, value in given.items() if field != name}
    is_listed = name in map(top, made["dropped"])
    is_written = made["body"] != translated_request(orjson.dumps(rest), dialect, other)["body"]
    assert is_written != is_listed


@pairs(REQUESTS)
def test_only_what_was_there_is_listed(recording: Recording, other: str) -> None:
    made, body = (
        translated_request(recording.request, recording.dialect, other),
        orjson.loads(recording.request),
    )
    named = made["dropped"] if "body" in made else [made["refused"]["field"]]
    assert set(map(top, named)) <= body.keys()


# --- there and back ---------------------------------------------------------------------------------


def told(node: object, lacks: Lacks) -> Iterator[tuple[str, str]]:
    """All that a request says, but for what a provider has no word for."""
    name = type(node).__name__
    if isinstance(node, Opaque) or name in lacks:
        return
    for attribute in fields(node) if is_dataclass(node) else ():
        meaning, value = f"{name}.{attribute.name}", getattr(node, attribute.name)
        lack = lacks.get(meaning)
        if value is None or value == () or (lack and (value in lack.harmless or lack.loses(value))):
            continue
        for item in value if isinstance(value, tuple) else (value,):
            if is_dataclass(item):
                yield from told(item, lacks)
            else:
                yield meaning, words(meaning, item)


def words(meaning: str, value: Any) -> str:
    if meaning == "ToolUse.arguments":
        value = orjson.loads(value or "{}")
    return value if isinstance(value, str) else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


SAID_OTHERWISE = {
    "Request.max_tokens",  # a limit is added where one has to be
    "Request.include_usage",  # always asked for
    "Turn.role",  # a developer is the system to all others; results are of the user
    "Tool.parameters",  # that they are an object is said explicitly
    "Reasoning.mode",  # OpenAI has but words for how much
    "Reasoning.budget",
    "JsonSchema.name",  # a label that nobody else has
    "Document.filename",  # not every sign may be in a name
    "Request.effort=minimal",  # the least that there is elsewhere
    "Request.effort=none",  # thinking that is disabled
    "Request.effort=low",  # beside a budget, which says more
}
BY_PLACE: Lacks = {"ToolUse.id": Lack("dropped"), "ToolResult.id": Lack("dropped")}
"""Google finds the call of a result by its name and place."""


def lacks_of(*names: str) -> Lacks:
    """What any of these dialects has no word for."""
    lacks = [{**DIALECTS[name].LACKS, **(BY_PLACE if name == "gemini_generate" else {})} for name in names]
    found: dict[str, Lack] = {}
    for meaning, lack in ((meaning, lack) for one in lacks for meaning, lack in one.items()):
        if meaning not in found or found[meaning].only or found[meaning].by_model:  # the widest counts
            found[meaning] = lack
    return found


def lost(before: Request, after: Request, lacks: Lacks) -> list[tuple[str, str]]:
    """What is not said again: by the same attribute, or in some text."""
    missing = Counter(told(before, lacks)) - Counter(told(after, {}))
    texts = "\n".join(text for meaning, text in told(after, {}) if meaning in ("Text.text", "Document.title"))
    return [
        (name, text)
        for name, text in missing
        if not {name, f"{name}={text}"} & SAID_OTHERWISE and text not in texts
    ]


@pairs(REQUESTS)
def test_nothing_that_is_translated_is_lost_on_the_way(recording: Recording, other: str) -> None:
    if recording.case == "tool_none":
        return  # what may not be called need not be told
    home, abroad = DIALECTS[recording.dialect], DIALECTS[other]
    asked = asked_of(other, home.read_request(orjson.loads(recording.request)))
    try:
        losses(asked, home.READS, abroad.LACKS, abroad.OWNER)
        there = written_and_read(other, asked)
    except Unsupported:
        return
    back = written_and_read(recording.dialect, there)
    assert lost(asked, there, lacks_of(other)) == []
    assert lost(there, back, lacks_of(recording.dialect)) == []
    assert lost(asked, back, lacks_of(recording.dialect, other)) == []
