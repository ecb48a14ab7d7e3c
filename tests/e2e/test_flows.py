"""Recorded calls as tests: the project's own, and what `dragoman test` says of recordings that differ."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from mitmproxy import http
from mitmproxy.io import FlowReader

from tests.flows.__main__ import FOLDER, KEYS, REQUESTS, write
from tests.gateway import REPOSITORY, run_command

CONFIG = FOLDER / "config.yaml"


def dragoman_test(*arguments: str | Path, folder: Path, config: Path = CONFIG) -> tuple[int, list[str]]:
    """The exit code, and what is printed."""
    given = map(str, (*arguments, "--config", config))
    done = run_command("test", *given, folder=folder)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def flows_in(file: Path) -> list[http.HTTPFlow]:
    with open(file, "rb") as opened:
        return [flow for flow in FlowReader(opened).stream() if isinstance(flow, http.HTTPFlow)]


@pytest.fixture
def some(tmp_path: Path) -> Path:
    """A few of the recordings, to be changed."""
    folder = tmp_path / "flows"
    folder.mkdir()
    for name in ("chat-translated", "messages-translated-streamed", "fallback-after-429-streamed"):
        shutil.copy(FOLDER / f"{name}.flow", folder)
    return folder


def changed(tmp_path: Path, *providers: str, **edits: Any) -> Path:
    """Another configuration: these fields are set in what these providers are asked."""
    config = yaml.safe_load(CONFIG.read_text())
    for provider in providers:
        config["providers"][provider] |= edits
    file = tmp_path / "changed.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


def test_the_projects_own(tmp_path: Path) -> None:
    """All of them are as they were; no key is set, and none is in the files."""
    code, lines = dragoman_test(FOLDER, folder=tmp_path)
    assert (code, lines[-1]) == (0, f"{len(REQUESTS)} ok"), lines
    assert {file.stem for file in FOLDER.glob("*.flow")} == REQUESTS.keys()
    for file in FOLDER.glob("*.flow"):
        assert not any(key.encode() in file.read_bytes() for key in KEYS.values())
        assert b"canary" not in file.read_bytes()


def test_they_come_out_alike_each_time(tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in FOLDER.glob("*.flow")}
    assert dragoman_test(FOLDER, folder=tmp_path) == dragoman_test(FOLDER, folder=tmp_path)
    assert {file: file.read_bytes() for file in FOLDER.glob("*.flow")} == before


def test_another_request_upstream_is_found_and_accepted(some: Path, tmp_path: Path) -> None:
    config = changed(tmp_path, "demo", "demo-claude", body={"set": {"service_tier": "flex"}})
    code, lines = dragoman_test(some, folder=tmp_path, config=config)
    place = lines.index("    attempt 2, body.service_tier")
    assert lines[place + 1 : place + 3] == ["      recorded: nothing", '      now:      "flex"']
    assert (code, lines[-1]) == (1, "3 differs")
    assert dragoman_test(some, "--update", folder=tmp_path, config=config)[0] == 0
    assert dragoman_test(some, folder=tmp_path, config=config) == (
        0,
        [line.replace("differs  ", "ok       ") for line in lines if line.startswith("differs")] + ["3 ok"],
    )
    assert dragoman_test(some, folder=tmp_path)[0] == 1, "the recordings have changed"


def test_another_answer_is_found(some: Path, tmp_path: Path) -> None:
    file = some / "messages-translated-streamed.flow"
    client, attempt = flows_in(file)
    assert client.response and client.response.raw_content
    client.response.raw_content = client.response.raw_content.replace(b'"end_turn"', b'"max_tokens"')
    write(file, [client, attempt])
    code, lines = dragoman_test(file, folder=tmp_path)
    assert code == 1
    assert lines[1].startswith("    answer, event ") and lines[1].endswith(
        "(message_delta): delta.stop_reason"
    )
    assert lines[2:4] == ['      recorded: "max_tokens"', '      now:      "end_turn"']


def test_long_streams_are_compared_to_their_ends(tmp_path: Path) -> None:
    file = tmp_path / "long.flow"
    client, attempt = flows_in(FOLDER / "chat-streamed.flow")
    assert client.response and attempt.response and attempt.response.raw_content
    first, *rest = attempt.response.raw_content.split(b"\n\n")
    body = b"\n\n".join([first, *[rest[0]] * 5000, *rest])
    client.response.raw_content = attempt.response.raw_content = body
    assert len(body) > 1_200_000
    write(file, [client, attempt])
    code, lines = dragoman_test(file, folder=tmp_path)
    assert code == 0, lines
    client.response.raw_content = body.replace(b'"finish_reason":"stop"', b'"finish_reason":"length"')
    assert client.response.raw_content != body
    write(file, [client, attempt])
    code, lines = dragoman_test(file, folder=tmp_path)
    assert code == 1 and lines[1].endswith(": choices[0].finish_reason"), lines


def test_another_backend_is_found(some: Path, tmp_path: Path) -> None:
    """A route that has lost the backend which has answered."""
    config = yaml.safe_load(CONFIG.read_text())
    config["routes"][0]["backends"] = [{"provider": "demo", "model": "429"}]
    config["routes"][0]["retry"] = {"attempts": 1}
    (tmp_path / "changed.yaml").write_text(yaml.safe_dump(config))
    file = some / "fallback-after-429-streamed.flow"
    code, lines = dragoman_test(file, folder=tmp_path, config=tmp_path / "changed.yaml")
    assert code == 1
    assert lines[1:4] == [
        "    attempt 2",
        '      recorded: "asks demo-claude"',
        '      now:      "is not made"',
    ]
    assert "    answer, status" in lines


def test_more_attempts_than_answers_can_not_be_accepted(some: Path, tmp_path: Path) -> None:
    file = some / "fallback-after-429-streamed.flow"
    client, first, _ = flows_in(file)
    write(file, [client, first])
    before = file.read_bytes()
    code, lines = dragoman_test(file, "--update", folder=tmp_path)
    assert code == 1 and "    attempt 2" in lines
    assert any("record it again" in line for line in lines)
    assert file.read_bytes() == before


def test_what_can_not_run(some: Path, tmp_path: Path) -> None:
    (some / "broken.flow").write_bytes(b"no flows at all")
    client, _ = flows_in(some / "chat-translated.flow")
    client.response = None
    write(some / "left.flow", [client])
    code, lines = dragoman_test(some, folder=tmp_path)
    assert (code, lines[-1]) == (2, "3 ok, 2 could not run")
    assert dragoman_test(tmp_path / "nowhere", folder=tmp_path)[0] == 2
    (tmp_path / "empty").mkdir()
    assert dragoman_test(tmp_path / "empty", folder=tmp_path) == (2, ["there are no recordings"])


def test_json(some: Path, tmp_path: Path) -> None:
    done = run_command("test", "--json", str(some), "--config", str(CONFIG), folder=tmp_path)
    cases = json.loads(done.stdout)
    assert [case["verdict"] for case in cases] == ["ok"] * 3
    assert {Path(case["file"]) for case in cases} == set(some.iterdir())


def test_a_bad_configuration_is_told_as_ever(some: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("providers: {a: {type: nope}}")
    done = run_command("test", str(some), "--config", str(tmp_path / "bad.yaml"), folder=tmp_path)
    assert done.returncode == 2 and "unknown type nope" in done.stderr


def test_pytest(some: Path, tmp_path: Path) -> None:
    """The plugin is named, as it may be installed or not; pyproject.toml says that it is one."""
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"dragoman": "dragoman.addons.cases.pytest_plugin"}
    plugin = ("-p", "dragoman.addons.cases.pytest_plugin", "-p", "no:cacheprovider")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        *plugin,
        f"--rootdir={tmp_path}",
        str(tmp_path / "none.py"),
    ]
    (tmp_path / "none.py").write_text("def test_something(): pass")

    config = changed(tmp_path, "demo", body={"set": {"service_tier": "flex"}})
    command += ["--dragoman", str(some), "--dragoman-config", str(config)]
    done = subprocess.run(command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False)
    assert "2 failed, 2 passed" in done.stdout, "of the recordings, one has nothing to do with the change"
    assert "attempt 1, body.service_tier" in done.stdout
