"""Proofs of reasoning: Anthropic's own as they are, other vendors' behind their owner's name.

Anthropic's are base64, which has no colon. Clients give back what they got.
"""

import re
from contextlib import suppress

import orjson

from translators.anthropic_messages.fields import OWNER
from translators.canonical import JsonValue, Opaque

_FOREIGN = re.compile(r"([a-z]+):(.*)", re.DOTALL)


def write_proof(proof: Opaque) -> JsonValue:
    """A proof, or data that is encrypted, as the text in a block of thinking."""
    if proof.owner == OWNER:
        return proof.data
    data = proof.data if isinstance(proof.data, str) else orjson.dumps(proof.data).decode()
    return f"{proof.owner}:{data}"


def read_proof(text: str, field: str) -> Opaque:
    """Whose proof it is, and the proof itself; `field` is how `READS` spells its place."""
    if not (foreign := _FOREIGN.fullmatch(text)):
        return Opaque(OWNER, field, text)
    data: JsonValue = foreign[2]
    if foreign[2].startswith("{"):
        with suppress(orjson.JSONDecodeError):  # else it is no answer of ours, and its owner will judge
            data = orjson.loads(foreign[2])
    return Opaque(foreign[1], field, data)
