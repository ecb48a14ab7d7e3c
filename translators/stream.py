"""One answer as it comes: looked at, completed, and told in the client's words, frame by frame."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from translators import sse
from translators.canonical import (
    Done,
    Embedded,
    Event,
    Failed,
    Finished,
    Pictured,
    Ping,
    Ranked,
    Said,
    Started,
    Told,
    Used,
)
from translators.dialect import Framing, Spoken, Writer
from translators.errors import BadUpstream

UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError, BadUpstream)
"""What reading somebody else's answer may raise."""

ENDED_EARLY = "The provider's stream ended early."


@dataclass(slots=True)
class Outcome:
    """What an answer turned out to be, as far as it came."""

    model: str | None = None
    """The one that answered, in the provider's own words."""
    used: Used | None = None
    failed: Failed | None = None
    complete: bool = False

    def see(self, event: Told) -> None:
        match event:
            case Started(model=model):
                self.model = model
            case Used():
                self.used = event.over(self.used) if self.used else event
            case Failed():
                self.failed = event
            case Done():
                self.complete = True
            case _:
                pass


class Telling:
    """Completes what an answer tells: with the id and model that it does not know itself, and an echo."""

    def __init__(self, id: str, model: str, echo: str | None = None) -> None:
        self._id, self._model, self._echo = id, model, echo
        self.echoes = bool(echo)
        self._begun = set[int]()  # choices that have had their echo

    def __call__[T: Told](self, events: Iterable[T]) -> Iterator[T | Started | Said]:
        for event in events:
            match event:
                case Started(id, model) if not (id and model):
                    yield replace(event, id=id or self._id, model=model or self._model)
                    continue
                case Started() | Used() | Ping() | Done() | Failed() | Embedded() | Ranked() | Pictured():
                    pass
                case _ if self._echo and event.choice not in self._begun:
                    self._begun.add(event.choice)
                    yield Said(self._echo, event.choice)
                case _:
                    pass
            yield event


class Stream:
    """One streamed answer. Never raises: what goes wrong becomes an error in the client's words, once."""

    def __init__(
        self,
        framing: Framing,
        target: Spoken,
        writer: Writer,
        outcome: Outcome,
        telling: Telling,
        *,
        passes: bool,
        hide_usage: bool,
    ) -> None:
        self._framing, self._reader, self._writer = framing, target.StreamReader(), writer
        self._completed = telling
        self._telling = target.TELLING
        self._outcome, self._passes, self._hide_usage = outcome, passes, hide_usage
        self._started = self.over = False
        self._choices: dict[int, bool] = {}  # those that have begun, and whether they have ended

    def feed(self, chunk: bytes) -> list[bytes]:
        """The frames that the next bytes from upstream amount to; `[]` means nothing to say yet."""
        if self._passes and self._is_content(chunk):
            return [chunk]
        return self._safely(lambda: self._told(self._framing.feed(chunk)))

    def _is_content(self, chunk: bytes) -> bool:
        """Whether these are whole events that say nothing but content: they pass without a look at each."""
        return (
            self._outcome.model is not None
            and not self.over
            and isinstance(self._framing, sse.Decoder)
            and self._framing.is_plain(chunk)
            and not self._telling.search(chunk)
        )

    def close(self) -> list[bytes]:
        """Upstream is done. If it never finished its answer, the client is told so."""
        frames = self._safely(lambda: self._told(self._framing.close()))
        if self._complete and not self.over:  # only the farewell is missing
            frames += self._safely(self._end)
        return frames + self.fail(ENDED_EARLY)

    def fail(self, message: str) -> list[bytes]:
        """The answer can't go on: the frames that say so."""
        return [] if self.over else self._write(Failed("server", message, type="upstream_error"))

    @property
    def _complete(self) -> bool:
        """Whether every choice had its end."""
        return bool(self._choices) and all(self._choices.values())

    def _safely(self, tell: Callable[[], Iterable[bytes]]) -> list[bytes]:
        frames: list[bytes] = []
        try:
            frames.extend(tell())
        except BadUpstream as error:  # what was told before stays told
            frames += self.fail(f"The provider's stream can't be told: {error}")
        except UNREADABLE:
            frames += self.fail("The provider's stream can't be read.")
        return frames

    def _told(self, events: list[tuple[bytes, bytes]]) -> Iterator[bytes]:
        for raw, data in events:
            if self.over:
                return
            yield from self._pass(raw, data) if self._passes else self._translate(data)

    def _translate(self, data: bytes) -> Iterator[bytes]:
        for event in self._events(data):
            if self.over:
                return
            if type(event) is Said and self._started:  # nearly always, and what the last case does
                self._choices.setdefault(event.choice, False)
                yield from self._writer.write(event)
                continue
            match event:
                case Started() | Ping() | Used() | Failed():
                    yield from self._write(event)
                case _ if not self._started:
                    raise ValueError("an answer without its head")
                case Done() if not self._complete:
                    yield from self.fail(ENDED_EARLY)
                case Finished(choice=choice) if self._choices.get(choice):
                    pass  # once is enough
                case _:
                    yield from self._write(event)

    def _events(self, data: bytes) -> Iterator[Event]:
        if not data:
            return iter((Ping(),))
        events = self._reader.read(data)
        return events if self._started and not self._completed.echoes else self._completed(events)

    def _pass(self, raw: bytes, data: bytes) -> list[bytes]:
        if self._outcome.model is not None and not self._telling.search(data):
            return [raw]
        try:
            events = list(self._events(data))
        except UNREADABLE:
            events = []  # not ours to judge, as long as it is not ours to translate
        for event in events:
            self._see(event)
        hidden = self._hide_usage and events and all(isinstance(event, Used) for event in events)
        return [] if hidden else [raw]

    def _write(self, event: Event) -> list[bytes]:
        frames = list(self._writer.write(event))
        self._see(event)
        return frames

    def _end(self) -> list[bytes]:
        if not self._passes:
            return self._write(Done())
        self._see(Done())
        return []

    def _see(self, event: Event) -> None:
        match event:
            case Started():
                self._started = True
            case Used() | Ping():
                pass
            case Done() | Failed():
                self.over = True
            case Finished(choice=choice):
                self._choices[choice] = True
                return
            case _:
                self._choices.setdefault(event.choice, False)
                return
        self._outcome.see(event)


class Head:
    """Looks at the beginning of a streamed answer: is there content, or an error first?"""

    def __init__(self, framing: Framing, target: Spoken) -> None:
        self._framing, self._reader = framing, target.StreamReader()

    def feed(self, chunk: bytes) -> Failed | bool:
        """`True` once there is content, `False` while there is not, or the error that came instead."""
        try:
            for _, data in self._framing.feed(chunk):
                for event in self._reader.read(data) if data else ():
                    if isinstance(event, Failed):
                        return event
                    if not isinstance(event, Started | Ping | Used):
                        return True
        except UNREADABLE:
            return Failed("server", "The provider's stream can't be read.", 502)
        return False
