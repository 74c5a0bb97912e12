"""Flatbuffers, which describe Arrow's messages: read with every place checked, and written.

A table names its slots by offsets, and its parts by more of them. Nothing is followed that
does not lie wholly within the bytes; nothing recurses.
"""

from collections.abc import Sequence
from struct import Struct, iter_unpack, pack, pack_into, unpack

from gateway.records.arrow.limits import MAX_COLUMNS, over
from gateway.records.objects import BrokenRecordError

BYTE, SHORT, INT, LONG = Struct("<B"), Struct("<h"), Struct("<i"), Struct("<q")
_USHORT, _UINT = Struct("<H"), Struct("<I")


def broken(reason: str, reason_zh: str) -> BrokenRecordError:
    """Make the refusal of bytes that are no stream of ours."""
    return BrokenRecordError(f"no Arrow IPC stream: {reason}", f"不是 Arrow IPC 流：{reason_zh}")


def _beyond() -> BrokenRecordError:
    return broken("its description points beyond itself", "其描述指向自身之外")


class Table:
    """A table at a place in the bytes of a message's description."""

    __slots__ = ("_data", "_place", "_size", "_slots")

    def __init__(self, data: bytes, place: int) -> None:
        """Find the table's slots. Raises: BrokenRecordError."""
        self._data, self._place = data, place
        self._slots = place - self._read(INT, place)
        self._size = self._read(_USHORT, self._slots)

    def number(self, slot: int, form: Struct, usual: int) -> int:
        """Read a number; `usual` is what stands for none."""
        place = self._find(slot)
        return self._read(form, place) if place else usual

    def table(self, slot: int) -> "Table | None":
        """Read a table."""
        place = self._find(slot)
        return Table(self._data, place + self._read(_UINT, place)) if place else None

    def tables(self, slot: int) -> "list[Table]":
        """Read a list of tables: the columns. Raises: LimitExceededError."""
        start, count = self._list(slot, 4)
        if count > MAX_COLUMNS:
            raise over("number of columns", "列数", count, MAX_COLUMNS)
        places = range(start, start + 4 * count, 4)
        return [Table(self._data, place + self._read(_UINT, place)) for place in places]

    def text(self, slot: int) -> str | None:
        """Read a text."""
        if not self._find(slot):
            return None
        start, count = self._list(slot, 1)
        try:
            return self._data[start : start + count].decode()
        except UnicodeDecodeError:
            raise broken("a name is not UTF-8", "名称不是 UTF-8") from None

    def longs(self, slot: int) -> tuple[int, ...]:
        """Read a list of long numbers."""
        start, count = self._list(slot, 8)
        return unpack(f"<{count}q", self._data[start : start + 8 * count])

    def pairs(self, slot: int) -> list[tuple[int, int]]:
        """Read a list of pairs of long numbers."""
        start, count = self._list(slot, 16)
        found = iter_unpack("<qq", self._data[start : start + 16 * count])
        return [(first, second) for first, second in found]

    def _find(self, slot: int) -> int:
        """Return the place of a slot's value, 0 for none."""
        entry = 4 + 2 * slot
        if entry + 2 > self._size:
            return 0
        offset = self._read(_USHORT, self._slots + entry)
        return self._place + offset if offset else 0

    def _list(self, slot: int, width: int) -> tuple[int, int]:
        """Return the place of a list's first member, and how many there are."""
        place = self._find(slot)
        if not place:
            return 0, 0
        start = place + self._read(_UINT, place)
        count = self._read(_UINT, start)
        if start + 4 + count * width > len(self._data):
            raise _beyond()
        return start + 4, count

    def _read(self, form: Struct, place: int) -> int:
        if place < 0 or place + form.size > len(self._data):
            raise _beyond()
        number: int = form.unpack_from(self._data, place)[0]
        return number


def root(data: bytes) -> Table:
    """Return the outermost table. Raises: BrokenRecordError."""
    if len(data) < 4:
        raise _beyond()
    return Table(data, int.from_bytes(data[:4], "little"))


# What is written: a number in a form, a text, or lists and tables of what is written.
Number = tuple[Struct, int]


class Pairs:
    """A list of pairs of long numbers, to be written."""

    def __init__(self, pairs: Sequence[tuple[int, int]]) -> None:
        self.pairs = pairs


class Slots:
    """A table, to be written: its slots in order, None for what is left out."""

    def __init__(self, *slots: "Number | Part | None") -> None:
        self.slots = slots


Part = str | Pairs | Slots | list[Slots]


def written(table: Slots) -> bytes:
    """Write a table as the outermost, padded to whole words."""
    out = bytearray(4)
    pack_into("<I", out, 0, _write_table(out, table))
    _pad(out, 8)
    return bytes(out)


def _write(out: bytearray, part: Part) -> int:
    """Write a part behind the rest; return its place."""
    if isinstance(part, Slots):
        return _write_table(out, part)
    if isinstance(part, str):
        return _write_text(out, part)
    return _write_pairs(out, part) if isinstance(part, Pairs) else _write_tables(out, part)


def _write_table(out: bytearray, table: Slots) -> int:
    sizes = [0 if slot is None else _size(slot) for slot in table.slots]
    offsets, end = [], 4
    for size in sizes:
        # Each at a multiple of its size, as readers of other languages want it.
        end += -end % size if size else 0
        offsets.append(end if size else 0)
        end += size
    head = 4 + 2 * len(sizes)
    _pad(out, 8, behind=-head)
    out += pack(f"<{2 + len(sizes)}H", head, end, *offsets)
    place = len(out)
    out += pack("<i", head) + bytes(end - 4)
    for slot, offset in zip(table.slots, offsets, strict=True):
        if isinstance(slot, tuple):
            slot[0].pack_into(out, place + offset, slot[1])
        elif slot is not None:
            at = _write(out, slot)
            pack_into("<I", out, place + offset, at - place - offset)
    return place


def _size(slot: "Number | Part") -> int:
    return slot[0].size if isinstance(slot, tuple) else 4


def _write_tables(out: bytearray, tables: list[Slots]) -> int:
    _pad(out, 4)
    place = len(out)
    out += pack("<I", len(tables)) + bytes(4 * len(tables))
    for at, table in zip(range(place + 4, len(out), 4), tables, strict=True):
        pack_into("<I", out, at, _write_table(out, table) - at)
    return place


def _write_pairs(out: bytearray, part: Pairs) -> int:
    _pad(out, 8, behind=-4)
    place = len(out)
    out += pack("<I", len(part.pairs))
    for pair in part.pairs:
        out += pack("<qq", *pair)
    return place


def _write_text(out: bytearray, text: str) -> int:
    _pad(out, 4)
    place, data = len(out), text.encode()
    out += pack("<I", len(data)) + data + b"\0"
    return place


def _pad(out: bytearray, whole: int, behind: int = 0) -> None:
    """Pad to `behind` a multiple of `whole`."""
    out += bytes((behind - len(out)) % whole)
