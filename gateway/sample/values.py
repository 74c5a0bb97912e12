"""A column of values of any field, by its type; kinds settle what text, codes and dates hold."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import cast as typed

from msgspec import UNSET

from gateway.model.resource import TYPE_LETTERS, CodeList, Field, FieldType
from gateway.sample.chance import Draw, digits, pick, weighted
from gateway.sample.matters import Writer
from gateway.sample.sheet import Sheet
from gateway.sample.texts import LABELS, ages, standard_codes, texts
from gateway.sample.when import moments, spell
from gateway.sample.words import pairs, sections

# What columns hold is settled by each field's type.
Column = Sequence[object]

# What a field permits beside a value is given to one row in 25 each.
_BLANK_SHARE = 0.04
_TRUE_SHARE = 0.3
# Digits of a decimal that are drawn; further ones stand at zero.
_DRAWN_DIGITS = 4
_DEFAULT_PRECISION, _DEFAULT_SCALE = 18, 2
_BLOB_BYTES = 32
# Words of a name or id, with the usual size of what it counts and the steps it comes in.
_SIZES = (
    (("人口", "人数", "size", "members", "persons"), 7, 1),
    (("收入", "income", "工资", "wage"), 3_000, 1),
    (("资金", "资本", "capital", "fund"), 1_000_000, 10_000),
    (("金额", "amount", "费"), 20_000, 1),
)
_SHARES = {name.removeprefix("shares-"): pairs(name) for name in sections("shares-")}
_INTEGER_SIZE, _DECIMAL_SIZE = 1_000, 100_000
# A picture of one dot: what stands before and behind its six bytes of colour.
_GIF_HEAD = b"GIF89a\x01\x00\x01\x00\x80\x00\x00"
_GIF_TAIL = b"\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b"


def column(sheet: Sheet, field: Field, writer: Writer | None = None) -> Column:
    """Make a field's values, with null, empty text and UNSET (absent) where it permits them.

    `writer` knows better than type and kind what the field holds.
    """
    kind = TYPE_LETTERS.get(field.type, field.type)
    found = _MAKERS[kind](sheet, field) if writer is None else _written(sheet, field, writer)
    present = sheet.present(field)
    if present is not None:
        return _gaps(field, found, present)
    if writer is not None and writer.leaves_out:
        return found
    blanks: list[object] = []
    if not field.required:
        blanks.append(UNSET)
    if field.null:
        blanks.append(None)
    if field.empty and kind is FieldType.STRING:
        blanks.append("")
    return _with_blanks(sheet.streams[f"{field.id} blank"], found, blanks) if blanks else found


def _written(sheet: Sheet, field: Field, writer: Writer) -> Column:
    """Spell what a writer makes as the field declares it."""
    made = writer.make(sheet)
    if not writer.leaves_out:
        return _spelled(sheet, field, writer, made)
    known = [value is not None for value in made]
    some = iter(_spelled(sheet, field, writer, list(filter(_is_said, made))))
    if not (field.null or not field.required):
        plain = _MAKERS[writer.type](sheet, field)
        return [next(some) if here else other for here, other in zip(known, plain, strict=True)]
    return _gaps(field, [next(some) if here else None for here in known], known)


def _is_said(value: object) -> bool:
    return value is not None


def _spelled(sheet: Sheet, field: Field, writer: Writer, made: Sequence[object]) -> Column:
    match writer.type:
        case FieldType.STRING:
            return [str(value)[: field.length] for value in made]
        case FieldType.DECIMAL:
            return [Decimal(typed("int", value)).scaleb(-writer.scale) for value in made]
        case FieldType.DATE | FieldType.DATETIME:
            return spell(sheet, field, typed("Sequence[int]", made))
        case FieldType.CODE:
            return _listed(sheet, field, made)
        case _:
            return made


def _listed(sheet: Sheet, field: Field, made: Sequence[object]) -> Column:
    """Replace codes that the field's list does not have by codes that it has."""
    listed = sheet.setting.code_list(field)
    known = {code.code for code in listed.codes} if listed else set()
    if known.issuperset(made):
        return made
    draw, pool = sheet.streams[f"{field.id} spare"], sorted(known)
    return [value if value in known else pool[int(draw() * len(pool))] for value in made]


def _gaps(field: Field, found: Column, present: Sequence[bool]) -> Column:
    """Leave out what is not present, as far as the field permits that."""
    if not field.null and field.required:
        return found
    gap = None if field.null else UNSET
    return [value if here else gap for value, here in zip(found, present, strict=True)]


def _with_blanks(draw: Draw, found: Column, blanks: list[object]) -> Column:
    bound = _BLANK_SHARE * len(blanks)
    return [
        blanks[int(place / _BLANK_SHARE)] if (place := draw()) < bound else value for value in found
    ]


