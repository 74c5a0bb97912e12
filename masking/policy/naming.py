"""Check names: that something is known by them, and that none stands twice."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from masking.document import Found, repeated
from masking.document.words import instead, nearest
from masking.faults import quote
from masking.kinds import KINDS

Path = tuple[str | int, ...]
KIND_NAMES = tuple(KINDS)
# How alike two codes are of which one is a slip: two characters of eighteen may differ.
_SAME_CODE = 0.85
_WORDS = {"kinds": ("kind", "类别"), "grades": ("grade", "级别")}


def meant(names: Iterable[str]) -> set[str]:
    """Return the kinds that names stand for, slips of the pen put right."""
    return {kind for kind in map(_meant, names) if kind is not None}


# Each rule may ask anew, and finding the nearest of many names is slow.
@lru_cache(maxsize=1024)
def _meant(name: str) -> str | None:
    return name if name in KINDS else nearest(name, list(KIND_NAMES))


def unknown(
    path: Path, written: Iterable[tuple[str | int, str]], known: Sequence[str] | None
) -> Iterator[Found]:
    """Tell of names that nothing is known by."""
    for place, name in written:
        if known is None or name in known:
            continue
        yield Found(
            (*path, place),
            f"there is no {_WORDS[str(path[-1])][0]} '{quote(name)}'",
            f"没有名为“{quote(name)}”的{_WORDS[str(path[-1])][1]}",
            *instead(nearest(name, known), known),
        )


def sound_department(code: str) -> bool:
    """Tell whether the check digit of a department's code fits (GB 32100)."""
    misfits = KINDS["uscc"].misfits
    return misfits is None or not misfits([code])


def misspelt_department(
    path: Path, code: str, near: Callable[[str, float], str | None]
) -> Iterator[Found]:
    """Tell of a code that is no department's; `near` finds one that is much like it."""
    if sound_department(code):
        return
    meant = near(code, _SAME_CODE)
    again = (
        "copy the department's unified social credit code again",
        "请重新抄录该部门的统一社会信用代码",
    )
    yield Found(
        path,
        "the check digit of this code is wrong",
        "该代码的校验码不正确",
        *(again if meant is None else instead(meant, ())),
    )


def listed_twice(path: Path, written: Iterable[tuple[int, str]]) -> Iterator[Found]:
    """Tell of names that stand in a list already."""
    for place, name in repeated(written):
        yield Found(
            (*path, place),
            f"'{quote(name)}' stands in this list already",
            f"“{quote(name)}”已在此列表中",
            "delete one of the two",
            "请删除其中之一",
        )
