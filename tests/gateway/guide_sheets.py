"""Sheets of resources made in a line, and what becomes of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from gateway.catalogue.guide import Imported, import_tables
from gateway.catalogue.guide.forms import CODE_LISTS, PURPOSES, RESOURCES
from gateway.errors import CatalogueInvalidError
from gateway.model.cells import Table, column_letters
from gateway.model.resource import Resource
from masking.faults import Fault
from tests.gateway.workbooks import table

CODE, NAME, ITEM = "信息资源代码", "信息资源名称", "信息项名称"
ENTRY: Mapping[str, Any] = {
    "类": "部门信息资源",
    "项": "民政",
    "目": "社会救助",
    NAME: "救助对象",
    CODE: "307/000001",
    "信息资源提供方": "民政局",
    "信息资源提供方代码": "11149900MB0C12002H",
    "信息资源摘要": "按人登记",
    "信息资源格式分类": "数据库",
    "共享类型": "无条件共享",
    "是否向社会开放": "否",
    "更新周期": "每日",
    "发布日期": "2026-03-16",
    "资源级别": "G2",
    "使用要求": "无",
    "来源业务": "审核",
    "使用对象": "部门",
    "使用地域": "本市",
    "使用范围": "核定",
    "脱敏要求": "部分披露",
    "认证授权": "证书",
    "留痕要求": "三年",
}
FIRST: Mapping[str, Any] = {
    ITEM: "姓名",
    "数据类型": "字符型C",
    "长度": 50,
    "信息项标识": "name",
    "信息项级别": "G2",
}
SECOND: Mapping[str, Any] = {
    ITEM: "性别",
    "数据类型": "C",
    "代码表": "sex",
    "信息项标识": "sex",
    "信息项级别": "G1",
}
TITLES = tuple(column.title for column in RESOURCES.columns)
LISTS = table(
    CODE_LISTS.sheet,
    [
        [column.title for column in CODE_LISTS.columns],
        ["sex", "性别代码", None, "GB/T 2261.1", "1", "男"],
        [None, None, None, None, "2", "女"],
    ],
)
PURPOSE = table(
    PURPOSES.sheet,
    [[column.title for column in PURPOSES.columns], ["p", "用途", None, "依据", "场景"]],
)


def filled(
    *rows: Mapping[str, Any], titles: Sequence[str] = TITLES, above: Sequence[Any] = ()
) -> Table:
    """Make a sheet of resources, its first row the titles; rows by title."""
    made = [*above, list(titles), *([row.get(title) for title in titles] for row in rows)]
    return table(RESOURCES.sheet, made)


def imported(sheet: Table, *others: Table) -> Imported:
    return import_tables([sheet, *(others or (LISTS, PURPOSE))], file="book.xlsx")


def only_entry(sheet: Table, *others: Table) -> Resource:
    (resource,) = imported(sheet, *others).catalogue.resources.values()
    return resource


def faults_of(sheet: Table, *others: Table) -> Sequence[Fault]:
    with pytest.raises(CatalogueInvalidError) as refused:
        imported(sheet, *others)
    for fault in refused.value.faults:
        for text in (fault.text, fault.remedy):
            assert text
        assert any(character >= "\u4e00" for character in fault.text_zh + fault.remedy_zh)
    return refused.value.faults


def place_of(title: str, row: int, titles: Sequence[str] = TITLES) -> str:
    return f"book.xlsx:目录!{column_letters(titles.index(title) + 1)}{row} ({title})"
