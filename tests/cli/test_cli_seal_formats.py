"""Records come as JSON, NDJSON or CSV, in UTF-8 or GB 18030, and seal to the same."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gateway.world import catalogue_files
from tests.cli.command import PUBLIC_FIELDS, PUBLIC_ROW, Desk, done

# Its kind lets any printable text stand.
FREE = "address"
OTHER = {**PUBLIC_ROW, "name": "另一个会", "email": "office@example.org"}
del OTHER["landline"]
ROWS = [dict(PUBLIC_ROW), OTHER]
TITLES = {
    "uscc": "统一社会信用代码",
    "name": "社会组织名称",
    "legal_representative": "法定代表人",
    "status": "登记状态",
    "registered_capital": "注册资金",
    "established_date": "成立登记日期",
    "certificate_until": "证书有效期至",
    "region": "登记地行政区划",
    "address": "住所",
    "landline": "联系电话",
    "email": "电子邮箱",
    "updated_at": "更新时间",
}


def _csv(rows: list[dict[str, Any]], *, titles: bool = False, end: str = "\n") -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end)
    writer.writerow(TITLES[name] if titles else name for name in PUBLIC_FIELDS)
    for row in rows:
        writer.writerow("" if row.get(name) is None else row[name] for name in PUBLIC_FIELDS)
    return text.getvalue()


def _array(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False)


def _ndjson(rows: list[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n"


def _sealed(desk: Desk, content: bytes, name: str, *more: object) -> list[dict[str, Any]]:
    answer = desk.seal_public(desk.write(content, name), *more)
    assert answer.status == 0, answer.err
    return desk.opened()


# Name: (how to write rows, file name).
FORMS: Mapping[str, tuple[Callable[[list[dict[str, Any]]], str], str]] = {
    "json": (_array, "r.json"),
    "pretty json": (lambda rows: json.dumps(rows, indent=2), "r.json"),
    "ndjson": (_ndjson, "r.ndjson"),
    "ndjson, blank lines": (lambda rows: "\n" + _ndjson(rows).replace("\n", "\r\n\n"), "r.txt"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_json_and_ndjson_seal_in_every_encoding(desk: Desk, form: str, encoding: str) -> None:
    """UTF-8 with or without a byte order mark by itself, GB 18030 when it is named."""
    write, name = FORMS[form]
    named = ("--encoding", "GB18030") if encoding == "gb18030" else ()
    assert _sealed(desk, write(ROWS).encode(encoding), name, *named) == ROWS


@pytest.mark.parametrize("titles", [False, True], ids=["ids", "titles"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_csv_seals_by_id_and_by_title(desk: Desk, titles: bool, encoding: str, end: str) -> None:
    """An empty cell is an empty text where one may stand, else null, else nothing."""
    content = _csv(ROWS, titles=titles, end=end).encode(encoding)
    opened = _sealed(desk, content, "r.csv", "--encoding", encoding)
    assert opened == [PUBLIC_ROW, {**OTHER, "landline": ""}]


def test_csv_columns_may_stand_in_any_order_and_be_padded(desk: Desk) -> None:
    """Titles and ids mix; spaces around them do not count."""
    names = list(reversed(PUBLIC_FIELDS))
    header = ",".join(
        f" {TITLES[name] if place % 2 else name} " for place, name in enumerate(names)
    )
    cells = ",".join(str(PUBLIC_ROW[name] or "") for name in names)
    assert _sealed(desk, f"{header}\n\n{cells}\n\n".encode(), "r.csv") == [PUBLIC_ROW]


def test_a_cell_may_hold_line_ends_and_quotation_marks(desk: Desk) -> None:
    """What is quoted comes out as it went in, and counts as one record."""
    texts = ['甲\n乙\r\n丙,"丁"\n', "\r", '"', " a ", "，", "\u2028x\x0b\x1c"]
    content = io.StringIO(newline="")
    csv.writer(content).writerows([("text", "must"), *((text, "x") for text in texts)])
    assert desk.seal_plain(desk.write(content.getvalue(), "r.csv")).status == 0
    assert [row["text"] for row in desk.opened()] == texts


# Field: (cell, value as it comes out).
CELLS: Mapping[str, list[tuple[str, object]]] = {
    "text": [("", ""), ("0", "0"), ("true", "true"), ("null", "null"), ("1.4E+17", "1.4E+17")],
    "count": [("", None), ("0", 0), ("-7", -7), ("007", 7), ("9223372036854775807", 2**63 - 1)],
    "amount": [("1", "1"), ("-0.10", "-0.10"), ("0", "0"), ("999999.99", "999999.99")],
    "flag": [
        ("true", True),
        ("FALSE", False),
        ("1", True),
        ("0", False),
        ("是", True),
        ("否", False),
    ],
    "day": [("2024年02月29日", "2024年02月29日"), ("长期", "长期")],
    "moment": [
        ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"),
        ("2024-02-29T00:00:00+08:00", "2024-02-29T00:00:00+08:00"),
    ],
    "sex": [("0", "0"), ("9", "9")],
    "point": [("112.55,37.87", "112.55,37.87"), ("-180,-90", "-180,-90")],
    "blob": [("", None), ("AAECAwQFBgc=", "AAECAwQFBgc=")],
}


def test_cells_are_typed_by_the_catalogue(desk: Desk) -> None:
    """Each type has its spelling in CSV, and comes out as JSON has it."""
    for field, cells in CELLS.items():
        content = io.StringIO(newline="")
        csv.writer(content).writerows([(field, "must"), *((cell, "x") for cell, _ in cells)])
        answer = desk.seal_plain(desk.write(content.getvalue(), "r.csv"))
        assert answer.status == 0, (field, answer.err)
        assert [row.get(field) for row in desk.opened()] == [value for _, value in cells], field


def test_an_empty_cell_is_what_may_stand_there(desk: Desk) -> None:
    """Empty text before null, null before nothing at all; a required field is missed."""
    records = desk.write("text,must,count,amount,blob\n,x,,,\n", "r.csv")
    assert desk.seal_plain(records).status == 0
    assert desk.opened() == [{"text": "", "must": "x", "count": None}]
    answer = desk.seal_plain(desk.write("text,must\na,\n", "r.csv"))
    assert answer.code == "FIELD_INVALID"
    assert "record 1 第 1 条: must: the field is missing" in answer.err


BAD_CELLS: Mapping[str, tuple[str, ...]] = {
    "must": ("12345",),
    "count": ("1.0", "+1", " 1", "1e3", "9223372036854775808", "二"),
    "amount": ("1.234", "1000000", "1e2", "NaN", "1,000"),
    "flag": ("yes", "2", "真"),
    "day": ("2023年02月29日", "2024-02-29", "0000年01月01日", "2024年13月01日", "永久"),
    "moment": ("2024-02-29T24:00:00Z", "2024-02-29T00:00:00", "2024-02-29T00:00:00+15:00"),
    "sex": ("3", "男"),
    "point": ("37.87", "181,0", "0,91", "112.55，37.87", "112.55, 37.87"),
    "blob": ("AAEC AwQ=", "AAECAwQFBgcI", "===="),
}


@pytest.mark.parametrize("field", BAD_CELLS)
def test_a_cell_of_another_type_is_told_without_its_value(desk: Desk, field: str) -> None:
    """By number of the record and field; the second record is good."""
    other = "" if field == "must" else ",x"
    header = "must" if field == "must" else f"{field},must"
    good = "x" if field == "must" else ""
    for cell in BAD_CELLS[field]:
        records = desk.write(f'{header}\n"{cell}"{other}\n{good}{other}\n', "r.csv")
        answer = desk.seal_plain(records, "--json")
        assert answer.code == "FIELD_INVALID", cell
        assert answer.json["records"] == [1], cell
        assert [fault["field"] for fault in answer.json["fields"]] == [field], cell
        assert len(cell) < 4 or cell not in answer.out + answer.err


@pytest.mark.parametrize("name", ["gbk", "GB2312", "cp936", "GB-18030", "gb_18030"])
def test_gb18030_goes_by_the_names_of_its_forerunners(desk: Desk, name: str) -> None:
    """It reads all that they write."""
    assert _sealed(desk, _csv(ROWS[:1]).encode("gbk"), "r.csv", "--encoding", name) == ROWS[:1]


# GB 18030 bytes of characters that the 2005 and 2022 editions moved out of the private area.
MOVED = {
    "A8BC": "\u1e3f",
    "A6D9": "\ufe10",
    "A6DA": "\ufe12",
    "A6DB": "\ufe11",
    "A6DC": "\ufe13",
    "A6DD": "\ufe14",
    "A6DE": "\ufe15",
    "A6DF": "\ufe16",
    "A6EC": "\ufe17",
    "A6ED": "\ufe18",
    "A6F3": "\ufe19",
    "FE59": "\u9fb4",
    "FE61": "\u9fb5",
    "FE66": "\u9fb6",
    "FE67": "\u9fb7",
    "FE6D": "\u9fb8",
    "FE7E": "\u9fb9",
    "FE90": "\u9fba",
    "FEA0": "\u9fbb",
}
# Two bytes that are read as the character, though it is written in four.
READ_ONLY = {
    "FE51": ("\U00020087", "95329031"),
    "FE52": ("\U00020089", "95329033"),
    "FE53": ("\U000200cc", "95329730"),
    "FE6C": ("\U000215d7", "9536B937"),
    "FE76": ("\U0002298f", "9630BA35"),
    "FE91": ("\U000241fe", "9635B630"),
}


@pytest.mark.parametrize("form", ["csv", "ndjson", "json"])
def test_moved_code_points_are_read_at_their_2022_places(desk: Desk, form: str) -> None:
    """Python's own codec leaves them in the private area."""
    codes = [*MOVED, *READ_ONLY]
    text = {"csv": _csv, "ndjson": _ndjson, "json": _array}[form]([{**PUBLIC_ROW, FREE: "住@所"}])
    content = text.encode("gb18030").replace(b"@", bytes.fromhex("".join(codes)))
    opened = _sealed(desk, content, f"r.{form}", "--encoding", "gb18030")
    moved = "".join(MOVED.values()) + "".join(char for char, _ in READ_ONLY.values())
    assert opened[0][FREE] == f"住{moved}所"


