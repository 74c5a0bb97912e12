"""Operators that show part of a text are compared by what they show."""

import pytest

from masking.grades import Disclosure
from masking.kinds import KINDS
from masking.operators import Operator
from masking.operators.email import Email
from masking.operators.mapping import Mapping
from masking.operators.mask import Mask
from masking.operators.mask_part import MaskPart
from masking.operators.region import Level, Region
from masking.operators.shape import Shape
from masking.operators.truncate import Truncate
from masking.policy import Pseudonyms
from masking.policy.outcome import settle

PARTIAL, CLEAR = Disclosure.PARTIAL, Disclosure.CLEAR
LEVELS: tuple[Level, ...] = ("province", "city", "county")


@pytest.mark.parametrize(
    ("kind", "operator", "disclosure"),
    [
        # the usual mask of a mobile number shows seven
        ("mobile", Mask(start=4, count=4, most=7), PARTIAL),
        ("mobile", Mask(start=4, count=4), CLEAR),
        ("mobile", Mask(start=1, count=3), PARTIAL),
        ("mobile", MaskPart(separator="-", part="after", most=7), PARTIAL),
        ("mobile", MaskPart(separator="-", part="after"), CLEAR),
        ("mobile", Truncate(length=7), PARTIAL),
        ("mobile", Truncate(length=8), CLEAR),
        # one of an e-mail address, which a domain is more than
        ("email", Email(), CLEAR),
        ("document_number", Email(), CLEAR),
        ("email", Shape(), PARTIAL),
        # four digits of a region, six characters of an address
        ("region", Region(to="city"), PARTIAL),
        ("region", Region(to="county"), CLEAR),
        ("address", Region(to="city"), PARTIAL),
        ("address", Region(to="county"), CLEAR),
        # no part of these is usual
        ("sex", Mapping(table={"1": "a", "2": "a"}), CLEAR),
        ("sex", Shape(), CLEAR),
        ("person_name", Mapping(table={"王芳": "a"}), CLEAR),  # tells who has the label
        ("person_name", Mapping(table={"王芳": "a", "李明": "a"}), PARTIAL),
        # running text is scrubbed, whatever is written
        ("free_text", Shape(), PARTIAL),
        ("free_text", Region(to="province"), PARTIAL),
    ],
)
def test_what_shows_more_than_is_usual_counts_as_clear(
    kind: str, operator: Operator, disclosure: Disclosure
) -> None:
    """By the positions an operator says it shows."""
    outcome = settle(operator, KINDS[kind], "string", Pseudonyms())
    assert outcome.disclosure is disclosure
    assert (outcome.operator == operator) == (kind != "free_text")


def test_a_wider_place_and_a_coarser_table_show_less() -> None:
    """Rules that compete are compared by it."""
    shown = [Region(to=level).shown() for level in LEVELS]
    assert shown == sorted(set(shown))
    coarse = Mapping(table=dict.fromkeys("abcd", "x")).shown()
    fine = Mapping(table={"a": "x", "b": "x", "c": "y", "d": "y"}).shown()
    telling = Mapping(table={"一级医院": "x", "c": "y", "d": "y"}).shown()
    assert 0 < coarse < fine < telling == float("inf")
    assert Email().shown() < Email(first=True).shown()


@pytest.mark.parametrize("operator", [Truncate(length=2), Shape(), Mask(start=1, count=1)])
@pytest.mark.parametrize("kind", ["amount", "age", "date", "geo_point"])
def test_positions_are_compared_with_positions(kind: str, operator: Operator) -> None:
    """Where the usual mask does not take the type, none is usual, and a part counts as clear."""
    assert settle(operator, KINDS[kind], "string", Pseudonyms()).disclosure is CLEAR
