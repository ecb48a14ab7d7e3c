"""Real traffic of OpenAI's passes byte for byte. The recordings are kept outside of the repository."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.answers import chunk, head
from tests.e2e.client import post
from tests.gateway import REPOSITORY, Gateway, running, standard_config
from tests.upstream import Upstream

FOLDER = REPOSITORY.parent / "shared" / "recordings"
RECORDINGS = sorted(FOLDER.glob("*.json"))

pytestmark = pytest.mark.skipif(not RECORDINGS, reason="there are no recordings on this machine")


@pytest.fixture(scope="module")
def open_gateway(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A gateway whose every model is `a`'s."""
    config = standard_config(loopback.url)
    config["routes"] = [{"models": ["*"], "backends": [{"provider": "a"}]}]
    with running(config, tmp_path_factory.mktemp("recordings")) as gateway:
        yield gateway


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_it_passes_byte_for_byte(upstream: Upstream, open_gateway: Gateway, file: Path) -> None:
    recording = json.loads(file.read_bytes())
    headers = {name.lower(): value for name, value in recording["request_headers"].items()}
    body = (recording["request_body"] or _form(headers["content-type"])).encode()
    upstream.script("a", _answer(recording))
    answer = post(open_gateway.url, recording["path"], body, headers)
    request = upstream.only()
    assert answer.status == recording["upstream_status"]
    assert answer.body == recording["upstream_response_body"].encode()
    assert request.path == "/a" + recording["path"]
    assert request.header("content-type") == headers["content-type"]
    assert request.body == body or _differs_only_in_usage(request.body, body)


def _answer(recording: Any) -> list[bytes]:
    headers = recording["upstream_response_headers"]
    body = recording["upstream_response_body"].encode()
    if recording["upstream_response_type"] != "sse":
        return [head(recording["upstream_status"], headers | {"Content-Length": str(len(body))}) + body]
    pieces = [chunk(body[start : start + 1000]) for start in range(0, len(body), 1000)]
    return [head(200, headers | {"Transfer-Encoding": "chunked"}), *pieces, b"0\r\n\r\n"]


def _differs_only_in_usage(sent: bytes, asked: bytes) -> bool:
    """A stream whose client did not ask for usage is sent on with that one field added."""
    return json.loads(sent) == json.loads(asked) | {"stream_options": {"include_usage": True}}


def _form(content_type: str) -> str:
    """A form for the recording whose own was not kept: an audio file and a model."""
    boundary = content_type.partition("boundary=")[2]
    audio = 'Content-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\nID3 bytes'
    model = 'Content-Disposition: form-data; name="model"\r\n\r\nwhisper-1'
    return f"--{boundary}\r\n{audio}\r\n--{boundary}\r\n{model}\r\n--{boundary}--\r\n"
