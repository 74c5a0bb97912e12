"""`sealgate sample`: records that fit a resource."""

import argparse
import csv
import io
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import msgspec

from gateway.catalogue import read_catalogue
from gateway.cli.terminal import progress
from gateway.cli.words import WrongUseError, add_command, check_outputs, report
from gateway.errors import ResourceUncataloguedError
from gateway.sample import Record, batches
from gateway.stores.files import read_folder, whole_file
from gateway.world import catalogue_files
from masking.counting import counted

MAX_ROWS = 100_000_000
_encode = msgspec.json.Encoder().encode


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `sample`."""
    sample = add_command(commands, "sample", _sample, "write records that fit a resource 生成样例")
    sample.add_argument(
        "--catalogue", type=Path, metavar="DIR", help="by default the packaged one 目录"
    )
    sample.add_argument("--resource", metavar="CODE", required=True, help="资源代码")
    sample.add_argument("--rows", type=int, required=True, metavar="N", help="行数")
    sample.add_argument("--seed", type=int, default=1, help="the same rows for the same seed 种子")
    sample.add_argument("--fields", help="only these, separated by commas 仅这些字段")
    sample.add_argument("--format", choices=("json", "ndjson", "csv"), help="by default by name")
    sample.add_argument("--out", type=Path, required=True, metavar="FILE")


def _sample(chosen: argparse.Namespace) -> int:
    if not 0 <= chosen.rows <= MAX_ROWS:
        raise WrongUseError(f"--rows goes from 0 to {MAX_ROWS}")
    check_outputs([chosen.out])
    files = read_folder(chosen.catalogue, (".yaml",)) if chosen.catalogue else catalogue_files()
    catalogue = read_catalogue(files)
    resource = catalogue.resources.get(chosen.resource)
    if resource is None:
        raise ResourceUncataloguedError(resource=chosen.resource)
    made = batches(resource, catalogue.code_lists, rows=chosen.rows, seed=chosen.seed)
    wanted = [field.id for field in resource.fields]
    if chosen.fields:
        names = {name.strip() for name in chosen.fields.split(",")}
        if not names <= set(wanted):
            raise WrongUseError("--fields names a field that the resource does not have")
        wanted = [name for name in wanted if name in names]
        made = ([_narrow(record, names) for record in batch] for batch in made)
    form = chosen.format or {".csv": "csv", ".json": "json"}.get(chosen.out.suffix, "ndjson")
    with whole_file(chosen.out) as file:
        {"csv": _write_csv, "json": _write_json, "ndjson": _write_ndjson}[form](
            file, progress(made, "batches 批次"), wanted
        )
    report(
        chosen,
        {"rows": chosen.rows, "out": str(chosen.out)},
        f"{chosen.out}: {counted(chosen.rows, 'record')} 条记录",
    )
    return 0


Batch = list[Record]


def _narrow(record: Record, names: set[str]) -> Record:
    return {name: value for name, value in record.items() if name in names}


def _write_ndjson(file: BinaryIO, made: Iterable[Batch], _: list[str]) -> None:
    encoder = msgspec.json.Encoder()
    for batch in made:
        file.write(encoder.encode_lines(batch))


def _write_json(file: BinaryIO, made: Iterable[Batch], _: list[str]) -> None:
    separator = b"[\n"
    for record in chain.from_iterable(made):
        file.write(separator + _encode(record))
        separator = b",\n"
    file.write(b"\n]\n" if separator == b",\n" else b"[]\n")


def _write_csv(file: BinaryIO, made: Iterable[Batch], fields: list[str]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(fields)
    for batch in made:
        plain = msgspec.to_builtins(batch)
        writer.writerows([_cell(record.get(name)) for name in fields] for record in plain)
    text.flush()
    text.detach()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
