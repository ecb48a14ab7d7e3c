"""Two dialects joined: what becomes of one attempt's request and answer. Identity when the two are one."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import cast

import orjson

from translators.body import TOO_DEEP, Body, encode
from translators.canonical import (
    Done,
    Event,
    Failed,
    Finished,
    Json,
    JsonValue,
    Ping,
    Started,
    Used,
)
from translators.dialect import Dialect, Framing, Spoken, Writer
from translators.errors import BadRequest, BadUpstream, Unsupported
from translators.fields import losses, spelling
from translators.hosts import BARE, Envelope

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

    `source` is the client's dialect and `target` the provider's, in the `envelope` of its host. The dialects
    are the same or both can be translated.
    """

    def __init__(self, source: Spoken, target: Spoken, envelope: Envelope = BARE) -> None:
        self.source, self.target, self._envelope = source, target, envelope
        self.identity = source.NAME == target.NAME
        self.outcome = Outcome()
        self._model = ""
        self._include_usage = False
        self._hide_usage = False

    # --- the request --------------------------------------------------------------------------------

    def request(self, body: Body, model: str, betas: Sequence[str] = ()) -> Outgoing:
        """`betas` are the flags that the client named in a header.

        Raises `BadRequest`, and `Unsupported` in the client's words for what the target can't do.
        """
        self._model = model
        return self._same(body, model, betas) if self.identity else self._translated(body, model, betas)

    def _same(self, body: Body, model: str, betas: Sequence[str]) -> Outgoing:
        metered = self.target.metered(body.json) if self._envelope.metered else {}
        self._hide_usage = bool(metered)
        changes: dict[str, JsonValue] = {**metered}
        if "model" in body.json or model:
            changes["model"] = model
        if self._envelope is BARE:
            return Outgoing(body.edited(changes))
        added, dropped = self._added(body.json.keys(), betas)
        leaves = self._envelope.leaves
        kept = {name: value for name, value in (added | changes).items() if name not in leaves}
        return Outgoing(body.edited(kept, leaves), dropped)

    def _translated(self, body: Body, model: str, betas: Sequence[str]) -> Outgoing:
        source, target, envelope = cast(Dialect, self.source), cast(Dialect, self.target), self._envelope
        asked: Json = {**body.json, "model": model}
        if betas:
            asked["betas"] = list(betas)
        try:
            request = source.read_request(asked)
            self._include_usage = bool(request.include_usage)
            lacks = {**target.LACKS, **envelope.lacks} if envelope.lacks else target.LACKS
            dropped = losses(request, source.READS, lacks, target.OWNER)
            written = target.write_request(envelope.asked(request))
            if envelope.metered:
                written |= target.metered(written)
            written |= self._added(written.keys(), ())[0]
            for name in envelope.leaves:
                written.pop(name, None)
            return Outgoing(encode(envelope.written(written)), tuple(dropped))
        except Unsupported as error:
            raise Unsupported(spelling(error.meaning, source.READS), error.reason) from None
        except RecursionError:
            raise BadRequest("", TOO_DEEP) from None

    def _added(self, present: Collection[str], betas: Sequence[str]) -> tuple[Json, tuple[str, ...]]:
        """What the host wants in the body, and which of the client's betas it does not take."""
        envelope = self._envelope
        added: Json = {name: value for name, value in envelope.adds.items() if name not in present}
        if envelope.betas is None or not betas:
            return added, ()
        if taken := dict.fromkeys(envelope.betas[flag] for flag in betas if flag in envelope.betas):
            added["anthropic_beta"] = list(taken)
        return added, tuple(f"anthropic-beta: {flag}" for flag in betas if flag not in envelope.betas)

    # --- the answer ---------------------------------------------------------------------------------

    def response(self, body: bytes, created: int, id: str = "") -> bytes:
        """A whole successful answer in the client's words. Raises `BadUpstream` when it can't be read.

        `created` is in Unix seconds; `id` is the answer's where it does not tell one itself.
        """
        if self.identity:
            self._meter(body)
            return body
        events = self._read(body, id)
        for event in events:
            self.outcome.see(event)
        if self.outcome.failed:
            raise BadUpstream(self.outcome.failed.message)
        try:
            return orjson.dumps(cast(Dialect, self.source).write_response(events, created=created))
        except UNREADABLE as error:
            raise BadUpstream(UNTELLABLE) from error

    def whole_as_stream(self, body: bytes, created: int, id: str = "") -> bytes:
        """A whole answer for a client that asked for a stream, from a provider that does not."""
        writer = self.source.StreamWriter(created=created, include_usage=self._include_usage)
        frames = list[bytes]()
        for event in self._read(body, id):
            self.outcome.see(event)
            try:
                frames += writer.write(event)
            except UNREADABLE as error:
                raise BadUpstream(UNTELLABLE) from error
        return b"".join(frames)

    def _read(self, body: bytes, id: str) -> list[Event]:
        name = Naming(id, self._model)
        try:
            return [name(event) for event in self.target.read_response(cast(Json, orjson.loads(body)))]
        except UNREADABLE as error:
            raise BadUpstream("The provider's answer can't be read.") from error

    def _meter(self, body: bytes) -> None:
        """Note what an answer that passes says of itself; what can't be read is not ours to judge."""
        with suppress(*UNREADABLE):
            name = Naming("", self._model)
            for event in (*self.target.told(cast(Json, orjson.loads(body))), Done()):
                self.outcome.see(name(event))

    def error(self, status: int, body: bytes, request_id: str) -> tuple[Failed, bytes | None]:
        """The provider's own error, and its body in the client's words; `None` when it may pass as it is."""
        failed = self.target.read_error(status, body)
        self.outcome.see(failed)
        if self.identity and _is_json(body):
            return failed, None
        return failed, orjson.dumps(self.source.write_error(failed, request_id))

    def stream(self, created: int, id: str = "") -> "Stream":
        """`created` and `id` as for `response`."""
        return Stream(
            self._frames(),
            self.target,
            self.source.StreamWriter(created=created, include_usage=self._include_usage),
            self.outcome,
            Naming(id, self._model),
            passes=self.identity,
            hide_usage=self._hide_usage,
        )

    def peek(self) -> "Head":
        return Head(self._frames(), self.target)

    def _frames(self) -> Framing:
        framing = self._envelope.framing
        return framing() if framing else self.target.Framing()


