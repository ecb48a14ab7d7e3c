"""config.yaml changes while the gateway runs: new requests go by it, running ones by the old one."""

import signal
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
    beside.write_text(text, errors="surrogateescape")
    beside.rename(file)


def removed_first(file: Path, text: str) -> None:
    """As some editors do."""
    file.rename(file.with_name("config.yaml~"))
    file.write_text(text)


def config_of(gateway: Gateway) -> Json:
    config: Json = yaml.safe_load((gateway.folder / "config.yaml").read_text())
    return config


def metric(gateway: Gateway, name: str) -> float:
    line = next(line for line in gateway.metrics().splitlines() if line.startswith(name + " "))
    return float(line.rsplit(" ", 1)[1])


GENERATION = "dragoman_config_generation"
REFUSED = 'dragoman_config_reloads_total{outcome="refused"}'


@contextmanager
def counted(gateway: Gateway, name: str) -> Iterator[list[str]]:
    """Wait until what is done meanwhile has made a metric one more; then the list has what was logged."""
    log, told = gateway.folder / "stdout", list[str]()
    before, length = metric(gateway, name), log.stat().st_size
    yield told
    eventually(lambda: metric(gateway, name) == before + 1, f"not counted: {gateway.output()[-2000:]}")
    told.append(log.read_bytes()[length:].decode())


def taken(gateway: Gateway, config: Json, how: Write = by_rename) -> str:
    """Write a configuration, and wait until it is in force; what is said about it."""
    with counted(gateway, GENERATION) as told:
        how(gateway.folder / "config.yaml", yaml.safe_dump(config))
    return told[0]


def with_route(config: Json, model: str, *providers: str) -> Json:
    backends = [{"provider": name, "priority": place} for place, name in enumerate(providers)]
    return {**config, "routes": [{"models": [model], "backends": backends}, *config["routes"]]}


@pytest.fixture(scope="module")
def shared(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Json]]:
    """A gateway, and the configuration that it has begun with."""
    with running(standard_config(loopback.url), tmp_path_factory.mktemp("reload")) as gateway:
        yield gateway, config_of(gateway)


@pytest.fixture
def own(upstream: Upstream, shared: tuple[Gateway, Json]) -> Gateway:
    """That gateway, as it was at the beginning whatever others have done to it."""
    gateway, config = shared
    taken(gateway, config)
    return gateway


@pytest.mark.parametrize("how", [in_place, by_rename, removed_first])
def test_a_good_file_takes_over(upstream: Upstream, own: Gateway, how: Write) -> None:
    assert post(own.url, CHAT, chat("new")).status == 404
    before = metric(own, "dragoman_config_last_reload_success_timestamp_seconds")
    told = taken(own, with_route(config_of(own), "new", "b"), how)
    upstream.script("b", whole(saying("b")))
    assert post(own.url, CHAT, chat("new")).headers["x-dragoman-provider"] == "b"
    assert metric(own, "dragoman_config_last_reload_success_timestamp_seconds") > before
    assert f"is in force now, as generation {metric(own, GENERATION):.0f}" in told


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
        taken(own, config | {"providers": {"c": config["providers"]["c"]}, "routes": [only]})
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
    config, generation = config_of(own), metric(own, GENERATION)
    with counted(own, REFUSED) as told:
        by_rename(own.folder / "config.yaml", text)
    for complaint in complaints:
        assert complaint in told[0]
    assert metric(own, GENERATION) == generation
    upstream.script("a", whole(saying("a")))
    assert post(own.url, CHAT, chat("a")).status == 200
    taken(own, with_route(config, "new", "b"))
    assert "Traceback" not in own.output()


@pytest.mark.parametrize("gone", ["removed", "emptied"])
def test_a_file_that_is_gone_changes_nothing(upstream: Upstream, own: Gateway, gone: str) -> None:
    """Least of all is it taken for one that asks for no keys."""
    file, generation = own.folder / "config.yaml", metric(own, GENERATION)
    with counted(own, REFUSED):
        file.unlink() if gone == "removed" else file.write_text("")
    upstream.script("a", whole(saying("a")))
    assert post(own.url, CHAT, chat("a")).status == 200
    assert metric(own, GENERATION) == generation


