"""Log probabilities of tokens, in Google's form and in OpenAI's, which is ours."""

from translators.canonical import Json, JsonValue
from translators.pick import entries, inner, text


def read_logprobs(candidate: Json) -> tuple[Json, ...]:
    """The tokens that were chosen, each with the likeliest at its place."""
    result = inner(candidate, "logprobsResult")
    tops = entries(result, "topCandidates")
    tokens: list[Json] = []
    for i, chosen in enumerate(entries(result, "chosenCandidates")):
        others: list[JsonValue] = (
            [_token(one) for one in entries(tops[i], "candidates")] if i < len(tops) else []
        )
        tokens.append({**_token(chosen), "top_logprobs": others})
    return tuple(tokens)


def _token(candidate: Json) -> Json:
    token, probability = text(candidate, "token"), candidate.get("logProbability")
    known = isinstance(probability, int | float) and not isinstance(probability, bool)
    return {"token": token, "logprob": probability if known else -9999.0, "bytes": [*token.encode()]}


def write_logprobs(tokens: tuple[Json, ...]) -> Json:
    tops: list[JsonValue] = [
        {"candidates": [_candidate(one) for one in entries(token, "top_logprobs")]} for token in tokens
    ]
    return {"chosenCandidates": [_candidate(token) for token in tokens], "topCandidates": tops}


def _candidate(token: Json) -> JsonValue:
    written: Json = {"token": text(token, "token")}
    probability = token.get("logprob")
    if isinstance(probability, int | float) and not isinstance(probability, bool):
        written["logProbability"] = probability
    return written
