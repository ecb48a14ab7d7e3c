"""Reads an embeddings request."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from translators.canonical import (
    Data,
    EmbeddingRequest,
    Image,
    Input,
    Json,
    JsonValue,
    Opaque,
    Purpose,
    Text,
    Tokens,
    Url,
)
from translators.errors import Unsupported
from translators.fields import Own
from translators.foreign import Record, known, strangers
from translators.openai_chat.fields import OWNER
from translators.openai_embeddings.fields import CUTS, PURPOSES, READS

SIZES = ("dimensions", "output_dimension")
TASKS = ("input_type", "task_type", "task")
"""Fields that mean the same, at one server or another."""
MOST = 2048
"""Inputs in one request, as OpenAI has it: where they are asked for one by one, each is a request."""

_KNOWN = known(READS)
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[^;,]*)*;base64,", re.IGNORECASE)
_SIGNATURES = {"iVBOR": "image/png", "/9j/": "image/jpeg", "R0lG": "image/gif", "UklGR": "image/webp"}
"""How the kinds of pictures begin in base64."""


# --- the request ------------------------------------------------------------------------------------


def check(top: Record) -> None:
    """What no server could make anything of."""
    top.text("model")
    top.integer("dimensions")
    top.text("encoding_format")
    given = top.data.get("input")
    if top.data.get("messages") is not None:  # vLLM's, for images
        if given is not None:
            raise top.bad("messages", "must not be given together with input")
        if not top.records("messages"):
            raise top.bad("messages", "must not be empty")
        return
    match top.must(top.data.get, "input"):
        case str() | dict():
            pass
        case []:
            raise top.bad("input", "must not be empty")
        case list(items):
            _check_items(top, items)
        case _:
            raise top.bad("input", "must be a string or an array")


def _check_items(top: Record, items: Sequence[JsonValue]) -> None:
    kinds = {type(item) for item in items}
    if kinds <= {str, dict} or kinds in ({int}, {list}):
        return
    fits = (str, dict) if kinds & {str, dict} else (int,) if int in kinds else (list,)
    at = next(at for at, item in enumerate(items) if type(item) not in fits)
    raise top.bad(f"input[{at}]", "must be a string, an object, or token ids like the other items")


def read_request(body: Json) -> EmbeddingRequest:
    """The canonical form. Raises `BadRequest`, and `Unsupported` for what is no single vector's input."""
    top = Record(body)
    check(top)
    return EmbeddingRequest(
        model=top.text("model") or "",
        inputs=tuple(_inputs(top)),
        dimensions=_dimensions(top),
        encoding=top.one_of("encoding_format", ("float", "base64")),
        purpose=_whole_purpose(top),
        title=top.text("title"),
        truncate=_truncate(top),
        user=top.text("user"),
        opaque=tuple(_own(top)),
    )


def _dimensions(top: Record) -> int | None:
    given = [(name, count) for name in SIZES if (count := top.integer(name)) is not None]
    for name, count in given:
        if count < 1:
            raise top.bad(name, "must be at least 1")
        if count != given[0][1]:
            raise top.bad(name, f"must not differ from {given[0][0]}")
    return given[0][1] if given else None


def _whole_purpose(top: Record) -> Purpose | None:
    given: dict[str, Purpose] = {name: purpose for name in TASKS if (purpose := _purpose(top, name))}
    for name, purpose in given.items():
        if purpose != next(iter(given.values())):
            raise top.bad(name, f"must not differ from {next(iter(given))}")
    return next(iter(given.values()), None)


def _inputs(top: Record) -> Iterator[Input]:
    match top.data.get("input"):
        case None:
            yield _conversation(top.records("messages") or [])
        case str(text):
            yield Input((Text(text),))
        case [int(), *_] as ids:
            yield Input((_tokens(top, "input", ids),))
        case list(items):
            if len(items) > MOST:
                raise top.bad("input", f"must hold at most {MOST} items")
            yield from (_input(top, f"input[{at}]", item) for at, item in enumerate(items))
        case item:
            yield _input(top, "input", item)


