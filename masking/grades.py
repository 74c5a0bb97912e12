"""Sensitivity grades, and how much may be disclosed of a field that has one.

The default scheme follows GB/T 43697-2024: general data in four steps, then
important data, then core data. Going up a scheme, neither what a grade may
disclose at most nor what is left of it above a grant's level ever grows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Annotated, Literal, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from masking.examples import such_as

T = TypeVar("T")
DisclosureLabel = Literal["refuse", "nothing", "linkable", "partial", "clear"]


class Disclosure(IntEnum):
    """How much of a value is given away; greater is more. REFUSE stops the call."""

    REFUSE = -1
    NOTHING = 0
    LINKABLE = 1
    PARTIAL = 2
    CLEAR = 3

    @property
    def label(self) -> DisclosureLabel:
        """Return the word used in YAML files and manifests."""
        return _LABELS[self][0]

    @property
    def label_zh(self) -> str:
        """Return the word shown to people."""
        return _LABELS[self][1]

    @classmethod
    def labelled(cls, label: DisclosureLabel) -> "Disclosure":
        """Return the disclosure that a YAML file spells so."""
        return cls[label.upper()]


_LABELS: dict[Disclosure, tuple[DisclosureLabel, str]] = {
    Disclosure.REFUSE: ("refuse", "拒绝"),
    Disclosure.NOTHING: ("nothing", "不披露"),
    Disclosure.LINKABLE: ("linkable", "可关联"),
    Disclosure.PARTIAL: ("partial", "部分披露"),
    Disclosure.CLEAR: ("clear", "明文"),
}

CORE = "CORE"


class Grade(Struct, frozen=True, kw_only=True):
    """One step of a scheme.

    `cap` is the most a field of this grade may ever disclose, `above_level`
    the most when the grade stands above the grant's level. A `core` grade
    (and any grade with the id CORE) is never released.
    """

    id: Annotated[str, such_as("G1")]
    title: Annotated[str, such_as("general data")]
    title_zh: Annotated[str, such_as("一般数据")]
    cap: Annotated[Disclosure, such_as("refuse")] = Disclosure.CLEAR
    above_level: Annotated[Disclosure, such_as("nothing")] = Disclosure.NOTHING
    core: bool = False


class SchemeFault(NamedTuple):
    """A rule that a grade breaks; `rank` counts from 0, `attribute` says where to look."""

    rank: int
    attribute: str
    text: str
    text_zh: str
    remedy: str
    remedy_zh: str


class GradeScheme(Struct, frozen=True, kw_only=True):
    """Grades from the lowest to the highest.

    Raises:
        ValueError: the grades break a rule of `scheme_faults`.
    """

    id: str
    grades: tuple[Grade, ...]

    def __post_init__(self) -> None:
        faults = scheme_faults(self.grades)
        if faults or not self.grades:
            raise ValueError(faults[0].text if faults else "a scheme needs at least one grade")

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the grade ids, lowest first."""
        return tuple(grade.id for grade in self.grades)

    def rank(self, grade_id: str) -> int:
        """Return the place of a grade, 0 the lowest.

        Raises:
            KeyError: the scheme has no such grade.
        """
        for rank, grade in enumerate(self.grades):
            if grade.id == grade_id:
                return rank
        raise KeyError(grade_id)

    def grade(self, grade_id: str) -> Grade:
        """Return a grade by its id.

        Raises:
            KeyError: the scheme has no such grade.
        """
        return self.grades[self.rank(grade_id)]


class Each(Protocol):
    """Gives the rank of each grade, and what is read of it."""

    def __call__(
        self, grades: Sequence[Grade], read: Callable[[Grade], T], /
    ) -> Iterator[tuple[int, T]]: ...


def _each(grades: Sequence[Grade], read: Callable[[Grade], T]) -> Iterator[tuple[int, T]]:
    return ((rank, read(grade)) for rank, grade in enumerate(grades))


def scheme_faults(grades: Sequence[Grade], each: Each = _each) -> tuple[SchemeFault, ...]:
    """List what is wrong with the grades of a scheme, for a loader to locate.

    An `each` that passes over what it cannot read leaves the faults of the rest.
    """
    released = each(grades, lambda g: (g.core or g.id == CORE) and g.cap is not Disclosure.REFUSE)
    outside = each(grades, lambda g: not Disclosure.NOTHING <= g.above_level <= Disclosure.PARTIAL)
    faults = [
        *(SchemeFault(rank, "id", *_TWICE) for rank in _again(each(grades, lambda g: g.id))),
        *(SchemeFault(rank, "cap", *_CORE_RELEASED) for rank, wrong in released if wrong),
        *(SchemeFault(rank, "cap", *_GROWS) for rank in _grown(each(grades, lambda g: g.cap))),
        *(SchemeFault(rank, "above_level", *_ABOVE_RANGE) for rank, wrong in outside if wrong),
        *(
            SchemeFault(rank, "above_level", *_GROWS)
            for rank in _grown(each(grades, lambda g: g.above_level))
        ),
    ]
    return tuple(sorted(faults, key=lambda fault: fault.rank))


def _again(ids: Iterable[tuple[int, str]]) -> Iterator[int]:
    """Yield the ranks whose id stood before."""
    seen: set[str] = set()
    for rank, name in ids:
        if name in seen:
            yield rank
        seen.add(name)


def _grown(disclosures: Iterable[tuple[int, Disclosure]]) -> Iterator[int]:
    """Yield the ranks that disclose more than one before."""
    least = Disclosure.CLEAR
    for rank, disclosure in disclosures:
        if disclosure > least:
            yield rank
        least = min(least, disclosure)


_TWICE = (
    "this grade id stands twice",
    "分级编号重复",
    "give each grade its own id",
    "每个级别使用不同的编号",
)
_CORE_RELEASED = (
    "core data is never released",
    "核心数据一律不得提供",
    "write cap: refuse",
    "写为 cap: refuse",
)
_GROWS = (
    "a higher grade discloses more than a lower one",
    "较高级别的披露程度高于较低级别",
    "lower it to that of the grade before, or below",
    "不得高于前一级别",
)
_ABOVE_RANGE = (
    "what is left above the level must be partial, linkable or nothing",
    "超出授权级别时只能部分披露、可关联或不披露",
    "write partial, linkable or nothing",
    "写为 partial、linkable 或 nothing",
)

DEFAULT_SCHEME = GradeScheme(
    id="GB/T 43697-2024",
    grades=(
        Grade(
            id="G1",
            title="general, level 1",
            title_zh="一般数据1级",
            above_level=Disclosure.PARTIAL,
        ),
        Grade(
            id="G2",
            title="general, level 2",
            title_zh="一般数据2级",
            above_level=Disclosure.PARTIAL,
        ),
        Grade(
            id="G3",
            title="general, level 3",
            title_zh="一般数据3级",
            above_level=Disclosure.LINKABLE,
        ),
        Grade(id="G4", title="general, level 4", title_zh="一般数据4级"),
        Grade(id="IMPORTANT", title="important data", title_zh="重要数据", cap=Disclosure.REFUSE),
        Grade(id=CORE, title="core data", title_zh="核心数据", cap=Disclosure.REFUSE, core=True),
    ),
)
