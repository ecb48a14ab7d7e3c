"""Pictures that a model makes in a chat, through the real gateway, with the vendors' SDKs on both sides."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import boto3
import openai
import pytest
from botocore.config import Config as BotoConfig
from google import genai

from tests.e2e.answers import sse, streamed, whole
from tests.gateway import Gateway, running, standard_config
from tests.oracles import check_gemini_request, openai_stream_final
from tests.upstream import Upstream

PNG = b"\x89PNG\r\n\x1a\n"
ENCODED = base64.b64encode(PNG).decode()
PRO = "gemini-3-pro-image-preview"
PICTURE = {"inlineData": {"mimeType": "image/png", "data": ENCODED}, "thoughtSignature": "c2lnbmVk"}
USAGE = {
    **{"promptTokenCount": 1000, "candidatesTokenCount": 1300, "totalTokenCount": 2300},
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
}
DOLLARS = (1000 * 2 + 10 * 12 + 1290 * 120) / 1e6
"""https://ai.google.dev/gemini-api/docs/pricing, of gemini-3-pro-image-preview."""


def answer(*parts: Any, **more: Any) -> dict[str, Any]:
    candidate = {"content": {"parts": [*parts], "role": "model"}, "index": 0, **more}
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": PRO, "responseId": "r"}


ANSWER = answer({"text": "Here:", "thoughtSignature": "YWxzbw=="}, PICTURE, finishReason="STOP")


@pytest.fixture(scope="module")
def gallery(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config = standard_config(loopback.url)
    config["server"] |= {"allow_direct": True, "cost_header": True}
    key = "canary-provider-key"
    config["providers"]["gemini"] = {"type": "gemini", "api_key": key, "base_url": f"{loopback.url}/gemini"}
    config["providers"]["demo"] = {"type": "gemini", "api_key": key, "base_url": "demo"}
    config["routes"].append({"models": ["painter"], "backends": [{"provider": "demo", "model": PRO}]})
    with running(config, tmp_path_factory.mktemp("gallery")) as gateway:
        yield gateway
        assert "canary" not in gateway.output()


@pytest.fixture
def sdk(gallery: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gallery.url}/v1", api_key="canary-client", max_retries=0)


def asking(text: str, *before: Any) -> Any:
    return [*before, {"role": "user", "content": text}]


MODALITIES: Any = {"extra_body": {"modalities": ["text", "image"], "image_config": {"aspect_ratio": "16:9"}}}


def test_a_conversation_about_a_picture(upstream: Upstream, sdk: openai.OpenAI) -> None:
    upstream.script("gemini", whole(ANSWER), whole(ANSWER))
    raw = sdk.chat.completions.with_raw_response.create(
        model=f"gemini/{PRO}", messages=asking("Draw."), **MODALITIES
    )
    assert float(raw.headers["x-dragoman-cost-usd"]) == pytest.approx(DOLLARS)
    told = raw.parse()
    message = told.choices[0].message.model_dump(exclude_none=True)
    url = message["images"][0]["image_url"]["url"]
    assert url == f"data:image/png;base64,{ENCODED}" and message["content"] == "Here:"
    sdk.chat.completions.create(model=f"gemini/{PRO}", messages=asking("Bluer.", *asking("Draw."), message))
    first, second = (json.loads(asked.body) for asked in upstream.of("gemini"))
    assert check_gemini_request(first) == check_gemini_request(second) == []
    config = first["generationConfig"]
    assert config["responseModalities"] == ["TEXT", "IMAGE"]
    assert config["imageConfig"] == {"aspectRatio": "16:9"}
    assert second["contents"][1] == ANSWER["candidates"][0]["content"] | {"role": "model"}


def test_a_stream_of_it(upstream: Upstream, gallery: Gateway, sdk: openai.OpenAI) -> None:
    chunks = (answer({"text": "Here:"}), answer(PICTURE), answer({"text": ""}, finishReason="STOP"))
    upstream.script("gemini", streamed([sse(chunk) for chunk in chunks]))
    stream: Any = sdk.chat.completions.create(
        model=f"gemini/{PRO}",
        messages=asking("Draw."),
        stream=True,
        stream_options={"include_usage": True},
    )
    told = [chunk.model_dump(exclude_none=True) for chunk in stream]
    images = [
        image for chunk in told for choice in chunk["choices"] for image in choice["delta"].get("images", ())
    ]
    assert [(each["index"], each["image_url"]["url"]) for each in images] == [
        (0, f"data:image/png;base64,{ENCODED}")
    ]
    assert told[-1]["usage"]["completion_tokens_details"]["image_tokens"] == 1290


@pytest.mark.parametrize("model", [PRO, "gemini-2.5-flash-image", "gemini-3.1-flash-image"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_embedded_provider_keeps_to_googles_rules(
    gallery: Gateway, sdk: openai.OpenAI, model: str, stream: bool
) -> None:
    """It checks the signatures of what comes back."""
    history: list[Any] = []
    for text in ("Draw a cat.", "Now a dog."):
        history = asking(text, *history)
        asked: Any = {"model": f"demo/{model}", "messages": history, **MODALITIES}
        if stream:
            raw = sdk.chat.completions.with_raw_response.create(**asked, stream=True)
            final: Any = openai_stream_final(raw.http_response.read())[0]
            message = final.choices[0].message.model_dump(exclude_none=True)
        else:
            message = sdk.chat.completions.create(**asked).choices[0].message.model_dump(exclude_none=True)
        url = message["images"][0]["image_url"]["url"]
        assert base64.b64decode(url.partition(",")[2]).startswith(PNG) and text in message["content"]
        history.append(message)


def test_googles_own_client_gets_it_as_it_is(gallery: Gateway) -> None:
    client = genai.Client(api_key="unused", http_options={"base_url": f"{gallery.url}/gemini"})
    said: Any = client.models.generate_content(model="painter", contents="Draw.")
    text, picture = said.candidates[0].content.parts
    assert text.text and picture.inline_data.data.startswith(PNG)


def converse(gallery: Gateway) -> Any:
    return boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"{gallery.url}/bedrock",
        aws_access_key_id="unused",
        aws_secret_access_key="unused",
        config=BotoConfig(retries={"total_max_attempts": 1}),
    )


def test_amazons_client_gets_a_block(gallery: Gateway) -> None:
    client = converse(gallery)
    asked: Any = {
        "modelId": f"demo/{PRO}",
        "messages": [{"role": "user", "content": [{"text": "Draw."}]}],
    }
    text, picture = client.converse(**asked)["output"]["message"]["content"]
    assert text["text"] and picture["image"]["format"] == "png"
    assert picture["image"]["source"]["bytes"].startswith(PNG)
    events = [*client.converse_stream(**asked)["stream"]]
    starts = [event["contentBlockStart"]["start"] for event in events if "contentBlockStart" in event]
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert starts == [{"image": {"format": "png"}}]
    pieces = [delta["image"]["source"]["bytes"] for delta in deltas if "image" in delta]
    assert b"".join(pieces).startswith(PNG)


def test_anthropics_client_is_told_that_there_is_no_place_for_it(gallery: Gateway) -> None:
    client = anthropic.Anthropic(base_url=f"{gallery.url}/anthropic", api_key="unused", max_retries=0)
    asked: Any = {"model": f"demo/{PRO}", "max_tokens": 100, "messages": asking("Draw.")}
    with pytest.raises(anthropic.APIStatusError, match="picture") as refused:
        client.messages.create(**asked)
    assert refused.value.status_code == 502
    with pytest.raises(anthropic.APIStatusError, match="picture"), client.messages.stream(**asked) as events:
        events.get_final_message()
