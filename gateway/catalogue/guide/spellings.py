"""What may stand in one cell, how it is read, and how it is written.

Sloppiness that can mean one thing only is accepted: blanks around, full-width letters
and digits in codes, dates in the forms people write. All else is named.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from gateway.catalogue.guide.faults import Words
from gateway.model.cells import Cell, CellKind
from masking.document.syntax import scalar_fault
from masking.document.words import nearest
from masking.faults import quote

Value = str | int | bool | date | tuple[str, ...]

# The longest text of an entry; a longer cell is none.
MAX_TEXT = 4000
_SEPARATORS = re.compile(r"[、，,；;\s]+")
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-|/([0-9]{1,2})/|\.([0-9]{1,2})\.|年([0-9]{1,2})月)([0-9]{1,2})日?"
)
_WHOLE = re.compile(r"[0-9]{1,18}")
_SIZE = re.compile(r"[0-9]{1,9}(?:,[0-9]{1,2})?")


class Spelling(Protocol):
    """How values of a column stand in cells."""

    def read(self, cell: Cell) -> Value | Words:
        """Return the value, or what is wrong; an empty text for a cell of blanks."""

    def write(self, value: Value) -> str | int:
        """Return what to put into the cell."""


def folded(text: str) -> str:
    """Write letters, digits and signs in half width, and leave out all blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _text(cell: Cell) -> str | Words:
    """Return the text of a cell without the blanks around it."""
    if cell.kind is CellKind.FORMULA:
        return _FORMULA
    if cell.kind is CellKind.ERROR:
        return _ERROR
    if cell.kind is not CellKind.TEXT:
        return _no_text(cell)
    fault = scalar_fault(cell.text, MAX_TEXT)
    return cell.text.strip() if fault is None else Words(*fault)


def _written(cell: Cell, *also: CellKind) -> str | Words | None:
    """Return the text of a cell of text or of another kind; None for one of neither."""
    if cell.kind in also:
        return cell.text
    if cell.kind in (CellKind.TEXT, CellKind.FORMULA, CellKind.ERROR):
        return _text(cell)
    return None


_FORMULA = Words(
    "a formula stands here, and formulas are not worked out",
    "此处是公式，公式不会被计算",
    "copy the cell and paste it as a value",
    "请复制后“选择性粘贴”为数值",
)
_ERROR = Words(
    "an error such as #REF! stands here, or no proper number",
    "此处是 #REF! 之类的错误值，或不是正常的数字",
    "write what should stand here",
    "请填写正确内容",
)


def _no_text(cell: Cell) -> Words:
    shown = quote(cell.text)
    if cell.kind is CellKind.DATE:
        return Words(
            "a date stands here, but a text is expected",
            "此处是日期，应为文本",
            "format the column as text and write it anew: the program made a date of it",
            "请将该列设为文本格式并重新填写（表格软件已将其变为日期）",
        )
    if cell.kind is CellKind.NUMBER and "E" in cell.text:
        return Words(
            f"the number {shown} stands here: a code has lost its last digits",
            f"此处是数字 {shown}，代码的末几位已丢失",
            "format the column as text, then write the code anew from its source",
            "请将该列设为文本格式，再按原件重新填写代码",
        )
    if cell.kind is CellKind.BOOLEAN:
        return Words(
            "true or false stands here, but a text is expected",
            "此处是逻辑值，应为文本",
            "format the column as text and write it anew",
            "请将该列设为文本格式并重新填写",
        )
    return Words(
        f"the number {shown} stands here, but a text is expected",
        f"此处是数字 {shown}，应为文本",
        "format the column as text and write it anew, with the noughts that it begins with",
        "请将该列设为文本格式并重新填写，注意补上开头的 0",
    )


class Prose:
    """A text as it stands."""

    def read(self, cell: Cell) -> Value | Words:
        return _text(cell)

    def write(self, value: Value) -> str | int:
        return str(value)


class Token:
    """A code or an id: blanks in it mean nothing, nor does the width of its letters."""

    def read(self, cell: Cell) -> Value | Words:
        text = _text(cell)
        return folded(text) if isinstance(text, str) else text

    def write(self, value: Value) -> str | int:
        return str(value)