@dataclass(frozen=True, slots=True)
class Naming:
    """Gives an answer that tells no id or no model of itself the ones that are known from elsewhere."""

    id: str
    model: str

    def __call__(self, event: Event) -> Event:
        if isinstance(event, Started) and not (event.id and event.model):
            return replace(event, id=event.id or self.id, model=event.model or self.model)
        return event


class Stream:
    """One streamed answer. Never raises: what goes wrong becomes an error in the client's words, once."""

    def __init__(
        self,
        framing: Framing,
        target: Spoken,
        writer: Writer,
        outcome: Outcome,
        name: Naming,
        *,
        passes: bool,
        hide_usage: bool,
    ) -> None:
        self._framing, self._reader, self._writer = framing, target.StreamReader(), writer
        self._name = name
        self._telling = target.TELLING
        self._outcome, self._passes, self._hide_usage = outcome, passes, hide_usage
        self._started = self.over = False
        self._choices: dict[int, bool] = {}  # those that have begun, and whether they have ended

    def feed(self, chunk: bytes) -> list[bytes]:
        """The frames that the next bytes from upstream amount to; `[]` means nothing to say yet."""
        return self._safely(lambda: self._told(self._framing.feed(chunk)))

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
        return map(self._name, self._reader.read(data)) if data else iter((Ping(),))

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


def _is_json(body: bytes) -> bool:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    return True
