"""What becomes of each field on the way from one dialect to another: the table, and the code that obeys it.

Each dialect says in `READS` what it makes of every field that a client can send: a *meaning*, which is an
attribute of the canonical form (`Request.seed`, `Image.detail`) or one of its classes (`Audio`), or `Own`,
which is something that only its vendor understands. In `LACKS` it says which meanings it has no word for.
A field's fate from one dialect to another follows from the two, here and in the documentation alike.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, Protocol, cast

from translators.canonical import Opaque
from translators.errors import Unsupported

Fate = Literal["translated", "dropped", "refused"]


@dataclass(frozen=True, slots=True)
class Own:
    """A field that means something to its vendor alone: elsewhere it is left out and listed, or refused.

    `translated` is how a vendor spells what is read into the canonical form as well: nothing of it is lost.
    """

    elsewhere: Fate
    harmless: tuple[object, ...] = ()
    """Values that say what every provider does anyway; they vanish without a word."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Means:
    """A field that is read into one canonical attribute or class."""

    meaning: str
    note: str = ""

    def is_of(self, name: str) -> bool:
        """Whether it is a class of this name, or an attribute of it."""
        return self.meaning.partition(".")[0] == name


@dataclass(frozen=True, slots=True)
class Lack:
    """A meaning that a dialect can't write."""

    fate: Literal["dropped", "refused"]
    harmless: tuple[object, ...] = ()
    """Values that say what the provider does anyway; they vanish without a word."""
    note: str = ""
    only: Callable[[Any], bool] | None = None
    """Which values are lacking, where others can be written."""
    by_model: Callable[[str, Any], bool] | None = None
    """With which model a value is lacking, where that is not the same for all."""
    given: Callable[[Any], bool] | None = None
    """For which requests a value is lacking, where that follows from what else they ask."""

    def loses(self, value: object, model: str = "", request: object = None) -> bool:
        """Whether something of this value is lost."""
        return (
            value not in self.harmless
            and (self.only is None or self.only(value))
            and (self.by_model is None or self.by_model(model, value))
            and (self.given is None or request is None or self.given(request))
        )


Reads = Mapping[str, Means | Own]
"""A field as the client writes it (`tools[].function.strict`) and what it is read into."""

Lacks = Mapping[str, Lack]
"""A meaning (`Request.seed`, `Audio`) and what becomes of it.

It may also be another vendor's own (`Thinking.signature`, or a field such as `betas`) that is understood
here all the same, as far as it is not lacking.
"""


class Asked(Protocol):
    """A canonical request, of whatever kind."""

    @property
    def model(self) -> str: ...


def losses(request: Asked, reads: Reads, lacks: Lacks, owner: str, given: Collection[str] = ()) -> list[str]:
    """The client's names of what will be left out when `request` is written without the meanings in `lacks`.

    `reads` is the client's dialect, `owner` the target's vendor, `given` as for `spelling`. Raises
    `Unsupported` for what must not be left out.
    """
    search = _Search(reads, lacks, owner, request, given)
    search.within(request)
    return list(search.dropped)


def spelling(meaning: str, reads: Reads, holder: str = "", given: Collection[str] = ()) -> str:
    """The client's name of a meaning, or the meaning itself when its dialect has none.

    Of several it is the first; the first in the same top-level field as `holder`, the class that has it,
    and in one of those that the client has `given`.
    """
    told = [(name, what) for name, what in reads.items() if isinstance(what, Means)]
    names = [name for name, what in told if what.meaning == meaning]
    if holder and len(names) > 1:
        places = {_top(name) for name, what in told if what.is_of(holder)}
        names.sort(key=lambda name: _top(name) not in places)
    if given:
        names.sort(key=lambda name: _top(name) not in given)
    return names[0] if names else meaning


class _Search:
    """Goes through all that a request asks for. What is inside of something that is lost is lost with it."""

    def __init__(
        self, reads: Reads, lacks: Lacks, owner: str, request: Asked, given: Collection[str]
    ) -> None:
        self._reads, self._lacks, self._owner, self._request = reads, lacks, owner, request
        self._given = given
        self.dropped: dict[str, None] = {}  # an ordered set

    def within(self, node: object, holder: str = "") -> None:
        if isinstance(node, Opaque):
            self._opaque(node)
            return
        kind: type = type(node)
        (name, attributes), lacks = _attributes(kind), self._lacks
        if name in lacks and self._loses(name, node, holder):
            return
        for attribute, meaning in attributes:
            value: object = getattr(node, attribute)
            if value is None or value == ():
                continue
            if meaning in lacks and self._loses(meaning, value, name):
                continue
            if isinstance(value, tuple):
                for child in cast(tuple[object, ...], value):
                    self.within(child, name)
            elif not isinstance(value, _PLAIN) and not self._is_understood(meaning, value):
                self.within(value, name)

    def _loses(self, meaning: str, value: object, holder: str) -> bool:
        lack = self._lacks[meaning]
        if not lack.loses(value, self._request.model, self._request):
            return False
        if lack.fate == "refused":
            raise Unsupported(meaning, lack.note)
        self.dropped[self._name(meaning, value, holder)] = None
        return True

    def _name(self, meaning: str, value: object, holder: str) -> str:
        """An attribute that has no name in the client's dialect may have that of what it holds."""
        if isinstance(value, Opaque):
            return value.field
        kind = type(value).__name__
        named = (spelling(known, self._reads, holder, self._given) for known in (meaning, kind))
        return next((name for name in named if name not in (meaning, kind)), meaning)

    def _is_understood(self, meaning: str, value: object) -> bool:
        return isinstance(value, Opaque) and meaning in self._lacks

    def _opaque(self, opaque: Opaque) -> None:
        own = self._reads.get(opaque.field)
        if opaque.owner == self._owner or opaque.data is None:
            return
        lack = self._lacks.get(opaque.field)
        if lack and not lack.loses(opaque, self._request.model, self._request):
            return
        if isinstance(own, Own):
            if own.elsewhere == "translated" or opaque.data in own.harmless:
                return
            if own.elsewhere == "refused":
                raise Unsupported(opaque.field, own.note)
        self.dropped[opaque.field] = None  # one that we have never heard of, too


_PLAIN = (str, int, float)


@cache
def _attributes(kind: type) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The name of a class and its attributes with what they mean, if it is a canonical one."""
    name = kind.__name__
    attributes = [field.name for field in fields(kind)] if is_dataclass(kind) else []
    return name, tuple((attribute, f"{name}.{attribute}") for attribute in attributes)


def _top(name: str) -> str:
    """The top-level field that a name begins with."""
    return name.partition(".")[0].partition("[")[0]


def lack_of(field: Means | Own, lacks: Lacks, name: str = "") -> Lack | None:
    """What a dialect lacks of a field, if anything: of its meaning, or of the class that has it."""
    if isinstance(field, Own):
        return lacks.get(name)
    return lacks.get(field.meaning) or lacks.get(field.meaning.partition(".")[0])


def fate(field: Means | Own, lacks: Lacks, same_owner: bool, name: str = "") -> tuple[Fate, str]:
    """What becomes of one field, and the notes to it, for the documentation."""
    lack = lack_of(field, lacks, name)
    if isinstance(field, Own) and not lack:
        return ("translated" if same_owner else field.elsewhere), field.note
    notes = "; ".join(note for note in (field.note, lack.note if lack else "") if note)
    wholly = lack and not (lack.only or lack.by_model or lack.given)
    return (lack.fate if lack and wholly else "translated"), notes
