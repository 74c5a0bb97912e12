"""Each operator does what its docstring says, on values chosen to trip it up."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.derive import Mac
from masking.errors import ExtraMissingError
from masking.operators import HIDDEN, Binding, FieldType, Kernel, Operator, Scope
from masking.operators.bucket import LARGEST, MAX_LABELS, Bucket
from masking.operators.keep import HIDDEN_SHARE, STRIPED_FROM, Keep
from masking.operators.month import Month
from masking.operators.pseudonym import Pseudonym
from masking.operators.redact import Redact
from masking.operators.scrub import Scrub
from masking.operators.surname import Surname, surname_length
from masking.operators.year import Year

SCOPE = Scope(requester="r1", purpose="p1", resource="s1")


def _mac(context: bytes) -> Mac:
    return Mac(b"k" * 32 + context)


def _kernel(operator: Operator, type: FieldType = "string", **more: Any) -> Kernel:
    bind = {"field": "f", "kind": "general", "scope": SCOPE, "mac": _mac, **more}
    return operator.kernel(Binding(type=type, **bind))


@pytest.mark.parametrize(
    ("prefix", "suffix", "value", "masked"),
    [
        (3, 4, "13812345678", "138****5678"),
        (3, 4, "1381234567", HIDDEN),  # three of ten hidden is too few
        (3, 4, "1234567", HIDDEN),
        (3, 4, "12345", HIDDEN),
        (3, 4, "", HIDDEN),
        (1, 0, "ab", "a*"),
        (1, 0, "a", HIDDEN),
        (0, 0, "abc", "***"),
        (0, 0, "abcd", "****"),
        (0, 0, "", HIDDEN),
        (6, 0, "北京市朝阳区建国路1号", "北京市朝阳区*****"),
        (6, 0, "北京市朝阳区路", HIDDEN),
        (2, 2, "京A12345", "京A***45"),
        (1, 1, "𠮷野家本店", "𠮷***店"),
        (2, 1, "e\u0301tude\u0301", "e\u0301t**e\u0301"),  # a letter and its mark are one
        (1, 0, "\u0301bc", HIDDEN),  # a mark with no letter to stand on
        (3, 4, "1381234\u200b\u200b\u200b\u200b5678", HIDDEN),
        (1, 0, "12\u202e34", HIDDEN),
        (1, 0, "ab\ncd", HIDDEN),
        (1, 0, "ab\udc00cd", HIDDEN),
        (3, 4, "１３８１２３４５６７８", "１３８****５６７８"),
        (2, 0, "张三      ", HIDDEN),  # a mask over blanks hides nothing
        (2, 0, "\u3164\u3164张三", "\u3164\u3164**"),
        (2, 0, "张三\u3164\u3164", HIDDEN),
        (2, 1, "ab cd ef", "ab*****f"),
        (1, 1, "محمد علي", "م******ي"),
    ],
)
def test_keep_shows_the_ends_and_hides_enough(
    prefix: int, suffix: int, value: str, masked: str
) -> None:
    """Short, blank and invisible parts never make most of a value show."""
    kernel = _kernel(Keep(prefix=prefix, suffix=suffix))
    assert kernel([value]) == [masked]
    assert kernel([value] * STRIPED_FROM) == [masked] * STRIPED_FROM
    assert kernel([value, "王小明" * 9])[0] == masked


@given(
    st.integers(0, 8),
    st.integers(0, 8),
    st.lists(st.text("abc王９1", max_size=20), min_size=1, max_size=30),
    st.booleans(),
)
def test_keep_hides_a_third_or_all(
    prefix: int, suffix: int, values: list[str], alike: bool
) -> None:
    """What shows is the ends alone, and the stars are as many as what they hide."""
    column = values[:1] * STRIPED_FROM if alike else values
    for value, masked in zip(
        column, _kernel(Keep(prefix=prefix, suffix=suffix))(column), strict=True
    ):
        stars = len(value) - prefix - suffix
        enough = value and stars * HIDDEN_SHARE >= len(value)
        ends = value[:prefix] + "*" * stars + value[len(value) - suffix :]
        assert masked == (ends if enough else HIDDEN)


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王芳", "王*"),
        ("张建国", "张**"),
        ("欧阳娜娜", "欧阳**"),
        ("欧阳修", "欧阳*"),
        ("司马光", "司马*"),
        ("李清照月", "李***"),
        ("欧阳", "欧*"),
        ("王", HIDDEN),
        ("", HIDDEN),
        ("买买提·艾力", HIDDEN),
        ("阿卜杜热合曼", HIDDEN),
        ("Smith", HIDDEN),
        ("王Ann", HIDDEN),
        ("王 芳", HIDDEN),
        ("王芳\n", HIDDEN),
        ("王\u200b芳", HIDDEN),
        ("王*", HIDDEN),
        ("张三李四王五", HIDDEN),
        ("𠮷田", HIDDEN),  # no surname that is known
        ("囍囍", HIDDEN),
        ("王𠮷", "王*"),
    ],
)
def test_surname_shows_a_chinese_surname_or_nothing(name: str, masked: str) -> None:
    """A name of another form comes out the same beside names of the usual one."""
    kernel = _kernel(Surname())
    assert kernel([name]) == [masked]
    assert kernel(["王芳", name, "李建国"]) == ["王*", masked, "李**"]
    assert surname_length(name) == (0 if masked == HIDDEN else len(masked.rstrip("*")))


@pytest.mark.parametrize(
    ("format", "value", "year", "month"),
    [
        ("YYYY-MM-DD", "1990-03-07", "1990", "1990-03"),
        (None, "1990-03-07", "1990", "1990-03"),
        ("YYYYMMDD", "19900307", "1990", "199003"),
        ("YYYY/MM/DD", "1990/03/07", "1990", "1990/03"),
        ("YYYY年MM月DD日", "1990年03月07日", "1990", "1990年03"),
        ("DD.MM.YYYY", "07.03.1990", "1990", "1990-03"),
        ("YYYY-MM-DDTHH:mm:ss", "1990-03-07T12:30:00", "1990", "1990-03"),
        ("YYYY-MM", "1990-03", "1990", HIDDEN),
        ("YYYYMM", "199003", "1990", HIDDEN),
        ("YYYY", "1990", HIDDEN, HIDDEN),
        ("MM-DD", "03-07", HIDDEN, HIDDEN),
        ("YYYY-MM-DD", "长期", "长期", "长期"),
        ("YYYY-MM-DD", "1990-13-07", HIDDEN, HIDDEN),
        ("YYYY-MM-DD", "1990-03-07 ", HIDDEN, HIDDEN),
        ("YYYY-MM-DD", "1990-03", HIDDEN, HIDDEN),
        ("YYYY-MM-DD", "1990-03-07\n1990-03-07", HIDDEN, HIDDEN),
        ("YYYY-MM-DD", "１９９０-03-07", HIDDEN, HIDDEN),
        ("YYYY-MM-DD", "13812345678", HIDDEN, HIDDEN),
        ("YYYY-MM-DD", "", HIDDEN, HIDDEN),
    ],
)
def test_year_and_month_cut_a_date_or_hide_it(
    format: str | None, value: str, year: str, month: str
) -> None:
    """The cut follows the field's format; what is not of the format never shows."""
    for operator, cut in ((Year(), year), (Month(), month)):
        kernel = _kernel(operator, "date", format=format)
        assert kernel([value]) == [cut]
        assert kernel([value, value, value]) == [cut, cut, cut]


