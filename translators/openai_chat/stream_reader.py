"""An upstream's Chat Completions answer, whole or streamed, into events.

A whole answer is read as a stream of one chunk. Many servers speak this API nearly; what is known to differ
is told where it is read.
"""

from collections.abc import Iterator

import orjson

from translators.canonical import (
    Called,
    CalledWith,
    Cited,
    Done,
    Drawn,
    ErrorKind,
    Event,
    Extra,
    Failed,
    Finished,
    Json,
    JsonValue,
    Opaque,
    Probable,
    Refused,
    Said,
    Started,
    StopReason,
    Thought,
    ThoughtRedacted,
    Used,
)
from translators.openai_chat.errors import is_error, read_failure
from translators.openai_chat.fields import OWNER
from translators.openai_chat.google import GOOGLE
from translators.openai_chat.turn_reader import source_of
from translators.openai_chat.usage import read_usage
from translators.pick import entries, inner, number, parse, text

_REASONS: dict[str, StopReason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "tool_calls": "tools",
    "function_call": "tools",
    "content_filter": "content_filter",
}
"""OpenAI's finish reasons, and other servers'. All others are an end like any."""

_FAILURES: dict[str, ErrorKind] = {
    "error": "server",  # OpenRouter
    "abort": "server",  # SGLang
    "insufficient_system_resource": "overloaded",  # DeepSeek
}
"""Finish reasons that say that the answer was not finished at all."""


def read_response(body: Json) -> list[Event]:
    """The events of a whole answer."""
    choices = entries(body, "choices")
    if not choices:
        return [read_failure(body)]
    pieces: list[JsonValue] = [{**choice, "delta": choice["message"]} for choice in choices]
    return [*StreamReader().chunk({**body, "choices": pieces}), Done()]


class StreamReader:
    """Reads one stream of `chat.completion.chunk`."""

    def __init__(self) -> None:
        self._id = ""
        self._choices: dict[int, _Choice] = {}

    def read(self, data: bytes) -> Iterator[Event]:
        if data == b"[DONE]":
            yield Done()
        else:
            yield from self.chunk(parse(data))

    def chunk(self, chunk: Json) -> Iterator[Event]:
        """The events in one chunk, which for a whole answer is the only one."""
        choices = entries(chunk, "choices")
        if (not choices or "error" in chunk) and is_error(chunk):
            yield read_failure(chunk)
            return
        if not self._id and (choices or text(chunk, "id")):  # Azure begins with a chunk about its filters
            self._id = text(chunk, "id") or "chatcmpl"
            yield Started(self._id, text(chunk, "model"), number(chunk, "created"))
        for choice in choices:
            yield from self._choice(choice)
        if usage := read_usage(chunk.get("usage") or inner(chunk, "x_groq").get("usage")):
            yield Used(usage, text(chunk, "service_tier") or None)

    def _choice(self, choice: Json) -> Iterator[Event]:
        index = number(choice, "index") or 0
        if (state := self._choices.get(index)) is None:
            state = self._choices[index] = _Choice(index, self._id)
        yield from state.read(inner(choice, "delta"))
        if logprobs := inner(choice, "logprobs"):
            for name in ("content", "refusal"):
                if tokens := entries(logprobs, name):
                    yield Probable(tuple(tokens), name == "refusal", index)
        if reason := text(choice, "finish_reason"):
            yield from state.finish(reason)


