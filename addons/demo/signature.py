"""Signatures of thought: a vendor gives them out, and takes back only its own."""

import base64

from addons.demo.wire import digest


def signature(kind: str, signed: str = "") -> str:
    """Base64, as all vendors send it."""
    return base64.b64encode(digest(kind.encode(), signed.encode()).encode()).decode()
