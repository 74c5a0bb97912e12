"""Processes that serve: started, replaced when one dies, and ended together.

The key wrap holds the interpreter's lock, so that a second core needs a second
process. The parent serves nothing and loads no gRPC: it may fork at any time.
"""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from gateway.errors import ConfigurationInvalidError

# As many as any machine of a department has cores.
MAX_WORKERS = 64
# A worker that dies sooner is not started anew at once, lest one that cannot run takes a core.
SHORTEST_LIFE = 1.0

_ENDING = (signal.SIGTERM, signal.SIGINT)
_PASSED_ON = (*_ENDING, signal.SIGHUP)

Ready = Callable[[], None]
# What a worker does: serves under a number, says when it is ready, ends when the lifeline (the
# end of a pipe) is closed, and returns its exit status.
Work = Callable[[int, Ready, int], int]


def socket_path(folder: Path, caller: str, worker: int) -> Path:
    """Return where a worker's socket for a caller lies in the folder of the sockets."""
    return folder / caller / f"worker-{worker}.sock"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the node of a folder: a second sidecar would take its sockets without a word.

    Raises: ConfigurationInvalidError.
    """
    handle = os.open(folder / "sidecar.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationInvalidError(
                reason=f"another sidecar serves the node of {folder}",
                reason_zh=f"{folder} 的节点已有网关服务在运行",
            ) from None
        yield
    finally:
        os.close(handle)


class Crew:
    """The workers of one sidecar, as their parent sees them."""

    def __init__(self, size: int, work: Work) -> None:
        self._size, self._work = size, work
        self._numbers: dict[int, int] = {}
        self._since: dict[int, float] = {}
        # Numbers under which a worker was ready once.
        self._served: set[int] = set()
        self._ending = False
        # Closed when the parent is gone, however it went: nobody would replace or end its workers.
        self._lifeline, self._held = os.pipe()

    def run(self, ready: Ready) -> int:
        """Start the workers, say when all of them are ready, and keep them until told to end.

        Returns the exit status; in a worker, what its work returned.
        """
        for name in _ENDING:
            signal.signal(name, self._end)
        signal.signal(signal.SIGHUP, self._refresh)
        for number in range(self._size):
            status = self._start(number)
            if status is not None:
                return status
            if number not in self._served:
                return self._keep()
        ready()
        return self._keep()

    def _start(self, number: int) -> int | None:
        """Start a worker and wait until it is ready; in the worker, return its exit status.

        One that ends before that is left for `_keep` to find.
        """
        if self._ending:
            return None
        told, telling = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        # Whoever is told to end meanwhile is told once it is known to whom that goes.
        signal.pthread_sigmask(signal.SIG_BLOCK, _PASSED_ON)
        worker = os.fork()
        if worker == 0:
            os.close(told)
            os.close(self._held)
            for name in _ENDING:
                signal.signal(name, signal.SIG_DFL)
            # Until it listens: it is about to read every file anyway.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
            return self._work(number, lambda: _tell(telling), self._lifeline)
        os.close(telling)
        self._numbers[worker], self._since[worker] = number, time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PASSED_ON)
        if self._ending:
            self._end()
        with open(told, "rb", buffering=0) as pipe:
            if pipe.read(1):
                self._served.add(number)
        return None

    def _keep(self) -> int:
        """Wait for workers; start each that dies anew, until none is left.

        One that never served says that this sidecar cannot: all end then. One that did is
        tried again and again, while the others serve.
        """
        worst = 0
        while self._numbers:
            worker, raw = os.waitpid(-1, 0)
            number = self._numbers.pop(worker)
            lived = time.monotonic() - self._since.pop(worker)
            status = os.waitstatus_to_exitcode(raw)
            if not self._ending and number in self._served:
                text = f"worker {number} ended; started anew 工作进程已重启"
                print(text, file=sys.stderr, flush=True)
                time.sleep(max(0.0, SHORTEST_LIFE - lived))
                in_worker = self._start(number)
                if in_worker is not None:
                    return in_worker
                continue
            # Told to end before it could heed that, a worker ends by the signal.
            failed = 0 if status == -signal.SIGTERM else abs(status)
            if not self._ending:
                failed = failed or 1
                self._end()
            worst = max(worst, failed)
        return worst

    def _end(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        self._ending = True
        self._send(signal.SIGTERM)

    def _refresh(self, number: int, _frame: FrameType | None) -> None:
        self._send(signal.Signals(number))

    def _send(self, number: signal.Signals) -> None:
        for worker in list(self._numbers):
            with suppress(ProcessLookupError):
                os.kill(worker, number)


def _tell(pipe: int) -> None:
    os.write(pipe, b".")
    os.close(pipe)
