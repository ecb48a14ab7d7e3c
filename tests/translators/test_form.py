"""Multipart forms: read strictly, and edited without touching another byte."""

import base64
import re
import tracemalloc
from contextlib import suppress
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.errors import BadRequest
from translators.form import Form, parse

KIND = "multipart/form-data; boundary=edge"
END = b"--edge--\r\n"
PNG = b"\x89PNG\r\n\x1a\n"
KINDS: Any = {"image": "files", "mask": "file", "n": "integer", "stream": "flag", "prompt": "text"}


def part(name: str, value: bytes, extra: str = "") -> bytes:
    return (
        f'--edge\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + value + b"\r\n"
    )


def form(*parts: bytes, kind: str = KIND, kinds: Any = KINDS) -> Form:
    return parse(b"".join(parts) + END, kind, kinds)


FILE = part("file", b"\x00\xff\r\n--edg", '; filename="model.wav"\r\nContent-Type: audio/wav')
PICTURE = part("image", PNG, '; filename="a.png"\r\nContent-Type: image/png')


# --- reading ----------------------------------------------------------------------------------------


def test_every_field_has_its_kind() -> None:
    mask = part("mask", b"RIFF....WEBP", '; filename="m"\r\ncontent-type: application/octet-stream')
    other = part("image[]", b"x", '; filename="b"\r\nContent-Type: image/bmp; a=b')
    read = form(PICTURE, other, mask, part("n", b"2"), part("stream", b"True"), part("odd", b"1")).json
    assert read == {
        "image": [
            {"image_url": "data:image/png;base64," + base64.b64encode(PNG).decode()},
            {"image_url": "data:image/bmp;base64,eA=="},
        ],
        "mask": {"image_url": "data:image/webp;base64," + base64.b64encode(b"RIFF....WEBP").decode()},
        **{"n": 2, "stream": True, "odd": "1"},
    }
    assert form(PICTURE, part("n", b"2")).outline == {"image": [{}], "n": 2}


def test_what_is_not_known_may_be_anything() -> None:
    file = part("odd", b"\xff", '; filename="a"\r\nContent-Type: a/b')
    told = form(file, part("x[]", b"1"), part("x[]", b"2"), part("y[z]", b"3")).json
    assert told == {"odd": {"media_type": "a/b"}, "x[]": ["1", "2"], "y[z]": "3"}


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ((part("n", b"two"),), "n"),
        ((part("n", b"1.5"),), "n"),
        ((part("stream", b"yes"),), "stream"),
        ((part("image", b"a.png"),), "image"),
        ((part("image[]", b"", '; filename="a.png"'),), "image"),
        ((part("mask", b"", '; filename="a.png"'),), "mask"),
        ((part("prompt", b"p", '; filename="p.txt"'),), "prompt"),
        ((part("prompt", b"\xff"),), "prompt"),
        ((part("prompt", b"a"), part("prompt", b"b")), "prompt"),
        ((part("mask", PNG, '; filename="a"'), part("mask[]", PNG, '; filename="b"')), "mask"),
    ],
)
def test_what_a_field_may_not_hold(parts: tuple[bytes, ...], field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        _ = form(*parts).outline
    assert refused.value.field == field


@pytest.mark.parametrize(
    "head",
    [
        b"content-disposition: form-data; name=model",
        b'Content-Type: text/plain\r\nCONTENT-DISPOSITION: Form-Data; NAME="model"',
        b'Content-Disposition: form-data; name="model"; x=y\r\ncontent-transfer-encoding: 8bit',
        b'Content-Disposition: form-data ;name="mod\\el"',
    ],
)
def test_heads_of_fields(head: bytes) -> None:
    assert form(b"--edge\r\n" + head + b"\r\n\r\nwhisper\r\n").json == {"model": "whisper"}


def test_a_file_whose_content_looks_like_a_field() -> None:
    inside = b'Content-Disposition: form-data; name="model"\r\n\r\nfake'
    told = form(part("file", inside, '; filename="a"'), part("model", b"real")).json
    assert told["model"] == "real"


@pytest.mark.parametrize(
    "kind", ['; charset=utf-8; boundary="edge"', ";Boundary=edge ", "; boundary=edge; a=b"]
)
def test_boundaries(kind: str) -> None:
    assert form(part("model", b"m"), kind="multipart/form-data" + kind).json == {"model": "m"}


MODEL = part("model", b"m")
BROKEN = {
    "nothing": b"",
    "junk": b"junk",
    "another boundary": b"--other\r\n\r\n",
    "text before": b"hello\r\n" + MODEL + END,
    "text after": MODEL + END + b"hello",
    "no end": MODEL,
    "cut": MODEL[:-5],
    "cut in a head": MODEL + b"--edge\r\nContent-Disp",
    "a boundary that goes on": MODEL + b"--edgeless\r\n" + END,
    "no name": MODEL.replace(b"name", b"nome") + END,
    "an empty name": MODEL.replace(b'"model"', b'""') + END,
    "two names": MODEL.replace(b'"model"', b'"model"; name="x"') + END,
    "two dispositions": MODEL.replace(b"\r\n\r\n", b"\r\ncontent-disposition: form-data; name=x\r\n\r\n")
    + END,
    "a folded head": MODEL.replace(b"; name", b";\r\n name") + END,
    "a head without a colon": MODEL.replace(b"\r\n\r\n", b"\r\nhello\r\n\r\n") + END,
    "no head": b"--edge\r\n\r\nm\r\n" + END,
    "no value": MODEL.removesuffix(b"m\r\n") + END,
    "a long head": MODEL.replace(b"\r\n\r\n", b"\r\nx: " + b"y" * 5000 + b"\r\n\r\n") + END,
    "a disposition of another kind": MODEL.replace(b"form-data", b"attachment") + END,
    "an open quote": MODEL.replace(b'"model"', b'"model') + END,
    "base64": MODEL.replace(b"\r\n\r\n", b"\r\ncontent-transfer-encoding: base64\r\n\r\n") + END,
    "two models": MODEL * 2 + END,
    "too many": part("x", b"") * 201 + END,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_form(name: str) -> None:
    with pytest.raises(BadRequest):
        parse(BROKEN[name], KIND)


@pytest.mark.parametrize("kind", ["", "; boundary=", "; boundary=edge; boundary=x", "; boundary=" + "x" * 71])
def test_what_names_no_boundary(kind: str) -> None:
    with pytest.raises(BadRequest, match="boundary"):
        parse(MODEL + END, "multipart/form-data" + kind)


@given(st.binary(max_size=80), st.text(max_size=5))
def test_garbage_is_refused(garbage: bytes, boundary: str) -> None:
    for body in (
        garbage,
        b"--edge" + garbage,
        b"--edge\r\n" + garbage + b"\r\n" + END,
        MODEL + garbage + END,
    ):
        with suppress(BadRequest):
            _ = parse(body, f"multipart/form-data; boundary={boundary or 'edge'}").json
        with suppress(BadRequest):
            _ = parse(body, KIND, KINDS).json


NAMES = st.text('ab[]" é', min_size=1, max_size=5)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=20), st.booleans()), min_size=1, max_size=4))
def test_it_reads_what_clients_write(fields: list[tuple[str, bytes, bool]]) -> None:
    files: Any = [(name, ("f" if is_file else None, value)) for name, value, is_file in fields]
    request = httpx.Request("POST", "http://x.test", files=files)
    raw, kind = request.read(), request.headers["content-type"]
    read = parse(raw, kind)
    heard = message_from_bytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + raw, policy=HTTP)
    assert len(read.parts) == len(fields) == len([*heard.iter_parts()])
    for found, (name, value, is_file) in zip(read.parts, fields, strict=True):
        assert raw[found.start : found.end] == value and found.is_file == is_file
        assert found.name == name.replace('"', "%22")


