"""The other endpoints of OpenAI's API: they pass untouched, and are read for their usage alone."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson

from translators import sse
from translators.canonical import Done, Event, Failed, Finished, Json, Ping, Said, Started, Used
from translators.dialect import Framing, Reader, Spoken, Writer
from translators.foreign import Record
from translators.form import Kinds
from translators.openai_chat.errors import is_error, read_error, read_failure, write_error
from translators.openai_chat.fields import OWNER
from translators.openai_chat.usage import told
from translators.pick import entries, inner, number, parse, text

EVERYTHING = re.compile(b"")


class Native:
    """One endpoint: what it insists on, how a streamed answer is read and how it may fail."""

    def __init__(
        self,
        name: str,
        check: Callable[[Record], None],
        reader: Callable[[], Reader],
        failure: Callable[[Failed], bytes],
        metered: Callable[[Json], Json] = lambda body: {},
    ) -> None:
        self.NAME: str = name
        self.OWNER: str = OWNER
        self.KIND: str = ""
        self.TELLING = EVERYTHING
        self.FOREIGN: re.Pattern[bytes] | None = None
        self.STREAM_TYPE: str = sse.CONTENT_TYPE
        self._check, self._reader, self._failure, self._metered = check, reader, failure, metered

    def check_request(self, body: Json) -> None:
        self._check(Record(body))

    def metered(self, body: Json) -> Json:
        return self._metered(body)

    def told(self, body: Json) -> Iterator[Event]:
        return told(body)

    def read_error(self, status: int, body: bytes) -> Failed:
        return read_error(status, body)

    def write_error(self, failed: Failed, request_id: str) -> Json:
        return write_error(failed, request_id)

    def Framing(self) -> Framing:
        return sse.Decoder()

    def StreamReader(self) -> Reader:
        return self._reader()

    def StreamWriter(self, *, created: int, include_usage: bool = False) -> Writer:
        return _FailureWriter(self._failure)


class _FailureWriter:
    """What the gateway itself has to say in a stream that passes: that it failed, or is still alive."""

    def __init__(self, failure: Callable[[Failed], bytes]) -> None:
        self._failure = failure

    def write(self, event: Event) -> Iterator[bytes]:
        match event:
            case Failed():
                yield self._failure(event)
            case Ping():
                yield sse.KEEP_ALIVE
            case _:
                pass


# --- reading ----------------------------------------------------------------------------------------


class ChunkReader:
    """Streams of chunks that end in `[DONE]`: completions."""

    def __init__(self) -> None:
        self._started = False

    def read(self, data: bytes) -> Iterator[Event]:
        if data == b"[DONE]":
            yield Done()
            return
        chunk = parse(data)
        if is_error(chunk):
            yield read_failure(chunk)
            return
        for event in told(chunk):
            if not (self._started and isinstance(event, Started)):
                yield event
            self._started = True
        for choice in entries(chunk, "choices"):
            index = number(choice, "index") or 0
            if said := text(choice, "text"):
                yield Said(said, index)
            if text(choice, "finish_reason"):
                yield Finished("end", choice=index)


class _EventReader:
    """Streams of events that have a `type`, the last of which holds the usage: responses, images, audio.

    Of several images each has an end of its own: there is none of the whole.
    """

    def __init__(self) -> None:
        self._images = 0

    def read(self, data: bytes) -> Iterator[Event]:
        if data == b"[DONE]":  # Azure's farewell, after the end
            return
        event = parse(data)
        match text(event, "type"):
            case "response.created":
                yield from told(inner(event, "response"))
            case "response.completed" | "response.incomplete":
                answer = inner(event, "response")
                yield from (told for told in told(answer) if isinstance(told, Used))
                yield Finished("length" if text(answer, "status") == "incomplete" else "end")
                yield Done()
            case "response.failed":
                yield from (told for told in told(inner(event, "response")) if isinstance(told, Used))
                yield read_failure(inner(event, "response"))
            case "response.output_text.delta" | "transcript.text.delta":
                yield Said(text(event, "delta"))
            case "image_generation.partial_image" | "image_edit.partial_image" | "speech.audio.delta":
                yield Said("")  # it is content, though nothing that can be read
            case "image_generation.completed" | "image_edit.completed":
                self._images += 1
                yield from map(self._counted, told(event))
                yield Finished("end")
            case "speech.audio.done" | "transcript.text.done":
                yield from told(event)
                yield Finished("end")
                yield Done()
            case _ if is_error(event):
                yield read_failure(event)
            case _:
                pass  # calls, reasoning, and whatever OpenAI adds next

    def _counted(self, event: Event) -> Event:
        """With all images so far: an event tells of its own."""
        if isinstance(event, Used) and event.usage.images:
            return replace(event, usage=replace(event.usage, images=self._images))
        return event


# --- what is asked, and how it fails ----------------------------------------------------------------


def chunk_failure(failed: Failed) -> bytes:
    """An error as a chunk of its own."""
    return sse.encode(orjson.dumps(write_error(failed, "")))


def _event_failure(failed: Failed) -> bytes:
    """Event streams have an event of the type `error`, whose fields stand at the top in Responses."""
    written = write_error(failed, "")
    fields = written["error"] if isinstance(written["error"], dict) else {}
    told: Json = {"sequence_number": 0, **fields, "type": "error", "error": fields}
    return sse.encode(orjson.dumps(told), b"error")


def text_or_list(body: Record, name: str) -> None:
    """Raise `BadRequest` where a field is neither."""
    if not isinstance(body.must(body.data.get, name), str | list):
        raise body.bad(name, "must be a string or an array")


def _check_responses(body: Record) -> None:
    """`input` may be missing where a prompt or an earlier response is named."""
    body.text("model")
    body.flag("stream")
    if body.data.get("input") is not None:
        text_or_list(body, "input")


def _check_speech(body: Record) -> None:
    body.text("model")
    body.must(body.text, "input")


def _check_form(body: Record) -> None:
    """A form is not JSON: what it holds is for the provider to judge."""


HEARD: Kinds = {"stream": "flag"}
"""What the forms of sounds hold, as far as it matters here."""
IMAGES = (_EventReader, _event_failure)
"""How streams of images are read, and how they may fail."""

NATIVE: tuple[Spoken, ...] = (
    Native("openai_responses", _check_responses, _EventReader, _event_failure),
    Native("openai_input_tokens", _check_responses, _EventReader, _event_failure),
    Native("openai_speech", _check_speech, _EventReader, _event_failure),
    Native("openai_transcriptions", _check_form, _EventReader, _event_failure),
    Native("openai_translations", _check_form, _EventReader, _event_failure),
)
"""What is only passed of OpenAI's."""
