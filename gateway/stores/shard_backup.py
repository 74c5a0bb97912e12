"""All shards of a ledger in one file, and back.

A backup is a tar file of archives, `<shard>.sqlite.gz`, each as `archive` would make
it, and last `SHA256SUMS`, which names every one of them with its digest. Shards in it
are closed: where one is put back, the next entry begins another, so that no ledger ever
goes on in two ways from one place.
"""

import hashlib
import shutil
import tarfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO, NamedTuple, NoReturn

from gateway.errors import LedgerInvalidError
from gateway.ledger.origins import read_origin, read_shard_name
from gateway.stores.files import sync_folder, whole_file
from gateway.stores.shard_checks import agree, check_whole
from gateway.stores.shard_keeping import (
    Kept,
    close_shard,
    compress,
    copied,
    forget_archived,
    keeping,
    remove_plain,
)
from gateway.stores.shards import (
    ARCHIVED_SUFFIX,
    OPEN_SUFFIX,
    ShardReader,
    list_shards,
    shard_of,
)

SUMS = "SHA256SUMS"
# A line has some 120 bytes; stops a file that is something else.
MAX_SUMS_BYTES = 16 * 1024 * 1024
_PRIVATE = 0o600


class Restored(NamedTuple):
    """Shards that were put back, those that were there with as much, and those with more."""

    restored: tuple[Kept, ...]
    there: tuple[Kept, ...]
    longer: tuple[Kept, ...]


def back_up(folder: Path, out: Path, now: int) -> list[Kept]:
    """Write all shards to one file, each as it stands; who writes goes on meanwhile.

    Raises: LedgerInvalidError where one is not whole, LedgerUnavailableError, OSError.
    """
    kept, sums = list[Kept](), ""
    with (
        keeping(folder) as place,
        whole_file(out, _PRIVATE) as file,
        tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in list_shards(folder):
            packed = _packed(path, place, now)
            with ShardReader(packed) as shard:
                kept.append(Kept(shard.name, check_whole(shard)))
            with packed.open("rb") as member:
                digest = hashlib.file_digest(member, "sha256").hexdigest()
                sums += f"{digest}  {packed.name}\n"
                member.seek(0)
                _add(tar, packed.name, packed.stat().st_size, member)
            if packed.parent == place:
                packed.unlink()
        _add(tar, SUMS, len(sums), BytesIO(sums.encode()))
    return kept


def restore(
    folder: Path,
    backup: Path,
    department: str,
    *,
    now: int,
    forget_before: int,
    enter: Callable[[], object],
) -> Restored:
    """Put back what is missing in a ledger, or shorter than in the backup.

    Nothing is changed before all of the backup was checked, and nothing else ever.
    What it says of whom entries before `forget_before` (ms) are about is not put back.
    `enter` is called when all is checked, and before anything is put back; shards that
    are about to be replaced are closed by then.
    Raises: LedgerInvalidError where the backup is damaged, is not of `department`, or
        tells another story than the ledger; LedgerUnavailableError, OSError.
    """
    with keeping(folder) as place:
        staged = _unpacked(backup, place)
        sizes = {path: _check(path, department) for path in staged}
        standing = {shard_of(path): path for path in list_shards(folder)}
        restored, there, longer = list[Kept](), list[Kept](), list[Kept]()
        replacing = []
        for path, entries in sizes.items():
            name = shard_of(path) or ""
            size = _size_beside(path, standing.get(name), entries, now)
            found = Kept(name, entries)
            if size is None or size < entries:
                forget_archived(path, forget_before, place)
                restored.append(found)
                replacing.append(path)
            else:
                (longer if size > entries else there).append(found)
        enter()
        for path in replacing:
            path.replace(folder / path.name)
            sync_folder(folder)
            remove_plain(folder, shard_of(path) or "")
    return Restored(tuple(restored), tuple(there), tuple(longer))


def _packed(path: Path, place: Path, now: int) -> Path:
    if path.name.endswith(ARCHIVED_SUFFIX):
        return path
    copy = copied(path, place)
    close_shard(copy, now)
    packed = place / f"{path.name}.gz"
    compress(copy, packed)
    copy.unlink()
    return packed


def _add(tar: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, _PRIVATE
    tar.addfile(member, content)


def _unpacked(backup: Path, place: Path) -> list[Path]:
    """Lay the archives of a backup out; each is what the backup says it is."""
    found: dict[str, str] = {}
    told: str | None = None
    try:
        with tarfile.open(backup, "r:") as tar:
            for member, content in _files(tar):
                if told is not None or member.name in found:
                    _damaged(backup)
                if member.name == SUMS:
                    told = content.read(MAX_SUMS_BYTES).decode("ascii")
                    continue
                # So that what is called so is a file in this folder, and nowhere else.
                name = member.name.removesuffix(ARCHIVED_SUFFIX)
                if name == member.name or read_shard_name(name) is None:
                    _damaged(backup)
                found[member.name] = _laid(content, place / member.name)
    except (tarfile.TarError, EOFError, ValueError, OverflowError):
        _damaged(backup)
    if told != "".join(f"{digest}  {name}\n" for name, digest in found.items()):
        _damaged(backup)
    return [place / name for name in found]


def _files(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for member in tar:
        # No links, devices or holes: what is read is what stands there.
        plain = member.type == tarfile.REGTYPE and not member.issparse()
        content = tar.extractfile(member) if plain else None
        if content is None:
            raise tarfile.ReadError
        yield member, content


def _laid(content: IO[bytes], path: Path) -> str:
    with whole_file(path, _PRIVATE) as file:
        shutil.copyfileobj(content, file)
    with path.open("rb") as written:
        return hashlib.file_digest(written, "sha256").hexdigest()


def _check(path: Path, department: str) -> int:
    with ShardReader(path) as shard:
        try:
            origin = read_origin(shard.origin)
        except ValueError:
            _invalid(shard.name, "its origin is none of a shard", "来源无效")
        if (origin.department, origin.shard) != (department, shard.name):
            _invalid(shard.name, "it is of another ledger", "属于其他日志")
        if not shard.closed:
            _invalid(shard.name, "it is not closed", "尚未关闭")
        return check_whole(shard)


def _size_beside(packed: Path, standing: Path | None, entries: int, now: int) -> int | None:
    """Return how many entries the ledger has of a shard; where they are fewer it is closed."""
    if standing is None:
        return None
    with ShardReader(standing) as here:
        shorter = here.size() < entries
    if shorter and standing.name.endswith(OPEN_SUFFIX):
        close_shard(standing, now)
    with ShardReader(standing) as here, ShardReader(packed) as there:
        if not agree(here, there):
            _invalid(
                here.name,
                "ledger and backup tell of different entries; keep both, and compare receipts",
                "日志与备份的条目不一致，请保留两者并用凭证核对",
            )
        return here.size()


def _damaged(backup: Path) -> NoReturn:
    raise LedgerInvalidError(
        reason=f"{backup} is no backup, or is damaged", reason_zh=f"{backup} 不是备份或已损坏"
    ) from None


def _invalid(shard: str, reason: str, reason_zh: str) -> NoReturn:
    raise LedgerInvalidError(
        reason=f"{shard}: {reason}", reason_zh=f"{shard}：{reason_zh}"
    ) from None
