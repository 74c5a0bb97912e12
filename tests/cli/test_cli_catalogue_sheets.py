"""The catalogue goes out into a workbook and comes in from one, whole or not at all."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pytest

from gateway import world
from gateway.catalogue import read_catalogue
from gateway.catalogue.guide.forms import CODE_LISTS, RESOURCES
from gateway.stores.files import read_folder
from tests.cli.command import PROVIDER, call, done, environment
from tests.gateway.workbooks import edited, parts, places, sheet_of, simple, written, zipped

ROOT = Path(__file__).parents[2]


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    """Write the packaged catalogue to a folder."""
    folder = tmp_path / "catalogue"
    for name, content in world.catalogue_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture
def workbook(catalogue: Path, tmp_path: Path) -> Path:
    """Write the packaged catalogue as a workbook."""
    path = tmp_path / "目录.xlsx"
    done("catalogue", "export", catalogue, "--out", path)
    return path


def _files(folder: Path) -> dict[str, bytes]:
    return read_folder(folder, (".yaml",))


def test_a_catalogue_goes_out_and_comes_back(
    catalogue: Path, workbook: Path, tmp_path: Path
) -> None:
    """What is made passes the check, and holds what went out."""
    out = tmp_path / "made"
    answer = done("catalogue", "import", workbook, "--out", out, "--json").json
    count = len(read_catalogue(_files(catalogue)).resources)
    assert (answer["imported"], answer["resources"], answer["passed_over"]) == (count, count, [])
    assert answer["files"] == len(_files(out))
    assert f"{count} resources" in done("catalogue", "check", out).out
    made, before = (read_catalogue(_files(folder)) for folder in (out, catalogue))
    assert made.resources == before.resources
    assert made.code_lists == before.code_lists


def test_a_saved_again_workbook_is_the_same_catalogue(
    catalogue: Path, workbook: Path, tmp_path: Path
) -> None:
    """Another program lays its parts out in another way."""
    edited(workbook, {})
    out = tmp_path / "made"
    done("catalogue", "import", workbook, "--out", out, "--with", catalogue)
    assert _files(out) == _files(catalogue)


def test_one_changed_cell_is_one_changed_line(
    catalogue: Path, workbook: Path, tmp_path: Path
) -> None:
    """Brought into the catalogue it came from, in place of it."""
    letters = places(workbook)
    edited(workbook, {f"{letters['更新周期']}3": "每半年"})
    done("catalogue", "import", workbook, "--out", catalogue, "--with", catalogue, "--replace")
    before = world.catalogue_files()
    after = _files(catalogue)
    assert after.keys() == before.keys()
    (name,) = (name for name in after if after[name] != before[name])
    old, new = (set(files[name].decode().splitlines()) for files in (before, after))
    assert new - old == {"update_cycle: 每半年"}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_department_keeps_its_own_part(catalogue: Path, tmp_path: Path) -> None:
    """Only its resources go out; the others' stay when it comes back."""
    path, out = tmp_path / "own.xlsx", tmp_path / "made"
    done("catalogue", "export", catalogue, "--out", path, "--provider", PROVIDER)
    answer = done("catalogue", "import", path, "--out", out, "--with", catalogue, "--json").json
    assert 0 < answer["imported"] < answer["resources"]
    assert _files(out) == _files(catalogue)


def test_the_workbook_is_fit_to_be_worked_in(workbook: Path) -> None:
    """Titles stay in view, codes stay text, closed columns offer their words."""
    book = openpyxl.load_workbook(workbook)
    assert book.sheetnames == ["目录", "代码表", "用途", "分级", "说明", "选项"]
    page, letters = book["目录"], places(workbook)
    assert page.freeze_panes == "A3"
    for title in ("信息资源代码", "信息资源提供方代码", "信息项标识"):
        assert page[f"{letters[title]}3"].data_type == "s"
        assert page[f"{letters[title]}3"].number_format == "@"
    assert page.column_dimensions[letters["信息资源摘要"]].width > 30
    shown = {
        column: str(rule.formula1)
        for rule in page.data_validations.dataValidation
        for column in str(rule.sqref).split(":")[:1]
    }
    source = shown[f"{letters['共享类型']}3"]
    assert source.startswith("选项!$")
    column = source.split("$")[1]
    assert [cell.value for cell in book["选项"][column][1:5]] == [
        "无条件共享",
        "有条件共享",
        "专用共享",
        "不予共享",
    ]
    assert book["选项"].sheet_state == "hidden"
    guide, ours = (page[f"{letters[title]}2"].fill.fgColor.rgb for title in ("类", "资源级别"))
    assert guide != ours


