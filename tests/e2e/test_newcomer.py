"""The first minute with a fresh clone: what the README says to type is typed, from `git clone` on."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import dropwhile, takewhile
from pathlib import Path

import pytest

from tests import oracles
from tests.e2e.client import CHAT, MESSAGES
from tests.gateway import REPOSITORY, Gateway
from tests.launch import PACKAGES, environment, launched, output_of
from tests.ports import free_port

MISSING = [name for name in ("git", "make", "curl") if not shutil.which(name)]

pytestmark = pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("CI"), reason=f"there is no {', '.join(MISSING)} on this machine"
)

LOCK = REPOSITORY / "requirements-dev.txt"
LISTEN = "127.0.0.1:1975"
FAIL_ON_ERRORS = "silent\nshow-error\nfail-with-body\n"
"""Options for curl, whose lines can so be run as they are: a status of 400 or more is a failure."""


@dataclass(frozen=True)
class Newcomer:
    """A machine where nothing but the fresh clone is known, and the README's way to it."""

    clone: Path
    env: dict[str, str]
    ports: tuple[int, int]

    def sh_blocks(self) -> Iterator[str]:
        """What is to be typed between the first `make run` and the next, which starts it otherwise."""
        found = re.findall(
            r"^```sh\n(.*?)^```$", (self.clone / "README.md").read_text(), re.MULTILINE | re.DOTALL
        )
        _, *after = dropwhile(lambda block: "make run" not in block, found)
        return takewhile(lambda block: "make run" not in block, after)

    def curl_lines(self) -> dict[tuple[str, bool], str]:
        """By path, and whether the answer is streamed."""
        blocks = [block for block in self.sh_blocks() if "curl" in block]
        paths = (path for block in blocks for path in (CHAT, MESSAGES) if f"{LISTEN}{path} " in block)
        return {(path, '"stream": true' in block): block for path, block in zip(paths, blocks, strict=True)}

    def type(self, lines: str) -> bytes:
        """What they print, asked of the port where the gateway happens to be."""
        lines = lines.replace(LISTEN, f"127.0.0.1:{self.ports[0]}")
        return output_of(["sh", "-ec", lines], self.clone, self.env).encode()


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """`git clone`, `make install`: without a network, as the packages of this environment are found there."""
    home = tmp_path_factory.mktemp("home")
    (home / ".curlrc").write_text(FAIL_ON_ERRORS)
    ports = port, admin = free_port(), free_port()
    env = environment(
        home,
        PYTHON=sys.executable,
        PIP_NO_INDEX="1",
        ARGS=f"--listen 127.0.0.1:{port} --admin 127.0.0.1:{admin}",
    )
    git = ["git", "-C", str(REPOSITORY), "rev-parse", "--verify", "--quiet", "HEAD"]
    if subprocess.run(git, env=env, capture_output=True, check=False).returncode:
        pytest.skip("not a git checkout")
    clone = home / "dragoman"
    output_of(["git", "clone", "--quiet", REPOSITORY, clone], home, env)
    if LOCK.read_text() != (clone / LOCK.name).read_text():
        pytest.skip(f"{LOCK.name} is not committed, and this environment has what it says")
    output_of(["make", "install"], clone, env | {"PYTHONPATH": os.pathsep.join(PACKAGES)})
    (folder,) = (clone / ".venv" / "lib").glob("python3.*/site-packages")
    (folder / "packages.pth").write_text(
        "\n".join(PACKAGES)
    )  # unlike PYTHONPATH, after what is installed here
    return Newcomer(clone, env, ports)


@pytest.fixture(scope="module")
def running_clone(newcomer: Newcomer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """`make run`."""
    log = tmp_path_factory.mktemp("log")
    with launched(["make", "run"], newcomer.ports, newcomer.clone, newcomer.env, log) as gateway:
        yield gateway


def test_the_clone_is_what_is_installed(newcomer: Newcomer) -> None:
    code = "import dragoman.addons.cli as cli; print(cli.__file__)"
    printed = output_of([newcomer.clone / ".venv/bin/python", "-c", code], newcomer.clone, newcomer.env)
    assert Path(printed.strip()) == newcomer.clone / "addons" / "cli.py"


def test_a_second_install_has_nothing_to_do(newcomer: Newcomer) -> None:
    assert "Installing" not in output_of(["make", "install"], newcomer.clone, newcomer.env)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_curl(newcomer: Newcomer, running_clone: Gateway, path: str, stream: bool) -> None:
    body = newcomer.type(newcomer.curl_lines()[path, stream])
    match path, stream:
        case "/v1/chat/completions", False:
            assert oracles.check_openai_chat_response(json.loads(body)) == []
        case "/v1/chat/completions", True:
            assert oracles.check_openai_stream(body) == []
        case _, False:
            assert oracles.check_anthropic_response(json.loads(body)) == []
        case _:
            assert oracles.check_anthropic_stream(body) == []


def test_the_curl_line_that_the_start_prints(newcomer: Newcomer, running_clone: Gateway) -> None:
    _, _, line = running_clone.output().partition("Try it:\n")
    assert b"Hello!" in newcomer.type(line)


def test_it_leaves_nothing_in_the_checkout(newcomer: Newcomer, running_clone: Gateway) -> None:
    assert output_of(["git", "status", "--porcelain"], newcomer.clone, newcomer.env) == ""


def test_a_recording_is_a_test(newcomer: Newcomer, tmp_path: Path) -> None:
    """What the README says of it, typed: record, test, change a translator, test again."""
    text = (newcomer.clone / "README.md").read_text().partition("**Recordings as tests.**")[2]
    blocks = re.findall(r"^```(?:sh)?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    record, ask, (good, change, again), shown = blocks[0], blocks[1], blocks[2].splitlines(), blocks[3]
    ports = port, admin = free_port(), free_port()
    arguments = f'{record.strip()[:-1]} --listen 127.0.0.1:{port} --admin 127.0.0.1:{admin}"'
    with launched(
        ["sh", "-ec", f"exec {arguments}"], ports, newcomer.clone, newcomer.env, tmp_path
    ) as gateway:
        asked = replace(newcomer, ports=ports).type(ask)
        assert json.loads(asked)["choices"], gateway.output()
    try:
        assert newcomer.type(good).decode().splitlines()[-1] == "1 ok"
        command = ["sh", "-c", f"{change}; {again}"]
        done = subprocess.run(
            command, cwd=newcomer.clone, env=newcomer.env, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (1, shown)
    finally:
        newcomer.type("git checkout --quiet translators; git clean --quiet --force translators")
