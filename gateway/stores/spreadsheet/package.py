"""The zip file that a workbook is, opened so that nothing in it can fill memory or time."""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

CHUNK = 64 * 1024
# Stops a table of contents of millions of entries, which zipfile reads whole.
MAX_CONTENTS_BYTES = 1024 * 1024
MAX_ENTRIES = 4096
# Stops a part that unpacks without end; a million rows of fifteen cells are 600 MB.
MAX_PART_BYTES = 1024 * 1024 * 1024
# Stops a small file that unpacks to a large one: sheets are packed 5 to 30 times, blank
# but formatted ones some 100 times, and no deflate stream more than 1,032 times.
MAX_RATIO = 200
FREE_BYTES = 8 * 1024 * 1024

# What a compound file begins with: an encrypted workbook, or one of Excel 97 (.xls).
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP = b"PK\x03\x04"
_BROKEN = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    UnicodeError,
)


class WorkbookError(Exception):
    """A workbook that cannot be read; the texts hold nothing of what it holds."""

    def __init__(self, reason: str, reason_zh: str) -> None:
        self.reason, self.reason_zh = reason, reason_zh
        super().__init__(reason)


def broken() -> WorkbookError:
    """Make the refusal of what is no workbook, or was made to be read in two ways."""
    return WorkbookError(
        "the file is damaged, or no .xlsx workbook; save it again as .xlsx",
        "文件已损坏或不是 .xlsx 工作簿，请重新另存为 .xlsx",
    )


class _Bounded:
    """A file of which no read is larger than a table of contents may be."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._size - self.tell() if size is None or size < 0 else size
        if wanted > MAX_CONTENTS_BYTES:
            raise zipfile.BadZipFile
        return self._file.read(wanted)


class Package:
    """The parts of a workbook by name, whatever the case of their letters.

    Raises: WorkbookError, from every method.
    """

    def __init__(self, file: BinaryIO) -> None:
        if not file.seekable():
            raise WorkbookError("a workbook cannot come from a pipe", "工作簿不能从管道读取")
        file.seek(0)
        start = file.read(len(_COMPOUND))
        if start == _COMPOUND:
            raise WorkbookError(
                "the file is protected by a password, or an old .xls; save it as .xlsx without one",
                "文件有密码保护或是旧版 .xls，请取消密码并另存为 .xlsx",
            )
        if not start.startswith(_ZIP):
            raise broken()
        self._size = file.seek(0, os.SEEK_END)
        try:
            self._zip = zipfile.ZipFile(_Bounded(file, self._size))
        except _BROKEN:
            raise broken() from None
        self._parts = self._listed()
        # For all parts together: a thousand sheets may be one part, read a thousand times.
        self._left = FREE_BYTES + MAX_RATIO * self._size

    def _listed(self) -> dict[str, zipfile.ZipInfo]:
        entries = self._zip.infolist()
        if len(entries) > MAX_ENTRIES:
            raise broken()
        parts: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            # Another program might read the other one of two with one name.
            if parts.setdefault(_folded(entry.filename), entry) is not entry:
                raise broken()
        return parts

    def __contains__(self, name: str) -> bool:
        return _folded(name) in self._parts

    def chunks(self, name: str, limit: int = MAX_PART_BYTES) -> Iterator[bytes]:
        """Yield a part piece by piece."""
        entry = self._parts.get(_folded(name))
        plain = entry is not None and not entry.flag_bits & 1
        if entry is None or not plain or entry.compress_type not in _METHODS:
            raise broken()
        allowed = min(limit, FREE_BYTES + MAX_RATIO * min(entry.compress_size, self._size))
        total = 0
        try:
            with self._zip.open(entry) as part:
                while chunk := part.read(CHUNK):
                    total += len(chunk)
                    self._left -= len(chunk)
                    if total > allowed or self._left < 0:
                        raise _too_large(limit)
                    yield chunk
        except _BROKEN:
            raise broken() from None


_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def _folded(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _too_large(limit: int) -> WorkbookError:
    size = f"{limit // (1024 * 1024)} MiB"
    return WorkbookError(
        f"a part of the workbook unpacks to more than {size}, or to far more than it is packed; "
        "delete blank rows and columns, or save the data as CSV",
        f"工作簿解压后超过 {size}，或压缩比异常，请删除空白行列，或将数据另存为 CSV",
    )
