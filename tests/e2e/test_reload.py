"""config.yaml changes while the gateway runs: new requests go by it, running ones by the old one."""

import signal
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import oracles
from tests.e2e.answers import saying, streamed, streaming, whole
from tests.e2e.client import CHAT, chat, post
from tests.gateway import Gateway, eventually, running, running_stock, standard_config
from tests.ports import free_port
from tests.tls import Authority, TlsFront
from tests.upstream import PATIENCE, Hold, Upstream, reset

Json = dict[str, Any]
Write = Callable[[Path, str], object]


def in_place(file: Path, text: str) -> None:
    file.write_text(text)


def by_rename(file: Path, text: str) -> None:
    """As most editors do."""
    beside = file.with_name(".config.yaml.new")
    beside.write_text(text)
    beside.rename(file)


def removed_first(file: Path, text: str) -> None:
    """As some editors do."""
    file.rename(file.with_name("config.yaml~"))
    file.write_text(text)


def config_of(gateway: Gateway) -> Json:
    config: Json = yaml.safe_load((gateway.folder / "config.yaml").read_text())
    return config


def write(gateway: Gateway, config: Json, how: Write = by_rename) -> None:
    how(gateway.folder / "config.yaml", yaml.safe_dump(config))


def metric(gateway: Gateway, name: str) -> float:
    line = next(line for line in gateway.metrics().splitlines() if line.startswith(name + " "))
    return float(line.rsplit(" ", 1)[1])


def generation(gateway: Gateway, number: int) -> None:
    """Wait for it."""
    eventually(
        lambda: metric(gateway, "dragoman_config_generation") == number,
        f"generation {number} never came: {gateway.output()[-2000:]}",
    )


def refused(gateway: Gateway, times: int) -> None:
    name = 'dragoman_config_reloads_total{outcome="refused"}'
    eventually(lambda: metric(gateway, name) == times, f"not refused: {gateway.output()[-2000:]}")


def with_route(config: Json, model: str, provider: str) -> Json:
    return {
        **config,
        "routes": [{"models": [model], "backends": [{"provider": provider}]}, *config["routes"]],
    }


