"""What only Google understands: kept beside its translated neighbours, and put back where it was."""

from collections.abc import Iterable

from translators.canonical import Json, Opaque
from translators.foreign import Record
from translators.gemini_generate.fields import OWNER


def keep(record: Record, at: str, known: str) -> tuple[Opaque, ...]:
    """The fields besides those `known`; `at` is how `READS` spells what stands before a name."""
    names = set(known.split())
    return tuple(
        Opaque(OWNER, f"{at}{name}", value)
        for name, value in record.data.items()
        if name not in names and value is not None
    )


def restore(body: Json, kept: Iterable[Opaque], at: str) -> Json:
    """`body` with what `keep` took."""
    for opaque in kept:
        if opaque.owner == OWNER and opaque.field.startswith(at):
            body[opaque.field.removeprefix(at)] = opaque.data
    return body


def value_of(kept: Iterable[Opaque], field: str) -> Opaque | None:
    """One of Google's own by its field."""
    return next((opaque for opaque in kept if opaque.owner == OWNER and opaque.field == field), None)
