"""The register of issued grants: one JSON line a grant or revocation, append-only."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gateway.errors import ConfigurationInvalidError

# What a grant may name as its place in a status list (`gateway.grants.claims`).
MAX_INDEX = 100_000_000


class Issued(Struct, frozen=True, kw_only=True, tag="issued"):
    """A grant was issued: its `jti` and index in the status list, no token."""

    jti: str
    index: Annotated[int, Meta(ge=0, le=MAX_INDEX)]
    sub: str
    aud: str
    resource: str
    exp: int


class Revoked(Struct, frozen=True, kw_only=True, tag="revoked"):
    """A grant was revoked at Unix seconds `at`."""

    jti: str
    at: int


_line = msgspec.json.Decoder(Issued | Revoked)
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)


class Register:
    """Grants of one issuer by index of the status list."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from writing meanwhile."""
        handle = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def read(self) -> tuple[dict[str, Issued], set[str]]:
        """Return the grants issued and the ids of those revoked.

        Raises: ConfigurationInvalidError.
        """
        issued: dict[str, Issued] = {}
        revoked: set[str] = set()
        for number, line in enumerate(self._kept().splitlines(), 1):
            try:
                entry = _line.decode(line)
            except _UNREADABLE:
                raise ConfigurationInvalidError(
                    reason=f"line {number} of {self._path.name} cannot be read",
                    reason_zh=f"{self._path.name} 第 {number} 行无法读取",
                ) from None
            if isinstance(entry, Issued):
                issued[entry.jti] = entry
            else:
                revoked.add(entry.jti)
        return issued, revoked

    def append(self, entry: Issued | Revoked) -> None:
        """Write one line durably; to be called within `locked`.

        Raises: ConfigurationInvalidError; the register then says what it said.
        """
        kept, line = self._kept(), msgspec.json.encode(entry) + b"\n"
        if kept and not kept.endswith(b"\n"):
            line = b"\n" + line
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                _write_at(handle, len(kept), line)
            finally:
                os.close(handle)
        except OSError:
            raise ConfigurationInvalidError(
                reason=f"{self._path.name} cannot be written",
                reason_zh=f"{self._path.name} 无法写入",
            ) from None

    def _kept(self) -> bytes:
        """Return the file, without a last line that a process died over.

        Nobody was told that such a grant was issued or revoked.
        """
        if not self._path.exists():
            return b""
        content = self._path.read_bytes()
        end = content.rfind(b"\n") + 1
        try:
            _line.decode(content[end:])
        except _UNREADABLE:
            return content[:end]
        return content


def _write_at(handle: int, end: int, line: bytes) -> None:
    os.ftruncate(handle, end)
    try:
        if os.pwrite(handle, line, end) != len(line):
            raise OSError("the disk is full")
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, end)
        raise
