"""Settings that hold for every test."""

import os

from hypothesis import settings

# Two processes share two cores here, so that a deadline for one example measures
# the neighbour. Where CI is set, hypothesis loads its own profile, which repeats
# the same examples each run.
settings.register_profile("house", deadline=None, print_blob=True)
if "CI" not in os.environ:
    settings.load_profile("house")