class Several:
    """Texts one behind the other; a line each where one of them holds a separator."""

    def __init__(self, *, codes: bool = False) -> None:
        self._codes = codes

    def read(self, cell: Cell) -> Value | Words:
        text = _text(cell)
        if isinstance(text, Words):
            return text
        if "\n" in cell.text:
            parts = cell.text.splitlines()
        else:
            parts = _SEPARATORS.split(text) if self._codes else re.split("[、，,；;]", text)
        stripped = [folded(part) if self._codes else part.strip() for part in parts]
        return tuple(filter(None, stripped))

    def write(self, value: Value) -> str | int:
        parts = value if isinstance(value, tuple) else (str(value),)
        joined = "、".join(parts)
        if self.read(Cell(CellKind.TEXT, joined)) == parts:
            return joined
        return "\n".join(parts) + ("\n" if len(parts) == 1 else "")


class Whole:
    """A whole number."""

    def read(self, cell: Cell) -> Value | Words:
        text = _written(cell, CellKind.NUMBER)
        if isinstance(text, Words):
            return text
        text = folded(cell.text if text is None else text)
        if not text or _WHOLE.fullmatch(text):
            return int(text) if text else ""
        return Words(
            f"'{quote(text)}' is no whole number",
            f"'{quote(text)}' 不是整数",
            "write digits only, for example 18",
            "请只写数字，例如 18",
        )

    def write(self, value: Value) -> str | int:
        return int(value) if isinstance(value, int) else str(value)


class Size:
    """A whole number, or two with a comma between: digits in all and behind the point."""

    def read(self, cell: Cell) -> Value | Words:
        text = _written(cell, CellKind.NUMBER)
        if isinstance(text, Words):
            return text
        size = folded(cell.text if text is None else text)
        size = size.removeprefix("(").removesuffix(")")
        # As a number, 10.20 would be 10.2: nobody can tell what was meant.
        return size if not size or _SIZE.fullmatch(size) else _NO_SIZE

    def write(self, value: Value) -> str | int:
        return int(value) if isinstance(value, int) else str(value)


_NO_SIZE = Words(
    "this is no size",
    "此处不是长度",
    "write digits only, for example 18; for numbers also 10,2 as text",
    "请只写数字，例如 18；数值型也可用文本写 10,2",
)


class Day:
    """A date, as a date of the spreadsheet or in a form that people write."""

    def read(self, cell: Cell) -> Value | Words:
        if cell.kind is CellKind.DATE and cell.moment is not None:
            day = cell.moment.date()
            return _NOT_A_DAY if cell.moment.time().isoformat() != "00:00:00" else day
        text = _written(cell, CellKind.NUMBER)
        if isinstance(text, Words):
            return text
        return _NOT_A_DAY if text is None else _day(folded(text))

    def write(self, value: Value) -> str | int:
        return value.isoformat() if isinstance(value, date) else str(value)


_NOT_A_DAY = Words(
    "no date that can mean one day only stands here",
    "此处不是明确到日的日期",
    "write for example 2026-03-16",
    "请改写，例如 2026-03-16",
)


def _day(text: str) -> Value | Words:
    if not text:
        return ""
    if len(text) == 8 and text.isascii() and text.isdecimal():
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    found = _DATE.fullmatch(text)
    if found is None or (text.endswith("日") and "年" not in text):
        return _NOT_A_DAY
    year, *months, day = found.groups()
    try:
        return date(int(year), int(next(filter(None, months))), int(day))
    except ValueError:
        return _NOT_A_DAY


class OneOf:
    """One of a few words; `known` gives what each may be written as, first as we write it."""

    def __init__(self, known: Mapping[Value, Sequence[str]]) -> None:
        self.known = {value: tuple(words) for value, words in known.items()}
        self._meanings = {
            word.lower(): value
            for value, words in self.known.items()
            for word in (str(value), *words)
        }

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the words as we write them."""
        return tuple(words[0] for words in self.known.values())

    def read(self, cell: Cell) -> Value | Words:
        text = _written(cell, CellKind.NUMBER, CellKind.BOOLEAN)
        if isinstance(text, Words):
            return text
        meant = folded(cell.text if text is None else text).lower()
        if not meant:
            return ""
        known = self._meanings.get(meant)
        return self._unknown(cell.text) if known is None else known

    def write(self, value: Value) -> str | int:
        return self.known[value][0]

    def _unknown(self, text: str) -> Words:
        listed = "、".join(self.choices)
        near = nearest(text, list(self.choices))
        shown = quote(text)
        return Words(
            f"'{shown}' is not known here",
            f"此处不能填 '{shown}'",
            f"write {near}" if near else f"write one of {listed}",
            f"是否为“{near}”" if near else f"请从 {listed} 中选择",
        )


YES_NO = OneOf({True: ("是", "y", "yes", "√", "1"), False: ("否", "n", "no", "×", "x", "0")})
