"""OpenAI's image generation: a small square, its colour made of the prompt."""

import base64
import re
import struct
import zlib

from addons.demo import openai_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming
from addons.demo.openai_request import body_of, check_sampling, headers, require
from addons.demo.wire import CREATED, Json, count, digest, dump, words

SIDE = 8
IMAGE_TOKENS = 272


def read(request: Incoming) -> Ask:
    body = check_sampling(require(body_of(request), "prompt", str))
    return Ask(
        model=body["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(body["prompt"],) * (count(body.get("n")) or 1),
        tokens=max(1, len(words(body["prompt"]))),
    )


def write(ask: Ask, _answer: Answer) -> Content:
    pictures = [
        png(bytes.fromhex(digest(ask.digest.encode(), bytes([n])))[:3]) for n in range(len(ask.texts))
    ]
    tokens = IMAGE_TOKENS * len(pictures)
    used: Json = {
        "input_tokens": ask.tokens,
        "output_tokens": tokens,
        "total_tokens": ask.tokens + tokens,
        "input_tokens_details": {"text_tokens": ask.tokens, "image_tokens": 0},
    }
    data = [_image(ask, base64.b64encode(picture).decode()) for picture in pictures]
    return Content(dump({"created": CREATED, "data": data, "usage": used}))


def _image(ask: Ask, encoded: str) -> Json:
    if ask.body.get("response_format") == "url":
        return {"url": f"data:image/png;base64,{encoded}"}
    return {"b64_json": encoded}


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
        path=re.compile("/v1/images/generations"),
        read=read,
        write=write,
        error=openai_errors.write,
        headers=headers,
    ),
)