def test_a_datetime_without_a_format_is_iso() -> None:
    """The usual pattern of a datetime is not that of a date."""
    assert _kernel(Month(), "datetime")(["2024-12-31T23:59:59"]) == ["2024-12"]
    assert _kernel(Month(), "datetime")(["2024-12-31"]) == [HIDDEN]


@pytest.mark.parametrize(
    ("width", "origin", "number", "label"),
    [
        (10, 0, 0, "[0,10)"),
        (10, 0, 9, "[0,10)"),
        (10, 0, 10, "[10,20)"),
        (10, 0, -1, "[-10,0)"),
        (10, 5, 4, "[-5,5)"),
        (1000, 0, 12345, "[12000,13000)"),
        (10, 0, LARGEST, HIDDEN),
        (10, 0, -LARGEST, HIDDEN),
        pytest.param(10, 0, 10**5000, HIDDEN, id="too long to write"),
        (10, 0, Decimal("9.99"), "[0,10)"),
        (10, 0, Decimal("-0.01"), "[-10,0)"),
        (10, 0, Decimal("1E+1"), "[10,20)"),
        (10, 0, Decimal("NaN"), HIDDEN),
        (10, 0, Decimal("sNaN"), HIDDEN),
        (10, 0, Decimal("-Infinity"), HIDDEN),
        (10, 0, Decimal("1E+999999"), HIDDEN),
        (10, 0, Decimal("1E-999999"), "[0,10)"),
    ],
)
def test_bucket_names_the_interval(width: int, origin: int, number: Any, label: str) -> None:
    """Below the origin too; what has no interval does not spoil its neighbours."""
    type: FieldType = "integer" if isinstance(number, int) else "decimal"
    kernel = _kernel(Bucket(width=width, origin=origin), type)
    seven = 7 if type == "integer" else Decimal(7)
    beside = kernel([seven])[0]
    assert kernel([number]) == [label]
    assert kernel([seven, number, seven]) == [beside, label, beside]


