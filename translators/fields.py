"""What becomes of each field on the way from one dialect to another: the table, and the code that obeys it.

Each dialect says in `READS` what it makes of every field that a client can send: a *meaning*, which is an
attribute of the canonical form (`Request.seed`, `Image.detail`) or one of its classes (`Audio`), or `Own`,
which is something that only its vendor understands. In `LACKS` it says which meanings it has no word for.
A field's fate from one dialect to another follows from the two, here and in the documentation alike.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any, Literal

from translators.canonical import Opaque, Request
from translators.errors import Unsupported

Fate = Literal["translated", "dropped", "refused"]


@dataclass(frozen=True, slots=True)
class Own:
    """A field that means something to its vendor alone: elsewhere it is left out and listed, or refused."""

    elsewhere: Literal["dropped", "refused"]
    harmless: tuple[object, ...] = ()
    """Values that say what every provider does anyway; they vanish without a word."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """A field that is read into one canonical attribute or class."""

    meaning: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Lack:
    """A meaning that a dialect can't write."""

    fate: Literal["dropped", "refused"]
    harmless: tuple[object, ...] = ()
    """Values that say what the provider does anyway; they vanish without a word."""
    note: str = ""
    only: Callable[[Any], bool] | None = None
    """Which values are lacking, where others can be written."""

    def loses(self, value: object) -> bool:
        """Whether something of this value is lost."""
        return value not in self.harmless and (self.only is None or self.only(value))


Reads = Mapping[str, Means | Own]
"""A field as the client writes it (`tools[].function.strict`) and what it is read into."""

Lacks = Mapping[str, Lack]
"""A meaning (`Request.seed`, `Audio`) and what becomes of it."""


def losses(request: Request, reads: Reads, lacks: Lacks, owner: str) -> list[str]:
    """The client's names of what will be left out when `request` is written without the meanings in `lacks`.

    `reads` is the client's dialect and `owner` the target's vendor. Raises `Unsupported` for what must not
    be left out.
    """
    dropped: dict[str, None] = {}  # an ordered set
    for meaning, value in _meanings(request):
        if isinstance(value, Opaque) and value.owner != owner:
            own = reads.get(value.field)
            if not isinstance(own, Own):  # a field that we have never heard of is left out, and listed
                dropped[value.field] = None
            elif value.data not in own.harmless:
                if own.elsewhere == "refused":
                    raise Unsupported(value.field, own.note)
                dropped[value.field] = None
        elif (lack := lacks.get(meaning)) and lack.loses(value):
            if lack.fate == "refused":
                raise Unsupported(meaning, lack.note)
            dropped[spelling(meaning, reads)] = None
    return list(dropped)


def spelling(meaning: str, reads: Reads) -> str:
    """The client's name of a meaning, or the meaning itself when the dialect has several or none."""
    names = [name for name, what in reads.items() if isinstance(what, Means) and what.meaning == meaning]
    return names[0] if names else meaning


def fate(field: Means | Own, lacks: Lacks, same_owner: bool) -> tuple[Fate, str]:
    """What becomes of one field, and the notes to it, for the documentation."""
    if isinstance(field, Own):
        return ("translated" if same_owner else field.elsewhere), field.note
    lack = lacks.get(field.meaning) or lacks.get(field.meaning.partition(".")[0])
    notes = "; ".join(note for note in (field.note, lack.note if lack else "") if note)
    return (lack.fate if lack and not lack.only else "translated"), notes


def _meanings(node: object) -> Iterator[tuple[str, object]]:
    """Everything that a canonical value asks for, as `Class` and `Class.attribute`, depth first."""
    name = type(node).__name__
    yield name, node
    if isinstance(node, Opaque):
        return
    attributes: tuple[str, ...] = getattr(node, "__slots__", ())  # which all canonical classes have
    for attribute in attributes:
        value: object = getattr(node, attribute)
        if value is None or value == ():
            continue
        yield f"{name}.{attribute}", value
        for child in value if isinstance(value, tuple) else (value,):
            if is_dataclass(child):
                yield from _meanings(child)
