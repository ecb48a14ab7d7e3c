"""Pictures that a model has made, for providers that look at none but the user's."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from translators.canonical import Image, Text, ToolUse, Turn

LABEL = "Part of the assistant's answer:"


def shown_by_the_user(turns: Iterable[Turn]) -> Iterator[Turn]:
    """The same turns, but each picture of the assistant's in one of the user's, after it or before its calls.

    Results of calls must follow them at once.
    """
    for turn in turns:
        drawn = [part for part in turn.parts if turn.role == "assistant" and isinstance(part, Image)]
        if not drawn:
            yield turn
            continue
        shown = Turn("user", (Text(LABEL), *drawn))
        said = replace(turn, parts=tuple(part for part in turn.parts if part not in drawn))
        if any(isinstance(part, ToolUse) for part in said.parts):
            yield from (shown, said)
        else:
            yield from (said, shown) if said.parts or said.opaque else (shown,)
