"""Images by Gemini models: what is asked of each, and what their answers tell."""

import re
from typing import Any

import orjson
import pytest
from google.genai import types

from tests import oracles
from translators import SOURCES, TARGETS
from translators.body import parse
from translators.canonical import Data, ImageRequest, Size, Url
from translators.errors import BadUpstream, Declined, Unsupported
from translators.gemini_generate.models import pictures_of
from translators.gemini_images import GEMINI_IMAGES, write_request
from translators.hosts import DEMO_HOSTS, HOSTS
from translators.translator import Outgoing, Translator

IMAGES = SOURCES["openai_images"]
FLASH, PRO, NEWEST = "gemini-2.5-flash-image", "gemini-3-pro-image-preview", "gemini-3.1-flash-image"
PNG = "iVBORw0KGgo="
DRAWN: Any = {"inlineData": {"mimeType": "image/jpeg", "data": PNG}}


def translated(model: str = FLASH, host: str = "gcp-vertex", **fields: Any) -> tuple[Translator, Outgoing]:
    made = Translator(IMAGES, GEMINI_IMAGES, HOSTS[host].envelope(GEMINI_IMAGES))
    return made, made.request(parse(orjson.dumps({"model": "m", "prompt": "p", **fields})), model)


def sent(model: str = FLASH, host: str = "gcp-vertex", **fields: Any) -> Any:
    body = orjson.loads(translated(model, host, **fields)[1].body)
    assert oracles.check_gemini_request(body) == []
    types.GenerateContentConfig.model_validate(body["generationConfig"])
    return body


@pytest.mark.parametrize("host", ["gemini", "gcp-vertex"])
@pytest.mark.parametrize("model", [FLASH, PRO, NEWEST, "gemini-2.5-flash-image-preview", "nano-banana-pro"])
def test_the_model_decides_how_it_is_asked(host: str, model: str) -> None:
    spoken = HOSTS[host].spoken_for(IMAGES, model, TARGETS)
    assert spoken is GEMINI_IMAGES
    place = {"project": "p", "location": "global"}
    assert (
        HOSTS[host]
        .paths["gemini_images"]
        .to(model, False, place)
        .endswith(f"/models/{model}:generateContent")
    )
    assert HOSTS[host].spoken_for(IMAGES, "gemini-2.5-pro", TARGETS) is None
    imagen = HOSTS[host].spoken_for(IMAGES, "imagen-4.0-generate-001", TARGETS)
    assert imagen and imagen.NAME == "vertex_imagen"
    chat = HOSTS[host].spoken_for(SOURCES["openai_chat"], model, TARGETS)
    assert chat and chat.NAME == "gemini_generate"


def test_the_embedded_provider_is_asked_likewise() -> None:
    host = DEMO_HOSTS["gemini_generate"]
    asked = {model: host.spoken_for(IMAGES, model, TARGETS) for model in (FLASH, "hello")}
    assert {model: spoken and spoken.NAME for model, spoken in asked.items()} == {
        FLASH: "gemini_images",
        "hello": "vertex_imagen",
    }


def test_a_prompt_is_all_that_is_needed() -> None:
    assert sent() == {
        "contents": [{"role": "user", "parts": [{"text": "p"}]}],
        "generationConfig": {"responseModalities": ["IMAGE"]},
    }


@pytest.mark.parametrize(
    ("model", "size", "config", "exact"),
    [
        (FLASH, "1024x1024", {"aspectRatio": "1:1"}, True),
        (FLASH, "1344x768", {"aspectRatio": "16:9"}, True),
        (FLASH, "1376x768", {"aspectRatio": "16:9"}, False),
        (FLASH, "4096x4096", {"aspectRatio": "1:1"}, False),
        (PRO, "1376x768", {"aspectRatio": "16:9"}, True),
        (PRO, "5504x3072", {"aspectRatio": "16:9", "imageSize": "4K"}, True),
        (PRO, "1536x1024", {"aspectRatio": "3:2"}, False),
        (PRO, "512x512", {"aspectRatio": "1:1"}, False),
        (NEWEST, "512x512", {"aspectRatio": "1:1", "imageSize": "512"}, True),
        (NEWEST, "6144x768", {"aspectRatio": "8:1", "imageSize": "2K"}, True),
    ],
)
def test_a_size_is_a_shape_and_a_resolution(model: str, size: str, config: Any, exact: bool) -> None:
    assert sent(model, size=size)["generationConfig"]["imageConfig"] == config
    assert translated(model, size=size)[1].dropped == (() if exact else ("size",))


@pytest.mark.parametrize("model", [FLASH, PRO, NEWEST])
def test_the_sizes_of_a_model_are_its_own(model: str) -> None:
    pictures = pictures_of(model)
    for shape, size in pictures.shapes.items():
        for resolution, times in pictures.resolutions.items():
            made = Size(int(size.width * times), int(size.height * times))
            assert pictures.nearest(made) == (shape, resolution) and pictures.has(made)


def test_a_shape_that_a_model_does_not_draw() -> None:
    assert sent(NEWEST, aspect_ratio="1:8")["generationConfig"]["imageConfig"] == {"aspectRatio": "1:8"}
    with pytest.raises(Unsupported, match="aspect_ratio"):
        sent(PRO, aspect_ratio="1:8")


