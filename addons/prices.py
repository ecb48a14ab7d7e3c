"""Prices: what usage costs, where the configuration says what a token costs."""

from addons.call import Call
from translators.canonical import Usage

MILLION = 1_000_000


def cost_usd(call: Call, usage: Usage) -> float | None:
    """US dollars, or `None` where no price is known: a cost is never made up."""
    attempt = call.current
    if not attempt:
        return None
    price = call.config.providers[attempt.provider].prices.get(attempt.model)
    if not price or usage.input is None or usage.output is None:
        return None
    cached, written = usage.cache_read or 0, usage.cache_write or 0
    cached_price = price.input if price.cached_input is None else price.cached_input
    write_price = price.input if price.cache_write is None else price.cache_write
    dollars = (
        (usage.input - cached - written) * price.input
        + cached * cached_price
        + written * write_price
        + usage.output * price.output
    )
    return round(dollars / MILLION, 12)
