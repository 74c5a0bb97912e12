"""`sealgate catalogue import`, `export` and `template`: the catalogue as a workbook."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.entries import register_entries
from gateway.cli.terminal import one_line
from gateway.cli.words import add_command, check_outputs, read_binary, report
from gateway.stores.files import read_folder, whole_file
from masking.counting import counted
from masking.faults import quote

if TYPE_CHECKING:
    from gateway.catalogue.guide.laying import Book
    from gateway.model.cells import Table

_YAML = (".yaml",)


def register_sheets(catalogue: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `catalogue show`, `catalogue import`, `catalogue export` and `catalogue template`."""
    register_entries(catalogue)
    bring = add_command(
        catalogue, "import", _import, "make a catalogue of a workbook 由电子表格生成目录"
    )
    bring.add_argument("file", type=Path, metavar="FILE.xlsx")
    bring.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder to make 生成的文件夹"
    )
    bring.add_argument(
        "--with",
        dest="beside",
        type=Path,
        metavar="DIR",
        help="catalogue that has what the workbook lacks 表中未列的内容取自此目录",
    )
    bring.add_argument(
        "--replace", action="store_true", help="replace a catalogue there 替换已有目录"
    )
    export = add_command(
        catalogue, "export", _export, "write a catalogue as a workbook 将目录写为电子表格"
    )
    export.add_argument("folder", type=Path, metavar="DIR")
    export.add_argument("--out", type=Path, required=True, metavar="FILE.xlsx")
    export.add_argument(
        "--provider", metavar="ID", help="only this department's resources 仅该部门的资源"
    )
    template = add_command(
        catalogue, "template", _template, "write an empty workbook to fill in 生成空白填报表"
    )
    template.add_argument("--out", type=Path, required=True, metavar="FILE.xlsx")


def _import(chosen: argparse.Namespace) -> int:
    from gateway.catalogue.guide import import_tables
    from gateway.stores.catalogue_folder import check_kept, check_place, write_catalogue

    check_place(chosen.out, replace=chosen.replace)
    beside = None if chosen.beside is None else read_folder(chosen.beside, _YAML)
    made = import_tables(_tables(chosen.file), file=str(chosen.file), beside=beside)
    if chosen.replace and beside is None:
        check_kept(chosen.out, made.files)
    write_catalogue(made.files, chosen.out, replace=chosen.replace)
    for name in made.passed_over:
        shown = quote(name)
        text = f"{chosen.file}: sheet {shown} holds no catalogue, passed over 已略过工作表 {shown}"
        print(one_line(text), file=sys.stderr)
    total = len(made.catalogue.resources)
    report(
        chosen,
        {
            "out": str(chosen.out),
            "imported": made.resources,
            "resources": total,
            "files": len(made.files),
            "passed_over": list(made.passed_over),
        },
        f"{chosen.out}: {counted(made.resources, 'resource')} of the workbook, {total} in all, "
        f"{counted(len(made.files), 'file')} 表中 {made.resources} 个资源，共 {total} 个，"
        f"{len(made.files)} 个文件",
    )
    return 0


def _tables(path: Path) -> "tuple[Table, ...]":
    from gateway.catalogue.guide.faults import whole_workbook
    from gateway.stores.spreadsheet import WorkbookError, read_tables

    with read_binary(path) as file:
        try:
            return read_tables(file)
        except WorkbookError as error:
            raise whole_workbook(str(path), error.reason, error.reason_zh) from None


def _export(chosen: argparse.Namespace) -> int:
    from gateway.catalogue.guide import lay_out

    check_outputs([chosen.out])
    book = lay_out(read_folder(chosen.folder, _YAML), chosen.provider)
    return _write(chosen, book)


def _template(chosen: argparse.Namespace) -> int:
    from gateway.catalogue.guide import lay_out_empty

    check_outputs([chosen.out])
    return _write(chosen, lay_out_empty())


def _write(chosen: argparse.Namespace, book: "Book") -> int:
    from gateway.stores.spreadsheet.writing import write_book

    with whole_file(chosen.out) as file:
        write_book(book, file)
    rows = {sheet.name: len(sheet.rows) for sheet in book.sheets}
    listed = ", ".join(f"{name} {count}" for name, count in rows.items())
    report(
        chosen,
        {"out": str(chosen.out), "rows": rows},
        f"{chosen.out}: rows by sheet 各工作表行数: {listed}",
    )
    return 0
