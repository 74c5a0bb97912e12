"""How long a call waited for the ledger, told to whoever traces it."""

from collections.abc import Callable
from time import time_ns
from typing import TypeVar

from gateway.steps import Steps
from gateway.stores.ledger import SqliteLedger

T = TypeVar("T")
# Told from when to when, nanoseconds of Unix time.
Waited = Callable[[int, int], None]


def told(steps: Steps[T], waited: Waited) -> Steps[T]:
    """Go the same steps, and tell of each wait for the ledger."""
    try:
        wanted = next(steps)
        while True:
            began = time_ns()
            try:
                done = yield wanted
            except Exception as error:
                _tell(wanted.store, waited, began)
                wanted = steps.throw(error)
            else:
                _tell(wanted.store, waited, began)
                wanted = steps.send(done)
    except StopIteration as ended:
        result: T = ended.value
        return result


def _tell(store: object, waited: Waited, began: int) -> None:
    if isinstance(store, SqliteLedger):
        waited(began, time_ns())
