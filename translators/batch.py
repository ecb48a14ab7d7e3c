"""Answers of several requests, joined into the one that a client waits for."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from translators.canonical import Done, Embedded, Failed, Pictured, Ping, Ranked, Started, Told, Usage, Used


def joined(answers: Sequence[Sequence[Told]]) -> list[Told]:
    """One answer: each one's choices or vectors come after those of the one before, and usage is summed."""
    if len(answers) == 1:
        return list(answers[0])
    return [*_events(answers), *_used(answers), Done()]


def _events(answers: Sequence[Sequence[Told]]) -> Iterator[Told]:
    offset = 0
    for number, answer in enumerate(answers):
        choices = 0  # or vectors
        for event in answer:
            match event:
                case Started():
                    if number == 0:
                        yield event
                case Used() | Done() | Ping():
                    pass
                case Failed() | Pictured() | Ranked():
                    yield event
                case Embedded():
                    choices = max(choices, event.index + 1)
                    yield replace(event, index=event.index + offset)
                case _:
                    choices = max(choices, event.choice + 1)
                    yield replace(event, choice=event.choice + offset)
        offset += choices


def _used(answers: Sequence[Sequence[Told]]) -> Iterator[Used]:
    last = [[event for event in answer if isinstance(event, Used)][-1:] for answer in answers]
    told = [used for found in last for used in found]
    if told and len(told) == len(answers):  # a sum of some would not be true
        yield Used(summed([used.usage for used in told]), told[-1].service_tier)


def summed(usages: Sequence[Usage]) -> Usage:
    """A count is known where all have it."""
    counts = {
        field.name: [count for usage in usages if (count := getattr(usage, field.name)) is not None]
        for field in fields(Usage)
    }
    return Usage(
        **{name: sum(found) if len(found) == len(usages) else None for name, found in counts.items()}
    )
