"""What README.md tells people to type: it works, word for word."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
import yaml

from addons.cli import main
from addons.config_load import parse
from tests.gateway import REPOSITORY, Gateway, running
from tests.launch import SLOWEST

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
TEXT = PAGES[0].read_text()


LATER = TEXT.split("make run", 2)[2]
"""What follows the first minute, whose lines are typed in test_newcomer.py."""


def blocks(language: str, text: str = TEXT) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """With the repository's own providers, and the route of the picture."""
    config = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    config |= {"routes": yaml.safe_load((REPOSITORY / "docs" / "fallback.yaml").read_text())["routes"]}
    config["server"]["allow_direct"] = True
    with running(config, tmp_path_factory.mktemp("readme")) as one:
        yield one


def here(block: str, gateway: Gateway) -> str:
    """The same, at the gateway of this test."""
    return block.replace("http://127.0.0.1:1975", gateway.url)


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl on this machine")
@pytest.mark.parametrize("block", [block for block in blocks("sh", LATER) if block.startswith("curl")])
def test_curl_lines_are_answered(block: str, gateway: Gateway) -> None:
    command = ["sh", "-c", here(block, gateway).rstrip() + " -sS"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=SLOWEST, check=True).stdout
    assert ("event: error" if "error-mid" in block else "Hello") in answer
    assert ("attempts: 2" in answer) == ("assistant" in block)


@pytest.mark.parametrize("block", blocks("python"))
def test_sdks_are_answered(block: str, gateway: Gateway) -> None:
    with redirect_stdout(StringIO()) as printed:
        exec(here(block, gateway), {})
    assert printed.getvalue().startswith("Hello from the demo!")


def test_configurations_load() -> None:
    (routes,) = (block for block in blocks("yaml") if block.startswith("routes:"))
    for block in blocks("yaml"):
        if block.startswith("providers:"):
            env = dict.fromkeys(re.findall(r"\$\{(\w+)", block), "value")
            assert not parse(block, env).warnings
    names = ("openai", "anthropic", "groq")
    config = parse("providers:\n" + "".join(f"  {name}: {{type: {name}}}\n" for name in names) + routes, {})
    assert not config.warnings
    assert [backend.provider for backend in config.routes[0].backends] == ["openai", "groq", "anthropic"]


def test_parts_of_configurations_are_known() -> None:
    parts = [block for block in blocks("yaml") if block.startswith("server:")]
    providers = "providers: {openai: {type: openai}, groq: {type: openai}}\n"
    configs = [parse(providers + part, {}) for part in parts]
    assert not any(config.warnings for config in configs)
    assert any(config.routes and config.routes[0].balance == "least_in_flight" for config in configs)
    assert any(config.server.record for config in configs) and any(config.server.health for config in configs)


def test_options_exist() -> None:
    given = re.findall(r'make run ARGS="?([^"`\n]*)', TEXT)
    named = {option for arguments in given for option in shlex.split(arguments) if option.startswith("--")}
    known = {name for parameter in main.commands["run"].params for name in parameter.opts}
    assert named >= {"--record", "--replay", "--config", "--web"}
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if "://" not in link]
    assert links or page.name not in ("README.md", "reference.md")
    assert not [link for link in links if not (page.parent / link.partition("#")[0]).exists()]
