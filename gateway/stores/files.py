"""Files that appear whole or not at all, and folders read whole."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE
from typing import BinaryIO

from gateway.errors import ConfigurationInvalidError

# Stops a folder that is not what it should be: somebody's home, a mounted disk.
MAX_FILES = 20_000
MAX_ENTRIES = 200_000
MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_FOLDER_BYTES = 256 * 1024 * 1024
# What a file system says that knows no files without a name.
_NO_NAMELESS = {errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL}


@contextmanager
def whole_file(path: Path, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Open a file to write that takes its name only when the block ends well.

    Durable then: file and folder are synced. An existing file is replaced, the one
    that a link leads to. Until then the file has no name where the file system
    can do so, so that even a killed process leaves nothing; and its owner alone
    may read it. Raises: OSError, at once for a place that is no file's.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "this is no ordinary file", str(path))
    fresh = path.with_name(f".{secrets.token_hex(8)}.new")
    handle = _open_nameless(path.parent)
    named = handle is None
    if handle is None:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
            if not named:
                _name(file.fileno(), fresh)
        fresh.replace(path)
        sync_folder(path.parent)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _open_nameless(folder: Path) -> int | None:
    # What has no name gets one through here.
    if not os.path.isdir("/proc/self/fd"):
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in _NO_NAMELESS or not folder.is_dir():
            raise
    return None


def _name(handle: int, path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # With a folder given, Python follows the link to the open file.
        os.link(f"/proc/self/fd/{handle}", path.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all."""
    with whole_file(path, mode) as file:
        file.write(data)


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a folder that appears whole or not at all, in place of what stands there.

    `folder` is a resolved path; a folder that stands there gives its mode. Where
    the new one cannot take its place, the old one is kept: there, or beside as
    `.NAME.….old` if somebody made another meanwhile.
    """
    mark = secrets.token_hex(8)
    fresh, old = (folder.with_name(f".{folder.name}.{mark}.{end}") for end in ("new", "old"))
    try:
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        if folder.is_dir():
            fresh.chmod(S_IMODE(folder.stat().st_mode))
            folder.rename(old)
        fresh.rename(folder)
        sync_folder(folder.parent)
    except BaseException:
        if old.is_dir() and not folder.exists():
            old.rename(folder)
        raise
    else:
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_folder(folder: Path, suffixes: tuple[str, ...]) -> dict[str, bytes]:
    """Read every file with one of the suffixes, by its path below the folder.

    Hidden files and folders are passed over. Raises: ConfigurationInvalidError, and
    OSError where a part of it cannot be read.
    """
    if not folder.is_dir():
        raise _invalid(f"there is no folder {folder.name}", f"没有文件夹 {folder.name}")
    found: dict[str, bytes] = {}
    total = 0
    for path in sorted(_files(folder, suffixes)):
        size = path.stat().st_size
        total += size
        if len(found) >= MAX_FILES or size > MAX_FILE_BYTES or total > MAX_FOLDER_BYTES:
            raise _too_much(folder)
        found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def _files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    seen = 0
    for place, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        seen += len(folders) + len(names)
        if seen > MAX_ENTRIES:
            raise _too_much(folder)
        for name in names:
            path = Path(place, name)
            # A pipe or a device of that name would be read for ever.
            if name.endswith(suffixes) and not name.startswith(".") and path.is_file():
                yield path


def _raise(error: OSError) -> None:
    raise error


def _too_much(folder: Path) -> ConfigurationInvalidError:
    return _invalid(f"folder {folder.name} holds too much", f"文件夹 {folder.name} 内容过多")


def _invalid(reason: str, reason_zh: str) -> ConfigurationInvalidError:
    return ConfigurationInvalidError(reason=reason, reason_zh=reason_zh)


def read_file(path: Path) -> bytes | None:
    """Read a file, or return None if there is none: a link to nothing is not that.

    Raises: ConfigurationInvalidError.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if path.is_symlink():
            raise unreadable(path) from None
        return None
    except OSError:
        raise unreadable(path) from None


def unreadable(path: Path) -> ConfigurationInvalidError:
    """Return the refusal of what cannot be read."""
    return ConfigurationInvalidError(reason=f"{path} cannot be read", reason_zh=f"{path} 无法读取")
