"""Two thousand requests with every fault: metrics, log and clients agree with what the providers counted."""

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.client import PATIENCE, Json
from tests.e2e.mixed import CHAINS, KINDS, PRICES, Plan, Tally, plans
from tests.gateway import Gateway, eventually, running, standard_config
from tests.upstream import Upstream

REQUESTS, CLIENTS, SEED = 2000, 12, 4


class Samples:
    """What /metrics says."""

    def __init__(self, text: str) -> None:
        self._samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def sums(self, name: str, *labels: str) -> Counter[tuple[str, ...]]:
        """The values of a metric, by some of its labels."""
        found: Counter[tuple[str, ...]] = Counter()
        for sample in self._samples:
            if sample.name == name:
                found[tuple(sample.labels[label] for label in labels)] += sample.value  # type: ignore[assignment]
        return found

    def total(self, name: str) -> float:
        return sum(self.sums(name).values())


class Run:
    """The run, once it is over, from all three sides."""

    def __init__(self, tally: Tally, seen: Counter[int], gateway: Gateway) -> None:
        self.tally, self.seen = tally, seen
        self.metrics = Samples(gateway.settled())
        self.log: list[Json] = eventually(
            lambda: log if len(log := gateway.access_log()) >= REQUESTS else None, "some are not in the log"
        )
        assert len(self.log) == REQUESTS


@pytest.fixture(scope="module")
def run(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    tally = Tally(plans(REQUESTS, SEED))
    loopback.answer(tally)
    with running(config(loopback.url), tmp_path_factory.mktemp("reconciled")) as gateway:
        with ThreadPoolExecutor(CLIENTS) as pool:
            shares = [tally.plans[start::CLIENTS] for start in range(CLIENTS)]
            seen = sum(pool.map(lambda share: ask(gateway, share, tally), shares), Counter[int]())
        yield Run(tally, seen, gateway)
    assert not loopback.finish()


def config(url: str) -> Json:
    made = standard_config(url)
    for name, price in PRICES.items():
        made["providers"][name]["prices"] = {"up": price}
    backoff = {"base": "1ms", "max": "1ms"}
    made["routes"] = [
        {
            "models": [chain],
            "backends": [
                {"provider": name, "model": "up", "priority": place}
                for place, name in enumerate(chain.split("-"))
            ],
            "retry": {"backoff": backoff},
        }
        for chain in CHAINS
    ]
    return made


def ask(gateway: Gateway, share: list[Plan], tally: Tally) -> Counter[int]:
    """The statuses that a client sees; 499 where it leaves in the middle of its stream."""
    seen: Counter[int] = Counter()
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    for plan in share:
        connection.request("POST", plan.path, json.dumps(plan.body), {"content-type": "application/json"})
        response = connection.getresponse()
        seen[plan.status if plan.fates[-1] == "leave" else response.status] += 1
        if plan.fates[-1] in ("leave", "cut"):
            assert response.status == 200
            told = b""
            while b"one" not in told:
                told += response.read1(65536)
            tally.read[plan.number].set()
        if plan.fates[-1] == "leave":
            response.close()
        else:
            response.read()
        if not {"leave", "reset", "cut"}.isdisjoint(plan.fates):
            connection.close()  # and the next one is another connection, whatever became of those behind it
    connection.close()
    return seen


def test_each_client_saw_what_was_planned(run: Run) -> None:
    assert run.seen == Counter(plan.status for plan in run.tally.plans)
    assert len(run.seen) > 5  # or it would not be much of a run


def test_statuses(run: Run) -> None:
    assert Counter(line["status"] for line in run.log) == run.seen
    durations = run.metrics.sums("gen_ai_server_request_duration_seconds_count", "error_type")
    told: Counter[str] = Counter()
    for plan in run.tally.plans:
        broken = plan.fates[-1] in ("cut", "error")
        told["client_left" if plan.status == 499 else "broken" if broken else str(plan.status)] += 1
    told[""] = told.pop("200")
    assert durations == {(name,): count for name, count in told.items()}


def test_attempts(run: Run) -> None:
    assert run.metrics.sums("dragoman_attempts_total", "provider", "outcome") == run.tally.attempts
    logged = Counter(tuple(attempt.split(":")) for line in run.log for attempt in line["attempts"])
    assert logged == run.tally.attempts
    assert {"ok", "429", "500", "400", "reset", "503", "broken", "left"} == {name for _, name in logged}


def test_tokens(run: Run) -> None:
    metrics = run.metrics.sums("gen_ai_client_token_usage_sum", "gen_ai_token_type")
    names = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens")
    for kind, name in zip(KINDS, names, strict=True):
        assert sum(line[name] or 0 for line in run.log) == run.tally.tokens[kind] == metrics[kind,]


def test_dollars(run: Run) -> None:
    assert run.tally.dollars > 0
    assert sum(line["cost_usd"] or 0 for line in run.log) == pytest.approx(run.tally.dollars, rel=1e-9)
    assert run.metrics.total("dragoman_cost_usd_total") == pytest.approx(run.tally.dollars, rel=1e-9)


def test_where_the_numbers_come_from(run: Run) -> None:
    sources = Counter(line["usage_source"] for line in run.log)
    assert sources["provider"] == sum(plan.fates[-1] == "ok" for plan in run.tally.plans)
    assert sources["partial"] and sources["none"] and sources.total() == REQUESTS
    assert all((line["cost_usd"] is None) == (line["usage_source"] == "none") for line in run.log)
