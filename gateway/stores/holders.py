"""Which processes that hold something still live.

Each takes a number and locks the byte at that place of one empty file. The
operating system lets go of the lock when the process ends, however it ends, so
that nothing is left behind to be mistaken for life or cleaned up.
"""

import fcntl
import os
import secrets
import struct
from pathlib import Path
from typing import final

# Places of a file, and far more than processes ever meet by chance.
_NUMBER_BITS = 62
# struct flock of Linux: type, whence, start, length, process.
_LOCK = struct.Struct("hhqqi")


@final
class Holder:
    """One process among those that share a file. Its number is random."""

    __slots__ = ("_descriptor", "number")

    def __init__(self, path: Path) -> None:
        """Take a number and lock it.

        Raises: OSError.
        """
        self.number = secrets.randbits(_NUMBER_BITS)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # Of the open file, not of the process: closing another store of the
            # same file would let go of locks of the process.
            fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, _at(self.number))
        except OSError:
            self.close()
            raise

    def lives(self, number: int) -> bool:
        """Tell whether the holder of a number lives; so it does where that cannot be told."""
        if number == self.number:
            return True
        try:
            answer = fcntl.fcntl(self._descriptor, fcntl.F_OFD_GETLK, _at(number))
        except (OSError, OverflowError, struct.error):
            return True
        kind: int = _LOCK.unpack(answer)[0]
        return kind != fcntl.F_UNLCK

    def close(self) -> None:
        """Let go of the number."""
        os.close(self._descriptor)


def _at(number: int) -> bytes:
    return _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, number, 1, 0)
