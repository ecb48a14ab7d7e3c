"""Pictures that a model makes in a chat: told to clients that have a place for them, and taken back."""

from itertools import groupby
from typing import Any

import orjson
import pytest

from tests import oracles
from translators import DIALECTS, SOURCES
from translators.body import parse
from translators.canonical import Drawn
from translators.errors import BadRequest, BadUpstream, Unsupported
from translators.translator import Translator

PNG = "iVBORw0KGgo="
GEMINI, OPENAI, CONVERSE = (DIALECTS[name] for name in ("gemini_generate", "openai_chat", "bedrock_converse"))
PRO = "gemini-3-pro-image-preview"
CALL = {"functionCall": {"name": "f", "args": {}}}
HI_GEMINI = [{"role": "user", "parts": [{"text": "Hi"}]}]
HI: dict[str, Any] = {
    "openai_chat": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "openai_completions": {"model": "m", "prompt": "Hi"},
    "anthropic_messages": {
        **{"model": "m", "max_tokens": 9},
        "messages": [{"role": "user", "content": "Hi"}],
    },
    "bedrock_converse": {"model": "m", "messages": [{"role": "user", "content": [{"text": "Hi"}]}]},
}


def drawn(kind: str = "image/png", **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": kind, "data": PNG}, **more}


def answer(*parts: Any) -> bytes:
    candidate = {"content": {"parts": [*parts], "role": "model"}, "finishReason": "STOP"}
    return orjson.dumps({"candidates": [candidate], "modelVersion": PRO, "responseId": "r"})


def translator(client: str) -> Translator:
    made = Translator(SOURCES[client], GEMINI)
    made.request(parse(orjson.dumps(HI[client])), PRO)
    return made


def whole(client: str, *parts: Any) -> Any:
    return orjson.loads(translator(client).response(answer(*parts), 1))


def streamed(client: str, *parts: Any) -> bytes:
    stream = translator(client).stream(1)
    return b"".join([*stream.feed(b"data: " + answer(*parts) + b"\n\n"), *stream.close()])


# --- answers ----------------------------------------------------------------------------------------


def test_each_picture_is_an_entry_of_its_own() -> None:
    parts = ({"text": "One"}, drawn(), drawn("image/jpeg"))
    urls = [f"data:image/{kind};base64,{PNG}" for kind in ("png", "jpeg")]
    message = whole("openai_chat", *parts)["choices"][0]["message"]
    assert [each["image_url"]["url"] for each in message["images"]] == urls
    assert message["content"] == "One"
    folded: Any = oracles.openai_stream_final(streamed("openai_chat", *parts))[0]
    images = folded.choices[0].message.images
    assert [(each["index"], each["image_url"]["url"]) for each in images] == [*enumerate(urls)]


def test_a_picture_that_is_only_thought_of_is_no_answer() -> None:
    message = whole("openai_chat", drawn(thought=True), {"text": "No."})["choices"][0]["message"]
    assert "images" not in message


@pytest.mark.parametrize("client", ["anthropic_messages", "openai_completions"])
def test_who_has_no_place_for_it_is_told_so(client: str) -> None:
    with pytest.raises(BadUpstream, match="picture"):
        whole(client, {"text": "One"}, drawn())
    told = streamed(client, {"text": "One"}, drawn())
    assert b"One" in told and b"picture" in told and b"error" in told
    assert b"message_stop" not in told and b"[DONE]" not in told


@pytest.mark.parametrize(
    "part",
    [drawn("image/heic"), {"fileData": {"mimeType": "image/png", "fileUri": "https://x.test/a.png"}}],
)
def test_what_converse_has_no_word_for(part: Any) -> None:
    with pytest.raises(BadUpstream, match="Converse"):
        whole("bedrock_converse", part)


def test_a_picture_at_an_address() -> None:
    part = {"fileData": {"mimeType": "image/png", "fileUri": "https://x.test/a.png"}}
    (image,) = whole("openai_chat", part)["choices"][0]["message"]["images"]
    assert image["image_url"] == {"url": "https://x.test/a.png"}


@pytest.mark.parametrize(
    "block",
    [
        {"format": "bmp", "source": {"bytes": PNG}},
        {"format": "png", "source": {"s3Location": {"uri": "s3://a/b"}}},
    ],
)
def test_what_is_amazons_alone(block: Any) -> None:
    body: Any = {
        **{"output": {"message": {"content": [{"image": block}]}}, "stopReason": "end_turn"},
        "usage": {"inputTokens": 1, "outputTokens": 1},
    }
    assert not [event for event in CONVERSE.read_response(body) if isinstance(event, Drawn)]


@pytest.mark.parametrize("url", ["", "ftp://x.test/a", "data:,a"])
def test_a_picture_that_is_nowhere_can_not_be_read(url: str) -> None:
    message: Any = {"role": "assistant", "images": [{"image_url": {"url": url}}]}
    body: Any = {"id": "i", "choices": [{"message": message, "finish_reason": "stop"}]}
    with pytest.raises(ValueError, match="picture"):
        OPENAI.read_response(body)


# --- and back ---------------------------------------------------------------------------------------


def sent(messages: list[Any], model: str = PRO, **fields: Any) -> Any:
    body = {"model": "m", "messages": [*messages, {"role": "user", "content": "More"}], **fields}
    written = orjson.loads(Translator(OPENAI, GEMINI).request(parse(orjson.dumps(body)), model).body)
    assert oracles.check_gemini_request(written) == []
    return written


@pytest.mark.parametrize(
    "parts",
    [
        [
            {"text": "One", "thoughtSignature": "YQ=="},
            drawn(thoughtSignature="Yg=="),
            drawn(thoughtSignature="Yw=="),
        ],
        [drawn(thoughtSignature="Yg==")],
    ],
)
def test_what_was_told_comes_back_as_google_has_said_it(parts: Any) -> None:
    message = whole("openai_chat", *parts)["choices"][0]["message"]
    assert sent([message])["contents"][0] == {"role": "model", "parts": parts}


def test_a_message_that_a_stream_adds_up_to_comes_back_likewise() -> None:
    parts = [{"text": "One", "thoughtSignature": "YQ=="}, drawn(thoughtSignature="Yg==")]
    folded: Any = oracles.openai_stream_final(streamed("openai_chat", *parts))[0]
    message = folded.choices[0].message.model_dump(exclude_none=True)
    assert sent([message])["contents"][0]["parts"] == parts


def test_what_another_model_has_made_needs_no_proof() -> None:
    url = {"url": f"data:image/png;base64,{PNG}"}
    message = {"role": "assistant", "content": "One", "images": [{"type": "image_url", "image_url": url}]}
    skipped = {"thoughtSignature": "skip_thought_signature_validator"}
    wanted = [{"text": "One", **skipped}, drawn(**skipped)]
    assert sent([message])["contents"][0]["parts"] == wanted
    plain = [{"text": "One"}, drawn()]
    assert sent([message], "gemini-2.5-flash-image")["contents"][0]["parts"] == plain


def test_openai_itself_is_shown_it_by_the_user() -> None:
    url = {"url": f"data:image/png;base64,{PNG}"}
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message: Any = {
        "role": "assistant",
        "content": "One",
        "images": [{"type": "image_url", "image_url": url}],
    }
    body: Any = {"model": "m", "messages": [message]}
    written: Any = OPENAI.write_request(OPENAI.read_request(body))["messages"]
    assert [each["role"] for each in written] == ["assistant", "user"]
    assert written[0] == {"role": "assistant", "content": "One"}
    assert written[1]["content"][1] == {"type": "image_url", "image_url": url}
    message["tool_calls"] = [call]  # whose results must follow at once
    written = OPENAI.write_request(OPENAI.read_request(body))["messages"]
    assert [each["role"] for each in written] == ["user", "assistant"]


@pytest.mark.parametrize("target", ["openai_chat", "anthropic_messages", "bedrock_converse"])
@pytest.mark.parametrize(
    ("parts", "roles"),
    [
        ([{"text": "One"}, drawn()], ["user", "assistant", "user", "user"]),
        ([drawn()], ["user", "user", "user"]),
        ([drawn(), CALL], ["user", "user", "assistant", "user"]),
    ],
)
def test_who_looks_at_the_users_pictures_alone_is_shown_them_so(
    target: str, parts: Any, roles: list[str]
) -> None:
    """https://platform.claude.com/docs and OpenAI's API refuse them in a turn of the assistant's."""
    last = [{"functionResponse": {"name": "f", "response": {}}}] if CALL in parts else [{"text": "More"}]
    contents = [
        {"role": "user", "parts": [{"text": "Draw"}]},
        {"role": "model", "parts": parts},
        {"role": "user", "parts": last},
    ]
    request = GEMINI.read_request({"model": "m", "contents": contents})
    messages: Any = DIALECTS[target].write_request(request)["messages"]
    told = [message["role"].replace("tool", "user") for message in messages]
    assert told == ([role for role, _ in groupby(roles)] if target == "bedrock_converse" else roles)
    for message in messages:
        assert message["role"] == "user" or b"image" not in orjson.dumps(message)
    assert orjson.dumps(messages).count(PNG.encode()) == 1


def test_what_an_answer_may_hold_is_asked_for() -> None:
    asked = {"modalities": ["text", "image"], "image_config": {"aspect_ratio": "16:9", "image_size": "2K"}}
    config = sent([], **asked)["generationConfig"]
    assert config == {
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
    }
    with pytest.raises(Unsupported, match="modalities"):
        sent([], modalities=["text", "audio"])
    with pytest.raises(BadRequest, match=r"image_config\.aspect_ratio"):
        sent([], image_config={"aspect_ratio": 1})


@pytest.mark.parametrize("words", [["TEXT"], ["Text"], [], ["MODALITY_UNSPECIFIED"]])
def test_text_alone_goes_without_saying(words: list[str]) -> None:
    """Not every server that speaks OpenAI's API knows the field."""
    config = {"responseModalities": words}
    body: Any = {"model": "m", "contents": HI_GEMINI, "generationConfig": config}
    written = Translator(GEMINI, OPENAI).request(parse(orjson.dumps(body)), "m")
    assert written.dropped == () and b"modalities" not in written.body
    asked: Any = GEMINI.write_request(GEMINI.read_request(body))
    assert asked["generationConfig"] == config
    assert "generationConfig" not in sent([], modalities=["text"])
    plain: Any = {**HI["openai_chat"], "modalities": ["text"]}
    assert OPENAI.write_request(OPENAI.read_request(plain)) == plain


@pytest.mark.parametrize("words", [["Text", "Image"], ["MODALITY_UNSPECIFIED", "IMAGE"]])
def test_google_may_write_it_otherwise(words: list[str]) -> None:
    body: Any = {"contents": [{"parts": [{"text": "a"}]}], "generationConfig": {"responseModalities": words}}
    assert GEMINI.read_request(body).modalities == ("text", "image")


@pytest.mark.parametrize(
    ("image", "field"),
    [
        ({"type": "image_url"}, "image_url"),
        ({"type": "video", "image_url": {"url": "https://x.test"}}, "type"),
        ({"type": "image_url", "image_url": {"url": "x"}}, "image_url.url"),
    ],
)
def test_a_picture_that_is_none_is_refused(image: Any, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        sent([{"role": "assistant", "content": "", "images": [image]}])
    assert refused.value.field == f"messages[0].images[0].{field}"