def _codes(sheet: Sheet, field: Field) -> list[str]:
    """Draw codes of the field's list; those of a known kind go with the row's person or place."""
    listed = sheet.setting.code_list(field)
    if listed is None:
        raise LookupError(f"field {field.id} names no code list")
    pool = _pool(listed)
    spare = pick(sheet.streams[field.id], pool, sheet.count)
    wanted = standard_codes(sheet, field)
    if not wanted:
        return spare
    known = _translation(listed, LABELS.get(field.kind, {}), set(wanted))
    return [known.get(code, other) for code, other in zip(wanted, spare, strict=True)]


def _pool(listed: CodeList) -> Sequence[str]:
    """Return the codes to draw from: those of some lists of ours are not equally frequent."""
    codes = [code.code for code in listed.codes]
    shares = _SHARES.get(listed.id, {})
    if not shares or not shares.keys() <= set(codes):
        return codes
    return weighted((code, int(share)) for code, share in shares.items())


def _translation(listed: CodeList, labels: Mapping[str, str], wanted: set[str]) -> dict[str, str]:
    """Find for each national code the list's own: the same code, or one of the same name."""
    codes = {code.code for code in listed.codes}
    named = {code.name: code.code for code in reversed(listed.codes)}
    found = {}
    for code in wanted:
        label = labels.get(code)
        if code in codes:
            found[code] = code
        elif label is not None and label in named:
            found[code] = named[label]
    return found


def _scale(field: Field, default: int) -> tuple[int, int]:
    """Return the usual size of a field's numbers, and the steps they come in."""
    text = f"{field.name} {field.id.lower()}"
    for words, size, step in _SIZES:
        if any(word in text for word in words):
            return size, step
    return default, 1


def _integers(sheet: Sheet, field: Field) -> list[int]:
    if field.kind == "age":
        return ages(sheet, field)
    codes = standard_codes(sheet, field)
    if codes:
        return list(map(int, codes))
    draw, (size, _) = sheet.streams[field.id], _scale(field, _INTEGER_SIZE)
    return [1 + int(draw() * size) for _ in range(sheet.count)]


def _decimals(sheet: Sheet, field: Field) -> list[Decimal]:
    """Make amounts, small ones more often, with exactly `scale` digits behind the point."""
    scale = _DEFAULT_SCALE if field.scale is None else field.scale
    limit = 10 ** ((field.precision or _DEFAULT_PRECISION) - scale)
    draw, (size, step) = sheet.streams[field.id], _scale(field, _DECIMAL_SIZE)
    if size > limit:
        size, step = limit, 1
    steps = size // step
    if step > 1 or not scale:
        zeros = "." + "0" * scale if scale else ""
        return [
            Decimal(f"{int(draw() * draw() * steps) * step}{zeros}") for _ in range(sheet.count)
        ]
    drawn = min(scale, _DRAWN_DIGITS)
    behind, spare, parts = digits(drawn), "0" * (scale - drawn), 10**drawn
    return [
        Decimal(f"{int(draw() * draw() * size)}.{behind[int(draw() * parts)]}{spare}")
        for _ in range(sheet.count)
    ]


def _booleans(sheet: Sheet, field: Field) -> list[bool]:
    draw = sheet.streams[field.id]
    return [draw() < _TRUE_SHARE for _ in range(sheet.count)]


def _points(sheet: Sheet, field: Field) -> list[str]:
    return sheet.people(sheet.setting.roles[field.id]).points


def _blobs(sheet: Sheet, field: Field) -> list[bytes]:
    """Make pictures of one dot for photos, else bytes that mean nothing."""
    draw = sheet.streams[field.id]
    size = _BLOB_BYTES if field.length is None else min(field.length, _BLOB_BYTES)
    if field.kind == "photo":
        found = [_GIF_HEAD + _bytes(draw, 6) + _GIF_TAIL for _ in range(sheet.count)]
        return found if field.length is None else [blob[: field.length] for blob in found]
    return [_bytes(draw, size) for _ in range(sheet.count)]


def _bytes(draw: Draw, size: int) -> bytes:
    return b"".join(int(draw() * 2**32).to_bytes(4, "big") for _ in range((size + 3) // 4))[:size]


_MAKERS: Mapping[FieldType, Callable[[Sheet, Field], Column]] = {
    FieldType.STRING: texts,
    FieldType.INTEGER: _integers,
    FieldType.DECIMAL: _decimals,
    FieldType.BOOLEAN: _booleans,
    FieldType.DATE: moments,
    FieldType.DATETIME: moments,
    FieldType.CODE: _codes,
    FieldType.GEO_POINT: _points,
    FieldType.BINARY: _blobs,
}
