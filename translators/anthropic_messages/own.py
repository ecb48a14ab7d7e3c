"""What only Anthropic understands: kept beside its translated neighbours, and put back where it was."""

import re
from collections.abc import Iterable
from typing import cast

from translators.anthropic_messages.fields import OWNER
from translators.canonical import Json, Opaque
from translators.foreign import Record


def keep(body: Record, field: str, known: str) -> tuple[Opaque, ...]:
    """The fields of `body` besides those `known`; `field` is how `READS` spells what stands before a name."""
    names = set(known.split())
    if body.data.keys() <= names:
        return ()
    return tuple(
        Opaque(OWNER, f"{field}{_name(body, name)}", value)
        for name, value in body.data.items()
        if name not in names and value is not None
    )


def restore(body: Json, kept: Iterable[Opaque], field: str) -> None:
    """Put back into `body` what `keep` took, as far as it is Anthropic's."""
    for opaque in kept:
        if opaque.owner != OWNER:
            continue
        *parents, name = re.sub(r"\[[^]]*\]", "", opaque.field.removeprefix(field)).split(".")
        inner = body
        for parent in parents:
            inner = cast(Json, inner.setdefault(parent, {}))
        inner[name] = opaque.data


def _name(body: Record, name: str) -> str:
    if not name.isidentifier():
        raise body.bad(name, "is not a field")
    return name
