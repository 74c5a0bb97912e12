"""What a worker does about its memory."""

import ctypes
from contextlib import suppress

# Of glibc's mallopt(3). Each arena keeps what its threads let go: large calls would leave some
# tens of megabytes in as many of them as there are threads.
_ARENA_MAX, ARENAS = -8, 2


def keep_few_arenas() -> None:
    """Have threads share their heaps, where the C library has several; before any is started."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, ARENAS)
