"""Read records key by key, repeated keys and all, as the second pass needs them.

Takes and refuses the same bytes as the compiled decoder: one array of objects, or
objects one behind the other. No text of the input is in an error.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from gateway.model.call import Encoding

# More than a call may hold; stops millions of empty objects from filling memory here.
MAX_OBJECTS = 200_000

Pairs = list[tuple[str, object]]

_BLANK = re.compile(r"[ \t\r\n]*")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


class BrokenRecordError(Exception):
    """Bytes that hold no records; `record` counts from 1, None where it is not one's."""

    def __init__(self, reason: str, reason_zh: str, record: int | None = None) -> None:
        self.reason, self.reason_zh, self.record = reason, reason_zh, record
        super().__init__(reason)


class _OddError(Exception):
    """A constant or an amount that no record has."""


class Object:
    """A JSON object with its pairs as they stood."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs


class Unfit:
    """A value of an Arrow column whose type `held` does not hold the field's values.

    Without a type nothing is said of it: it was not looked at.
    """

    __slots__ = ("held",)

    def __init__(self, held: str | None) -> None:
        self.held = held


def read_objects(data: bytes, encoding: Encoding) -> Iterator[Pairs]:
    """Yield the key-value pairs of each record.

    Raises: BrokenRecordError.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        broken = error.start
        raise BrokenRecordError(
            f"no UTF-8 at byte {broken + 1}", f"第 {broken + 1} 字节处不是 UTF-8"
        ) from None
    reader = _Reader(text)
    return reader.array() if encoding == "json" else reader.texts()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._escapes = "\\u" in text
        self._objects = 0
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_float=Decimal, parse_constant=_refuse
        )

    def texts(self) -> Iterator[Pairs]:
        """Yield objects one behind the other."""
        number, place = 0, self._skip(0)
        while place < len(self._text):
            number += 1
            pairs, place = self._record(number, place)
            yield pairs

    def array(self) -> Iterator[Pairs]:
        """Yield the objects of an array."""
        number, place = 0, self._skip(0)
        mark = self._text[place : place + 1]
        if mark != "[":
            raise BrokenRecordError("expected an array of objects", "应为对象数组")
        place = self._skip(place + 1)
        if self._text[place : place + 1] == "]":
            mark = "]"
        while mark != "]":
            number += 1
            pairs, place = self._record(number, place)
            yield pairs
            mark = self._text[place : place + 1]
            if mark not in (",", "]"):
                raise BrokenRecordError("no comma behind it", "其后缺少逗号", number)
            if mark == ",":
                place = self._skip(place + 1)
        if self._skip(place + 1) != len(self._text):
            raise BrokenRecordError("more stands behind the array", "数组之后还有内容")

    def _skip(self, place: int) -> int:
        found = _BLANK.match(self._text, place)
        return place if found is None else found.end()

    def _record(self, number: int, place: int) -> tuple[Pairs, int]:
        """Read the record at `place`; return its pairs and the place behind it."""
        if self._text[place : place + 1] != "{":
            raise BrokenRecordError("it is no object", "不是对象", number)
        try:
            record, end = self._decoder.raw_decode(self._text, place)
        except json.JSONDecodeError as error:
            where = error.pos - place + 1
            raise BrokenRecordError(
                f"no JSON at character {where}", f"第 {where} 个字符处不是 JSON", number
            ) from None
        except (RecursionError, ValueError, InvalidOperation, _OddError):
            raise BrokenRecordError(
                "a number or a nesting that no record has",
                "含有记录中不可能出现的数字或嵌套",
                number,
            ) from None
        pairs: Pairs = record.pairs
        if self._escapes and any(map(_half, pairs)):
            raise BrokenRecordError("half a surrogate pair", "含有不成对的代理码点", number)
        return pairs, self._skip(end)

    def _object(self, pairs: Pairs) -> Object:
        self._objects += 1
        if self._objects > MAX_OBJECTS:
            raise _OddError
        return Object(pairs)


def _half(pair: tuple[str, object]) -> bool:
    return any(isinstance(text, str) and _HALF_PAIR.search(text) for text in pair)


def _refuse(_: str) -> NoReturn:
    raise _OddError
