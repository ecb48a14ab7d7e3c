"""Typed fields out of a client's JSON. Whatever is not as it should be is a `BadRequest` that says where."""

import re
from collections.abc import Callable, Iterable, Iterator

from translators.canonical import Json, JsonValue
from translators.errors import BadRequest

type Known = dict[str, Known]
"""The fields that a dialect knows, as a tree; `[]` stands for every item of a list."""


class Record:
    """One JSON object of a client's body; `path` is where it stands, in the client's spelling.

    A field that is missing or null reads as `None`; `must` insists on it.
    """

    __slots__ = ("data", "path")

    def __init__(self, data: Json, path: str = "") -> None:
        self.data = data
        self.path = path

    def at(self, name: str) -> str:
        """The full path of one field."""
        return _inside(self.path, name)

    def bad(self, name: str, reason: str) -> BadRequest:
        return BadRequest(self.at(name), reason)

    def must[T](self, read: Callable[[str], T | None], name: str) -> T:
        """A field that has to be there: `tool.must(tool.text, "name")`."""
        if (value := read(name)) is None:
            raise self.bad(name, "is required")
        return value

    def word[T: str](self, name: str, words: tuple[T, ...]) -> T:
        """A string that has to be there and to be one of a `Literal`'s words."""
        if (word := self.one_of(name, words)) is None:
            raise self.bad(name, "is required")
        return word

    def text(self, name: str) -> str | None:
        value = self.data.get(name)
        if value is None or isinstance(value, str):
            return value
        raise self.bad(name, "must be a string")

    def flag(self, name: str) -> bool | None:
        value = self.data.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise self.bad(name, "must be a boolean")

    def integer(self, name: str) -> int | None:
        value = self.data.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self.bad(name, "must be an integer")

    def number(self, name: str) -> float | None:
        value = self.data.get(name)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
        raise self.bad(name, "must be a number")

    def one_of[T: str](self, name: str, words: tuple[T, ...]) -> T | None:
        """A string that is one of a `Literal`'s words."""
        value = self.data.get(name)
        if value is None:
            return None
        if value in words:
            return words[words.index(value)]
        raise self.bad(name, f"must be one of {', '.join(words)}")

    def json(self, name: str) -> Json | None:
        """An object whose insides are not ours to judge."""
        value = self.data.get(name)
        if value is None or isinstance(value, dict):
            return value
        raise self.bad(name, "must be an object")

    def items(self, name: str) -> list[JsonValue] | None:
        value = self.data.get(name)
        if value is None or isinstance(value, list):
            return value
        raise self.bad(name, "must be an array")

    def record(self, name: str) -> "Record | None":
        inner = self.json(name)
        return None if inner is None else Record(inner, self.at(name))

    def records(self, name: str) -> "list[Record] | None":
        items = self.items(name)
        return None if items is None else [self._item(f"{name}[{i}]", item) for i, item in enumerate(items)]

    def texts(self, name: str) -> tuple[str, ...] | None:
        items = self.items(name)
        texts = tuple(item for item in items or () if isinstance(item, str))
        if items is not None and len(texts) < len(items):
            raise self.bad(name, "must be an array of strings")
        return None if items is None else texts

    def _item(self, name: str, item: JsonValue) -> "Record":
        if not isinstance(item, dict):
            raise self.bad(name, "must be an object")
        return Record(item, self.at(name))


def known(paths: Iterable[str]) -> Known:
    """The tree of a `READS` table; `messages[assistant]` and `messages[]` are one branch."""
    tree: Known = {}
    for path in paths:
        branch = tree
        for step in re.sub(r"\[[^]]*\]", ".[]", path).split("."):
            branch = branch.setdefault(step, {})
    return tree


def strangers(value: JsonValue, tree: Known, path: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Every field, however deep, that a dialect does not know, and its path; an empty one says nothing."""
    if isinstance(value, list):
        if branch := tree.get("[]"):
            for item in value:
                yield from strangers(item, branch, f"{path}[]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            branch = tree.get(name)
            if branch is None and inner not in (None, [], {}):
                yield _inside(path, name), inner
            elif branch and isinstance(inner, (list, dict)):
                yield from strangers(inner, branch, _inside(path, name))


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
