"""`sealgate block` and `unblock`: the provider cuts a requester or a grant off itself."""

import argparse

from gateway.cli.tokens import add_grant, grant_id
from gateway.cli.words import WrongUseError, add_command, report
from gateway.config import Places
from gateway.errors import RequestMalformedError
from gateway.stores.blocks import check_blocked, set_block


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
    grant = None if chosen.grant is None else grant_id(chosen.grant)
    blocked = chosen.command == "block"
    try:
        check_blocked(requester=chosen.requester, grant=grant, blocked=blocked)
    except RequestMalformedError as refusal:
        raise WrongUseError(f"{refusal.message} {refusal.message_zh}") from None
    set_block(places, requester=chosen.requester, grant=grant, blocked=blocked)
    done = "is blocked 已封禁" if blocked else "is not blocked 未封禁"
    what, name = ("grant", grant) if chosen.requester is None else ("requester", chosen.requester)
    report(chosen, {what: name, "blocked": blocked}, f"{name} {done}")
    return 0
