"""A grade scheme never lets a higher grade disclose more."""

import msgspec
import pytest

from masking.grades import DEFAULT_SCHEME, Disclosure, Grade, GradeScheme, scheme_faults


def _grade(name: str, cap: str = "clear", above: str = "nothing", *, core: bool = False) -> Grade:
    return Grade(
        id=name,
        title=name,
        title_zh=name,
        cap=Disclosure[cap.upper()],
        above_level=Disclosure[above.upper()],
        core=core,
    )


def test_disclosures_are_ordered_by_how_much_they_give_away() -> None:
    """Refuse is below all, clear above all."""
    assert [each.label for each in sorted(Disclosure)] == [
        "refuse",
        "nothing",
        "linkable",
        "partial",
        "clear",
    ]
    assert all(Disclosure.labelled(each.label) is each for each in Disclosure)
    assert len({each.label_zh for each in Disclosure}) == len(Disclosure)


def test_the_default_scheme_is_that_of_gb_t_43697() -> None:
    """General data in four steps, then important and core data, which are refused."""
    assert DEFAULT_SCHEME.ids == ("G1", "G2", "G3", "G4", "IMPORTANT", "CORE")
    assert [DEFAULT_SCHEME.rank(name) for name in DEFAULT_SCHEME.ids] == list(range(6))
    caps = {grade.id: grade.cap for grade in DEFAULT_SCHEME.grades}
    assert caps["CORE"] is caps["IMPORTANT"] is Disclosure.REFUSE
    assert {caps[name] for name in ("G1", "G2", "G3", "G4")} == {Disclosure.CLEAR}


def test_an_unknown_grade_is_an_error() -> None:
    """No default stands in for a grade that the scheme does not have."""
    with pytest.raises(KeyError):
        DEFAULT_SCHEME.rank("G9")
    with pytest.raises(KeyError):
        DEFAULT_SCHEME.grade("g1")


@pytest.mark.parametrize(
    ("grades", "rank", "attribute"),
    [
        ((_grade("A"), _grade("A")), 1, "id"),
        ((_grade("CORE"),), 0, "cap"),
        ((_grade("A", "nothing", core=True),), 0, "cap"),
        ((_grade("A", "partial"), _grade("B", "clear")), 1, "cap"),
        ((_grade("A", above="clear"),), 0, "above_level"),
        ((_grade("A", above="refuse"),), 0, "above_level"),
        ((_grade("A", above="linkable"), _grade("B", above="partial")), 1, "above_level"),
    ],
)
def test_a_scheme_that_breaks_a_rule_is_refused(
    grades: tuple[Grade, ...], rank: int, attribute: str
) -> None:
    """The fault says which grade, and where to look."""
    faults = scheme_faults(grades)
    assert [(fault.rank, fault.attribute) for fault in faults] == [(rank, attribute)]
    with pytest.raises(ValueError, match=re_start(faults[0].text)):
        GradeScheme(id="test", grades=grades)


def re_start(text: str) -> str:
    """Match the beginning of a text."""
    return f"^{text}"


def test_an_empty_scheme_is_refused() -> None:
    """With no grade there is nothing a field could be."""
    with pytest.raises(ValueError, match="at least one grade"):
        GradeScheme(id="test", grades=())


def test_a_grade_reads_its_disclosures_as_numbers_only_in_code() -> None:
    """Struct and enum work together, so that the YAML reader can build grades."""
    grade = msgspec.convert({"id": "A", "title": "a", "title_zh": "甲", "cap": 2}, Grade)
    assert grade.cap is Disclosure.PARTIAL