def test_the_labels_of_intervals_do_not_fill_the_memory() -> None:
    """A column of numbers that all differ leaves a bounded table behind."""
    kernel = _kernel(Bucket(width=2), "integer")
    column = list(range(0, 3 * MAX_LABELS * 2, 2))
    assert kernel(column) == [f"[{low},{low + 2})" for low in column]
    tables = [
        c.cell_contents for c in kernel.__closure__ or () if isinstance(c.cell_contents, dict)
    ]
    assert [len(table) <= MAX_LABELS for table in tables] == [True]


def test_a_wider_interval_shows_less() -> None:
    """Rules that compete are compared by it."""
    assert Bucket(width=10).shown() > Bucket(width=1000).shown() > 0


def test_pseudonyms_join_within_their_scope_alone() -> None:
    """Whatever a scope names tells its pseudonyms apart, and what it does not name does not."""
    others = {
        "requester": Scope(requester="r2", purpose="p1", resource="s1"),
        "purpose": Scope(requester="r1", purpose="p2", resource="s1"),
        "resource": Scope(requester="r1", purpose="p1", resource="s2"),
    }
    named = {
        "requester+purpose": {"requester", "purpose"},
        "requester": {"requester"},
        "resource": {"resource"},
        "global": set(),
    }
    for scope, tells_apart in named.items():
        operator = Pseudonym(scope=scope)  # type: ignore[arg-type]  # the four there are
        here = _kernel(operator)(["value"])
        for part, other in others.items():
            there = _kernel(operator, scope=other)(["value"])
            assert (here != there) == (part in tells_apart)


def test_pseudonyms_of_two_scopes_or_kinds_never_meet() -> None:
    """Not even where their parts happen to be the same text."""
    same = Scope(requester="x", purpose="x", resource="x")
    seen = {
        _kernel(Pseudonym(scope=scope), kind=kind, scope=same)(["value"])[0]
        for scope in ("requester+purpose", "requester", "resource", "global")
        for kind in ("mobile", "uscc")
    }
    assert len(seen) == 8


def test_parts_of_a_scope_cannot_run_together() -> None:
    """Requester `a` for purpose `bc` is another than `ab` for `c`."""
    scopes = [Scope(requester=r, purpose=p, resource="") for r, p in (("a", "bc"), ("ab", "c"))]
    left, right = (_kernel(Pseudonym(), scope=scope)(["v"]) for scope in scopes)
    assert left != right


def test_a_pseudonym_has_the_digits_asked_for() -> None:
    """Shorter ones are the beginnings of longer ones."""
    full = _kernel(Pseudonym(digits=64))(["value", "other"])
    for digits in (16, 32):
        assert _kernel(Pseudonym(digits=digits))(["value", "other"]) == [p[:digits] for p in full]
    assert full[0] != full[1]


def test_spellings_of_one_identifier_have_one_pseudonym() -> None:
    """The kind's one spelling is what is hashed."""
    kernel = _kernel(Pseudonym(), canonical=str.upper)
    assert len(set(kernel(["11010519491231002x", "11010519491231002X"]))) == 1


def test_a_wider_scope_counts_as_showing_more() -> None:
    """In the order in which more parties can join."""
    shown = [
        Pseudonym(scope=scope).shown()
        for scope in ("requester+purpose", "requester", "resource", "global")
    ]
    assert shown == sorted(set(shown))


def test_redact_says_its_label() -> None:
    """A label of one's own stands for every row."""
    assert _kernel(Redact(label="保密"))([None, "a"]) == ["保密", "保密"]


def test_free_text_does_not_leave_unsearched() -> None:
    """Without a detector there is no half measure; the error names the extra."""
    with pytest.raises(ExtraMissingError, match=r"sealgate\[text\]"):
        _kernel(Scrub())
