"""`sealgate receipt`: verify a receipt, make a page of it, hold two against each other."""

import argparse
from itertools import islice
from pathlib import Path

import msgspec

from gateway.cli.directories import Directory, add_directory, read_directory
from gateway.cli.receipt_files import Proof, check_envelope, read_proof
from gateway.cli.terminal import one_line, print_json, table
from gateway.cli.words import add_command, add_group, check_outputs, report
from gateway.errors import ReceiptMismatchError
from gateway.ledger.matching import Difference, match
from gateway.model.times import utc
from gateway.stores.clock import system_clock
from gateway.stores.files import write_whole
from keys.errors import FieldFault

# As many differences are told as faults of records.
MAX_TOLD = 50
# What an entry says, in this order, and how it is headed.
ITEMS = {
    "kind": "kind 事项",
    "outcome": "outcome 结果",
    "provider": "provider 提供部门",
    "requester": "requester 使用部门",
    "resource": "resource 资源",
    "purpose": "purpose 用途",
    "grant": "grant 授权",
    "records": "records 记录数",
    "fields": "fields 信息项",
    "policy": "policy 策略",
    "catalogue": "catalogue 目录",
    "trust": "trust 信任数据",
    "envelope": "envelope 信封",
    "digest": "digest 信封摘要",
    "count": "count 次数",
}


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `receipt verify`, `receipt render` and `receipt match`."""
    receipt = add_group(commands, "receipt", "receipts of calls 调用凭证")
    verify = add_command(receipt, "verify", _verify, "tell who entered what, and prove it 核验凭证")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.add_argument(
        "--envelope", type=Path, metavar="FILE", help="it is of this envelope 核对信封"
    )
    add_directory(verify)
    render = add_command(
        receipt, "render", _render, "make a page to file of a receipt 生成调用记录凭证"
    )
    render.add_argument("file", type=Path, metavar="FILE")
    render.add_argument("--out", type=Path, required=True, metavar="FILE")
    add_directory(render)
    matching = add_command(
        receipt, "match", _match, "hold the receipts of both sides together 比对双方凭证"
    )
    matching.add_argument("first", type=Path, metavar="A")
    matching.add_argument("second", type=Path, metavar="B")
    add_directory(matching)


def _now() -> int:
    return system_clock() // 1000


def _verify(chosen: argparse.Namespace) -> int:
    directory = read_directory(chosen, _now())
    proof = read_proof(chosen.file, directory)
    if chosen.envelope is not None:
        check_envelope(chosen.envelope, proof.checked.shared)
    if chosen.json:
        print_json(_plain(proof, directory))
    else:
        print(table(("item 项目", "value 内容"), _rows(proof, directory)))
    return 0


def _plain(proof: Proof, directory: Directory) -> dict[str, object]:
    checked = proof.checked
    return {
        "receipt_digest": proof.digest,
        "department": checked.department,
        "name": directory.name(checked.department),
        "origin": checked.origin,
        "index": checked.number,
        "size": checked.size,
        "root": proof.root.hex(),
        "key_id": checked.key_id,
        "trust_version": directory.version,
        "private": checked.leaf.private,
        "subjects": checked.leaf.subjects,
        "shared": msgspec.to_builtins(checked.shared),
    }


def _rows(proof: Proof, directory: Directory) -> list[tuple[str, str]]:
    checked, shared = proof.checked, proof.checked.shared
    rows = [
        ("entered by 记录部门", _named(checked.department, directory)),
        ("time 时间", utc(shared.time // 1000)),
    ]
    for member, title in ITEMS.items():
        value = getattr(shared, member)
        if member in ("provider", "requester") and value is not None:
            value = _named(value, directory)
        elif member == "fields":
            value = ", ".join(f"{field} {treatment}" for field, treatment in value) or None
        if value is not None:
            rows.append((title, one_line(str(value))))
    return [
        *rows,
        ("ledger 日志", checked.origin),
        ("index 序号", str(checked.number)),
        ("size 规模", str(checked.size)),
        ("root 根散列值", proof.root.hex()),
        ("key 日志密钥", checked.key_id),
        ("receipt 凭证摘要", proof.digest),
    ]


def _named(department: str, directory: Directory) -> str:
    return one_line(f"{department} {directory.name(department) or ''}".rstrip())


def _render(chosen: argparse.Namespace) -> int:
    from gateway.cli.receipt_page import certificate

    check_outputs([chosen.out], [chosen.file])
    now = _now()
    directory = read_directory(chosen, now)
    proof = read_proof(chosen.file, directory)
    write_whole(chosen.out, certificate(proof, directory, now).encode())
    report(
        chosen,
        {"receipt_digest": proof.digest, "out": str(chosen.out)},
        f"{chosen.out}: certificate of receipt {proof.digest} 已生成调用记录凭证",
    )
    return 0


def _match(chosen: argparse.Namespace) -> int:
    directory = read_directory(chosen, _now())
    matched = match(
        *(read_proof(path, directory).checked for path in (chosen.first, chosen.second))
    )
    if matched.differences:
        raise _mismatch(matched.differences)
    sealed, opened = matched.sealed.shared, matched.opened.shared
    envelope = sealed.envelope or ""
    times = utc(sealed.time // 1000), utc(opened.time // 1000)
    report(
        chosen,
        {
            "envelope": envelope,
            "provider": matched.sealed.department,
            "requester": matched.opened.department,
            "sealed": times[0],
            "opened": times[1],
        },
        one_line(
            f"the receipts agree on envelope {envelope}: sealed by {matched.sealed.department} at "
            f"{times[0]}, opened by {matched.opened.department} at {times[1]} 两份凭证一致"
        ),
    )
    return 0


def _mismatch(differences: tuple[Difference, ...]) -> ReceiptMismatchError:
    members = dict.fromkeys(each.member.partition(".")[0] for each in differences)
    return ReceiptMismatchError(
        members=", ".join(members),
        fields=tuple(
            FieldFault(None, each.member, each.text, each.text_zh)
            for each in islice(differences, MAX_TOLD)
        ),
        fault_count=len(differences),
    )
