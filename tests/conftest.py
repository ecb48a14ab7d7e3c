"""What holds for all tests: hypothesis draws the same examples each time, so that a run can be repeated.

`HYPOTHESIS_PROFILE=search make test` draws new ones.
"""

import os

from hypothesis import settings

settings.register_profile("same", deadline=None, derandomize=True, database=None)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
