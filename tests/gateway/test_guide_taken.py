"""Sheets as people keep them: what can mean one thing only is taken."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pytest

from gateway.model.cells import Area, Table
from gateway.model.resource import FieldType, OpenClass, ShareClass
from tests.gateway.guide_sheets import (
    CODE,
    ENTRY,
    FIRST,
    ITEM,
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
from tests.gateway.workbooks import table


def test_a_plain_sheet_is_a_catalogue() -> None:
    """One row for each item; the resource's own cells in the first of them."""
    resource = only_entry(filled({**ENTRY, **FIRST}, SECOND))
    assert resource.code == "307/000001"
    assert [field.id for field in resource.fields] == ["name", "sex"]
    assert resource.fields[1].type is FieldType.CODE
    assert resource.published == date(2026, 3, 16)


# Name: (title, what stands in the cell, attribute of the entry, its value).
TAKEN: Mapping[str, tuple[str, Any, str, Any]] = {
    "blanks around": (NAME, "\u3000救助对象 \n", "name", "救助对象"),
    "a full-width code": (CODE, "３０７／０００００１", "code", "307/000001"),
    "a code with blanks": (CODE, " 307 / 000001", "code", "307/000001"),
    "a date of the program": (
        "发布日期",
        datetime(2026, 3, 16),
        "published",
        date(2026, 3, 16),
    ),
    "a date with strokes": ("发布日期", "2026/3/16", "published", date(2026, 3, 16)),
    "a date with points": ("发布日期", "2026.03.16", "published", date(2026, 3, 16)),
    "a Chinese date": ("发布日期", "２０２６年３月１６日", "published", date(2026, 3, 16)),
    "a date of digits": ("发布日期", 20260316, "published", date(2026, 3, 16)),
    "a short word": ("共享类型", "无条件", "share.share_class", ShareClass.UNCONDITIONAL),
    "an English word": ("共享类型", "Unconditional", "share.share_class", ShareClass.UNCONDITIONAL),
    "yes": ("是否向社会开放", "是", "open.open_class", OpenClass.UNCONDITIONAL),
    "yes as true": ("是否向社会开放", True, "open.open_class", OpenClass.UNCONDITIONAL),
    "no as a digit": ("是否向社会开放", 0, "open.open_class", OpenClass.NONE),
    "several by commas": ("共享方式", "接口，文件; 库表", "share.mode", ("接口", "文件", "库表")),
    "several by lines": ("共享方式", "接口、文件\n库表", "share.mode", ("接口、文件", "库表")),
    "a format of two parts": ("信息资源格式类型", "MySQL", "format", "数据库/MySQL"),
    "a full-width grade": ("资源级别", "Ｇ２", "grade", "G2"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_can_mean_one_thing_is_taken(name: str) -> None:
    """In the cells of a resource."""
    title, value, attribute, expected = TAKEN[name]
    found: Any = only_entry(filled({**ENTRY, **FIRST, title: value}, SECOND))
    for step in attribute.split("."):
        found = getattr(found, step)
    assert found == expected


# What stands in cells of an item, and attributes of the field that it makes.
ITEMS: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]] = [
    ({"数据类型": "c"}, {"type": "string", "length": 50}),
    ({"数据类型": "Ｃ"}, {"type": "string"}),
    ({"数据类型": "C 字符型", "长度": "５０ "}, {"type": "string", "length": 50}),
    ({"数据类型": "字符型（C）"}, {"type": "string"}),
    ({"数据类型": "备注型M"}, {"type": "string", "length": 50}),
    ({"数据类型": "string"}, {"type": "string"}),
    ({"数据类型": "数值型", "长度": "10,2"}, {"type": "decimal", "precision": 10, "scale": 2}),
    ({"数据类型": "货币型Y", "长度": "（10，2）"}, {"precision": 10, "scale": 2}),
    ({"数据类型": "N", "长度": 10, "小数位数": 3}, {"precision": 10, "scale": 3}),
    ({"数据类型": "N", "长度": "10,3", "小数位数": 3}, {"precision": 10, "scale": 3}),
    ({"数据类型": "日期型D", "长度": 8}, {"type": "date", "length": None}),
    ({"数据类型": "I", "长度": 4}, {"type": "integer", "length": None}),
    ({"数据类型": "T", "日期格式": "YYYYMMDDHHmmss"}, {"format": "YYYYMMDDHHmmss"}),
    ({"数据类型": "逻辑型L"}, {"type": "boolean"}),
    ({"数据类型": "G", "长度": 1000}, {"type": "binary", "length": 1000}),
    ({"类型细分": "坐标型"}, {"type": "geo_point", "length": None}),
    ({"类型细分": "坐标型", "数据类型": None}, {"type": "geo_point"}),
    ({"代码表": "sex"}, {"type": "code", "code_list": "sex"}),
    ({"代码表": "sex", "类型细分": "代码"}, {"type": "code"}),
    ({"数据类别": "姓名"}, {"kind": "person_name"}),
    ({"数据类别": "person_name"}, {"kind": "person_name"}),
    ({"必填": "否", "可为空值": "√", "可为空文本": "y"}, {"required": False, "null": True}),
    ({"披露上限": "部分披露"}, {"cap": 2}),
]


