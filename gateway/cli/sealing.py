"""`sealgate seal`: records from a file to an envelope, or to a stream of them."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from gateway.cli.receipt_files import add_receipt, receipt_writer
from gateway.cli.sieve import Sieve
from gateway.cli.terminal import progress
from gateway.cli.words import (
    WrongUseError,
    add_command,
    check_outputs,
    open_node,
    read_binary,
    read_token,
    report,
)
from gateway.errors import FieldInvalidError, RecordMalformedError, ResourceUncataloguedError
from gateway.ledger.receipts import receipt_text
from gateway.model.call import Sealed, SealRequest
from gateway.model.resource import Resource
from gateway.records.decoder import MAX_RECORD_BYTES, MAX_RECORDS
from gateway.stores.encodings import UTF8, known_encoding
from gateway.stores.envelopes import write_part
from gateway.stores.files import whole_file
from gateway.stores.records import batched, csv_lines, json_items, ndjson_lines
from gateway.stores.sheet_records import xlsx_lines
from keys.errors import SealgateError

if TYPE_CHECKING:
    from gateway.node import Node

# A JSON array cannot be read in pieces; larger data comes as NDJSON or CSV.
MAX_JSON_BYTES = 256 * 1024 * 1024
_FORMATS = {".csv": "csv", ".json": "json", ".xlsx": "xlsx"}


def register_seal(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `seal`."""
    seal = add_command(commands, "seal", _seal, "seal records for a requester 密封记录", node=True)
    add_sealing(seal)
    seal.add_argument(
        "--rejects",
        type=Path,
        metavar="FILE",
        help="set ill-typed rows aside here as NDJSON, not refusing the call 另存类型不符的行",
    )
    seal.add_argument("--caller", default="cli", help="who asks, for the ledger 经手人")


def add_sealing(seal: argparse.ArgumentParser) -> None:
    """Add the options of whatever seals a file, in this process or by a sidecar."""
    seal.add_argument("--resource", required=True, metavar="CODE")
    seal.add_argument("--purpose", required=True, metavar="ID")
    seal.add_argument("--grant", type=Path, required=True, metavar="FILE")
    seal.add_argument("--records", type=Path, required=True, metavar="FILE")
    seal.add_argument("--out", type=Path, required=True, metavar="FILE")
    seal.add_argument(
        "--format", choices=("json", "ndjson", "csv", "xlsx"), help="by default by name"
    )
    seal.add_argument(
        "--sheet", metavar="NAME", help="of a workbook, by default the first 工作表，默认第一个"
    )
    add_encoding(seal, "of the records 编码: utf-8, gb18030")
    seal.add_argument(
        "--stream",
        action="store_true",
        help="a chain of small envelopes; large input is one anyway",
    )
    seal.add_argument("--suite", type=int, help="by default the best both sides accept 密码套件")
    seal.add_argument("--reference", help="own file number, for the ledger 内部文号")
    add_receipt(seal)


def add_encoding(parser: argparse.ArgumentParser, help_text: str) -> None:
    """Add the option for the encoding of a record file."""
    parser.add_argument(
        "--encoding", type=known_encoding, default=UTF8, metavar="NAME", help=help_text
    )


def _seal(chosen: argparse.Namespace) -> int:
    outputs = [chosen.out, chosen.rejects, chosen.receipt]
    check_outputs(outputs, [chosen.records, chosen.grant])
    with open_node(chosen) as node, ExitStack() as stack:
        keep = receipt_writer(chosen, stack)
        request = SealRequest(
            resource=chosen.resource,
            purpose=chosen.purpose,
            grant=read_token(chosen.grant),
            records=b"",
            encoding="ndjson",
            mode="file",
            caller=chosen.caller,
            reference=chosen.reference,
            suite=chosen.suite,
        )
        sieve = Sieve(record_lines(chosen, stack, lambda: _resource(node, chosen.resource)))
        if chosen.rejects is not None:
            rejects = stack.enter_context(whole_file(chosen.rejects, mode=0o600))
            sieve.set_aside(rejects, lambda batch: _ill_typed(node, request, batch))
        try:
            sealed = _write(chosen, node, request, sieve, stack)
        except SealgateError as refusal:
            sieve.renumber(refusal)
            raise
        keep(receipt_text(sealed[-1].receipt))
    _report(chosen, sealed, sieve)
    return 0


