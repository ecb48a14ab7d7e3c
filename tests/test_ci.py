""".ci/python finds a Python that will do, on machines whose default one will not."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gateway import REPOSITORY

SCRIPT = REPOSITORY / ".ci" / "python"
NEEDED = ("bash", "ls", "cat")
"""What the script itself runs."""

FITS = 'case "$1" in -c) exit 0;; --version) echo "Python 3.12.7";; *) echo "$0 $*" >>"$CALLS";; esac'
IS_TOO_OLD = 'case "$1" in -c) exit 1;; --version) echo "Python 3.11.2";; *) echo "$0 $*" >>"$CALLS";; esac'
IS_A_SHIM = "echo 'pyenv: the command exists in these Python versions: 3.13.0' >&2; exit 127"
IS_UV = 'echo "$0 $*" >>"$CALLS"'


@dataclass(frozen=True)
class Machine:
    """A PATH with nothing on it but what the script needs, and a home."""

    root: Path

    @property
    def bin(self) -> Path:
        return self.root / "bin"

    @property
    def venv(self) -> Path:
        return self.root / "project" / ".venv"

    def has(self, path: str, does: str) -> Path:
        """A program at a path of this machine, relative to its root."""
        program = self.root / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!{self.bin / 'bash'}\n{does}\n")
        program.chmod(0o755)
        return program

    def run(self, **env: str) -> "subprocess.CompletedProcess[str]":
        given = {"PATH": str(self.bin), "HOME": str(self.root), "CALLS": str(self.root / "calls"), **env}
        command = [self.bin / "bash", SCRIPT, self.venv]
        return subprocess.run(command, env=given, capture_output=True, text=True, timeout=30, check=False)

    def made(self, **env: str) -> list[str]:
        """The commands by which the script makes the environment."""
        ended = self.run(**env)
        assert ended.returncode == 0, ended.stderr
        calls = self.root / "calls"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    for name in NEEDED:
        found = shutil.which(name)
        assert found
        (tmp_path / "bin" / name).symlink_to(os.path.realpath(found))
    return Machine(tmp_path)


@pytest.fixture
def by(machine: Machine) -> Callable[[Path], list[str]]:
    """What a Python is asked to do."""
    return lambda python: [f"{python} -m venv --clear {machine.venv}"]


type By = Callable[[Path], list[str]]


@pytest.mark.parametrize("name", ["python3", "python3.12", "python3.13"])
def test_on_the_path(machine: Machine, by: By, name: str) -> None:
    found = machine.has(f"bin/{name}", FITS)
    assert machine.made() == by(found)


def test_the_default_python_is_too_old(machine: Machine, by: By) -> None:
    machine.has("bin/python3", IS_TOO_OLD)
    found = machine.has("bin/python3.12", FITS)
    assert machine.made() == by(found)


def test_another_one_of_the_same_name_further_down_the_path(machine: Machine, by: By) -> None:
    machine.has("bin/python3", IS_TOO_OLD)
    found = machine.has("local/bin/python3", FITS)
    assert machine.made(PATH=f"{machine.bin}:{found.parent}") == by(found)


@pytest.mark.parametrize("root", ["", "elsewhere/pyenv"])
def test_a_version_of_pyenv_that_is_not_selected(machine: Machine, by: By, root: str) -> None:
    """Its shims are on the PATH, but do not run."""
    machine.has("bin/python3", IS_TOO_OLD)
    for shim in ("python3.12", "python3.13"):
        machine.has(f"bin/{shim}", IS_A_SHIM)
    folder = root or ".pyenv"
    machine.has(f"{folder}/versions/3.11.7/bin/python", IS_TOO_OLD)
    found = machine.has(f"{folder}/versions/3.13.0/bin/python", FITS)
    assert machine.made(**({"PYENV_ROOT": str(machine.root / root)} if root else {})) == by(found)


def test_a_broken_version_of_pyenv_is_passed_over(machine: Machine, by: By) -> None:
    machine.has(".pyenv/versions/3.12.1/bin/python", IS_A_SHIM)
    found = machine.has(".pyenv/versions/3.13.0/bin/python", FITS)
    assert machine.made() == by(found)


def test_only_uv(machine: Machine) -> None:
    machine.has("bin/python3", IS_TOO_OLD)
    uv = machine.has("bin/uv", IS_UV)
    assert machine.made() == [f"{uv} venv --quiet --clear --python 3.12 {machine.venv}"]


def test_a_python_is_taken_before_uv(machine: Machine, by: By) -> None:
    machine.has("bin/uv", IS_UV)
    found = machine.has("bin/python3.13", FITS)
    assert machine.made() == by(found)


def test_the_one_that_is_named(machine: Machine, by: By) -> None:
    machine.has("bin/python3.13", FITS)
    named = machine.has("opt/mine", FITS)
    assert machine.made(PYTHON=str(named)) == by(named)


def test_the_one_that_is_named_is_too_old(machine: Machine) -> None:
    """Nothing else is taken in its place."""
    machine.has("bin/python3.13", FITS)
    named = machine.has("opt/mine", IS_TOO_OLD)
    ended = machine.run(PYTHON=str(named))
    assert ended.returncode == 1 and str(named) in ended.stderr


def test_an_environment_that_fits_is_kept(machine: Machine) -> None:
    machine.has("project/.venv/bin/python", FITS)
    machine.has("bin/python3.13", FITS)
    assert machine.made() == []


def test_an_environment_of_an_older_python_is_made_anew(machine: Machine, by: By) -> None:
    machine.has("project/.venv/bin/python", IS_TOO_OLD)
    found = machine.has("bin/python3.13", FITS)
    assert machine.made() == by(found)


def test_nothing_will_do(machine: Machine) -> None:
    machine.has("bin/python3", IS_TOO_OLD)
    ended = machine.run()
    assert ended.returncode == 1
    assert "Python 3.12" in ended.stderr and "make PYTHON=" in ended.stderr