class _Choice:
    """What was said so far in one choice."""

    def __init__(self, index: int, answer: str) -> None:
        self._index, self._answer = index, answer
        self._calls = _Calls(f"call_{answer}")
        self._thinks = self._finished = False

    def read(self, delta: Json) -> Iterator[Event]:
        if delta.keys() == {"content"} and isinstance(said := delta["content"], str):  # nearly always
            if said:
                yield Said(said, self._index)
            return
        yield from self._reasoning(delta)
        yield from self._content(delta)
        for image in entries(delta, "images"):
            yield self._picture(image)
        for annotation in entries(delta, "annotations"):
            yield self._annotation(annotation)
        for cited in entries(delta, "citations"):  # our own extension
            yield self._cited(cited, text(cited, "quote") or None)
        if refusal := text(delta, "refusal"):
            yield Refused(refusal, self._index)
        for call in entries(delta, "tool_calls"):
            yield from self._call(call)
        if function := inner(delta, "function_call"):
            yield from self._call({"index": "function_call", "function": function})
        if audio := inner(delta, "audio"):
            yield Extra(Opaque(OWNER, "choices[].message.audio", audio), self._index)

    def finish(self, reason: str) -> Iterator[Event]:
        """Once: some servers say it again beside the usage, and some say `stop` though they called tools."""
        if kind := _FAILURES.get(reason):
            yield Failed(kind, "The provider gave up in the middle of its answer.")
        elif not self._finished:
            self._finished = True
            ended: StopReason = _REASONS.get(reason, "end")
            yield Finished("tools" if self._calls.any and ended == "end" else ended, choice=self._index)

    def _reasoning(self, delta: Json) -> Iterator[Event]:
        """Our own extension, and what DeepSeek, vLLM (`reasoning_content`) and OpenRouter (`reasoning`) send.

        Blocks say the text again, at their end or piece by piece, and alone have the proof of it.
        """
        blocks = entries(delta, "thinking_blocks")
        thought = text(delta, "reasoning_content") or text(delta, "reasoning")
        if thought and not any(text(block, "thinking") for block in blocks):
            self._thinks = True
            yield Thought(thought, choice=self._index)
        for block in blocks:
            if text(block, "type") == "redacted_thinking" and "data" in block:
                yield ThoughtRedacted(_proof(block, "data"), self._index)
                continue
            if (thought := text(block, "thinking")) and not self._thinks:
                yield Thought(thought, choice=self._index)
            if text(block, "signature"):
                self._thinks = False
                yield Thought(signature=_proof(block, "signature"), choice=self._index)

    def _content(self, delta: Json) -> Iterator[Event]:
        """A string, but for Mistral's reasoning models: parts, some of which are thoughts."""
        if said := text(delta, "content"):
            yield Said(said, self._index)
        for part in entries(delta, "content"):
            if said := text(part, "text"):
                yield Said(said, self._index)
            for thought in entries(part, "thinking"):
                yield Thought(text(thought, "text"), choice=self._index)

    def _call(self, piece: Json) -> Iterator[Event]:
        function = inner(piece, "function")
        name, id, index = text(function, "name"), text(piece, "id"), piece.get("index")
        arguments = function.get("arguments")
        call = self._calls.find(index, id, name)
        if call is None and name:
            call, id = self._calls.begin(index, id)
            yield Called(call, id, name, self._index, tuple(self._proofs(piece, "tool_calls[]")))
        if isinstance(arguments, dict):  # some send the object itself instead of its text
            arguments = orjson.dumps(arguments).decode()
        if isinstance(arguments, str) and arguments:
            if call is None:
                raise ValueError("arguments of a tool call that has no name")
            self._calls.told.add(call)
            yield CalledWith(call, arguments, self._index)

    def _picture(self, image: Json) -> Drawn:
        """Our own extension, which is OpenRouter's. An address that leads nowhere is no picture."""
        if (source := source_of(text(inner(image, "image_url"), "url"))) is None:
            raise ValueError("a picture that is neither data nor at an address")
        return Drawn(source, self._index, tuple(self._proofs(image, "images[]")))

    def _proofs(self, holder: Json, at: str) -> Iterator[Opaque]:
        """Google's, of a call or a picture."""
        if signature := text(inner(inner(holder, "extra_content"), GOOGLE), "thought_signature"):
            yield Opaque(GOOGLE, f"choices[].message.{at}.thought_signature", signature)

    def _annotation(self, annotation: Json) -> Event:
        if text(cited := inner(annotation, "url_citation"), "url"):
            return self._cited(cited)
        return Extra(Opaque(OWNER, "choices[].message.annotations[]", annotation), self._index)

    def _cited(self, cited: Json, quote: str | None = None) -> Cited:
        url, title = text(cited, "url") or None, text(cited, "title") or None
        start, end = number(cited, "start_index"), number(cited, "end_index")
        return Cited(url, title, quote, start, end, choice=self._index)


class _Calls:
    """Which tool call a piece belongs to.

    Ids are more to be trusted than indexes, which Ollama and Gemini gave as 0 for every call and which others
    leave out (https://github.com/ollama/ollama/issues/15457); but vLLM gave every piece an id of its own.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers: dict[object, int] = {}  # a server's index or id -> our number
        self._last: int | None = None
        self.told: set[int] = set()  # those that have arguments

    @property
    def any(self) -> bool:
        return self._last is not None

    def find(self, index: object, id: str, name: str) -> int | None:
        """The number of a call that has begun, or `None` for a new one."""
        if id in self._numbers:
            return self._numbers[id]
        known = self._last if index is None else self._numbers.get(index)
        begins_anew = name and (id or index is None or known in self.told)
        return None if begins_anew else known

    def begin(self, index: object, id: str) -> tuple[int, str]:
        """The next number, and an id for servers that have none."""
        self._last = 0 if self._last is None else self._last + 1
        id = id or f"{self._prefix}_{self._last}"
        self._numbers |= {index: self._last, id: self._last}
        return self._last, id


def _proof(block: Json, name: str) -> Opaque:
    """Anthropic's, whose form this is, unless it says otherwise."""
    return Opaque(
        text(block, "owner") or "anthropic", f"choices[].message.thinking_blocks[].{name}", block[name]
    )
