# ruff: noqa: E501 - what is wrong is told in one line
from pathlib import Path

import pytest
from pydantic import BaseModel

from addons.config import Config
from addons.config_file import ConfigError
from addons.config_load import File, from_environment, load, parse, with_stand_ins
from addons.config_types import TYPES, OpenAI
from docs.tables import meanings_of


def problems(text: str, **env: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, env)
    return str(caught.value).splitlines()


def providers(options: str, **env: str) -> Config:
    return parse(f"providers: {{p: {{{options}}}}}", env)


THE_INTERFACE = """
server:
  listen: 127.0.0.1:1975
  admin: off
  max_request_bytes: 50MiB
  max_header_bytes: 64KiB
  header_timeout: 10s
  shutdown_grace: 30s
  api_keys: []

endpoints:
  root: /
  openai: ""
  anthropic: /anthropic

providers:
  openai:
    type: openai                 # any OpenAI-compatible server
    base_url: https://api.openai.com/v1
    api_key: ${OPENAI_API_KEY}
    headers: {set: {x-team: ml}, remove: [x-debug]}
    forward_headers: [x-tenant]
    body: {set: {service_tier: scale}, remove: [internal]}
    timeouts: {connect: 5s, first_byte: 60s, idle: 60s, total: 10m}
    prices: {my-model: {input: 0.15, cached_input: 0.075, cache_write: 0.19, output: 0.6}}
  azure: {type: openai, base_url: "https://azure.example/v1", api_key: ${AZURE_KEY}}
  anthropic: {type: anthropic, api_key: ${ANTHROPIC_API_KEY}}
  demo: {type: demo}

routes:
  - name: small
    models: [gpt-4o-mini]
    headers: {x-tenant: acme}
    owned_by: openai
    created: 2024-07-18
    backends:
      - {provider: openai, weight: 4}
      - {provider: azure, model: my-deployment, weight: 1}
      - {provider: anthropic, model: "claude:0", priority: 1, body: {set: {temperature: 0}}}
    retry: {on: [connect, reset, timeout, 429, 5xx], attempts: 3, per_priority: 1, backoff: {base: 100ms, max: 10s}}
    timeouts: {first_byte: 20s}
"""


def test_the_interface_as_it_is_written() -> None:
    config = parse(THE_INTERFACE, {"OPENAI_API_KEY": "sk-1", "AZURE_KEY": "k", "ANTHROPIC_API_KEY": "a"})
    (route,) = config.routes
    assert config.server.admin is None
    assert route.created == 1721260800
    assert route.retry.on == ("connect", "reset", "timeout", "429", "5xx")
    assert [backend.weight for backend in route.backends] == [4, 1, 1]
    assert route.backends[2].body.set == {"temperature": 0}
    assert config.providers["openai"].prices["my-model"].output == 0.6
    assert config.warnings == ()


def test_a_provider_without_its_variable_is_disabled_and_left_out() -> None:
    config = parse(THE_INTERFACE, {"OPENAI_API_KEY": "sk-1", "ANTHROPIC_API_KEY": ""})
    assert config.providers["azure"].disabled == "AZURE_KEY is not set"
    assert [backend.provider for backend in config.routes[0].backends] == ["openai"]
    assert [(warning.line, warning.key) for warning in config.warnings] == [
        (26, "providers.azure"),
        (27, "providers.anthropic"),
        (38, "routes[0].backends[1]"),
        (39, "routes[0].backends[2]"),
    ]


def test_a_route_with_no_backend_left_stays() -> None:
    config = parse(THE_INTERFACE, {})
    assert config.routes[0].backends == ()
    assert config.models() == []


