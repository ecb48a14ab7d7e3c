"""`dragoman demo`: the matrix that a newcomer can run."""

from pathlib import Path

from addons.config_types import TYPES
from addons.showcase import PROVIDERS, asked
from tests.gateway import run_command
from translators.hosts import PRESETS

NO_CHAT = {"aws-rerank", "gcp-ranking", "demo"}
"""Types that only rank, and the embedded provider itself."""


def test_every_type_of_provider_is_in_it() -> None:
    assert PROVIDERS.keys() - PRESETS.keys() == TYPES.keys() - PRESETS.keys() - NO_CHAT
    assert PROVIDERS.keys() & PRESETS.keys()


def test_every_api_is_asked_by_its_own_path() -> None:
    paths = [path for stream in (False, True) for _, path, _ in asked("openai/hello", "Hi", stream)]
    assert "/gemini/v1beta/models/openai%2Fhello:streamGenerateContent?alt=sse" in paths
    assert "/bedrock/model/openai%2Fhello/converse" in paths


def test_it_is_asked_live_and_all_answers_are_good(tmp_path: Path) -> None:
    done = run_command("demo", "--model", "length", folder=tmp_path)
    head, *rows, sum = done.stdout.splitlines()
    assert head.split() == ["chat", "completions", "messages", "gemini", "converse"]
    assert [row.split()[0] for row in rows] == list(PROVIDERS)
    assert sum.startswith(f"{len(rows) * 10} of {len(rows) * 10} ")


def test_failures_are_shown_as_they_are(tmp_path: Path) -> None:
    done = run_command("demo", "--model", "400", folder=tmp_path)
    assert "0 of 100 answered with 200" in done.stdout and " 400 " in done.stdout
