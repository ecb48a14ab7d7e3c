import shlex

from addons import check
from addons.config import DEMO_MODELS, Address
from addons.config_load import parse
from addons.demo import MODELS

ROUTED = """
providers:
  a: {type: openai}
  b: {type: anthropic}
  off: {type: openai, api_key: ${NOT_SET}}
routes:
  - name: first
    models: [m, "g-*"]
    headers: {x-tenant: acme}
    backends: [{provider: a, weight: 4}, {provider: a, model: n}, {provider: b, priority: 1}]
  - {models: [gone], backends: [{provider: off}]}
"""


def test_a_report_is_a_table_and_what_was_left_out() -> None:
    assert (
        check.report(parse(ROUTED, {}), "config.yaml")
        == """\
config.yaml is good.

PROVIDER  TYPE       SPEAKS              ADDRESS                    STATE
a         openai     openai_chat         https://api.openai.com/v1  ready
b         anthropic  anthropic_messages  https://api.anthropic.com  ready
off       openai     -                   -                          disabled: NOT_SET is not set

ROUTE  MODELS  IF HEADERS  BACKENDS
first  m, g-*  x-tenant    a 4, a/n 1; then b
gone   gone    -           none: answers 503

config.yaml:5: providers.off: disabled: NOT_SET is not set
config.yaml:11: routes[1].backends[0]: left out: off is disabled"""
    )


def test_models_tell_who_answers() -> None:
    assert (
        check.models(parse(ROUTED, {}))
        == """\
MODEL  OWNED BY     PROVIDERS
m      dragoman     a, a/n, b
g-*    (a pattern)  a, a/n, b"""
    )


def test_without_routes_any_name_goes() -> None:
    lines = check.models(parse("providers: {d: {type: demo}, a: {type: openai}}", {})).splitlines()
    assert lines[1].split() == ["d/hello", "dragoman", "d"]
    assert lines[-1].split() == ["a/…", "(any", "name)", "a"]


def test_providers_tell_what_each_type_serves() -> None:
    shown = [line.split() for line in check.providers(parse("", {})).splitlines()]
    assert ["anthropic", "chat,", "completion,", "tokenize,", "messages,", "count", "tokens"] in shown
    assert ["cohere", "chat,", "completion,", "embeddings,", "messages"] in shown


def test_the_banner_tells_of_fallbacks_that_are_only_on_paper() -> None:
    config = parse(ROUTED, {})
    text = check.banner(config, "config.yaml", config.server.listen, config.server.admin)
    assert "NOT_SET is not set" in text
    assert "config.yaml:11: routes[1].backends[0]: left out" in text and ": providers.off:" not in text


def test_the_status_is_a_table() -> None:
    backend = {
        "provider": "a",
        "model": "m",
        "priority": 0,
        "weight": 1,
        "health": "cooling",
        "seconds_left": 2.5,
        "in_flight": 3,
        "first_byte_ms": None,
    }
    well = backend | {"health": "healthy", "seconds_left": 0, "first_byte_ms": 12.0, "provider": "b"}
    told = {
        "configuration": "config.yaml",
        "generation": 2,
        "last_reload": "refused",
        "in_flight": 3,
        "draining": True,
        "routes": [{"name": "small", "backends": [backend, well]}],
    }
    assert (
        check.status(told)
        == """\
configuration  config.yaml, generation 2; the last change of it was refused, see the log
requests       3 in flight; draining

ROUTE  BACKEND  PRIORITY  WEIGHT  HEALTH          IN FLIGHT  FIRST BYTE
small  a/m      0         1       cooling, 2.5 s  3          -
       b/m      0         1       healthy         3          12 ms"""
    )
    assert check.status(told | {"routes": [], "last_reload": "success", "draining": False}).endswith("flight")


def test_the_banner_has_a_line_to_try() -> None:
    config = parse("endpoints: {root: /ai}\nproviders: {demo: {type: demo}}", {})
    text = check.banner(config, "config.yaml", Address("0.0.0.0", 80), None, "http://127.0.0.1:8081/?token=x")
    command = shlex.split(text.partition("Try it:")[2].replace("\\\n", " "))
    assert command[1] == "http://127.0.0.1:80/ai/v1/chat/completions"
    assert '"model": "demo/hello"' in command[-1]
    assert "mitmweb        http://127.0.0.1:8081/?token=x\n" in text
    assert "admin          off\n" in text


def test_the_banner_tells_to_bring_a_key_but_never_which() -> None:
    config = parse("server: {api_keys: [canary]}\nproviders: {demo: {type: demo}}", {})
    text = check.banner(config, "config.yaml", config.server.listen, config.server.admin)
    assert "authorization: Bearer YOUR_KEY" in text
    assert "canary" not in text


def test_a_gateway_with_nothing_to_offer_has_no_line_to_try() -> None:
    text = check.banner(parse("", {}), "config.yaml", Address("127.0.0.1", 80), Address("::1", 81))
    assert "Try it" not in text
    assert "http://[::1]:81" in text


def test_the_demo_knows_what_is_listed_of_it() -> None:
    assert set(DEMO_MODELS) <= MODELS.keys()