def test_an_empty_workbook_is_filled_in(catalogue: Path, tmp_path: Path) -> None:
    """By a person, who writes the columns marked as needed."""
    path, out = tmp_path / "空表.xlsx", tmp_path / "made"
    done("catalogue", "template", "--out", path)
    book = openpyxl.load_workbook(path)
    page, letters = book[RESOURCES.sheet], places(path)
    values = {"类": "部门", "项": "民政", "目": "其他", "信息资源名称": "新资源"}
    values |= {"信息资源代码": "307009/000001", "信息资源提供方": "民政局"}
    values |= {"信息资源提供方代码": PROVIDER, "共享类型": "无条件共享", "是否向社会开放": "否"}
    values |= {"发布日期": "2026-03-16", "资源级别": "G1", "信息项名称": "名称"}
    values |= {"数据类型": "C", "信息项标识": "name", "信息项级别": "G1", "代码表": "colour"}
    for column in RESOURCES.columns:
        if column.required or column.title in values:
            page[f"{letters[column.title]}3"] = values.get(column.title, "无")
    listed, letters = book[CODE_LISTS.sheet], places(path, CODE_LISTS.sheet)
    codes = {"代码表标识": "colour", "代码表名称": "颜色", "代码来源": "自定", "代码": "01"}
    for title, value in {**codes, "代码名称": "红"}.items():
        listed[f"{letters[title]}3"] = value
    book.save(path)
    done("catalogue", "import", path, "--out", out, "--with", catalogue)
    made = read_catalogue(_files(out))
    assert made.resources["307009/000001"].fields[0].code_list == "colour"
    assert set(_files(out)) - set(_files(catalogue)) == {
        "resources/307009-000001.yaml",
        "code-lists/colour.yaml",
    }


def test_all_faults_are_told_at_once_at_their_cells(workbook: Path, tmp_path: Path) -> None:
    """In English and Chinese, and nothing is written."""
    letters = places(workbook)
    changes = {
        f"{letters['信息资源代码']}3": 3.07001e17,
        f"{letters['共享类型']}3": "随便",
        f"{letters['数据类型']}4": "文本",
        f"{letters['信息项级别']}5": "=A1",
    }
    answer = call(
        "catalogue", "import", edited(workbook, changes), "--out", tmp_path / "x", "--json"
    )
    assert answer.code == "CATALOGUE_INVALID"
    told = [fault["field"].removeprefix(f"{workbook}:") for fault in answer.json["fields"]]
    assert told == [
        f"目录!{letters['信息资源代码']}3 (信息资源代码)",
        f"目录!{letters['共享类型']}3 (共享类型)",
        f"目录!{letters['数据类型']}4 (数据类型)",
        f"目录!{letters['信息项级别']}5 (信息项级别)",
    ]
    for fault in answer.json["fields"]:
        assert " — " in fault["text"]
        assert "——" in fault["text_zh"]
        assert f"{fault['field']}: {fault['text']}" in answer.err
    assert not (tmp_path / "x").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_what_stands_there_is_not_overwritten_unasked(workbook: Path, tmp_path: Path) -> None:
    """And what is no catalogue not even when asked; an empty folder is filled."""
    out = tmp_path / "made"
    out.mkdir()
    done("catalogue", "import", workbook, "--out", out)
    before = _files(out)
    assert call("catalogue", "import", workbook, "--out", out).code == "CONFIGURATION_INVALID"
    done("catalogue", "import", workbook, "--out", out, "--replace")
    assert _files(out) == before
    for name in ("notes.txt", ".hidden.yaml"):
        (out / name).write_bytes(b"")
        answer = call("catalogue", "import", workbook, "--out", out, "--replace")
        assert answer.code == "CONFIGURATION_INVALID"
        assert (out / name).exists()
        (out / name).unlink()
    (out / "purposes.yaml").unlink()
    answer = call("catalogue", "import", workbook, "--out", out, "--replace")
    assert answer.code == "CONFIGURATION_INVALID"
    file = tmp_path / "file"
    file.write_bytes(b"")
    answer = call("catalogue", "import", workbook, "--out", file, "--replace")
    assert answer.code == "CONFIGURATION_INVALID"


def test_sheets_of_other_things_are_passed_over_aloud(workbook: Path, tmp_path: Path) -> None:
    """So that one with a mistyped title is not lost in silence."""
    book = openpyxl.load_workbook(workbook)
    book.create_sheet("通讯录").append(["姓名", "电话"])
    book.save(workbook)
    answer = done("catalogue", "import", workbook, "--out", tmp_path / "made", "--json")
    assert answer.json["passed_over"] == ["通讯录"]
    assert "sheet 通讯录 holds no catalogue" in answer.err


