"""`sealgate block` and `unblock`: the provider cuts a requester or a grant off itself."""

import argparse
import fcntl
import os

import msgspec

from gateway.authority.authority import dump_yaml
from gateway.cli.words import WrongUseError, add_command, report
from gateway.config import Places
from gateway.grants.claims import GrantId
from gateway.model.resource import DepartmentId
from gateway.model.trust import Blocks
from gateway.stores.files import write_whole
from gateway.stores.snapshots import read_blocks
from masking.kinds import KINDS


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `block` and `unblock`."""
    for name, text in (
        ("block", "cut a requester or a grant off, at once 立即封禁使用部门或授权"),
        ("unblock", "lift a block 解除封禁"),
    ):
        command = add_command(commands, name, _change, text, node=True)
        what = command.add_mutually_exclusive_group(required=True)
        what.add_argument("--requester", metavar="USCC", help="使用部门代码")
        what.add_argument("--grant", metavar="JTI", help="授权编号")


def _change(chosen: argparse.Namespace) -> int:
    places = Places(chosen.node)
    places.node_file()
    if chosen.command == "block":
        _check_name(chosen)
    lock = os.open(places.folder / "blocks.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = read_blocks(places.blocks)
        requesters, grants = set(held.requesters), set(held.grants)
        target = grants if chosen.requester is None else requesters
        name = chosen.grant if chosen.requester is None else chosen.requester
        if chosen.command == "block":
            target.add(name)
        else:
            target.discard(name)
        blocks = Blocks(requesters=frozenset(requesters), grants=frozenset(grants))
        write_whole(places.blocks, dump_yaml(_sorted(blocks)))
    finally:
        os.close(lock)
    blocked = chosen.command == "block"
    done = "is blocked 已封禁" if blocked else "is not blocked 未封禁"
    what = "grant" if chosen.requester is None else "requester"
    report(chosen, {what: name, "blocked": blocked}, f"{name} {done}")
    return 0


def _check_name(chosen: argparse.Namespace) -> None:
    """Refuse what can be no name: a slip of the pen would block nobody."""
    try:
        if chosen.requester is not None:
            msgspec.convert(chosen.requester, DepartmentId)
            misfits = KINDS["uscc"].misfits
            if misfits is not None and misfits([chosen.requester]):
                raise WrongUseError("--requester: wrong check digit 校验位错误")
        else:
            msgspec.convert(chosen.grant, GrantId)
    except msgspec.ValidationError:
        raise WrongUseError(
            "expected a unified social credit code or a grant's jti 应为统一社会信用代码或授权编号"
        ) from None


def _sorted(blocks: Blocks) -> dict[str, object]:
    return {"requesters": sorted(blocks.requesters), "grants": sorted(blocks.grants)}
