"""Embeddings of pictures: as data, by address, and beside texts, as far as each provider takes them."""

from contextlib import nullcontext
from typing import Any

import orjson
import pytest

from tests.translators.test_embeddings import EVERY, PNG, asked, translator
from translators.body import parse
from translators.canonical import Data, Json
from translators.errors import Unsupported, Wanted

PICTURE: Json = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}


def seen(*content: Json) -> list[Json]:
    return [{"role": "user", "content": [*content]}]


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("cohere_embed", {"input_type": "image", "images": [f"data:image/png;base64,{PNG}"]}),
        ("bedrock_cohere_embed_v3", {"input_type": "image", "images": [f"data:image/png;base64,{PNG}"]}),
        (
            "bedrock_cohere_embed_v4",
            {"input_type": "search_document", "images": [f"data:image/png;base64,{PNG}"]},
        ),
        ("bedrock_titan_embed_image", {"inputImage": PNG}),
        (
            "vertex_predict_embed_image",
            {"instances": [{"image": {"bytesBase64Encoded": PNG, "mimeType": "image/png"}}]},
        ),
        (
            "bedrock_nova_embed",
            {
                "singleEmbeddingParams": {
                    "embeddingPurpose": "GENERIC_INDEX",
                    "image": {"format": "png", "source": {"bytes": PNG}},
                }
            },
        ),
        (
            "vertex_embed_content",
            {"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}]}},
        ),
    ],
)
def test_pictures(target: str, body: Json) -> None:
    (written,), _ = asked(target, messages=seen(PICTURE))
    assert {name: written[name] for name in body} == body
    for elsewhere in ("https://x.test/a.png", "http://x.test/a.png"):
        with pytest.raises(Unsupported) as refused:
            asked(target, messages=seen({"type": "image_url", "image_url": {"url": elsewhere}}))
        assert refused.value.meaning == "messages[].content[].image_url.url"
        assert "server.fetch_images" in refused.value.reason


WEB = "https://x.test/a.png"
TAKES_PICTURES = [
    *("cohere_embed", "bedrock_titan_embed_image", "bedrock_cohere_embed_v3", "bedrock_cohere_embed_v4"),
    *("bedrock_nova_embed", "vertex_predict_embed_image", "vertex_embed_content", "gemini_embed"),
]


@pytest.mark.parametrize("target", TAKES_PICTURES)
def test_pictures_by_address_are_wanted_and_then_written(target: str) -> None:
    """Those of all inputs at once, though there may be several requests."""
    given = [{"image": f"{WEB}?{at}"} for at in range(1 if target == "bedrock_cohere_embed_v3" else 3)]
    body = parse(orjson.dumps({"model": "m", "input": given}))
    with pytest.raises(Wanted) as wanted:
        translator(target).request(body, "up", None, {})
    assert wanted.value.addresses == [each["image"] for each in given]
    fetched = {each["image"]: Data("image/png", f"{PNG}{at}") for at, each in enumerate(given)}
    outgoing = translator(target).request(body, "up", None, fetched)
    said = b"".join((outgoing.body, *outgoing.rest))
    assert b"x.test" not in said
    places = [said.index(f"{PNG}{at}".encode()) for at in range(len(given))]
    assert places == sorted(places)


@pytest.mark.parametrize("target", sorted({*EVERY} - {*TAKES_PICTURES}))
def test_nothing_is_fetched_for_who_takes_no_pictures(target: str) -> None:
    with pytest.raises(Unsupported, match="no pictures"):
        translator(target).request(parse(orjson.dumps({"input": {"image": WEB}})), "up", None, {})


