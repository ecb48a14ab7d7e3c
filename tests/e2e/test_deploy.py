"""The dashboard and the alerts name nothing that a real /metrics does not have."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.client import CHAT, chat, post
from tests.gateway import REPOSITORY, running

DASHBOARD = json.loads((REPOSITORY / "deploy/grafana/dragoman.json").read_text())
ALERTS = yaml.safe_load((REPOSITORY / "deploy/prometheus/alerts.yaml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]

_SERIES = re.compile(r"\b((?:gen_ai|dragoman)_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)(=~|=)"([^"]*)"')
_BY = re.compile(r"\bby \(([^)]*)\)")


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, set[str]]]]:
    """Each sample's name, its labels, and their values, after a run in which everything happens once."""
    demo: Any = {"type": "demo", "prices": {"cached": {"input": 1, "output": 2}}}
    with running({"providers": {"demo": demo}}, tmp_path_factory.mktemp("deploy")) as gateway:
        post(gateway.url, CHAT, chat("demo/cached"))
        post(gateway.url, CHAT, chat("demo/thinking", stream=True))
        post(gateway.url, "/v1/images/generations", {"model": "demo/hello", "prompt": "x"})
        post(gateway.url, CHAT, chat("demo/429"))
        post(gateway.url, CHAT, chat("demo/500"))
        text = gateway.settled()
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            for label, value in sample.labels.items():
                found[sample.name][label].add(value)
            found[sample.name]  # (also one without labels is there)
    yield found


def panels() -> list[tuple[str, str]]:
    """The expressions of the dashboard, each with what its legend says."""
    targets = [target for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [(target["expr"], target["legendFormat"]) for target in targets]


def alerts() -> list[tuple[str, str]]:
    """Those of the alerts, with their texts."""
    return [(rule["expr"], json.dumps(rule["annotations"])) for rule in RULES]


@pytest.mark.parametrize(("expression", "text"), [*panels(), *alerts()])
def test_every_series_and_label_exists(
    series: dict[str, dict[str, set[str]]], expression: str, text: str
) -> None:
    grouped = {label.strip() for found in _BY.findall(expression) for label in found.split(",")}
    selected = _SERIES.findall(_BY.sub("", expression))
    assert selected
    for name, matchers in selected:
        assert name in series
        for label, how, value in _MATCHER.findall(matchers):
            assert label in series[name]
            if how == "=" and value:
                assert value in series[name][label]
        assert grouped - {"le"} <= series[name].keys()
    assert set(re.findall(r"(?:\$labels\.|\{\{)(\w+)", text)) - {"value"} <= grouped


def test_every_choice_of_the_dashboard_is_a_label(series: dict[str, dict[str, set[str]]]) -> None:
    choices = [made["query"]["query"] for made in DASHBOARD["templating"]["list"] if made["type"] == "query"]
    assert choices
    for choice in choices:
        found = re.fullmatch(r"label_values\((\w+), (\w+)\)", choice)
        assert found and found[2] in series[found[1]]
    names = {made["name"] for made in DASHBOARD["templating"]["list"]}
    builtin = {"__rate_interval", "__range"}
    assert set(re.findall(r"\$(\w+)", json.dumps(panels()))) <= names | builtin


def test_all_that_is_measured_is_shown(series: dict[str, dict[str, set[str]]]) -> None:
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for e, _ in panels() for name, _ in _SERIES.findall(e)}
    measured = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in series}
    assert {name.removesuffix("_total") for name in measured} <= {n.removesuffix("_total") for n in shown}


def test_rules_are_complete() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert {"summary", "description"} <= rule["annotations"].keys()
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
