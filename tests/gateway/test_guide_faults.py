"""What a sheet says that cannot be taken is named at its cell, all of it at once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from gateway.catalogue.guide.faults import MAX_FAULTS
from gateway.catalogue.guide.forms import CODE_LISTS, GRADES, RESOURCES
from gateway.errors import CatalogueInvalidError
from gateway.model.cells import Area, Table, column_letters
from tests.gateway.guide_sheets import (
    CODE,
    ENTRY,
    FIRST,
    LISTS,
    NAME,
    PURPOSE,
    SECOND,
    TITLES,
    faults_of,
    filled,
    imported,
    only_entry,
    place_of,
)
from tests.gateway.workbooks import BROKEN, FORMULA, table

# Name: (title, what stands in the cell, words of the fault). In the first row of an entry.
NAMED: Mapping[str, tuple[str, Any, str]] = {
    "nothing": (NAME, None, "nothing stands here"),
    "only blanks": (NAME, " \u3000", "nothing stands here"),
    "a code that lost its digits": (CODE, 3.07001e17, "lost its last digits"),
    "a number for a code": (CODE, 3070010010001, "the number 3070010010001"),
    "a formula": (NAME, FORMULA, "formula"),
    "a formula for a date": ("发布日期", FORMULA, "formula"),
    "a formula for a word": ("共享类型", FORMULA, "formula"),
    "a formula for several": ("共享方式", FORMULA, "formula"),
    "a formula for a code": (CODE, FORMULA, "formula"),
    "a formula for a size": ("长度", FORMULA, "formula"),
    "a formula for a number": ("小数位数", FORMULA, "formula"),
    "an error": (NAME, BROKEN, "#REF!"),
    "an error for a date": ("发布日期", BROKEN, "#REF!"),
    "true for a text": (NAME, True, "true or false"),
    "a date for a text": (NAME, datetime(2026, 3, 16), "a date stands here"),
    "a date without a day": ("发布日期", "2026年3月", "no date"),
    "a day that never was": ("发布日期", "2026-02-30", "no date"),
    "a date with a time": ("发布日期", datetime(2026, 3, 16, 8), "no date"),
    "a count of days": ("发布日期", 46097, "no date"),
    "true for a date": ("发布日期", True, "no date"),
    "a word beside": ("共享类型", "无条件分享", "'无条件分享' is not known"),
    "neither yes nor no": ("是否向社会开放", "待定", "'待定' is not known"),
    "a mark that cannot be seen": (NAME, "救助\u200b对象", "invisible"),
    "two lines for a name": (NAME, "救助\n对象", "form expected"),
    "a code of signs": (CODE, "代码", "form expected"),
    "a code of a department": ("信息资源提供方代码", "12345", "form expected"),
    "a grade that is none": ("资源级别", "G9", "there is no grade"),
    "a grade too low": ("资源级别", "G1", "below that of one of its fields"),
    "another resource that is none": ("关联资源代码", "307/9", "is not in this catalogue"),
    "a region that is none": ("区划信息项", "name", "region"),
    "open and not open": ("开放类型", "有条件开放", "contradicts"),
    "half a review": ("保密审查日期", "2026-01-01", "nothing stands here"),
    "an item without a type": ("数据类型", None, "nothing stands here"),
    "an unknown type": ("数据类型", "varchar", "'varchar' is not known"),
    "an id that looks like a value": ("信息项标识", "x110105194912", "form expected"),
    "a size in words": ("长度", "50位", "no size"),
    "a size with a point": ("长度", 10.2, "no size"),
    "two sizes for a text": ("长度", "10,2", "behind the point"),
    "a scale for a text": ("小数位数", 2, "means nothing"),
    "a scale in words": ("小数位数", "二", "no whole number"),
    "a finer type of another": ("类型细分", "坐标", "finer"),
    "a list that is none": ("代码表", "sexes", "code list"),
    "a format of a text": ("日期格式", "YYYY", "means nothing"),
}
# Changes beside the cell in question.
BESIDE: Mapping[str, Mapping[str, Any]] = {"a finer type of another": {"数据类型": "D"}}
# The cell that is named, where it is another.
ELSEWHERE = {"half a review": "保密审查文号", "a list that is none": "代码表"}


@pytest.mark.parametrize("name", NAMED)
def test_what_cannot_is_named_at_its_cell(name: str) -> None:
    """By file, sheet, row, column and title, and once."""
    title, value, words = NAMED[name]
    row = {**ENTRY, **FIRST, **BESIDE.get(name, {}), title: value}
    (fault,) = faults_of(filled(row, SECOND))
    assert words in fault.text
    assert fault.place == place_of(ELSEWHERE.get(name, title), 2)


def test_all_faults_are_named_at_once_in_the_order_of_the_sheet() -> None:
    """Of the cells, of the rules, of the titles and of other sheets."""
    titles = [title if title != "披露上限" else "批露上限" for title in TITLES]
    rows = [
        {**ENTRY, **FIRST, "发布日期": "春天", "资源级别": "G1"},
        {**SECOND, "代码表": FORMULA},
        {**ENTRY, **FIRST, CODE: "307/2", "共享类型": "不予共享"},
        {**SECOND, "长度": "x", "数据类型": "Z"},
    ]
    lists: list[list[Any]] = [[column.title for column in CODE_LISTS.columns]]
    lists += [["sex", 1, None, "s", "1", "男"]]
    faults = faults_of(filled(*rows, titles=titles), table(CODE_LISTS.sheet, lists), PURPOSE)
    shown = [fault.place.split(":")[1] for fault in faults]
    assert shown == [
        f"目录!{column_letters(titles.index('批露上限') + 1)}1 (批露上限)",
        *(
            place_of(title, row).split(":")[1]
            for row, title in [
                (2, "发布日期"),
                (2, "资源级别"),
                (3, "代码表"),
                (4, "共享类型"),
                (5, "数据类型"),
                (5, "长度"),
            ]
        ),
        "代码表!B2 (代码表名称)",
    ]
    assert "did you mean '披露上限'" in faults[0].remedy


def test_a_rule_names_the_columns_of_the_keys_it_speaks_of() -> None:
    """A key of the files means nothing to who keeps a sheet."""
    (fault,) = faults_of(filled({**ENTRY, **FIRST, "共享类型": "有条件共享"}))
    letters = column_letters(TITLES.index("共享依据") + 1)
    assert f"`basis` is '共享依据' (column {letters})" in fault.remedy
    assert f"“共享依据”（{letters} 列）" in fault.remedy_zh
    titles = [title for title in TITLES if title != "共享依据"]
    (fault,) = faults_of(filled({**ENTRY, **FIRST, "共享类型": "有条件共享"}, titles=titles))
    assert "'共享依据' (missing)" in fault.remedy


def test_a_sheet_of_the_guides_columns_says_what_is_missing() -> None:
    """Each column once, however many rows lack it."""
    titles = [column.title for column in RESOURCES.columns if column.guide]
    faults = faults_of(filled({**ENTRY, **FIRST}, SECOND, titles=titles))
    missing = {column.title for column in RESOURCES.columns if column.required} - set(titles)
    assert sorted(fault.place for fault in faults) == sorted(
        f"book.xlsx:目录!1 ({title})" for title in missing
    )


def test_a_column_twice_is_named() -> None:
    """Nobody can tell which of the two is meant."""
    (fault,) = faults_of(filled({**ENTRY, **FIRST}, SECOND, titles=[*TITLES, "资源名称"]))
    assert "stands in E already" in fault.text


def test_a_faulty_code_merged_over_rows_is_one_fault() -> None:
    """And the rows are still those of one entry."""
    sheet = filled({**ENTRY, **FIRST, CODE: 307}, SECOND)
    column = TITLES.index(CODE) + 1
    (fault,) = faults_of(Table(sheet.name, sheet.rows, (Area(2, column, 3, column),)))
    assert fault.place == place_of(CODE, 2)


def test_rows_that_do_not_fit_together_are_named() -> None:
    """Another value below, no entry above, an entry without items, one in two places."""
    (fault,) = faults_of(filled({**ENTRY, **FIRST}, {**SECOND, "更新周期": "每月"}))
    assert (fault.place, "differs from row 2" in fault.text) == (place_of("更新周期", 3), True)
    (fault,) = faults_of(filled(SECOND, {**ENTRY, **FIRST}))
    assert fault.place == "book.xlsx:目录!2"
    (fault,) = faults_of(filled(ENTRY))
    assert (fault.place, "no information item" in fault.text) == (place_of(CODE, 2), True)
    other = {**ENTRY, **FIRST, CODE: "307/2"}
    (fault,) = faults_of(filled({**ENTRY, **FIRST}, other, {**ENTRY, **FIRST}))
    assert fault.place == place_of(CODE, 4)
    assert f"begins in 目录!{column_letters(TITLES.index(CODE) + 1)}2 too" in fault.text


def test_what_is_needed_besides_is_said() -> None:
    """Purposes, resources; sheets of other things are passed over."""
    sheet = filled({**ENTRY, **FIRST}, SECOND)
    (fault,) = faults_of(sheet, LISTS)
    assert fault.place == "book.xlsx"
    assert "--with" in fault.remedy
    (fault,) = faults_of(LISTS, PURPOSE)
    assert "信息资源名称" in fault.text
    notes = table("备注", [["姓名", "电话"], ["某", "1"]])
    empty = table("Sheet3", [])
    made = imported(sheet, LISTS, PURPOSE, notes, empty, table("说明", [["列"]]))
    assert made.passed_over == ("备注",)


def test_only_one_grade_scheme_may_stand_in_a_workbook() -> None:
    """And it is read in the order of its rows."""
    titles = [column.title for column in GRADES.columns]
    rows: list[list[Any]] = [
        ["s", "G1", "一", "one"],
        [None, "G2", "二", "two", "明文", "部分披露"],
    ]
    grades = table(GRADES.sheet, [titles, *rows])
    sheet = filled({**ENTRY, **FIRST}, SECOND)
    (fault,) = faults_of(sheet, LISTS, PURPOSE, grades)
    assert fault.place == "book.xlsx:分级!F3 (超出授权级别时)"
    rows[1][5] = "不披露"
    grades = table(GRADES.sheet, [titles, *rows])
    assert imported(sheet, LISTS, PURPOSE, grades).catalogue.grades.ids == ("G1", "G2")
    twice = table(GRADES.sheet, [titles, *rows, ["t", "G1", "一", "one"]])
    (fault,) = faults_of(sheet, LISTS, PURPOSE, twice)
    assert "another grade scheme begins in 分级!A2" in fault.text


def test_a_sheet_of_nonsense_is_named_up_to_a_limit() -> None:
    """The rest is counted."""
    rows = [{**ENTRY, **FIRST}, *({**FIRST, "长度": "x", "信息项标识": 1} for _ in range(200))]
    with pytest.raises(CatalogueInvalidError) as refused:
        imported(filled(*rows))
    assert len(refused.value.faults) == MAX_FAULTS
    assert refused.value.fault_count >= 400


def test_merged_areas_over_everything_cost_little() -> None:
    """Only rows that hold something are filled, and not without end."""
    sheet = filled({**ENTRY, **FIRST}, {"信息项级别": "G1", **SECOND})
    areas = tuple(Area(2, column, 1_048_576, column) for column in range(1, 12)) * 4000
    assert len(only_entry(Table(sheet.name, sheet.rows, areas)).fields) == 2
    many = filled({**ENTRY, **FIRST}, *({"序号": 1},) * 100, titles=[*TITLES, "序号"])
    faults = faults_of(Table(many.name, many.rows, areas))
    assert faults[0].place == "book.xlsx:目录"
