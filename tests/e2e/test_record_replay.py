"""What was recorded once is answered again, without a provider, through the whole chain."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e import answers
from tests.e2e.answers import PARIS_AND_ROME, saying, streamed, streaming, whole
from tests.e2e.client import CHAT, CLIENT_SECRETS, MESSAGES, chat, messages, post
from tests.gateway import PROVIDER_KEY, running, standard_config
from tests.upstream import Upstream

REQUESTS: list[tuple[str, Any]] = [
    (CHAT, chat("a", "whole")),
    (CHAT, chat("a", "streamed", stream=True)),
    (CHAT, chat("anth_a", "translated")),
    (CHAT, chat("anth_a", "translated, streamed", stream=True)),
    (MESSAGES, messages("anth_a", "whole")),
    (MESSAGES, messages("a", "translated, streamed", stream=True)),
    (CHAT, chat("a-anth_a", "fallback", stream=True)),
    (MESSAGES, messages("renamed-a", "refused by the provider")),
]


def script(upstream: Upstream) -> None:
    """The answers to `REQUESTS`."""
    tools = PARIS_AND_ROME
    upstream.script("a", whole(saying("a", "one", tools)), streamed(streaming("a", "two")))
    upstream.script(
        "anth_a", whole(saying("anth_a", "three")), streamed(streaming("anth_a", "four", tools=tools))
    )
    upstream.script("anth_a", whole(saying("anth_a", "five")))
    upstream.script("a", streamed(streaming("a", "six", tools=tools)), whole(answers.openai_error(), 429))
    upstream.script("anth_a", streamed(streaming("anth_a", "seven")))
    upstream.script("a", whole(answers.openai_error("no"), 400))


def ask_all(url: str) -> list[tuple[int, str, bytes]]:
    """Status, provider and body of each answer."""
    headers = {"x-request-id": "same", **CLIENT_SECRETS}
    got = [post(url, path, body, headers) for path, body in REQUESTS]
    return [(answer.status, answer.headers["x-dragoman-provider"], answer.body) for answer in got]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path, list[Any]]:
    """The configuration, the flow file and the answers; the provider has gone since."""
    folder = tmp_path_factory.mktemp("record")
    upstream = Upstream()
    config, flows = standard_config(upstream.url), folder / "flows"
    script(upstream)
    with running(config, folder, "--record", str(flows)) as gateway:
        recorded = ask_all(gateway.url)
    assert not upstream.finish()
    upstream.close()
    return config, flows, recorded


def test_what_was_recorded(recording: tuple[Any, Path, list[Any]]) -> None:
    _, flows, recorded = recording
    assert [status for status, _, _ in recorded] == [200] * 7 + [400]
    assert recorded[6][1] == "anth_a"
    assert flows.stat().st_size > 1000


def test_the_replay_is_identical(recording: tuple[Any, Path, list[Any]], tmp_path: Path) -> None:
    config, flows, recorded = recording
    with running(config, tmp_path, "--replay", str(flows)) as gateway:
        assert ask_all(gateway.url) == recorded


def test_the_replay_knows_nothing_else(recording: tuple[Any, Path, list[Any]], tmp_path: Path) -> None:
    config, flows, _ = recording
    with running(config, tmp_path, "--replay", str(flows)) as gateway:
        answer = post(gateway.url, CHAT, chat("a", "never asked before"))
        assert answer.status >= 400
        assert answer.json()["error"]["message"]


def test_the_recording_holds_no_secret(recording: tuple[Any, Path, list[Any]]) -> None:
    data = recording[1].read_bytes()
    assert PROVIDER_KEY.encode() not in data
    for secret in CLIENT_SECRETS.values():
        assert secret.split()[-1].encode() not in data
