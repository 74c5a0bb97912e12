"""`sealgate receipt render`: the certificate as its reader, its scanner and its printer get it."""

import hashlib
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest
import zxingcpp
from msgspec.structs import replace

from gateway.cli.directories import Directory
from gateway.cli.receipt_code import qr_code
from gateway.cli.receipt_files import Proof
from gateway.cli.receipt_page import MAX_FIELDS_COLUMNS, certificate
from gateway.ledger.entries import Leaf
from gateway.ledger.receipts import CheckedReceipt
from gateway.model.call import SharedPart
from gateway.model.trust import Department
from masking.errors import ExtraMissingError
from masking.operators import operator_types
from tests.cli.command import PROVIDER, REQUESTER, RESOURCE, ROW, Desk, call, done

# Elements that have no end.
VOID = {"meta", "path"}
MARKED = "<script>alert(1)</script>&\"'"
SHARED = SharedPart(
    version=1,
    time=1_795_237_175_288,
    kind="seal",
    outcome="ok",
    provider=PROVIDER,
    requester=REQUESTER,
    resource=RESOURCE,
    purpose="medical-assistance",
    grant="A" * 22,
    fields=(("name", "clear"), ("birth_date", "year")),
    records=25,
    envelope="01" * 16,
    digest="ab" * 32,
)


class Read(HTMLParser):
    """A page taken apart: its elements, its rows, its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.rows: dict[str, str] = {}
        self._open: list[str] = []
        self._cells = ["", ""]
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self._cells = ["", ""]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "tr":
            assert self._cells[0] not in self.rows
            self.rows[self._cells[0]] = self._cells[1]

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data
        for number, cell in enumerate(("th", "td")):
            if cell in self._open:
                self._cells[number] += data


def modules(page: str) -> list[list[bool]]:
    """Draw what the SVG of a page draws: rows of dark and light modules."""
    (width, height), (path,) = (
        re.findall(r'viewBox="0 0 (\d+) (\d+)"', page)[0],
        re.findall(r'<path[^>]* d="([^"]+)"', page),
    )
    rows = [[False] * int(width) for _ in range(int(height))]
    x = y = 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", path):
        if command == "h":
            for place in range(int(x), int(x) + int(first)):
                rows[int(y)][place] = True
            x += float(first)
        elif command == "M":
            x, y = float(first), float(second)
        else:
            x, y = x + float(first), y + float(second)
    return rows


def scanned(page: str, scale: int = 4) -> str:
    """Read the QR code of a page by somebody else's reader."""
    rows = [[0 if dark else 255 for dark in row for _ in range(scale)] for row in modules(page)]
    lines = [bytes(row) for row in rows for _ in range(scale)]
    picture = memoryview(b"".join(lines)).cast("B", (len(lines), len(lines[0])))
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return str(found.text)


class Filed(NamedTuple):
    """A receipt, its page, and whose desk it came from."""

    desk: Desk
    receipt: Path
    page: str


@pytest.fixture
def filed(desk: Desk) -> Filed:
    """Seal, and make a page of the receipt."""
    receipt, page = desk.folder / "sealed.receipt", desk.folder / "page.html"
    done(*desk.seal_arguments(desk.write([ROW], "r.json"), "--receipt", receipt))
    answer = done("receipt", "render", receipt, "--out", page, "--node", desk.outsider, "--json")
    digest = hashlib.sha256(receipt.read_bytes()).hexdigest()
    assert answer.json == {"receipt_digest": digest, "out": str(page)}
    return Filed(desk, receipt, page.read_text("utf-8"))


def render(shared: SharedPart, directory: Directory | None = None) -> str:
    """Make a page of what a verified receipt gives."""
    leaf = Leaf(private="00" * 32, shared=shared)
    origin = f"sealgate/{PROVIDER}/main/node-0199f0c2a1b2-0a1b2c3d"
    checked = CheckedReceipt(leaf, origin, PROVIDER, 5, 11, "a" * 26)
    proof = Proof("text", checked, bytes(32))
    return certificate(proof, directory or Directory({}), 1_795_240_000)


def test_the_page_says_what_an_inspector_asks(filed: Filed) -> None:
    """In the words of the directory and the catalogue, with the codes beside them."""
    verify = ("receipt", "verify", filed.receipt, "--node", filed.desk.outsider, "--json")
    told = done(*verify).json
    shared, read = told["shared"], Read(filed.page)
    rows = read.rows
    assert "调用记录凭证" in read.text
    assert rows["记录部门"] == rows["提供部门"] == f"{told['name']} {PROVIDER}"
    assert rows["使用部门"].endswith(f" {REQUESTER}")
    assert rows["事项"] == "密封提供 seal"
    assert rows["结果"] == "成功"
    assert rows["数据资源"] == f"社会救助对象信息 {RESOURCE}"
    assert rows["用途"] == f"医疗救助 {shared['purpose']}"
    assert rows["授权编号"] == shared["grant"]
    assert rows["记录数"] == "1 条"
    assert rows["脱敏策略"] == shared["policy"]
    assert rows["版本"] == f"目录 {shared['catalogue']}，信任数据 {shared['trust']}"
    assert (rows["信封编号"], rows["信封摘要"]) == (shared["envelope"], shared["digest"])
    assert (rows["日志"], rows["检查点根"]) == (told["origin"], told["root"])
    assert rows["日志密钥编号"] == told["key_id"]
    assert rows["条目序号"] == f"{told['index']}（从 0 起，签名时日志共 {told['size']} 条）"
    assert f"第 {told['trust_version']} 版信任数据" in read.text
    assert told["receipt_digest"] in read.text