def _input(top: Record, name: str, item: JsonValue) -> Input:
    match item:
        case str(text):
            return Input((Text(text),))
        case list(ids):
            return Input((_tokens(top, name, ids),))
        case dict():
            return _object(Record(item, name))
        case _:
            raise top.bad(name, "must be a string, an object, or token ids")


def _tokens(top: Record, name: str, ids: Sequence[JsonValue]) -> Tokens:
    found = [id for id in ids if isinstance(id, int) and not isinstance(id, bool)]
    if not found or len(found) < len(ids):
        raise top.bad(name, "must be an array of token ids")
    return Tokens(found)


def _object(item: Record) -> Input:
    parts = list[Text | Tokens | Image]()
    content = item.data.get("content")
    if isinstance(content, list) and any(isinstance(part, dict) for part in content):
        parts += (_part(part) for part in item.records("content") or ())
    elif isinstance(content, list):
        parts += (Text(text) for text in item.texts("content") or ())
    elif (text := item.text("content")) is not None:
        parts.append(Text(text))
    if (text := item.text("text")) is not None:
        parts.append(Text(text))
    if (image := item.text("image")) is not None:
        parts.append(Image(_picture(item, image)))
    if not parts:
        raise item.bad("content", "is required")
    return Input(tuple(parts), _purpose(item, "task_type"), item.text("title"))


def _conversation(messages: Sequence[Record]) -> Input:
    parts = list[Text | Tokens | Image]()
    for message in messages:
        if message.must(message.text, "role") != "user":
            raise Unsupported("messages[].role", "only what users say can be embedded")
        content = message.data.get("content")
        if isinstance(content, str):
            parts.append(Text(content))
        else:
            parts += (_part(part) for part in message.must(message.records, "content"))
    if not parts:
        raise Record({}).bad("messages", "must have content")
    return Input(tuple(parts))


def _part(part: Record) -> Text | Image:
    match part.must(part.text, "type"):
        case "text":
            return Text(part.must(part.text, "text"))
        case "image_url":
            if isinstance(url := part.data.get("image_url"), str):
                return Image(_picture(part, url, "image_url"))
            image = part.must(part.record, "image_url")
            source = _picture(image, image.must(image.text, "url"), "url")
            return Image(source, image.one_of("detail", ("auto", "low", "high", "original")))
        case _:
            raise Unsupported(part.at("type"), "only texts and images can be embedded")


def _picture(record: Record, said: str, name: str = "image") -> Data | Url:
    """An address, a data: URL, or (as Jina takes it) bare base64."""
    if data := _DATA_URL.match(said):
        return Data(data[1].lower(), said[data.end() :])
    if re.match(r"[a-z][a-z0-9+.-]*://", said, re.IGNORECASE):
        return Url(said)
    for beginning, media_type in _SIGNATURES.items():
        if said.startswith(beginning):
            return Data(media_type, said)
    raise record.bad(name, "must be an URL, a data: URL in base64, or a picture in base64")


def _purpose(record: Record, name: str) -> Purpose | None:
    return PURPOSES.get(_plain(record.text(name)))


def _plain(word: str | None) -> str:
    return re.sub(r"[-.]", "_", (word or "").lower())


def _truncate(top: Record) -> Literal["none", "start", "end"] | None:
    """`truncate` is a flag at some servers, and a word at others."""
    flags = (top.flag(name) for name in ("auto_truncate", "truncation"))
    said = next((flag for flag in flags if flag is not None), None)
    if isinstance(top.data.get("truncate"), bool):
        said = top.flag("truncate")
    elif word := top.text("truncate"):
        if word.lower() not in CUTS:
            raise top.bad("truncate", "must be NONE, START or END")
        return CUTS[word.lower()]
    return None if said is None else "end" if said else "none"


def _own(top: Record) -> Iterator[Opaque]:
    for name, value in top.data.items():
        if isinstance(READS.get(name), Own) and value is not None:
            yield Opaque(OWNER, name, value)
    for name in TASKS:
        word = top.text(name)
        if word and _plain(word) not in PURPOSES:  # one that we have never heard of
            yield Opaque(OWNER, name, word)
    for name, value in strangers(top.data, _KNOWN):
        yield Opaque(OWNER, name, value)
