"""What stands in the same records as the values of a column: `Beside`, for a batch."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property

from masking.columns import CompiledField
from masking.operators import Beside, Column, Own

# A shorter text is no value one could search a note for.
_SHORTEST_OWN = 2
# A longer number is in no note, and 1E+999999 would take a megabyte to write out.
_LONGEST_NUMBER = 30


class Records:
    """The records of a batch: `columns` as they came, `masked` as far as they are masked."""

    def __init__(
        self,
        fields: Mapping[str, int],
        compiled: Sequence[CompiledField],
        columns: Sequence[Column],
        masked: Sequence[Column],
    ) -> None:
        self._places, self._compiled = fields, compiled
        self._columns, self._masked = columns, masked
        self._size = len(columns[0]) if columns else 0
        self._texts: dict[str, list[str | None]] = {}

    def own(self) -> Own:
        """Give for each row the (title, text) of its values that did not leave as they were."""
        return self._own

    @cached_property
    def _own(self) -> Own:
        own: list[list[tuple[str, str]]] = [[] for _ in range(self._size)]
        for field, before, after in zip(self._compiled, self._columns, self._masked, strict=True):
            if before is after:
                continue
            for pairs, value, left in zip(own, before, after, strict=True):
                text = _text(value)
                if text is None or len(text) < _SHORTEST_OWN:
                    continue
                if value is not left and value != left:
                    pairs.append((field.title_zh, text))
        return own

    def texts(self, field: str) -> list[str | None]:
        """Return a field's values as text, in their kind's one spelling; None for misfits.

        Raises: KeyError: there is no such field.
        """
        kept = self._texts.get(field)
        if kept is None:
            place = self._places[field]
            kept = self._texts[field] = _spelled(self._compiled[place], self._columns[place])
        return kept

    def only(self, rows: Sequence[int]) -> Beside:
        """Return the same of some rows."""
        return _Some(self, rows)


class _Some:
    """Some rows of a batch's records."""

    __slots__ = ("_records", "_rows")

    def __init__(self, records: Records, rows: Sequence[int]) -> None:
        self._records, self._rows = records, rows

    def own(self) -> Own:
        own = self._records.own()
        return [own[row] for row in self._rows]

    def texts(self, field: str) -> list[str | None]:
        texts = self._records.texts(field)
        return [texts[row] for row in self._rows]

    def only(self, rows: Sequence[int]) -> Beside:
        return _Some(self._records, [self._rows[row] for row in rows])


def _spelled(field: CompiledField, column: Column) -> list[str | None]:
    texts = list(map(_boolean if field.type is bool else _text, column))
    there = [row for row, text in enumerate(texts) if text is not None]
    if field.misfits is not None:
        # Everybody who is entered as "unknown" would be one and the same.
        for index in field.misfits([texts[row] or "" for row in there]):
            texts[there[index]] = None
    if field.canonical is not None:
        texts = [None if text is None else field.canonical(text) for text in texts]
    return texts


def _boolean(value: object) -> str | None:
    return str(value).lower() if isinstance(value, bool) else None


def _text(value: object) -> str | None:
    """Spell a value as a note would; None for what no note can repeat."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, Decimal):
        plain = value.is_finite() and abs(value.adjusted()) < _LONGEST_NUMBER
        return f"{value.normalize():f}" if plain else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**_LONGEST_NUMBER else None
    return None
