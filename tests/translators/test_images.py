"""Images: what is read, refused, written in every provider's words, and told."""

from contextlib import suppress
from typing import Any

import orjson
import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from openai.types import ImagesResponse
from openai.types.image_generate_params import ImageGenerateParamsBase, ImageGenerateParamsNonStreaming

from tests import oracles
from translators import SOURCES, TARGETS
from translators.body import parse
from translators.canonical import Json, Size
from translators.errors import BadRequest, BadUpstream, Declined, Unsupported
from translators.pictures import nearest
from translators.translator import Outgoing, Translator

IMAGES = SOURCES["openai_images"]
TOLD = [name for name, target in TARGETS.items() if target.KIND == "images"]
EVERY = [name for name in TOLD if name != "openai_images"]
PNG = "iVBORw0KGgo="


def translator(target: str, **fields: Any) -> tuple[Translator, Outgoing]:
    made = Translator(IMAGES, TARGETS[target])
    made.identity = False  # so that a dialect is read and written even where it could pass
    return made, made.request(parse(orjson.dumps({"model": "m", "prompt": "p", **fields})), "up")


def asked(target: str, **fields: Any) -> list[Json]:
    _, outgoing = translator(target, **fields)
    return [orjson.loads(body) for body in (outgoing.body, *outgoing.rest)]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": ["p"]}, "prompt"),
        ({"n": 0}, "n"),
        ({"n": "1"}, "n"),
        ({"n": 11}, "n"),
        ({"size": "large"}, "size"),
        ({"size": "0x1024"}, "size"),
        ({"size": 1024}, "size"),
        ({"quality": 1}, "quality"),
        ({"output_compression": "50"}, "output_compression"),
        ({"seed": 1.5}, "seed"),
    ],
)
def test_nonsense_is_refused(fields: Json, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        IMAGES.read_request({"model": "m", "prompt": "p", **fields})
    assert refused.value.field == field


def test_what_is_read_is_written() -> None:
    body: Json = {
        **{"model": "gpt-image-1", "prompt": "p", "n": 2, "size": "1536x1024", "quality": "high"},
        **{"background": "transparent", "output_format": "webp", "output_compression": 50, "user": "u"},
        **{"moderation": "low", "safety_identifier": "s", "style": "vivid", "response_format": "url"},
    }
    written = TARGETS["openai_images"].write_request(IMAGES.read_request(body))
    assert written == body
    assert oracles.check_type(ImageGenerateParamsNonStreaming, written) == []


def test_every_field_of_the_sdk_has_a_row() -> None:
    assert {*ImageGenerateParamsNonStreaming.__annotations__} <= {*IMAGES.READS}
    assert {*ImageGenerateParamsBase.__annotations__} <= {*IMAGES.READS}


def test_each_is_asked_in_its_own_words() -> None:
    fields: Any = {"n": 2, "size": "1024x1024", "quality": "high", "negative_prompt": "x", "seed": 7}
    assert asked("bedrock_nova_image", **fields) == [
        {
            "taskType": "TEXT_IMAGE",
            "textToImageParams": {"text": "p", "negativeText": "x"},
            "imageGenerationConfig": {
                **{"numberOfImages": 2, "width": 1024, "height": 1024, "quality": "premium", "seed": 7}
            },
        }
    ]
    one = {"prompt": "p", "negative_prompt": "x", "aspect_ratio": "1:1", "output_format": "png"}
    assert asked("bedrock_stability", **fields) == [{**one, "seed": 7}, {**one, "seed": 8}]
    assert asked("vertex_imagen", **fields) == [
        {
            "instances": [{"prompt": "p"}],
            "parameters": {
                **{"sampleCount": 2, "aspectRatio": "1:1", "negativePrompt": "x", "seed": 7},
                **{"addWatermark": False, "includeRaiReason": True},
            },
        }
    ]


def test_googles_own_library_knows_the_parameters() -> None:
    (body,) = asked("vertex_imagen", size="1408x768", output_format="jpeg", output_compression=50)
    parameters: Any = body["parameters"]
    output = parameters.pop("outputOptions")
    said: Json = {"numberOfImages": parameters.pop("sampleCount"), **parameters}
    said |= {"outputMimeType": output["mimeType"], "outputCompressionQuality": output["compressionQuality"]}
    read = types.GenerateImagesConfig.model_validate(said)
    assert (read.aspect_ratio, read.number_of_images, read.output_compression_quality) == ("16:9", 1, 50)


@pytest.mark.parametrize("target", EVERY)
def test_what_can_not_be_done_is_refused(target: str) -> None:
    fields: tuple[Json, ...] = ({"response_format": "url"}, {"background": "transparent"}, {"stream": True})
    for each in (*fields, {"output_format": "svg"}):
        with pytest.raises(Unsupported) as refused:
            translator(target, **each)
        assert refused.value.meaning == next(iter(each))


@pytest.mark.parametrize("target", EVERY)
def test_what_is_left_out_is_listed(target: str) -> None:
    _, outgoing = translator(target, style="vivid", moderation="low", user="u", odd=1, size="1000x300")
    dropped = {"style", "moderation", "user", "odd"} | ({"size"} if "nova" not in target else set())
    assert {*outgoing.dropped} == dropped
    _, outgoing = translator(
        target, response_format="b64_json", moderation="auto", background="auto", size="auto", n=1
    )
    assert outgoing.dropped == ()


@pytest.mark.parametrize("target", EVERY)
def test_more_images_are_more_requests(target: str) -> None:
    most = TARGETS[target].MOST
    assert most and len(asked(target, n=most)) == 1 and len(asked(target, n=most + 1)) == 2


@pytest.mark.parametrize(
    ("size", "ratio"), [((1024, 1024), "1:1"), ((1792, 1024), "16:9"), ((1024, 1536), "3:4")]
)
def test_the_nearest_shape(size: tuple[int, int], ratio: str) -> None:
    assert nearest(Size(*size), ("1:1", "3:4", "4:3", "9:16", "16:9")) == ratio


# --- answers ----------------------------------------------------------------------------------------

DRAWN: Any = {"inlineData": {"mimeType": "image/png", "data": PNG}}
ANSWERS: dict[str, Any] = {
    "openai_images": {"created": 5, "data": [{"b64_json": PNG}]},
    "bedrock_nova_image": {"images": [PNG], "error": None},
    "bedrock_stability": {"seeds": [1], "finish_reasons": [None], "images": [PNG]},
    "gemini_images": {"candidates": [{"content": {"parts": [DRAWN]}, "finishReason": "STOP"}]},
    "vertex_imagen": {"predictions": [{"bytesBase64Encoded": PNG, "mimeType": "image/png"}]},
}
KEPT = "Filter reason: prompt, blocked by a filter"
BLOCKED: dict[str, Any] = {
    "bedrock_nova_image": {"images": [], "error": "blocked by a filter"},
    "bedrock_stability": {"seeds": [], "finish_reasons": [KEPT], "images": [PNG]},
    "gemini_images": {
        "candidates": [{"finishReason": "IMAGE_SAFETY", "finishMessage": "blocked by a filter"}]
    },
    "vertex_imagen": {"predictions": [{"raiFilteredReason": "blocked by a filter"}]},
}


@pytest.mark.parametrize("target", TOLD)
def test_answers(target: str) -> None:
    made, _ = translator(target)
    told = orjson.loads(made.response(orjson.dumps(ANSWERS[target]), 5))
    assert told == {"created": 5, "data": [{"b64_json": PNG}], "output_format": "png"}
    assert oracles.check_type(ImagesResponse, told) == []
    assert made.outcome.used and made.outcome.used.usage.images == 1


def test_what_openai_tells_is_told_again() -> None:
    usage = {
        **{"input_tokens": 5, "output_tokens": 7, "total_tokens": 12},
        "input_tokens_details": {"text_tokens": 5, "image_tokens": 0},
    }
    body = {"created": 5, "data": [{"url": "https://x.test/a", "revised_prompt": "r"}], "usage": usage}
    made, _ = translator("openai_images")
    assert orjson.loads(made.response(orjson.dumps(body), 9)) == body


def test_several_requests_are_one_answer() -> None:
    made, _ = translator("bedrock_stability", n=2)
    made.part(orjson.dumps(ANSWERS["bedrock_stability"]))
    told = orjson.loads(made.response(orjson.dumps(ANSWERS["bedrock_stability"]), 5))
    assert told["data"] == [{"b64_json": PNG}] * 2
    assert made.outcome.used and made.outcome.used.usage.images == 2


@pytest.mark.parametrize("target", BLOCKED)
def test_an_image_that_is_kept_back_is_the_requests_fault(target: str) -> None:
    made, _ = translator(target)
    answer = orjson.dumps(BLOCKED[target])
    failed = made.declined(answer)
    assert failed and (failed.status, failed.code) == (400, "content_policy_violation")
    assert made.declined(orjson.dumps(ANSWERS[target])) is None
    with pytest.raises(Declined, match="blocked by a filter") as declined:
        made.response(answer, 5)
    assert declined.value.failed == failed
    told = SOURCES["openai_images"].write_error(failed, "")
    assert oracles.check_openai_error(400, told) == []


def test_nothing_more_is_asked_after_a_part_that_is_kept_back() -> None:
    made, _ = translator("bedrock_stability", n=2)
    with pytest.raises(BadUpstream):
        made.part(orjson.dumps(BLOCKED["bedrock_stability"]))
    with pytest.raises(Declined):
        made.response(orjson.dumps(BLOCKED["bedrock_stability"]), 5)


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("bedrock_stability", {"finish_reasons": ["Inference error"], "seeds": [], "images": []}),
        ("vertex_imagen", {}),
    ],
)
def test_other_failures_are_the_providers(target: str, answer: Json) -> None:
    made, _ = translator(target)
    with pytest.raises(BadUpstream):
        made.response(orjson.dumps(answer), 5)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.sampled_from(["prompt", "n", "size", "quality", "odd", "style"]), JSON)


@given(FIELDS, st.sampled_from(TOLD))
def test_garbage_is_refused(body: Any, target: str) -> None:
    with suppress(BadRequest, Unsupported):
        translator(target, **body)


ODD = JSON | st.builds(
    lambda name, value: {name: value}, st.sampled_from(["images", "predictions", "data", "candidates"]), JSON
)


@given(ODD, st.sampled_from(TOLD))
def test_answers_of_garbage_are_refused(answer: Any, target: str) -> None:
    made, _ = translator(target)
    with suppress(BadUpstream, Declined):
        made.response(orjson.dumps(answer), 1)
