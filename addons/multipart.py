"""The model in a multipart form, read and replaced without touching another byte."""

import re

from mitmproxy import http

from addons.proxy import header
from translators.errors import BadRequest

_BOUNDARY = re.compile(r'boundary="?([^";]{1,200})"?', re.IGNORECASE)
_MODEL = re.compile(rb'content-disposition:[^\r\n]*\bname="?model"?(?=[;\r\n])', re.IGNORECASE)


def model_of(request: http.Request) -> str:
    """The form's `model`, or the empty string."""
    span = _span(request)
    return (request.raw_content or b"")[slice(*span)].decode("utf-8", "replace") if span else ""


def with_model(request: http.Request, model: str) -> bytes:
    """The form with another `model`; every other byte stays as it is."""
    body = request.raw_content or b""
    span = _span(request)
    if not span or body[slice(*span)] == model.encode():
        return body
    return body[: span[0]] + model.encode() + body[span[1] :]


def _span(request: http.Request) -> tuple[int, int] | None:
    """Where the value of `model` is. Raises `BadRequest` for a form that isn't one."""
    found = _BOUNDARY.search(header(request.headers, "content-type"))
    body = request.raw_content or b""
    if not found or not body.startswith(b"--" + found[1].encode()):
        raise BadRequest("", "The request body is not a multipart form.")
    delimiter = b"--" + found[1].encode()
    start, spans = 0, list[tuple[int, int]]()
    while (head := body.find(delimiter, start)) >= 0:
        end = body.find(b"\r\n\r\n", head)
        following = body.find(b"\r\n" + delimiter, end)
        if end < 0 or following < 0:
            break
        if _MODEL.search(body, head, end + 2):
            spans.append((end + 4, following))
        start = following + 2
    if len(spans) > 1:
        raise BadRequest("model", "is given twice")
    return spans[0] if spans else None
