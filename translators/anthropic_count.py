"""Anthropic's count of a message's tokens. https://platform.claude.com/docs/en/api/messages-count-tokens"""

from translators import anthropic_messages
from translators.canonical import Json, Request
from translators.counting import Count


class AnthropicCount(Count):
    """A Messages request that needs no limit, as nothing is said."""

    def __init__(self) -> None:
        super().__init__("anthropic_count", anthropic_messages, "input_tokens")

    def chat_in(self, body: Json) -> Json:
        return {**body, "max_tokens": 1}

    def write_request(self, request: Request) -> Json:
        body = super().write_request(request)
        del body["max_tokens"]
        return body
