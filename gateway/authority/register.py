"""The register of issued grants: one JSON line a grant or revocation, append-only."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.errors import ConfigurationInvalidError


class Issued(Struct, frozen=True, kw_only=True, tag="issued"):
    """A grant was issued: its `jti` and index in the status list, no token."""

    jti: str
    index: int
    sub: str
    aud: str
    resource: str
    exp: int


class Revoked(Struct, frozen=True, kw_only=True, tag="revoked"):
    """A grant was revoked at Unix seconds `at`."""

    jti: str
    at: int


_line = msgspec.json.Decoder(Issued | Revoked)


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
        if not self._path.exists():
            return issued, revoked
        for number, line in enumerate(self._path.read_bytes().splitlines(), 1):
            try:
                entry = _line.decode(line)
            except msgspec.MsgspecError:
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
        """Write one line durably."""
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, msgspec.json.encode(entry) + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
