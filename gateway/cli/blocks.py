"""`sealgate block` and `unblock`: the provider cuts a requester or a grant off itself."""

import argparse
import fcntl
import os

import msgspec

from gateway.authority.authority import dump_yaml
from gateway.cli.tokens import add_grant, grant_id
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
        add_grant(what)


def _change(chosen: argparse.Namespace) -> int:
    places = Places(chosen.node)
    places.node_file()
    name = chosen.requester if chosen.grant is None else grant_id(chosen.grant)
    _check_name(chosen, name)
    lock = os.open(places.folder / "blocks.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = read_blocks(places.blocks)
        requesters, grants = set(held.requesters), set(held.grants)
        target = grants if chosen.requester is None else requesters
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


def _check_name(chosen: argparse.Namespace, name: str) -> None:
    """Refuse what can be no name: a slip of the pen would block nobody."""
    try:
        msgspec.convert(name, GrantId if chosen.requester is None else DepartmentId)
    except msgspec.ValidationError:
        raise WrongUseError(
            "expected a unified social credit code, or a grant's jti or file "
            "应为统一社会信用代码，或授权编号、授权文件"
        ) from None
    # What was written by hand with a wrong digit can be lifted.
    if chosen.command == "block" and chosen.requester is not None and _wrong_digit(name):
        raise WrongUseError("--requester: wrong check digit 校验位错误")


def _wrong_digit(department: str) -> bool:
    misfits = KINDS["uscc"].misfits
    return misfits is not None and bool(misfits([department]))


def _sorted(blocks: Blocks) -> dict[str, object]:
    return {"requesters": sorted(blocks.requesters), "grants": sorted(blocks.grants)}
