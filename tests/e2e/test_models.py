"""The lists of models through the real gateway, with the vendors' SDKs: page by page, forwards and back."""

from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from tests import oracles
from tests.e2e.answers import saying, whole
from tests.e2e.client import request
from tests.gateway import Gateway, running, standard_config
from tests.upstream import Upstream

KEY = "canary-client-key"
NUMBERED = [f"m-{number:02}" for number in range(45)]
ALL = ["late", *NUMBERED, "org/named"]


@pytest.fixture(scope="module")
def library(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config = standard_config(loopback.url)
    config["server"]["api_keys"] = [KEY]
    config["providers"]["off"] = {"type": "openai", "api_key": "${NO_SUCH_KEY}"}
    backends = [{"provider": "a"}]
    config["routes"] = [
        {"models": ["red", "late"], "headers": {"x-team": "red"}, "owned_by": "red", "backends": backends},
        {"models": [*NUMBERED, "m-*"], "owned_by": "us", "created": "2024-07-18", "backends": backends},
        {"models": ["gone"], "backends": [{"provider": "off"}]},
        {"models": ["org/named", "late"], "backends": backends},
    ]
    with running(config, tmp_path_factory.mktemp("library")) as gateway:
        yield gateway
        assert "canary" not in gateway.output()


@pytest.fixture
def claude(library: Gateway) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=f"{library.url}/anthropic", api_key=KEY, max_retries=0)


@pytest.fixture
def gpt(library: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{library.url}/v1", api_key=KEY, max_retries=0)


def test_anthropics_sdk_turns_the_pages_by_itself(claude: anthropic.Anthropic) -> None:
    assert [model.id for model in claude.models.list()] == ALL
    assert [model.id for model in claude.models.list(limit=7)] == ALL
    assert [model.id for model in claude.models.list(limit=1000)] == ALL
    assert [model.id for model in claude.models.list(limit=10, after_id="m-20")] == ALL[22:]


def test_and_back(claude: anthropic.Anthropic) -> None:
    """Each page is in the list's order; the next one is what stands before it."""
    pages = [*claude.models.list(limit=10, before_id="m-34").iter_pages()]
    ids = [[model.id for model in page.data] for page in pages]
    assert ids == [ALL[25:35], ALL[15:25], ALL[5:15], ALL[:5]]
    assert [page.has_more for page in pages] == [True, True, True, False]


def test_a_page_tells_where_it_ends(claude: anthropic.Anthropic) -> None:
    page = claude.models.list()
    assert (page.first_id, page.last_id, page.has_more, len(page.data)) == (ALL[0], ALL[19], True, 20)
    last = claude.models.list(after_id=ALL[-1])
    assert (last.first_id, last.last_id, last.has_more, last.data) == (None, None, False, [])


@pytest.mark.parametrize("limit", [0, 1001])
def test_a_page_has_its_limits(claude: anthropic.Anthropic, limit: int) -> None:
    with pytest.raises(anthropic.BadRequestError, match="limit"):
        claude.models.list(limit=limit)


def test_openais_sdk_has_them_at_once(gpt: openai.OpenAI, library: Gateway) -> None:
    told = [*gpt.models.list()]
    assert [model.id for model in told] == ALL
    assert (told[1].owned_by, told[1].created, told[-1].owned_by) == ("us", 1721260800, "dragoman")
    raw = request(library.url, "GET", "/v1/models", headers={"authorization": f"Bearer {KEY}"}).json()
    assert oracles.check_openai_models_response(raw) == []


@pytest.mark.parametrize("name", ["m-07", "org/named", "late"])
def test_one_model(gpt: openai.OpenAI, claude: anthropic.Anthropic, name: str) -> None:
    assert gpt.models.retrieve(name).id == claude.models.retrieve(name).id == name


@pytest.mark.parametrize("name", ["gone", "red", "m-99", "nobody"])
def test_one_that_is_not_there(gpt: openai.OpenAI, claude: anthropic.Anthropic, name: str) -> None:
    with pytest.raises(openai.NotFoundError, match=name):
        gpt.models.retrieve(name)
    with pytest.raises(anthropic.NotFoundError, match=name):
        claude.models.retrieve(name)


def test_who_may_not_ask_is_told_nothing(library: Gateway) -> None:
    for client in (openai.OpenAI, anthropic.Anthropic):
        prefix = "/v1" if client is openai.OpenAI else "/anthropic"
        sdk: Any = client(base_url=library.url + prefix, api_key="wrong", max_retries=0)
        with pytest.raises((openai.AuthenticationError, anthropic.AuthenticationError)):
            sdk.models.list()


@pytest.mark.parametrize(("team", "owner"), [("red", "red"), ("blue", "dragoman")])
def test_what_is_listed_can_be_called(upstream: Upstream, library: Gateway, team: str, owner: str) -> None:
    client = openai.OpenAI(
        base_url=f"{library.url}/v1", api_key=KEY, max_retries=0, default_headers={"x-team": team}
    )
    listed = {model.id: model.owned_by for model in client.models.list()}
    assert listed["late"] == owner and ("red" in listed) == (team == "red")
    for name in [name for name in ("red", "late", "org/named", NUMBERED[0]) if name in listed]:
        upstream.script("a", whole(saying("a")))
        said = client.chat.completions.create(model=name, messages=[{"role": "user", "content": "Hi"}])
        assert said.choices
    if team != "red":
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="red", messages=[{"role": "user", "content": "Hi"}])


@pytest.mark.parametrize("path", ["/v1/models", "/anthropic/v1/models"])
def test_a_list_is_only_read(library: Gateway, path: str) -> None:
    refused = request(library.url, "POST", path, {}, {"authorization": f"Bearer {KEY}"})
    assert refused.status == 405 and refused.headers["allow"] == "GET"
