"""Text of record files: UTF-8 with or without a byte order mark, and GB 18030."""

import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, Self

from gateway.records.decoder import MAX_RECORD_BYTES

GB18030 = "gb18030"
UTF8, UTF8_MARKED = "utf-8", "utf-8-sig"
# By how people spell them; GB 18030 reads all that GBK and GB 2312 write.
_NAMES = {
    "utf8": UTF8,
    "utf8sig": UTF8_MARKED,
    "gb18030": GB18030,
    "gbk": GB18030,
    "cp936": GB18030,
    "gb2312": GB18030,
}
_MARK = "\ufeff"

# GB 18030-2005 and -2022 gave these code points places outside the private area,
# where Python's codec (GB 18030-2000) still puts them.
_PLACES_2022 = str.maketrans(
    {
        0xE7C7: 0x1E3F,
        0xE78D: 0xFE10,
        0xE78E: 0xFE12,
        0xE78F: 0xFE11,
        0xE790: 0xFE13,
        0xE791: 0xFE14,
        0xE792: 0xFE15,
        0xE793: 0xFE16,
        0xE794: 0xFE17,
        0xE795: 0xFE18,
        0xE796: 0xFE19,
        0xE816: 0x20087,
        0xE817: 0x20089,
        0xE818: 0x200CC,
        0xE81E: 0x9FB4,
        0xE826: 0x9FB5,
        0xE82B: 0x9FB6,
        0xE82C: 0x9FB7,
        0xE831: 0x215D7,
        0xE832: 0x9FB8,
        0xE83B: 0x2298F,
        0xE843: 0x9FB9,
        0xE854: 0x9FBA,
        0xE855: 0x241FE,
        0xE864: 0x9FBB,
    }
)
# Six are not written so: the two bytes stay private, and all editions agree on four.
_PLACES_2000 = {new: old for old, new in _PLACES_2022.items() if new <= 0xFFFF}


def known_encoding(name: str) -> str:
    """Return the one name of an encoding that record files may have.

    Raises: ValueError.
    """
    found = _NAMES.get(name.lower().replace("-", "").replace("_", ""))
    if found is None:
        raise ValueError(name)
    return found


def encode(text: str, encoding: str) -> bytes:
    """Encode text that goes on in a file: a byte order mark is not written."""
    if encoding == GB18030:
        return text.translate(_PLACES_2000).encode(GB18030)
    return text.encode()


def decode(data: bytes, encoding: str) -> str:
    """Decode text, without its byte order mark if it has one.

    Raises: UnicodeError.
    """
    text = data.decode(encoding)
    if encoding == GB18030:
        text = text.translate(_PLACES_2022)
    return text.removeprefix(_MARK)


class TooLongError(Exception):
    """Raised for text without the line ends that such a file has."""


class TextLines:
    """An iterator over the lines of a text file, with their ends; leaves the file open.

    All lines read since `begin` may be no longer together than a record may be:
    that stops a file without line ends, or a quotation mark that is never closed,
    from filling memory. Raises: UnicodeError, TooLongError.
    """

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._text = io.TextIOWrapper(file, encoding=encoding, newline="")
        self._translate: Callable[[str], str] | None = None
        if encoding == GB18030:
            self._translate = lambda line: line.translate(_PLACES_2022)
        self._first = True
        self.begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Else the wrapper would close the file when it is gone.
        self._text.detach()

    def begin(self) -> None:
        """Begin a new record."""
        self._left = MAX_RECORD_BYTES

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._left + 1)
        self._left -= len(line)
        if not line:
            raise StopIteration
        if self._left < 0:
            raise TooLongError
        if self._first:
            self._first = False
            line = line.removeprefix(_MARK)
        return line if self._translate is None else self._translate(line)
