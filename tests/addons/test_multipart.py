import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from addons.multipart import model_of, with_model
from tests.addons.calls import a_request
from translators.errors import BadRequest

KIND = "multipart/form-data; boundary=edge"


def part(name: str, value: bytes, extra: str = "") -> bytes:
    return (
        f'--edge\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + value + b"\r\n"
    )


def form(*parts: bytes, kind: str = KIND) -> http.Request:
    return a_request(b"".join(parts) + b"--edge--\r\n", content_type=kind)


FILE = part("file", b"\x00\xff\r\n--edg", '; filename="model.wav"\r\nContent-Type: audio/wav')


def test_the_model_is_found_and_replaced() -> None:
    request = form(FILE, part("model", b"whisper"), part("language", b"en"))
    assert model_of(request) == "whisper"
    assert with_model(request, "up") == (request.raw_content or b"").replace(b"whisper", b"up")
    assert with_model(request, "whisper") == request.raw_content


@given(st.binary(max_size=60).filter(lambda data: b"--edge" not in data), st.text(max_size=8))
def test_every_other_byte_stays(data: bytes, model: str) -> None:
    before, after = part("file", data), part("prompt", data)
    request = form(before, part("model", b"x"), after)
    assert with_model(request, model) == b"".join(
        (before, part("model", model.encode()), after, b"--edge--\r\n")
    )


@pytest.mark.parametrize(
    "head",
    [
        b"content-disposition: form-data; name=model",
        b'Content-Type: text/plain\r\nCONTENT-DISPOSITION: form-data; NAME="model"',
        b'Content-Disposition: form-data; name="model"; x=y',
    ],
)
def test_heads_of_parts(head: bytes) -> None:
    assert model_of(form(b"--edge\r\n" + head + b"\r\n\r\nwhisper\r\n")) == "whisper"


@pytest.mark.parametrize("name", ["models", "my-model", "x", "mode"])
def test_what_is_not_the_model(name: str) -> None:
    request = form(part(name, b"whisper"))
    assert model_of(request) == ""
    assert with_model(request, "up") == request.raw_content


def test_a_file_whose_content_looks_like_one() -> None:
    inside = b'Content-Disposition: form-data; name="model"\r\n\r\nfake'
    assert model_of(form(part("file", inside), part("model", b"real"))) == "real"


def test_a_quoted_boundary() -> None:
    assert (
        model_of(form(part("model", b"m"), kind='multipart/form-data; charset=utf-8; boundary="edge"')) == "m"
    )


def test_two_models_are_refused() -> None:
    with pytest.raises(BadRequest, match="twice"):
        model_of(form(part("model", b"a"), part("model", b"b")))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", KIND),
        (b"junk", KIND),
        (b"--other\r\n\r\n", KIND),
        (part("model", b"m"), "multipart/form-data"),
        (part("model", b"m"), "multipart/form-data; boundary="),
    ],
)
def test_what_is_no_form(body: bytes, kind: str) -> None:
    with pytest.raises(BadRequest):
        model_of(a_request(body, content_type=kind))


def test_a_form_that_is_cut_has_no_model() -> None:
    assert model_of(a_request(part("model", b"whisp").rstrip(), content_type=KIND)) == ""
