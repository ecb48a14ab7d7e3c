"""What holds for all tests: in which order they run, and that hypothesis draws the same examples each time.

`HYPOTHESIS_PROFILE=search make test` draws new ones.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

FOLDER = Path(__file__).parent

settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take long come first, so that no process is left with one when all others are done."""
    items.sort(key=takes)


def takes(item: pytest.Item) -> int:
    """Gateways take longest, then what goes over all pairs; the files for one module take a few seconds."""
    return {FOLDER / "e2e": 0, FOLDER: 1}.get(item.path.parent, 2)
