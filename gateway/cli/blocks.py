"""`sealgate block` and `unblock`: the provider cuts a requester or a grant off itself."""

import argparse
import sys

from gateway.cli.tokens import add_grant, grant_id
from gateway.cli.words import WrongUseError, add_command, open_node, report
from gateway.config import Places
from gateway.errors import RequestMalformedError
from gateway.steps import finish
from gateway.stores.blocks import check_blocked, set_block
from keys.errors import SealgateError


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
        command.add_argument("--caller", default="cli", help="who asks, for the ledger 经手人")


def _change(chosen: argparse.Namespace) -> int:
    places = Places(chosen.node)
    places.node_file()
    grant = None if chosen.grant is None else grant_id(chosen.grant)
    blocked = chosen.command == "block"
    try:
        check_blocked(requester=chosen.requester, grant=grant, blocked=blocked)
    except RequestMalformedError as refusal:
        raise WrongUseError(f"{refusal.message} {refusal.message_zh}") from None
    if blocked:
        # First of all, and whatever else fails.
        set_block(places, requester=chosen.requester, grant=grant, blocked=True)
    try:
        with open_node(chosen) as node:
            who = {"requester": chosen.requester, "grant": grant}
            finish(node.blocking(**who, blocked=blocked, caller=chosen.caller))
    except SealgateError:
        if blocked:
            text = "it is blocked, and the ledger does not say so 已封禁，但未能记入日志"
            print(text, file=sys.stderr)
        raise
    done = "is blocked 已封禁" if blocked else "is not blocked 未封禁"
    what, name = ("grant", grant) if chosen.requester is None else ("requester", chosen.requester)
    report(chosen, {what: name, "blocked": blocked}, f"{name} {done}")
    return 0
