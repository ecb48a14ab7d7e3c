"""Images that are to be changed or varied, in every provider's words."""

import base64
import re
from typing import Any

import orjson
import pytest
from google import genai
from google.auth.credentials import AnonymousCredentials
from google.genai import types

from tests.translators.test_image_edits import PNG, form, part
from tests.translators.test_png import drawn, pixels
from translators import SOURCES, TARGETS
from translators.body import parse
from translators.canonical import Data, Json
from translators.errors import BadRequest, Unsupported, Wanted
from translators.hosts import HOSTS
from translators.translator import Outgoing, Translator

EDITS = [name for name, target in TARGETS.items() if target.KIND == "image_edits"]
EVERY = [*EDITS, *(name for name, target in TARGETS.items() if target.KIND == "image_variations")]
GEMINI = "gemini_image_edits"
WITH_MASK = [name for name in EDITS if name != "bedrock_stability_edit"]
BASE64 = PNG.partition(",")[2]
ALPHA = drawn([b"\1\1\1\0\1\1\1\xff"], [0], 4)
"""Transparent on the left."""
MASK: Json = {"image_url": "data:image/png;base64," + base64.b64encode(ALPHA).decode()}


def translator(target: str, **fields: Any) -> tuple[Translator, Outgoing]:
    return fetching(target, None, **fields)


def fetching(target: str, fetched: Any, **fields: Any) -> tuple[Translator, Outgoing]:
    source = SOURCES["openai_image_edits" if target in EDITS else "openai_image_variations"]
    made = Translator(source, TARGETS[target])
    asked = {"image": [{"image_url": PNG}], "prompt": "p", **fields}
    return made, made.request(parse(orjson.dumps(asked)), "up", None, fetched)


def asked(target: str, **fields: Any) -> list[Any]:
    _, outgoing = translator(target, **fields)
    return [orjson.loads(body) for body in (outgoing.body, *outgoing.rest)]


def black_and_white(encoded: Any) -> list[list[bytes]]:
    return pixels(base64.b64decode(encoded))


BLACK, WHITE = b"\0\0\0", b"\xff\xff\xff"


def test_nova_makes_variations_of_several() -> None:
    two = [{"image_url": PNG}] * 2
    (body,) = asked("bedrock_nova_edit", images=two, n=2, size="512x512", negative_prompt="x", quality="high")
    assert body == {
        "taskType": "IMAGE_VARIATION",
        "imageVariationParams": {"images": [BASE64, BASE64], "text": "p", "negativeText": "x"},
        "imageGenerationConfig": {"numberOfImages": 2, "width": 512, "height": 512, "quality": "premium"},
    }
    (body,) = asked("bedrock_nova_variation")
    assert body == {"taskType": "IMAGE_VARIATION", "imageVariationParams": {"images": [BASE64]}}


def test_nova_paints_what_is_black() -> None:
    (body,) = asked("bedrock_nova_edit", mask=MASK, size="512x512", seed=7)
    params = body["inPaintingParams"]
    assert black_and_white(params.pop("maskImage")) == [[BLACK, WHITE]]
    assert body == {
        "taskType": "INPAINTING",
        "inPaintingParams": {"image": BASE64, "text": "p"},
        "imageGenerationConfig": {"seed": 7},
    }
    _, outgoing = translator("bedrock_nova_edit", mask=MASK, size="512x512")
    assert outgoing.dropped == ("size",)
    _, outgoing = translator("bedrock_nova_edit", size="512x512")
    assert outgoing.dropped == ()


def test_stability_makes_each_image_anew() -> None:
    said = {"prompt": "p", "image": BASE64, "mode": "image-to-image", "strength": 0.7}
    assert asked("bedrock_stability_edit", n=2, seed=1, output_format="webp") == [
        {**said, "seed": seed, "output_format": "webp"} for seed in (1, 2)
    ]


def test_stability_paints_what_is_white() -> None:
    (body,) = asked("bedrock_stability_inpaint", mask=MASK)
    assert black_and_white(body.pop("mask")) == [[WHITE, BLACK]]
    assert body == {"prompt": "p", "image": BASE64, "output_format": "png"}
    assert asked("bedrock_stability_inpaint") == [body]


