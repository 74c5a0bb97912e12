"""Mask columns as a plan says.

A plan is compiled once, for one grant, into a function for each field; a batch
is then one pass over each column. What the engine promises, whatever the
operators do:

- a field whose treatment discloses nothing gives the same for every record,
  so that not even null and absent can be told apart;
- a value that is not of its field's type, or not of its kind's shape, is never
  handed to an operator: it is hidden and counted (an empty text stays what it
  is, as null does: that it may stand there was checked with its type);
- free text is searched for every value of its record that did not leave as it
  was, those just hidden among them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from masking.columns import PYTHON_TYPES, CompiledField
from masking.grades import Disclosure
from masking.kinds import Kind, kind
from masking.operators import (
    EVERY_FIELD,
    HIDDEN,
    Binding,
    Column,
    FieldType,
    Operator,
    Scope,
    unchanged,
)
from masking.plan import FieldPlan, Plan
from masking.records import Records

if TYPE_CHECKING:
    from keys.derive import Mac
    from masking.detect import Detector

# Whoever attends is asked after so many rows: some operators take a millisecond for one.
ATTENDED_ROWS = 1024

# The other types have a shape of their own that was checked with them: a date its
# format, a code its closed list.
_SHAPED_BY_KIND: frozenset[FieldType] = frozenset(("string",))


class MaskedField(Protocol):
    """What the engine asks of a catalogued field."""

    @property
    def id(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def format(self) -> str | None: ...


class Masked(NamedTuple):
    """Columns in plan order, and how many values of a field (by id) had to be hidden."""

    columns: list[Column]
    findings: dict[str, int]

    def __repr__(self) -> str:
        return f"Masked({len(self.columns)} columns)"


class Engine:
    """Masks batches under one compiled plan."""

    __slots__ = ("_by_column", "_by_record", "_fields", "_places")

    def __init__(self, fields: Sequence[CompiledField]) -> None:
        self._fields = tuple(fields)
        self._by_column = [
            (place, field.mask) for place, field in enumerate(fields) if field.stands_alone
        ]
        self._by_record = [
            (place, field) for place, field in enumerate(fields) if field.record_kernel is not None
        ]
        # What searches for all that was masked comes when all the rest is.
        self._by_record.sort(key=lambda pair: pair[1].searches)
        self._places = {field.id: place for place, field in enumerate(fields)}

    @property
    def fields(self) -> tuple[CompiledField, ...]:
        """Return the fields as they are masked, in plan order."""
        return self._fields

    def mask(self, columns: Sequence[Column], attend: Callable[[], None] | None = None) -> Masked:
        """Mask one batch.

        `columns` are in plan order and of one length; None is null, UNSET
        absent. They are not changed; a clear one of a short batch comes back itself.
        `attend` is called again and again where there are many, and ends the work by raising.

        Raises:
            ValueError: not one column to each field, or columns of several lengths.
        """
        sizes = list(map(len, columns))
        if sizes != sizes[:1] * len(self._fields):
            raise ValueError("a batch has one column for each planned field, all of one length")
        if attend is None or not sizes or sizes[0] <= ATTENDED_ROWS:
            return self._mask(columns)
        return self._mask_slices(columns, sizes[0], attend)

    def _mask(self, columns: Sequence[Column]) -> Masked:
        findings: dict[str, int] = {}
        masked = list(columns)
        for place, mask in self._by_column:
            masked[place] = mask(columns[place], findings)
        self.mask_beside(columns, masked, findings)
        return Masked(masked, findings)

    def _mask_slices(
        self, columns: Sequence[Column], size: int, attend: Callable[[], None]
    ) -> Masked:
        findings: dict[str, int] = {}
        whole: list[Column] = [[] for _ in columns]
        for start in range(0, size, ATTENDED_ROWS):
            attend()
            part = self._mask([column[start : start + ATTENDED_ROWS] for column in columns])
            for column, masked in zip(whole, part.columns, strict=True):
                column.extend(masked)
            for field, count in part.findings.items():
                findings[field] = findings.get(field, 0) + count
        return Masked(whole, findings)

    def mask_beside(
        self, columns: Sequence[Column], masked: list[Column], findings: dict[str, int]
    ) -> None:
        """Mask in `masked`, where all others are masked already, those that need their records."""
        if self._by_record:
            records = Records(self._places, self._fields, columns, masked)
            for place, field in self._by_record:
                masked[place] = field.mask_beside(records, columns[place], findings)


def compile_plan(
    plan: Plan,
    fields: Iterable[MaskedField],
    mac: "Callable[[bytes], Mac]",
    scope: Scope,
    *,
    detector: "Callable[[], Detector] | None" = None,
    whole: frozenset[str] | None = None,
    at: date | None = None,
) -> Engine:
    """Compile a plan for the fields it names.

    `mac` gives a keyed hash for a context; it is asked only for keyed
    operators, as `detector` only for free text. `whole`, if given, says that
    columns come from a decoder that holds values to the fields' types and
    formats, and which fields (by id) have one in every record. `at` is the day
    of the call, for operators that need it.

    Raises:
        ExtraMissingError: the plan lets free text out and there is no detector.
        ValueError: a field's operator does not take its type, or needs a field
            that the plan does not name.
    """
    by_id = {field.id: field for field in fields}
    bind = partial(
        Binding, scope=scope, mac=mac, detector=detector, checked=whole is not None, at=at
    )
    named = {planned.id: by_id[planned.id] for planned in plan.fields}
    return Engine(
        [_compile(planned, named[planned.id], bind, whole, named) for planned in plan.fields]
    )


def _compile(
    planned: FieldPlan,
    field: MaskedField,
    binding: Callable[..., Binding],
    whole: frozenset[str] | None,
    beside: Mapping[str, object],
) -> CompiledField:
    operator, described = planned.treatment, kind(field.kind)
    _check_fit(operator, field, beside)
    bind = _bound(field, described, binding)
    needs = operator.needs()
    of_record = operator.record_kernel(bind) if needs else None
    kernel = None if needs else operator.kernel(bind)
    misfits = described.misfits if bind.type in _SHAPED_BY_KIND else None
    hides = operator.discloses() <= Disclosure.NOTHING
    # What was decoded is of its type, or null or absent, and stays what it is.
    stays = kernel is unchanged and misfits is None and whole is not None
    return CompiledField(
        id=field.id,
        operator=operator,
        bind=bind,
        output=planned.output_type,
        title_zh=described.title_zh,
        type=PYTHON_TYPES[bind.type],
        misfits=misfits,
        canonical=described.canonical,
        whole=whole is not None and field.id in whole,
        hidden=HIDDEN if planned.output_type == "string" else None,
        kernel=None if hides or stays else kernel,
        record_kernel=of_record,
        searches=EVERY_FIELD in needs,
        constant=tuple(kernel([None])) if kernel is not None and hides else (),
    )


def _check_fit(operator: Operator, field: MaskedField, beside: Mapping[str, object]) -> None:
    if not operator.takes(cast("FieldType", field.type)):
        raise ValueError(f"{operator.name} does not take the {field.type} of {field.id}")
    if not operator.needs() <= {EVERY_FIELD, *beside}:
        raise ValueError(f"{operator.name} needs a field beside {field.id} that is not planned")


def _bound(field: MaskedField, described: Kind, binding: Callable[..., Binding]) -> Binding:
    return binding(
        field=field.id,
        type=field.type,
        kind=field.kind,
        kind_title_zh=described.title_zh,
        format=field.format,
        canonical=described.canonical,
        misfits=described.misfits,
    )
