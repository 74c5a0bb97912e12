"""Callers that call on and on, and what each of their calls came to."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import grpc

from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import Desk
from tests.server.asking import Asking, asking, refusal_of
from tests.server.sidecars import PATIENCE


class Load:
    """Calls of several threads; what they came to may be read once they are at rest."""

    def __init__(self) -> None:
        self.sealed: list[v1.SealResponse] = []
        self.refused: list[str] = []
        self.ending = threading.Event()

    @property
    def envelopes(self) -> set[str]:
        """Return the ids of all envelopes that were handed out."""
        return {one.envelope_id.hex() for one in self.sealed}

    def call_on(self, caller: Asking) -> None:
        """Seal until told to end."""
        while not self.ending.is_set():
            try:
                self.sealed.append(caller.seal())
            except grpc.RpcError as error:
                self.refused.append(refusal_of(error).code)
                # Whoever nobody answers does not spin.
                self.ending.wait(0.02)


@contextmanager
def loading(desk: Desk, targets: Sequence[str], threads: int = 4) -> Iterator[Load]:
    """Call all targets until the end of the block, each by several threads."""
    load = Load()
    with ExitStack() as stack:
        callers = [stack.enter_context(asking(one, desk)) for one in targets]
        running = [
            threading.Thread(target=load.call_on, args=(caller,))
            for caller in callers
            for _ in range(threads)
        ]
        for one in running:
            one.start()
        try:
            yield load
        finally:
            load.ending.set()
            for one in running:
                one.join(PATIENCE)
    assert not any(one.is_alive() for one in running)
