"""The lists of models, as OpenAI and Anthropic tell them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import unquote

from addons.config import Config, Listed
from addons.endpoints import LISTED, MODELS, Family
from translators.canonical import Json
from translators.errors import BadRequest

PAGE, LARGEST_PAGE = 20, 1000


def models_answer(
    family: Family, query: Mapping[str, str], config: Config, headers: Mapping[str, str]
) -> Json:
    """All models that a client with such headers can name.

    Anthropic's list has pages: `limit`, `after_id`, `before_id`.
    """
    models = config.models(headers)
    if family == "openai":
        return {"object": "list", "data": [_openai(*model) for model in models]}
    page, more = _page(models, query)
    return {
        "data": [_anthropic(*model) for model in page],
        "has_more": more,
        "first_id": page[0][0] if page else None,
        "last_id": page[-1][0] if page else None,
    }


def model_answer(family: Family, model: str, config: Config, headers: Mapping[str, str]) -> Json:
    """One model. Raises `LookupError` when there is none of that name."""
    for found in config.models(headers):
        if found[0] in (model, unquote(model)):
            return _openai(*found) if family == "openai" else _anthropic(*found)
    raise LookupError(f"There is no model {unquote(model)[:200]!r}; {how_listed(family, config)}.")


def how_listed(family: Family, config: Config) -> str:
    """Where a client sees which models there are, for a message."""
    listed: Family = family if family in LISTED else "openai"
    return f"GET {config.endpoints.prefix(listed)}{MODELS} lists them"


def _openai(model: str, owned_by: str, created: int) -> Json:
    return {"id": model, "object": "model", "created": created, "owned_by": owned_by}


def _anthropic(model: str, owned_by: str, created: int) -> Json:
    when = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"id": model, "type": "model", "display_name": model, "created_at": when}


def _page(models: list[Listed], query: Mapping[str, str]) -> tuple[list[Listed], bool]:
    limit = query.get("limit", str(PAGE))
    if not re.fullmatch(r"[0-9]{1,4}", limit) or not 1 <= int(limit) <= LARGEST_PAGE:
        raise BadRequest("limit", f"must be a number from 1 to {LARGEST_PAGE}")
    ids = [model[0] for model in models]
    if before := query.get("before_id"):
        rest = models[: ids.index(before) if before in ids else 0]
        return rest[-int(limit) :], len(rest) > int(limit)
    after = query.get("after_id")
    rest = models[ids.index(after) + 1 :] if after in ids else [] if after else models
    return rest[: int(limit)], len(rest) > int(limit)
