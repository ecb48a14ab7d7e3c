from pathlib import Path

import orjson
from mitmproxy.test import tflow
from prometheus_client import CollectorRegistry

from addons.call import Call
from addons.credentials import Credentials
from addons.demo.addon import Demo
from addons.health import Health
from addons.proxy import Proxy
from addons.refusals import Refusals
from addons.reload import Reload
from addons.seal import Seal
from addons.settings import Settings
from addons.standing import Standing
from addons.status import Status, health_of

CONFIG = """
server: {api_keys: [canary]}
providers:
  a: {type: openai, api_key: canary, headers: {set: {x-a: canary}}}
  off: {type: openai, api_key: "${NOT_SET}"}
routes:
  - {models: [m, "n*"], headers: {x-b: canary}, backends: [{provider: a, weight: 3}]}
"""


def test_all_that_is_told(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG)
    settings, health = Settings(), Health(clock=lambda: 100.0)
    settings.reload(str(file))
    health.use(settings.current())
    proxy = Proxy(lambda flow: Call(flow=flow, config=settings.current()), Refusals(settings.current))
    flow = tflow.tflow()
    call = proxy.exchange(flow)
    call.bind(flow)
    proxy.requestheaders(flow)
    told = Status(
        settings, proxy, health, Reload(settings, proxy, Seal(Demo(), Credentials()), CollectorRegistry())
    ).told()
    healthy = {"health": "healthy", "seconds_left": 0.0, "failures_in_a_row": 0, "in_flight": 0}
    backend = {"provider": "a", "priority": 0, "weight": 3, "first_byte_ms": None, **healthy}
    assert told == {
        "configuration": str(file),
        "generation": 1,
        "last_reload": "success",
        "in_flight": 1,
        "providers": [
            {"name": "a", "type": "openai", "disabled": None},
            {"name": "off", "type": "openai", "disabled": "NOT_SET is not set"},
        ],
        "routes": [
            {
                "name": "m",
                "models": ["m", "n*"],
                "balance": "weight",
                "backends": [{**backend, "model": "m"}, {**backend, "model": "*"}],
            }
        ],
    }
    assert b"canary" not in orjson.dumps(told)


def test_how_a_backend_is() -> None:
    standing = Standing("a", "m", in_flight=2, streak=4, out=True, until=107.25)
    assert health_of(standing, 100.0) == {
        "health": "cooling",
        "seconds_left": 7.2,
        "failures_in_a_row": 4,
        "in_flight": 2,
        "first_byte_ms": None,
    }
    assert health_of(standing, 200.0)["seconds_left"] == 0
    standing.probing = True
    assert health_of(standing, 100.0)["health"] == "probing"


def test_a_guess_is_not_told_as_a_measurement() -> None:
    standing = Standing("a", "m")
    standing.measure(0.25, 100.0)
    assert health_of(standing, 100.0)["first_byte_ms"] == 250
    standing.streak = 1
    assert health_of(standing, 100.0)["first_byte_ms"] is None
