"""`sealgate ledger export`, `forget`, `archive`, `backup` and `restore`."""

import argparse
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli import ledger_subject
from gateway.cli.ledger_subject import add_caller
from gateway.cli.terminal import print_json, table
from gateway.cli.words import (
    WrongUseError,
    add_command,
    check_outputs,
    open_node,
    read_binary,
    report,
)
from gateway.config import Places
from gateway.ledger.origins import read_shard_name
from gateway.model.times import utc
from gateway.stores.clock import system_clock
from gateway.stores.shards import OPEN_SUFFIX, ShardReader, list_shards, shard_of
from masking.counting import counted

if TYPE_CHECKING:
    from gateway.node import Node

MAX_DAYS = 36_500
_CHINA = timezone(timedelta(hours=8))
_DAY_MS = 86_400_000
_HEADERS = ("shard 分片", "entries 条目数")
# Of a restoration: what became of each shard of the backup.
_OUTCOMES = {
    "restored": "put back 已恢复",
    "there": "was there 已存在",
    "longer": "has more than the backup, left alone 条目多于备份，未改动",
}


def add(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add them, and `subject`, to the group `ledger`."""
    export = add_command(
        group,
        "export",
        _export,
        "write the ledger as files that any verifier reads 导出为可独立核验的文件",
        node=True,
    )
    export.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="导出目录")
    export.add_argument("--shard", metavar="NAME", help="this one alone 仅此分片")
    ledger_subject.add(group)
    _add_forget(group)
    _add_archive(group)
    backup = add_command(
        group, "backup", _backup, "write all shards to one file 备份全部分片", node=True
    )
    backup.add_argument("--out", type=Path, required=True, metavar="FILE", help="备份文件")
    restore = add_command(
        group,
        "restore",
        _restore,
        "put back what is missing or shorter than in a backup 恢复缺失或不完整的分片",
        node=True,
    )
    restore.add_argument("backup", type=Path, metavar="FILE", help="备份文件")
    add_caller(restore)


def _add_forget(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    forget = add_command(
        group,
        "forget",
        _forget,
        "erase whom entries past their term are about 删除到期条目的主体摘要",
        node=True,
    )
    forget.add_argument(
        "--before",
        type=_day,
        metavar="DATE",
        help="of entries before this day; by default as node.yaml has it 此日之前的条目",
    )
    add_caller(forget)


def _add_archive(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    archive = add_command(
        group, "archive", _archive, "close shards and compress them 关闭并压缩分片", node=True
    )
    which = archive.add_mutually_exclusive_group(required=True)
    which.add_argument("--shard", metavar="NAME", help="this one 此分片")
    which.add_argument(
        "--older-than",
        type=_days,
        metavar="DAYS",
        help="those begun so many days ago or before 若干天前开始的分片",
    )
    add_caller(archive)


def _export(chosen: argparse.Namespace) -> int:
    from gateway.stores.shard_export import export

    places = Places(chosen.node)
    places.node_file()
    if chosen.out.exists() and not chosen.out.is_dir():
        raise WrongUseError(f"{chosen.out} is no folder 不是文件夹")
    exported = []
    for path in _chosen(list_shards(places.ledger), chosen.shard):
        with ShardReader(path) as shard:
            exported.append(export(shard, chosen.out))
    _tell(chosen, exported, f"{chosen.out} is written 已导出")
    return 0


def _forget(chosen: argparse.Namespace) -> int:
    from gateway.stores.shard_keeping import forget

    with open_node(chosen) as node:
        now = node.now()
        before = _term(node, now) if chosen.before is None else chosen.before
        if before > now:
            raise WrongUseError("--before is a day to come 日期尚未到来")
        until = utc(before // 1000)
        _enter(node, chosen, f"ledger forget: before {until}")
        folder = node.places.ledger
    erased = [one for one in forget(folder, before, now) if one.entries]
    count = sum(one.entries for one in erased)
    report(
        chosen,
        {"before": until, "erased": count, "shards": [one.shard for one in erased]},
        f"of {counted(count, 'entry', 'entries')} before {until} it is erased whom they are "
        f"about 已删除 {count} 条条目的主体摘要",
    )
    return 0


def _archive(chosen: argparse.Namespace) -> int:
    from gateway.stores.shard_keeping import Kept, archive

    places = Places(chosen.node)
    if chosen.shard is None:
        what = f"begun {counted(chosen.older_than, 'day')} ago"
    else:
        ((path),) = _chosen(list_shards(places.ledger), chosen.shard)
        what = shard_of(path) or ""
    with open_node(chosen) as node:
        _enter(node, chosen, f"ledger archive: {what}")
        now = node.now()
    if chosen.shard is None:
        names = _begun_before(places.ledger, now - chosen.older_than * _DAY_MS)
    else:
        names = [what]
    archived = [Kept(name, archive(places.ledger, name, now)) for name in names]
    text = f"{counted(len(archived), 'shard')} archived 已归档 {len(archived)} 个分片"
    _tell(chosen, archived, text)
    return 0


def _backup(chosen: argparse.Namespace) -> int:
    from gateway.stores.shard_backup import back_up

    places = Places(chosen.node)
    places.node_file()
    check_outputs([chosen.out])
    kept = back_up(places.ledger, chosen.out, system_clock())
    _tell(chosen, kept, f"{chosen.out}: {counted(len(kept), 'shard')} 已备份 {len(kept)} 个分片")
    return 0


def _restore(chosen: argparse.Namespace) -> int:
    from gateway.stores.shard_backup import restore

    # Before a passphrase is asked for.
    read_binary(chosen.backup).close()
    with open_node(chosen) as node:
        now = node.now()
        done = restore(
            node.places.ledger,
            chosen.backup,
            node.department,
            now=now,
            forget_before=_term(node, now),
            enter=lambda: _enter(node, chosen, "ledger restore"),
        )
    if chosen.json:
        print_json({name: [one._asdict() for one in kept] for name, kept in done._asdict().items()})
        return 0
    rows = [
        (one.shard, f"{one.entries:,}", _OUTCOMES[name])
        for name, kept in done._asdict().items()
        for one in kept
    ]
    if rows:
        print(table((*_HEADERS, "outcome 结果"), rows))
    count = len(done.restored)
    print(f"{counted(count, 'shard')} put back 已恢复 {count} 个分片")
    return 0


def _term(node: "Node", now: int) -> int:
    return now - node.file.subject_days * _DAY_MS


def _enter(node: "Node", chosen: argparse.Namespace, act: str) -> None:
    node.administer(act, caller=chosen.caller, reference=chosen.reference)


def _chosen(paths: list[Path], name: str | None) -> list[Path]:
    """Return all shards, or the one of that name. Raises: WrongUseError."""
    found = [path for path in paths if name in (None, shard_of(path))]
    if name is not None and not found:
        raise WrongUseError("the ledger has no shard of that name 没有该名称的分片")
    return found


def _begun_before(folder: Path, time: int) -> list[str]:
    names = [shard_of(path) or "" for path in list_shards(folder) if path.suffix == OPEN_SUFFIX]
    begun = {name: read_shard_name(name) for name in names}
    return [name for name, found in begun.items() if found is not None and found[1] <= time]


def _tell(chosen: argparse.Namespace, shards: Sequence[tuple[str, int]], text: str) -> None:
    if chosen.json:
        print_json([{"shard": name, "entries": entries} for name, entries in shards])
        return
    if shards:
        print(table(_HEADERS, [(name, f"{entries:,}") for name, entries in shards]))
    print(text)


def _day(text: str) -> int:
    """Return when a day begins in China, Unix milliseconds."""
    try:
        day = date.fromisoformat(text)
        return int(datetime(day.year, day.month, day.day, tzinfo=_CHINA).timestamp()) * 1000
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError("write a day such as 2026-01-31 请写日期") from None


def _days(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= MAX_DAYS:
        return int(text)
    raise argparse.ArgumentTypeError(f"write a number of days up to {MAX_DAYS:,} 请写天数")
