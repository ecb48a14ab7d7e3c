"""What the one who runs it sees: start, configuration errors, health, metrics, the access log, the end."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import oracles
from tests.e2e import answers
from tests.e2e.answers import saying, streamed, streaming, whole
from tests.e2e.client import CHAT, MESSAGES, chat, messages, post
from tests.e2e.client import streaming as reading
from tests.gateway import Gateway, eventually, get, run_command, running, running_stock, standard_config
from tests.upstream import PATIENCE, Hold, Upstream, reset


def test_health_and_readiness(gateway: Gateway) -> None:
    assert gateway.ask_admin("/health")[0] == 200
    assert gateway.ask_admin("/ready")[0] == 200
    assert gateway.ask_admin("/nope")[0] == 404


@pytest.mark.parametrize("path", ["/metrics", "/health", "/ready"])
def test_operations_are_not_for_clients(gateway: Gateway, path: str) -> None:
    assert get(gateway.url + path)[0] == 404


def test_data_is_not_for_the_admin_listener(upstream: Upstream, gateway: Gateway) -> None:
    assert post(gateway.admin, CHAT, chat("a")).status in (404, 405)


# Metrics


def value(metrics: str, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    lines = [line for line in metrics.splitlines() if line.startswith((name + "{", name + " "))]
    wanted = [line for line in lines if all(f'{key}="{text}"' in line for key, text in labels.items())]
    return sum(float(line.rsplit(" ", 1)[1]) for line in wanted)


def test_metrics_of_a_request(upstream: Upstream, gateway: Gateway) -> None:
    before = gateway.settled()
    upstream.script("a", whole(saying("a")))
    post(gateway.url, CHAT, chat("renamed-a"))
    post(gateway.url, CHAT, b"{")
    after = gateway.settled()

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    tokens = "gen_ai_client_token_usage_sum"
    labels = {
        "gen_ai_provider_name": "openai",
        "gen_ai_operation_name": "chat",
        "gen_ai_request_model": "up-model",
    }
    assert grown(tokens, gen_ai_token_type="input", **labels) == 20
    assert grown(tokens, gen_ai_token_type="cached_input", **labels) == 12
    assert grown(tokens, gen_ai_token_type="output", **labels) == 7
    assert grown("gen_ai_server_request_duration_seconds_count", gen_ai_original_model="renamed-a") == 1
    assert grown("dragoman_attempts_total", provider="a") == 1
    assert value(after, "dragoman_inflight_requests") == 0


def test_metrics_of_a_stream(upstream: Upstream, gateway: Gateway) -> None:
    names = [
        "gen_ai_server_time_to_first_token_seconds_count",
        "gen_ai_server_time_per_output_token_seconds_count",
    ]
    before = gateway.settled()
    upstream.script("anth_a", streamed(streaming("anth_a", "one", "two", "three")))
    post(gateway.url, CHAT, chat("anth_a", stream=True))
    after = gateway.settled()
    for name in names:
        assert value(after, name) - value(before, name) == 1


def test_metrics_of_failures(upstream: Upstream, gateway: Gateway) -> None:
    before = gateway.settled()
    post(gateway.url, CHAT, chat("refused"))
    after = gateway.settled()
    attempts = "dragoman_attempts_total"
    assert value(after, attempts, provider="refused") - value(before, attempts, provider="refused") == 2
    assert 'error_type="' in after


# Access log


def test_a_line_of_the_access_log(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("a", whole(answers.openai_error(), 429))
    upstream.script("anth_a", streamed(streaming("anth_a", "one", "two")))
    body = chat("a-anth_a", stream=True, seed=1)
    line = gateway.logged(post(gateway.url, CHAT, body, {"x-request-id": "line-1"}).headers["x-request-id"])
    expected: dict[str, Any] = {
        "model": "a-anth_a",
        "provider": "anth_a",
        "upstream_model": "a-anth_a",
        "response_model": "claude-up-2024",
        "route": "a-anth_a",
        "status": 200,
        "stream": True,
        "input_tokens": 20,
        "cached_tokens": 12,
        "output_tokens": 7,
        "usage_source": "provider",
    }
    assert {key: line.get(key) for key in expected} == expected
    assert len(line["attempts"]) == 2 and line["attempts"][0].startswith("a:")
    assert "seed" in line["dropped"]
    assert 0 < line["ttft_ms"] <= line["duration_ms"] < PATIENCE * 1000
    assert "Hi" not in str(line)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (CHAT, b"{", 400),
        (MESSAGES, messages("nope"), 404),
        ("/v1/nope", b"{}", 404),
        (CHAT, chat("refused"), 502),
    ],
)
def test_refusals_are_in_the_access_log(gateway: Gateway, path: str, body: Any, status: int) -> None:
    answer = post(gateway.url, path, body)
    line = gateway.logged(answer.headers["x-request-id"])
    assert line["status"] == answer.status == status


def test_a_broken_stream_in_the_access_log(upstream: Upstream, gateway: Gateway) -> None:
    frames, hold = answers.anthropic_stream("one", "two"), Hold()
    upstream.script("anth_a", streamed([*frames[:-3], hold, reset]))
    with reading(gateway.url, CHAT, chat("anth_a", stream=True)) as stream:
        stream.until(b"two")
        hold.release()
        stream.rest()
    assert gateway.logged(stream.headers["x-request-id"])["usage_source"] == "partial"


# Start and end


def test_sigterm_lets_streams_finish(upstream: Upstream, tmp_path: Path) -> None:
    hold = Hold()
    first, *rest = streaming("a", "one", "two")
    upstream.script("a", streamed([first, hold, *rest]))
    with running(standard_config(upstream.url), tmp_path) as gateway:
        with reading(gateway.url, CHAT, chat("a", stream=True)) as stream:
            stream.until(b"assistant")
            gateway.terminate()
            _wait_until_closed(gateway)
            hold.release()
            assert oracles.check_openai_stream(stream.rest()) == []
        assert gateway.process.wait(PATIENCE) == 0
        assert "Traceback" not in gateway.output()


def _wait_until_closed(gateway: Gateway) -> None:
    """Until new connections are refused, or the gateway says that it is not ready."""

    def closed() -> bool:
        try:
            return get(gateway.admin + "/ready")[0] == 503 or get(gateway.url + "/v1/models")[0] == 503
        except OSError:
            return True

    eventually(closed, "it takes new requests after SIGTERM")


def test_sigterm_without_work_ends_at_once(upstream: Upstream, tmp_path: Path) -> None:
    with running(standard_config(upstream.url), tmp_path) as gateway:
        gateway.terminate()
        assert gateway.process.wait(PATIENCE) == 0


def test_the_grace_is_not_for_ever(upstream: Upstream, tmp_path: Path) -> None:
    config = standard_config(upstream.url)
    config["server"]["shutdown_grace"] = "500ms"
    upstream.script("a", streamed([answers.OPENAI_FIRST, Hold()]))
    with (
        running(config, tmp_path) as gateway,
        reading(gateway.url, CHAT, chat("a", stream=True)) as stream,
    ):
        stream.until(b"assistant")
        gateway.terminate()
        gateway.process.wait(PATIENCE / 2)  # or the provider has given up too


def test_start_up_shows_a_table_and_a_line_to_try(gateway: Gateway) -> None:
    output = gateway.output()
    assert "refused-a-b-c" in output and "anth_a" in output
    assert f"curl http://127.0.0.1:{gateway.port}" in output.replace("curl -s ", "curl ").replace("-N ", "")


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_config_error_names_each_line(tmp_path: Path, command: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("server:\n  listn: 127.0.0.1:1\nproviders:\n  a: {type: opnai}\nroutes: 5\n")
    ended = run_command(command, "--config", str(file), folder=tmp_path)
    assert ended.returncode == 1
    for line, word in ((2, "listn"), (4, "opnai"), (5, "routes")):
        assert f"bad.yaml:{line}" in ended.stderr and word in ended.stderr
    assert "Traceback" not in ended.stderr


def test_check_names_what_is_disabled(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    providers = {"a": {"type": "openai", "api_key": "${NO_SUCH_KEY}"}, "demo": {"type": "demo"}}
    file.write_text(yaml.safe_dump({"providers": providers}))
    ended = run_command("check", "--config", str(file), folder=tmp_path)
    assert ended.returncode == 0
    assert "NO_SUCH_KEY" in ended.stdout


def test_a_bad_config_does_not_start_under_mitmdump_either(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="it has ended"), running_stock({"nope": 1}, tmp_path):
        pass


def test_it_starts_from_the_environment_alone(upstream: Upstream, tmp_path: Path) -> None:
    env = {"OPENAI_API_KEY": "canary-provider-key-env", "OPENAI_BASE_URL": f"{upstream.url}/a/v1"}
    ended = run_command("check", folder=tmp_path, env=env)
    assert ended.returncode == 0 and "openai" in ended.stdout
    assert "canary" not in ended.stdout + ended.stderr
