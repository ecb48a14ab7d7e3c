import itertools
from pathlib import Path

import click.testing
import pytest

from addons import cli

CONFIG = "providers: {demo: {type: demo}, openai: {type: openai, api_key: ${OPENAI_API_KEY}}}"


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Calls the command in a directory of its own, which has a good config.yaml."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "config.yaml").write_text(CONFIG)
    runner = click.testing.CliRunner()
    return lambda *arguments: runner.invoke(cli.main, arguments)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """What would have been started, instead of starting it."""
    calls: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(cli, "_command", lambda name: lambda arguments: calls.append((name, arguments)))
    return calls


def options(arguments: list[str]) -> dict[str, str]:
    pairs = itertools.pairwise(arguments)
    return dict(value.split("=", 1) for name, value in pairs if name == "--set")


def test_version(invoke) -> None:
    assert invoke("--version").output == "dragoman, version 0.1.0\n"


def test_check_shows_a_good_configuration(invoke) -> None:
    result = invoke("check")
    assert result.exit_code == 0
    assert result.stdout.startswith("config.yaml is good.\n")
    assert "disabled: OPENAI_API_KEY is not set" in result.stdout


@pytest.mark.parametrize("command", ["check", "models", "providers", "run"])
def test_a_bad_configuration_is_told_on_stderr(command: str, invoke, started, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("a: 1\nroutes: 3\n")
    result = invoke(command, "--config", "bad.yaml")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert [line.partition("bad.yaml")[2][:3] for line in result.stderr.splitlines()] == [":1:", ":2:"]
    assert not started


def test_a_missing_file_is_an_error(invoke) -> None:
    result = invoke("check", "--config", "none.yaml")
    assert result.exit_code == 1
    assert "none.yaml: can't be read" in result.stderr


def test_without_a_file_the_environment_speaks(
    invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").unlink()
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    result = invoke("check")
    assert result.stdout.startswith("the environment is good.\n")
    assert "https://api.openai.com/v1  ready" in result.stdout
    assert "canary" not in result.output


def test_models_and_providers_are_tables(invoke) -> None:
    assert "demo/hello" in invoke("models").stdout
    assert "azure-openai" in invoke("providers").stdout.partition("SERVES")[2]


def test_status_asks_where_the_file_says(invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []
    told = {"configuration": "c", "generation": 7, "last_reload": "success", "in_flight": 0}
    told |= {"draining": False, "routes": []}
    monkeypatch.setattr(cli, "_ask", lambda url: asked.append(url) or told)
    assert "generation 7" in invoke("status").stdout
    assert '"generation": 7' in invoke("status", "--json", "--admin", "[::1]:9").stdout
    assert asked == ["http://127.0.0.1:1064/status", "http://[::1]:9/status"]
    (tmp_path / "off.yaml").write_text("server: {admin: off}")
    assert "is off" in invoke("status", "--config", "off.yaml").stderr
    (tmp_path / "bad.yaml").write_text("a: 1")
    result = invoke("status", "--config", "bad.yaml")
    assert result.exit_code == 1 and "bad.yaml:1: a" in result.stderr and "--admin" in result.stderr


def test_run_is_mitmdump_with_the_gateway(invoke, started, tmp_path: Path) -> None:
    result = invoke("run")
    assert result.exit_code == 0, result.output
    assert "Try it:" in result.stderr
    ((tool, arguments),) = started
    assert tool == "mitmdump"
    assert arguments[:2] == ["-s", str(Path(cli.__file__).with_name("gateway.py"))]
    assert arguments[2:8] == ["--listen-host", "127.0.0.1", "--listen-port", "1975", "--mode", cli.NOWHERE]
    assert options(arguments) == {
        "confdir": str(tmp_path / "state" / "dragoman"),
        "gateway_config": "",
        "gateway_log_format": "text",
        "keep_host_header": "true",
        "connection_strategy": "lazy",
        "termlog_verbosity": "warn",
        "flow_detail": "0",
    }
    assert (tmp_path / "state" / "dragoman").stat().st_mode & 0o777 == 0o700


def test_run_passes_on_what_it_is_told(invoke, started, tmp_path: Path) -> None:
    (tmp_path / "in.flow").touch()
    files = ("--record", "out.flow", "--replay", "in.flow")
    places = ("--config", "config.yaml", "--listen", "[::1]:80", "--admin", "off")
    result = invoke("run", *places, *files, "--log-format", "json", "-v")
    assert result.exit_code == 0, result.output
    arguments = started[0][1]
    assert arguments[3:6] == ["::1", "--listen-port", "80"]
    assert arguments[8:10] == ["-S", "in.flow"]
    assert f"gateway_record={Path.cwd() / 'out.flow'}" in arguments
    found = options(arguments)
    assert found["gateway_config"] == "config.yaml"
    assert found["gateway_admin"] == "off"
    assert found["gateway_log_format"] == "json"
    assert found["termlog_verbosity"] == "info"
    assert found["server_replay_extra"] == "404"
    assert "admin          off\n" in result.stderr


@pytest.mark.parametrize(
    ("host", "block"),
    [("127.0.0.1", None), ("localhost", None), ("0.0.0.0", "false"), ("a.example", "false")],
)
def test_strangers_may_come_in_where_they_are_listened_to(
    host: str, block: str | None, invoke, started
) -> None:
    invoke("run", "--listen", f"{host}:80")
    assert options(started[0][1]).get("block_global") == block


@pytest.mark.parametrize(
    ("given", "place"), [(["--web"], "127.0.0.1:8081"), (["--web", "127.0.0.1:9"], "127.0.0.1:9")]
)
def test_web_is_mitmweb_with_a_password_that_is_shown_once(
    given: list[str], place: str, invoke, started
) -> None:
    result = invoke("run", *given)
    ((tool, arguments),) = started
    found = options(arguments)
    token = result.stderr.partition(f"http://{place}/?token=")[2].split()[0]
    assert tool == "mitmweb"
    assert f"{found['web_host']}:{found['web_port']}" == place
    assert found["web_open_browser"] == "false"
    assert found["web_password"].startswith("$argon2")
    assert len(token) > 20
    assert token not in " ".join(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--workers", "2"),
        ("--workers", "0"),
        ("--listen", "80"),
        ("--listen", "off"),
        ("--replay", "none.flow"),
    ],
)
def test_what_can_not_be_is_a_usage_error(arguments: tuple[str, ...], invoke, started) -> None:
    assert invoke("run", *arguments).exit_code == 2
    assert not started
