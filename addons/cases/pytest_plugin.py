"""A plugin for pytest: `pytest --dragoman DIR` makes each recording in DIR a test.

The calls are made by `dragoman test`, in a process of its own: nothing of the gateway is loaded into pytest.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_TOLD = pytest.StashKey[dict[Path, list[dict[str, Any]]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dragoman", "calls that Dragoman has recorded")
    group.addoption(
        "--dragoman", action="append", default=[], metavar="DIR", help="Test the *.flow in DIR too."
    )
    group.addoption("--dragoman-config", metavar="FILE", help="The config.yaml that they are tested with.")


def pytest_configure(config: pytest.Config) -> None:
    config.args += [str(place) for place in places(config) if str(place) not in config.args]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == ".flow" and any(map(file_path.is_relative_to, places(parent.config))):
        return RecordingFile.from_parent(parent, path=file_path)  # pyright: ignore[reportUnknownMemberType]
    return None


def places(config: pytest.Config) -> list[Path]:
    """Where recordings are tested."""
    given: list[str] = config.getoption("--dragoman") or []
    return [Path(place).resolve() for place in given]


class RecordingFile(pytest.File):
    """One *.flow file."""

    def collect(self) -> Iterator[pytest.Item]:
        yield RecordedCalls.from_parent(self, name="calls")  # pyright: ignore[reportUnknownMemberType]


class RecordedCalls(pytest.Item):
    """All calls of one file."""

    def runtest(self) -> None:
        cases = told(self.config).get(self.path, [])
        assert cases, "dragoman test has said nothing about it"
        if wrong := [case["text"] for case in cases if case["verdict"] != "ok"]:
            raise Differs("\n".join(wrong))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        differs = isinstance(excinfo.value, Differs)
        return str(excinfo.value) if differs else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"recorded calls of {self.path.name}"


class Differs(Exception):
    """Not as it was; the text says what."""


def told(config: pytest.Config) -> dict[Path, list[dict[str, Any]]]:
    """What came of each case, by file. All of them are run at once, when the first is asked for."""
    if _TOLD not in config.stash:
        found = dict[Path, list[dict[str, Any]]]()
        for case in _run(config):
            found.setdefault(Path(case["file"]), []).append(case)
        config.stash[_TOLD] = found
    return config.stash[_TOLD]


def _run(config: pytest.Config) -> list[dict[str, Any]]:
    chosen = ["--config", file] if (file := config.getoption("--dragoman-config")) else []
    command = [
        sys.executable,
        "-m",
        "dragoman.addons.cli",
        "test",
        "--json",
        *chosen,
        *map(str, places(config)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        cases: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError:
        raise Differs(f"dragoman test has failed:\n{done.stderr}") from None
    return cases
