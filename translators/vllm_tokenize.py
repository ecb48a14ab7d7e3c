"""vLLM's tokenize. https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#tokenizer-api"""

from collections.abc import Mapping
from dataclasses import replace

from translators import openai_chat
from translators.canonical import Json, Opaque, Request
from translators.counting import Count, unthinking, without_thought
from translators.fields import Lack, Means, Own, Reads
from translators.foreign import Record

_OWNER = "vllm"

_TEMPLATE = "elsewhere the provider makes a prompt of the messages in its own way"
_OWN: Mapping[str, Own] = {
    "add_generation_prompt": Own("dropped", harmless=(True,), note=_TEMPLATE),
    "continue_final_message": Own("dropped", harmless=(False,), note=_TEMPLATE),
    "add_special_tokens": Own("dropped", harmless=(False,), note=_TEMPLATE),
    "chat_template": Own("refused", note=_TEMPLATE),
    "chat_template_kwargs": Own("dropped", harmless=({},), note=_TEMPLATE),
    "mm_processor_kwargs": Own("dropped", harmless=({},)),
    "return_token_strs": Own("dropped", harmless=(False,), note="elsewhere tokens are counted, not shown"),
}
"""What a server of vLLM's alone understands."""


class Tokenize(Count):
    """The messages of a chat, or one text; elsewhere the text is what a user says.

    The tokens themselves are only told by a provider that speaks this: all others tell how many there are.
    """

    def __init__(self) -> None:
        lacks = without_thought(openai_chat.LACKS)
        search = Lack("refused", note="vLLM searches nothing")
        super().__init__("vllm_tokenize", openai_chat, "count", {**lacks, "WebSearch": search})
        prompt = Means("Request.turns", "what the user says; either this or messages")
        self.READS: Reads = {**openai_chat.READS, "prompt": prompt, **_OWN}

    def chat_in(self, body: Json) -> Json:
        top = Record({name: value for name, value in body.items() if name not in _OWN})
        prompt = top.text("prompt")
        if prompt is None:
            return top.data
        if top.data.get("messages") is not None:
            raise top.bad("prompt", "must not be given together with messages")
        rest = {name: value for name, value in top.data.items() if name != "prompt"}
        return {**rest, "messages": [{"role": "user", "content": prompt}]}

    def read_request(self, body: Json) -> Request:
        request = super().read_request(body)
        own = (Opaque(_OWNER, name, body[name]) for name in _OWN if body.get(name) is not None)
        return replace(request, opaque=(*request.opaque, *own))

    def write_request(self, request: Request) -> Json:
        """Neither the choice of a tool nor the form of the answer is part of a prompt there."""
        asked = replace(unthinking(request), tool_choice=None, output=None)
        written = super().write_request(asked)
        return {name: written[name] for name in ("model", "messages", "tools") if name in written}
