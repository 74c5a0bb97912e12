"""`sealgate block` and `unblock`: the provider cuts a requester or a grant off itself."""

import argparse
import fcntl
import os

from gateway.authority.authority import dump_yaml
from gateway.cli.words import add_command
from gateway.config import Places
from gateway.model.trust import Blocks
from gateway.stores.files import write_whole
from gateway.stores.snapshots import read_blocks


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
    lock = os.open(places.folder / "blocks.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = read_blocks(places.blocks)
        requesters, grants = set(held.requesters), set(held.grants)
        target = requesters if chosen.requester else grants
        name = chosen.requester or chosen.grant
        if chosen.command == "block":
            target.add(name)
        else:
            target.discard(name)
        blocks = Blocks(requesters=frozenset(requesters), grants=frozenset(grants))
        write_whole(places.blocks, dump_yaml(_sorted(blocks)))
    finally:
        os.close(lock)
    done = "is blocked 已封禁" if chosen.command == "block" else "is not blocked 未封禁"
    print(f"{name} {done}")
    return 0


def _sorted(blocks: Blocks) -> dict[str, object]:
    return {"requesters": sorted(blocks.requesters), "grants": sorted(blocks.grants)}
