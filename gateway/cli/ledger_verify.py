"""`sealgate ledger verify`: hold a ledger against its tree, its signatures and its witnesses."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from gateway.cli.directories import read_directory
from gateway.cli.ledger_reading import open_shard
from gateway.cli.terminal import print_json, progress, table
from gateway.cli.words import WrongUseError, add_command, read_input
from gateway.config import Places
from gateway.errors import CheckpointInvalidError, TrustStaleError
from gateway.ledger.directory import LedgerDirectory
from gateway.ledger.notes import MAX_NOTE_BYTES, SignedCheckpoint, read_checkpoint
from gateway.ledger.origins import read_origin
from gateway.ledger.receipts import MAX_RECEIPT_CHARACTERS, check_receipt, read_receipt
from gateway.ledger.verifying import ShardReport, first_step, missing_shard, verify_shard
from gateway.model.call import PrivatePart
from gateway.model.times import utc
from gateway.model.trust import Department
from gateway.stores.clock import system_clock
from gateway.stores.shards import list_shards
from masking.counting import counted

_HEADERS = ("shard 分片", "entries 条目", "checkpoints 检查点", "from 起", "to 止", "notes 附注")
_private = msgspec.json.Decoder(PrivatePart).decode


def add(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `verify` to the group `ledger`."""
    verify = add_command(
        group, "verify", _verify, "tell whether a ledger is what was written 核验日志", node=True
    )
    for name, help_text in (
        ("checkpoint", "a checkpoint kept elsewhere; may be given again 外部留存的检查点，可重复"),
        ("receipt", "a receipt of this ledger; may be given again 本日志的凭证，可重复"),
    ):
        verify.add_argument(f"--{name}", type=Path, action="append", metavar="FILE", help=help_text)
    verify.add_argument(
        "--witness",
        type=Path,
        action="append",
        metavar="DIR",
        help="another node's folder, whose ledger has checkpoints of this one; may be given "
        "again 另一节点的目录，其日志留有本日志的检查点，可重复",
    )
    verify.add_argument(
        "--trust",
        type=Path,
        action="append",
        metavar="PATH",
        help="by what `sealgate trust export` wrote, in place of the node's own "
        "以导出的信任数据或部门条目代替节点现用的",
    )
    verify.add_argument(
        "--allow-clock-steps",
        action="store_true",
        help="tell only where the clock was set back 时钟回拨只提示，不作为失败",
    )


def _verify(chosen: argparse.Namespace) -> int:
    places = Places(chosen.node)
    department = places.node_file().department
    departments = _departments(chosen, department)
    directory = LedgerDirectory(department, departments)
    outside = list(_outside(chosen, directory, departments))
    paths = list_shards(places.ledger)
    reports = []
    for path in progress(paths, "shards 分片"):
        with open_shard(path) as shard:
            reports.append(verify_shard(shard, directory, outside))
    _check_removed({one.name for one in reports}, directory, outside)
    stepped = first_step(reports)
    if stepped is not None and not chosen.allow_clock_steps:
        raise stepped
    _tell(chosen, reports)
    return 0


