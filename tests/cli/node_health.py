"""What `sealgate health` is asked and answers."""

from pathlib import Path

from tests.cli.command import Answer, call

CONDITIONS = [
    "configuration",
    "keys",
    "ledger",
    "stores",
    "trust",
    "clock",
    "directory",
    "policy",
    "blocks",
]


def health(node: Path) -> Answer:
    """Check a node, with its answer as JSON."""
    return call("health", "--node", node, "--json")
