from pathlib import Path

import pytest
from mitmproxy import exceptions
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.test import taddons

from addons import gateway
from addons.settings import Settings

GOOD = (
    "providers: {a: {type: openai}}\nserver: {max_header_bytes: 9KiB, header_timeout: 3s, shutdown_grace: 4s}"
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to be in, and an empty environment."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL",
        "XDG_CONFIG_HOME",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def written(folder: Path, text: str, name: str = "config.yaml") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_file_that_is_named(place: Path) -> None:
    settings = Settings()
    with taddons.context(Proxyserver(), settings) as context:
        context.configure(settings, gateway_config=written(place, GOOD, "other.yaml"))
    assert list(settings.current().providers) == ["a"]


def test_the_file_that_is_there(place: Path) -> None:
    settings = Settings()
    written(place, GOOD)
    with taddons.context(Proxyserver(), settings) as context:
        context.configure(settings)
    assert list(settings.current().providers) == ["a"]


def test_without_a_file_the_environment_will_do(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    settings = Settings()
    with taddons.context(Proxyserver(), settings) as context:
        context.configure(settings)
    assert "openai" in settings.current().providers


@pytest.mark.parametrize("text", ["providers: {a: {type: nope}}", "nope: 1", "a: ["])
def test_a_bad_file_ends_it(place: Path, text: str) -> None:
    settings = Settings()
    with (
        taddons.context(Proxyserver(), settings) as context,
        pytest.raises(exceptions.OptionsError, match=r"config\.yaml:1"),
    ):
        context.configure(settings, gateway_config=written(place, text))


def test_a_file_that_there_is_not_ends_it(place: Path) -> None:
    settings = Settings()
    with (
        taddons.context(Proxyserver(), settings) as context,
        pytest.raises(exceptions.OptionsError, match="nope"),
    ):
        context.configure(settings, gateway_config=str(place / "nope.yaml"))


def test_a_bad_one_later_leaves_the_good_one_in_force(place: Path) -> None:
    settings = Settings()
    with taddons.context(Proxyserver(), settings) as context:
        context.configure(settings, gateway_config=written(place, GOOD))
        with pytest.raises(exceptions.OptionsError):
            context.configure(settings, gateway_config=written(place, "nope: 1", "bad.yaml"))
    assert list(settings.current().providers) == ["a"]


def test_a_body_must_be_whole_to_be_sent_twice(place: Path) -> None:
    settings = Settings()
    with (
        taddons.context(Proxyserver(), settings) as context,
        pytest.raises(exceptions.OptionsError, match="stream_large_bodies"),
    ):
        context.configure(settings, stream_large_bodies="1m")


def test_who_asks_too_early_is_told() -> None:
    with pytest.raises(AssertionError):
        Settings().current()


def test_the_others_are_told(place: Path) -> None:
    with taddons.context(Proxyserver(), gateway.settings) as context:
        context.configure(gateway.settings, gateway_config=written(place, GOOD), gateway_log_format="json")
        limits = gateway.proxy.limits
        assert (limits.header_bytes, limits.header_seconds, limits.shutdown_seconds) == (9216, 3, 4)
        assert gateway.account.text is False
        context.configure(gateway.settings, gateway_log_format="text")
        assert gateway.account.text is True


def test_mitmproxy_is_told_to_keep_out_of_it(place: Path) -> None:
    settings = Settings()
    with taddons.context(Proxyserver(), settings) as context:
        context.configure(settings, gateway_config=written(place, GOOD))
        settings.running()
        assert context.options.connection_strategy == "lazy"
        assert context.options.keep_host_header
        assert context.options.body_size_limit is None
