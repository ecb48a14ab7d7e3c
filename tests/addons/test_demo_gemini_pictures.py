"""The embedded provider draws as Gemini does, asked by Google's own client, and is as strict."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from tests.addons.demo_server import ask, running_demo
from tests.oracles import check_gemini_response

FLASH, PRO, NEWEST = "gemini-2.5-flash-image", "gemini-3-pro-image-preview", "gemini-3.1-flash-image"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


@pytest.fixture(scope="module")
def client(port: int) -> genai.Client:
    return genai.Client(api_key="demo", http_options=types.HttpOptions(base_url=f"http://127.0.0.1:{port}"))


def drawn(client: genai.Client, model: str = FLASH, said: Any = "A cat", **config: Any) -> Any:
    wanted = types.GenerateContentConfig(**config)
    return client.models.generate_content(model=model, contents=said, config=wanted)


def kinds(answer: Any) -> list[str]:
    parts = answer.candidates[0].content.parts
    return [part.inline_data.mime_type if part.inline_data else "text" for part in parts]


@pytest.mark.parametrize("model", [FLASH, PRO, NEWEST])
def test_text_and_a_picture_are_what_is_usual(client: genai.Client, model: str) -> None:
    answer = drawn(client, model)
    assert kinds(answer) == ["text", "image/png"]
    assert answer.candidates[0].content.parts[1].inline_data.data.startswith(b"\x89PNG")
    used = answer.usage_metadata
    (details,) = used.candidates_tokens_details
    assert (details.modality, details.token_count) == (types.MediaModality.IMAGE, 1290)
    assert used.total_token_count == used.prompt_token_count + used.candidates_token_count


def test_what_the_answer_holds_can_be_chosen(client: genai.Client) -> None:
    assert kinds(drawn(client, response_modalities=["IMAGE"])) == ["image/png"]
    assert kinds(drawn(client, response_modalities=["Text", "Image"])) == ["text", "image/png"]
    assert drawn(client, response_modalities=["IMAGE"]).usage_metadata.candidates_token_count == 1290


def test_a_stream_has_the_same_picture(client: genai.Client) -> None:
    whole = drawn(client, said="A dog")
    chunks = [*client.models.generate_content_stream(model=FLASH, contents="A dog")]
    content = [chunk.candidates[0].content for chunk in chunks if chunk.candidates]
    parts = [part for each in content if each for part in each.parts or []]
    pictures = [part.inline_data for part in parts if part.inline_data]
    assert [picture.mime_type for picture in pictures] == ["image/png"]
    assert "".join(part.text or "" for part in parts) == whole.candidates[0].content.parts[0].text


def test_others_do_not_draw(client: genai.Client) -> None:
    assert kinds(drawn(client, "hello", response_modalities=["TEXT"])) == ["text"]
    with pytest.raises(errors.ClientError, match="does not support the requested response modalities"):
        drawn(client, "hello", response_modalities=["IMAGE"])


@pytest.mark.parametrize(
    ("model", "config", "said"),
    [
        (FLASH, {"candidate_count": 2}, "Multiple candidates"),
        (FLASH, {"response_modalities": ["AUDIO"]}, "response modalities"),
        (FLASH, {"image_config": {"aspect_ratio": "2:1"}}, "aspect_ratio"),
        (FLASH, {"image_config": {"image_size": "1K"}}, "image_size"),
        (PRO, {"image_config": {"image_size": "512"}}, "image_size"),
        (PRO, {"image_config": {"aspect_ratio": "1:8"}}, "aspect_ratio"),
        (NEWEST, {"image_config": {"image_size": "8K"}}, "image_size"),
    ],
)
def test_what_a_model_can_not_do(client: genai.Client, model: str, config: Any, said: str) -> None:
    with pytest.raises(errors.ClientError, match=said):
        drawn(client, model, **config)


@pytest.mark.parametrize(
    ("model", "config"),
    [
        (PRO, {"aspect_ratio": "21:9", "image_size": "4K"}),
        (NEWEST, {"aspect_ratio": "8:1", "image_size": "512"}),
        (FLASH, {"aspect_ratio": "4:5"}),
    ],
)
def test_what_a_model_can_do(client: genai.Client, model: str, config: Any) -> None:
    assert kinds(drawn(client, model, image_config=config)) == ["text", "image/png"]


def test_the_kind_of_file_is_for_vertex_alone(port: int) -> None:
    options = {"imageOutputOptions": {"mimeType": "image/jpeg", "compressionQuality": 50}}
    hi = [{"role": "user", "parts": [{"text": "A cat"}]}]
    body = {"contents": hi, "generationConfig": {"imageConfig": options}}
    vertex = f"/v1/projects/p/locations/l/publishers/google/models/{PRO}:generateContent"
    status, _, answer = ask(port, vertex, body)
    assert status == 200 and check_gemini_response(json.loads(answer)) == []
    assert ask(port, f"/v1beta/models/{PRO}:generateContent", body)[0] == 400


def test_pictures_and_what_comes_before_them_are_signed(client: genai.Client) -> None:
    made = drawn(client, PRO).candidates[0].content
    ask_again = types.Content(role="user", parts=[types.Part.from_text(text="A blue one")])
    first = types.Content(role="user", parts=[types.Part.from_text(text="A cat")])
    assert kinds(drawn(client, PRO, [first, made, ask_again])) == ["text", "image/png"]
    for at, said in ((0, "Text part is missing"), (1, "Image part is missing a thought_signature")):
        unsigned = made.model_copy(deep=True)
        unsigned.parts[at].thought_signature = None
        with pytest.raises(errors.ClientError, match=said):
            drawn(client, PRO, [first, unsigned, ask_again])
        assert drawn(client, FLASH, [first, unsigned, ask_again])
