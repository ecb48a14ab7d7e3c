"""The embedded provider: a small real server that answers in every wire format, and fails on demand."""

from addons.demo.scenario import MODELS
from addons.demo.server import Server

__all__ = ["MODELS", "Server"]
