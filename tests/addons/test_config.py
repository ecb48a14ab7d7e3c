from pathlib import Path

import pytest
from pydantic import ValidationError

from addons import config
from addons.config import Config, Recording, Server, effective, find
from addons.config_load import parse

ROUTED = """
server: {allow_direct: ${DIRECT:=false}}
providers:
  a: {type: openai, base_url: "https://a.example/v1"}
  b: {type: anthropic, base_url: "http://127.0.0.1:8000"}
  off: {type: openai, base_url: "https://off.example", api_key: ${NOT_SET}}
  demo: {type: demo}
routes:
  - models: [m, "glob-*"]
    headers: {x-tenant: acme}
    owned_by: us
    created: 2024-07-18
    backends: [{provider: a}]
  - {models: [m, n], backends: [{provider: b}, {provider: off}]}
  - {models: [gone], backends: [{provider: off}]}
"""


def routed(**env: str) -> Config:
    return parse(ROUTED, env)


def name(found: config.Route | None) -> str:
    return "none" if found is None else ",".join(backend.provider for backend in found.backends) or "nobody"


@pytest.mark.parametrize(
    ("model", "headers", "expected"),
    [
        ("m", {"x-tenant": "acme"}, "a"),
        ("m", {}, "b"),
        ("glob-1", {"x-tenant": "acme"}, "a"),
        ("glob-1", {}, "none"),
        ("gone", {}, "nobody"),
        ("a/x", {}, "none"),
        ("", {}, "none"),
    ],
)
def test_the_first_route_that_matches(model: str, headers: dict[str, str], expected: str) -> None:
    assert name(routed().route_for(model, headers)) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [("a/x", "a"), ("a/x/y", "a"), ("off/x", "nobody"), ("nobody/x", "none"), ("a/", "none"), ("a", "none")],
)
def test_a_provider_can_be_named_directly(model: str, expected: str) -> None:
    found = routed(DIRECT="true").route_for(model, {})
    assert name(found) == expected


def test_a_direct_route_keeps_the_rest_of_the_model() -> None:
    found = parse("providers: {a: {type: openai}}", {}).route_for("a/meta/llama", {})
    assert found
    assert found.backends[0].model == "meta/llama"
    assert found.name == "a"


def test_models_are_listed_once_and_only_where_somebody_serves_them() -> None:
    assert routed().models() == [("m", "us", 1721260800), ("n", "dragoman", 0)]
    assert [model.id for model in routed(DIRECT="true").models()] == [
        "m",
        "n",
        *(f"demo/{model}" for model in config.DEMO_MODELS),
    ]


def test_without_routes_the_demos_are_listed() -> None:
    listed = parse("providers: {a: {type: openai}, d: {type: demo}}", {}).models()
    assert [model.id for model in listed] == [f"d/{model}" for model in config.DEMO_MODELS]


def test_egress_is_every_enabled_providers_address() -> None:
    assert routed().egress() == {("a.example", 443), ("127.0.0.1", 8000)}


@pytest.mark.parametrize(
    ("root", "openai", "anthropic"), [("/", "", "/anthropic"), ("/ai/", "/ai", "/ai/anthropic")]
)
def test_prefixes_are_joined(root: str, openai: str, anthropic: str) -> None:
    endpoints = parse(f"endpoints: {{root: {root}}}", {}).endpoints
    assert endpoints.prefix("openai") == openai
    assert endpoints.prefix("anthropic") == anthropic


def test_the_backend_overrules_the_route_which_overrules_the_provider() -> None:
    text = """
providers:
  p:
    type: openai
    headers: {set: {a: provider, b: provider, c: provider}, remove: [x]}
    body: {set: {t: 0, u: 0, v: 0}}
    timeouts: {connect: 1s, idle: 1s}
routes:
  - models: [m]
    headers: {set: {A: route, d: route}, remove: [c]}
    body: {set: {t: 1}, remove: [u]}
    timeouts: {idle: 2s, first_byte: 2s}
    backends:
      - provider: p
        headers: {set: {a: backend, x: backend}}
        body: {set: {t: null}}
        timeouts: {first_byte: 3s}
"""
    found = parse(text, {})
    route = found.routes[0]
    said = effective(found.providers["p"], route, route.backends[0])
    assert said.headers.set == {"a": "backend", "b": "provider", "d": "route", "x": "backend"}
    assert said.headers.remove == ("x", "c")
    assert said.body.set == {"t": None, "v": 0}
    assert said.body.remove == ("u",)
    assert said.timeouts == config.Timeouts(connect=1, idle=2, first_byte=3, total=600)


def test_the_file_that_is_asked_for_or_the_nearest(tmp_path: Path) -> None:
    here, own = tmp_path / "here", tmp_path / "own" / "dragoman"
    for folder in (here, own, tmp_path / ".config" / "dragoman"):
        folder.mkdir(parents=True)
    env = {"XDG_CONFIG_HOME": str(tmp_path / "own"), "HOME": str(tmp_path)}
    assert find("x.yaml", env, here) == here / "x.yaml"
    assert find(None, env, here) is None
    (tmp_path / ".config" / "dragoman" / "config.yaml").touch()
    assert find(None, {"HOME": str(tmp_path)}, here) == tmp_path / ".config" / "dragoman" / "config.yaml"
    (own / "config.yaml").touch()
    assert find(None, env, here) == own / "config.yaml"
    (here / "config.yaml").touch()
    assert find(None, env, here) == here / "config.yaml"


def test_the_repositorys_own_file_needs_no_key() -> None:
    own = parse((Path(__file__).parents[2] / "config.yaml").read_text(), {})
    assert [name for name, provider in own.providers.items() if not provider.disabled] == [
        "demo",
        "demo-claude",
    ]
    assert own.providers["demo-claude"].speaks == "anthropic_messages"
    assert own.routes == ()


def test_where_calls_are_recorded() -> None:
    assert Server.model_validate({"record": "calls.flow"}).record == Recording(file="calls.flow")
    whole = {"file": "x", "sample": 0.5, "max_bytes": "1MiB", "keep": 2, "hide_text": True}
    assert Server.model_validate({"record": whole}).record == Recording(
        file="x", sample=0.5, max_bytes=2**20, keep=2, hide_text=True
    )
    for wrong in ({"file": ""}, {"file": "x", "sample": 2}, {"file": "x", "keep": 0}, {}):
        with pytest.raises(ValidationError):
            Server.model_validate({"record": wrong})
