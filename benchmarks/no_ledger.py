"""Nodes without a ledger, to tell what one costs: a sink that enters nothing, and a sidecar."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.model.call import Entry, Receipt
from gateway.node import Node
from gateway.server.tls import prepare_environment
from gateway.stores.ledger import FACTS
from gateway.testing import MemoryLedger

# Entries kept: if they piled up, that would be measured.
KEPT = 1000


class GroupedMemory(MemoryLedger):
    """A ledger in memory whose entries are made together with others', as those of a file are."""

    @contextmanager
    def together(self, *, wait: bool = True) -> Iterator[None]:
        """Make nothing durable; forget what has piled up."""
        yield
        if len(self.entries) > KEPT:
            self.entries.clear()


class NoLedger(GroupedMemory):
    """A sink that makes neither leaf nor receipt."""

    def append(self, entry: Entry) -> Receipt:
        """Keep what is asked for again, of which there is little; drop everything else."""
        if entry.shared.kind in FACTS:
            self.entries.append(entry)
        return Receipt(leaf=b"", index=0)


def node_with(ledger: GroupedMemory, folder: Path, worker: int) -> Node:
    """Open a worker's node on a ledger in memory, whose writes are driven as those of a file."""
    node = Node(folder, ledger=ledger, worker=worker)
    node.stores.append(ledger)
    return node


def serve(folder: Path, sockets: Path) -> None:
    """Serve a node without a ledger, otherwise as `sealgate serve` does, until told to end."""
    prepare_environment()
    import uvloop

    from gateway.server.serving import serve as serving
    from gateway.server.telemetry import Prepared

    lifeline, held = os.pipe()
    with (
        node_with(NoLedger(), folder, worker=0) as node,
        Prepared(node.file, workers=1, level="warning") as prepared,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):

        def ready() -> None:
            print("serving", flush=True)

        runner.run(serving(node, sockets, 0, prepared.telemetry(0), ready, lifeline))
    os.close(held)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]))
