"""The embedded provider edits images in each vendor's form, and takes no nonsense."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from botocore.exceptions import ClientError
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

from tests.addons.demo_server import running_demo
from tests.addons.test_demo_converse import bedrock_client
from tests.translators.test_png import drawn
from translators.png import WHITE, mask

ALPHA = drawn([b"\1\1\1\0\1\1\1\xff"], [0], 4)
PNG = base64.b64encode(ALPHA).decode()
MASK = base64.b64encode(mask(ALPHA, WHITE)).decode()
CANVAS, INPAINT = "amazon.nova-canvas-v1:0", "stability.stable-image-inpaint-v1:0"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


def invoked(port: int, model: str, body: Any) -> Any:
    answer = bedrock_client(port).invoke_model(modelId=model, body=json.dumps(body))
    return json.loads(answer["body"].read())


def variation(**params: Any) -> Any:
    return {"taskType": "IMAGE_VARIATION", "imageVariationParams": {"images": [PNG], **params}}


def painting(**params: Any) -> Any:
    return {"taskType": "INPAINTING", "inPaintingParams": {"image": PNG, "maskImage": MASK, **params}}


def sd3(**fields: Any) -> Any:
    return {"prompt": "p", "image": PNG, "mode": "image-to-image", "strength": 0.5, **fields}


def test_bedrock_edits(port: int) -> None:
    two = {"imageGenerationConfig": {"numberOfImages": 2}}
    for body in (variation(), variation(text="p", images=[PNG] * 5), painting(text="p")):
        assert len(invoked(port, CANVAS, {**body, **two})["images"]) == 2
    assert invoked(port, "stability.sd3-5-large-v1:0", sd3())["finish_reasons"] == [None]
    assert len(invoked(port, INPAINT, {"prompt": "p", "image": PNG, "mask": MASK})["images"]) == 1


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (CANVAS, variation(images=[])),
        (CANVAS, variation(images=[PNG] * 6)),
        (CANVAS, variation(images=["junk"])),
        (CANVAS, variation(prompt="p")),
        (CANVAS, {**variation(), "taskType": "TEXT_IMAGE"}),
        (CANVAS, {**variation(), "imageGenerationConfig": {"numberOfImages": 6}}),
        (CANVAS, painting(maskImage=PNG)),
        (CANVAS, painting(maskPrompt="a cat")),
        (CANVAS, painting(image=None)),
        (CANVAS, {**painting(), "imageGenerationConfig": {"width": 512}}),
        ("stability.sd3-5-large-v1:0", sd3(strength=None)),
        ("stability.sd3-5-large-v1:0", sd3(mode="text-to-image")),
        ("stability.sd3-5-large-v1:0", sd3(aspect_ratio="1:1")),
        (INPAINT, {"prompt": "p"}),
        (INPAINT, {"prompt": "p", "image": PNG, "mask": PNG}),
        (INPAINT, sd3()),
    ],
)
def test_bedrock_takes_no_nonsense(port: int, model: str, body: Any) -> None:
    with pytest.raises(ClientError, match="Malformed input request"):
        invoked(port, model, body)


@pytest.fixture(scope="module")
def google(port: int) -> genai.Client:
    options = types.HttpOptions(base_url=f"http://127.0.0.1:{port}")
    signed_in: Any = Credentials(token="demo")  # type: ignore[no-untyped-call]
    return genai.Client(vertexai=True, project="p", location="l", credentials=signed_in, http_options=options)


def imagen(google: genai.Client, encoded: str | None, mode: str, **config: Any) -> Any:
    references: Any = [
        types.RawReferenceImage(reference_id=1, reference_image=types.Image(image_bytes=ALPHA))
    ]
    if encoded:
        user = types.MaskReferenceConfig(mask_mode=types.MaskReferenceMode.MASK_MODE_USER_PROVIDED)
        image = types.Image(image_bytes=base64.b64decode(encoded))
        references.append(types.MaskReferenceImage(reference_id=2, reference_image=image, config=user))
    wanted = types.EditImageConfig(edit_mode=types.EditMode(f"EDIT_MODE_{mode}"), **config)
    model = "imagen-3.0-capability-001"
    return google.models.edit_image(model=model, prompt="p", reference_images=references, config=wanted)


def test_imagen_edits(google: genai.Client) -> None:
    assert len(imagen(google, None, "DEFAULT", number_of_images=2).generated_images) == 2
    assert len(imagen(google, MASK, "INPAINT_INSERTION").generated_images) == 1


@pytest.mark.parametrize(
    ("encoded", "mode", "config"),
    [
        (PNG, "INPAINT_INSERTION", {}),
        (None, "INPAINT_INSERTION", {}),
        (MASK, "DEFAULT", {}),
        (None, "DEFAULT", {"aspect_ratio": "1:1"}),
    ],
)
def test_imagen_takes_no_nonsense(google: genai.Client, encoded: str | None, mode: str, config: Any) -> None:
    with pytest.raises(errors.ClientError):
        imagen(google, encoded, mode, **config)


def test_openai_takes_json_too(port: int) -> None:
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="demo", max_retries=0)
    asked = {"model": "hello", "prompt": "p", "images": [{"file_id": "f"}], "n": 2}
    assert len(client.post("/images/edits", body=asked, cast_to=openai.types.ImagesResponse).data or []) == 2
    for images in ([{}], [{"file_id": "f", "image_url": "u"}], "f"):
        with pytest.raises(openai.BadRequestError):
            client.post("/images/edits", body={**asked, "images": images}, cast_to=object)