def _departments(chosen: argparse.Namespace, department: str) -> Mapping[str, Department]:
    """Read the directory, which must know the node's department."""
    believed = argparse.Namespace(node=None if chosen.trust else chosen.node, trust=chosen.trust)
    found = read_directory(believed, system_clock() // 1000).departments
    if department not in found:
        raise TrustStaleError(
            reason=f"its directory does not know {department}, so that nobody can tell its "
            "signatures; hand `sealgate trust export --node` to the authority, or name the "
            "file that it writes with --trust",
            reason_zh=f"部门目录中没有 {department}，无法核验签名；请将 `sealgate trust export "
            "--node` 的输出交主管部门纳入，或以 --trust 指定该文件",
        )
    return found


def _outside(
    chosen: argparse.Namespace, directory: LedgerDirectory, departments: Mapping[str, Department]
) -> Iterator[SignedCheckpoint]:
    """Yield what is known of this department's ledgers from outside, each once."""
    for path in chosen.checkpoint or ():
        yield _given(path, read_checkpoint(read_input(path, MAX_NOTE_BYTES)), directory)
    for path in chosen.receipt or ():
        text = read_input(path, MAX_RECEIPT_CHARACTERS).decode("utf-8", "replace")
        receipt = read_receipt(text)
        check_receipt(receipt, departments)
        yield _given(path, read_checkpoint(receipt.checkpoint), directory)
    seen: set[str] = set()
    for folder in chosen.witness or ():
        for note in _witnessed(folder, directory.department):
            if note in seen:
                continue
            seen.add(note)
            try:
                yield read_checkpoint(note)
            except CheckpointInvalidError:
                # Whoever kept it checked its form: what is no checkpoint now is no witness.
                continue


def _given(path: Path, signed: SignedCheckpoint, directory: LedgerDirectory) -> SignedCheckpoint:
    """Return what a file holds, if this department signed it."""
    try:
        origin = read_origin(signed.checkpoint.origin)
    except ValueError:
        origin = None
    if origin is None or origin.department != directory.department:
        raise WrongUseError(f"{path} is of another ledger 属于其他日志")
    if directory.signed(signed) is None:
        raise CheckpointInvalidError(
            reason="no ledger key of its department signed it", reason_zh="签名与该部门日志密钥不符"
        )
    return signed


def _witnessed(folder: Path, department: str) -> Iterator[str]:
    """Yield the checkpoints of a department's ledgers that came to another node."""
    places = Places(folder)
    places.node_file()
    mark = b'"checkpoint":"sealgate/%b/' % department.encode()
    for path in list_shards(places.ledger):
        with open_shard(path) as shard:
            for _, _, _, private in shard.rows():
                try:
                    note = _private(private).checkpoint if mark in private else None
                except (msgspec.DecodeError, TypeError):
                    continue
                if note is not None:
                    yield note


def _check_removed(
    there: set[str], directory: LedgerDirectory, outside: Sequence[SignedCheckpoint]
) -> None:
    for one in outside:
        try:
            origin = read_origin(one.checkpoint.origin)
        except ValueError:
            continue
        ours = origin.department == directory.department and one.checkpoint.size
        if ours and origin.shard not in there and directory.signed(one) is not None:
            raise missing_shard(origin.shard, one.checkpoint.size)


def _tell(chosen: argparse.Namespace, reports: Sequence[ShardReport]) -> None:
    times = [time for one in reports for time in (one.first, one.last) if time is not None]
    entries = sum(one.entries for one in reports)
    if chosen.json:
        print_json(
            {
                "entries": entries,
                "checkpoints": sum(one.checkpoints for one in reports),
                "from": utc(min(times) // 1000) if times else None,
                "to": utc(max(times) // 1000) if times else None,
                "shards": [_described(one) for one in reports],
            }
        )
        return
    rows = [
        (
            one.name,
            f"{one.entries:,}",
            f"{one.checkpoints:,}",
            "" if one.first is None else utc(one.first // 1000),
            "" if one.last is None else utc(one.last // 1000),
            "; ".join(_notes(one)),
        )
        for one in reports
    ]
    print(table(_HEADERS, rows))
    print(
        f"{counted(entries, 'entry', 'entries')} in {counted(len(reports), 'shard')}: the ledger "
        f"is what was written 日志完整：{len(reports)} 个分片共 {entries:,} 条"
    )


def _described(report: ShardReport) -> dict[str, object]:
    """Describe a shard as `--json` prints it."""
    return {
        "shard": report.name,
        "closed": report.closed,
        "entries": report.entries,
        "checkpoints": report.checkpoints,
        "outside": report.outside,
        "cosignatures": report.cosignatures,
        "cosignatures_unknown": report.unknown,
        "revoked": report.revoked,
        "from": None if report.first is None else utc(report.first // 1000),
        "to": None if report.last is None else utc(report.last // 1000),
        "clock_steps": [
            {"number": one.number, "seconds": one.back // 1000} for one in report.steps
        ],
    }


def _notes(report: ShardReport) -> Iterator[str]:
    """Yield what a reader should know of a shard that is well."""
    if report.closed:
        yield "closed 已关闭"
    if report.outside:
        yield f"{report.outside:,} known outside 外部留存"
    if report.cosignatures:
        yield f"{report.cosignatures:,} cosignatures 联署"
    if report.unknown:
        yield f"{report.unknown:,} cosignatures of unknown keys 未知密钥联署"
    if report.revoked:
        yield f"{report.revoked:,} checkpoints by a revoked key alone 仅由已撤销密钥签名"
    for step in report.steps:
        yield (
            f"clock {step.back // 1000:,} s back at entry {step.number} "
            f"第 {step.number} 号条目处时钟回拨"
        )
