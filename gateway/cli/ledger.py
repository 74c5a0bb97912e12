"""`sealgate ledger`: verify, show, prove and count what is in a node's ledger."""

import argparse

from gateway.cli import (
    ledger_keeping,
    ledger_show,
    ledger_stats,
    ledger_verify,
    ledger_witness,
)
from gateway.cli.words import add_group


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ledger` with its commands."""
    group = add_group(commands, "ledger", "the ledger of a node 节点的日志")
    ledger_verify.add(group)
    ledger_show.add(group)
    ledger_stats.add(group)
    ledger_keeping.add(group)
    ledger_witness.add(group)