@pytest.mark.parametrize("index", range(len(ITEMS)))
def test_types_and_sizes_are_the_guides(index: int) -> None:
    """By letter, by name or both; a length that follows from the type is passed over."""
    cells, expected = ITEMS[index]
    (field,) = only_entry(filled({**ENTRY, **FIRST, **cells})).fields
    assert {name: getattr(field, name) for name in expected} == expected


def test_titles_are_found_however_they_stand() -> None:
    """In any order, decorated, by other names, below a heading, beside a row number."""
    others = {NAME: "资源名称*", CODE: "信 息 资 源 代 码", "提供方代码": "信息资源提供方代码"}
    others |= {"信息资源提供方代码": "提供方代码（必填）", "长度": "数据长度："}
    titles = [*reversed(TITLES)]
    shown = ["序号", *(others.get(title, title) for title in titles)]
    rows: list[list[Any]] = [
        [number, *(row.get(title) for title in titles)]
        for number, row in enumerate(({**ENTRY, **FIRST}, SECOND), 1)
    ]
    sheet = table("Sheet1", [["某局信息资源目录"], [], ["填报日期：2026年3月"], shown, *rows])
    assert [field.id for field in only_entry(sheet).fields] == ["name", "sex"]


def test_two_rows_of_titles_are_one() -> None:
    """The upper stands over several columns of the lower, or over one and the rows of both."""
    groups = {"类": "信息资源分类", "信息资源格式分类": "信息资源格式", ITEM: "信息项信息"}
    lower = {"信息资源格式分类": "分类", "信息资源格式类型": "类型"}
    spread = {"类": 4, "信息资源格式分类": 2, ITEM: 3}
    inside = {
        title for first, width in spread.items() for title in TITLES[TITLES.index(first) :][:width]
    }
    upper = [groups.get(title, None if title in inside else title) for title in TITLES]
    under = [lower.get(title, title) if title in inside else None for title in TITLES]
    merged = [
        Area(1, TITLES.index(first) + 1, 1, TITLES.index(first) + width)
        for first, width in spread.items()
    ]
    rows = [[row.get(title) for title in TITLES] for row in ({**ENTRY, **FIRST}, SECOND)]
    sheet = table("x", [upper, under, *rows], merged)
    resource = only_entry(sheet)
    assert (resource.classification.item, resource.format) == ("民政", "数据库")
    assert [field.id for field in resource.fields] == ["name", "sex"]


def test_rows_of_an_entry_are_told_apart_from_those_of_the_next() -> None:
    """Blank below the first row, merged, or repeated."""
    other = {**ENTRY, CODE: "307/2", NAME: "另一"}
    blank = filled({**ENTRY, **FIRST}, SECOND, {**other, **FIRST}, SECOND)
    repeated = filled(
        {**ENTRY, **FIRST}, {**ENTRY, **SECOND}, {**other, **FIRST}, {**other, **SECOND}
    )
    apart = filled(ENTRY, FIRST, {}, SECOND, other, FIRST, SECOND)
    areas = [Area(top, column, top + 1, column) for top in (2, 4) for column in range(1, 12)]
    merged = Table(blank.name, blank.rows, tuple(areas))
    for sheet in (blank, repeated, apart, merged):
        found = imported(sheet, LISTS, PURPOSE).catalogue.resources
        assert {code: len(entry.fields) for code, entry in found.items()} == {
            "307/000001": 2,
            "307/2": 2,
        }


def test_a_value_merged_over_items_is_that_of_each() -> None:
    """Such as one grade for all."""
    sheet = filled({**ENTRY, **FIRST, "信息项级别": "G1"}, {**SECOND, "信息项级别": None})
    column = TITLES.index("信息项级别") + 1
    (faulty,) = faults_of(sheet)
    assert faulty.place == place_of("信息项级别", 3)
    merged = Table(sheet.name, sheet.rows, (Area(2, column, 3, column),))
    assert [field.grade for field in only_entry(merged).fields] == ["G1", "G1"]
