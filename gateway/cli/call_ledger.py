"""`sealgate call entries` and its like: the ledger, as a sidecar lets its readers have it."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.terminal import print_json, table
from gateway.cli.words import WrongUseError, check_outputs, read_input, report
from gateway.errors import RequestMalformedError
from gateway.ledger.notes import MAX_NOTE_BYTES
from gateway.ledger.witnesses import proof_text
from gateway.stores.files import write_whole

if TYPE_CHECKING:
    from gateway.client import Client

_Run = Callable[["Client", argparse.Namespace], None]
_Add = Callable[[str, _Run, str], argparse.ArgumentParser]
_MOST = 2**63 - 1


def register_ledger(add: _Add) -> None:
    """Add the calls that read the ledger, and the one that keeps cosignatures."""
    add("shards", _shards, "list the shards of the ledger 列出日志分片")
    entries = add("entries", _entries, "list entries of the ledger 列出日志条目")
    which = entries.add_mutually_exclusive_group()
    which.add_argument(
        "--worker", type=int, default=0, metavar="N", help="whose newest shard 工作进程编号"
    )
    which.add_argument("--shard", metavar="NAME", help="this shard 日志分片名称")
    entries.add_argument(
        "--begin", type=int, default=0, metavar="NUMBER", help="with this entry 起始条目序号"
    )
    entry = add("entry", _entry, "show one entry of the ledger 查看一条日志")
    receipt = add("receipt", _receipt, "make the receipt of an entry anew 重新出具调用记录凭证")
    checkpoint = add("checkpoint", _checkpoint, "read the newest checkpoint 查看最新检查点")
    proof = add(
        "consistency", _consistency, "prove that nothing was changed since 证明日志未被改动"
    )
    for command in (entry, receipt, checkpoint, proof):
        command.add_argument("--shard", required=True, metavar="NAME", help="日志分片名称")
    for command in (entry, receipt):
        command.add_argument("number", type=int, metavar="NUMBER", help="from 0 up 条目序号")
    checkpoint.add_argument(
        "--cosigned", action="store_true", help="that others cosigned 已有联署的"
    )
    for name, text in (("--old", "the smaller size 较小规模"), ("--new", "the larger 较大规模")):
        proof.add_argument(name, type=int, required=True, metavar="N", help=text)
    for command in (receipt, checkpoint, proof):
        command.add_argument(
            "--out", type=Path, metavar="FILE", help="instead of printing 输出文件"
        )
    cosignature = add("cosignature", _cosignature, "have cosignatures kept 保存检查点联署")
    cosignature.add_argument("checkpoint", type=Path, metavar="FILE", help="已联署的检查点文件")


def _shards(client: "Client", chosen: argparse.Namespace) -> None:
    names = ("name", "writer", "begun", "closed", "archived", "entries")
    found = [{name: getattr(shard, name) for name in names} for shard in client.shards()]
    if chosen.json:
        print_json(found)
        return
    headers = ("shard 分片", "begun 起始", "entries 条目", "state 状态")
    print(table(headers, map(_line, found)))


def _line(shard: dict[str, Any]) -> tuple[str, ...]:
    begun = datetime.fromtimestamp(shard["begun"] / 1000, UTC).astimezone()
    state = "archived 已归档" if shard["archived"] else "closed 已关闭" if shard["closed"] else ""
    entries = "" if shard["archived"] else f"{shard['entries']:,}"
    return (
        shard["name"],
        begun.isoformat(sep=" ", timespec="seconds"),
        entries,
        state or "open 在用",
    )


def _entries(client: "Client", chosen: argparse.Namespace) -> None:
    if not 0 <= chosen.worker < 2**32:
        raise WrongUseError("--worker is from 0 up 应为非负整数")
    begin = _number("--begin", chosen.begin)
    entries = client.entries(chosen.worker, shard=chosen.shard or "", begin=begin)
    if chosen.json:
        print_json([*entries])
        return
    for entry in entries:
        print_json(entry)


def _entry(client: "Client", chosen: argparse.Namespace) -> None:
    print_json(client.entry(chosen.shard, _number("NUMBER", chosen.number)))


def _receipt(client: "Client", chosen: argparse.Namespace) -> None:
    number = _number("NUMBER", chosen.number)
    check_outputs([chosen.out])
    _give(chosen, "receipt", client.receipt(chosen.shard, number))


def _checkpoint(client: "Client", chosen: argparse.Namespace) -> None:
    check_outputs([chosen.out])
    note = client.checkpoint(chosen.shard, cosigned=chosen.cosigned)
    if note is None:
        raise RequestMalformedError(
            reason="this shard has no such checkpoint", reason_zh="该分片没有这样的检查点"
        )
    _give(chosen, "checkpoint", note)


def _consistency(client: "Client", chosen: argparse.Namespace) -> None:
    sizes = _number("--old", chosen.old), _number("--new", chosen.new)
    check_outputs([chosen.out])
    _give(chosen, "proof", proof_text(client.consistency(chosen.shard, *sizes)))


def _cosignature(client: "Client", chosen: argparse.Namespace) -> None:
    told = client.add_cosignature(read_input(chosen.checkpoint, MAX_NOTE_BYTES))
    cosigned = [
        {"department": one.department, "key_id": one.key_id, "time": one.time}
        for one in told.cosignatures
    ]
    plain: dict[str, object] = {
        "checkpoint": told.checkpoint.decode(),
        "cosignatures": cosigned,
    }
    report(chosen, plain, f"cosigned by {len(cosigned)} 联署部门数 {len(cosigned)}")


def _give(chosen: argparse.Namespace, name: str, text: str) -> None:
    """Write a text to the file that was asked for, or print it; it ends its last line itself."""
    if chosen.out is not None:
        write_whole(chosen.out, text.encode())
        report(chosen, {"out": str(chosen.out), name: text}, f"{chosen.out} is written 已写入")
    elif chosen.json:
        print_json({"out": None, name: text})
    else:
        print(text, end="")


def _number(name: str, number: int) -> int:
    if not 0 <= number <= _MOST:
        raise WrongUseError(f"{name} is from 0 up 应为非负整数")
    return number
