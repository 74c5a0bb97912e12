"""Trust data on a node's disk: whole versions side by side, one of them current."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from gateway.errors import TrustStaleError
from gateway.model.trust import Trust
from gateway.stores.files import read_folder, sync_folder, write_whole
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.trust import read_trust

# Versions kept beside the current one, to look at after the fact.
KEPT_VERSIONS = 3


def install_trust(folder: Path, files: Mapping[str, bytes], now: int) -> Trust:
    """Install trust data if it can be read and is no older than what is here.

    `folder` is a node's trust folder, `now` Unix seconds.
    Raises: CatalogueInvalidError, TrustStaleError.
    """
    trust = read_trust(files, now)
    versions = folder / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    _refuse_older(folder / "current", trust, now)
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


def _refuse_older(current: Path, trust: Trust, now: int) -> None:
    if not current.exists():
        return
    held = read_trust(read_folder(current, TRUST_SUFFIXES), now)
    if trust.version < held.version:
        raise TrustStaleError(
            reason=f"version {trust.version} is older than version {held.version} here",
            reason_zh=f"版本 {trust.version} 早于现有版本 {held.version}",
        )
    for uri, old in held.status_lists.items():
        new = trust.status_lists.get(uri)
        if new is None or new.issued < old.issued:
            raise TrustStaleError(
                reason="its status list is older than the one here",
                reason_zh="其状态列表早于现有列表",
            )


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
    """Write files into a new folder that appears whole or not at all."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        for name, content in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        if folder.is_dir():
            shutil.rmtree(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
