"""`sealgate ledger show` and `prove`: entries to read, and the receipt of one."""

import argparse
import codecs
import csv
import heapq
import io
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from gateway.cli.ledger_reading import (
    Choice,
    LedgerEntry,
    add_period,
    find_shard,
    open_shard,
    read_entries,
)
from gateway.cli.terminal import one_line, table
from gateway.cli.words import WrongUseError, add_command, check_outputs, report
from gateway.config import Places
from gateway.errors import CheckpointInvalidError
from gateway.ledger.judging import entry_fault
from gateway.ledger.notes import read_checkpoint
from gateway.ledger.receipts import receipt_text
from gateway.ledger.tree import leaf_hash, root_from
from gateway.model.call import Receipt
from gateway.model.times import utc
from gateway.stores.files import write_whole

# Shown unless more is asked for: the newest entries are what is looked for most.
_LAST = 100
_HEADERS = (
    "time 时间",
    "kind 类型",
    "outcome 结果",
    "provider 提供部门",
    "requester 使用部门",
    "resource 资源",
    "records 记录",
    "caller 经手人",
    "entry 条目",
)
_COLUMNS = (
    "shard", "number", "time", "kind", "outcome", "provider", "requester", "resource", "purpose",
    "grant", "fields", "records", "policy", "catalogue", "trust", "envelope", "digest", "count",
    "caller", "reference", "detail",
)  # fmt: skip
# What a spreadsheet takes for the begin of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def add(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `show` and `prove` to the group `ledger`."""
    show = add_command(group, "show", _show, "show entries 查看条目", node=True)
    add_period(show)
    for name, metavar, help_text in (
        ("resource", "CODE", "资源代码"),
        ("department", "USCC", "provider or requester 提供或使用部门"),
        ("grant", "JTI", "授权编号"),
        ("outcome", "CODE", "ok, a refusal's code, or refused for any 结果代码"),
        ("kind", "KIND", "such as seal or open 类型"),
        ("caller", "NAME", "经手人"),
    ):
        show.add_argument(f"--{name}", metavar=metavar, help=help_text)
    show.add_argument(
        "--last",
        type=_count,
        default=_LAST,
        metavar="N",
        help="the newest, by time; 0 for all, shard by shard 最近的若干条，0 为全部",
    )
    show.add_argument("--format", choices=("table", "json", "csv"), default="table", help="格式")
    prove = add_command(group, "prove", _prove, "make a receipt anew 重新出具凭证", node=True)
    prove.add_argument("shard", metavar="SHARD", help="分片")
    prove.add_argument("number", type=_count, metavar="NUMBER", help="条目编号")
    prove.add_argument("--out", type=Path, required=True, metavar="FILE", help="凭证文件")


def _show(chosen: argparse.Namespace) -> int:
    places = Places(chosen.node)
    places.node_file()
    found: Iterable[LedgerEntry] = read_entries(places.ledger, _choice(chosen))
    if chosen.last:
        found = reversed(heapq.nlargest(chosen.last, found, key=_order))
    form = "json" if chosen.json else chosen.format
    if form == "table":
        print(table(_HEADERS, map(_row, found)))
    elif form == "json":
        _write_json(found)
    else:
        _write_csv(found)
    return 0


def _choice(chosen: argparse.Namespace) -> Choice:
    return Choice(**{name: getattr(chosen, name) for name in Choice._fields})


def _order(entry: LedgerEntry) -> tuple[int, str, int]:
    return entry.shared.time, entry.shard, entry.number


def _row(entry: LedgerEntry) -> tuple[str, ...]:
    shared = entry.shared
    count = shared.count if shared.records is None else shared.records
    cells = (
        utc(shared.time // 1000),
        shared.kind,
        shared.outcome,
        shared.provider,
        shared.requester,
        shared.resource,
        None if count is None else f"{count:,}",
        entry.private.caller,
        f"{entry.shard}/{entry.number}",
    )
    return tuple("" if cell is None else one_line(cell) for cell in cells)


def _plain(entry: LedgerEntry) -> dict[str, object]:
    return {
        "shard": entry.shard,
        "number": entry.number,
        "at": utc(entry.shared.time // 1000),
        "shared": msgspec.to_builtins(entry.shared),
        "private": msgspec.to_builtins(entry.private),
    }


def _write_json(entries: Iterable[LedgerEntry]) -> None:
    """Print a list, an entry a line, as it is read: a ledger may be larger than memory."""
    ascii_only = codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8"
    begin = "["
    for entry in entries:
        print(begin)
        print(json.dumps(_plain(entry), ensure_ascii=ascii_only), end="")
        begin = ","
    print("[]" if begin == "[" else "\n]")


def _write_csv(entries: Iterable[LedgerEntry]) -> None:
    """Print CSV that a spreadsheet opens as it is: marked UTF-8, and nothing of it a formula."""
    sys.stdout.flush()
    text = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8-sig", newline="", write_through=True)
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(_COLUMNS)
        writer.writerows(map(_cells, entries))
    finally:
        # Standard output is not ours to close.
        text.detach()


def _cells(entry: LedgerEntry) -> Iterator[object]:
    shared, private = entry.shared, entry.private
    told = {
        **msgspec.to_builtins(shared),
        **msgspec.to_builtins(private),
        "shard": entry.shard,
        "number": entry.number,
        "time": utc(shared.time // 1000),
        "fields": " ".join(f"{name}:{operator}" for name, operator in shared.fields),
    }
    for name in _COLUMNS:
        cell = told.get(name, "")
        yield f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _prove(chosen: argparse.Namespace) -> int:
    places = Places(chosen.node)
    places.node_file()
    check_outputs([chosen.out])
    with open_shard(find_shard(places.ledger, chosen.shard)) as shard:
        size = shard.size()
        if chosen.number >= size:
            raise WrongUseError(f"the shard has {size} entries, numbered from 0 该分片没有此条目")
        receipt = shard.receipt(chosen.number)
    if not _leads(receipt):
        raise entry_fault(
            chosen.shard,
            chosen.number,
            "its path does not lead to the newest checkpoint; see `sealgate ledger verify`",
            "路径与最新检查点不符，请运行 `sealgate ledger verify`",
        )
    write_whole(chosen.out, receipt_text(receipt).encode())
    plain = {"out": str(chosen.out), "shard": chosen.shard, "number": chosen.number}
    report(chosen, plain, f"{chosen.out} is written 凭证已出具")
    return 0


def _leads(receipt: Receipt) -> bool:
    """Tell whether a receipt proves what it is for."""
    try:
        checkpoint = read_checkpoint(receipt.checkpoint).checkpoint
        path, leaf = receipt.path, leaf_hash(receipt.leaf)
        return root_from(leaf, receipt.index, checkpoint.size, path) == checkpoint.root
    except (CheckpointInvalidError, ValueError):
        return False


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise ValueError
    return count
