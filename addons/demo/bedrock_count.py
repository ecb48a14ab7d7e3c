"""AWS Bedrock's count of tokens. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html"""

import base64
import re
from dataclasses import replace

from addons.demo import anthropic_hosted, bedrock_errors, bedrock_shapes
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.bedrock_converse_request import ask_of, body_of
from addons.demo.wire import digest, dump, members

PROFILE = re.compile(r"(?:us-gov|us|eu|apac|uk|au|jp|global)\.")


def read(request: Incoming) -> Ask:
    body, model = body_of(request), request.named["model"]
    bedrock_shapes.check("bedrock-runtime", "CountTokensRequest", body)
    if PROFILE.match(model):
        raise Rejected("The provided model doesn't support counting tokens.")
    asked = members(body["input"])
    if "converse" in asked:
        return ask_of(request, members(asked["converse"]), model)
    inner = base64.b64decode(members(asked["invokeModel"])["body"])
    told = anthropic_hosted.read_aws(replace(request, body=inner))
    return replace(told, digest=digest(request.path.encode(), request.body))


def write(ask: Ask, _answer: Answer) -> Content:
    return Content(dump({"inputTokens": ask.tokens}))


ENDPOINTS = (
    Endpoint(
        path=re.compile("/model/(?P<model>[^/]+)/count-tokens"),
        read=read,
        write=write,
        error=bedrock_errors.write,
        headers=bedrock_errors.headers,
    ),
)
