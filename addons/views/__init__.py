"""What passes, as people can read it: a transcript with roles, tool calls, usage; then the raw form."""

from addons.views.transcript import COST, Transcript
from addons.views.views import Views

__all__ = ["COST", "Transcript", "Views"]
