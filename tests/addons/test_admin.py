import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from mitmproxy.test import taddons
from prometheus_client import CollectorRegistry, Counter

from addons.admin import Admin, listener
from addons.config import Address
from tests.addons.calls import a_config
from tests.gateway import get
from tests.ports import free_port
from tests.upstream import PATIENCE

CONFIG = "server: {admin: '127.0.0.1:%d'}"


def with_admin(
    option: str, configured: int, then: Callable[[Admin, taddons.context], Awaitable[None]]
) -> None:
    """An admin listener that runs while `then` does."""

    async def run() -> None:
        registry = CollectorRegistry()
        Counter("tests", "Counted.", registry=registry).inc(3)
        admin = Admin(lambda: a_config(CONFIG % configured), registry, lambda: True, lambda: {"is": "well"})
        with taddons.context() as context:
            context.options.add_option("gateway_admin", str, option, "")
            admin.running()
            await then(admin, context)
            if admin._server:
                admin._server.stop()
                await admin._server.close_all_connections()

    asyncio.run(run())


def test_pages() -> None:
    async def look(admin: Admin, context: taddons.context) -> None:
        assert "tests_total 3.0" in (await asyncio.to_thread(get, f"{url}/metrics"))[1]
        assert await asyncio.to_thread(get, f"{url}/health") == (200, '{"status":"ok"}')
        assert await asyncio.to_thread(get, f"{url}/ready") == (200, '{"status":"ready"}')
        assert await asyncio.to_thread(get, f"{url}/status") == (200, '{"is":"well","draining":false}')
        assert (await asyncio.to_thread(get, f"{url}/"))[0] == 404

    url = f"http://127.0.0.1:{(port := free_port())}"
    with_admin("", port, look)


def test_it_is_not_ready_any_more_while_it_drains() -> None:
    async def look(admin: Admin, context: taddons.context) -> None:
        admin.done()
        assert (await asyncio.to_thread(get, f"{url}/ready"))[0] == 503
        assert (await asyncio.to_thread(get, f"{url}/health"))[0] == 200

    url = f"http://127.0.0.1:{(port := free_port())}"
    with_admin("", port, look)


def test_the_command_line_has_the_last_word() -> None:
    async def look(admin: Admin, context: taddons.context) -> None:
        assert (await asyncio.to_thread(get, f"http://127.0.0.1:{asked}/health"))[0] == 200
        with pytest.raises(OSError):
            await asyncio.to_thread(get, f"http://127.0.0.1:{configured}/health")

    asked, configured = free_port(), free_port()
    with_admin(f"127.0.0.1:{asked}", configured, look)


def test_off_is_off() -> None:
    async def look(admin: Admin, context: taddons.context) -> None:
        with pytest.raises(OSError):
            await asyncio.to_thread(get, f"http://127.0.0.1:{port}/health")

    port = free_port()
    with_admin("off", port, look)


def test_an_address_that_is_taken_ends_it(caplog: pytest.LogCaptureFixture) -> None:
    async def look(admin: Admin, context: taddons.context) -> None:
        with caplog.at_level(logging.ERROR):
            Admin(lambda: a_config(CONFIG % port), CollectorRegistry(), lambda: True).running()
        await asyncio.wait_for(context.master.should_exit.wait(), PATIENCE)
        assert f"127.0.0.1:{port} can't be opened" in caplog.text

    port = free_port()
    with_admin("", port, look)


def test_the_option() -> None:
    assert listener("") is None
    assert listener("off") == "off"
    assert listener("[::1]:80") == Address("::1", 80)
