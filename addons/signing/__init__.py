"""How each kind of provider is shown who asks: a key, a token, or AWS's signature over all that is sent."""

from addons.signing.kinds import signer_for
from addons.signing.lease import Lease, Leased
from addons.signing.signer import Run, Signer

__all__ = ["Lease", "Leased", "Run", "Signer", "signer_for"]
