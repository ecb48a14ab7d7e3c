"""Proofs of reasoning in `thoughtSignature`: Google's own as they are, other vendors' wrapped."""

from base64 import b64decode, b64encode
from collections.abc import Iterable

import orjson

from translators.canonical import JsonValue, Opaque
from translators.gemini_generate.fields import OWNER, SIGNATURE

_WRAPPED = b"dragoman:"

SKIPPED = "skip_thought_signature_validator"
"""Stands for the signature of a call that another model has made.

https://ai.google.dev/gemini-api/docs/thought-signatures
"""


def wrap(proof: Opaque, *, redacted: bool = False) -> str:
    """A proof as a signature."""
    if proof.owner == OWNER and isinstance(proof.data, str):
        return proof.data
    told = {"owner": proof.owner, "data": proof.data, "redacted": redacted}
    return b64encode(_WRAPPED + orjson.dumps(told)).decode()


def unwrap(signature: str) -> tuple[Opaque, bool]:
    """The proof in a signature, and whether the reasoning before it is encrypted too."""
    try:
        raw = b64decode(signature, validate=True)
        if raw.startswith(_WRAPPED):
            told: JsonValue = orjson.loads(raw.removeprefix(_WRAPPED))
            match told:
                case {"owner": str(owner), "data": data, "redacted": bool(redacted)}:
                    return Opaque(owner, SIGNATURE, data), redacted
                case _:
                    pass
    except ValueError:
        pass  # Google judges its own
    return Opaque(OWNER, SIGNATURE, signature), False


def signature_of(kept: Iterable[Opaque]) -> str | None:
    """The signature beside a call or a text, whichever dialect it came back in."""
    for opaque in kept:
        name = opaque.field.rpartition(".")[2].partition("[")[0]
        if name in ("thoughtSignature", "thought_signature"):
            return wrap(opaque)
    return None
