"""An authority survives what happens to it: full disks, killed processes, many at once."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.authority import Authority
from gateway.authority.register import Register
from gateway.config import Places
from tests.gateway.authority_desk import claims_of, issued_grant, verify, wanted, write_register

ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from gateway.authority.register import Register, Revoked
from gateway.errors import ConfigurationInvalidError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
limit = path.stat().st_size + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    Register(path).append(Revoked(jti="grant-000000", at=1))
except ConfigurationInvalidError as error:
    print(error.code)
"""


@pytest.mark.parametrize("room", [0, 1, 20])
def test_a_full_disk_leaves_the_register_as_it_was(folder: Path, room: int) -> None:
    """Not even a part of a line stays, and the caller is told."""
    path = write_register(folder, issued_grant(0))
    before = path.read_bytes()
    told, failed = run(FULL_DISK, path, room).communicate(timeout=60)
    assert told.split() == ["CONFIGURATION_INVALID"], failed
    assert path.read_bytes() == before


DYING = """
import os, signal, sys
from gateway.authority import Authority
from tests.gateway.authority_desk import wanted

class Dying:
    def __init__(self, keys, after):
        self.keys, self.left = keys, after
    def __getattr__(self, name):
        return getattr(self.keys, name)
    def sign(self, key_id, message):
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        return self.keys.sign(key_id, message)

keys = Authority(sys.argv[1])._keys
print(Authority(sys.argv[1], keys=Dying(keys, int(sys.argv[2]))).issue(wanted()))
"""


@pytest.mark.parametrize("after", [0, 1])
def test_a_process_killed_while_it_issues_leaves_a_whole_authority(
    authority: Authority, folder: Path, after: int
) -> None:
    """Killed before the token, or before the list: no token is out, and all goes on."""
    told, _ = run(DYING, folder, after).communicate(timeout=60)
    assert told == ""
    issued, _ = Register(Places(folder).register).read()
    assert len(issued) == after
    token = authority.issue(wanted())
    assert claims_of(token).status.status_list.idx == after
    assert verify(authority, token) == "ok"
    for jti in issued:
        authority.revoke(jti)
    assert verify(authority, token) == "ok"


ISSUING = """
import sys
from gateway.authority import Authority
from tests.gateway.authority_desk import claims_of, wanted
authority = Authority(sys.argv[1])
for number in range(int(sys.argv[2])):
    token = authority.issue(wanted())
    print(token, flush=True)
    if number % 2:
        authority.revoke(claims_of(token).jti)
"""


def test_many_processes_issue_and_revoke_at_once(authority: Authority, folder: Path) -> None:
    """No index twice, no revocation lost, every published version whole and newer."""
    processes = [run(ISSUING, folder, 4) for _ in range(3)]
    tokens = []
    for process in processes:
        told, failed = process.communicate(timeout=60)
        assert process.returncode == 0, failed
        tokens += told.split()
    indexes = [claims_of(token).status.status_list.idx for token in tokens]
    assert sorted(indexes) == list(range(12))
    outcomes = [verify(authority, token) for token in tokens]
    assert outcomes == ["ok", "TOKEN_REVOKED"] * 6
    # Founding published once; then 12 grants, 6 revocations.
    assert authority.trust().version == 1 + 12 + 6