def test_elsewhere_an_unset_variable_is_an_error() -> None:
    assert problems("server: {listen: ${LISTEN}}") == [
        "config.yaml:1: server.listen: LISTEN is not set; ${LISTEN:=…} gives it a default"
    ]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    text = """\
server:
  listen: 1975
  colour: red
providers:
  a: {type: openai, api_kee: x}
  b: {type: nonsense}
  c: {type: azure-openai, base_url: "https://a.example", api_version: v, api_key: k}
  d: {base_url: "http://a"}
  e: demo
  f: {type: anthropic, base_url: "ftp://a", timeouts: {idle: 5}}
  g g: {type: demo}
routes:
  - models: []
    backends: [{provider: nobody}, {provider: a, weight: -1}]
  - name: x
    models: [m]
    headers: {x-a: {regex: "("}}
    backends: []
    retry: {on: [sometimes], attempts: 0}
  - {name: x, models: [m]}
rotues: []
"""
    assert problems(text) == [
        "config.yaml:2: server.listen: must be HOST:PORT such as 127.0.0.1:1975",
        "config.yaml:3: server.colour: unknown key; allowed: listen, admin, max_request_bytes, max_header_bytes, "
        "header_timeout, shutdown_grace, keep_flows, record, api_keys, fetch_images, cost_header, allow_direct, health, allow_overrides",
        "config.yaml:5: providers.a.api_kee: unknown key, did you mean api_key? allowed: type, base_url, headers, "
        "forward_headers, body, timeouts, tls, prices, api_key",
        f"config.yaml:6: providers.b.type: unknown type nonsense; allowed: {', '.join(TYPES)}",
        f"config.yaml:8: providers.d.type: is required; allowed: {', '.join(TYPES)}",
        "config.yaml:9: providers.e: must be a mapping with at least a type",
        "config.yaml:10: providers.f.base_url: must be a URL such as https://api.example.com/v1",
        "config.yaml:10: providers.f.timeouts.idle: must be a duration such as 250ms, 30s or 10m",
        "config.yaml:11: providers.g g: a name is made of letters, digits, '.', '_' and '-'",
        "config.yaml:13: routes[0].models: must not be empty",
        "config.yaml:14: routes[0].backends[1].weight: must be greater than or equal to 0",
        "config.yaml:14: routes[0].backends[0].provider: no provider is called nobody; allowed: a, b, c, d, e, f, g g",
        "config.yaml:17: routes[1].headers.x-a.regex: is not a regular expression: missing ), unterminated "
        "subpattern at position 0",
        "config.yaml:18: routes[1].backends: must not be empty",
        "config.yaml:19: routes[1].retry.on[0]: must be connect, reset, timeout, a status such as 429, or 5xx",
        "config.yaml:19: routes[1].retry.attempts: must be greater than or equal to 1",
        "config.yaml:20: routes[2].backends: is required",
        "config.yaml:20: routes[2].name: x is the name of routes[1] already",
        "config.yaml:21: rotues: unknown key, did you mean routes? allowed: server, endpoints, providers, routes",
    ]


def test_a_disabled_providers_other_options_are_checked_all_the_same() -> None:
    text = "providers: {p: {type: openai, api_key: ${K}, base_url: 'https://${HOST}/v1', timeout: 1s}}"
    (line,) = problems(text)
    assert "providers.p.timeout: unknown key, did you mean timeouts?" in line
    disabled = parse(text.replace(", timeout: 1s", ""), {}).providers["p"]
    assert disabled.disabled == "HOST, K are not set"
    assert disabled.type == "openai"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("headers: {set: {host: a}}", "headers.set.host: host belongs to the connection"),
        ("headers: {set: {'a b': c}}", "headers.set.a b: 'a b' is not a header name"),
        ('headers: {set: {a: "b\\r\\nc: d"}}', "headers.set.a: a header's value can't hold a line break"),
        ("headers: {remove: [connection]}", "headers.remove[0]: connection belongs"),
        (
            f"headers: {{remove: [{', '.join(f'h{n}' for n in range(17))}]}}",
            "must not have more than 16 entries",
        ),
        (
            f"body: {{set: {{{', '.join(f'h{n}: 1' for n in range(17))}}}}}",
            "must not have more than 16 entries",
        ),
        ("body: {set: {stream: true}}", "body.set.stream: stream is the gateway's to set"),
        ("forward_headers: [cookie]", "forward_headers[0]: cookie may hold"),
        ("tls: {client_key: /nowhere/key.pem}", "tls.client_key: Path does not point to a file"),
        ("timeouts: {connect: 0s}", "timeouts.connect: must be greater than 0"),
        ("api_key: [a]", "api_key: must be text"),
        ("prices: {m: {input: -1, output: 1}}", "prices.m.input: must be greater than or equal to 0"),
        ("prices: {m: {}}", "prices.m: names no price"),
        ("prices: {m: {output: .inf}}", "prices.m.output: must be a number"),
        ("headers: [a]", "headers: must be a mapping"),
    ],
)
def test_options_of_a_provider_are_checked(options: str, said: str) -> None:
    (line,) = problems(f"providers: {{p: {{type: openai, {options}}}}}")
    assert said in line


def test_the_demo_has_no_address() -> None:
    (line,) = problems("providers: {p: {type: demo, base_url: 'http://a'}}")
    assert "providers.p.base_url: is not to be set" in line


