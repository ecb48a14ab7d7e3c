"""Images edited and varied through the real gateway, with OpenAI's SDK, at every kind of provider."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.addons.test_demo_images import ALPHA
from tests.e2e.answers import whole
from tests.e2e.client import post
from tests.e2e.test_images import CLOUDS, DEMOS, ENCODED, PNG
from tests.gateway import Gateway, running, standard_config
from tests.oracles import check_type
from tests.translators.test_png import pixels
from tests.upstream import Upstream

PICTURE: Any = ("a.png", PNG, "image/png")
MASK: Any = ("mask.png", ALPHA, "image/png")
EMBEDDED: dict[str, dict[str, Any]] = {
    **{name: {"type": "demo", "dialect": dialect} for name, dialect in DEMOS.items()},
    **{f"{name}-demo": {**options, "base_url": "demo"} for name, options in CLOUDS.items()},
}
EDITORS = {
    "demo/hello": True,
    "demo-aws/hello": True,
    "demo-google/hello": True,
    "aws-demo/amazon.nova-canvas-v1:0": True,
    "aws-demo/amazon.titan-image-generator-v2:0": True,
    "aws-demo/stability.sd3-5-large-v1:0": False,
    "aws-demo/us.stability.stable-image-inpaint-v1:0": True,
    "gcp-demo/imagen-3.0-capability-001": True,
    "gcp-demo/gemini-2.5-flash-image": False,
    "gemini-demo/gemini-3-pro-image-preview": False,
}
"""Who edits images, and whether a mask is taken."""
EDITS, VARIATIONS = "/v1/images/edits", "/v1/images/variations"


@pytest.fixture(scope="module")
def painting(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config = standard_config(loopback.url)
    config["server"]["allow_direct"] = True
    config["providers"] |= EMBEDDED
    for name, options in CLOUDS.items():
        config["providers"][name] = {**options, "base_url": f"{loopback.url}/{name}"}
    edited = {"body": {"set": {"quality": "high", "user": None}, "remove": ["background"]}}
    config["providers"]["edits"] = {**config["providers"]["a"], **edited}
    with running(config, tmp_path_factory.mktemp("painting")) as gateway:
        yield gateway
        assert "canary" not in gateway.output()


@pytest.fixture
def sdk(painting: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{painting.url}/v1", api_key="canary-client-bearer", max_retries=0)


@pytest.mark.parametrize("model", EDITORS)
def test_images_are_edited(sdk: openai.OpenAI, model: str) -> None:
    told = sdk.images.edit(model=model, image=PICTURE, prompt="a circle", n=2)
    assert told.data and len(told.data) == 2 and told.created
    assert all(base64.b64decode(each.b64_json or "").startswith(PNG) for each in told.data)
    assert check_type(openai.types.ImagesResponse, told.to_dict()) == []


@pytest.mark.parametrize("model", EDITORS)
def test_images_are_edited_within_a_mask(sdk: openai.OpenAI, model: str) -> None:
    if EDITORS[model]:
        told = sdk.images.edit(model=model, image=PICTURE, mask=MASK, prompt="a circle")
        assert told.data and len(told.data) == 1
    else:
        with pytest.raises(openai.UnprocessableEntityError, match="mask"):
            sdk.images.edit(model=model, image=PICTURE, mask=MASK, prompt="a circle")


@pytest.mark.parametrize("model", ["demo/hello", "demo-aws/hello", "aws-demo/amazon.nova-canvas-v1:0"])
def test_images_are_varied(sdk: openai.OpenAI, model: str) -> None:
    told = sdk.images.create_variation(model=model, image=PICTURE, n=2)
    assert told.data and len(told.data) == 2


@pytest.mark.parametrize("model", EDITORS)
def test_images_are_edited_by_json(sdk: openai.OpenAI, model: str) -> None:
    images = [{"image_url": f"data:image/png;base64,{ENCODED}"}]
    asked = {"model": model, "prompt": "p", "images": images}
    told = sdk.post("/images/edits", body=asked, cast_to=openai.types.ImagesResponse)
    assert told.data and len(told.data) == 1


def test_where_each_is_asked(upstream: Upstream, sdk: openai.OpenAI) -> None:
    upstream.script("aws", whole({"images": [ENCODED], "error": None}))
    raw = sdk.images.with_raw_response.edit(
        model="aws/amazon.nova-canvas-v1:0", image=[PICTURE], mask=MASK, prompt="p", size="512x512", user="u"
    )
    asked = upstream.only()
    assert asked.path == "/aws/model/amazon.nova-canvas-v1:0/invoke"
    assert ("content-type", "application/json") in asked.headers
    body = json.loads(asked.body)
    painted = pixels(base64.b64decode(body["inPaintingParams"].pop("maskImage")))
    assert painted == [[b"\0\0\0", b"\xff\xff\xff"]]
    assert body["inPaintingParams"] == {"image": ENCODED, "text": "p"}
    assert raw.headers["x-dragoman-dropped"] == "size,user"


def test_a_form_passes_with_another_model_and_edited_fields(upstream: Upstream, sdk: openai.OpenAI) -> None:
    upstream.script("a", whole({"created": 1, "data": [{"b64_json": ENCODED}]}))
    picture: Any = ("a.png", PNG * 1000, "image/png")
    sdk.images.edit(model="edits/m", image=picture, prompt="p", background="auto", user="u", quality="low")
    asked = upstream.only()
    assert asked.path == "/a/v1/images/edits" and PNG * 1000 in asked.body
    told = asked.body.replace(PNG * 1000, b"").decode()
    assert '"quality"\r\n\r\nhigh\r\n' in told and '"model"\r\n\r\nm\r\n' in told
    assert "background" not in told and '"user"' not in told


def field(name: str, value: bytes = b"x", extra: str = "") -> bytes:
    head = f'--x\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'
    return head.encode() + value + b"\r\n"


FILE = field("image", PNG, '; filename="a.png"\r\nContent-Type: image/png')
GOOD = (field("model", b"aws/amazon.nova-canvas-v1:0"), FILE, field("prompt"))


@pytest.mark.parametrize(
    ("parts", "status", "named"),
    [
        (GOOD[:2], 400, "prompt"),
        ((GOOD[0], GOOD[2]), 400, "image"),
        ((*GOOD, field("n", b"0")), 400, "n"),
        ((*GOOD, field("n", b"11")), 400, "n"),
        ((*GOOD, field("n", b"x")), 400, "n"),
        ((*GOOD, field("mask", b"x")), 400, "mask"),
        ((*GOOD, field("size", b"huge")), 400, "size"),
        ((*GOOD, field("stream", b"true")), 422, "stream"),
        ((*GOOD, field("response_format", b"url")), 422, "response_format"),
        ((*GOOD, field("background", b"transparent")), 422, "background"),
        ((*GOOD, field("mask", PNG, '; filename="a.png"')), 422, "mask"),
        (GOOD[1:], 400, "model"),
        ((field("model", b"gcp/imagen-4.0-generate-001"), *GOOD[1:]), 422, "model"),
        ((field("model", b"nobody"), *GOOD[1:]), 404, "model"),
    ],
)
def test_bad_forms_are_refused(
    upstream: Upstream, painting: Gateway, parts: tuple[bytes, ...], status: int, named: str
) -> None:
    kind = {"content-type": "multipart/form-data; boundary=x"}
    refused = post(painting.url, EDITS, b"".join(parts) + b"--x--\r\n", kind)
    assert (refused.status, refused.json()["error"]["param"]) == (status, named)
    assert not upstream.received


@pytest.mark.parametrize("path", [EDITS, VARIATIONS])
def test_what_is_no_form(upstream: Upstream, painting: Gateway, path: str) -> None:
    form = {"content-type": "multipart/form-data; boundary=x"}
    assert post(painting.url, path, b"x", {"content-type": "text/plain"}).status == 415
    for body in (b"", b"x", b"".join(GOOD), b"".join(GOOD)[:-9], b"".join(GOOD) + b"--x--\r\nx"):
        refused = post(painting.url, path, body, form)
        assert refused.status == 400 and b"multipart form" in refused.body
    refused = post(painting.url, path, GOOD[0] + b"".join(GOOD) + b"--x--\r\n", form)
    assert refused.status == 400 and refused.json()["error"]["param"] == "model"
    assert not upstream.received
