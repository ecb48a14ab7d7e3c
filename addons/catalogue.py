"""The prices that vendors publish, as the installed package `genai-prices` has them: nothing is downloaded.

https://github.com/pydantic/genai-prices
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from addons.config_providers import Price

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

PUBLISHERS: Mapping[str, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "azure-openai": "azure",
    "aws-bedrock": "aws",
    "aws-anthropic": "aws",
    "aws-rerank": "aws",
    "gcp-vertex": "google",
    "gcp-anthropic": "google",
    "gcp-ranking": "google",
    "gemini": "google",
    "cohere": "cohere",
    "voyage": "voyageai",
    "cerebras": "cerebras",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "gemini-openai": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "xai": "x-ai",
}
"""Types of providers, and whose prices they have. Adding one is adding a row."""

BY_ADDRESS = frozenset({"openai"})
"""Types that stand for many vendors: the address tells which, where the catalogue knows it."""

AS_ASKED = frozenset({"aws-bedrock", "aws-anthropic"})
"""Types whose own names of models say more than the name that answers: the region that is billed."""

TIERS_APART = frozenset({"flex", "priority", "fast", "scale", "batch"})
"""Ways to be served that have prices of their own: where those are not published, there is none."""

UNITS: Mapping[str, tuple[str, int]] = {
    "input_mtok": ("input", 1),
    "cache_read_mtok": ("cached_input", 1),
    "cache_write_mtok": ("cache_write", 1),
    "cache_write_1h_mtok": ("cache_write_1h", 1),
    "output_mtok": ("output", 1),
    "output_reasoning_mtok": ("reasoning", 1),
    "input_audio_mtok": ("input_audio", 1),
    "output_audio_mtok": ("output_audio", 1),
    "input_image_mtok": ("input_image", 1),
    "output_image_mtok": ("output_image", 1),
    "input_audio_hours": ("audio_minute", 60),
    "web_searches_kcount": ("web_search", 1000),
    "rerank_searches_kcount": ("search_unit", 1000),
    "requests_kcount": ("request", 1000),
}
"""The catalogue's names of what it prices, ours, and how many of ours its price buys."""


class Sought(NamedTuple):
    """What a price depends on, but for the time and the length of the prompt."""

    kind: str
    """The provider's type."""
    base_url: str
    asked: str
    """The model's name in the request."""
    answered: str
    """The one in the answer, or nothing."""
    tier: str
    """As in `Used.service_tier`, or nothing."""


class Step(NamedTuple):
    """Prices for all tokens of a request whose prompt has more than `over` tokens."""

    over: int
    price: Price


def load() -> "DataSnapshot":
    """The catalogue: some tens of milliseconds for the first one to ask."""
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415  (only who needs it waits for it)

    return get_snapshot()


def steps(sought: Sought, now: float) -> tuple[Step, ...]:
    """What is charged at a time (in Unix seconds), cheapest step first; empty where nothing is known."""
    model, tier = _find(sought), sought.tier
    if model is None:
        return ()
    context = {"service_tier": tier, "processing": tier, "speed": tier}
    variants = model.price_variants or ()
    if tier in TIERS_APART and not any(variant.when.items() <= context.items() for variant in variants):
        return ()
    return _stepped(model.get_prices(datetime.fromtimestamp(now, UTC), context))


def _find(sought: Sought) -> "ModelInfo | None":
    catalogue, publisher = load(), None
    if sought.kind in BY_ADDRESS:
        with suppress(LookupError):  # a server that only speaks like the vendor
            publisher = catalogue.find_provider(None, None, sought.base_url)
    publisher = publisher or catalogue.find_provider(None, PUBLISHERS[sought.kind], None)
    names = (sought.asked, sought.answered) if sought.kind in AS_ASKED else (sought.answered, sought.asked)
    found = (publisher.find_model(name, all_providers=catalogue.providers) for name in names if name)
    return next((model for model in found if model), None)


def _stepped(prices: "ModelPrice") -> tuple[Step, ...]:
    """A catalogue's entry in our words; empty where it prices nothing that we count."""
    known: dict[str, Any] = {name: value for name, value in vars(prices).items() if name in UNITS}
    starts = {tier.start for value in known.values() for tier in getattr(value, "tiers", ())}
    if all(value is None for value in known.values()):
        return ()
    return tuple(Step(over, _price(known, over)) for over in (-1, *sorted(starts)))


def _price(known: dict[str, Any], over: int) -> Price:
    """The prices for prompts of more than `over` tokens."""
    ours: dict[str, float] = {}
    for name, value in known.items():
        if value is None:
            continue
        priced, buys = UNITS[name]
        each = value
        if not isinstance(value, Decimal):
            each = next((tier.price for tier in reversed(value.tiers) if tier.start <= over), value.base)
        ours[priced] = float(each / buys)
    return Price(**ours)
