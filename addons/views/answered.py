"""A chat answer, streamed or not: its canonical events put together, into text."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from addons.views.asked import opaque_name, source_of, tell_call
from addons.views.page import Page
from translators.canonical import (
    Called,
    CalledWith,
    Cited,
    Done,
    Drawn,
    Event,
    Extra,
    Failed,
    Finished,
    PartEnded,
    Ping,
    Probable,
    Refused,
    Said,
    Started,
    Thought,
    ThoughtRedacted,
    Usage,
    Used,
)

SUMS = ("input", "output")
"""Of usage, what is told even if it is 0."""


@dataclass(slots=True)
class Block:
    """A piece of one answer: pieces of text of one kind, or a call."""

    kind: str
    pieces: list[str] = field(default_factory=list[str])
    name: str = ""
    id: str = ""


@dataclass(slots=True)
class Choice:
    """One of the answers."""

    blocks: list[Block] = field(default_factory=list[Block])
    calls: dict[int, Block] = field(default_factory=dict[int, Block])
    finish: str = ""

    def add(self, kind: str, text: str) -> None:
        """More text, in the block that it belongs to."""
        if not self.blocks or self.blocks[-1].kind != kind:
            self.blocks.append(Block(kind))
        self.blocks[-1].pieces.append(text)

    def call(self, event: Called) -> None:
        """A call begins."""
        block = Block("call", name=event.name, id=event.id)
        self.calls[event.call] = block
        self.blocks.append(block)


@dataclass(slots=True)
class Answer:
    """What the events so far amount to."""

    choices: dict[int, Choice] = field(default_factory=dict[int, Choice])
    started: Started | None = None
    used: Used | None = None
    failed: Failed | None = None
    complete: bool = False

    def see(self, event: Event) -> None:
        """One more event."""
        match event:
            case Started():
                self.started = event
            case Used():
                self.used = event
            case Failed():
                self.failed = event
            case Done():
                self.complete = True
            case Ping():
                pass
            case _:
                self._content(event, self.choices.setdefault(event.choice, Choice()))

    def _content(
        self,
        event: Said
        | Refused
        | Thought
        | ThoughtRedacted
        | Called
        | CalledWith
        | Cited
        | Drawn
        | Probable
        | PartEnded
        | Extra
        | Finished,
        choice: Choice,
    ) -> None:
        match event:
            case Said():
                choice.add("text", event.text)
            case Refused():
                choice.add("refusal", event.text)
            case Thought():
                choice.add("thinking", event.text)
            case ThoughtRedacted():
                choice.add("redacted", "")
            case Called():
                choice.call(event)
            case CalledWith():
                if block := choice.calls.get(event.call):
                    block.pieces.append(event.json)
            case Cited():
                choice.blocks.append(Block("cited", [" ".join(filter(None, (event.title, event.url)))]))
            case Drawn():
                choice.blocks.append(Block("drawn", [f"image: {source_of(event.source)}"]))
            case PartEnded():
                choice.blocks.append(Block("end"))
            case Extra():
                choice.blocks.append(Block("extra", [opaque_name(event.data)]))
            case Finished():
                choice.finish = f"{event.reason} ({event.stop!r})" if event.stop else event.reason
            case Probable():
                pass


def tell_answer(events: Iterable[Event], page: Page, *, streamed: bool = False) -> None:
    """Who answered what, how it ended, and what it took. A stream must have said that it is at its end."""
    answer = Answer()
    for event in events:
        answer.see(event)
    if answer.started:
        page.fact("model", answer.started.model)
        page.fact("id", answer.started.id)
    for number, choice in sorted(answer.choices.items()):
        page.heading("assistant" if len(answer.choices) == 1 else f"assistant, choice {number}")
        for block in choice.blocks:
            tell_block(block, page)
    page.heading("end")
    for number, choice in sorted(answer.choices.items()):
        page.fact("finish" if len(answer.choices) == 1 else f"finish of {number}", choice.finish)
    if answer.failed:
        tell_failure(answer.failed, page)
    elif streamed and not answer.complete and not all(choice.finish for choice in answer.choices.values()):
        page.text("the stream broke off: it has no end")
    if answer.used:
        page.fact("usage", usage_text(answer.used.usage))
        page.fact("service tier", answer.used.service_tier)


def tell_block(block: Block, page: Page) -> None:
    """A piece of an answer."""
    text = "".join(block.pieces)
    match block.kind:
        case "text":
            page.text(text)
        case "thinking" if text:
            page.text("(thinking)")
            page.text(text, "  ")
        case "redacted":
            page.text("(thinking that its vendor has encrypted)")
        case "refusal":
            page.text(f"(refusal) {text}")
        case "call":
            tell_call(block.name, block.id, text, page)
        case "cited" | "drawn" | "extra":
            page.text(f"[{text}]")
        case _:
            pass


def tell_failure(failed: Failed, page: Page) -> None:
    """An error, in the provider's own words."""
    detail = ", ".join(filter(None, (failed.kind, failed.code, failed.param)))
    page.text(f"error: {failed.message} ({detail})")


def usage_text(usage: Usage) -> str:
    """`20 input, 7 output, 10 cache_read`: what the provider has said, but for things that were not there."""
    counts = ((name, getattr(usage, name)) for name in Usage.__slots__)
    return ", ".join(f"{count:,} {name}" for name, count in counts if count or (count == 0 and name in SUMS))