def test_secrets_are_in_no_representation() -> None:
    config = parse(
        "server: {api_keys: [canary-1, {name: me, key: canary-2}]}\n"
        "providers: {p: {type: openai, api_key: canary-3, headers: {set: {x-auth: canary-4}}}}",
        {},
    )
    assert "canary" not in repr(config) + str(config)
    assert [key.name for key in config.server.api_keys] == ["key-1", "me"]
    assert isinstance(openai := config.providers["p"], OpenAI)
    assert openai.api_key
    assert openai.api_key.get_secret_value() == "canary-3"


def test_secrets_are_in_no_problem() -> None:
    text = "providers: {p: {type: openai, api_key: ${K}, base_url: '${K}', headers: {set: {a: '${K}'}}}}"
    assert "canary" not in "".join(problems(text, K="canary\n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "must be a mapping with the keys"),
        ("a: [", "not YAML"),
        ("providers: [a]", "providers: must be a mapping of names to providers"),
        ("routes: {a: b}", "routes: must be a list"),
        ("routes: [a]", "routes[0]: must be a mapping"),
        ("routes: [{models: gpt, backends: 3}]", "routes[0].models: must be a list"),
        ("server: off", "server: must be a mapping"),
        ("endpoints: {openai: /a//b}", "endpoints.openai: must be a plain path"),
    ],
)
def test_shapes_that_nobody_expects(text: str, said: str) -> None:
    assert said in problems(text)[0]


def test_an_empty_file_is_a_configuration() -> None:
    assert parse("", {}).providers == {}
    assert parse("server:\nroutes:\nproviders:\n", {}).routes == ()


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: No such file"):
        load(tmp_path / "none.yaml", {})
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "latin.yaml", {})


def test_a_file_is_loaded_and_named_in_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text("\ufeffproviders: {demo: {type: demo}}")
    assert load(path, {}).providers["demo"].speaks == "openai_chat"
    path.write_text("x: 1")
    with pytest.raises(ConfigError, match=r"my\.yaml:1: x: unknown key"):
        load(path, {})


def test_the_environment_alone() -> None:
    config = from_environment(
        {
            "OPENAI_API_KEY": "sk-1",
            "OPENAI_ORG_ID": "org",
            "OPENAI_PROJECT_ID": "proj",
            "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/",
        }
    )
    assert list(config.providers) == ["demo", "demo-claude", "openai", "anthropic"]
    assert config.providers["openai"].headers.set == {"openai-organization": "org", "openai-project": "proj"}
    assert config.providers["anthropic"].base_url == "http://127.0.0.1:9"
    assert list(from_environment({}).providers) == ["demo", "demo-claude"]


@pytest.mark.parametrize("model", ["../x", "a%2fb", "'a?b'", "'a#b'", '"a\\tb"'])
@pytest.mark.parametrize(
    "options",
    [
        "type: azure-openai, base_url: demo, api_key: k, api_version: 2025-01-01",
        "type: aws-bedrock, region: us-east-1",
        "type: aws-anthropic, region: us-east-1",
        "type: gcp-vertex, project: p, location: global",
        "type: gcp-anthropic, project: p, location: global",
        "type: gemini, api_key: k",
    ],
)
def test_a_backends_model_that_would_lead_elsewhere(options: str, model: str) -> None:
    routes = f"routes: [{{models: [m], backends: [{{provider: p, model: {model}}}]}}]"
    (line,) = problems(f"providers: {{p: {{{options}}}}}\n{routes}")
    assert "routes[0].backends[0].model: must be a name made of letters" in line


def test_a_bad_environment_is_told_without_a_line() -> None:
    with pytest.raises(ConfigError, match=r"^environment: providers\.openai\.base_url: must be a URL"):
        from_environment({"OPENAI_BASE_URL": "nonsense"})


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    return {model}.union(*(models(child) for child in model.__subclasses__()))


def test_every_field_is_documented() -> None:
    known = [model for model in models(BaseModel) if model.__module__.startswith("addons.")]
    assert File in known
    assert not [
        f"{model.__name__}.{name}"
        for model in known
        for name in model.model_fields.keys() - meanings_of(model).keys()
    ]


def test_a_replay_needs_no_variables(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "providers:\n  a: {type: openai, api_key: '${KEY}', base_url: '${URL}'}\n"
        "  b: {type: openai, api_key: '${SET}', base_url: '${DEFAULT:=http://b.example}'}\n"
    )
    env = {"SET": "mine"}
    config = load(file, with_stand_ins(file, env))
    assert not config.warnings and not any(it.disabled for it in config.providers.values())
    assert config.providers["b"].base_url == "http://b.example"
    again = with_stand_ins(file, env)
    assert (
        again["SET"] == "mine" and again["KEY"] == with_stand_ins(file, env)["KEY"] and env == {"SET": "mine"}
    )
    assert with_stand_ins(tmp_path / "none.yaml", env) == env
