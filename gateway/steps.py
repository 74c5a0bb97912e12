"""Calls in steps: a use case that says what must be durable, and goes on once it is.

A call is a generator. It yields each `Write` that it needs and is sent what that
returned, so that its order can be read in one piece, while whoever drives it
decides how writes become durable: one by one (`finish`), or many calls' together.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class Write(NamedTuple, Generic[T]):
    """A change of a store: `work` makes it, and returns or raises what the store tells.

    Without a store it is work that whoever drives may do elsewhere, since it takes long.
    """

    store: object
    work: Callable[[], T]

    def __repr__(self) -> str:
        # What is to be written is not for whoever prints a call.
        return "Write(…)"


class StoreBusy(Exception):  # noqa: N818 - nothing failed: whoever may wait tries again
    """Another process holds the store's lock, and it was not to be waited for."""


class Together(Protocol):
    """A store whose changes can be made durable together.

    What is changed within is durable at the end; all of it, or none. Another process
    that holds the store is waited for, or not: then StoreBusy is raised at once.
    """

    def together(self, *, wait: bool = True) -> AbstractContextManager[object]: ...


# A call on its way to a `T`.
Steps = Generator[Write[Any], Any, T]


def write(store: object, work: Callable[[], T]) -> Steps[T]:
    """Have a change made durable, and return what it returned."""
    done: T = yield Write(store, work)
    return done


def apart(work: Callable[[], T]) -> Steps[T]:
    """Have work done that takes long though its call is short, and return what it returned."""
    return write(None, work)


def finish(steps: Steps[T]) -> T:
    """Drive a call to its end, each write by itself.

    Raises: what the call raises.
    """
    try:
        wanted = next(steps)
        while True:
            try:
                done = wanted.work()
            except BaseException as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(done)
    except StopIteration as ended:
        result: T = ended.value
        return result