@pytest.fixture
def own(upstream: Upstream, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway for one test."""
    with running(standard_config(upstream.url), tmp_path) as gateway:
        yield gateway


@pytest.mark.parametrize("how", [in_place, by_rename, removed_first])
def test_a_good_file_takes_over(upstream: Upstream, own: Gateway, how: Write) -> None:
    assert post(own.url, CHAT, chat("new")).status == 404
    before = metric(own, "dragoman_config_last_reload_success_timestamp_seconds")
    write(own, with_route(config_of(own), "new", "b"), how)
    generation(own, 2)
    upstream.script("b", whole(saying("b")))
    assert post(own.url, CHAT, chat("new")).headers["x-dragoman-provider"] == "b"
    assert metric(own, "dragoman_config_last_reload_success_timestamp_seconds") > before
    assert "is in force now, as generation 2" in own.output()


def test_running_requests_go_on_with_the_old_one(upstream: Upstream, own: Gateway) -> None:
    """Also where it has none of their providers any more: a retry asks the old route's next."""
    hold, second = Hold(), Hold()
    first, *rest = streaming("b", "one", "two")
    upstream.script("a", [hold, reset])
    upstream.script("b", streamed([first, second, *rest]))
    config = config_of(own)
    only = {"models": ["only"], "backends": [{"provider": "c"}]}
    with ThreadPoolExecutor() as pool:
        running_one = pool.submit(post, own.url, CHAT, chat("a-b", stream=True))
        assert hold.reached.wait(PATIENCE)
        write(own, config | {"providers": {"c": config["providers"]["c"]}, "routes": [only]})
        generation(own, 2)
        upstream.script("c", whole(saying("c")))
        assert post(own.url, CHAT, chat("only")).headers["x-dragoman-provider"] == "c"
        assert post(own.url, CHAT, chat("a-b")).status == 404
        hold.release()
        assert second.reached.wait(PATIENCE)
        second.release()
        answer = running_one.result()
    assert answer.headers["x-dragoman-provider"] == "b"
    assert oracles.check_openai_stream(answer.body) == []


BAD: dict[str, tuple[str, list[str]]] = {
    "two mistakes": (
        "server: {listn: 1}\nproviders:\n  a: {type: opnai}\n",
        [":1: server.listn", ":3: providers.a.type"],
    ),
    "not YAML": ("a: [", ["not YAML"]),
    "not text": ("a: \udcff", ["not UTF-8"]),
    "too deep": ("[" * 5000, ["nested too deeply"]),
    "a variable that is not set": ("server: {listen: ${NOT_SET_AT_ALL}}", ["NOT_SET_AT_ALL is not set"]),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_changes_nothing(upstream: Upstream, own: Gateway, bad: str) -> None:
    text, complaints = BAD[bad]
    config = config_of(own)
    (own.folder / "config.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(own, 1)
    for complaint in complaints:
        assert complaint in own.output()
    assert metric(own, "dragoman_config_generation") == 1
    upstream.script("a", whole(saying("a")))
    assert post(own.url, CHAT, chat("a")).status == 200
    write(own, with_route(config, "new", "b"))
    generation(own, 2)
    assert "Traceback" not in own.output()


@pytest.mark.parametrize("gone", ["removed", "emptied"])
def test_a_file_that_is_gone_changes_nothing(upstream: Upstream, own: Gateway, gone: str) -> None:
    """Least of all is it taken for one that asks for no keys."""
    file = own.folder / "config.yaml"
    file.unlink() if gone == "removed" else file.write_text("")
    refused(own, 1)
    upstream.script("a", whole(saying("a")))
    assert post(own.url, CHAT, chat("a")).status == 200


def test_the_links_of_a_config_map_are_followed(upstream: Upstream, tmp_path: Path) -> None:
    """config.yaml -> ..data/config.yaml, and ..data -> a folder: only that link is replaced."""
    with running(standard_config(upstream.url), tmp_path) as gateway:
        config = config_of(gateway)
        for name, changed in (("..one", config), ("..two", with_route(config, "new", "b"))):
            (tmp_path / name).mkdir()
            (tmp_path / name / "config.yaml").write_text(yaml.safe_dump(changed))
        (tmp_path / "..data").symlink_to("..one")
        (tmp_path / "link").symlink_to("..data/config.yaml")
        (tmp_path / "link").rename(tmp_path / "config.yaml")
        generation(gateway, 2)
        (tmp_path / "..tmp").symlink_to("..two")
        (tmp_path / "..tmp").rename(tmp_path / "..data")
        generation(gateway, 3)
        (tmp_path / "..one" / "config.yaml").unlink()
        upstream.script("b", whole(saying("b")))
        assert post(gateway.url, CHAT, chat("new")).status == 200
        (tmp_path / "..two" / "config.yaml").write_text(yaml.safe_dump(config))
        generation(gateway, 4)


def test_sighup_reads_it_again(own: Gateway) -> None:
    own.process.send_signal(signal.SIGHUP)
    generation(own, 2)
    assert own.process.poll() is None


def test_keys_limits_and_addresses_follow(upstream: Upstream, own: Gateway) -> None:
    config = config_of(own)
    server = config["server"] | {"api_keys": ["canary-new-key"], "max_request_bytes": "1KiB"}
    providers = config["providers"] | {
        "n": {"type": "openai", "base_url": upstream.url.replace("127.0.0.1", "localhost") + "/n/v1"}
    }
    write(own, with_route({**config, "server": server, "providers": providers}, "new", "n"))
    generation(own, 2)
    key = {"authorization": "Bearer canary-new-key"}
    assert post(own.url, CHAT, chat("new")).status == 401
    assert post(own.url, CHAT, chat("new", "x" * 2000), key).status == 413
    upstream.script("n", whole(saying("n")))
    assert post(own.url, CHAT, chat("new"), key).status == 200
    assert "canary-new-key" not in own.output()


def test_certificates_follow(upstream: Upstream, tmp_path: Path) -> None:
    """A provider whom nobody trusted is trusted, and then it is not any more."""
    authority = Authority("private", tmp_path)
    front = TlsFront(authority.issue("t", ("localhost",)), upstream.port, authority, ssl.CERT_NONE)
    config = standard_config(upstream.url)
    provider = {"type": "openai", "base_url": f"https://localhost:{front.port}/t/v1"}
    config["providers"]["t"] = provider
    try:
        with running(with_route(config, "new", "t"), tmp_path / "gateway") as gateway:
            without = config_of(gateway)
            trusting = provider | {"tls": {"ca_file": str(authority.file)}}
            for number, (now, status) in enumerate(((None, 502), (trusting, 200), (provider, 502)), 1):
                if now:
                    write(gateway, without | {"providers": without["providers"] | {"t": now}})
                generation(gateway, number)
                if status == 200:
                    upstream.script("t", whole(saying("t")))
                assert post(gateway.url, CHAT, chat("new")).status == status
    finally:
        front.stop()


def test_who_was_left_out_stays_so(upstream: Upstream, tmp_path: Path) -> None:
    config = standard_config(upstream.url)
    config["server"]["health"] = {"consecutive": 1, "cooldown": {"base": "1h", "max": "1h"}}
    with running(config, tmp_path) as gateway:
        upstream.script("a", [reset])
        upstream.script("b", whole(saying("b")), whole(saying("b")))
        post(gateway.url, CHAT, chat("a-b"))
        write(gateway, with_route(config_of(gateway), "new", "b"))
        generation(gateway, 2)
        assert post(gateway.url, CHAT, chat("a-b")).headers["x-dragoman-attempts"] == "1"


def test_what_needs_a_restart_is_told(own: Gateway) -> None:
    config = config_of(own)
    config["server"]["listen"] = f"127.0.0.1:{free_port()}"
    write(own, config)
    generation(own, 2)
    assert "server.listen only counts after a restart" in own.output()
    assert own.ask_admin("/ready")[0] == 200
    assert post(own.url, CHAT, chat("nope")).status == 404


def test_fallbacks_that_are_only_on_paper_are_told(own: Gateway) -> None:
    config = config_of(own)
    backends = [{"provider": "a"}, {"provider": "b", "priority": 1}]
    route = {"models": ["new"], "backends": backends, "retry": {"attempts": 1}}
    write(own, config | {"routes": [route]})
    generation(own, 2)
    assert "routes[0].retry.attempts: no retry ever gets to priority 1" in own.output()


@pytest.mark.parametrize("tool", ["mitmweb", "mitmdump"])
def test_with_the_web_interface_and_under_the_stock_tools(
    upstream: Upstream, tmp_path: Path, tool: str
) -> None:
    config = standard_config(upstream.url)
    started = (
        running_stock(config, tmp_path)
        if tool == "mitmdump"
        else running(config, tmp_path, "--web", f"127.0.0.1:{free_port()}")
    )
    with started as gateway:
        write(gateway, with_route(config_of(gateway), "new", "b"))
        generation(gateway, 2)
        upstream.script("b", whole(saying("b")))
        assert post(gateway.url, CHAT, chat("new")).status == 200
        gateway.terminate()
        assert gateway.process.wait(10) == 0
    assert "Traceback" not in gateway.output()