def test_imagen_paints_what_is_white() -> None:
    (body,) = asked("vertex_imagen_edit", mask=MASK, n=2)
    instance = body["instances"]
    encoded = instance[0]["referenceImages"][1]["referenceImage"].pop("bytesBase64Encoded")
    assert black_and_white(encoded) == [[WHITE, BLACK]]
    raw = {"referenceType": "REFERENCE_TYPE_RAW", "referenceId": 1}
    mask = {"referenceType": "REFERENCE_TYPE_MASK", "referenceId": 2, "referenceImage": {}}
    assert instance == [
        {
            "prompt": "p",
            "referenceImages": [
                {**raw, "referenceImage": {"bytesBase64Encoded": BASE64}},
                {**mask, "maskImageConfig": {"maskMode": "MASK_MODE_USER_PROVIDED"}},
            ],
        }
    ]
    assert body["parameters"] == {
        **{"sampleCount": 2, "includeRaiReason": True, "editMode": "EDIT_MODE_INPAINT_INSERTION"}
    }


class Sent(Exception):
    """What Google's own client would have sent."""


def test_imagen_is_asked_as_googles_own_client_does(monkeypatch: pytest.MonkeyPatch) -> None:
    client = genai.Client(vertexai=True, project="p", location="l", credentials=AnonymousCredentials())

    def request(method: str, path: str, body: Any, *_: Any, **__: Any) -> Any:
        raise Sent(path, body)

    monkeypatch.setattr(client.models._api_client, "request", request)
    (ours,) = asked("vertex_imagen_edit", mask=MASK, n=2, output_format="jpeg", output_compression=50)
    ours_mask = ours["instances"][0]["referenceImages"][1]["referenceImage"]
    references: Any = [
        types.RawReferenceImage(
            reference_id=1, reference_image=types.Image(image_bytes=base64.b64decode(BASE64))
        ),
        types.MaskReferenceImage(
            reference_id=2,
            reference_image=types.Image(image_bytes=base64.b64decode(ours_mask["bytesBase64Encoded"])),
            config=types.MaskReferenceConfig(mask_mode=types.MaskReferenceMode.MASK_MODE_USER_PROVIDED),
        ),
    ]
    config = types.EditImageConfig(
        **{"number_of_images": 2, "include_rai_reason": True},
        edit_mode=types.EditMode.EDIT_MODE_INPAINT_INSERTION,
        **{"output_mime_type": "image/jpeg", "output_compression_quality": 50},
    )
    with pytest.raises(Sent) as sent:
        client.models.edit_image(
            model="imagen-3.0-capability-001", prompt="p", reference_images=references, config=config
        )
    path, theirs = sent.value.args
    del theirs["_url"]
    assert path.endswith("/imagen-3.0-capability-001:predict")
    assert orjson.loads(orjson.dumps(theirs, default=str)) == ours


def test_imagen_takes_what_lies_in_googles_storage() -> None:
    (body,) = asked("vertex_imagen_edit", images=[{"image_url": "gs://b/a.png"}])
    (instance,) = body["instances"]
    (reference,) = instance["referenceImages"]
    assert reference["referenceImage"] == {"gcsUri": "gs://b/a.png"}
    assert body["parameters"]["editMode"] == "EDIT_MODE_DEFAULT"


def test_a_form_is_asked_for_like_json() -> None:
    read = form(part("prompt", "p"), part("image", "\x89PNG\r\n\x1a\n", '; filename="a.png"'), part("n", "2"))
    made = Translator(SOURCES["openai_image_edits"], TARGETS["bedrock_nova_edit"])
    told = orjson.loads(made.request(read, "up").body)
    assert [told] == asked("bedrock_nova_edit", n=2)


@pytest.mark.parametrize("target", [name for name in EDITS if name != GEMINI])
def test_addresses_are_fetched(target: str) -> None:
    images = [{"image_url": "https://x.test/a.png"}]
    with pytest.raises(Unsupported, match=r"images\[\].image_url: .*fetch_images is off"):
        translator(target, images=images)
    with pytest.raises(Wanted) as wanted:
        fetching(target, {}, images=images)
    assert wanted.value.addresses == ["https://x.test/a.png"]
    _, outgoing = fetching(target, {"https://x.test/a.png": Data("image/png", BASE64)}, images=images)
    assert [orjson.loads(outgoing.body)] == asked(target)


@pytest.mark.parametrize("target", EDITS)
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"images": [{"file_id": "f"}]}, "images[].file_id"),
        ({"images": [{"image_url": "s3://b/a"}]}, "images[].image_url"),
    ],
)
def test_files_that_nobody_has_are_refused(target: str, fields: Json, field: str) -> None:
    with pytest.raises(Unsupported) as refused:
        translator(target, **fields)
    assert refused.value.meaning == field


