"""Media types, and what Bedrock calls them, by what kind of block they are in."""

from collections.abc import Mapping
from typing import Literal

type Kind = Literal["image", "document", "video", "audio"]

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

FORMATS: Mapping[Kind, Mapping[str, str]] = {
    "image": {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"},
    "document": {
        "application/pdf": "pdf",
        "text/csv": "csv",
        "application/msword": "doc",
        _WORD: "docx",
        "application/vnd.ms-excel": "xls",
        _SHEET: "xlsx",
        "text/html": "html",
        "text/plain": "txt",
        "text/markdown": "md",
    },
    "video": {
        "video/x-matroska": "mkv",
        "video/quicktime": "mov",
        "video/mp4": "mp4",
        "video/webm": "webm",
        "video/x-flv": "flv",
        "video/mpeg": "mpeg",
        "video/mpg": "mpg",
        "video/x-ms-wmv": "wmv",
        "video/3gpp": "three_gp",
    },
    "audio": {
        "audio/mpeg": "mp3",
        "audio/opus": "opus",
        "audio/wav": "wav",
        "audio/aac": "aac",
        "audio/flac": "flac",
        "audio/mp4": "mp4",
        "audio/ogg": "ogg",
        "audio/x-matroska": "mkv",
        "audio/x-mka": "mka",
        "audio/x-aac": "x-aac",
        "audio/m4a": "m4a",
        "audio/x-mpeg": "mpeg",
        "audio/mpga": "mpga",
        "audio/pcm": "pcm",
        "audio/webm": "webm",
    },
}
"""Each format has one media type here, so that what is read is written again."""

_OTHERS: Mapping[str, str] = {
    "image/jpg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/x-m4a": "audio/m4a",
    "audio/x-flac": "audio/flac",
    "text/x-markdown": "text/markdown",
    "video/mkv": "video/x-matroska",
    "video/mov": "video/quicktime",
    "video/wmv": "video/x-ms-wmv",
    "video/flv": "video/x-flv",
    "video/3gp": "video/3gpp",
}
"""Other names of the same."""


def format_of(kind: Kind, media_type: str) -> str | None:
    """Bedrock's word for a media type; a kind of text that it does not know is plain text."""
    bare = media_type.partition(";")[0].strip().lower()
    known = FORMATS[kind].get(_OTHERS.get(bare, bare))
    return known or ("txt" if kind == "document" and bare.startswith("text/") else None)


def format_in(kind: Kind, name: str) -> str | None:
    """The format of a file by the end of its name or address."""
    end = name.rpartition(".")[2].lower()
    ending = {"jpg": "jpeg", "3gp": "three_gp", "htm": "html", "markdown": "md"}.get(end, end)
    return ending if ending in FORMATS[kind].values() else None


def media_type_of(kind: Kind, format: str) -> str | None:
    """The media type that a word of Bedrock's stands for."""
    return next((media_type for media_type, word in FORMATS[kind].items() if word == format), None)
