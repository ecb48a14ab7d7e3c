"""One provider and one gateway for all tests: starting takes seconds."""

from collections.abc import Iterator

import anthropic
import openai
import pytest

from tests.gateway import Gateway, running, standard_config
from tests.upstream import Upstream


@pytest.fixture(scope="session")
def loopback() -> Iterator[Upstream]:
    """The fake provider's process-wide self; tests use `upstream`."""
    server = Upstream()
    yield server
    server.close()


@pytest.fixture
def upstream(loopback: Upstream) -> Iterator[Upstream]:
    """The fake provider, with nothing scripted. A request that the test has not foreseen is a failure."""
    yield loopback
    unscripted = loopback.finish()
    assert not unscripted


@pytest.fixture(scope="session")
def gateway(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway that most tests share, with `standard_config`."""
    with running(standard_config(loopback.url), tmp_path_factory.mktemp("gateway")) as shared:
        yield shared


@pytest.fixture
def openai_sdk(gateway: Gateway) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="canary-client-bearer", max_retries=0)


@pytest.fixture
def anthropic_sdk(gateway: Gateway) -> anthropic.Anthropic:
    url = f"{gateway.url}/anthropic"
    return anthropic.Anthropic(base_url=url, api_key="canary-client-x-api-key", max_retries=0)