def test_moved_code_points_are_written_at_their_2022_places(desk: Desk) -> None:
    """As GB 18030-2022 has them: two bytes for those that it moved, four for the six others."""
    chars = "".join(MOVED.values()) + "".join(char for char, _ in READ_ONLY.values())
    records = desk.write([{**PUBLIC_ROW, FREE: f"住{chars}所"}], "r.json")
    assert desk.seal_public(records).status == 0
    assert desk.open("--encoding", "gb18030", name="o.csv").status == 0
    written = (desk.folder / "o.csv").read_bytes()
    expected = "".join(MOVED) + "".join(code for _, code in READ_ONLY.values())
    assert "住".encode("gb18030") + bytes.fromhex(expected) in written
    # And back again.
    again = desk.seal_public(desk.folder / "o.csv", "--encoding", "gb18030")
    assert again.status == 0, again.err
    assert desk.opened()[0][FREE] == f"住{chars}所"


def test_every_packaged_sample_seals_alike_in_every_form(desk: Desk) -> None:
    """The same rows as JSON, NDJSON and CSV come out equal, but for the empty cells of CSV."""
    opened = {}
    for form in ("json", "ndjson", "csv"):
        out = desk.folder / f"sample.{form}"
        done(
            "sample", "--resource", "3070010020001/000002", "--rows", 60, "--seed", 9, "--out", out
        )
        assert desk.seal_public(out).status == 0
        opened[form] = desk.opened()
    assert opened["json"] == opened["ndjson"]
    for row in opened["json"]:
        row.setdefault("landline", "")
        row.setdefault("email", None)
    assert opened["json"] == opened["csv"]


def test_the_public_row_is_of_every_field() -> None:
    """These tests speak of the packaged catalogue as it is."""
    text = catalogue_files()["resources/social-organisations.yaml"].decode()
    assert all(f"id: {name}, name: {title}" in text for name, title in TITLES.items())
