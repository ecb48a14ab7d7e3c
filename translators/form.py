"""A multipart form: read strictly, and edited without touching what is not edited.

https://www.rfc-editor.org/rfc/rfc7578
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

from translators.canonical import Json, JsonValue
from translators.errors import BadRequest

type Kind = Literal["text", "integer", "flag", "file", "files"]
type Kinds = Mapping[str, Kind]
"""What fields of a form hold, by their names without a `[]`; others may hold anything."""

CONTENT_TYPE = "multipart/form-data"
LONGEST_HEAD = 4096
MOST_PARTS = 200

_FLAGS = {"true": True, "false": False, "1": True, "0": False}
_WORDS = {"integer": "an integer", "flag": "true or false"}
_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
_PLAIN = (b"binary", b"8bit", b"7bit")
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"\\]{1,70})"|([^\s";,]{1,70}))\s*(?=;|$)', re.IGNORECASE)
_HEADER = re.compile(rb"([!#-'*+.0-9A-Z^-z|~-]+):[ \t]*([^\r\n]*)")
_PARAMETER = re.compile(rb';[ \t]*([\w*-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s";]+))[ \t]*')


@dataclass(frozen=True, slots=True)
class Part:
    """One field, and where in the form it is."""

    name: str
    is_file: bool
    media_type: str
    """In lower case, without parameters; empty where it is not told."""
    head: int
    """Where its delimiter is; `start` and `end` are those of its value."""
    start: int
    end: int

    @property
    def key(self) -> str:
        """Its name without the `[]` of a list."""
        return self.name.removesuffix("[]")


@dataclass(frozen=True, slots=True)
class Form:
    """The bytes of a form, and where in them each field is. Nothing is copied before it is asked for."""

    raw: bytes
    boundary: bytes
    parts: tuple[Part, ...]
    close: int
    """Where the delimiter is that ends it."""
    kinds: Kinds

    @property
    def json(self) -> Json:
        """All fields; a file is `{"image_url": …}` with a data: URL. Raises `BadRequest`."""
        return self._read(lambda part: {"image_url": self._data_url(part)})

    @property
    def outline(self) -> Json:
        """The same, but for what is in the files. Raises `BadRequest`."""
        return self._read(lambda part: {})

    def edited(self, changes: Mapping[str, JsonValue], removed: Iterable[str] = ()) -> bytes:
        """The form with some fields set and some removed; every other byte stays as it is.

        A list is told as several fields `name[]`, as OpenAI has it, and null by leaving the field out.
        Raises `BadRequest` for a value that would end its own field.
        """
        splices, added = list[tuple[int, int, bytes]](), list[bytes]()
        for name in {*removed} - changes.keys():
            splices += self._without(name)
        for name, value in changes.items():
            told = list(self._told(name, value))
            found = [part for part in self.parts if part.key == name]
            if len(told) == len(found) == 1 and not found[0].is_file and found[0].name == told[0][0]:
                splices.append((found[0].start, found[0].end, told[0][1]))
            else:
                splices += self._without(name)
                added += (self._field(*each) for each in told)
        if all(self.raw[start:end] == value for start, end, value in splices) and not added:
            return self.raw
        splices.append((self.close, self.close, b"".join(added)))
        return self._spliced(sorted(splices))

    # --- editing ------------------------------------------------------------------------------------

    def _spliced(self, splices: Iterable[tuple[int, int, bytes]]) -> bytes:
        view, at, pieces = memoryview(self.raw), 0, list[bytes | memoryview]()
        for start, end, value in splices:
            pieces += (view[at:start], value)
            at = end
        return b"".join((*pieces, view[at:]))

    def _without(self, name: str) -> Iterator[tuple[int, int, bytes]]:
        ends = (*(part.head for part in self.parts[1:]), self.close)
        return (
            (part.head, end, b"") for part, end in zip(self.parts, ends, strict=False) if part.key == name
        )

    def _told(self, name: str, value: JsonValue) -> Iterator[tuple[str, bytes]]:
        """The fields that say a value: their names, and what is in them."""
        if isinstance(value, list):
            yield from ((f"{name}[]", self._text(name, each)) for each in value)
        elif value is not None:
            yield name, self._text(name, value)

    def _text(self, name: str, value: JsonValue) -> bytes:
        text = value.encode() if isinstance(value, str) else orjson.dumps(value)
        if b"--" + self.boundary in text:
            raise BadRequest(name, "holds the form's boundary")
        return text

    def _field(self, name: str, value: bytes) -> bytes:
        escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()
        head = b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n' % (self.boundary, escaped)
        return head + value + b"\r\n"

    # --- reading ------------------------------------------------------------------------------------

    def _read(self, file: Callable[[Part], Json]) -> Json:
        found: dict[str, list[JsonValue]] = {}
        for part in self.parts:
            kind = self.kinds.get(part.key)
            found.setdefault(part.key if kind else part.name, []).append(self._value(part, kind, file))
        return {name: self._one_or_all(name, values) for name, values in found.items()}

    def _one_or_all(self, name: str, values: list[JsonValue]) -> JsonValue:
        kind = self.kinds.get(name)
        if kind == "files" or (len(values) > 1 and not kind):
            return values
        if len(values) > 1:
            raise BadRequest(name, "is given twice")
        return values[0]

    def _value(self, part: Part, kind: Kind | None, file: Callable[[Part], Json]) -> JsonValue:
        if kind in ("file", "files"):
            if not part.is_file:
                raise BadRequest(part.key, "must be a file")
            if part.start == part.end:
                raise BadRequest(part.key, "must not be empty")
            return file(part)
        if part.is_file:
            if kind:
                raise BadRequest(part.key, "must not be a file")
            return {"media_type": part.media_type}  # one that we have never heard of
        text = self.text(part)
        match kind:
            case "integer" if re.fullmatch(r"-?[0-9]{1,15}", text):
                return int(text)
            case "flag" if text.lower() in _FLAGS:
                return _FLAGS[text.lower()]
            case "integer" | "flag":
                raise BadRequest(part.key, f"must be {_WORDS[kind]}")
            case _:
                return text

    def text(self, part: Part) -> str:
        """What is in a field. Raises `BadRequest` where it is no text."""
        try:
            return self.raw[part.start : part.end].decode()
        except UnicodeDecodeError:
            raise BadRequest(part.key, "must be in UTF-8") from None

    def _data_url(self, part: Part) -> str:
        value = memoryview(self.raw)[part.start : part.end]
        head = bytes(value[:12])
        told = part.media_type if part.media_type.startswith("image/") else "application/octet-stream"
        media_type = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), told)
        if head[:4] == b"RIFF" and head[8:] == b"WEBP":
            media_type = "image/webp"
        return f"data:{media_type};base64,{b64encode(value).decode()}"


def parse(raw: bytes, content_type: str, kinds: Kinds | None = None) -> Form:
    """Read a form. Raises `BadRequest` for all that two readers could understand differently.

    That is: text around the parts, a boundary that goes on, parts without a name or with two, a `model` that
    comes twice, and a form that is cut.
    """
    match _BOUNDARY.findall(content_type):
        case [(quoted, bare)]:
            boundary = (quoted or bare).encode("utf-8", "surrogateescape")
        case _:
            raise _no_form("the content type names no boundary")
    parts, close = _parts(raw, b"--" + boundary)
    if len([part for part in parts if part.name == "model"]) > 1:
        raise BadRequest("model", "is given twice")
    return Form(raw, boundary, tuple(parts), close, kinds or {})


def _no_form(reason: str) -> BadRequest:
    return BadRequest("", f"The request body is not a multipart form: {reason}.")


def _parts(raw: bytes, delimiter: bytes) -> tuple[list[Part], int]:
    """All parts, and where the delimiter is that ends the form."""
    parts, head = list[Part](), 0
    if not raw.startswith(delimiter):
        raise _no_form("it does not begin with its boundary")
    while not raw.startswith(b"--", after := head + len(delimiter)):
        if not raw.startswith(b"\r\n", after):
            raise _no_form("a boundary is followed by something else")
        ended = raw.find(b"\r\n\r\n", after, after + LONGEST_HEAD)
        start = ended + 4
        if ended < 0 or raw.startswith(delimiter, start):
            raise _no_form("a field has no end to its head, or no value")
        if (end := raw.find(b"\r\n" + delimiter, start)) < 0:
            raise _no_form("it is cut")
        if len(parts) == MOST_PARTS:
            raise _no_form("there are too many fields")
        parts.append(Part(*_head(raw[after + 2 : start - 2]), head, start, end))
        head = end + 2
    if raw[after + 2 :].strip():
        raise _no_form("something comes after its end")
    return parts, head


def _head(lines: bytes) -> tuple[str, bool, str]:
    """The name of a field, whether it is a file, and its media type."""
    headers: dict[bytes, bytes] = {}
    for line in lines.removesuffix(b"\r\n").split(b"\r\n"):
        header = _HEADER.fullmatch(line)
        if not header or header[1].lower() in headers:
            raise _no_form("the head of a field can't be read")
        headers[header[1].lower()] = header[2]
    told = headers.get(b"content-disposition", b"")
    parameters = _parameters(told)
    if told.partition(b";")[0].strip().lower() != b"form-data" or not (name := parameters.get(b"name")):
        raise _no_form("a field has no name")
    if headers.get(b"content-transfer-encoding", b"binary").strip().lower() not in _PLAIN:
        raise BadRequest(name, "must not have a content-transfer-encoding")
    media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    is_file = b"filename" in parameters or b"filename*" in parameters
    return name, is_file or media_type.startswith("image/"), media_type


def _parameters(told: bytes) -> dict[bytes, str]:
    found, at = dict[bytes, str](), told.find(b";")
    while 0 <= at < len(told):
        parameter = _PARAMETER.match(told, at)
        if not parameter or parameter[1].lower() in found:
            raise _no_form("the head of a field can't be read")
        value = parameter[3] if parameter[2] is None else re.sub(rb"\\(.)", rb"\1", parameter[2])
        found[parameter[1].lower()] = value.decode("utf-8", "replace")
        at = parameter.end()
    return found