# Name: (the workbook, words of the refusal).
HOSTILE: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "no .xlsx"),
    "a text": (lambda: b"code,name\n", "no .xlsx"),
    "an old workbook, or one behind a password": (
        lambda: bytes.fromhex("d0cf11e0a1b11ae1") * 100,
        "password",
    ),
    "entities": (
        lambda: zipped(parts('<!DOCTYPE x [<!ENTITY a "b">]>' + sheet_of("<row/>"))),
        "document type",
    ),
    "blanks without end": (lambda: zipped(parts(sheet_of(" " * 32_000_000))), "unpacks"),
    "16384 columns": (lambda: simple(f"<row>{'<c><v>1</v></c>' * 16_384}</row>"), "columns"),
    "no sheet with titles": (
        lambda: written({"数据": [("姓名",), ("某",)]}),
        "titles of the guide",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_workbook_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    """With a code, naming the file."""
    make, words = HOSTILE[name]
    path = tmp_path / "book.xlsx"
    path.write_bytes(make())
    answer = call("catalogue", "import", path, "--out", tmp_path / "made")
    assert answer.code == "CATALOGUE_INVALID"
    assert words in answer.err
    assert f"  {path}: " in answer.err
    assert not (tmp_path / "made").exists()


def test_wrong_use_is_told_as_such(catalogue: Path, workbook: Path, tmp_path: Path) -> None:
    """Files that are not there, places that cannot be written, a catalogue with faults."""
    assert call("catalogue", "import", tmp_path / "no.xlsx", "--out", tmp_path / "x").status == 2
    assert call("catalogue", "export", catalogue, "--out", tmp_path).status == 2
    assert call("catalogue", "export", catalogue, "--out", tmp_path / "no" / "x").status == 2
    answer = call("catalogue", "export", tmp_path / "no", "--out", tmp_path / "x.xlsx")
    assert answer.code == "CONFIGURATION_INVALID"
    (catalogue / "code-lists" / "sex.yaml").write_bytes(b"id: sex\n")
    for more in (("export", catalogue), ("import", workbook, "--with", catalogue)):
        answer = call("catalogue", *more, "--out", tmp_path / "made")
        assert answer.code == "CATALOGUE_INVALID"
        assert "code-lists/sex.yaml:1:1" in answer.err
        assert not (tmp_path / "made").exists()


def _without_the_extra(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command where XlsxWriter cannot be imported."""
    code = "import sys; sys.modules['xlsxwriter'] = None; sys.argv[0] = 'sealgate'; "
    code += "from gateway.cli.main import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment(PYTHONIOENCODING="utf-8"),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_writing_needs_the_extra_and_reading_does_not(
    catalogue: Path, workbook: Path, tmp_path: Path
) -> None:
    """The refusal names it; no file is left."""
    path = tmp_path / "x.xlsx"
    for command in (("export", catalogue), ("template",)):
        ended = _without_the_extra("catalogue", *command, "--out", path)
        assert ended.returncode == 3
        assert "refused: EXTRA_MISSING" in ended.stderr.splitlines()[-1]
        assert "sealgate[spreadsheet]" in ended.stderr
        assert not path.exists()
    ended = _without_the_extra("catalogue", "import", workbook, "--out", tmp_path / "made")
    assert ended.returncode == 0, ended.stderr


def test_commands_that_write_no_workbook_do_not_load_what_does(catalogue: Path) -> None:
    """Nor what reads one, where there is none to read."""
    code = (
        "import json, sys; from gateway.cli.main import main; "
        f"main(['catalogue', 'check', {str(catalogue)!r}]); print(json.dumps(sorted(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    loaded = json.loads(ended.stdout.splitlines()[-1])
    assert "gateway.catalogue" in loaded
    for name in ("xlsxwriter", "zipfile", "xml.parsers.expat", "gateway.catalogue.guide"):
        assert name not in loaded


def test_resources_are_not_lost_unasked(tmp_path: Path) -> None:
    """A workbook of one department does not take the place of everybody's catalogue."""
    out, book = tmp_path / "made", tmp_path / "one.xlsx"
    shutil.copytree(Path(world.__file__).parent / "catalogue", out)
    before = _files(out)
    done("catalogue", "export", out, "--provider", "11149900MB0C12002H", "--out", book)
    answer = call("catalogue", "import", book, "--out", out, "--replace")
    assert answer.code == "CONFIGURATION_INVALID"
    assert _files(out) == before
    done("catalogue", "import", book, "--out", out, "--replace", "--with", out)
    assert _files(out) == before
