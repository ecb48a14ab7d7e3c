"""Answers of several requests, joined into the one that a client waits for."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from translators.canonical import Done, Event, Failed, Ping, Started, Usage, Used


def joined(answers: Sequence[Sequence[Event]]) -> list[Event]:
    """One answer: each one's choices come after those of the one before, and usage is summed."""
    if len(answers) == 1:
        return list(answers[0])
    return [*_events(answers), *_used(answers), Done()]


def _events(answers: Sequence[Sequence[Event]]) -> Iterator[Event]:
    offset = 0
    for number, answer in enumerate(answers):
        choices = 0
        for event in answer:
            match event:
                case Started():
                    if number == 0:
                        yield event
                case Used() | Done() | Ping():
                    pass
                case Failed():
                    yield event
                case _:
                    choices = max(choices, event.choice + 1)
                    yield replace(event, choice=event.choice + offset)
        offset += choices


def _used(answers: Sequence[Sequence[Event]]) -> Iterator[Used]:
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
