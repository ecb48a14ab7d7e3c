"""Two dialects joined: what becomes of one attempt's request and answer. Identity when the two are one."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import orjson

from translators.attachments import untaken, with_data
from translators.batch import joined
from translators.body import TOO_DEEP, Body, encode
from translators.canonical import (
    Data,
    Done,
    Embedded,
    EmbeddingRequest,
    Event,
    Failed,
    ImageRequest,
    Json,
    JsonValue,
    Request,
    RerankRequest,
    Started,
    Told,
    Usage,
    Used,
)
from translators.dialect import Framing, Source, Spoken, Target
from translators.documents import Documents
from translators.errors import BadRequest, BadUpstream, Declined, Unsupported, Wanted
from translators.fields import losses, spelling
from translators.form import Form
from translators.hosts import BARE, Envelope
from translators.stream import UNREADABLE, Head, Outcome, Stream, Telling
from translators.vectors import around, encoded

NO_ADDRESSES = "files can only be given as data, and server.fetch_images is off"
DECLINED = 400
"""The status of a request at which a provider's filters take offence, as OpenAI has it."""
UNTELLABLE = "The provider's answer can't be told in the client's dialect."


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request in the provider's words, and the client's names of what was left out of it."""

    body: bytes
    dropped: tuple[str, ...] = ()
    rest: tuple[bytes, ...] = ()
    """Further requests, where the provider takes in several what the client asks in one."""
    betas: tuple[str, ...] = ()
    """Flags of Anthropic's betas, which go into a header."""


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
        self._echoes: list[str | None] = [None]  # one for each of several requests
        self._include_usage = False
        self._hide_usage = False
        self._encoding = ""
        self._counts: list[int | None] = [None]  # of vectors that each of several requests asks for
        self._documents: Documents | None = None
        self._parts: list[list[Told]] = []
        self._so_far: list[Told] = []  # who answered, and what it took, in all of them

    # --- the request --------------------------------------------------------------------------------

    def request(
        self,
        body: Body | Form,
        model: str,
        elsewhere: Json | None = None,
        fetched: Mapping[str, Data] | None = None,
    ) -> Outgoing:
        """`elsewhere` is what the client said in its headers or path, named as fields of its body.

        `fetched` are files by their addresses, where the gateway may fetch any. Raises `BadRequest`,
        `Unsupported` in the client's words for what the target can't do, and `Wanted` for files.
        """
        self._model = model
        if self.identity and isinstance(body, Form):
            return Outgoing(body.edited({"model": model}))
        if self.identity and isinstance(body, Body):
            foreign = self.target.FOREIGN and self.target.FOREIGN.search(body.raw)
            if not foreign and (self._envelope.takes_addresses or not self._names_files(body)):
                return self._same(body, model, _betas(elsewhere))
        return self._translated({**body.json, **(elsewhere or {}), "model": model}, fetched)

    def _names_files(self, body: Body) -> bool:
        """Whether a request that could pass names files that the host would not fetch.

        One that we can't read passes all the same: it is for the provider to judge.
        """
        if not self.target.KIND or b'"url"' not in body.raw:
            return False
        try:
            request = cast(Source[Any, Any], self.source).read_request(body.json)
        except (BadRequest, Unsupported, RecursionError):
            return False
        return bool(isinstance(request, Request) and untaken(request, {}, False))

    def _same(self, body: Body, model: str, betas: Sequence[str]) -> Outgoing:
        metered = self.target.metered(body.json) if self._envelope.metered else {}
        self._hide_usage = bool(metered)
        changes: dict[str, JsonValue] = {**metered}
        if "model" in body.json or model:
            changes["model"] = model
        if self._envelope is BARE:
            return Outgoing(body.edited(changes))
        return self._enveloped(body, changes, betas)

    def _enveloped(self, body: Body, changes: Json, betas: Sequence[str]) -> Outgoing:
        added, dropped = self._added(body.json.keys(), betas)
        leaves = self._envelope.leaves
        kept = {name: value for name, value in (added | changes).items() if name not in leaves}
        return Outgoing(self._packed(body.edited(kept, leaves)), dropped)

    def _packed(self, body: bytes) -> bytes:
        return self._envelope.packs(body) if self._envelope.packs else body

    def _translated(self, asked: Json, fetched: Mapping[str, Data] | None) -> Outgoing:
        source, target = cast(Source[Any, Any], self.source), cast(Target[Any, Any], self.target)
        try:
            request: Any = self._with_files(source.read_request(asked), target, fetched)
            lacks = {**target.LACKS, **self._envelope.lacks} if self._envelope.lacks else target.LACKS
            dropped = losses(request, source.READS, lacks, target.OWNER, asked)
            pieces: list[Any] = request.pieces(target.MOST)
            self._expect(request, pieces)
            if len(pieces) > 1 and asked.get("stream"):
                raise BadRequest("stream", "is not possible with several inputs")
            bodies = [target.write_request(self._envelope.asked(piece)) for piece in pieces]
            betas = _betas(bodies[0]) if target.OWNER == "anthropic" else []
            first, *rest = (self._written(body, betas, dropped) for body in bodies)
            in_header = () if self._envelope.betas is not None else tuple(betas)
            return Outgoing(first, tuple(dict.fromkeys(dropped)), tuple(rest), in_header)
        except Unsupported as error:
            raise Unsupported(spelling(error.meaning, source.READS, given=asked), error.reason) from None
        except RecursionError:
            raise BadRequest("", TOO_DEEP) from None

    def _expect(self, request: object, pieces: Sequence[object]) -> None:
        """Remember what the answers have to be like."""
        if isinstance(request, Request):
            self._include_usage = bool(request.include_usage)
        if isinstance(request, EmbeddingRequest):
            self._encoding = request.encoding or "float"
        if isinstance(request, RerankRequest):
            self._documents = Documents(request)
        self._echoes = [piece.echo if isinstance(piece, Request) else None for piece in pieces]
        self._counts = [
            len(piece.inputs) if isinstance(piece, EmbeddingRequest) else None for piece in pieces
        ]

    def _with_files(
        self, request: object, target: Target[Any, Any], fetched: Mapping[str, Data] | None
    ) -> object:
        if not isinstance(request, Request | EmbeddingRequest | ImageRequest):
            return request
        addresses = untaken(request, target.LACKS, self._envelope.takes_addresses)
        if not addresses:
            return request
        if fetched is None:
            raise Unsupported(next(iter(addresses.values())), NO_ADDRESSES)
        if missing := [address for address in addresses if address not in fetched]:
            raise Wanted(missing, addresses[missing[0]])
        return with_data(request, fetched)

    def _written(self, body: Json, betas: Sequence[str], dropped: list[str]) -> bytes:
        """A body of the target dialect, as its host wants it."""
        if self._envelope.metered:
            body |= self.target.metered(body)
        added, untaken_betas = self._added(body.keys(), betas)
        dropped += untaken_betas
        body |= added
        for name in (*self._envelope.leaves, *(["betas"] if betas else [])):
            body.pop(name, None)
        return self._packed(encode(self._envelope.written(body)))

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

    def response(self, body: bytes, created: int, id: str = "", tokens: int | None = None) -> bytes:
        """A whole successful answer in the client's words.

        Raises `Declined` when it says that the request is at fault, and `BadUpstream` when it can't be read.

        `created` is in Unix seconds; `id` is the answer's where it does not tell one itself, and `tokens`
        what went into it where it does not say.
        """
        body = self._unpacked(body)
        if self.identity:
            self._meter(body)
            return body
        events = joined([*self._parts, self._read(body, id, tokens)])
        for event in events:
            self.outcome.see(event)
        if failed := self.outcome.failed:
            raise Declined(failed) if failed.status == DECLINED else BadUpstream(failed.message)
        try:
            return orjson.dumps(cast(Source[Any, Any], self.source).write_response(events, created=created))
        except UNREADABLE as error:
            raise _untellable(error) from error

    def _unpacked(self, body: bytes) -> bytes:
        try:
            return self._envelope.unpacks(body) if self._envelope.unpacks else body
        except UNREADABLE as error:
            raise BadUpstream("The provider's answer can't be read.") from error

    def declined(self, body: bytes) -> Failed | None:
        """Whether a whole successful answer says that the request is at fault. Raises `BadUpstream`."""
        events = [] if self.identity else self._read(self._unpacked(body), "", None)
        failed = (event for event in events if isinstance(event, Failed))
        return next((event for event in failed if event.status == DECLINED), None)

    def part(self, body: bytes, id: str = "", tokens: int | None = None) -> None:
        """The answer to one of several requests, not the last.

        Raises `BadUpstream` when it can't be read or is an error: with one, the others are of no use.
        """
        events = self._read(body, id, tokens)
        if failed := next((event for event in events if isinstance(event, Failed)), None):
            raise BadUpstream(failed.message)
        self._parts.append(events)
        told = [event for event in events if isinstance(event, Used | Started)]
        self._so_far = joined([self._so_far, told] if len(self._parts) > 1 else [told])
        for event in self._so_far:
            if isinstance(event, Used | Started):
                self.outcome.see(event)

    def whole_as_stream(self, body: bytes, created: int, id: str = "") -> bytes:
        """A whole answer for a client that asked for a stream, from a provider that does not."""
        writer = self.source.StreamWriter(created=created, include_usage=self._include_usage)
        frames = list[bytes]()
        for event in self._read(body, id, None):
            self.outcome.see(event)
            try:
                frames += writer.write(cast(Event, event))  # (of whatever kind the client's dialect is)
            except UNREADABLE as error:
                raise _untellable(error) from error
        return b"".join(frames)

    def _read(self, body: bytes, id: str, tokens: int | None) -> list[Told]:
        told, number = Telling(id, self._model, self._echoes[len(self._parts)]), len(self._parts)
        try:
            target = cast(Target[Any, Any], self.target)
            read: list[Told] = target.read_response(cast(Json, orjson.loads(body)))
            events: list[Told] = [*encoded(told(read), self._encoding)]
            if self._documents:
                events = [*self._documents(events)]
        except UNREADABLE as error:
            raise BadUpstream("The provider's answer can't be read.") from error
        _check_vectors(events, self._counts[number])
        if tokens is not None and not any(isinstance(event, Used | Failed) for event in events):
            events.insert(-1, Used(Usage(input=tokens)))
        return events

    def _meter(self, body: bytes) -> None:
        """Note what an answer that passes says of itself; what can't be read is not ours to judge."""
        read = around if self.target.KIND == "embeddings" else orjson.loads
        with suppress(*UNREADABLE):
            for event in Telling("", self._model)((*self.target.told(cast(Json, read(body))), Done())):
                self.outcome.see(event)

    def error(self, status: int, body: bytes, request_id: str) -> tuple[Failed, bytes | None]:
        """The provider's own error, and its body in the client's words; `None` when it may pass as it is."""
        failed = self.target.read_error(status, body)
        self.outcome.see(failed)
        written = self.source.write_error(failed, request_id)
        if self.identity and self._may_pass(body, written):
            return failed, None
        return failed, orjson.dumps(written)

    def _may_pass(self, error: bytes, written: Json) -> bool:
        """Whether it is an error of the dialect's own: some hosts have other words for it."""
        try:
            told = orjson.loads(error)
        except orjson.JSONDecodeError:
            return False
        if self._envelope.errors_pass:
            return True
        return isinstance(told, dict) and written.keys() - {"request_id"} <= told.keys()

    def stream(self, created: int, id: str = "") -> "Stream":
        """`created` and `id` as for `response`."""
        return Stream(
            self._frames(),
            self.target,
            self.source.StreamWriter(created=created, include_usage=self._include_usage),
            self.outcome,
            Telling(id, self._model, self._echoes[0]),
            passes=self.identity,
            hide_usage=self._hide_usage,
        )

    def peek(self) -> "Head":
        return Head(self._frames(), self.target)

    def _frames(self) -> Framing:
        framing = self._envelope.framing
        return framing() if framing else self.target.Framing()


def _untellable(error: Exception) -> BadUpstream:
    """Why an answer that could be read can't be told, as far as we know that."""
    return BadUpstream(f"{UNTELLABLE} {error}" if isinstance(error, BadUpstream) else UNTELLABLE)


def _check_vectors(events: Sequence[Told], count: int | None) -> None:
    """Raise `BadUpstream` where there is not one vector for each input."""
    if count is None or any(isinstance(event, Failed) for event in events):
        return
    positions = sorted(event.index for event in events if isinstance(event, Embedded))
    if positions != [*range(count)]:
        raise BadUpstream(f"The provider answered with {len(positions)} vectors to {count} inputs.")


def _betas(said: Json | None) -> list[str]:
    flags = (said or {}).get("betas")
    return [flag for flag in flags if isinstance(flag, str)] if isinstance(flags, list) else []
