"""Log probabilities as OpenAI writes them: every word is as likely as its length lets it be."""

from addons.demo.wire import Json, count


def _logprob(word: str, rank: int = 0) -> float:
    return -round(0.01 * (1 + len(word) % 7) + rank, 4)


def _entry(word: str, rank: int = 0) -> Json:
    return {"token": word, "logprob": _logprob(word, rank), "bytes": list(word.encode())}


def _others(word: str, amount: int) -> list[tuple[str, int]]:
    """The word and those that might have stood in its place."""
    return [(word if rank == 0 else f"{word}{rank}", rank) for rank in range(amount)]


def chat_logprobs(body: Json, said: list[str]) -> Json | None:
    """For chat completions, where they are asked for."""
    if body.get("logprobs") is not True:
        return None
    top = min(count(body.get("top_logprobs")) or 0, 20)
    return {
        "content": [
            {**_entry(word), "top_logprobs": [_entry(*other) for other in _others(word, top)]}
            for word in said
        ],
        "refusal": None,
    }


class TextLogprobs:
    """For completions, where they are asked for; it counts the offset from word to word."""

    def __init__(self, body: Json) -> None:
        self._top = count(body.get("logprobs"))
        self._offset = 0

    def of(self, said: list[str]) -> Json | None:
        if self._top is None:
            return None
        offsets: list[int] = []
        for word in said:
            offsets.append(self._offset)
            self._offset += len(word)
        tops: list[dict[str, float]] = [
            {other: _logprob(other, rank) for other, rank in _others(word, max(1, min(self._top, 5)))}
            for word in said
        ]
        return {
            "tokens": said,
            "token_logprobs": [_logprob(word) for word in said],
            "top_logprobs": tops,
            "text_offset": offsets,
        }