@pytest.mark.parametrize("target", EVERY)
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"background": "transparent"}, "background"),
        ({"response_format": "url"}, "response_format"),
        ({"stream": True}, "stream"),
        ({"output_format": "svg"}, "output_format"),
    ],
)
def test_what_can_not_be_done_is_refused(target: str, fields: Json, field: str) -> None:
    with pytest.raises(Unsupported) as refused:
        translator(target, **fields)
    assert refused.value.meaning == field


@pytest.mark.parametrize("target", [name for name in EVERY if name != GEMINI])
def test_who_takes_a_few_images_refuses_more(target: str) -> None:
    with pytest.raises(Unsupported) as refused:
        translator(target, image=[{"image_url": PNG}] * 6)
    assert refused.value.meaning == "image"


def test_gemini_fetches_addresses_itself_and_takes_several_images() -> None:
    urls = ["https://x.test/a.png", "gs://b/a.png", PNG]
    (body,) = asked(GEMINI, images=[{"image_url": url} for url in urls])
    *images, prompt = body["contents"][0]["parts"]
    assert [image.get("fileData", {}).get("fileUri") for image in images] == [*urls[:2], None]
    assert images[2]["inlineData"]["data"] == BASE64 and "text" in prompt


@pytest.mark.parametrize("target", EDITS)
@pytest.mark.parametrize(
    "mask",
    [
        {"image_url": "data:image/png;base64,iVBORw0KGgo="},
        {"image_url": "data:image/png;base64,?"},
        {"image_url": "data:image/jpeg;base64,/9j/"},
        {"file_id": "f"},
    ],
)
def test_masks_that_can_not_be_told(target: str, mask: Json) -> None:
    with pytest.raises(Unsupported) as refused:
        translator(target, mask=mask)
    assert refused.value.meaning in ("mask", "mask.file_id")


@pytest.mark.parametrize("target", EDITS)
def test_a_mask_is_for_one_image(target: str) -> None:
    with pytest.raises(Unsupported):
        translator(target, mask=MASK, images=[{"image_url": PNG}] * 2)


@pytest.mark.parametrize("target", EVERY)
def test_what_is_left_out_is_listed(target: str) -> None:
    _, outgoing = translator(target, user="u", odd=1, size="1000x300", moderation="low", style="x", n=1)
    dropped = {"style", "moderation", "user", "odd"} | ({"size"} if "nova" not in target else set())
    assert {*outgoing.dropped} == dropped | ({"prompt"} if target not in EDITS else set())
    _, outgoing = translator(target, background="auto", moderation="auto", input_fidelity="low")
    assert {*outgoing.dropped} <= {"prompt", "input_fidelity"}


MODELS = {
    "amazon.nova-canvas-v1:0": ("nova_image", "nova_edit", "nova_variation"),
    "amazon.titan-image-generator-v2:0": ("nova_image", "nova_edit", "nova_variation"),
    "us.stability.stable-image-inpaint-v1:0": (None, "stability_inpaint", None),
    "stability.sd3-5-large-v1:0": ("stability", "stability_edit", None),
    "stability.stable-image-core-v1:1": ("stability", None, None),
    "stability.stable-image-erase-object-v1:0": (None, None, None),
    "imagen-3.0-capability-001": (None, "imagen_edit", None),
    "imagen-4.0-generate-001": ("imagen", None, None),
}


@pytest.mark.parametrize("model", MODELS)
def test_each_model_is_asked_for_what_it_can(model: str) -> None:
    host = HOSTS["gcp-vertex" if model.startswith("imagen") else "aws-bedrock"]
    sources = [SOURCES[f"openai_image{kind}"] for kind in ("s", "_edits", "_variations")]
    found = [host.spoken_for(source, model, TARGETS) for source in sources]
    told = tuple(target and re.sub("bedrock_|vertex_", "", target.NAME) for target in found)
    assert told == MODELS[model]


def test_answers_are_told() -> None:
    made, _ = translator("bedrock_nova_edit")
    told = orjson.loads(made.response(orjson.dumps({"images": [BASE64], "error": None}), 5))
    assert told == {"created": 5, "data": [{"b64_json": BASE64}], "output_format": "png"}


def test_garbage_in_json_is_refused() -> None:
    with pytest.raises(BadRequest):
        translator("bedrock_nova_edit", images=[{"image_url": "junk"}])
