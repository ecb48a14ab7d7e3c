import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from mitmproxy.test import taddons, tflow
from prometheus_client import CollectorRegistry

from addons.call import Call
from addons.credentials import Credentials
from addons.demo.addon import Demo
from addons.proxy import Proxy
from addons.refusals import Refusals
from addons.reload import Reload, places_of
from addons.seal import Seal
from addons.settings import Settings
from tests.upstream import PATIENCE

ONE = 'providers: {a: {type: openai, base_url: "http://one.example/v1"}}'
OTHER = 'providers: {b: {type: openai, base_url: "http://other.example/v1"}}'


class Place:
    """A file that is read, and who watches it; nobody listens."""

    def __init__(self, folder: Path, text: str = ONE) -> None:
        self.file = folder / "config.yaml"
        self.file.write_text(text)
        self.settings = Settings()
        self.settings.reload(str(self.file))
        self.registry = CollectorRegistry()
        self.seal = Seal(Demo(), Credentials())
        self.proxy = Proxy(
            lambda flow: Call(flow=flow, config=self.settings.current()), Refusals(self.settings.current)
        )
        self.reload = Reload(self.settings, self.proxy, self.seal, self.registry)

    def counted(self, outcome: str) -> float | None:
        return self.registry.get_sample_value("dragoman_config_reloads_total", {"outcome": outcome})

    @property
    def providers(self) -> list[str]:
        return list(self.settings.current().providers)


def test_a_file_that_is_the_same_is_not_read_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.reload.look()
    assert place.counted("success") == 0 and place.settings.generation == 1


def test_another_one_takes_over(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.file.write_text(OTHER)
    place.reload.look()
    assert place.providers == ["b"]
    assert place.registry.get_sample_value("dragoman_config_generation") == 2
    assert (place.counted("success"), place.counted("refused")) == (1, 0)


def test_a_bad_one_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = Place(tmp_path)
    place.file.write_text("nope: 1\nproviders: {a: {type: nope}}")
    for _ in range(3):
        place.reload.look()
    assert (place.providers, place.counted("refused"), place.reload.outcome) == (["a"], 1, "refused")
    assert "config.yaml:1: nope" in caplog.text and "config.yaml:2: providers.a.type" in caplog.text


def test_one_that_is_not_there_for_a_moment_is_being_written(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.file.unlink()
    place.reload.look()
    place.file.write_text("")
    assert place.counted("refused") == 0
    place.file.write_text(OTHER)
    place.reload.look()
    assert place.providers == ["b"] and place.counted("refused") == 0


def test_one_that_stays_away_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = Place(tmp_path)
    place.file.unlink()
    for _ in range(5):
        place.reload.look()
    assert place.providers == ["a"] and place.counted("refused") == 1
    assert "is gone, or empty" in caplog.text


def test_no_mistake_of_ours_ends_the_watching(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = Place(tmp_path)

    class Strange(Settings):
        def reload(self, path: str) -> None:  # type: ignore[override]
            raise ZeroDivisionError("canary")

    place.settings.__class__ = Strange
    place.reload.reload()
    assert place.counted("refused") == 1
    assert "ZeroDivisionError" in caplog.text and "canary" not in caplog.text


@pytest.mark.parametrize("name", ["listen", "admin"])
def test_what_needs_a_restart_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    place = Place(tmp_path)
    with caplog.at_level(logging.WARNING):
        place.file.write_text(f"{ONE}\nserver: {{{name}: '127.0.0.1:1'}}")
        place.reload.look()
        assert f"server.{name} only counts after a restart" in caplog.text
        caplog.clear()
        place.file.write_text(f"{OTHER}\nserver: {{{name}: '127.0.0.1:1'}}")
        place.reload.look()
        assert "after a restart" not in caplog.text and "generation 3" in caplog.text


def test_an_address_is_allowed_as_long_as_a_request_may_need_it(tmp_path: Path) -> None:
    place = Place(tmp_path)
    flow = tflow.tflow()
    call = place.proxy.exchange(flow)
    call.bind(flow)
    place.proxy.requestheaders(flow)
    place.file.write_text(OTHER)
    place.reload.look()
    assert place.seal._egress == {("one.example", 80), ("other.example", 80)}
    place.proxy.response(flow)
    place.reload.look()
    assert place.seal._egress == {("other.example", 80)}


def test_the_way_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "config.yaml").touch()
    (tmp_path / "data").symlink_to("real")
    (tmp_path / "config.yaml").symlink_to("data/config.yaml")
    (tmp_path / "round").symlink_to("round")
    names = ["config.yaml", "data/config.yaml", "data", "real/config.yaml"]
    assert list(places_of(tmp_path / "config.yaml")) == [tmp_path / name for name in names]
    assert set(places_of(tmp_path / "round")) == {tmp_path / "round"}
    assert list(places_of(tmp_path / "none")) == [tmp_path / "none"]


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for as long as usual."""
    monkeypatch.setattr("addons.reload.LOOK_MS", 50)


def watching(place: Place, then: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        with taddons.context() as context:
            context.options.add_option("gateway_config", str, "", "")
            place.reload.running()
            await then()
            place.reload.done()
            assert place.reload._task
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(place.reload._task, PATIENCE)

    asyncio.run(run())


async def until(true: Callable[[], bool]) -> None:
    async def wait() -> None:
        while not true():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), PATIENCE)


@pytest.mark.usefixtures("often")
def test_it_watches(tmp_path: Path) -> None:
    place = Place(tmp_path)

    async def change() -> None:
        place.file.write_text(OTHER)
        await until(lambda: place.providers == ["b"])
        (tmp_path / "new").write_text(ONE)
        (tmp_path / "new").rename(place.file)
        await until(lambda: place.providers == ["a"])

    watching(place, change)


@pytest.mark.usefixtures("often")
def test_a_folder_that_is_gone_may_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    place = Place(folder)

    async def change() -> None:
        folder.rename(tmp_path / "away")
        await until(lambda: place.counted("refused") == 1)
        folder.mkdir()
        place.file.write_text(OTHER)
        await until(lambda: place.providers == ["b"])

    watching(place, change)
