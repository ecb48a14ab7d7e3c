"""What OpenAI's endpoints have in common in their requests, and what it answers when something is missing."""

from typing import Any

from addons.demo.answer import Incoming, Rejected
from addons.demo.wire import Json, count, items, parse, text

HEADERS = [("openai-version", "2020-10-01"), ("openai-organization", "demo")]
NAMES = {
    str: "a string",
    int: "an integer",
    float: "a decimal",
    list: "an array",
    dict: "an object",
    bool: "a boolean",
}


def headers(digest: str) -> list[tuple[str, str]]:
    return [("x-request-id", f"req_{digest}"), *HEADERS]


def body_of(request: Incoming) -> Json:
    """The request's JSON, with a model; the path's goes before the body's."""
    try:
        body: Any = parse(request.body)
    except ValueError:
        raise Rejected("We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise Rejected("We expected a JSON object as the body of your request.")
    checked: Json = {**body, **request.named}
    if not checked.get("model"):
        raise Rejected("you must provide a model parameter")
    return require(checked, "model", str)


def require(body: Json, field: str, *kinds: type) -> Json:
    """The body, if it has the field, of one of these kinds."""
    if body.get(field) is None:
        raise Rejected(f"Missing required parameter: '{field}'.", field, "missing_required_parameter")
    return optional(body, field, *kinds)


def optional(body: Json, field: str, *kinds: type) -> Json:
    """The body, if the field is absent, null or of one of these kinds."""
    value = body.get(field)
    if value is None or (isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)):
        return body
    wanted, got = " or ".join(NAMES[kind] for kind in kinds), NAMES[type(value)]
    message = f"Invalid type for '{field}': expected {wanted}, but got {got} instead."
    raise Rejected(message, field, "invalid_type")


def check_sampling(body: Json) -> Json:
    """What all generating endpoints check alike."""
    for field, low, high in (("temperature", 0, 2), ("top_p", 0, 1), ("n", 1, 128)):
        optional(body, field, int, float)
        value = body.get(field)
        if value is not None and not low <= value <= high:
            raise _outside(field, value, low, high)
    optional(body, "stop", str, list)
    return optional(body, "stream", bool)


def _outside(field: str, value: float, low: float, high: float) -> Rejected:
    """As OpenAI words it for a number that is too small or too large."""
    kind = "integer" if isinstance(value, int) else "decimal"
    wanted = f"below minimum value. Expected a value >= {low}"
    code = f"{kind}_below_min_value"
    if value > high:
        wanted, code = f"above maximum value. Expected a value <= {high}", f"{kind}_above_max_value"
    return Rejected(f"Invalid '{field}': {kind} {wanted}, but got {value} instead.", field, code)


def limit_of(body: Json, *fields: str) -> int | None:
    """The first of these token limits that is set."""
    for field in fields:
        optional(body, field, int)
        if (value := count(body.get(field))) is not None:
            if value < 1:
                raise _outside(field, value, 1, value)
            return value
    return None


def stops_of(body: Json) -> tuple[str, ...]:
    stop = body.get("stop")
    return (stop,) if isinstance(stop, str) else tuple(text(each) for each in items(stop))


def includes_usage(body: Json) -> bool:
    """Whether a streamed answer says its usage."""
    options: Any = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True  # pyright: ignore[reportUnknownMemberType]


def prompt_texts(prompt: Any) -> tuple[str, ...]:
    """The prompts in a completion or embedding request: a text, tokens, or several of either."""
    if isinstance(prompt, str):
        return (prompt,)
    listed = items(prompt)
    if listed and all(isinstance(each, int) for each in listed):
        return (" ".join(map(str, listed)),)
    return tuple(each if isinstance(each, str) else " ".join(map(str, items(each))) for each in listed)
