"""OpenAI's image generation: a small square, its colour made of the prompt."""

import base64
import re
import struct
import zlib

from addons.demo import openai_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.openai_audio import form_of
from addons.demo.openai_request import body_of, check_sampling, headers, require
from addons.demo.wire import CREATED, Json, count, digest, dump, members, text, words

SIDE = 8
MOST_BYTES = 1 << 24
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"GIF8")
IMAGE_TOKENS = 272


def read(request: Incoming) -> Ask:
    body = check_sampling(require(body_of(request), "prompt", str))
    return _ask(body, digest(request.path.encode(), request.body), count(body.get("n")) or 1)


def read_form(request: Incoming) -> Ask:
    """An image to change, as a form has it; `edits` has a prompt as well, `variations` has none."""
    if request.headers.get("content-type") == "application/json" and request.path.endswith("edits"):
        return _read_json(request)
    body = form_of(request)
    for field in ("model", "image") + (("prompt",) if request.path.endswith("edits") else ()):
        if not body.get(field) and not body.get(f"{field}[]"):
            raise Rejected(f"Missing required parameter: '{field}'.", field, "missing_required_parameter")
    number = int(body["n"]) if body.get("n", "").isdigit() else 1
    return _ask({"prompt": "", **body}, digest(request.path.encode(), dump(body)), number)


def _read_json(request: Incoming) -> Ask:
    body = require(require(body_of(request), "prompt", str), "images", list)
    for image in body["images"]:
        if len({"image_url", "file_id"} & members(image).keys()) != 1:
            raise Rejected("Provide exactly one of 'image_url' or 'file_id'.", "images")
    return _ask(body, digest(request.path.encode(), request.body), count(body.get("n")) or 1)


def _ask(body: Json, digest: str, number: int) -> Ask:
    return Ask(
        model=body["model"],
        body=body,
        digest=digest,
        texts=(body["prompt"],) * number,
        tokens=max(1, len(words(body["prompt"]))),
    )


def write(ask: Ask, _answer: Answer) -> Content:
    pictures = pictures_of(ask)
    tokens = IMAGE_TOKENS * len(pictures)
    used: Json = {
        "input_tokens": ask.tokens,
        "output_tokens": tokens,
        "total_tokens": ask.tokens + tokens,
        "input_tokens_details": {"text_tokens": ask.tokens, "image_tokens": 0},
    }
    data = [_image(ask, picture) for picture in pictures]
    return Content(dump({"created": CREATED, "data": data, "usage": used}))


def pictures_of(ask: Ask) -> list[str]:
    """As many as are asked for, in base64."""
    colours = (bytes.fromhex(digest(ask.digest.encode(), bytes([n])))[:3] for n in range(len(ask.texts)))
    return [base64.b64encode(png(colour)).decode() for colour in colours]


def _image(ask: Ask, encoded: str) -> Json:
    if ask.body.get("response_format") == "url":
        return {"url": f"data:image/png;base64,{encoded}"}
    return {"b64_json": encoded}


def picture(encoded: object) -> bytes:
    """The bytes of a picture in base64. Raises `ValueError` for what is none."""
    data = base64.b64decode(text(encoded), validate=True)
    if not data.startswith(SIGNATURES):
        raise ValueError("no picture")
    return data


def is_black_and_white(encoded: object) -> bool:
    """Whether a PNG like those that `translators.png` writes has no other colours."""
    data = picture(encoded)
    try:
        rows = zlib.decompressobj().decompress(data[data.index(b"IDAT") + 4 :], MOST_BYTES)
    except (ValueError, zlib.error):
        return False
    return data[24:29] == bytes([8, 2, 0, 0, 0]) and set(rows) <= {0, 255}


def png(colour: bytes) -> bytes:
    """A PNG of one colour, given as red, green and blue. https://www.w3.org/TR/png/"""
    rows = (b"\0" + colour * SIDE) * SIDE
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


ENDPOINTS = (
    Endpoint(
        path=re.compile("/v1/images/(edits|variations)"),
        read=read_form,
        write=write,
        error=openai_errors.write,
        headers=headers,
    ),
    Endpoint(
        path=re.compile("/v1/images/generations"),
        read=read,
        write=write,
        error=openai_errors.write,
        headers=headers,
    ),
)
