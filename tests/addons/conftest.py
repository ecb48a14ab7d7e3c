"""What addons find around them in mitmproxy, also when a test is run by itself."""

from collections.abc import Iterator

import pytest
from mitmproxy.test import taddons


@pytest.fixture(autouse=True, scope="session")
def surroundings() -> Iterator[None]:
    """Options, as long as a test does not bring its own."""
    with taddons.context():
        yield
