"""A catalogue's folder, written whole or not at all."""

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from gateway.errors import ConfigurationInvalidError
from gateway.stores.files import sync_folder, write_whole

SUFFIX = ".yaml"


def check_place(folder: Path, *, replace: bool) -> None:
    """Refuse a place where something stands that writing would destroy.

    Raises: ConfigurationInvalidError.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise _invalid(f"{folder} is no folder", f"{folder} 不是文件夹")
    if not any(folder.iterdir()):
        return
    if not replace:
        raise _invalid(
            f"{folder} is not empty; name another place, or --replace it",
            f"{folder} 不是空文件夹，请另选位置，或用 --replace 替换",
        )
    names = [name for _, _, names in os.walk(folder) for name in names]
    if not all(name.endswith(SUFFIX) and not name.startswith(".") for name in names):
        raise _invalid(
            f"{folder} holds something else than a catalogue; name another place",
            f"{folder} 中有目录文件以外的内容，请另选位置",
        )


def write_catalogue(files: Mapping[str, bytes], folder: Path, *, replace: bool = False) -> None:
    """Write the files of a catalogue into a folder of its own.

    Raises: ConfigurationInvalidError.
    """
    check_place(folder, replace=replace)
    folder = Path(os.path.realpath(folder))
    mark = secrets.token_hex(8)
    fresh, old = (folder.with_name(f".{folder.name}.{mark}.{end}") for end in ("new", "old"))
    try:
        for name, content in files.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        if folder.is_dir():
            folder.rename(old)
        fresh.rename(folder)
        sync_folder(folder.parent)
    finally:
        if old.is_dir() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _invalid(reason: str, reason_zh: str) -> ConfigurationInvalidError:
    return ConfigurationInvalidError(reason=reason, reason_zh=reason_zh)
