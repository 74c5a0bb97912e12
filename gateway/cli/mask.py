"""`sealgate mask`: a whole file masked by policy, without a grant's call and an envelope."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, get_args

import msgspec

from gateway.cli.masking_run import MaskingDesk, MaskingRun
from gateway.cli.sealing import add_encoding
from gateway.cli.words import WrongUseError, add_command, check_outputs, read_binary, report
from gateway.stores.encodings import UTF8, known_encoding
from gateway.stores.files import whole_file
from gateway.stores.tables import InputForm, OutputForm, open_table, write_table
from masking.counting import counted

STANDARD = Path("-")
_FORMS: dict[str, InputForm] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
_STREAMED = ("csv", "ndjson")


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `mask`."""
    mask = add_command(
        commands, "mask", _mask, "mask a file by policy, no envelope 按策略对文件脱敏", node=True
    )
    mask.add_argument("--resource", required=True, metavar="CODE")
    mask.add_argument(
        "--policy", type=Path, metavar="FILE", help="by default the node's 缺省为节点的策略"
    )
    mask.add_argument("--grant", type=Path, metavar="FILE", help="mask as for this grant 按授权")
    mask.add_argument("--requester", metavar="USCC", help="for whom, without a grant 使用部门")
    mask.add_argument("--purpose", metavar="ID", help="what for, without a grant 用途")
    mask.add_argument("--level", metavar="GRADE", help="clear up to this grade 明文的最高级别")
    mask.add_argument("--fields", metavar="A,B", help="write these only 仅输出这些信息项")
    mask.add_argument("--format", choices=get_args(InputForm), help="of IN, by default by name")
    mask.add_argument("--to", choices=get_args(OutputForm), help="form of OUT, by default by name")
    mask.add_argument(
        "--sheet", metavar="NAME", help="of a workbook, by default the first 工作表，默认第一个"
    )
    add_encoding(mask, "of IN 编码: utf-8, gb18030")
    mask.add_argument(
        "--to-encoding",
        type=known_encoding,
        default=UTF8,
        metavar="NAME",
        help="of OUT as CSV 输出编码: utf-8, utf-8-sig, gb18030",
    )
    mask.add_argument(
        "--rejects",
        type=Path,
        metavar="FILE",
        help="set ill-typed rows aside here as NDJSON, not refusing the file 另存类型不符的行",
    )
    mask.add_argument("source", type=Path, metavar="IN", help="`-` is standard input 标准输入")
    mask.add_argument("out", type=Path, metavar="OUT", help="`-` is standard output 标准输出")


def _mask(chosen: argparse.Namespace) -> int:
    forms = _forms(chosen)
    _check_use(chosen, forms)
    desk = MaskingDesk(chosen)
    with ExitStack() as stack:
        file = _read(chosen.source, stack)
        source = open_table(
            file,
            forms[0],
            desk.resource,
            stack,
            encoding=chosen.encoding,
            sheet=chosen.sheet,
        )
        run = MaskingRun(desk.masking(source), source)
        if chosen.rejects is not None:
            run.set_aside(stack.enter_context(whole_file(chosen.rejects, mode=0o600)))
        out = stack.enter_context(_written(chosen.out))
        write_table(out, forms[1], run.masking.columns, run.batches(), encoding=chosen.to_encoding)
        run.check()
    _report(chosen, desk, run)
    return 0


def _forms(chosen: argparse.Namespace) -> tuple[InputForm, OutputForm]:
    """Return the forms of both files: as told, else by their names."""
    form: InputForm | None = chosen.format or _FORMS.get(chosen.source.suffix.lower())
    if form is None:
        raise WrongUseError("the name of IN does not tell its form: give --format 请给出 --format")
    to: InputForm | None = chosen.to or _FORMS.get(chosen.out.suffix.lower())
    if to is None and chosen.out == STANDARD:
        to = form
    if to is None or to == "xlsx":
        raise WrongUseError("OUT is csv, ndjson or parquet: give --to 请给出 --to")
    return form, to


def _check_use(chosen: argparse.Namespace, forms: tuple[InputForm, OutputForm]) -> None:
    if chosen.grant is not None and (chosen.requester or chosen.purpose or chosen.level):
        raise WrongUseError("a grant says for whom, what for and the level 授权已载明用途和级别")
    if chosen.sheet is not None and forms[0] != "xlsx":
        raise WrongUseError("--sheet names a sheet of a workbook (.xlsx) 仅用于 .xlsx")
    for path, form in zip((chosen.source, chosen.out), forms, strict=True):
        if path == STANDARD and form not in _STREAMED:
            raise WrongUseError(f"{form} goes to and from files only 仅支持文件")
    if chosen.out == STANDARD and chosen.json:
        raise WrongUseError("--json answers where the records go 与标准输出冲突")
    inputs = [None if chosen.source == STANDARD else chosen.source, chosen.grant, chosen.policy]
    out = None if chosen.out == STANDARD else chosen.out
    check_outputs([out, chosen.rejects], inputs)


def _read(path: Path, stack: ExitStack) -> BinaryIO:
    return sys.stdin.buffer if path == STANDARD else stack.enter_context(read_binary(path))


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """Open the output, of which nothing is seen before all of it is there."""
    if path != STANDARD:
        with whole_file(path, mode=0o600) as out:
            yield out
        return
    with tempfile.TemporaryFile() as out:
        yield out
        out.seek(0)
        shutil.copyfileobj(out, sys.stdout.buffer)


def _report(chosen: argparse.Namespace, desk: MaskingDesk, run: MaskingRun) -> None:
    resource, rejected = desk.resource, len(run.sieve.rejected)
    told = (
        f"{chosen.out}: {counted(run.records, 'record')} of {resource.code} {resource.name} "
        f"masked by {run.masking.policy}，已脱敏 {run.records:,} 条"
    )
    if chosen.out == STANDARD:
        print(told, file=sys.stderr)
    else:
        report(
            chosen,
            {
                "resource": resource.code,
                "policy": run.masking.policy,
                "records": run.records,
                "rejected": rejected,
                "findings": dict(run.findings),
                "fields": [msgspec.to_builtins(one.treatment) for one in run.masking.columns],
                "out": str(chosen.out),
            },
            told,
        )
    for field, count in run.findings.items():
        print(
            f"finding 质量发现: {field}: {counted(count, 'value')} of the wrong shape, hidden "
            f"{count} 个值形式不符，已遮蔽",
            file=sys.stderr,
        )
    if rejected:
        _tell_rejected(chosen.rejects, run)


def _tell_rejected(path: Path, run: MaskingRun) -> None:
    for fault in run.sieve.fault.fields if run.sieve.fault is not None else ():
        place = f"record {fault.record} 第 {fault.record} 条: {fault.field}"
        print(f"  {place}: {fault.text} {fault.text_zh}", file=sys.stderr)
    count = len(run.sieve.rejected)
    print(f"{path}: {count:,} set aside as NDJSON 另存 {count:,} 条", file=sys.stderr)
