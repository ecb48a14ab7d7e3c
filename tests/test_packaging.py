"""A wheel made of this tree, as somebody who has only the wheel would use it: outside of the checkout."""

import shutil
import sys
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from tests import oracles
from tests.e2e.client import MESSAGES, messages, post
from tests.gateway import REPOSITORY
from tests.launch import PACKAGES, environment, launched, output_of
from tests.ports import free_port

PACKAGED = ("addons", "translators")
OTHER_INPUTS = ("pyproject.toml", "setup.py", "README.md", "LICENSE")


def files(folder: Path) -> set[str]:
    """All files below it but what Python leaves there."""
    paths = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)) for path in paths}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: what a build leaves behind does not belong into the checkout."""
    tree, dist = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("dist")
    for name in PACKAGED:
        shutil.copytree(REPOSITORY / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in OTHER_INPUTS:
        shutil.copy(REPOSITORY / name, tree)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(dist), "."]
    output_of(build, tree, environment(tree))
    (built,) = dist.glob("*.whl")
    return built


@dataclass(frozen=True)
class Installed:
    """An environment that has the wheel, and sees everything else where this one has it."""

    bin: Path
    home: Path

    def dragoman(self, *arguments: str | Path) -> str:
        """What the command prints, run where there is nothing."""
        return output_of([self.bin / "dragoman", *arguments], self.home, environment(self.home))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    venv, home = tmp_path_factory.mktemp("venv"), tmp_path_factory.mktemp("home")
    env = environment(home)
    output_of([sys.executable, "-m", "venv", "--without-pip", venv], home, env)
    python = venv / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    output_of([*pip, wheel], home, env)
    (purelib,) = venv.glob("lib/python*/site-packages")
    # Plain paths: the .pth files over there, the checkout's own among them, are not read.
    (purelib / "packages.pth").write_text("\n".join(PACKAGES))
    return Installed(python.parent, home)


def test_the_wheel_holds_every_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {
        f"dragoman/{package}/{name}" for package in PACKAGED for name in files(REPOSITORY / package)
    }


def test_nothing_comes_from_the_checkout(installed: Installed) -> None:
    code = "import dragoman.addons.cli, addons, translators; print(addons.__file__, translators.__file__)"
    printed = output_of([installed.bin / "python", "-c", code], installed.home, environment(installed.home))
    places = [Path(line).is_relative_to(installed.bin.parent) for line in printed.split()]
    assert places == [True, True]


def test_version(installed: Installed) -> None:
    assert installed.dragoman("--version").split()[-1] == version("dragoman")


def test_check(installed: Installed) -> None:
    file = installed.home / "elsewhere.yaml"
    file.write_text("providers:\n  mine: {type: demo, dialect: anthropic_messages}\n")
    report = installed.dragoman("check", "--config", file)
    assert "elsewhere.yaml is good" in report and "mine" in report and "embedded" in report


def test_run_without_any_configuration(installed: Installed, tmp_path: Path) -> None:
    ports = port, admin = free_port(), free_port()
    command = [
        *(str(installed.bin / "dragoman"), "run"),
        *("--listen", f"127.0.0.1:{port}", "--admin", f"127.0.0.1:{admin}"),
    ]
    with launched(command, ports, installed.home, environment(installed.home), tmp_path) as gateway:
        answer = post(gateway.url, MESSAGES, messages("demo/hello"))
        assert answer.status == 200, answer.body
        assert oracles.check_anthropic_response(answer.json()) == []
        assert "Hi" in answer.json()["content"][0]["text"]
        assert "the environment" in gateway.output()
