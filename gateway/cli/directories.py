"""`--node` and `--trust` of commands that check what others signed: whose keys are whose."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from gateway.cli.words import WrongUseError, read_input
from gateway.config import Places
from gateway.errors import TrustStaleError
from gateway.model.times import utc
from gateway.model.trust import Catalogue, Department
from gateway.stores.files import read_folder
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.trust import read_department, read_trust

# As large as `sealgate trust import` takes one.
MAX_ENTRY_BYTES = 1024 * 1024


class Directory(NamedTuple):
    """Departments with their keys; of trust data its version and its catalogue too."""

    departments: Mapping[str, Department]
    catalogue: Catalogue | None = None
    version: int | None = None

    def name(self, department: str | None) -> str | None:
        """Return a department's name, if it is in the directory."""
        found = self.departments.get(department or "")
        return None if found is None else found.name


def add_directory(parser: argparse.ArgumentParser) -> None:
    """Add the options that say whose keys are believed."""
    side = parser.add_mutually_exclusive_group(required=True)
    side.add_argument(
        "--node", type=Path, metavar="DIR", help="by the trust data of this node 节点目录"
    )
    side.add_argument(
        "--trust",
        type=Path,
        action="append",
        metavar="PATH",
        help="by what `sealgate trust export` wrote: trust data, or departments' entries "
        "导出的信任数据或部门条目",
    )


def read_directory(chosen: argparse.Namespace, now: int) -> Directory:
    """Read the directory that the options name; `now` is Unix seconds.

    Trust data past its term is told of on standard error: it may be all that is left
    of the time that is asked about, but it knows no key that was revoked since.
    Raises: WrongUseError, TrustStaleError, CatalogueInvalidError, ConfigurationInvalidError.
    """
    if chosen.node is not None:
        return _read_trust(_current(chosen.node), now)
    paths: list[Path] = chosen.trust
    if len(paths) == 1 and paths[0].is_dir():
        return _read_trust(paths[0], now)
    if any(path.is_dir() for path in paths):
        raise WrongUseError("--trust is one folder, or entries 应为一个文件夹或若干条目文件")
    entries = [read_department(read_input(path, MAX_ENTRY_BYTES), str(path)) for path in paths]
    return Directory({entry.id: entry for entry in entries})


def _current(node: Path) -> Path:
    """Return the folder of a node's trust data, not by the link, which may come to change."""
    places = Places(node)
    places.node_file()
    try:
        return places.trust / os.readlink(places.trust / "current")
    except OSError:
        raise TrustStaleError(
            reason="there is no trust data here", reason_zh="此处没有信任数据"
        ) from None


def _read_trust(folder: Path, now: int) -> Directory:
    trust = read_trust(read_folder(folder, TRUST_SUFFIXES), now)
    if trust.expires <= now:
        print(
            f"trust data version {trust.version} was fresh until {utc(trust.expires)}; it knows "
            f"nothing since 信任数据版本 {trust.version} 已于 {utc(trust.expires)} 过期，"
            "此后的变更（如密钥撤销）未知",
            file=sys.stderr,
        )
    return Directory(trust.departments, trust.catalogue, trust.version)
