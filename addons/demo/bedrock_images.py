"""AWS Bedrock's InvokeModel for images, of Nova Canvas, Titan and Stability.

https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html
"""

import re

from addons.demo import bedrock_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.bedrock_converse_request import body_of
from addons.demo.bedrock_invoke import INVOKE, having, known
from addons.demo.openai_images import pictures_of
from addons.demo.wire import Json, count, digest, dump, members, text, words

CANVAS_FIELDS = frozenset({"taskType", "textToImageParams", "imageGenerationConfig"})
STABILITY_FIELDS = frozenset({"prompt", "negative_prompt", "aspect_ratio", "seed", "output_format", "mode"})
MOST_IMAGES = 5


def _ask(request: Incoming, body: Json, said: str, number: int = 1) -> Ask:
    if not said:
        raise Rejected("Malformed input request: expected minLength: 1, actual: 0")
    return Ask(
        model=request.named["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(said,) * number,
        tokens=max(1, len(words(said))),
    )


def read_canvas(request: Incoming) -> Ask:
    body = known(body_of(request), CANVAS_FIELDS)
    number = count(members(body.get("imageGenerationConfig")).get("numberOfImages", 1)) or 0
    if body.get("taskType") != "TEXT_IMAGE" or not 0 < number <= MOST_IMAGES:
        raise Rejected("Malformed input request: #/taskType or #/imageGenerationConfig/numberOfImages")
    return _ask(request, body, text(members(body["textToImageParams"]).get("text")), number)


def write_canvas(ask: Ask, _answer: Answer) -> Content:
    return Content(dump({"images": pictures_of(ask), "error": None}))


def read_stability(request: Incoming) -> Ask:
    body = known(body_of(request), STABILITY_FIELDS)
    return _ask(request, body, text(body["prompt"]))


def write_stability(ask: Ask, _answer: Answer) -> Content:
    return Content(dump({"seeds": [0], "finish_reasons": [None], "images": pictures_of(ask)}))


ENDPOINTS = tuple(
    Endpoint(
        path=re.compile(INVOKE),
        speaks=having({field}),
        read=read,
        write=write,
        error=bedrock_errors.write,
        headers=bedrock_errors.headers,
    )
    for field, read, write in (
        ("textToImageParams", read_canvas, write_canvas),
        ("prompt", read_stability, write_stability),
    )
)
