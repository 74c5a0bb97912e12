"""Run a program in a root directory of its own: ROOT UID GID FOLDER PROGRAM [ARGUMENT ...].

What a container engine does, less the rest: the program sees the files below ROOT
and nothing else, as a user without any right of ours. Without root's rights that
takes a user namespace, where UID and GID stand for the user who calls.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000


def enter(root: str, uid: int, gid: int, folder: str) -> None:
    """Go into the root directory, and give up what is not the user's."""
    ours = os.geteuid() == 0
    if not ours:
        _be_root_of_our_own(uid, gid)
    os.chroot(root)
    os.chdir(folder)
    if ours:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o022)


def _be_root_of_our_own(uid: int, gid: int) -> None:
    user, group = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "no user namespace")
    process = Path("/proc/self")
    (process / "setgroups").write_text("deny", "ascii")
    (process / "uid_map").write_text(f"{uid} {user} 1", "ascii")
    (process / "gid_map").write_text(f"{gid} {group} 1", "ascii")


if __name__ == "__main__":
    _, place, owner, owners, start, *program = sys.argv
    enter(place, int(owner), int(owners), start)
    os.execvp(program[0], program)  # noqa: S606 - no shell between
