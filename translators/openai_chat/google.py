"""Extensions for Google's models: what may stand in a Chat Completions request for them alone.

https://ai.google.dev/gemini-api/docs/openai
"""

from collections.abc import Iterator

from translators.canonical import Json, JsonValue, Opaque
from translators.foreign import Record
from translators.openai_chat.fields import GOOGLE_SEARCH

GOOGLE = "google"
GOOGLE_SETTINGS = ("safetySettings", "generationConfig", "image_config")
_DRAWING = {"aspect_ratio": "aspectRatio", "image_size": "imageSize"}
_TOOLS = {"google_search": "googleSearch", "enterprise_search": "enterpriseWebSearch"}


def google_settings(top: Record) -> Iterator[Opaque]:
    """Settings, in Google's own words."""
    if (safety := top.items("safetySettings")) is not None:
        yield Opaque(GOOGLE, "safetySettings", safety)
    config = top.record("generationConfig")
    if config and (closely := config.text("media_resolution")) is not None:
        yield Opaque(GOOGLE, "generationConfig.media_resolution", closely)
    if (drawn := top.record("image_config")) is not None:
        said = ((name, drawn.text(name)) for name in _DRAWING)
        wanted: Json = {_DRAWING[name]: word for name, word in said if word is not None}
        yield Opaque(GOOGLE, "image_config", wanted)


def google_tool(tool: Record, kind: str) -> Opaque:
    """A search that Google runs, in its own words; its settings stand beside `type`, or under its name."""
    inside = tool.record(kind)
    beside: Json = {name: value for name, value in tool.data.items() if name not in ("type", kind)}
    said = _in_google_words(beside, tool) | (_in_google_words(inside.data, inside) if inside else {})
    return Opaque(GOOGLE, f"tools[{kind}]", {_TOOLS[kind]: said})


def _in_google_words(said: Json, tool: Record, at: str = "") -> Json:
    told: Json = {}
    for name, value in said.items():
        if f"{at}{name}" not in GOOGLE_SEARCH:
            raise tool.bad(f"{at}{name}", "is not known")
        inner: JsonValue = _in_google_words(value, tool, f"{name}.") if isinstance(value, dict) else value
        if inner is not None:
            told[GOOGLE_SEARCH[f"{at}{name}"]] = inner
    return told


def signature_in(record: Record, at: str) -> Opaque | None:
    """The proof of Google's reasoning beside a call or a message, as its own endpoint tells it."""
    extra = record.record("extra_content")
    google = extra.record("google") if extra else None
    signature = google.text("thought_signature") if google else None
    field = f"{at}.extra_content.google.thought_signature"
    return Opaque(GOOGLE, field, signature) if signature else None


def extra_content(signature: JsonValue) -> Json:
    """Where Google's own endpoint tells such a proof."""
    return {"extra_content": {"google": {"thought_signature": signature}}}
