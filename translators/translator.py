"""Two dialects joined: what becomes of one attempt's request and answer. Identity when the two are one."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

import orjson

from translators import sse
from translators.body import TOO_DEEP, Body, encode
from translators.canonical import (
    Done,
    Event,
    Failed,
    Finished,
    Json,
    JsonValue,
    Ping,
    Said,
    Started,
    Used,
)
from translators.dialect import Dialect, Spoken, Writer
from translators.errors import BadRequest, BadUpstream, Unsupported
from translators.fields import losses, spelling

UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError, BadUpstream)
"""What reading somebody else's answer may raise."""

ENDED_EARLY = "The provider's stream ended early."
UNTELLABLE = "The provider's answer can't be told in the client's dialect."


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request in the provider's words, and the client's names of what was left out of it."""

    body: bytes
    dropped: tuple[str, ...] = ()


@dataclass(slots=True)
class Outcome:
    """What an answer turned out to be, as far as it came."""

    model: str | None = None
    """The one that answered, in the provider's own words."""
    used: Used | None = None
    failed: Failed | None = None
    complete: bool = False

    def see(self, event: Event) -> None:
        match event:
            case Started(model=model):
                self.model = model
            case Used():
                self.used = event
            case Failed():
                self.failed = event
            case Done():
                self.complete = True
            case _:
                pass


class Translator:
    """One attempt: a retry makes a new one.

    `source` is the client's dialect and `target` the provider's. They are the same or both can be translated.
    """

    def __init__(self, source: Spoken, target: Spoken) -> None:
        self.source, self.target = source, target
        self.identity = source.NAME == target.NAME
        self.outcome = Outcome()
        self._include_usage = False
        self._hide_usage = False

    # --- the request --------------------------------------------------------------------------------

    def request(self, body: Body, model: str) -> Outgoing:
        """Raises `BadRequest`, and `Unsupported` in the client's words for what the target can't do."""
        if self.identity:
            metered = self.target.metered(body.json)
            self._hide_usage = bool(metered)
            changes: dict[str, JsonValue] = {**metered}
            if "model" in body.json or model:
                changes["model"] = model
            return Outgoing(body.edited(changes))
        return self._translated(body, model)

    def _translated(self, body: Body, model: str) -> Outgoing:
        source, target = cast(Dialect, self.source), cast(Dialect, self.target)
        try:
            request = source.read_request({**body.json, "model": model})
            self._include_usage = bool(request.include_usage)
            dropped = losses(request, source.READS, target.LACKS, target.OWNER)
            written = target.write_request(request)
            return Outgoing(encode({**written, **target.metered(written)}), tuple(dropped))
        except Unsupported as error:
            raise Unsupported(spelling(error.meaning, source.READS), error.reason) from None
        except RecursionError:
            raise BadRequest("", TOO_DEEP) from None

    # --- the answer ---------------------------------------------------------------------------------

    def response(self, body: bytes, created: int) -> bytes:
        """A whole successful answer in the client's words. Raises `BadUpstream` when it can't be read."""
        if self.identity:
            self._meter(body)
            return body
        events = self._read(body)
        for event in events:
            self.outcome.see(event)
        if self.outcome.failed:
            raise BadUpstream(self.outcome.failed.message)
        try:
            return orjson.dumps(cast(Dialect, self.source).write_response(events, created=created))
        except UNREADABLE as error:
            raise BadUpstream(UNTELLABLE) from error

    def whole_as_stream(self, body: bytes, created: int) -> bytes:
        """A whole answer for a client that asked for a stream, from a provider that does not."""
        writer = self.source.StreamWriter(created=created, include_usage=self._include_usage)
        frames = list[bytes]()
        for event in self._read(body):
            self.outcome.see(event)
            try:
                frames += writer.write(event)
            except UNREADABLE as error:
                raise BadUpstream(UNTELLABLE) from error
        return b"".join(frames)

    def _read(self, body: bytes) -> list[Event]:
        try:
            return self.target.read_response(cast(Json, orjson.loads(body)))
        except UNREADABLE as error:
            raise BadUpstream("The provider's answer can't be read.") from error

    def _meter(self, body: bytes) -> None:
        """Note what an answer that passes says of itself; what can't be read is not ours to judge."""
        with suppress(*UNREADABLE):
            for event in (*self.target.told(cast(Json, orjson.loads(body))), Done()):
                self.outcome.see(event)

    def error(self, status: int, body: bytes, request_id: str) -> tuple[Failed, bytes | None]:
        """The provider's own error, and its body in the client's words; `None` when it may pass as it is."""
        failed = self.target.read_error(status, body)
        self.outcome.see(failed)
        if self.identity and _is_json(body):
            return failed, None
        return failed, orjson.dumps(self.source.write_error(failed, request_id))

    def stream(self, created: int) -> "Stream":
        writer = self.source.StreamWriter(created=created, include_usage=self._include_usage)
        if self.identity:
            return Stream(self.target, writer, self.outcome, passes=True, hide_usage=self._hide_usage)
        return Stream(self.target, writer, self.outcome)

    def peek(self) -> "Head":
        return Head(self.target)


class Stream:
    """One streamed answer. Never raises: what goes wrong becomes an error in the client's words, once."""

    def __init__(
        self,
        target: Spoken,
        writer: Writer,
        outcome: Outcome,
        *,
        passes: bool = False,
        hide_usage: bool = False,
    ) -> None:
        self._framing, self._reader, self._writer = target.Framing(), target.StreamReader(), writer
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
        except UNREADABLE:  # what was told before stays told
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
        return self._reader.read(data) if data else iter((Ping(),))

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

    def __init__(self, target: Spoken) -> None:
        self._framing, self._reader = target.Framing(), target.StreamReader()

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


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