def test_only_vertex_takes_the_kind_of_file() -> None:
    fields: Any = {"output_format": "jpeg", "output_compression": 70}
    config = sent(PRO, **fields)["generationConfig"]["imageConfig"]
    assert config == {"imageOutputOptions": {"mimeType": "image/jpeg", "compressionQuality": 70}}
    assert "imageConfig" not in sent(PRO, "gemini", **fields)["generationConfig"]
    _, outgoing = translated(PRO, "gemini", **fields)
    assert {*outgoing.dropped} == {*fields}


def test_several_images_are_several_requests() -> None:
    _, outgoing = translated(n=3, seed=7)
    bodies = [orjson.loads(body) for body in (outgoing.body, *outgoing.rest)]
    assert [body["generationConfig"]["seed"] for body in bodies] == [7, 8, 9]


def test_images_to_be_changed_come_before_the_prompt() -> None:
    images = (Data("image/png", PNG), Url("https://x.test/a.webp"))
    body: Any = write_request(ImageRequest(FLASH, "p", images))
    assert body["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": PNG}},
        {"fileData": {"mimeType": "image/webp", "fileUri": "https://x.test/a.webp"}},
        {"text": "p"},
    ]
    assert oracles.check_gemini_request(body) == []


@pytest.mark.parametrize("fields", [{"negative_prompt": "x"}, {"output_format": "webp"}])
def test_what_can_not_be_said_is_refused(fields: Any) -> None:
    with pytest.raises(Unsupported, match=next(iter(fields))):
        translated(**fields)


def test_an_image_is_not_varied_without_a_word() -> None:
    with pytest.raises(Unsupported, match=r"ImageRequest\.prompt"):
        write_request(ImageRequest(FLASH, "", (Data("image/png", PNG),)))


# --- answers ----------------------------------------------------------------------------------------


def answer(*candidates: Any, **more: Any) -> tuple[Translator, Any]:
    body = {"candidates": [*candidates], "modelVersion": FLASH, "responseId": "r", **more}
    assert oracles.check_gemini_response(body) == []
    made, _ = translated()
    return made, orjson.loads(made.response(orjson.dumps(body), 5))


USAGE = {
    **{"promptTokenCount": 270, "candidatesTokenCount": 1300, "totalTokenCount": 1620},
    "thoughtsTokenCount": 50,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 12},
        {"modality": "IMAGE", "tokenCount": 258},
    ],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
}


def test_an_image_with_what_it_took() -> None:
    thought = {**DRAWN, "thought": True}
    parts = [{"text": "Hm.", "thought": True}, thought, {**DRAWN, "thoughtSignature": "c2ln"}]
    made, told = answer({"content": {"parts": parts}, "finishReason": "STOP"}, usageMetadata=USAGE)
    assert told["data"] == [{"b64_json": PNG}] and told["output_format"] == "jpeg"
    assert told["usage"] == {
        **{"input_tokens": 270, "output_tokens": 1350, "total_tokens": 1620},
        "input_tokens_details": {"text_tokens": 12, "image_tokens": 258},
    }
    used = made.outcome.used
    assert used and (used.usage.images, used.usage.image_output, used.usage.reasoning) == (1, 1290, 50)
    assert made.outcome.model == FLASH


@pytest.mark.parametrize(
    ("candidates", "more", "why"),
    [
        ([{"finishReason": "NO_IMAGE"}], {}, "NO_IMAGE"),
        ([{"finishReason": "PROHIBITED_CONTENT"}], {}, "PROHIBITED_CONTENT"),
        (
            [{"content": {"parts": [{"text": "I can't draw that."}]}, "finishReason": "STOP"}],
            {},
            "^I can't draw that.$",
        ),
        (
            [{"finishReason": "IMAGE_SAFETY", "finishMessage": "Try another prompt."}],
            {},
            "IMAGE_SAFETY: Try another prompt.",
        ),
        ([], {"promptFeedback": {"blockReason": "SAFETY"}}, "SAFETY"),
        ([{"content": {"parts": []}, "finishReason": "STOP"}], {}, "made no image"),
    ],
)
def test_no_image_is_an_error_that_says_why(candidates: Any, more: Any, why: str) -> None:
    """The request is at fault where a filter has kept the image back, and nowhere else."""
    with pytest.raises(Declined if re.search("SAFETY|PROHIBITED", why) else BadUpstream, match=why):
        answer(*candidates, **more)


def test_an_image_that_was_kept_back_is_counted_all_the_same() -> None:
    made, _ = translated()
    body = {"candidates": [{"finishReason": "IMAGE_SAFETY"}], "usageMetadata": USAGE}
    with pytest.raises(Declined):
        made.response(orjson.dumps(body), 5)
    assert made.outcome.used and made.outcome.used.usage.output == 1350


def test_several_answers_are_one() -> None:
    body = {"candidates": [{"content": {"parts": [DRAWN]}, "finishReason": "STOP"}], "usageMetadata": USAGE}
    made, _ = translated(n=2)
    made.part(orjson.dumps(body))
    told = orjson.loads(made.response(orjson.dumps(body), 5))
    assert len(told["data"]) == 2 and told["usage"]["output_tokens"] == 2700
    used = made.outcome.used
    assert used and (used.usage.images, used.usage.image_output) == (2, 2580)
