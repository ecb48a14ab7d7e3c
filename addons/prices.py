"""Prices: what usage costs, by the configuration's prices, else by those that the vendor publishes.

Where both are silent, there is no cost, and not one of zero.
"""

import time
from collections.abc import Callable

from addons import catalogue
from addons.call import Call, Try
from addons.catalogue import PUBLISHERS, Sought, Step
from addons.config import Config, Provider
from addons.config_providers import Price
from translators.canonical import Usage

MILLION = 1_000_000
MOST_KNOWN = 1000
"""Models whose published prices are remembered."""

INPUT_PARTS = (
    ("cache_read", "cached_input"),
    ("audio_input", "input_audio"),
    ("image_input", "input_image"),
)
OUTPUT_PARTS = (
    ("reasoning", "reasoning"),
    ("audio_output", "output_audio"),
    ("image_output", "output_image"),
)
"""Kinds of tokens within a sum, and the names of their prices; without one, they cost what the sum does."""
SINGLY = (
    ("images", "image", 1),
    ("web_searches", "web_search", 1),
    ("search_units", "search_unit", 1),
    ("audio_seconds", "audio_minute", 60),
)
"""What is not counted in tokens, the name of its price, and how many of it that price buys."""


class Prices:
    """Knows what each model costs; looks published prices up anew each minute, as some depend on the time."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config
        self._known: dict[Sought, tuple[Step, ...]] = {}
        self._minute = 0

    def prepare(self) -> None:
        """Load the catalogue if a provider needs it, so that no client has to wait for it."""
        providers = self._config().providers.values()
        if any(provider.type in PUBLISHERS and not provider.disabled for provider in providers):
            catalogue.load()

    def cost_of(self, call: Call) -> float | None:
        """US dollars for what a call's last attempt has used, as far as its provider has told.

        `None` where the price or the usage is not known: a cost is never made up. Attempts that failed before
        it cost nothing: no vendor bills a request that it answers with an error.
        """
        attempt = call.current
        if not attempt or not answered(call):
            return None
        used = attempt.translator.outcome.used
        usage = used.usage if used else Usage()
        provider = call.config.providers[attempt.provider]
        price = configured(provider, attempt) or self._published(provider, attempt, usage)
        return cost_usd(usage, price) if price else None

    def _published(self, provider: Provider, attempt: Try, usage: Usage) -> Price | None:
        if provider.type not in PUBLISHERS:
            return None
        now, outcome = time.time(), attempt.translator.outcome
        if (minute := int(now // 60)) != self._minute or len(self._known) >= MOST_KNOWN:
            self._known.clear()
            self._minute = minute
        tier = outcome.used.service_tier or "" if outcome.used else ""
        key = Sought(provider.type, provider.base_url, attempt.model, outcome.model or "", tier)
        steps = self._known.get(key)
        if steps is None:
            steps = self._known[key] = catalogue.steps(key, now)
        if len(steps) == 1:
            return steps[0].price
        return next((price for over, price in reversed(steps) if (usage.input or 0) > over), None)


def answered(call: Call) -> bool:
    """Whether the last attempt got more than an error."""
    response = call.attempts[-1].response if len(call.failures) < len(call.attempts) else None
    return response is not None and response.status_code < 300


def configured(provider: Provider, attempt: Try) -> Price | None:
    """The configuration's price, by the name that was asked for or else by the one that answered."""
    if not provider.prices:
        return None
    return provider.prices.get(attempt.model) or provider.prices.get(attempt.translator.outcome.model or "")


def cost_usd(usage: Usage, price: Price) -> float | None:
    """US dollars, or `None` where something was used whose price is not known, or the other way round."""
    asked = _tokens(usage, usage.input, price, price.input, INPUT_PARTS)
    told = _tokens(usage, usage.output, price, price.output, OUTPUT_PARTS)
    if asked is None or told is None:
        return None
    if (price.input is None) != (price.output is None) and _unpriced(usage, price):
        return None
    pieces = list[float]()
    for counted, priced, buys in SINGLY:
        each: float | None = getattr(price, priced)
        count: float | None = getattr(usage, counted)
        if each is not None and count is not None:
            pieces.append(count * each / buys)
    if price.request is not None:
        pieces.append(price.request)
    if not pieces and usage.input is None and usage.output is None:
        return None
    return round((asked + told + _written(usage, price)) / MILLION + sum(pieces), 12)


def _unpriced(usage: Usage, price: Price) -> bool:
    """Whether tokens were used on the side that has no price, though the other one has."""
    return bool(usage.input if price.input is None else usage.output)


def _tokens(
    usage: Usage, total: int | None, price: Price, each: float | None, parts: tuple[tuple[str, str], ...]
) -> float | None:
    """Micro-dollars for one side's tokens but those written to a cache; `None` where they are unknown."""
    if total is None:
        return None if each else 0.0
    rest, cost = total, 0.0
    if each is not None and parts is INPUT_PARTS:
        rest -= usage.cache_write or 0
    for counted, priced in parts:
        count: int | None = getattr(usage, counted)
        own: float | None = getattr(price, priced)
        if count and own is not None:
            rest -= count
            cost += count * own
    return cost + max(0, rest) * (each or 0.0)


def _written(usage: Usage, price: Price) -> float:
    """Micro-dollars for what was written to a cache, for some minutes or for an hour."""
    if not usage.cache_write:
        return 0.0
    minutes = price.cache_write if price.cache_write is not None else price.input or 0.0
    hour = price.cache_write_1h if price.cache_write_1h is not None else minutes
    long = min(usage.cache_write_1h or 0, usage.cache_write)
    return (usage.cache_write - long) * minutes + long * hour