def _resource(node: "Node", code: str) -> Resource:
    resource = node.snapshot().trust.catalogue.resources.get(code)
    if resource is None:
        raise ResourceUncataloguedError(resource=code)
    return resource


def record_lines(
    chosen: argparse.Namespace, stack: ExitStack, find: Callable[[], Resource]
) -> Iterator[bytes]:
    """Yield the records of the input file as lines of JSON; `find` tells what types them."""
    form = chosen.format or _FORMATS.get(chosen.records.suffix.lower(), "ndjson")
    if chosen.sheet is not None and form != "xlsx":
        raise WrongUseError("--sheet names a sheet of a workbook (.xlsx) 仅用于 .xlsx")
    file = stack.enter_context(read_binary(chosen.records))
    if form in ("csv", "xlsx"):
        if form == "xlsx":
            return xlsx_lines(file, find(), chosen.sheet)
        return csv_lines(file, find(), chosen.encoding)
    if form == "json":
        return iter(json_items(_read_all(file), chosen.encoding))
    return ndjson_lines(file, chosen.encoding)


def _read_all(file: BinaryIO) -> bytes:
    data = file.read(MAX_JSON_BYTES + 1)
    if len(data) > MAX_JSON_BYTES:
        raise WrongUseError("a JSON array that large is better NDJSON 请改用 NDJSON")
    return data


def _ill_typed(
    node: "Node", request: SealRequest, batch: Sequence[bytes]
) -> FieldInvalidError | None:
    part = msgspec.structs.replace(request, records=b"\n".join(batch))
    try:
        return node.faults(part)
    except SealgateError:
        # Whatever else is wrong, sealing refuses too, and enters it in the ledger.
        node.seal(part)
        raise


def _write(
    chosen: argparse.Namespace,
    node: "Node",
    request: SealRequest,
    sieve: Sieve,
    stack: ExitStack,
) -> list[Sealed]:
    """Seal to one envelope if the records fit, else to a stream."""
    lines = sieve.lines()
    head, size = take_head(lines)
    whole = size <= MAX_RECORD_BYTES and len(head) <= MAX_RECORDS
    out = stack.enter_context(whole_file(chosen.out))
    if not head:
        raise sieve.fault or RecordMalformedError(reason="there is no record", reason_zh="没有记录")
    if whole and not chosen.stream:
        sealed = node.seal(msgspec.structs.replace(request, records=b"\n".join(head)))
        out.write(sealed.envelope)
        return [sealed]
    batches = (b"\n".join(batch) for batch in batched(chain(head, lines)))
    last: list[Sealed] = []
    for part in progress(node.seal_stream(request, batches), "parts 部分"):
        write_part(out, part.envelope)
        last = [part]
    return last


def take_head(lines: Iterator[bytes]) -> tuple[list[bytes], int]:
    """Take lines until one envelope is full, or one line more."""
    head: list[bytes] = []
    size = 0
    for line in lines:
        head.append(line)
        size += len(line) + 1
        if size > MAX_RECORD_BYTES or len(head) > MAX_RECORDS:
            break
    return head, size


def _report(chosen: argparse.Namespace, parts: list[Sealed], sieve: Sieve) -> None:
    last, rejected = parts[-1], len(sieve.rejected)
    manifest = last.manifest
    records = manifest.totals.records if manifest.totals else manifest.records
    report(
        chosen,
        {
            "envelope": last.envelope_id.hex(),
            "digest": last.digest.hex(),
            "records": records,
            "rejected": rejected,
            "out": str(chosen.out),
            "receipt": receipt_text(last.receipt),
        },
        f"{chosen.out}: {records:,} records sealed for {manifest.requester} 已密封 {records:,} 条",
    )
    if rejected:
        for fault in sieve.fault.fields if sieve.fault is not None else ():
            place = f"record {fault.record} 第 {fault.record} 条: {fault.field}"
            print(f"  {place}: {fault.text} {fault.text_zh}", file=sys.stderr)
        print(
            f"{chosen.rejects}: {rejected:,} set aside as NDJSON 另存 {rejected:,} 条",
            file=sys.stderr,
        )
