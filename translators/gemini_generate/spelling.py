"""Proto-JSON has two spellings of each field, `camelCase` and `snake_case`: all is read as the first."""

import re

from translators.canonical import Json, JsonValue
from translators.errors import BadRequest
from translators.foreign import Known, known
from translators.gemini_generate.fields import PART, READS

_KNOWN = known(
    (
        *READS,
        *(f"systemInstruction.parts[].{name.removeprefix(PART)}" for name in READS if name.startswith(PART)),
        *(f"toolConfig.retrievalConfig.{name}" for name in ("latLng", "languageCode")),
    )
)


def camel(name: str) -> str:
    """`max_output_tokens` as `maxOutputTokens`."""
    return re.sub(r"(?<=[a-z0-9])_([a-z])", lambda letter: letter[1].upper(), name)


def in_one_spelling(body: Json) -> Json:
    """The same request, with each field that we know in `camelCase`. What is free JSON stays as it is."""
    return _object(body, _KNOWN, "")


def _object(value: Json, tree: Known, path: str) -> Json:
    spelt: Json = {}
    for name, inner in value.items():
        told = camel(name) if name not in tree and camel(name) in tree else name
        where = f"{path}.{name}" if path else name
        if told in spelt:
            raise BadRequest(where, "is given twice")
        spelt[told] = _value(inner, tree.get(told, {}), where)
    return spelt


def _value(value: JsonValue, tree: Known, path: str) -> JsonValue:
    if isinstance(value, dict) and tree:
        return _object(value, tree, path)
    if isinstance(value, list) and (branch := tree.get("[]")):
        return [_value(item, branch, f"{path}[{i}]") for i, item in enumerate(value)]
    return value
