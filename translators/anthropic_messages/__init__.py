"""Anthropic Messages. https://platform.claude.com/docs/en/api/messages"""

import re

from translators.anthropic_messages.errors import read_error, write_error
from translators.anthropic_messages.fields import LACKS, OWNER, READS
from translators.anthropic_messages.request_reader import check_request, read_request
from translators.anthropic_messages.request_writer import write_request
from translators.anthropic_messages.response import read_response, told, write_response
from translators.anthropic_messages.stream import StreamReader, StreamWriter
from translators.canonical import Json
from translators.sse import CONTENT_TYPE as STREAM_TYPE
from translators.sse import Decoder as Framing

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

FOREIGN: re.Pattern[bytes] | None = re.compile(rb'"google:')
KIND: str = "chat"
MOST: int | None = None
NAME: str = "anthropic_messages"
TELLING = re.compile(rb'"type"\s*:\s*"(?:message_|error)')


def metered(body: Json) -> Json:
    """Nothing to set: Anthropic always tells the usage."""
    return {}
