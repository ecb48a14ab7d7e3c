"""Google's generateContent, of the Gemini API and of Vertex AI. https://ai.google.dev/api/generate-content"""

import re

from translators.gemini_generate.answer_reader import StreamReader, read_response, told
from translators.gemini_generate.answer_writer import StreamWriter, write_response
from translators.gemini_generate.errors import read_error, write_error
from translators.gemini_generate.fields import LACKS, NAME, OWNER, READS, TELLING
from translators.gemini_generate.request_reader import check_request, read_request
from translators.gemini_generate.request_writer import metered, write_request
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
