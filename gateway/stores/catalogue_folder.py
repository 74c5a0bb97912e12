"""A catalogue's folder, written whole or not at all."""

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NoReturn

from gateway.errors import ConfigurationInvalidError
from gateway.stores.files import write_folder
from masking.counting import counted

_OF_CATALOGUE = re.compile(r"(?:purposes|grades|(?:resources|code-lists)/[^/.][^/]*)\.yaml")


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
    if not _is_catalogue(folder):
        raise _invalid(
            f"{folder} holds something else than a catalogue; name another place",
            f"{folder} 中有目录文件以外的内容，请另选位置",
        )


def check_kept(folder: Path, files: Collection[str]) -> None:
    """Refuse to replace a catalogue by one that lacks resources of it.

    Raises: ConfigurationInvalidError.
    """
    there = sorted(path.name for path in folder.glob("resources/*.yaml"))
    lost = [name for name in there if f"resources/{name}" not in files]
    if lost:
        count = counted(len(lost), "resource")
        raise _invalid(
            f"{count} of {folder} would be lost, {lost[0]} the first; keep them by --with {folder}",
            f"{folder} 中有 {len(lost)} 个资源将会丢失（首个为 {lost[0]}），"
            f"可用 --with {folder} 保留",
        )


def _is_catalogue(folder: Path) -> bool:
    """Tell whether a folder holds a catalogue's files, and nothing else."""

    def unreadable(error: OSError) -> NoReturn:
        raise _invalid(f"{folder} cannot be read", f"{folder} 无法读取") from error

    found = []
    for place, folders, names in os.walk(folder, onerror=unreadable):
        paths = [Path(place, name) for name in (*folders, *names)]
        if any(path.is_symlink() for path in paths):
            return False
        found += [Path(place, name).relative_to(folder).as_posix() for name in names]
    return "purposes.yaml" in found and all(map(_OF_CATALOGUE.fullmatch, found))


def write_catalogue(files: Mapping[str, bytes], folder: Path, *, replace: bool = False) -> None:
    """Write the files of a catalogue into a folder of its own.

    Raises: ConfigurationInvalidError.
    """
    check_place(folder, replace=replace)
    write_folder(files, Path(os.path.realpath(folder)))


def _invalid(reason: str, reason_zh: str) -> ConfigurationInvalidError:
    return ConfigurationInvalidError(reason=reason, reason_zh=reason_zh)
