"""OpenAI Chat Completions, and everything that speaks it.

https://platform.openai.com/docs/api-reference/chat
"""

import re

from translators.openai_chat.errors import read_error, write_error
from translators.openai_chat.fields import LACKS, NAME, OWNER, READS, TELLING
from translators.openai_chat.request_reader import check_request, read_request
from translators.openai_chat.request_writer import metered, write_request
from translators.openai_chat.response_writer import StreamWriter, write_response
from translators.openai_chat.stream_reader import StreamReader, read_response
from translators.openai_chat.usage import told
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

FOREIGN: re.Pattern[bytes] | None = None
KIND: str = "chat"
MOST: int | None = None
