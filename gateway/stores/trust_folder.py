"""Trust data on a node's disk: whole versions side by side, one of them current."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from gateway.errors import ConfigurationInvalidError, TrustStaleError
from gateway.model.trust import StatusList, Trust
from gateway.stores.files import read_folder, sync_folder, write_folder, write_whole
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.trust import read_trust
from keys.errors import SealgateError

# Versions kept beside the current one, to look at after the fact.
KEPT_VERSIONS = 3


def install_trust(folder: Path, files: Mapping[str, bytes], now: int) -> Trust:
    """Install trust data if it can be read and is no older than what is here.

    One version is one content: the same may come again, another may not.
    `folder` is a node's trust folder, `now` Unix seconds.
    Raises: CatalogueInvalidError, TrustStaleError.
    """
    trust = read_trust(files, now)
    versions = folder / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        _refuse_older(folder / "current", trust, files, now)
        target = _free_name(versions, trust.version)
        for name, content in files.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        link = folder / ".current"
        link.unlink(missing_ok=True)
        link.symlink_to(target.relative_to(folder))
        link.replace(folder / "current")
        sync_folder(folder)
        _sweep(versions, target)
    return trust


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other imports from coming between the look at what is here and the change."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _refuse_older(current: Path, trust: Trust, files: Mapping[str, bytes], now: int) -> None:
    if not current.is_symlink():
        return
    held = _held(current, now)
    if trust.version < held.version:
        raise TrustStaleError(
            reason=f"version {trust.version} is older than version {held.version} here",
            reason_zh=f"版本 {trust.version} 早于现有版本 {held.version}",
        )
    if trust.version == held.version and held.files not in (None, files):
        raise TrustStaleError(
            reason=f"it says other things than version {held.version} here, under the same number",
            reason_zh=f"其内容与现有版本 {held.version} 不同，版本号却相同",
        )
    for uri, old in held.lists.items():
        # A list may go with the issuer's key; else an older one could follow it.
        new = trust.status_lists.get(uri)
        if (new is None and not _key_gone(trust, old.iss)) or (new and new.issued < old.issued):
            raise TrustStaleError(
                reason="a status list in it is missing, or older than the one here",
                reason_zh="其中的状态列表缺失或早于现有列表",
            )


def _key_gone(trust: Trust, iss: str) -> bool:
    issuer = trust.issuers.get(iss)
    return issuer is None or any(key.revoked_at is not None for key in issuer.keys)


class _Held(NamedTuple):
    """What is here: its version, status lists and files, None where it is past reading."""

    version: int
    lists: Mapping[str, StatusList]
    files: Mapping[str, bytes] | None


def _held(current: Path, now: int) -> _Held:
    """Look at what is here.

    What is past reading shall be replaced: then its folder's name tells the version.
    """
    try:
        files = read_folder(current, TRUST_SUFFIXES)
        held = read_trust(files, now)
    except SealgateError:
        name = os.readlink(current).split("/")[-1].split(".")[0]
        return _Held(int(name) if name.isdecimal() else 0, {}, None)
    return _Held(held.version, held.status_lists, files)


def _free_name(versions: Path, version: int) -> Path:
    for attempt in range(1000):
        target = versions / f"{version:08d}.{attempt}"
        try:
            target.mkdir()
        except FileExistsError:
            continue
        return target
    raise TrustStaleError(
        reason="this version was imported too often", reason_zh="该版本导入次数过多"
    )


def _sweep(versions: Path, current: Path) -> None:
    others = sorted(path for path in versions.iterdir() if path != current)
    for path in others[:-KEPT_VERSIONS]:
        shutil.rmtree(path, ignore_errors=True)


def copy_out(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a folder that appears whole or not at all.

    Replaces what an earlier export left there, and nothing else.
    Raises: ConfigurationInvalidError.
    """
    folder = Path(os.path.realpath(folder))
    _refuse_foreign(folder)
    write_folder(files, folder)


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists():
        return
    ours = folder.is_dir() and (folder / "trust.yaml").is_file()
    names = (name for _, _, names in os.walk(folder) for name in names)
    if not ours or not all(name.endswith(TRUST_SUFFIXES) for name in names):
        raise ConfigurationInvalidError(
            reason=f"{folder} holds something else than trust data; name another place",
            reason_zh=f"{folder} 中有信任数据以外的内容，请另选位置",
        )
