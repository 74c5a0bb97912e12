"""Files that only their owner may read, and that appear whole or not at all."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keys.derive import Secret
from keys.errors import KeyUnavailableError

_PRIVATE_MODE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_private(path: Path, limit: int) -> Secret:
    """Return the bytes of `path`, at most `limit`.

    Raises:
        KeyUnavailableError: it is missing, no ordinary file, larger, or open to
            its group or to others.
    """
    try:
        # Not blocking: a pipe put in the file's place would hold the process.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            _check_private(path, os.fstat(descriptor).st_mode)
            with open(descriptor, "rb", closefd=False) as file:
                content = Secret(file.read(limit + 1))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise _unreadable(path, os.strerror(error.errno or 0)) from None
    if len(content) > limit:
        raise _unreadable(path, f"more than {limit} bytes", f"超过 {limit} 字节")
    return content


def replace_whole(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path`, so that a crash leaves the old or the new.

    The caller holds the lock of `path`, so that the one name of the new file is
    its own: what a killed process left there is removed.

    Raises:
        KeyUnavailableError: the file cannot be written.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with open(os.open(fresh, flags, _PRIVATE_MODE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise _unwritable(path, error) from None


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep every other process out of changing `path` meanwhile.

    The lock is on a file beside it, since `path` itself is replaced; the system
    gives the lock back when its holder dies.

    Raises:
        KeyUnavailableError: the lock cannot be made.
    """
    beside = path.with_name(f".{path.name}.lock")
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(beside, flags, _PRIVATE_MODE)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _check_private(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise _unreadable(path, "not an ordinary file", "不是普通文件")
    if mode & _OTHERS:
        raise _unreadable(
            path,
            "its group or others have access: chmod 600",
            "同组或其他用户可访问：请执行 chmod 600",
        )


def _unreadable(path: Path, reason: str, reason_zh: str | None = None) -> KeyUnavailableError:
    return KeyUnavailableError(
        reason=f"{path} is not read: {reason}",
        reason_zh=f"未读取 {path}：{reason_zh or reason}",
    )


def _unwritable(path: Path, error: OSError) -> KeyUnavailableError:
    reason = os.strerror(error.errno or 0)
    return KeyUnavailableError(
        reason=f"{path} is not written: {reason}", reason_zh=f"未写入 {path}：{reason}"
    )
