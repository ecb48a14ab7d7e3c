import subprocess
import sys
from datetime import UTC, datetime

import pytest
from genai_prices.types import ModelPrice

from addons.catalogue import PUBLISHERS, UNITS, Sought, Step, load, steps
from addons.config_providers import Price
from addons.config_types import TYPES

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp()
OPENAI = "https://api.openai.com/v1"


def price(kind: str, asked: str, answered: str = "", tier: str = "", base_url: str = "") -> Price | None:
    """The price of a short prompt."""
    found = steps(Sought(kind, base_url, asked, answered, tier), NOW)
    return found[0].price if found else None


@pytest.mark.parametrize("kind", PUBLISHERS)
def test_every_publisher_is_in_the_catalogue(kind: str) -> None:
    assert PUBLISHERS[kind] in {provider.id for provider in load().providers}


UNPUBLISHED = set(
    """
    deepinfra demo huggingface hunyuan jina llama.cpp lm-studio nvidia ollama sambanova tars tencent-lke vllm
    """.split()  # noqa: SIM905
)
"""Servers of one's own, and those whose prices the catalogue does not have."""


def test_every_type_has_a_publisher() -> None:
    assert TYPES.keys() - PUBLISHERS.keys() == UNPUBLISHED
    assert PUBLISHERS.keys() <= TYPES.keys()


def test_every_unit_is_one_of_the_catalogues_and_a_price_of_ours() -> None:
    assert not [name for name in UNITS if not hasattr(ModelPrice(), name)]
    assert {name for name, _ in UNITS.values()} <= Price.model_fields.keys()


def test_prices_in_our_words() -> None:
    assert price("openai", "gpt-4o-mini", base_url=OPENAI) == Price(
        input=0.15, cached_input=0.075, output=0.6, web_search=0.01
    )
    assert price("openai", "whisper-1", base_url=OPENAI) == Price(audio_minute=0.006)


def test_what_is_not_known_has_no_price() -> None:
    assert price("openai", "no-such-model", base_url=OPENAI) is None
    assert price("openai", "tts-1", base_url=OPENAI) is None  # billed by characters, which no answer counts


def test_an_address_tells_the_vendor() -> None:
    groq = price("openai", "llama-3.1-8b-instant", base_url="https://api.groq.com/openai/v1")
    assert groq and groq == price("groq", "llama-3.1-8b-instant")
    assert price("openai", "llama-3.1-8b-instant", base_url=OPENAI) is None


def test_long_prompts_have_prices_of_their_own() -> None:
    short, long = steps(Sought("gemini", "", "gemini-2.5-pro", "", ""), NOW)
    assert short == Step(-1, Price(input=1.25, output=10, cached_input=0.125, web_search=0.035))
    assert (long.over, long.price.input, long.price.output) == (200_000, 2.5, 15)


@pytest.mark.parametrize(
    ("kind", "model", "when", "dollars"),
    [
        ("deepseek", "deepseek-chat", datetime(2026, 11, 1, 12, tzinfo=UTC), 0.27),
        ("deepseek", "deepseek-chat", datetime(2026, 11, 1, 20, tzinfo=UTC), 0.135),
        ("openai", "o3", datetime(2025, 6, 1, tzinfo=UTC), 10),
        ("openai", "o3", datetime(2025, 7, 1, tzinfo=UTC), 2),
    ],
)
def test_a_price_may_depend_on_the_time(kind: str, model: str, when: datetime, dollars: float) -> None:
    """DeepSeek's nights are cheaper; o3 became cheaper on a day in June."""
    assert steps(Sought(kind, "", model, "", ""), when.timestamp())[0].price.input == dollars


def test_bedrock_bills_by_its_own_name() -> None:
    """An inference profile of a region costs a tenth more than the global one."""
    answered = "claude-sonnet-4-5-20250929"
    regional = price("aws-anthropic", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", answered)
    everywhere = price("aws-anthropic", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", answered)
    assert regional and everywhere and everywhere.input and regional.input
    assert regional.input == pytest.approx(everywhere.input * 1.1)


def test_nothing_is_asked_for_and_nothing_runs_beside() -> None:
    watched = """
import sys, threading
sys.addaudithook(lambda event, args: event.startswith("socket.") and sys.exit(event))
from addons.catalogue import Sought, steps
assert "genai_prices" not in sys.modules
assert steps(Sought("openai", "https://api.openai.com/v1", "gpt-4o", "", ""), 1.8e9)
assert threading.active_count() == 1
"""
    ended = subprocess.run([sys.executable, "-c", watched], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
