"""Log probabilities as Google writes them: every word is as likely as its length lets it be."""

from addons.demo.wire import Json, count, members


def logprobs(body: Json, said: list[str]) -> Json:
    """The members of a candidate that tell them, where they are asked for."""
    config = members(body.get("generationConfig"))
    if config.get("responseLogprobs") is not True or not said:
        return {}
    top = count(config.get("logprobs")) or 0
    chosen = [_entry(word, 0) for word in said]
    others = [{"candidates": [_entry(word, rank) for rank in range(top)]} for word in said]
    return {
        "avgLogprobs": round(sum(entry["logProbability"] for entry in chosen) / len(chosen), 6),
        "logprobsResult": {"chosenCandidates": chosen, **({"topCandidates": others} if top else {})},
    }


def _entry(word: str, rank: int) -> Json:
    """The word, or one that might have stood in its place."""
    token = word if rank == 0 else f"{word}{rank}"
    return {
        "token": token,
        "tokenId": len(token) + rank,
        "logProbability": -round(0.01 * (1 + len(word) % 7) + rank, 4),
    }
