"""Counting the tokens of a prompt: what the dialects have in common that ask for nothing else."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from translators.canonical import Counted, Counting, Done, Event, Failed, Json, Request, Started
from translators.dialect import ChatDialect, Framing, Reader, Writer
from translators.errors import BadUpstream
from translators.fields import Lacks, Reads

KIND = "count"

_TELLING = re.compile(b"")


def counted(request: Request) -> Request:
    """What of a chat decides how many tokens it begins with. How it is to be answered does not."""
    return Request(
        model=request.model,
        turns=request.turns,
        output=request.output,
        tools=request.tools,
        tool_choice=request.tool_choice,
        reasoning=request.reasoning,
        opaque=request.opaque,
    )


def unthinking(request: Request) -> Request:
    """The same for a model whose prompt does not depend on whether it will think."""
    return replace(counted(request), reasoning=None)


def without_thought(lacks: Lacks) -> Lacks:
    """What is lost in `unthinking` is nothing that a count could lose."""
    return {meaning: lack for meaning, lack in lacks.items() if not meaning.startswith("Reasoning")}


class Count:
    """One vendor's way to ask for a count: a chat in its own words, with a number for an answer.

    Nothing is generated, so that there is no usage, and nothing is streamed, whatever the request says.
    """

    def __init__(self, name: str, chat: ChatDialect, number: str, lacks: Lacks | None = None) -> None:
        """`chat` is how the vendor words requests and errors; `number` the field of its answer."""
        self.NAME: str = name
        self.OWNER: str = chat.OWNER
        self.KIND: str = KIND
        self.TELLING = _TELLING
        self.FOREIGN: re.Pattern[bytes] | None = None
        self.STREAM_TYPE: str = chat.STREAM_TYPE
        self.READS: Reads = chat.READS
        self.LACKS: Lacks = chat.LACKS if lacks is None else lacks
        self.MOST: int | None = None
        self._chat, self._number = chat, number

    # --- requests -----------------------------------------------------------------------------------

    def check_request(self, body: Json) -> None:
        self._chat.check_request(self.chat_in(body))

    def metered(self, body: Json) -> Json:
        return {}

    def read_request(self, body: Json) -> Request:
        return counted(self._chat.read_request(self.chat_in(body)))

    def write_request(self, request: Request) -> Json:
        return self._chat.write_request(counted(request))

    def chat_in(self, body: Json) -> Json:
        """The chat request that a body holds. Raises `BadRequest` where it holds none."""
        return body

    # --- answers ------------------------------------------------------------------------------------

    def told(self, body: Json) -> Iterator[Event]:
        return iter(())

    def read_response(self, body: Json) -> list[Counting]:
        number = body[self._number]
        if not isinstance(number, int):
            raise TypeError(self._number)
        return [Started("", ""), Counted(number), Done()]

    def write_response(self, events: Sequence[Counting], *, created: int) -> Json:
        return {self._number: number_of(events)}

    def read_error(self, status: int, body: bytes) -> Failed:
        return self._chat.read_error(status, body)

    def write_error(self, failed: Failed, request_id: str) -> Json:
        return self._chat.write_error(failed, request_id)

    # --- streams, which no vendor answers with ------------------------------------------------------

    def Framing(self) -> Framing:
        return self._chat.Framing()

    def StreamReader(self) -> Reader:
        return self._chat.StreamReader()

    def StreamWriter(self, *, created: int, include_usage: bool = False) -> Writer:
        return self._chat.StreamWriter(created=created, include_usage=include_usage)


def number_of(events: Sequence[Counting]) -> int:
    """What an answer tells. Raises `BadUpstream` where it tells nothing."""
    for event in events:
        if isinstance(event, Counted):
            return event.input
    raise BadUpstream("The provider's answer holds no count.")
