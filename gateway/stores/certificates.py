"""The files of a sidecar's TLS: read within bounds, and made without ever overwriting one."""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from gateway.certificates.judging import FileNames
from gateway.config import ListenFile
from gateway.errors import ConfigurationInvalidError
from gateway.stores.files import sync_folder
from keys.derive import Secret
from keys.errors import KeyUnavailableError
from keys.stores.disk import read_private

# A chain or a bundle takes some kilobytes; stops a file of another kind.
MAX_PEM_BYTES = 256 * 1024

# By which a file is known to be another: inode, size, and when it was changed.
Stamp = tuple[tuple[int, ...], ...]


class Pems(NamedTuple):
    """What the three files hold."""

    certificate: bytes
    key: Secret
    clients: bytes


class NewFile(NamedTuple):
    """A file to be made: its path, what it holds, and its mode."""

    path: Path
    content: bytes
    mode: int = 0o644


class TlsFiles:
    """The three files that `listen` of a `node.yaml` names."""

    def __init__(self, folder: Path, listen: ListenFile) -> None:
        self._certificate = folder / listen.certificate
        self._key = folder / listen.key
        self._clients = folder / listen.clients

    @property
    def names(self) -> FileNames:
        """What messages call them."""
        certificate, key, clients = map(str, (self._certificate, self._key, self._clients))
        return FileNames(certificate=certificate, key=key, clients=clients)

    def stamp(self) -> Stamp:
        """Tell them from others in their places, for the price of three `stat`."""
        return tuple(map(_stamp, (self._certificate, self._key, self._clients)))

    def read(self) -> Pems:
        """Read them. Raises: ConfigurationInvalidError."""
        certificate, clients = read_pem(self._certificate), read_pem(self._clients)
        try:
            key = read_private(self._key, MAX_PEM_BYTES)
        except KeyUnavailableError as refusal:
            raise ConfigurationInvalidError(
                reason=refusal.message, reason_zh=refusal.message_zh
            ) from None
        return Pems(certificate, key, clients)


def read_pem(path: Path) -> bytes:
    """Read a file of certificates. Raises: ConfigurationInvalidError."""
    try:
        # Not blocking: a pipe put in the file's place would hold the process.
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            content = file.read(MAX_PEM_BYTES + 1) or b""
    except OSError as error:
        raise ConfigurationInvalidError(
            reason=f"{path} is not read: {error.strerror}; `sealgate certs` makes such files",
            reason_zh=f"未读取 {path}：{error.strerror}；可用 `sealgate certs` 生成",
        ) from None
    if len(content) > MAX_PEM_BYTES:
        raise ConfigurationInvalidError(
            reason=f"{path} is larger than {MAX_PEM_BYTES} bytes; put the right file there",
            reason_zh=f"{path} 超过 {MAX_PEM_BYTES} 字节，请放入正确的文件",
        )
    return content


def create_files(files: Sequence[NewFile]) -> None:
    """Make files where there are none, all or none of them, whole and durable.

    Their folders are made too, for their owner alone. Raises:
    ConfigurationInvalidError where there is one already, OSError.
    """
    made: list[Path] = []
    try:
        for file in files:
            file.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create(file)
            made.append(file.path)
        for folder in {file.path.parent for file in files}:
            sync_folder(folder)
    except FileExistsError as error:
        _unmake(made)
        there = os.fsdecode(error.filename2 or error.filename or "")
        raise ConfigurationInvalidError(
            reason=f"{there} exists already and is not overwritten; name another folder",
            reason_zh=f"{there} 已存在，不会覆盖；请指定其他目录",
        ) from None
    except BaseException:
        _unmake(made)
        raise


def _create(file: NewFile) -> None:
    fresh = file.path.with_name(f".{secrets.token_hex(8)}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with open(os.open(fresh, flags, 0o600), "wb") as writing:
            writing.write(file.content)
            writing.flush()
            os.fchmod(writing.fileno(), file.mode)
            os.fsync(writing.fileno())
        # Unlike a rename, a link takes no name that is taken.
        os.link(fresh, file.path)
    finally:
        fresh.unlink(missing_ok=True)


def _unmake(made: Sequence[Path]) -> None:
    for path in made:
        with suppress(OSError):
            path.unlink()


def _stamp(path: Path) -> tuple[int, ...]:
    with suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return ()
