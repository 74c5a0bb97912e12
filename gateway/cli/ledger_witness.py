"""`sealgate ledger cosign` and `cosignature`: departments witness one another's ledgers."""

import argparse
from pathlib import Path

from gateway.cli.words import add_command, check_outputs, open_node, read_input, report
from gateway.ledger.notes import MAX_NOTE_BYTES
from gateway.ledger.witnesses import MAX_PROOF_BYTES, read_proof
from gateway.steps import finish
from gateway.stores.files import write_whole


def add(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both to the commands of `ledger`."""
    cosign = add_command(
        group,
        "cosign",
        _cosign,
        "witness another department's ledger 联署其他部门日志的检查点",
        node=True,
    )
    cosign.add_argument("checkpoint", type=Path, metavar="CHECKPOINT", help="检查点文件")
    cosign.add_argument("--out", type=Path, required=True, metavar="FILE", help="输出文件")
    cosign.add_argument(
        "--proof", type=Path, metavar="FILE", help="from the newest known one 一致性证明文件"
    )
    cosignature = add_command(
        group,
        "cosignature",
        _cosignature,
        "keep what others cosigned 保存其他部门的联署",
        node=True,
    )
    cosignature.add_argument("checkpoint", type=Path, metavar="FILE", help="已联署的检查点文件")
    for command in (cosign, cosignature):
        command.add_argument("--caller", default="cli", help="who asks, for the ledger 经手人")
        command.add_argument("--reference", help="own file number, for the ledger 内部文号")


def _cosign(chosen: argparse.Namespace) -> int:
    check_outputs([chosen.out], [chosen.checkpoint, chosen.proof])
    checkpoint = read_input(chosen.checkpoint, MAX_NOTE_BYTES)
    proof: tuple[bytes, ...] = ()
    if chosen.proof is not None:
        proof = read_proof(read_input(chosen.proof, MAX_PROOF_BYTES).decode("utf-8", "replace"))
    with open_node(chosen) as node:
        done = node.witnessing.cosign(checkpoint, proof, chosen.caller, chosen.reference)
    write_whole(chosen.out, done.text.encode())
    origin, size, _ = done.checkpoint
    plain: dict[str, object] = {
        "origin": origin,
        "size": size,
        "key_id": done.key_id,
        "out": str(chosen.out),
    }
    report(chosen, plain, f"{chosen.out}: {origin}, {size:,} entries cosigned 已联署 {size:,} 条")
    return 0


def _cosignature(chosen: argparse.Namespace) -> int:
    checkpoint = read_input(chosen.checkpoint, MAX_NOTE_BYTES)
    with open_node(chosen) as node:
        kept = finish(node.witnessing.adding(checkpoint, chosen.caller, chosen.reference))
    origin, size, _ = kept.checkpoint
    cosigned = [one._asdict() for one in kept.witnesses]
    plain: dict[str, object] = {"origin": origin, "size": size, "cosignatures": cosigned}
    names = ", ".join(one.department for one in kept.witnesses)
    report(chosen, plain, f"{origin}, {size:,} entries: cosigned by 联署部门 {names}")
    return 0
