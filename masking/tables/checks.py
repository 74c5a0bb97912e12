"""Tell where a text of a column surely has its kind's shape, and is plain.

Sure is enough: what is not sure here is put to the kind's own check. A shape is
taken over as it is written where Python and Rust read it alike; the commonest
kinds have checks of their own here, and the others are put to the kind.
"""

import re
from collections.abc import Callable, Sequence

import polars as pl

from masking.check_digits import RESIDENT_ID
from masking.columns import CompiledField
from masking.kinds import _patterns
from masking.shapes import PLAIN, Seen, Shape

Check = Callable[[pl.Expr], pl.Expr]

# What most names are; the whole shape has a look ahead in it, which Rust lacks.
_NAME = "[\u4e00-\u9fff]{2,4}"
# Possessive or lazy repetition, look-around, flags, groups with names, classes by
# letter, and anchors: read otherwise in Rust, or in more than one way.
_FOREIGN = re.compile(r"[*+?}][+?]|\(\?[^:]|\\[A-Za-z0-9]|[\^$](?<!\[\^)|\[\[|&&|--|~~")
# Nothing but ASCII characters that leave a mark can match.
_MARKS = re.compile(r"(?:(?!\[\^)[!-~](?<!(?<!\\)\.))*").fullmatch


def plain(x: pl.Expr) -> pl.Expr:
    """Tell where every character leaves a mark of its own and changes no other."""
    return ~x.str.contains(f"[^{PLAIN}]")


def sure_check(field: CompiledField) -> Check:
    """Return what tells where texts of a field surely have their kind's shape and are plain."""
    if field.misfits is None:
        return plain
    if field.bind.kind == "person_name":
        return lambda x: _matches(x, _NAME)
    if field.bind.kind == "mobile":
        return _mobile
    if field.bind.kind == "resident_id":
        return _resident_id
    shape = getattr(field.misfits, "__self__", None)
    if isinstance(shape, Seen):
        low, high = min(shape.lengths), max(shape.lengths)
        return lambda x: plain(x) & x.str.len_chars().is_between(low, high)
    if isinstance(shape, Shape) and portable(shape.pattern):
        return _shaped(shape.pattern)
    return _listed(field.misfits)


def portable(pattern: str) -> bool:
    """Tell whether Python and Rust surely read a pattern alike."""
    return _FOREIGN.search(pattern) is None


def _matches(x: pl.Expr, pattern: str) -> pl.Expr:
    return x.str.contains(f"^(?:{pattern})$")


def _mobile(x: pl.Expr) -> pl.Expr:
    # so large a number in so few characters is made of digits alone
    number = x.cast(pl.Int64, strict=False)
    return (x.str.len_bytes() == 11) & number.is_between(13_000_000_000, 19_999_999_999)


def _shaped(pattern: str) -> Check:
    if _MARKS(pattern):
        return lambda x: _matches(x, pattern)
    return lambda x: _matches(x, pattern) & plain(x)


def _listed(misfits: Callable[[list[str]], list[int]]) -> Check:
    """Put a column to the kind's own check."""

    def fits(texts: pl.Series) -> pl.Series:
        return _all_but(texts, misfits(texts.to_list()))

    return lambda x: plain(x) & _of_all(fits, x, x.is_not_null())


def _resident_id(x: pl.Expr) -> pl.Expr:
    def fits(texts: pl.Series) -> pl.Series:
        joined = texts.str.join("").item().encode("ascii")
        return _all_but(texts, RESIDENT_ID.joined_failures(joined, len(texts)))

    return _of_all(fits, x, _matches(x, _patterns.RESIDENT_ID))


def _all_but(texts: pl.Series, rows: Sequence[int]) -> pl.Series:
    fits = pl.repeat(True, len(texts), eager=True)
    return fits.scatter(list(rows), False) if rows else fits


def _of_all(fits: Callable[[pl.Series], pl.Series], x: pl.Expr, asked: pl.Expr) -> pl.Expr:
    """Put to `fits` what is asked of a column; nothing else fits."""

    def told(columns: Sequence[pl.Series]) -> pl.Series:
        texts, rows = columns[0], columns[1].fill_null(False)
        if rows.all():
            return fits(texts)
        return rows.scatter(rows.arg_true(), fits(texts.filter(rows)))

    return pl.map_batches([x, asked], told, return_dtype=pl.Boolean())
