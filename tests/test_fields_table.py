"""docs/fields.md: every field of every dialect is in it, and it says what the translator does."""

import importlib
import re
from itertools import permutations
from pathlib import Path
from typing import Any

import orjson
import pytest

from docs import tables
from tests.matrix import MODELS
from translators import DIALECTS
from translators.body import parse
from translators.errors import Unsupported
from translators.translator import Translator

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "fields.md").read_text()
PAIRS = list(permutations(DIALECTS, 2))

SMALLEST: dict[str, Any] = {
    "openai_chat": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "anthropic_messages": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
    "bedrock_converse": {"model": "m", "messages": [{"role": "user", "content": [{"text": "Hi"}]}]},
    "gemini_generate": {"model": "m", "contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
}
SAMPLES: dict[str, dict[str, Any]] = {  # a value of a top-level field, to see what becomes of it
    "openai_chat": {
        **{
            "n": 2,
            "logprobs": True,
            "modalities": ["text", "image"],
            "audio": {"voice": "alloy", "format": "wav"},
        },
        **{"moderation": {"model": "x"}, "response_format[json_object]": {"type": "json_object"}},
        **{"seed": 7, "presence_penalty": 0.5, "logit_bias": {"1": 1}, "verbosity": "low", "store": True},
        **{"metadata": {"a": "b"}, "prompt_cache_key": "k", "safety_identifier": "s"},
        **{"prediction": {"type": "content", "content": "x"}},
        **{"temperature": 0.5, "top_p": 0.5, "stop": ["x"], "max_tokens": 5, "user": "me"},
        **{"max_completion_tokens": 5, "reasoning_effort": "low", "guided_json": {"type": "object"}},
    },
    "anthropic_messages": {
        **{"container": "c", "mcp_servers": [{"type": "url", "name": "n", "url": "https://x.test"}]},
        **{"inference_geo": "us", "top_k": 5, "speed": "fast", "cache_control": {"type": "ephemeral"}},
        **{"temperature": 0.5, "top_p": 0.5, "stop_sequences": ["x"], "system": "Be brief."},
        **{"metadata": {"user_id": "me"}, "service_tier": "standard_only"},
    },
    "bedrock_converse": {
        **{"system": [{"text": "Be brief."}], "inferenceConfig": {"maxTokens": 5}},
        **{"guardrailConfig": {"guardrailIdentifier": "g"}, "promptVariables": {"a": {"text": "b"}}},
        **{"performanceConfig": {"latency": "optimized"}, "additionalModelResponseFieldPaths": ["/a"]},
        "additionalModelRequestFields": {"a": 1},
    },
    "gemini_generate": {
        **{"systemInstruction": {"parts": [{"text": "Be brief."}]}, "cachedContent": "cachedContents/a"},
        **{"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}], "store": True},
        **{"labels": {"a": "b"}, "modelArmorConfig": {"promptTemplateName": "t"}},
        **{"generationConfig": {"temperature": 0.5}, "tools": [{"functionDeclarations": [{"name": "f"}]}]},
    },
}


def rows(source: str, target: str) -> dict[str, str]:
    """Fields and their fates, as the page has them."""
    section = PAGE.partition(f"## From `{source}` to `{target}`\n")[2].partition("\n## ")[0]
    found: list[tuple[str, str]] = re.findall(r"^\| `(.+?)` \| ([^|]+?) \|", section, re.MULTILINE)
    assert len(found) == len(dict(found))
    return dict(found)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_field_has_a_row(source: str, target: str) -> None:
    fates = rows(source, target)
    assert set(fates) == set(DIALECTS[source].READS)
    words = tuple(tables.FATES.values())
    assert all(fate.startswith(words) for fate in fates.values())


def test_the_page_is_up_to_date() -> None:
    assert tables.fields() in PAGE, "`make docs` writes it anew"


def test_every_dialect_is_held_against_its_vendors_types() -> None:
    """Which fields there are is for the SDKs to say: each dialect has a test that walks through them."""
    modules = [
        importlib.import_module(f"tests.translators.{path.stem}")
        for path in (ROOT / "tests" / "translators").glob("test_*_fields.py")
    ]
    walked = [
        module.DIALECT for module in modules if hasattr(module, "test_every_field_of_the_sdk_has_a_row")
    ]
    assert {dialect.NAME for dialect in walked} == set(DIALECTS)


@pytest.mark.parametrize(
    ("source", "target", "field"),
    [(source, target, field) for source, target in PAIRS for field in SAMPLES.get(source, ())],
)
def test_what_it_says_is_what_happens(source: str, target: str, field: str) -> None:
    name = field.partition("[")[0]
    body = SMALLEST[source] | {name: SAMPLES[source][field]}
    assert (
        became(source, target, name, body) == rows(source, target)[field].partition(",")[0].partition(";")[0]
    )


def became(source: str, target: str, name: str, body: Any) -> str:
    """What the translator makes of a field, in the words of the page."""
    translator = Translator(DIALECTS[source], DIALECTS[target])
    try:
        written = translator.request(parse(orjson.dumps(body)), MODELS.get(target, "m"))
    except Unsupported:
        return "refused"
    if any(dropped.partition(".")[0] == name for dropped in written.dropped):
        return "left out"
    smallest = parse(orjson.dumps(SMALLEST[source]))
    plain = Translator(DIALECTS[source], DIALECTS[target]).request(smallest, MODELS.get(target, "m"))
    return "translated" if written.body != plain.body and not written.dropped else "lost"


def has_fields(field: str, source: str) -> bool:
    return any(name.startswith(f"{field}.") for name in DIALECTS[source].READS)


EXCEPTIONS = [
    (source, target, field, value)
    for source, target in PAIRS
    for field, fate in rows(source, target).items()
    if field.isidentifier() and not has_fields(field, source)  # whose values are those of the fields inside
    for value in re.findall(r"`(.+?)`", fate)
]


@pytest.mark.parametrize(("source", "target", "field", "value"), EXCEPTIONS)
def test_exceptions_are_silent(source: str, target: str, field: str, value: str) -> None:
    body = SMALLEST[source] | {field: orjson.loads(value)}
    written = Translator(DIALECTS[source], DIALECTS[target]).request(parse(orjson.dumps(body)), "m")
    assert written.dropped == ()