def test_what_is_refused_is_named_as_the_client_has_it() -> None:
    with pytest.raises(Unsupported) as refused:
        asked("bedrock_titan_embed_image", input=[{"image": WEB}])
    assert refused.value.meaning == "input[].image"
    detailed = {"type": "image_url", "image_url": {**PICTURE["image_url"], "detail": "low"}}  # type: ignore[dict-item]
    for field, given in (
        ("messages[]", {"messages": seen(detailed)}),
        ("input[]", {"input": [{"content": [detailed]}]}),
    ):
        _, outgoing = asked("bedrock_titan_embed_image", **given)
        assert outgoing.dropped == (f"{field}.content[].image_url.detail",)


@pytest.mark.parametrize(
    ("target", "address", "written"),
    [
        (
            "bedrock_nova_embed",
            "s3://b/a.JPG",
            {"format": "jpeg", "source": {"s3Location": {"uri": "s3://b/a.JPG"}}},
        ),
        ("bedrock_nova_embed", "s3://b/a", {"format": "png", "source": {"s3Location": {"uri": "s3://b/a"}}}),
        ("vertex_predict_embed_image", "gs://b/a.png", {"gcsUri": "gs://b/a.png"}),
    ],
)
def test_a_clouds_own_storage_is_asked_by_the_cloud(target: str, address: str, written: Json) -> None:
    (body,), _ = asked(target, input={"image": address})
    holders: Any = body["instances"] if "instances" in body else [body["singleEmbeddingParams"]]
    assert holders[0]["image"] == written
    other = "bedrock_nova_embed" if address.startswith("gs") else "vertex_predict_embed_image"
    with pytest.raises(Unsupported, match="only as data"):
        asked(other, input={"image": address})


def test_what_a_picture_is_for() -> None:
    """The older models have a type for pictures, and nothing else to say of them."""
    (written,), _ = asked("cohere_embed", messages=seen(PICTURE), input_type="query")
    assert written["input_type"] == "search_query" and written["inputs"] == [{"content": [PICTURE]}]
    with pytest.raises(Unsupported, match="input type"):
        asked("bedrock_cohere_embed_v3", messages=seen(PICTURE), input_type="query")
    (written,), _ = asked("bedrock_cohere_embed_v3", messages=seen(PICTURE), input_type="image")
    assert written["input_type"] == "image"


def test_a_text_and_a_picture_have_a_vector_each_at_vertex() -> None:
    bodies, _ = asked("vertex_predict_embed_image", input=["a", {"image": f"data:image/png;base64,{PNG}"}])
    assert bodies == [
        {"instances": [{"text": "a"}]},
        {"instances": [{"image": {"bytesBase64Encoded": PNG, "mimeType": "image/png"}}]},
    ]
    with pytest.raises(Unsupported, match="vectors of their own"):
        asked("vertex_predict_embed_image", messages=seen({"type": "text", "text": "a"}, PICTURE))
    for cut, refused in (("end", False), ("none", True), ("start", True)):
        with pytest.raises(Unsupported, match="32 tokens") if refused else nullcontext():
            asked("vertex_predict_embed_image", input="a", truncate=cut)


def test_pictures_beside_texts() -> None:
    both = seen({"type": "text", "text": "a"}, PICTURE)
    (written,), _ = asked("cohere_embed", messages=both)
    assert written["inputs"] == [{"content": [{"type": "text", "text": "a"}, PICTURE]}]
    (written,), _ = asked("bedrock_cohere_embed_v4", messages=both)
    assert written["inputs"] == [
        {
            "content": [
                {"type": "text", "text": "a"},
                {"type": "image_url", "image_url": f"data:image/png;base64,{PNG}"},
            ]
        }
    ]
    assert asked("bedrock_titan_embed_image", messages=both)[0] == [{"inputText": "a", "inputImage": PNG}]
    for target in ("bedrock_nova_embed", "bedrock_cohere_embed_v3", "bedrock_titan_embed_v2"):
        with pytest.raises(Unsupported):
            asked(target, messages=both)
    (written,), _ = asked("bedrock_nova_embed", messages=seen(PICTURE))
    shown: Any = written["singleEmbeddingParams"]
    assert shown["image"] == {"format": "png", "source": {"bytes": PNG}}
