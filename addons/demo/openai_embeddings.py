"""OpenAI's embeddings: texts that share words are near each other. https://platform.openai.com/docs/api-reference/embeddings"""

import base64
import re
from typing import Any

from addons.demo import openai_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.openai_request import body_of, headers, limit_of, optional, prompt_texts, require
from addons.demo.vectors import embedding, floats
from addons.demo.wire import count, digest, dump, words

DIMENSIONS = 256
MOST_DIMENSIONS = 3072


def read(request: Incoming) -> Ask:
    body = optional(require(body_of(request), "input", str, list), "encoding_format", str)
    texts = prompt_texts(body["input"])
    if not texts or not all(texts):
        raise Rejected("'$.input' is invalid. Please check the API reference.", "input")
    if (limit_of(body, "dimensions") or 1) > MOST_DIMENSIONS:
        raise Rejected(f"Invalid 'dimensions': must be at most {MOST_DIMENSIONS}.", "dimensions")
    if body.get("encoding_format") not in (None, "float", "base64"):
        raise Rejected("Invalid 'encoding_format': must be 'float' or 'base64'.", "encoding_format")
    return Ask(
        model=body["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=texts,
        messages=len(texts),
        tokens=max(1, sum(len(words(each)) for each in texts)),
    )


def write(ask: Ask, _answer: Answer) -> Content:
    size = count(ask.body.get("dimensions")) or DIMENSIONS
    packed = ask.body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": number, "embedding": _written(embedding(said, size), packed)}
        for number, said in enumerate(ask.texts)
    ]
    used = {"prompt_tokens": ask.tokens, "total_tokens": ask.tokens}
    return Content(dump({"object": "list", "data": data, "model": ask.model, "usage": used}))


def _written(vector: list[float], packed: bool) -> Any:
    return base64.b64encode(floats(vector)).decode() if packed else vector


ENDPOINTS = (
    Endpoint(
        path=re.compile("/v1/embeddings"),
        read=read,
        write=write,
        error=openai_errors.write,
        headers=headers,
    ),
)
