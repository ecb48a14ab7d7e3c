"""Amazon Bedrock's CountTokens. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html"""

from translators import bedrock_converse
from translators.bedrock_converse.models import family
from translators.canonical import Json, Request
from translators.counting import Count
from translators.fields import Lack
from translators.foreign import Record

_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")
"""What of a Converse request can be counted: `ConverseTokensRequest`."""


class BedrockCount(Count):
    """A Converse request inside of another. Model and path are as Converse has them."""

    def __init__(self) -> None:
        schema = Lack(
            "dropped",
            by_model=lambda model, output: family(model).schema,
            note="it counts no schema of these",
        )
        super().__init__(
            "bedrock_count",
            bedrock_converse,
            "inputTokens",
            {**bedrock_converse.LACKS, "JsonSchema": schema},
        )

    def chat_in(self, body: Json) -> Json:
        top = Record(body)
        asked = top.must(top.record, "input")
        return {**asked.must(asked.record, "converse").data, "model": top.text("model")}

    def write_request(self, request: Request) -> Json:
        written = super().write_request(request)
        return {"input": {"converse": {name: written[name] for name in _COUNTED if name in written}}}
