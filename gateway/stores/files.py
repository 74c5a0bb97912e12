"""Files that appear whole or not at all, and folders read whole."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gateway.errors import ConfigurationInvalidError

# Stops a folder that is not what it should be: somebody's home, a mounted disk.
MAX_FILES = 20_000
MAX_FILE_BYTES = 16 * 1024 * 1024


@contextmanager
def whole_file(path: Path, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Open a file to write that takes its name only when the block ends well.

    Durable then: file and folder are synced. An existing file is replaced.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all."""
    with whole_file(path, mode) as file:
        file.write(data)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_folder(folder: Path, suffixes: tuple[str, ...]) -> dict[str, bytes]:
    """Read every file with one of the suffixes, by its path below the folder.

    Hidden files and folders are passed over. Raises: ConfigurationInvalidError.
    """
    if not folder.is_dir():
        raise _invalid(f"there is no folder {folder.name}", f"没有文件夹 {folder.name}")
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not name.endswith(suffixes) or any(part.startswith(".") for part in name.split("/")):
            continue
        if len(found) >= MAX_FILES or path.stat().st_size > MAX_FILE_BYTES:
            raise _invalid(f"folder {folder.name} holds too much", f"文件夹 {folder.name} 内容过多")
        found[name] = path.read_bytes()
    return found


def _invalid(reason: str, reason_zh: str) -> ConfigurationInvalidError:
    return ConfigurationInvalidError(reason=reason, reason_zh=reason_zh)
