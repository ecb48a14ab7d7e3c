"""The embedded provider draws as Imagen does, asked by Google's own client."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from tests.addons.demo_server import ask, running_demo

IMAGEN = "/v1beta/models/imagen-4.0-generate-001:predict"
VERTEX = "/v1/projects/p/locations/l/publishers/google/models/imagen-4.0-generate-001:predict"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


@pytest.fixture(scope="module")
def client(port: int) -> genai.Client:
    options = types.HttpOptions(base_url=f"http://127.0.0.1:{port}")
    return genai.Client(api_key="demo", http_options=options)


def draw(client: genai.Client, prompt: str = "a cat", **config: Any) -> list[bytes]:
    wanted = types.GenerateImagesConfig(**config)
    made = client.models.generate_images(model="imagen-4.0-generate-001", prompt=prompt, config=wanted)
    assert all(each.image and each.image.mime_type == "image/png" for each in made.generated_images or [])
    return [(each.image and each.image.image_bytes) or b"" for each in made.generated_images or []]


def test_as_many_as_are_asked_for(client: genai.Client) -> None:
    made = draw(client, number_of_images=3, aspect_ratio="16:9")
    assert len(set(made)) == 3 and all(each.startswith(b"\x89PNG") for each in made)
    assert len(draw(client, number_of_images=1)) == 1


def test_the_same_prompt_makes_the_same_image(client: genai.Client) -> None:
    assert draw(client, "a dog") == draw(client, "a dog") != draw(client, "a cat")


@pytest.mark.parametrize("config", [{"number_of_images": 5}, {"aspect_ratio": "2:1"}])
def test_what_imagen_does_not_draw(client: genai.Client, config: Any) -> None:
    with pytest.raises(errors.ClientError) as refused:
        draw(client, **config)
    assert refused.value.code == 400


@pytest.mark.parametrize("path", [IMAGEN, VERTEX])
@pytest.mark.parametrize(
    ("instances", "parameters"),
    [
        ([{"prompt": ""}], {}),
        ([{"prompt": 5}], {}),
        ([{"prompt": "a"}], {"sampleCount": 0}),
        ([{"prompt": "a"}], {"sampleCount": "2"}),
        ([{"prompt": "a"}], {"aspectRatio": 1}),
    ],
)
def test_nonsense_is_an_error_of_googles(port: int, path: str, instances: Any, parameters: Any) -> None:
    status, _, body = ask(port, path, {"instances": instances, "parameters": parameters})
    assert status == 400 and json.loads(body)["error"]["status"] == "INVALID_ARGUMENT"


def test_both_apis_answer_alike(port: int) -> None:
    for path in (IMAGEN, VERTEX):
        status, _, body = ask(port, path, {"instances": [{"prompt": "a"}]})
        (told,) = json.loads(body)["predictions"]
        assert status == 200 and told.keys() == {"bytesBase64Encoded", "mimeType"}
