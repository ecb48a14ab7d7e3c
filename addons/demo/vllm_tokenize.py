"""vLLM's tokenize: a token is a word, and its number its place among all that are told.

https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#tokenizer-api
"""

import re
from dataclasses import replace

from addons.demo import openai_chat_request, openai_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.openai_request import body_of, headers, optional, require
from addons.demo.wire import Json, digest, dump, text, words

MOST = 32_768
FLAGS = ("add_generation_prompt", "continue_final_message", "add_special_tokens", "return_token_strs")


def read(request: Incoming) -> Ask:
    body = body_of(request)
    for flag in FLAGS:
        optional(body, flag, bool)
    if body.get("messages") is not None:
        if body.get("add_generation_prompt", True) and body.get("continue_final_message"):
            said = "Cannot set both `continue_final_message` and `add_generation_prompt` to True."
            raise Rejected(said, "continue_final_message")
        return replace(openai_chat_request.read(request), stream=False)
    prompt = text(require(body, "prompt", str)["prompt"])
    return Ask(
        model=body["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(prompt,),
        tokens=len(words(prompt)),
    )


def write(ask: Ask, _answer: Answer) -> Content:
    told: Json = {
        "count": ask.tokens,
        "max_model_len": MOST,
        "tokens": [*range(ask.tokens)],
        "token_strs": None,
    }
    if ask.body.get("return_token_strs") is True and "prompt" in ask.body:
        told["token_strs"] = words(ask.texts[0])
    return Content(dump(told))


ENDPOINTS = (
    Endpoint(
        path=re.compile("/tokenize"), read=read, write=write, error=openai_errors.write, headers=headers
    ),
)
