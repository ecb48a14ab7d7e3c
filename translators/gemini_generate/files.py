"""Files, as the parts that hold them or lead to them."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Literal
from urllib.parse import urlsplit

from translators.canonical import Audio, Data, Document, FileId, Image, Json, Text, Url, Video
from translators.errors import Unsupported
from translators.gemini_generate.fields import OWNER, PART
from translators.gemini_generate.kept import restore
from translators.gemini_generate.models import Model

type Detail = Literal["low", "high", "original"]
type File = Image | Audio | Video | Document

_TYPES = {
    **{
        "jpg": "image/jpeg",
        "jpeg": "image/jpeg",
        "png": "image/png",
        "gif": "image/gif",
        "webp": "image/webp",
    },
    **{"heic": "image/heic", "heif": "image/heif", "avif": "image/avif", "bmp": "image/bmp"},
    **{"mp3": "audio/mpeg", "wav": "audio/wav", "flac": "audio/flac", "aac": "audio/aac", "ogg": "audio/ogg"},
    **{
        "m4a": "audio/mp4",
        "opus": "audio/opus",
        "mp4": "video/mp4",
        "webm": "video/webm",
        "mov": "video/mov",
    },
    **{
        "mpeg": "video/mpeg",
        "mpg": "video/mpeg",
        "avi": "video/avi",
        "flv": "video/x-flv",
        "wmv": "video/wmv",
    },
    **{"3gp": "video/3gpp", "pdf": "application/pdf", "txt": "text/plain", "html": "text/html"},
    **{"csv": "text/csv", "md": "text/markdown", "xml": "text/xml", "json": "application/json"},
}
_ELSE: dict[type, str] = {
    Image: "image/jpeg",
    Audio: "audio/mpeg",
    Video: "video/mp4",
    Document: "application/pdf",
}
_YOUTUBE = ("youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be")

LEVELS: Mapping[Detail, str] = {
    "low": "MEDIA_RESOLUTION_LOW",
    "high": "MEDIA_RESOLUTION_HIGH",
    "original": "MEDIA_RESOLUTION_ULTRA_HIGH",
}
"""How closely to look at one picture; `auto` is what Google does by itself."""


def is_video(uri: str) -> bool:
    """Whether an address is one of the films that Google finds by itself."""
    return urlsplit(uri).netloc in _YOUTUBE


def write_file(file: File, model: Model) -> Iterator[Json]:
    """The parts of a file: what is told about it, and the file."""
    if isinstance(file, Document):
        if about := "\n".join(text for text in (file.title, file.context) if text):
            yield {"text": about}
        if isinstance(file.source, Text):
            if file.source.text:
                yield {"text": file.source.text}
            return
    part = write_source(file)
    if isinstance(file, Image) and model.rich_results and file.detail and file.detail != "auto":
        part["mediaResolution"] = {"level": LEVELS[file.detail]}
    yield restore(part, (own for own in file.opaque if "." not in own.field.removeprefix(PART)), PART)


def write_source(file: File, at: str = PART) -> Json:
    """`inlineData` or `fileData`; `at` is where, as `READS` spells it."""
    match file.source:
        case Data(media_type, base64):
            blob: Json = {"mimeType": media_type, "data": base64}
            return {"inlineData": restore(blob, file.opaque, f"{at}inlineData.")}
        case FileId(owner, uri):
            if owner != OWNER:
                raise Unsupported("FileId.id", f"is known to {owner} alone")
            return {"fileData": restore({"fileUri": uri}, file.opaque, f"{at}fileData.")}
        case Url(uri):
            led: Json = (
                {"fileUri": uri} if is_video(uri) else {"mimeType": _type_of(file, uri), "fileUri": uri}
            )
            return {"fileData": restore(led, file.opaque, f"{at}fileData.")}
        case Text(text):
            return {"inlineData": {"mimeType": "text/plain", "data": b64encode(text.encode()).decode()}}


def _type_of(file: File, uri: str) -> str:
    """The type by the name's ending, which has to be told."""
    ending = urlsplit(uri).path.rpartition(".")[2].lower()
    return _TYPES.get(ending, _ELSE[type(file)])
