"""Images that are to be changed or varied: what is read of forms and of JSON, and refused."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.image_create_variation_params import ImageCreateVariationParams
from openai.types.image_edit_params import ImageEditParamsBase

from tests.oracles import check_openapi
from translators import FORMS, SOURCES
from translators.canonical import Data, Json, Opaque, Size, Url
from translators.errors import BadRequest
from translators.form import parse
from translators.openai_image_edits import IMAGE_EDITS, IMAGE_VARIATIONS

EDITS, VARIATIONS = SOURCES["openai_image_edits"], SOURCES["openai_image_variations"]
PNG = "data:image/png;base64,iVBORw0KGgo="
DATA = Data("image/png", "iVBORw0KGgo=")
FILE = '; filename="a.png"\r\nContent-Type: image/png'


def part(name: str, value: str, extra: str = "") -> bytes:
    return (
        f'--edge\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode()
        + value.encode("latin-1")
        + b"\r\n"
    )


def form(*parts: bytes, of: str = "openai_image_edits") -> Any:
    return parse(b"".join(parts) + b"--edge--\r\n", "multipart/form-data; boundary=edge", FORMS[of])


PICTURE, MASK = part("image", "\x89PNG\r\n\x1a\n", FILE), part("mask", "\x89PNG\r\n\x1a\n", FILE)


def test_a_form_is_read() -> None:
    settings = ("n", "2"), ("size", "1024x1024"), ("quality", "high"), ("input_fidelity", "high")
    asked = form(PICTURE, MASK, part("prompt", "p"), part("odd", "1"), *(part(*each) for each in settings))
    EDITS.check_request(asked.outline)
    read = EDITS.read_request(asked.json)
    assert (read.images, read.mask, read.prompt) == ((DATA,), DATA, "p")
    assert (read.n, read.size, read.quality) == (2, Size(1024, 1024), "high")
    assert {each.field for each in read.opaque} == {"input_fidelity", "odd"}


def test_several_images_are_in_order() -> None:
    other = part("image[]", "\xff\xd8\xff", FILE)
    read = EDITS.read_request(form(part("prompt", "p"), part("image[]", "GIF8", FILE), other).json)
    assert [each.media_type for each in read.images if isinstance(each, Data)] == ["image/gif", "image/jpeg"]


def test_json_is_read() -> None:
    body: Json = {
        **{"model": "m", "prompt": "p", "images": [{"image_url": "https://x.test/a"}, {"image_url": PNG}]},
        **{"mask": {"file_id": "f"}, "moderation": "low"},
    }
    assert check_openapi("openai", "EditImageBodyJsonParam", body) == []
    read = EDITS.read_request(body)
    assert read.images == (Url("https://x.test/a"), DATA) and read.moderation == "low"
    assert read.mask is None and read.opaque == (Opaque("openai", "mask.file_id", "f"),)


def test_variations_have_no_prompt() -> None:
    asked = form(PICTURE, part("prompt", "p"), part("n", "2"), of="openai_image_variations")
    VARIATIONS.check_request(asked.outline)
    read = VARIATIONS.read_request(asked.json)
    assert (read.images, read.prompt, read.n) == ((DATA,), "", 2)
    assert [each.field for each in read.opaque] == ["prompt"]


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ((part("prompt", "p"),), "image"),
        ((part("prompt", "p"), part("image", "a.png")), "image"),
        ((PICTURE,), "prompt"),
        ((PICTURE, part("prompt", "")), "prompt"),
        ((PICTURE, part("prompt", "p", FILE)), "prompt"),
        ((PICTURE, part("prompt", "p"), part("n", "0")), "n"),
        ((PICTURE, part("prompt", "p"), part("n", "many")), "n"),
        ((PICTURE, part("prompt", "p"), part("mask", "m")), "mask"),
        ((PICTURE, part("prompt", "p"), MASK, MASK), "mask"),
        ((PICTURE, part("prompt", "p"), part("size", "1x1", FILE)), "size"),
        ((PICTURE, part("prompt", "p"), part("stream", "maybe")), "stream"),
        ((PICTURE, part("prompt", "p"), part("quality", "a"), part("quality", "b")), "quality"),
    ],
)
def test_nonsense_is_refused_even_where_it_would_pass(parts: tuple[bytes, ...], field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        EDITS.check_request(form(*parts).outline)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"images": None}, "images"),
        ({"images": []}, "images"),
        ({"images": "a"}, "images"),
        ({"images": ["a"]}, "images[0]"),
        ({"images": [{}]}, "images[0].image_url"),
        ({"images": [{"image_url": "a"}]}, "images[0].image_url"),
        ({"images": [{"image_url": 1}]}, "images[0].image_url"),
        ({"images": [{"image_url": PNG, "file_id": "f"}]}, "images[0].image_url"),
        ({"images": [{"image_url": PNG}] * 17}, "images"),
        ({"mask": "a"}, "mask"),
        ({"mask": {}}, "mask.image_url"),
        ({"n": 11}, "n"),
        ({"n": "1"}, "n"),
        ({"size": "large"}, "size"),
        ({"prompt": None}, "prompt"),
    ],
)
def test_nonsense_is_refused_where_it_is_read(fields: Json, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        EDITS.read_request({"model": "m", "prompt": "p", "images": [{"image_url": PNG}], **fields})
    assert refused.value.field == field


def test_every_field_of_the_sdk_has_a_row() -> None:
    assert {*ImageEditParamsBase.__annotations__} <= {*IMAGE_EDITS.READS}
    assert {*ImageCreateVariationParams.__annotations__} <= {*IMAGE_VARIATIONS.READS}
    assert IMAGE_EDITS.FORM["image"] == "files" and IMAGE_EDITS.FORM["n"] == "integer"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5) | st.just(PNG),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["image_url", "file_id", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(["image", "images", "mask", "prompt", "n", "odd"])


@given(st.dictionaries(NAMES, JSON))
def test_garbage_is_refused(body: Any) -> None:
    for source in (EDITS, VARIATIONS):
        with suppress(BadRequest):
            source.check_request({"prompt": "p", **body})
        with suppress(BadRequest):
            source.read_request({"prompt": "p", **body})
