"""Turns what a model finds wrong with a part of config.yaml into problems with a line and what is allowed."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from addons.config_file import Document, Path
from addons.config_values import Model

_MESSAGES = {
    "missing": "is required",
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "tuple_type": "must be a list",
    "string_type": "must be text",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "too_short": "must not be empty",
    "too_long": "must not have more than 16 entries",
}
"""Where pydantic's own words speak of Python."""


def validate[T: Model](model: type[T], value: object, path: Path, document: Document) -> T | None:
    """The part of the document at `path` as a `model`, or `None` and a problem for each thing wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            _report(details, model, path, document)
    return None


def unknown(name: str, allowed: list[str]) -> str:
    """`, did you mean X? allowed: …`."""
    near = get_close_matches(name, allowed, 1)
    return f"{f', did you mean {near[0]}?' if near else ';'} allowed: {', '.join(allowed)}"


def _report(details: ErrorDetails, model: type[Model], path: Path, document: Document) -> None:
    steps = details["loc"]
    found = document.known((*path, *steps))
    match details["type"]:
        case "missing":
            document.report((*found, steps[-1]), _MESSAGES["missing"])
        case _ if _undecided(found, document):
            pass  # a value that is not known, because a variable is not set, can't be wrong
        case "extra_forbidden":
            document.report(found, f"unknown key{unknown(str(steps[-1]), list(_keys(model, steps[:-1])))}")
        case kind:
            message = details["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
            document.report(found, _MESSAGES.get(kind, message))


def _undecided(path: Path, document: Document) -> bool:
    return any(path[: len(unset)] == unset[: len(path)] for unset in document.unset)


def _keys(model: type[BaseModel], path: Path) -> Iterator[str]:
    """The keys of the model to which a path of keys and indices leads from another model."""
    models: list[type[BaseModel]] = [model]
    for step in path:
        fields = [found.model_fields[step] for found in models if step in found.model_fields]
        if fields:  # else the key of a mapping, or an index
            models = [found for field in fields for found in _models(field.annotation)]
    for found in models:
        yield from found.model_fields


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