# --- editing ----------------------------------------------------------------------------------------


@given(st.binary(max_size=60).filter(lambda data: b"--edge" not in data), st.text(max_size=8))
def test_every_other_byte_stays(data: bytes, model: str) -> None:
    before, after = part("file", data, '; filename="a"'), part("prompt", data)
    asked = form(before, part("model", b"x"), after)
    assert asked.edited({"model": model}) == b"".join((before, part("model", model.encode()), after, END))


def test_what_says_the_same_is_not_copied() -> None:
    asked = form(FILE, part("model", b"m"), part("n", b"2"), part("stream", b"true"))
    assert asked.edited({"model": "m", "n": 2, "stream": True}, ["odd"]) is asked.raw


def test_a_large_form_is_copied_once_and_only_to_be_changed() -> None:
    size = 8 << 20
    raw = part("model", b"m") + part("image", bytes(size), '; filename="a.png"') + END
    tracemalloc.start()
    try:
        asked = parse(raw, KIND, KINDS)
        assert asked.outline and asked.edited({"model": "m"}) is raw
        assert tracemalloc.get_traced_memory()[1] < size / 8
        assert len(asked.edited({"model": "up", "n": 1}, ["prompt"])) > size
        assert tracemalloc.get_traced_memory()[1] < size * 1.1
    finally:
        tracemalloc.stop()


def test_fields_are_added_and_removed() -> None:
    asked = form(PICTURE, part("a", b"1"), part("b[]", b"2"), part("model", b"m"), part("b[]", b"3"))
    edited = asked.edited({"model": "up", "n": 3, "k": ["x", {"y": 1}], "c": "ä", "z": None}, ["a", "b", "n"])
    assert edited == b"".join(
        (
            *(PICTURE, part("model", b"up"), part("n", b"3"), part("k[]", b"x"), part("k[]", b'{"y":1}')),
            *(part("c", "ä".encode()), END),
        )
    )
    assert parse(edited, KIND).edited({"image": "text"}) == edited.replace(PICTURE, b"").replace(
        END, part("image", b"text") + END
    )
    assert form(PICTURE).edited({}, ["image"]) == END


def test_a_value_can_not_end_its_field() -> None:
    with pytest.raises(BadRequest, match="boundary"):
        form(MODEL).edited({"model": "x\r\n--edge--"})
    written = form(MODEL).edited({'a"\r\nb': "x"})
    assert re.findall(b'name="([^"]*)"', written) == [b"model", b"a%22%0D%0Ab"]
