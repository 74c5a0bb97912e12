"""Names of ledgers: which department's, which node's, which shard. No I/O."""

import re
from typing import NamedTuple

# A shard's name: who writes it, when it was begun (ms, hex), and what makes it unlike any other.
_SHARD = r"(?P<writer>node|worker-[0-9]{1,3})-(?P<begun>[0-9a-f]{12})-(?P<tag>[0-9a-f]{8})"
_shard = re.compile(_SHARD)
_origin = re.compile(
    r"sealgate/(?P<department>[0-9A-Z]{18})/(?P<node>[a-z0-9][a-z0-9._-]{0,63})/"
    rf"(?P<shard>{_SHARD})"
)
TAG_BYTES = 4
# Who writes the entries of commands; a worker of a sidecar writes its own.
COMMANDS = "node"


class Origin(NamedTuple):
    """Where a shard stands: the first line of its checkpoints (C2SP tlog-checkpoint)."""

    department: str
    node: str
    shard: str

    def __str__(self) -> str:
        return f"sealgate/{self.department}/{self.node}/{self.shard}"


def read_origin(text: str) -> Origin:
    """Read an origin of ours.

    Raises: ValueError.
    """
    found = _origin.fullmatch(text)
    if found is None:
        raise ValueError("no origin of a shard")
    return Origin(found["department"], found["node"], found["shard"])


def worker_writer(worker: int) -> str:
    """Name the writer that a worker of a sidecar is, numbered from 0."""
    return f"worker-{worker}"


def shard_name(writer: str, now: int, tag: bytes) -> str:
    """Name a shard that is begun now (ms); no two are named alike."""
    return f"{writer}-{now:012x}-{tag.hex()}"


def read_shard_name(name: str) -> tuple[str, int] | None:
    """Return who writes the shard of that name, and when it was begun (ms), if it is one."""
    found = _shard.fullmatch(name)
    return None if found is None else (found["writer"], int(found["begun"], 16))