def test_every_field_stands_with_its_treatment(filed: Filed) -> None:
    """In Chinese and by its id."""
    told = done("receipt", "verify", filed.receipt, "--node", filed.desk.outsider, "--json").json[
        "shared"
    ]["fields"]
    titles = {kind.name: kind.title_zh for kind in operator_types()}
    text = Read(filed.page).text
    assert f"共 {len(told)} 项" in text
    assert "姓名 name" in text
    for field, treatment in told:
        (group,) = [one for one in re.split("[；。]", text) if f" {treatment}（" in one]
        assert f"{titles[treatment]} {treatment}（" in group
        assert re.search(rf"[：、](?:\S+ )?{field}(?:、|$)", group), field


def test_no_value_stands_on_the_page(filed: Filed) -> None:
    """As in the entry."""
    for name in ("name", "resident_id", "mobile", "address", "home_location"):
        assert str(ROW[name]) not in filed.page


def test_the_code_is_the_digest_of_the_receipts_file(filed: Filed) -> None:
    """Read by somebody else's reader, from what the SVG draws."""
    digest = hashlib.sha256(filed.receipt.read_bytes()).hexdigest()
    assert scanned(filed.page) == f"sha256:{digest}"


def test_the_code_is_read_though_part_of_it_is_lost() -> None:
    """A stamp or a crease must not make it useless."""
    svg = qr_code("sha256:" + "0123456789abcdef" * 4)
    assert scanned(svg) == "sha256:" + "0123456789abcdef" * 4
    rows = modules(svg)
    middle = len(rows) // 2
    spoilt = "".join(
        f"M{middle} {line}.5h1" for line in range(middle - 2, middle + 2) if not rows[line][middle]
    )
    assert scanned(svg.replace(' d="', f' d="{spoilt}', 1)) == "sha256:" + "0123456789abcdef" * 4


def test_the_page_stands_alone(filed: Filed) -> None:
    """No script, nothing fetched, nothing that a click would leave it by."""
    read = Read(filed.page)
    assert {*read.tags} <= {
        "html", "head", "meta", "title", "style", "body", "header", "div", "h1", "h2", "p",
        "code", "svg", "path", "table", "tr", "th", "td", "footer",
    }  # fmt: skip
    assert {name for _, name, _ in read.attributes} <= {
        "lang", "charset", "http-equiv", "content", "class", "viewbox", "stroke", "d",
    }  # fmt: skip
    for trace in ("http:", "https:", "//", "url(", "@import", "javascript:"):
        assert trace not in filed.page
    assert "default-src 'none'" in filed.page


def test_the_page_is_made_for_one_sheet(filed: Filed) -> None:
    """A4, in the language that it is in."""
    assert filed.page.startswith('<!DOCTYPE html>\n<html lang="zh-CN">')
    assert "@page { size: A4;" in filed.page
    assert '<meta charset="utf-8">' in filed.page


@pytest.mark.parametrize("member", ["outcome", "kind", "resource", "purpose", "grant", "policy"])
def test_what_a_department_entered_stays_text(member: str) -> None:
    """Markup in an entry is shown, not obeyed."""
    read = Read(render(replace(SHARED, **{member: MARKED})))
    assert "script" not in read.tags
    assert MARKED in read.text


def test_what_the_directory_says_stays_text_too() -> None:
    """A department's name, and ids of fields with their treatments."""
    department = Department(id=PROVIDER, name=MARKED, suites=(1,))
    fields = ((MARKED, "clear"), ("name", MARKED))
    read = Read(render(replace(SHARED, fields=fields), Directory({PROVIDER: department})))
    assert "script" not in read.tags
    assert read.text.count(MARKED) == 4
    assert "部门导出的公钥" in read.text


def test_long_lists_and_texts_stay_on_the_sheet() -> None:
    """Names go first, then what is beyond the room, which the page says."""
    fields = tuple((f"field_{number:04}", "clear") for number in range(512))
    long = replace(SHARED, fields=fields, purpose="甲" * 100_000, policy="x" * 100_000)
    text = Read(render(long)).text
    assert "共 512 项" in text
    assert "其余见凭证文件" in text
    assert "…" in text
    assert len(text) < MAX_FIELDS_COLUMNS + 2000


def test_times_are_those_of_china() -> None:
    """With the same in UTC beside it."""
    at = Read(render(SHARED)).rows["时间"]
    assert at == "2026 年 11 月 21 日 12:59:35（北京时间）（2026-11-21T04:59:35Z）"


def test_entries_of_other_kinds_have_a_page_as_well() -> None:
    """What they do not say is left out."""
    read = Read(render(SharedPart(version=1, time=0, kind="start", outcome="KEY_UNAVAILABLE")))
    assert read.rows["事项"] == "启动 start"
    assert read.rows["结果"] == "拒绝 KEY_UNAVAILABLE"
    assert not {"提供部门", "信封编号", "记录数"} & {*read.rows}
    assert "（无）" in read.text


def test_an_unverified_receipt_becomes_no_page(filed: Filed) -> None:
    """And what stood there stays."""
    bad, page = filed.desk.folder / "bad.receipt", filed.desk.folder / "page.html"
    bad.write_bytes(filed.receipt.read_bytes().replace(b"index ", b"index 1"))
    before = page.read_bytes()
    answer = call("receipt", "render", bad, "--out", page, "--node", filed.desk.outsider)
    assert answer.code == "RECEIPT_INVALID"
    assert page.read_bytes() == before
    answer = call("receipt", "render", bad, "--out", bad, "--node", filed.desk.outsider)
    assert answer.status == 2


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the page needs it."""
    monkeypatch.setitem(sys.modules, "segno", None)
    with pytest.raises(ExtraMissingError, match=r"sealgate\[receipts\]"):
        render(SHARED)
