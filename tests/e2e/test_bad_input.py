"""Bad input of each kind, at every endpoint: whoever is asked, it is refused and the field is named."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.e2e.client import Json, post
from tests.gateway import Gateway, running, standard_config
from tests.upstream import Upstream

AWS = {
    "region": "us-east-1",
    "credentials": {"access_key_id": "AKID", "secret_access_key": "canary-provider"},
}
GCP = {"project": "proj", "location": "global", "credentials": {"access_token": "canary-provider-token"}}
PROVIDERS: dict[str, Json] = {
    "aws": {"type": "aws-bedrock", **AWS},
    "gcp": {"type": "gcp-vertex", **GCP},
    "ranking": {"type": "gcp-ranking", **GCP},
    "gemini": {"type": "gemini", "api_key": "canary-provider-key"},
    "cohere": {"type": "cohere", "api_key": "canary-provider-key"},
}


class Asked(NamedTuple):
    """One endpoint: a good request, by field; who may be asked; and which fields hold a text or a list."""

    path: str
    body: Json
    models: tuple[str, ...]
    texts: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()


HI = [{"role": "user", "content": "Hi"}]
CONVERSE = [{"role": "user", "content": [{"text": "Hi"}]}]
CONTENTS = [{"role": "user", "parts": [{"text": "Hi"}]}]
RANK: Json = {"query": "q", "documents": ["a"]}
CHATTING = ("a", "anth_a", "aws/m", "gemini/gemini-2.5-pro")
RANKING = ("a", "cohere/m", "ranking/m")
ENDPOINTS = (
    Asked("/v1/chat/completions", {"messages": HI}, CHATTING, lists=("messages",)),
    Asked("/v1/completions", {"prompt": "p"}, CHATTING, ("prompt",)),
    Asked(
        "/v1/embeddings",
        {"input": ["a"]},
        ("a", "aws/amazon.titan-embed-text-v2:0", "gemini/gemini-embedding-001", "cohere/embed-v4.0"),
        lists=("input",),
    ),
    Asked(
        "/v1/images/generations",
        {"prompt": "p"},
        ("a", "aws/amazon.nova-canvas-v1:0", "gcp/imagen-4.0-generate-001", "gemini/gemini-2.5-flash-image"),
        ("prompt",),
    ),
    Asked("/v1/rerank", RANK, RANKING, ("query",), ("documents",)),
    Asked("/rerank", RANK, RANKING, ("query",), ("documents",)),
    Asked("/cohere/v2/rerank", RANK, RANKING, ("query",), ("documents",)),
    Asked("/v1/audio/speech", {"input": "a", "voice": "alloy"}, ("a",), ("input",)),
    Asked("/anthropic/v1/messages", {"max_tokens": 9, "messages": HI}, CHATTING, lists=("messages",)),
    Asked("/anthropic/v1/messages/count_tokens", {"messages": HI}, ("anth_a", "aws/m"), lists=("messages",)),
    Asked("/bedrock/model/{model}/converse", {"messages": CONVERSE}, CHATTING, lists=("messages",)),
    Asked(
        "/gemini/v1beta/models/{model}:generateContent", {"contents": CONTENTS}, CHATTING, lists=("contents",)
    ),
)
MAY_BE_OBJECTS = ("input", "query")
"""Pictures beside texts, as Jina and vLLM have them."""
ROWS = [(asked, model) for asked in ENDPOINTS for model in asked.models]


@pytest.fixture(scope="module")
def strict(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config = standard_config(loopback.url)
    config["server"]["allow_direct"] = True
    for name, options in PROVIDERS.items():
        config["providers"][name] = {**options, "base_url": f"{loopback.url}/{name}"}
    with running(config, tmp_path_factory.mktemp("strict")) as gateway:
        yield gateway
        assert "canary" not in gateway.output()


def refused(gateway: Gateway, asked: Asked, model: str, body: Json, *names: str, status: int = 400) -> None:
    """Whether such a body is refused, in JSON, with a name of what is wrong."""
    if "{model}" in asked.path:
        path = asked.path.replace("{model}", model.replace("/", "%2F"))
    else:
        path, body = asked.path, {"model": model, **body}
    answer = post(gateway.url, path, {name: value for name, value in body.items() if value is not ...})
    assert answer.status == status, answer.body
    assert answer.headers["content-type"].startswith("application/json")
    assert any(name in json.dumps(answer.json()) for name in names), answer.body


every = pytest.mark.parametrize(("asked", "model"), ROWS, ids=[f"{row[0].path}-{row[1]}" for row in ROWS])


@every
def test_a_field_that_is_missing(upstream: Upstream, strict: Gateway, asked: Asked, model: str) -> None:
    for name in (*asked.texts, *asked.lists):
        for nothing in (..., None):
            refused(strict, asked, model, {**asked.body, name: nothing}, name)
    assert not upstream.received


@every
def test_a_field_of_a_wrong_type(upstream: Upstream, strict: Gateway, asked: Asked, model: str) -> None:
    for name in (*asked.texts, *asked.lists):
        for wrong in (5, True, *([] if name in MAY_BE_OBJECTS else [{"a": 1}])):
            refused(strict, asked, model, {**asked.body, name: wrong}, name)
    assert not upstream.received


@every
def test_a_list_of_nothing(upstream: Upstream, strict: Gateway, asked: Asked, model: str) -> None:
    for name in asked.lists:
        refused(strict, asked, model, {**asked.body, name: []}, name)
    assert not upstream.received


@pytest.mark.parametrize("asked", [asked for asked in ENDPOINTS if "{model}" not in asked.path], ids=str)
def test_a_model_that_is_none(upstream: Upstream, strict: Gateway, asked: Asked) -> None:
    for wrong in (..., None, "", 5, ["a"], {"a": "b"}):
        answer: Any = {"model": wrong}
        refused(strict, asked, "", {**asked.body, **answer}, "model")
    refused(strict, asked, "nobody", asked.body, "nobody", status=404)
    assert not upstream.received


# --- what is none of JSON, or is not for this endpoint ----------------------------------------------

FORMS = ("/v1/images/edits", "/v1/images/variations", "/v1/audio/transcriptions", "/v1/audio/translations")
FORM = {"content-type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize("asked", ENDPOINTS, ids=lambda asked: asked.path)
def test_a_form_where_json_is_wanted(upstream: Upstream, strict: Gateway, asked: Asked) -> None:
    path = asked.path.replace("{model}", "a")
    form = b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\na\r\n--x--\r\n'
    for kind in (FORM["content-type"], "application/x-www-form-urlencoded", "text/plain"):
        answer = post(strict.url, path, form, {"content-type": kind})
        assert answer.status == 415 and "application/json" in json.dumps(answer.json())
    for body in (b"", b"{", b"[]", b"null", form):
        assert post(strict.url, path, body).status == 400
    assert not upstream.received


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"--x--\r\n",
        b"--x\r\n",
        b"--y\r\ncontent-disposition: form-data\r\n\r\na\r\n--y--\r\n",
        b"--x\r\nno head at all",
        b'--x\r\ncontent-disposition: form-data; name="prompt"\r\n\r\na\r\n--x--\r\n',
    ],
)
def test_a_form_that_is_none_or_names_no_model(
    upstream: Upstream, strict: Gateway, path: str, form: bytes
) -> None:
    answer = post(strict.url, path, form, FORM)
    assert answer.status == 400, answer.body
    said = json.dumps(answer.json())
    assert "model" in said or "form" in said
    assert not upstream.received


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/embeddings", {"input": "a"}),
        ("/v1/images/generations", {"prompt": "p"}),
        ("/v1/rerank", RANK),
        ("/cohere/v2/rerank", RANK),
        ("/v1/audio/speech", {"input": "a", "voice": "alloy"}),
    ],
)
@pytest.mark.parametrize("model", ["aws/anthropic.claude-sonnet-4", "gemini/gemini-2.5-pro", "anth_a"])
def test_a_model_that_can_do_no_such_thing(
    upstream: Upstream, strict: Gateway, path: str, body: Json, model: str
) -> None:
    if (path, model) == ("/v1/embeddings", "gemini/gemini-2.5-pro"):
        return  # names of models that embed are Google's to know
    answer = post(strict.url, path, {"model": model, **body})
    assert answer.status == 422, answer.body
    assert any(name in json.dumps(answer.json()) for name in ("model", path.rpartition("/")[2]))
    assert not upstream.received


# --- ten megabytes ----------------------------------------------------------------------------------

LONG = "x" * (10 * 2**20)
MANY = ["x" * 120_000] * 90
LARGE = (
    ("/v1/embeddings", {"input": MANY}, "input"),
    ("/v1/images/generations", {"prompt": LONG}, "prompt"),
    ("/v1/rerank", {"query": "q", "documents": MANY}, "documents"),
    ("/cohere/v2/rerank", {"query": "q", "documents": MANY}, "documents"),
)


@pytest.fixture(scope="module", params=[50, 8], ids=["within", "above"])
def limited(
    request: pytest.FixtureRequest, loopback: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gateway, bool]]:
    """A gateway whose limit is in MiB, and whether ten megabytes are within it."""
    config = standard_config(loopback.url)
    config["server"] |= {"allow_direct": True, "max_request_bytes": f"{request.param}MiB"}
    for name, dialect in (("demo", "openai_chat"), ("demo-cohere", "cohere_rerank")):
        config["providers"][name] = {"type": "demo", "dialect": dialect}
    config["providers"]["demo-google"] = {"type": "demo", "dialect": "gemini_generate"}
    with running(config, tmp_path_factory.mktemp("limited")) as gateway:
        yield gateway, request.param > 10


@pytest.mark.parametrize(("path", "body", "field"), LARGE, ids=[path for path, *_ in LARGE])
@pytest.mark.parametrize("provider", ["demo", "demo-google", "demo-cohere"])
def test_ten_megabytes(
    limited: tuple[Gateway, bool], path: str, body: Json, field: str, provider: str
) -> None:
    gateway, within = limited
    answers = {"demo-google": ("input", "prompt"), "demo-cohere": ("input", "documents")}
    if field not in answers.get(provider, field):
        return  # it has nobody to ask there
    answer = post(gateway.url, path, {"model": f"{provider}/hello", **body})
    assert answer.headers["content-type"].startswith("application/json")
    told = answer.json()
    if not within:
        assert answer.status == 413 and told["error"]["message"]
        return
    assert answer.status == 200, answer.body[:500]
    assert len(told.get("data") or told.get("results")) == (1 if field == "prompt" else len(MANY))
