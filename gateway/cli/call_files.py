"""`sealgate call seal` and `open`: a file's records through a sidecar."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import msgspec

from gateway.cli.exchange import write_opened
from gateway.cli.receipt_files import receipt_writer
from gateway.cli.sealing import record_lines, take_head
from gateway.cli.terminal import progress
from gateway.cli.words import WrongUseError, check_outputs, read_binary, read_token, report
from gateway.envelope.opening import MAX_ENVELOPE_BYTES
from gateway.errors import RecordMalformedError, StreamBrokenError
from gateway.ledger.receipts import read_leaf, read_receipt
from gateway.model.call import Manifest, Opened
from gateway.model.resource import Field, FieldType, Resource
from gateway.records.decoder import MAX_RECORD_BYTES, MAX_RECORDS
from gateway.stores.envelopes import is_stream, read_parts, write_part
from gateway.stores.files import whole_file
from gateway.stores.records import batched

if TYPE_CHECKING:
    from gateway.client import About, Client
    from gateway.v1 import sidecar_pb2 as v1


def seal_file(client: "Client", chosen: argparse.Namespace) -> None:
    """Have a file of records sealed."""
    check_outputs([chosen.out, chosen.receipt], [chosen.records, chosen.grant])
    if chosen.batch_rows is not None and chosen.batch_rows < 1:
        raise WrongUseError("--batch-rows is from 1 up 应为正整数")
    about: About = {
        "resource": chosen.resource,
        "purpose": chosen.purpose,
        "grant": read_token(chosen.grant),
        "encoding": "ndjson",
        "mode": "file",
        "reference": chosen.reference or "",
        "suite": chosen.suite or 0,
    }
    with ExitStack() as stack:
        lines = record_lines(chosen, stack, lambda: _columns(client, chosen.resource))
        out = stack.enter_context(whole_file(chosen.out))
        keep = receipt_writer(chosen, stack)
        head, size = take_head(lines)
        if not head:
            raise RecordMalformedError(reason="there is no record", reason_zh="没有记录")
        whole = size <= MAX_RECORD_BYTES and len(head) <= MAX_RECORDS
        if whole and not (chosen.stream or chosen.batch_rows):
            last = client.seal(b"\n".join(head), **about)
            out.write(last.envelope)
            records = last.records
        else:
            batches = _batches(chain(head, lines), chosen.batch_rows)
            answers = client.seal_stream(batches, **about)
            last, records = _write_parts(out, progress(answers, "parts 部分"))
        keep(last.receipt.decode())
    _report(chosen, last, records)


def _write_parts(
    out: BinaryIO, answers: Iterator["v1.SealStreamResponse"]
) -> tuple["v1.SealResponse", int]:
    """Write every part; return the last, and how many records they have."""
    records, last = 0, None
    for answer in answers:
        last = answer.part
        write_part(out, last.envelope)
        records += last.records
    if last is None or not answer.last:
        raise StreamBrokenError(
            part=1, reason="it ended before its last part", reason_zh="数据流未完成即结束"
        )
    return last, records


def _batches(lines: Iterator[bytes], rows: int | None) -> Iterator[bytes]:
    """Yield batches that are small enough, and have at most so many records."""
    for batch in batched(lines):
        for begin in range(0, len(batch), rows or len(batch)):
            yield b"\n".join(batch[begin : begin + (rows or len(batch))])


def _report(chosen: argparse.Namespace, last: "v1.SealResponse", records: int) -> None:
    receipt = read_receipt(last.receipt.decode())
    requester = read_leaf(receipt.leaf).shared.requester
    report(
        chosen,
        {
            "envelope": last.envelope_id.hex(),
            "digest": last.digest.hex(),
            "records": records,
            "out": str(chosen.out),
            "receipt": last.receipt.decode(),
        },
        f"{chosen.out}: {records:,} records sealed for {requester} 已密封 {records:,} 条",
    )


class _Columns(msgspec.Struct, frozen=True, kw_only=True):
    """What types a table: all of a resource that its columns ask for."""

    code: str
    fields: tuple[Field, ...]


def _columns(client: "Client", code: str) -> Resource:
    told = client.resource(code)
    fields = tuple(
        Field(
            id=field.id,
            name=field.name,
            type=FieldType(field.type),
            kind=field.kind,
            grade=field.grade,
            required=field.required,
            null=field.nullable,
            format=field.format or None,
            code_list=field.code_list or None,
            length=field.length or None,
            precision=field.precision or None,
            scale=field.scale or None,
            empty=field.empty,
            open_end=field.open_end,
        )
        for field in told.fields
    )
    return cast("Resource", _Columns(code=told.summary.code, fields=fields))


def open_file(client: "Client", chosen: argparse.Namespace) -> None:
    """Have a file of one envelope, or of a stream, opened."""
    check_outputs([chosen.out, chosen.manifest, chosen.receipt], [chosen.envelope])
    with read_binary(chosen.envelope) as file:
        how: dict[str, Any] = {"reopen": chosen.reopen, "reference": chosen.reference or ""}

        def parts() -> Iterator["v1.OpenResponse"]:
            if not is_stream(file):
                yield client.open(file.read(MAX_ENVELOPE_BYTES + 1), **how)
                return
            for answer in client.open_stream(progress(read_parts(file), "parts 部分"), **how):
                yield answer.part

        write_opened(chosen, map(_opened, parts()))


def _opened(part: "v1.OpenResponse") -> Opened:
    return Opened(
        sender=part.sender,
        envelope_id=part.envelope_id,
        digest=part.digest,
        records=part.records,
        manifest=msgspec.json.decode(part.manifest, type=Manifest),
        receipt=read_receipt(part.receipt.decode()),
    )
