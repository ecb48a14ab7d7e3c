"""Amazon Bedrock's Converse. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"""

import re

from translators.bedrock_converse.errors import read_error, write_error
from translators.bedrock_converse.fields import LACKS, OWNER, READS
from translators.bedrock_converse.request_reader import check_request, read_request
from translators.bedrock_converse.request_writer import write_request
from translators.bedrock_converse.response import read_response, told, write_response
from translators.bedrock_converse.stream import StreamReader, StreamWriter
from translators.canonical import Json
from translators.eventstream import CONTENT_TYPE as STREAM_TYPE
from translators.eventstream import Decoder as Framing

__all__ = [
    "FOREIGN",
    "KIND",
    "LACKS",
    "MOST",
    "NAME",
    "OWNER",
    "READS",
    "STREAM_TYPE",
    "TELLING",
    "Framing",
    "StreamReader",
    "StreamWriter",
    "check_request",
    "metered",
    "read_error",
    "read_request",
    "read_response",
    "told",
    "write_error",
    "write_request",
    "write_response",
]

FOREIGN: re.Pattern[bytes] | None = None
KIND: str = "chat"
MOST: int | None = None
NAME: str = "bedrock_converse"
TELLING = re.compile(rb'\A\{"(?:messageSt|metadata"|\w+Exception")')


def metered(body: Json) -> Json:
    """Nothing to set: Bedrock always tells the usage."""
    return {}
