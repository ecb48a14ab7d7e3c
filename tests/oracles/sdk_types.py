"""JSON against the types of a vendor's SDK. Strict: unknown fields are reported, and so are missing ones."""

import collections.abc
import datetime
import enum
import functools
import inspect
import types
import typing
from collections.abc import Callable
from typing import Any, NamedTuple

import typing_extensions as te


class Problem(NamedTuple):
    """One mismatch. `other_kind`: the value is another kind of thing, so another arm of a union was meant."""

    text: str
    other_kind: bool = False


Problems = list[Problem]
Checker = Callable[[Any, Any, str], Problems]
Fields = dict[str, tuple[Any, bool]]
"""The types of an object's fields, and whether each is required."""

_TAGS = ("type", "role", "object")
"""Fields by which a union's arms are told apart."""


def check_type(tp: Any, value: object, path: str = "$") -> list[str]:
    """The problems of a JSON value against any TypedDict, pydantic model or annotation made of them."""
    return [problem.text for problem in _check(tp, value, path)]


def _check(tp: Any, value: object, path: str) -> Problems:
    bare, check = _checker(tp)
    return check(bare, value, path)


@functools.cache
def _checker(tp: Any) -> tuple[Any, Checker]:
    """The bare type, and what checks it; file uploads and other arms that are not JSON are not judged."""
    bare = _unwrap(tp)
    return bare, next((check for recognises, check in _CHECKERS if recognises(bare)), _accept)


def _unwrap(tp: Any) -> Any:
    """The type without aliases, `Annotated` and `Required`."""
    wrappers = (typing.Annotated, te.Required, te.NotRequired, te.ReadOnly)
    while True:
        if isinstance(tp, te.TypeAliasType):
            tp = tp.__value__
        elif typing.get_origin(tp) in wrappers:
            tp = typing.get_args(tp)[0]
        else:
            return tp


def _accept(tp: Any, value: object, path: str) -> Problems:
    return []


def _null(tp: Any, value: object, path: str) -> Problems:
    return [] if value is None else [Problem(f"{path}: expected null, got {_kind(value)}")]


def _union(tp: Any, value: object, path: str) -> Problems:
    """The problems of the arm that fits best."""
    arms = typing.get_args(tp)
    if value is None and type(None) in arms:
        return []
    candidates = [_check(arm, value, path) for arm in arms if arm is not type(None)]
    return min(candidates, key=lambda problems: (any(p.other_kind for p in problems), len(problems)))


def _literal(tp: Any, value: object, path: str) -> Problems:
    return _one_of(typing.get_args(tp), value, path)


def _enum(tp: Any, value: object, path: str) -> Problems:
    return _one_of([member.value for member in tp], value, path)


def _one_of(allowed: collections.abc.Sequence[object], value: object, path: str) -> Problems:
    if any(type(one) is type(value) and one == value for one in allowed):
        return []
    return [Problem(f"{path}: {value!r} is not one of {list(allowed)[:12]}", other_kind=True)]


def _scalar(tp: Any, value: object, path: str) -> Problems:
    accepted = (int, float) if tp is float else tp
    if isinstance(value, accepted) and isinstance(value, bool) == (tp is bool):
        return []
    nested = isinstance(value, list | dict)
    return [Problem(f"{path}: expected {tp.__name__}, got {_kind(value)} {str(value)[:40]!r}", nested)]


def _encoded(tp: Any, value: object, path: str) -> Problems:
    return [] if isinstance(value, str | int) else [Problem(f"{path}: expected string, got {_kind(value)}")]


def _array(tp: Any, value: object, path: str) -> Problems:
    if not isinstance(value, list):
        return [Problem(f"{path}: expected array, got {_kind(value)}", other_kind=True)]
    item = (*typing.get_args(tp), Any)[0]
    return _within(p for index, each in enumerate(value) for p in _check(item, each, f"{path}[{index}]"))


def _mapping(tp: Any, value: object, path: str) -> Problems:
    if not isinstance(value, dict):
        return [Problem(f"{path}: expected object, got {_kind(value)}", other_kind=True)]
    item = (*typing.get_args(tp), Any, Any)[1]
    return _within(p for key, each in value.items() for p in _check(item, each, f"{path}.{key}"))


def _typed_dict(tp: Any, value: object, path: str) -> Problems:
    return _object(tp.__name__, _keys(tp), value, path)


@functools.cache
def _keys(tp: Any) -> Fields:
    hints = te.get_type_hints(tp, include_extras=True)
    return {key: (hint, _is_required(tp, key, hint)) for key, hint in hints.items()}


def _is_required(tp: Any, key: str, hint: Any) -> bool:
    """`__required_keys__` misses `Required[...]` in modules with postponed annotations (CPython 3.12)."""
    while typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    origin = typing.get_origin(hint)
    return origin is te.Required or (origin is not te.NotRequired and key in tp.__required_keys__)


def _model(tp: Any, value: object, path: str) -> Problems:
    return _object(tp.__name__, _attributes(tp), value, path)


@functools.cache
def _attributes(tp: Any) -> Fields:
    fields = tp.model_fields.items()
    return {field.alias or name: (field.annotation, field.is_required()) for name, field in fields}


def _object(name: str, fields: Fields, value: object, path: str) -> Problems:
    if not isinstance(value, dict):
        return [Problem(f"{path}: expected {name} object, got {_kind(value)}", other_kind=True)]
    problems: Problems = []
    for key, (hint, required) in fields.items():
        if key in value:
            found = _check(hint, value[key], f"{path}.{key}")
            problems += found if key in _TAGS else _within(found)
        elif required:
            problems.append(Problem(f"{path}: missing required field {key!r} of {name}", key in _TAGS))
    unknown = [key for key in value if key not in fields]
    return problems + [Problem(f"{path}.{key}: unknown field (not in {name})") for key in unknown]


def _within(problems: collections.abc.Iterable[Problem]) -> Problems:
    """A mismatch below this level says nothing about the kind of this level."""
    return [Problem(problem.text) for problem in problems]


def _kind(value: object) -> str:
    return type(value).__name__


def _is_array(tp: Any) -> bool:
    origin = typing.get_origin(tp) or tp
    sequences = (list, tuple, set, collections.abc.Iterable, collections.abc.Sequence)
    return origin in sequences or "Sequence" in getattr(origin, "__name__", "")


_CHECKERS: tuple[tuple[Callable[[Any], bool], Checker], ...] = (
    (lambda tp: tp in (Any, object) or isinstance(tp, typing.TypeVar), _accept),
    (lambda tp: tp in (None, type(None)), _null),
    (lambda tp: typing.get_origin(tp) in (typing.Union, types.UnionType), _union),
    (lambda tp: typing.get_origin(tp) in (typing.Literal, te.Literal), _literal),
    (lambda tp: tp in (str, int, float, bool), _scalar),
    (lambda tp: inspect.isclass(tp) and issubclass(tp, enum.Enum), _enum),
    (lambda tp: tp in (datetime.datetime, datetime.date, bytes), _encoded),
    (_is_array, _array),
    (lambda tp: (typing.get_origin(tp) or tp) in (dict, collections.abc.Mapping), _mapping),
    (te.is_typeddict, _typed_dict),
    (lambda tp: inspect.isclass(tp) and hasattr(tp, "model_fields"), _model),
)
