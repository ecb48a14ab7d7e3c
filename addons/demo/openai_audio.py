"""OpenAI's audio: speech is a short tone, and a transcript says which file was heard."""

import math
import re
import struct
from email import message_from_bytes
from email.policy import HTTP

from addons.demo import openai_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Frames, Incoming, Rejected
from addons.demo.openai_request import body_of, headers, require
from addons.demo.wire import Json, digest, dump, sse, words

RATE = 8000
SECONDS = 0.25


def read_speech(request: Incoming) -> Ask:
    body = require(require(body_of(request), "input", str), "voice", str, dict)
    return Ask(
        model=body["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(body["input"],),
        tokens=max(1, len(words(body["input"]))),
    )


def write_speech(_ask: Ask, _answer: Answer) -> Content:
    return Content(wav(), "audio/wav")


def wav() -> bytes:
    """A quarter of a second of the note A: 16 bits, one channel."""
    steps = range(int(RATE * SECONDS))
    samples = b"".join(
        struct.pack("<h", int(8000 * math.sin(2 * math.pi * 440 * step / RATE))) for step in steps
    )
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    data = struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data


def read_heard(request: Incoming) -> Ask:
    """A transcription or a translation: a form with a file."""
    body = {**form_of(request), **request.named}
    if not body.get("model"):
        raise Rejected("you must provide a model parameter")
    if "file" not in body:
        raise Rejected("Missing required parameter: 'file'.", "file", "missing_required_parameter")
    return Ask(
        model=body["model"],
        body=body,
        digest=digest(request.path.encode(), dump(body)),  # not of the bytes: they hold a random boundary
        texts=(f"{body['file']} ({body['size']} bytes)",),
        stream=body.get("stream") == "true",
    )


def form_of(request: Incoming) -> Json:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise Rejected(
            f"Unsupported content type: '{kind}'. This API method only accepts 'multipart/form-data'."
        )
    message = message_from_bytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + request.body, policy=HTTP)
    form: Json = {}
    for part in message.iter_parts():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            filename = part.get_filename()
            said = {name: content.decode(errors="replace")}
            form |= said if filename is None else {name: filename, "size": len(content)}
    return form


def write_heard(ask: Ask, answer: Answer) -> Content:
    heard = answer.choices[0].text
    match ask.body.get("response_format", "json"):
        case "text":
            return Content(heard.encode() + b"\n", "text/plain; charset=utf-8")
        case "srt":
            return Content(
                f"1\n00:00:00,000 --> 00:00:01,000\n{heard}\n\n".encode(), "text/plain; charset=utf-8"
            )
        case "vtt":
            written = f"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{heard}\n\n"
            return Content(written.encode(), "text/plain; charset=utf-8")
        case "verbose_json":
            length = {"type": "duration", "seconds": 1}
            said = {"language": "english", "duration": 1.0, "text": heard, "usage": length}
            return Content(dump({"task": "transcribe", **said}))
        case _:
            return Content(dump({"text": heard, "usage": {"type": "duration", "seconds": 1}}))


def stream_heard(_ask: Ask, answer: Answer) -> Frames:
    heard = answer.choices[0].text
    return Frames(
        head=(),
        content=(sse({"type": "transcript.text.delta", "delta": word}) for word in words(heard)),
        tail=[sse({"type": "transcript.text.done", "text": heard}), openai_errors.DONE],
        error=openai_errors.event,
    )


ENDPOINTS = (
    Endpoint(
        path=re.compile("/v1/audio/speech"),
        read=read_speech,
        write=write_speech,
        error=openai_errors.write,
        headers=headers,
    ),
    Endpoint(
        path=re.compile("/v1/audio/(transcriptions|translations)"),
        read=read_heard,
        write=write_heard,
        stream=stream_heard,
        error=openai_errors.write,
        headers=headers,
    ),
)
