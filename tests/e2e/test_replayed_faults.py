"""What went wrong once goes wrong again when it is replayed, and the client is told the same."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.answers import at_once, head, saying, streamed, streaming, whole
from tests.e2e.client import CHAT, MESSAGES, chat, messages, post
from tests.e2e.client import streaming as reading
from tests.gateway import Json, eventually, running, standard_config
from tests.upstream import Hold, Step, Upstream, close, hang, reset

CUT = [head(200, {"Content-Type": "application/json", "Content-Length": "999"}) + b'{"id": "x"', close]
"""The beginning of a whole answer."""
READ = Hold()
"""Released when the client has read what a reset, coming too early, would discard."""
LONG = ["x" * 4000] * 500
"""Pieces of a stream that comes to more than is kept of what nobody records."""


def begun(provider: str, *ending: Step) -> list[Step]:
    """A stream that breaks off."""
    frames = streaming(provider, "so far", "never seen")
    seen = next(number for number, frame in enumerate(frames) if b"never seen" in frame)
    return streamed([*frames[:seen], *ending])


CASES: dict[str, tuple[str, Any, dict[str, list[Step]]]] = {
    "reset": (CHAT, chat("a-b"), {"a": [reset], "b": [reset]}),
    "refused": (CHAT, chat("refused"), {}),
    "silent": (MESSAGES, messages("all-hasty-a-b"), {"a": [hang], "b": [hang]}),
    "whole and cut": (CHAT, chat("a-b"), {"a": CUT, "b": CUT}),
    "falls back": (CHAT, chat("a-anth_a"), {"a": [reset], "anth_a": whole(saying("anth_a"))}),
    "cut": (CHAT, chat("a", stream=True), {"a": begun("a", READ, reset)}),
    "cut and translated": (MESSAGES, messages("a", stream=True), {"a": begun("a", close)}),
    "falls silent": (CHAT, chat("idle-anth_a", stream=True), {"anth_a": at_once(begun("anth_a", hang))}),
    "long": (CHAT, chat("anth_a", stream=True), {"anth_a": streamed(streaming("anth_a", *LONG))}),
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Json, Path, dict[str, Any]]:
    """The configuration, the recordings by case, and what clients were told."""
    folder = tmp_path_factory.mktemp("faults")
    upstream, told = Upstream(), dict[str, Any]()
    config = standard_config(upstream.url)
    flows = folder / "all.flow"
    with running(config, folder, "--record", str(flows)) as gateway:
        for name, (path, body, scripts) in CASES.items():
            for provider, steps in scripts.items():
                upstream.script(provider, steps)
            told[name] = asked(gateway.url, path, body, name)
    upstream.finish()
    upstream.close()
    return config, flows, told


def asked(url: str, path: str, body: Any, name: str) -> tuple[int, str | None, bytes]:
    """Status, number of attempts and body."""
    body = body | ({"user": name} if path == CHAT else {"metadata": {"user_id": name}})
    with reading(url, path, body, {"x-request-id": name.replace(" ", "-")}) as answer:
        if name == "cut":
            answer.until(b"so far")
            READ.release()
        return answer.status, answer.headers.get("x-dragoman-attempts"), answer.rest()


def test_what_was_recorded(recorded: tuple[Json, Path, dict[str, Any]]) -> None:
    told = recorded[2]
    statuses = {name: status for name, (status, _, _) in told.items()}
    assert statuses == {"reset": 502, "refused": 502, "silent": 504, "whole and cut": 502} | dict.fromkeys(
        ("falls back", "cut", "cut and translated", "falls silent", "long"), 200
    )
    assert b"first byte timeout" in told["silent"][2] and b"idle timeout" in told["falls silent"][2]
    assert len(told["long"][2]) > 2_000_000 and told["long"][2].endswith(b"data: [DONE]\n\n")


def test_the_replay_is_identical(recorded: tuple[Json, Path, dict[str, Any]], tmp_path: Path) -> None:
    config, flows, told = recorded
    with running(config, tmp_path, "--replay", str(flows)) as gateway:
        again = {name: asked(gateway.url, *CASES[name][:2], name) for name in reversed(CASES)}
    for name, (status, attempts, body) in told.items():
        assert (name, *again[name][:2]) == (name, status, attempts)
        assert again[name][2] == body, name


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_what_is_not_recorded_is_not_found(
    recorded: tuple[Json, Path, dict[str, Any]], tmp_path: Path, path: str
) -> None:
    config, flows, _ = recorded
    with running(config, tmp_path, "--replay", str(flows)) as gateway:
        answer = post(gateway.url, path, (chat if path == CHAT else messages)("a-b", "never asked"))
        logged = eventually(gateway.access_log, "no line")[0]
    assert answer.status == 404 and logged["status"] == 404
    assert answer.json()["type"] == "error" and "not in the recording" in answer.message
    assert answer.headers["x-dragoman-attempts"] == "1", "nobody else is asked either"
