"""The command `dragoman`: mitmdump or mitmweb with the gateway loaded, and a look at its configuration."""

import gc
import ipaddress
import json
import os
import secrets
import sys
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import argon2
import click

# Nothing is installed at the top level, so we say where our folders are.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from addons import check as render
from addons.config import NOWHERE, Address, Config, ConfigError, Server, find
from addons.config_load import from_environment, load, with_stand_ins
from addons.config_values import address
from addons.showcase import show

type Environment = Callable[[Path, Mapping[str, str]], Mapping[str, str]]
"""What the variables of a file stand for."""

GATEWAY = Path(__file__).with_name("gateway.py")
"""The script that mitmproxy runs."""


class Place(click.ParamType["Address | str"]):
    """`HOST:PORT`, or `off` where that is allowed."""

    name = "host:port"

    def __init__(self, off: bool = False) -> None:
        self._off = off

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address | str:
        try:
            return "off" if self._off and value == "off" else address(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@dataclass(frozen=True, slots=True)
class Run:
    """What the command line of `dragoman run` asks for."""

    config: str | None
    listen: Address | None
    admin: Address | str | None
    web: Address | None
    record: str | None
    replay: str | None
    workers: int
    log_format: str
    verbose: bool

    def arguments(self, listen: Address, state: Path, token: str) -> list[str]:
        """For mitmproxy's own command; `state` is a directory, `token` opens the web interface."""
        options = {
            "confdir": str(state),
            "gateway_config": self.config or "",
            "gateway_log_format": self.log_format,
            "keep_host_header": "true",
            "connection_strategy": "lazy",
            "termlog_verbosity": "info" if self.verbose else "warn",
        }
        options |= {"gateway_admin": str(self.admin)} if self.admin else {}
        options |= {"gateway_record": str(Path.cwd() / self.record)} if self.record else {}
        options |= {} if _loopback(listen.host) else {"block_global": "false"}
        if self.web:
            options |= {
                "web_host": self.web.host,
                "web_port": str(self.web.port),
                "web_password": _hash(token),
                "web_open_browser": "false",
            }
        else:
            options["flow_detail"] = "0"
        if self.replay:
            options |= {"server_replay_extra": "404", "server_replay_refresh": "false"}
        places = ["--listen-host", listen.host, "--listen-port", str(listen.port), "--mode", NOWHERE]
        files = ["-S", self.replay] if self.replay else []
        return ["-s", str(GATEWAY), *places, *files, *(part for it in options.items() for part in _set(*it))]


def _set(name: str, value: str) -> tuple[str, str]:
    return "--set", f"{name}={value}"


def _hash(token: str) -> str:
    return argon2.PasswordHasher().hash(token)  # mitmproxy warns of passwords that it can read


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def as_it_is(path: Path, env: Mapping[str, str]) -> Mapping[str, str]:
    """The environment of a file that is for real."""
    return env


def _load(argument: str | None, environment: Environment = as_it_is) -> tuple[Config, str]:
    """The configuration and its source, or all that is wrong with it on stderr and the end."""
    path = find(argument, os.environ, Path.cwd())
    try:
        config = load(path, environment(path, os.environ)) if path else from_environment(os.environ)
    except ConfigError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from None
    return config, _shown(path) if path else "the environment"


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _state_directory() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    state = Path(home) / "dragoman"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return state


config_option = click.option(
    "--config",
    metavar="FILE",
    help="Without it: ./config.yaml, else the user's own, else what the environment has keys for.",
)


@click.group()
@click.version_option(package_name="dragoman", prog_name="dragoman")
def main() -> None:
    """An AI gateway made of mitmproxy addons."""


@main.command()
@config_option
@click.option("--listen", type=Place(), metavar="HOST:PORT", help="Where clients come in.")
@click.option(
    "--admin", type=Place(off=True), metavar="HOST:PORT", help="/metrics, /health, /ready, /status; or off."
)
@click.option(
    "--web",
    type=Place(),
    is_flag=False,
    flag_value="127.0.0.1:8081",
    metavar="[HOST:PORT]",
    help="With mitmproxy's web interface, on 127.0.0.1:8081 if nothing else is said.",
)
@click.option("--record", metavar="FILE", help="Write every request and answer to a file.")
@click.option(
    "--replay",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Answer from a recording; no provider is asked.",
)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-v", "--verbose", is_flag=True, help="mitmproxy's own messages too.")
def run(**options: object) -> None:
    """Start the gateway."""
    _run(Run(**options))  # type: ignore[arg-type]


def _run(given: Run) -> None:
    if given.workers > 1:
        raise click.BadParameter("more than one process is not possible yet", param_hint="--workers")
    config, source = _load(given.config, with_stand_ins if given.replay else as_it_is)
    listen = given.listen or config.server.listen
    admin = given.admin or config.server.admin
    token = secrets.token_urlsafe(16)
    web = f"{render.url(given.web)}/?token={token}" if given.web else ""
    admin = admin if isinstance(admin, Address) else None
    click.echo(render.banner(config, source, listen, admin, web), err=True)
    start = _command("mitmweb" if given.web else "mitmdump")
    start(given.arguments(listen, _state_directory(), token))


def _command(name: str) -> Callable[[list[str]], object]:
    """One of mitmproxy's own. It has no types, and takes a second to import."""
    gc.disable()  # what is made from here on stays; once all of it is there, the garbage collector is told so
    command: Callable[[list[str]], object] = getattr(import_module("mitmproxy.tools.main"), name)
    return command


@main.command()
@config_option
def check(config: str | None) -> None:
    """Load the configuration, and show what it comes to or all that is wrong with it."""
    click.echo(render.report(*_load(config)))


@main.command()
@config_option
def models(config: str | None) -> None:
    """Show which models a client may ask for."""
    click.echo(render.models(_load(config)[0]))


@main.command()
@config_option
def providers(config: str | None) -> None:
    """Show the configured providers, and what each type can serve."""
    click.echo(render.providers(_load(config)[0]))


@main.command()
@click.option("--model", default="hello", show_default=True, help="What the embedded provider is asked for.")
@click.option("--text", default="Hello!", show_default=True, help="What is said to it.")
def demo(model: str, text: str) -> None:
    """Ask every type of provider through every API, live and without a key: all are the embedded one."""
    for line in show(model, text):
        click.echo(line)


@main.command()
@config_option
@click.option("--update", is_flag=True, help="Accept what is different: the recordings say it from now on.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("-v", "--verbose", is_flag=True, help="All differences, in full, and what was asked of whom.")
@click.argument("places", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
def test(places: tuple[Path, ...], config: str | None, update: bool, as_json: bool, verbose: bool) -> None:
    """Make recorded calls once more and compare: what is sent to providers, and what clients are told.

    DIR is a folder of *.flow files, made with `dragoman run --record`, or one of them. No provider is asked,
    and no credentials are needed. Ends with 0 if all is as it was, with 1 if something differs, and with 2 if
    a call could not run.
    """
    from addons.cases import report  # noqa: PLC0415 - all of the gateway is loaded for it

    try:
        _load(config, with_stand_ins)
    except SystemExit:
        raise SystemExit(report.COULD_NOT_RUN) from None
    cases = report.run(places, config or "")
    if update:
        report.accept(cases)
    click.echo(report.as_json(cases) if as_json else report.text(cases, verbose))
    raise SystemExit(report.exit_code(cases))


@main.command()
@config_option
@click.option("--admin", type=Place(), metavar="HOST:PORT", help="Where it listens; else as the file says.")
@click.option("--json", "as_json", is_flag=True, help="All that it tells.")
def status(config: str | None, admin: Address | None, as_json: bool) -> None:
    """Ask a running gateway how it is: its backends, and which configuration is in force."""
    place = admin or _admin_of(config)
    if not place:
        raise click.ClickException("the admin listener is off")
    told = _ask(f"{render.url(place)}/status")
    click.echo(json.dumps(told, indent=2, ensure_ascii=False) if as_json else render.status(told))


def _admin_of(argument: str | None) -> Address | None:
    """What the file says, or what holds without one; a file that can't be read is when one asks."""
    path = find(argument, os.environ, Path.cwd())
    try:
        return load(path, os.environ).server.admin if path else Server().admin
    except ConfigError as error:
        click.echo(f"{error}\n--admin HOST:PORT says where to ask all the same.", err=True)
        raise SystemExit(1) from None


def _ask(url: str) -> Any:
    """A page of the admin listener, and of nobody else's: no proxy is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=10) as answer:
            return json.load(answer)
    except (OSError, ValueError):
        raise click.ClickException(f"no gateway answers at {url}") from None


if __name__ == "__main__":
    main(prog_name="dragoman")
