"""The common language of wire formats and scenarios: an `Ask` is read, an `Answer` is written."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from addons.demo.wire import Json, words

type Finish = Literal["stop", "stop_sequence", "length", "tools", "refusal"]


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the request offers."""

    name: str
    schema: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a request wants, whichever wire format it came in."""

    model: str
    body: Json
    digest: str
    """Follows from the request's bytes; ids are made of it."""
    texts: tuple[str, ...]
    """What each choice answers: the last user message, once for each choice that was asked for."""
    stream: bool = False
    sse: bool = True
    """Whether a stream is of server-sent events, in a format that has another form too."""
    messages: int = 1
    system: str = ""
    images: int = 0
    tools: int = 0
    choosable: tuple[Tool, ...] = ()
    """The tools that `tool_choice` leaves to call."""
    forced: bool = False
    """Whether `tool_choice` wants a call."""
    parallel: bool = True
    results: tuple[str, ...] = ()
    """What the tools answered, when that is what the request ends with."""
    draws: bool = False
    """Whether each choice holds a picture."""
    wordless: bool = False
    """Whether it holds nothing else."""
    json: bool = False
    schema: Json = field(default_factory=dict[str, object])
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    tokens: int = 1
    cacheable: int = 0
    """How many of the tokens a cache hint covers."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str

    def fragments(self) -> Iterator[str]:
        """The arguments, piece by piece as a stream sends them."""
        return (self.arguments[start : start + 10] for start in range(0, len(self.arguments), 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer to the request."""

    text: str = ""
    thinking: str = ""
    redacted: str = ""
    """Thinking that the client may keep but not read."""
    refusal: str = ""
    calls: tuple[Call, ...] = ()
    finish: Finish = "stop"
    stop_sequence: str | None = None

    def thinking_tokens(self) -> int:
        return len(words(self.thinking)) or len(self.redacted) // 8

    def tokens(self) -> int:
        called = sum(1 + len(words(call.arguments)) for call in self.calls)
        return self.thinking_tokens() + len(words(self.text)) + len(words(self.refusal)) + called


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens; `input` is all of the prompt, cached or not."""

    input: int
    output: int
    thinking: int = 0
    cache_read: int = 0
    cache_write: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    choices: tuple[Choice, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Content:
    """A whole answer as it is sent."""

    body: bytes
    type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    """Besides those that the endpoint sends anyway."""


@dataclass(frozen=True, slots=True)
class Frames:
    """A streamed answer, in the parts at which it may fail."""

    head: Iterable[bytes]
    content: Iterable[bytes]
    tail: Iterable[bytes]
    error: Callable[[], bytes]
    """An error event, for wherever the stream has got to."""
    type: str = "text/event-stream; charset=utf-8"
    end: bytes = b""
    """What the framing itself ends with, whether the answer has come to an end or not."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An error answer; without a message, the vendor's own words for the status."""

    status: int
    message: str = ""
    param: str | None = None
    code: str | None = None
    model: str = ""


class Rejected(Exception):
    """The request is not what the vendor's API takes."""

    def __init__(
        self, message: str, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.failure = Failure(status, message, param, code)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One HTTP request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    query: dict[str, str] = field(default_factory=dict[str, str])
    named: dict[str, str] = field(default_factory=dict[str, str])
    """What the groups of the endpoint's `path` are called there; percent-decoded, once."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path of one vendor's API: how to read what is asked there, and how to write the answer."""

    path: re.Pattern[str]
    """Of the path as it is sent; its named groups are told to `read`."""
    read: Callable[[Incoming], Ask]
    """May raise `Rejected`."""
    write: Callable[[Ask, Answer], Content]
    error: Callable[[Failure, str], Content]
    """Takes the request's digest too, where the vendor's errors carry an id."""
    stream: Callable[[Ask, Answer], Frames] | None = None
    method: str = "POST"
    speaks: Callable[[Incoming], bool] = lambda request: True
    """Whether a request is in this format, where a path has several; the first that says so answers."""
    headers: Callable[[str], list[tuple[str, str]]] = lambda digest: [("x-request-id", f"req_{digest}")]
