import inspect
import runpy
from pathlib import Path

import pytest

from addons import gateway
from addons.proxy import Limits

HOT = ("requestheaders", "request", "attempt", "responseheaders", "response", "error", "next_layer")


def test_the_chain_is_in_the_order_in_which_a_request_meets_it() -> None:
    names = [type(addon).__name__ for addon in gateway.addons]
    steps = ["Settings", "Proxy", "Replay", "Admit", "Match", "Route", "Translate", "Seal", "Account"]
    assert [name for name in names if name in steps] == steps
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("hook", HOT)
def test_no_handler_of_a_hot_hook_is_asynchronous(hook: str) -> None:
    """One would take every request the long way."""
    handlers = [getattr(addon, hook, None) for addon in gateway.addons]
    assert not [handler for handler in handlers if inspect.iscoroutinefunction(handler)]


def test_who_must_know_the_configuration_is_told(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("server: {max_request_bytes: 5KiB}\nproviders: {a: {type: openai}}")
    own = runpy.run_path(gateway.__file__)
    own["settings"]._load(str(file))
    assert own["proxy"].limits == Limits(request_bytes=5120)
    assert own["seal"]._egress == {("api.openai.com", 443)}
    assert own["refusals"]._config() is own["settings"].current()
