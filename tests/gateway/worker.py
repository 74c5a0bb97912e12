"""A town on disk, and processes of its nodes that do as they are told, line by line."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn, Self

import msgspec

from gateway.authority import Authority, GrantRequest
from gateway.founding import World, found_world
from gateway.grants.claims import Approval
from gateway.model.call import Entry, Receipt, SealRequest
from gateway.node import Node
from gateway.stores.clock import system_clock
from gateway.stores.files import write_whole
from gateway.testing import FIELDS, PURPOSE, RESOURCE, SCENARIO
from keys.errors import SealgateError
from tests.gateway.ledger_shards import EmptyLedger

ROOT = Path(__file__).parents[2]
SECONDS = 60


class Town(NamedTuple):
    """A founded world with one grant of the requester's."""

    world: World
    token: str

    def place(self, role: str) -> Path:
        """Return the folder of a node."""
        return self.world.folder / role

    def request(self, records: object, **changes: object) -> SealRequest:
        """Return an ordinary request."""
        request = SealRequest(
            resource=RESOURCE,
            purpose=PURPOSE,
            grant=self.token,
            records=msgspec.json.encode(records),
        )
        return msgspec.structs.replace(request, **changes)

    def seal(self, folder: Path, records: object, count: int) -> list[Path]:
        """Seal the same records `count` times, each envelope to a file of its own."""
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / f"{number}.bin" for number in range(count)]
        with Node(self.place("provider")) as provider:
            for file in files:
                file.write_bytes(provider.seal(self.request(records)).envelope)
        return files


def found_town(
    folder: Path,
    *,
    fields: tuple[str, ...] = FIELDS,
    level: str = "G3",
    rows_per_day: int | None = None,
) -> Town:
    """Make the packaged world in a folder; costs some tenths of a second."""
    world = found_world(folder)
    provider, requester = world.departments["provider"], world.departments["requester"]
    token = Authority(world.place("authority")).issue(
        GrantRequest(
            requester=requester.id,
            provider=provider.id,
            resource=RESOURCE,
            purpose=PURPOSE,
            fields=fields,
            level=level,
            scenario=SCENARIO,
            rows_per_day=rows_per_day,
            approval=Approval(by=provider.name, at=system_clock() // 1000, reference="1"),
        )
    )
    for role in ("provider", "requester"):
        write_whole(world.folder / role / "grants" / "one.jwt", token.encode(), mode=0o600)
    world.share_trust()
    return Town(world, token)


class Worker:
    """A process with one node open; `tell` sends a line, `hear` waits for the answer."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.gateway.worker", str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self.hear() == "ready"

    def tell(self, line: str) -> None:
        """Send a command without waiting."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """Return the next answer; empty where the process is gone."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ask(self, line: str) -> str:
        """Send a command and return the answer."""
        self.tell(line)
        return self.hear()

    def kill(self) -> None:
        """Kill the process as a power cut would."""
        self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate(timeout=SECONDS)


class _DyingLedger(EmptyLedger):
    """A ledger at whose door the process is killed."""

    def append(self, entry: Entry) -> Receipt:
        if entry.shared.kind == "open":
            _die()
        return Receipt(leaf=b"", index=0)


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("killed and still here")


def _attempt(action: Callable[[], int]) -> str:
    try:
        return f"ok {action()}"
    except SealgateError as refused:
        return refused.code


def _answer(folder: Path, node: Node, line: str) -> str:
    verb, _, argument = line.partition(" ")
    match verb:
        case "open" | "reopen":
            data = Path(argument).read_bytes()
            return _attempt(lambda: node.open(data, reopen=verb == "reopen").manifest.records)
        case "die":
            with Node(folder, ledger=_DyingLedger()) as dying:
                dying.open(Path(argument).read_bytes())
        case "seal":
            request = msgspec.json.decode(Path(argument).read_bytes(), type=SealRequest)
            return _attempt(lambda: node.seal(request).manifest.records)
    raise AssertionError(f"no such command: {verb}")


def main(folder: Path) -> None:
    """Serve until standard input ends."""
    with Node(folder) as node:
        print("ready", flush=True)
        for line in sys.stdin:
            print(_answer(folder, node, line.strip()), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
