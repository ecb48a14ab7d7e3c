"""The table of fields against botocore's model of the service: whatever a client can send has a row."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, cast

import orjson
import pytest

from tests.matrix import REQUESTS, Recording
from tests.oracles.bedrock_api import service
from translators import bedrock_converse, canonical
from translators.bedrock_converse.fields import LACKS, READS
from translators.bedrock_converse.formats import FORMATS, Kind, format_in, format_of, media_type_of
from translators.bedrock_converse.models import family
from translators.dialect import Dialect
from translators.fields import Means, Own

DIALECT: Dialect = bedrock_converse  # for the type checkers


def paths(shape: Any, at: str) -> Iterator[str]:
    """Every field that can be reached and is not inside of one that is its vendor's own as a whole."""
    match shape.type_name:
        case "list":
            yield from paths(shape.member, f"{at}[]")
        case "structure" if not getattr(shape, "is_document_type", False):
            for name, member in shape.members.items():
                if member.serialization.get("location"):
                    continue
                path = f"{at}.{name}" if at else name
                yield path
                if not isinstance(READS.get(path), Own):
                    yield from paths(member, path)
        case _:
            pass


@pytest.mark.parametrize("operation", ["Converse", "ConverseStream"])
def test_every_field_of_the_sdk_has_a_row(operation: str) -> None:
    found = set(paths(service().operation_model(operation).input_shape, ""))
    assert len(found) > 100
    assert sorted(found - READS.keys()) == []


def test_every_row_is_a_field() -> None:
    """But for the path's, the model's own, and what marks how a field was said."""
    found = set(paths(service().operation_model("Converse").input_shape, ""))
    others = {path for path in READS.keys() - found if not re.search(r"\[\w+\]$", path)}
    assert {path for path in others if "additionalModelRequestFields" not in path} == {"model", "stream"}


def test_meanings_exist() -> None:
    named = [what.meaning for what in READS.values() if isinstance(what, Means)] + list(LACKS)
    for meaning in named:
        cls, _, attribute = meaning.partition(".")
        assert not attribute or attribute in getattr(canonical, cls).__dataclass_fields__, meaning


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_of_the_sdk_has_its_media_type(kind: Kind) -> None:
    words = service().shape_for(f"{kind.title()}Format").enum
    assert set(FORMATS[kind].values()) == set(words)
    for word in words:
        media_type = media_type_of(kind, word)
        assert media_type
        assert format_of(kind, media_type) == word
        assert format_in(kind, f"s3://bucket/file.{word}") == word


def test_other_names_of_a_format() -> None:
    assert format_of("image", "image/jpg") == format_in("image", "a.JPG") == "jpeg"
    assert format_of("document", "text/x-python; charset=utf-8") == "txt"
    assert format_of("image", "image/tiff") is None
    assert format_in("video", "s3://bucket/film") is None


@pytest.mark.parametrize(
    ("model", "other"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("us-gov.anthropic.claude-3-7-sonnet-20250219-v1:0", "anthropic.claude-3-5-haiku-20241022-v1:0"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0",
            "amazon.nova-pro-v1:0",
        ),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0"),
        ("anthropic.claude-opus-4-20250514-v1:0", "anthropic.claude-opus-4-1-20250805-v1:0"),
        ("meta.llama3-3-70b-instruct-v1:0", "m"),
    ],
)
def test_regions_and_arns_do_not_matter(model: str, other: str) -> None:
    assert family(model) is family(other)


def test_what_an_arn_hides_is_not_guessed() -> None:
    hidden = family("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc")
    assert hidden.signatures
    assert hidden.cached
    assert not hidden.claude
    assert not hidden.schema


@pytest.mark.parametrize(
    ("model", "understood"),
    [
        ("claude-opus-4-6", True),
        ("gemini-2.5-pro", True),
        ("gpt-4.1", True),
        ("us.anthropic.claude-opus-4-6-v1", True),
        ("eu.meta.llama3-3-70b-instruct-v1:0", False),
        ("deepseek.v3-v1:0", False),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", False),
    ],
)
def test_whose_words_a_models_own_fields_are(model: str, understood: bool) -> None:
    """Those of a model that is not Bedrock's can only be a Claude's."""
    own_fields = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
    reasoning = {"reasoningText": {"text": "Hm.", "signature": "sig"}}
    messages = [
        {"role": "user", "content": [{"text": "x"}]},
        {"role": "assistant", "content": [{"reasoningContent": reasoning}, {"text": "y"}]},
        {"role": "user", "content": [{"text": "z"}]},
    ]
    body = {"model": model, "messages": messages, "additionalModelRequestFields": own_fields}
    asked = bedrock_converse.read_request(cast(canonical.Json, body))
    assert (asked.reasoning is not None) is understood
    thought = asked.turns[1].parts[0]
    assert isinstance(thought, canonical.Thinking) and thought.signature
    assert (thought.signature.owner == "anthropic") is (family(model).signatures or understood)


def own(node: Any) -> Iterator[str]:
    """The fields of all that is Amazon's own in a request."""
    if isinstance(node, canonical.Opaque):
        yield from [node.field] if node.owner == bedrock_converse.OWNER else []
    elif isinstance(node, tuple):
        yield from (field for item in node for field in own(item))
    elif is_dataclass(node):
        yield from (field for attribute in fields(node) for field in own(getattr(node, attribute.name)))


@pytest.mark.parametrize("recording", [one for one in REQUESTS if one.dialect == "bedrock_converse"], ids=str)
def test_what_is_kept_has_a_row(recording: Recording) -> None:
    kept = set(own(bedrock_converse.read_request(orjson.loads(recording.request))))
    assert {field for field in kept if not field.startswith("additionalModelRequestFields.")} <= READS.keys()
