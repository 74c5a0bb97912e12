"""Calls driven through their steps, their durable writes made together.

A commit takes a disk's time, whoever waits for it. So the writes of calls that
come at about the same time share one: it begins once the loop has turned a few
times without another. Where the disk is quick that is done in the loop, else in
a thread, and what comes meanwhile shares the next one.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, NamedTuple, TypeVar, cast

from gateway.errors import LedgerUnavailableError, LimitExceededError
from gateway.steps import Steps, StoreBusy, Together, Write

T = TypeVar("T")

# Writes that share one commit at most: a store that holds its lock serves nobody else.
MAX_TOGETHER = 256
# Turns of the loop without a newcomer, after which nobody is waited for any more.
QUIET_TURNS = 8
# Whoever was alone so often is not kept waiting for company, but every so many times: whether
# there is any is only known by waiting.
LONELY_COMMITS, LONELY_ROUND = 4, 16
# A store that last took longer than this commits in a thread: the loop must answer others.
MAX_QUICK_SECONDS = 0.002
# A commit that takes longer is waited for no more: its calls are refused.
MAX_COMMIT_SECONDS = 5.0
# How often whoever ends looks whether any call is still driven.
WAIT_SECONDS = 0.01
# Threads for calls that are long: the loop must answer others meanwhile.
LONG_THREADS = 2
# Long calls at once; each holds some tens of megabytes. More are refused, not queued.
MAX_LONG_CALLS = 8


class _Job:
    """A write that waits: `told` is done once it was made, or could not be."""

    __slots__ = ("error", "refused", "result", "settled", "told", "work")

    def __init__(self, work: Callable[[], Any], told: "asyncio.Future[None]") -> None:
        self.work, self.told = work, told
        self.result: Any = None
        self.error: Exception | None = None
        self.settled = self.refused = False

    def settle(self) -> None:
        """Tell that the write was made, or could not be."""
        self.settled = True
        if not self.told.done():
            self.told.set_result(None)


def _refuse(job: _Job) -> None:
    job.refused = True
    job.settle()


class _Done(NamedTuple):
    result: Any

    def __repr__(self) -> str:
        # A future shows its result to whoever prints it: it may be what an envelope held.
        return "_Done(…)"


class Committer:
    """Makes the writes of one store, all that wait at a time."""

    def __init__(self, store: Together, loop: asyncio.AbstractEventLoop) -> None:
        self._store, self._loop = store, loop
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._waiting: list[_Job] = []
        # Whether a commit is on its way, or waited with; and whether the last one was slow.
        self._busy = self._slow = False
        # Runs out where a commit takes too long; and whether one does.
        self._late: asyncio.TimerHandle | None = None
        self._stuck = False
        # How many commits in a row had one write each.
        self._lonely = 0

    def waiting(self) -> int:
        """Tell how many writes wait for a commit."""
        return len(self._waiting)

    def commit(self, work: Callable[[], Any]) -> _Job:
        """Have a write made; it is settled once that is durable."""
        job = _Job(work, self._loop.create_future())
        if self._stuck:
            # At once, not in a queue: nobody knows how long it takes.
            _refuse(job)
            return job
        self._waiting.append(job)
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._gather, 1, self._patience())
        return job

    def close(self) -> None:
        """End, once nothing waits any more."""
        self._thread.shutdown()

    def _patience(self) -> int:
        lonely = self._lonely >= LONELY_COMMITS and self._lonely % LONELY_ROUND
        return 0 if lonely else QUIET_TURNS

    def _gather(self, seen: int, turns: int) -> None:
        waiting = len(self._waiting)
        if waiting != seen:
            turns = QUIET_TURNS
        if turns and waiting < MAX_TOGETHER:
            self._loop.call_soon(self._gather, waiting, turns - 1)
            return
        jobs, self._waiting = self._waiting[:MAX_TOGETHER], self._waiting[MAX_TOGETHER:]
        self._lonely = self._lonely + 1 if len(jobs) == 1 else 0
        if self._slow or not self._commit(jobs, wait=False):
            self._late = self._loop.call_later(MAX_COMMIT_SECONDS, self._give_up, jobs)
            self._thread.submit(self._commit_apart, jobs)
        else:
            self._deliver(jobs)

    def _commit_apart(self, jobs: list[_Job]) -> None:
        self._commit(jobs, wait=True)
        self._loop.call_soon_threadsafe(self._deliver, jobs)

    def _give_up(self, jobs: list[_Job]) -> None:
        """Refuse who waits for a commit that takes too long; what it writes nobody is handed."""
        self._stuck = True
        waiting, self._waiting = self._waiting, []
        for job in (*jobs, *waiting):
            _refuse(job)

    def _commit(self, jobs: list[_Job], *, wait: bool) -> bool:
        """Make writes durable; tell whether that was tried, which it is not where it must wait."""
        begun = monotonic()
        try:
            with self._store.together(wait=wait):
                for job in jobs:
                    try:
                        job.result = job.work()
                    except Exception as error:
                        job.error = error
        except StoreBusy:
            return False
        except Exception as error:
            # None of them is durable.
            for job in jobs:
                job.error = error
        self._slow = monotonic() - begun > MAX_QUICK_SECONDS
        return True

    def _deliver(self, jobs: list[_Job]) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
        self._stuck = False
        for job in jobs:
            job.settle()
        self._busy = bool(self._waiting)
        if self._busy:
            self._gather(len(self._waiting), 0)


class Conductor:
    """Drives calls: short ones in the loop, long ones in threads, writes by committers."""

    def __init__(self, stores: Iterable[Together]) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._committers = {id(store): Committer(store, loop) for store in stores}
        self._threads = ThreadPoolExecutor(LONG_THREADS, thread_name_prefix="long")
        # Calls that are driven, and the long ones among them.
        self._driven = self._long = 0

    def waiting(self) -> int:
        """Tell how many writes wait."""
        return sum(committer.waiting() for committer in self._committers.values())

    async def drive(self, steps: Steps[T], gone: Callable[[], None], *, long: bool = False) -> T:
        """Drive a call to its end, also where nobody waits for it any more.

        `gone` is called when that is so. Raises: what the call raises;
            LimitExceededError where it is long and too many are.
        """
        if long and self._long >= MAX_LONG_CALLS:
            raise LimitExceededError(
                what="number of long calls at once",
                what_zh="同时处理的大型调用数",
                actual=self._long + 1,
                limit=MAX_LONG_CALLS,
            )
        self._driven += 1
        self._long += long
        try:
            return cast("T", await self._drive(steps, gone, long))
        finally:
            self._driven -= 1
            self._long -= long

    async def apart(self, work: Callable[[], T]) -> T:
        """Do work that is long, or waits for a disk, in a thread."""
        return await self._loop.run_in_executor(None, work)

    async def close(self) -> None:
        """Wait for the calls that are driven, also those that nobody waits for; and end."""
        while self._driven:
            await asyncio.sleep(WAIT_SECONDS)
        self._threads.shutdown()
        for committer in self._committers.values():
            committer.close()

    async def _drive(self, steps: Steps[Any], gone: Callable[[], None], long: bool) -> Any:
        left = _Left(gone)
        step = await self._next(steps.send, None, long, left)
        while isinstance(step, Write):
            try:
                done = await self._written(step, left)
            except Exception as error:
                step = await self._next(steps.throw, error, long, left)
            else:
                step = await self._next(steps.send, done, long, left)
        left.check()
        return step.result

    async def _next(
        self, go: Callable[[Any], Write[Any]], value: Any, long: bool, left: "_Left"
    ) -> Write[Any] | _Done:
        try:
            if not long:
                return _advance(go, value)
            return await left.wait(self._loop.run_in_executor(self._threads, _advance, go, value))
        finally:
            # What is raised holds this frame, which must not hold it: all that was sent would
            # stay until the garbage collector comes by.
            del value

    async def _written(self, write: Write[Any], left: "_Left") -> Any:
        committer = self._committers.get(id(write.store))
        if committer is None:
            # One that commits by itself alone.
            return await left.wait(self._loop.run_in_executor(None, write.work))
        job = committer.commit(write.work)
        while not job.settled:
            try:
                await job.told
            except asyncio.CancelledError:
                left.note()
                job.told = self._loop.create_future()
        # A commit that was given up may still end, and tell its jobs what nobody heeds.
        result, error = (None, LedgerUnavailableError()) if job.refused else (job.result, job.error)
        try:
            if error is not None:
                raise error
            return result
        finally:
            # As in `_next`.
            del job, error


class _Left:
    """Whether who waits for a call has left it: its steps are gone to their end all the same."""

    def __init__(self, gone: Callable[[], None]) -> None:
        self._gone, self._cancelled = gone, False

    async def wait(self, future: "asyncio.Future[T]") -> T:
        while True:
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                self.note()
            except BaseException:
                # As in `_next`.
                del future
                raise

    def note(self) -> None:
        self._cancelled = True
        self._gone()

    def check(self) -> None:
        if self._cancelled:
            raise asyncio.CancelledError


def _advance(go: Callable[[Any], Write[Any]], value: Any) -> Write[Any] | _Done:
    try:
        return go(value)
    except StopIteration as ended:
        return _Done(ended.value)
    finally:
        # As in `_next`.
        del value