def test_the_links_of_a_config_map_are_followed(upstream: Upstream, own: Gateway) -> None:
    """config.yaml -> ..data/config.yaml, and ..data -> a folder: only that link is replaced."""
    folder, config = own.folder, config_of(own)
    for name, changed in (("..one", config), ("..two", with_route(config, "new", "b"))):
        (folder / name).mkdir()
        (folder / name / "config.yaml").write_text(yaml.safe_dump(changed))
    (folder / "..data").symlink_to("..one")
    (folder / "link").symlink_to("..data/config.yaml")
    with counted(own, GENERATION):
        (folder / "link").rename(folder / "config.yaml")
    (folder / "..tmp").symlink_to("..two")
    with counted(own, GENERATION):
        (folder / "..tmp").rename(folder / "..data")
    (folder / "..one" / "config.yaml").unlink()
    upstream.script("b", whole(saying("b")))
    assert post(own.url, CHAT, chat("new")).status == 200
    with counted(own, GENERATION):
        by_rename(folder / "..two" / "config.yaml", yaml.safe_dump(config))


def test_sighup_reads_it_again(own: Gateway) -> None:
    with counted(own, GENERATION):
        own.process.send_signal(signal.SIGHUP)
    assert own.process.poll() is None


def test_keys_limits_and_addresses_follow(upstream: Upstream, own: Gateway) -> None:
    config = config_of(own)
    server = config["server"] | {"api_keys": ["canary-new-key"], "max_request_bytes": "1KiB"}
    providers = config["providers"] | {
        "n": {"type": "openai", "base_url": upstream.url.replace("127.0.0.1", "localhost") + "/n/v1"}
    }
    taken(own, with_route({**config, "server": server, "providers": providers}, "new", "n"))
    key = {"authorization": "Bearer canary-new-key"}
    assert post(own.url, CHAT, chat("new")).status == 401
    assert post(own.url, CHAT, chat("new", "x" * 2000), key).status == 413
    upstream.script("n", whole(saying("n")))
    assert post(own.url, CHAT, chat("new"), key).status == 200
    assert "canary-new-key" not in own.output()


def test_certificates_follow(upstream: Upstream, own: Gateway, tmp_path: Path) -> None:
    """A provider whom nobody trusted is trusted, and then it is not any more."""
    authority = Authority("private", tmp_path)
    front = TlsFront(authority.issue("t", ("localhost",)), upstream.port, authority, ssl.CERT_NONE)
    provider = {"type": "openai", "base_url": f"https://localhost:{front.port}/t/v1"}
    trusting = provider | {"tls": {"ca_file": str(authority.file)}}
    before = config_of(own)
    try:
        for now, status in ((provider, 502), (trusting, 200), (provider, 502)):
            config = before | {"providers": before["providers"] | {"t": now}}
            taken(own, with_route(config, "new", "t"))
            if status == 200:
                upstream.script("t", whole(saying("t")))
            assert post(own.url, CHAT, chat("new")).status == status
    finally:
        front.stop()


def test_who_was_left_out_stays_so(upstream: Upstream, own: Gateway) -> None:
    config = with_route(config_of(own), "left-out", "a", "b")
    config["server"]["health"] = {"consecutive": 1, "cooldown": {"base": "1h", "max": "1h"}}
    taken(own, config)
    upstream.script("a", [reset])
    upstream.script("b", whole(saying("b")), whole(saying("b")))
    assert post(own.url, CHAT, chat("left-out")).headers["x-dragoman-attempts"] == "2"
    taken(own, with_route(config, "new", "b"))
    assert post(own.url, CHAT, chat("left-out")).headers["x-dragoman-attempts"] == "1"


def test_what_needs_a_restart_is_told(own: Gateway) -> None:
    config = config_of(own)
    config["server"]["listen"] = f"127.0.0.1:{free_port()}"
    assert "server.listen only counts after a restart" in taken(own, config)
    assert own.ask_admin("/ready")[0] == 200
    assert post(own.url, CHAT, chat("nope")).status == 404


def test_fallbacks_that_are_only_on_paper_are_told(own: Gateway) -> None:
    config = with_route(config_of(own) | {"routes": []}, "new", "a", "b")
    config["routes"][0]["retry"] = {"attempts": 1}
    assert "routes[0].retry.attempts: no retry ever gets to priority 1" in taken(own, config)


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
        taken(gateway, with_route(config_of(gateway), "new", "b"))
        upstream.script("b", whole(saying("b")))
        assert post(gateway.url, CHAT, chat("new")).status == 200
        upstream.script("anth_a", streamed(streaming("anth_a", "one")))
        body = post(gateway.url, CHAT, chat("refused-anth_a", stream=True)).body
        assert oracles.check_openai_stream(body) == []
        gateway.terminate()
        assert gateway.process.wait(PATIENCE) == 0
    assert "Traceback" not in gateway.output()
