"""Google's countTokens, of the Gemini API and of Vertex AI. https://ai.google.dev/api/tokens"""

from translators import gemini_generate
from translators.canonical import Json, Request
from translators.counting import Count, unthinking, without_thought
from translators.foreign import Record


class GeminiCount(Count):
    """A generateContent request inside of another, which names its model; Vertex AI has it unwrapped."""

    def __init__(self) -> None:
        super().__init__(
            "gemini_count", gemini_generate, "totalTokens", without_thought(gemini_generate.LACKS)
        )

    def chat_in(self, body: Json) -> Json:
        top = Record(body)
        inner = top.record("generateContentRequest")
        return {**inner.data, "model": top.text("model")} if inner else body

    def write_request(self, request: Request) -> Json:
        written = super().write_request(unthinking(request))
        return {"generateContentRequest": {"model": f"models/{request.model}", **written}}
