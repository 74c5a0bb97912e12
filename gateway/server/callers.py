"""Who may call, for what, and how much at once."""

import asyncio
from time import monotonic

from gateway.config import CallerFile, Right
from gateway.errors import CallerForbiddenError, LimitExceededError, RateExceededError

# Calls of one caller at once in a worker; over it they are refused, not queued.
MAX_CALLS = 64
# Streams among them: each may be open for long.
MAX_STREAMS = 16
# Calls that a caller may begin in a second in a worker, where node.yaml says nothing.
MAX_CALLS_PER_SECOND = 10_000
# Answers, with what they answer, that a caller has yet to read: gRPC holds each until it is
# read, for ever. Over it no further call begins.
MAX_UNREAD_BYTES = 64 * 1024 * 1024
# What holds less is not counted: there are never more than MAX_TAKEN_CALLS of it.
_SMALL_BYTES = 64 * 1024


class Caller:
    """One caller of node.yaml, as the service asks about it."""

    __slots__ = (
        "_calls",
        "_filled",
        "_rate",
        "_resources",
        "_rights",
        "_streams",
        "_tokens",
        "_unread",
        "name",
    )

    def __init__(self, file: CallerFile) -> None:
        self.name = file.name
        self._rights = frozenset(file.may)
        self._resources = None if file.resources is None else frozenset(file.resources)
        self._rate = file.calls_per_second or MAX_CALLS_PER_SECOND
        # As many may begin at once as may in a second.
        self._tokens, self._filled = float(self._rate), monotonic()
        self._calls = self._streams = self._unread = 0

    def check(self, right: Right, resource: str | None = None) -> None:
        """Check that the caller may do a thing, for a resource.

        Raises: CallerForbiddenError.
        """
        if right not in self._rights:
            raise CallerForbiddenError(
                caller=self.name,
                reason=f"may not {right}; node.yaml gives it no such right",
                reason_zh=f"未被授予“{right}”权限（见 node.yaml）",
            )
        if resource is not None and self._resources is not None and resource not in self._resources:
            raise CallerForbiddenError(
                caller=self.name,
                reason="may not use this resource; node.yaml lists others",
                reason_zh="不得使用该资源（见 node.yaml）",
            )

    def may_see(self, resource: str) -> bool:
        """Tell whether a resource is among those that it may use."""
        return self._resources is None or resource in self._resources

    def enter(self, *, stream: bool) -> None:
        """Count a call that begins; `leave` must follow.

        Raises: RateExceededError, LimitExceededError; then it was not counted.
        """
        now = monotonic()
        tokens = min(self._tokens + (now - self._filled) * self._rate, float(self._rate))
        self._filled, self._tokens = now, tokens
        if tokens < 1:
            raise RateExceededError(caller=self.name, rate=self._rate)
        if self._calls >= MAX_CALLS:
            raise _over("calls at once", "同时进行的调用数", MAX_CALLS)
        if stream and self._streams >= MAX_STREAMS:
            raise _over("streams at once", "同时进行的数据流数", MAX_STREAMS)
        if self._unread >= MAX_UNREAD_BYTES:
            raise LimitExceededError(
                what="bytes of answers that wait to be read",
                what_zh="待读取的答复字节数",
                actual=self._unread,
                limit=MAX_UNREAD_BYTES,
            )
        self._tokens = tokens - 1
        self._calls += 1
        self._streams += stream

    def hold(self, size: int) -> None:
        """Count what is held until the running call's answer is read."""
        task = asyncio.current_task() if size > _SMALL_BYTES else None
        if task is not None:
            self._unread += size
            task.add_done_callback(lambda _: self._release(size))

    def _release(self, size: int) -> None:
        self._unread -= size

    def leave(self, *, stream: bool) -> None:
        """Count a call that ends."""
        self._calls -= 1
        self._streams -= stream


def _over(what: str, what_zh: str, limit: int) -> LimitExceededError:
    return LimitExceededError(what=what, what_zh=what_zh, actual=limit + 1, limit=limit)
