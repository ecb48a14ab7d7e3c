"""What a dialect is: one wire schema, read and written. Each is a module (or package) with these names.

`Spoken` is what is needed to pass a wire format through untouched and know what happened; `Source` adds
what is needed to translate what a client says and is told, and `Target` the same for a provider. A `Dialect`
is both.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from translators.canonical import Counting, Event, Failed, Json, Request
from translators.fields import Lacks, Reads


class Reader(Protocol):
    """Reads one streamed answer, a framed payload at a time."""

    def read(self, data: bytes) -> Iterator[Event]:
        """The events in one payload. `KeyError`, `TypeError` or `ValueError` on what can't be read."""
        ...


class Writer(Protocol):
    """Writes one streamed answer. After `Finished` and `Used` comes `Done`, or at any point `Failed`."""

    def write(self, event: Event) -> Iterator[bytes]:
        """The frames that say this event; none when it has nothing to say yet."""
        ...


class Framing(Protocol):
    """Cuts the bytes of a stream into frames: `(raw, data)`, the bytes as they came and the payload inside.

    A `data` of `b""` is a keep-alive without a payload.
    """

    def feed(self, chunk: bytes) -> list[tuple[bytes, bytes]]: ...

    def close(self) -> list[tuple[bytes, bytes]]:
        """What was left unfinished when the stream ended, if it is a frame all the same."""
        ...


class Spoken(Protocol):
    """A wire format that may pass: enough to refuse nonsense, to meter, and to fail in the client's words."""

    NAME: str
    """As in the file name: vendor_api."""
    OWNER: str
    """The vendor, as `Opaque.owner` has it."""
    KIND: str
    """What its requests are about, such as `chat`: what is of one kind can be translated into each other.
    Empty where it only passes."""

    TELLING: re.Pattern[bytes]
    """Found in each payload of a stream that says more than a piece of content: usage, an end, an error.
    Who passes a stream on untouched need not read the others."""

    FOREIGN: re.Pattern[bytes] | None
    """Found in requests that quote what another vendor's model has said, such as the proof of its reasoning:
    they do not pass, but are read and written without it. None where nothing of the kind can be."""

    STREAM_TYPE: str
    """The content type of a streamed answer."""

    def check_request(self, body: Json) -> None:
        """Raise `BadRequest` where a field that no provider can do without is missing or of a wrong type."""
        ...

    def metered(self, body: Json) -> Json:
        """The top-level fields to set so that the provider reports usage; empty when it does anyway."""
        ...

    def told(self, body: Json) -> Iterator[Event]:
        """Who answered and what it took: all that is read of a whole answer that passes."""
        ...

    def read_error(self, status: int, body: bytes) -> Failed:
        """Any error body, JSON or not. Never raises, and never quotes a body that is not JSON."""
        ...

    def write_error(self, failed: Failed, request_id: str) -> Json: ...

    def Framing(self) -> Framing: ...

    def StreamReader(self) -> Reader: ...

    def StreamWriter(self, *, created: int, include_usage: bool = False) -> Writer:
        """`created` is in Unix seconds; `include_usage` tells usage that a client must ask for."""
        ...


class Source[Asked, Told](Spoken, Protocol):
    """A wire format that clients may speak whatever the provider speaks.

    `Asked` is its kind's canonical request, and `Told` one event of its kind's answers.
    """

    READS: Reads

    def read_request(self, body: Json) -> Asked:
        """Raises `BadRequest`. `write_request(read_request(x)) == x`, but for equal spellings."""
        ...

    def write_response(self, events: Sequence[Told], *, created: int) -> Json:
        """One whole answer from its events, which hold no `Failed`."""
        ...


class Target[Asked, Told](Spoken, Protocol):
    """A wire format that providers may speak whatever the client speaks.

    `Asked` and `Told` as in `Source`.
    """

    LACKS: Lacks

    MOST: int | None
    """How many inputs one request may hold; more are asked for one request after the other. Any, if none."""

    def write_request(self, request: Asked) -> Json:
        """Meanings in `LACKS` were seen to before; raises `Unsupported` for values that have no word here."""
        ...

    def read_response(self, body: Json) -> list[Told]:
        """The events of a whole answer. An id or model that it does not tell is empty in `Started`."""
        ...


class Dialect[Asked, Told](Source[Asked, Told], Target[Asked, Told], Protocol):
    """A wire format that can be translated into any other of its kind, and any other into it."""


type ChatSource = Source[Request, Event]
type ChatDialect = Dialect[Request, Event]
type CountDialect = Dialect[Request, Counting]
