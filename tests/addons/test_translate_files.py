"""Pictures by address, on the way to providers that take them only as data."""

from base64 import b64encode
from collections.abc import Iterator

import pytest
from mitmproxy.test import taddons

from addons.call import Call
from addons.fetch import Fetch
from tests.addons.calls import Chain, a_request, told
from tests.e2e import answers
from tests.upstream import Upstream

DRAWN = {
    "titan": ("aws", "amazon.titan-embed-image-v1"),
    "nova": ("aws", "amazon.nova-2-multimodal-embeddings-v1:0"),
    "vertex": ("google", "multimodalembedding@001"),
    "cohere": ("cohere", "embed-v4.0"),
}
PICTURES = """
providers:
  aws: {type: aws-bedrock, region: us-east-1, credentials: {access_key_id: x, secret_access_key: y}}
  google: {type: gcp-vertex, project: p, location: l, credentials: {access_token: t}}
  cohere: {type: cohere, api_key: k}
server: {allow_direct: true, fetch_images: true}
"""


@pytest.fixture
def pictures() -> Iterator[Upstream]:
    """A place where there are pictures."""
    server = Upstream()
    with taddons.context():
        yield server
    server.close()


def shown(url: str, name: str, count: int, config: str = PICTURES) -> tuple[Call, list[bytes]]:
    """What a provider is asked about so many pictures."""
    chain = Chain(config, files=Fetch(allowed=lambda address: address == "127.0.0.1"))
    given = [{"image": f"{url}/pictures/{at}.png"} for at in range(count)]
    body = {"model": "/".join(DRAWN[name]), "input": given}
    call = chain.call(a_request(body, "/v1/embeddings"))
    attempt = chain.attempt(call)
    return call, [attempt.request.raw_content or b"", *call.rest] if attempt else []


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("count", [1, 3])
def test_pictures_to_be_embedded_are_fetched(pictures: Upstream, name: str, count: int) -> None:
    drawn = [b"\x89PNG%d" % at for at in range(count)]
    pictures.answer(
        lambda asked: answers.whole(drawn[int(asked.path[10])], headers={"content-type": "image/png"})
    )
    _, bodies = shown(pictures.url, name, count)
    assert len(bodies) == (1 if name == "cohere" else count)
    said = b"".join(bodies)
    places = [said.index(b64encode(each)) for each in drawn]
    assert places == sorted(places) and b"127.0.0.1" not in said
    assert sorted(each.path for each in pictures.received) == [f"/pictures/{at}.png" for at in range(count)]


@pytest.mark.parametrize("name", DRAWN)
def test_without_leave_nothing_is_fetched(pictures: Upstream, name: str) -> None:
    call, bodies = shown(pictures.url, name, 2, PICTURES.replace("fetch_images: true", "fetch_images: false"))
    assert not bodies and not pictures.received and call.response and call.response.status_code == 422
    message = told(call.response)["error"]["message"]
    assert "input[].image" in message and "server.fetch_images" in message


def test_a_picture_that_is_not_there_is_no_picture_less(pictures: Upstream) -> None:
    pictures.answer(
        lambda asked: answers.whole(b"", 404 if "1.png" in asked.path else 200, {"content-type": "image/png"})
    )
    call, bodies = shown(pictures.url, "titan", 2)
    assert not bodies and call.response and call.response.status_code == 422
    assert "status 404" in told(call.response)["error"]["message"]
