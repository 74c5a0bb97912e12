"""A time with a zone is masked alike, alone and beside an open end."""

from datetime import date

import pytest

from keys.derive import Mac
from masking.operators import Binding, Operator, Scope
from masking.operators.age_band import AgeBand
from masking.operators.month import Month
from masking.operators.quarter import Quarter
from masking.operators.year import Year

TIME = "1990-03-07T10:00:00+08:00"


@pytest.mark.parametrize("checked", [True, False])
@pytest.mark.parametrize(
    ("operator", "shown"),
    [(Year(), "1990"), (Month(), "1990-03"), (Quarter(), "1990Q1"), (AgeBand(), "[30,40)")],
)
def test_a_zone_is_part_of_a_time(operator: Operator, shown: str, checked: bool) -> None:
    """Whatever else stands in the column."""
    bind = Binding(
        field="f",
        type="datetime",
        kind="date",
        scope=Scope(requester="r", purpose="p", resource="s"),
        mac=lambda context: Mac(b"k" * 32 + context),
        format="YYYY-MM-DDTHH:mm:ssZ",
        checked=checked,
        at=date(2026, 6, 15),
    )
    kernel = operator.kernel(bind)
    assert kernel([TIME]) == [shown]
    assert kernel([TIME, "长期"])[0] == shown
    assert kernel([TIME.replace("+08:00", "Z")]) == [shown]
