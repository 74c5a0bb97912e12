"""The file `blocks.yaml`: what a provider cut off itself."""

import fcntl
import os
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct

from gateway.config import NodeInvalidError, Places
from gateway.errors import ConfigurationInvalidError, RequestMalformedError
from gateway.grants.claims import GrantId
from gateway.model.resource import DepartmentId
from gateway.model.trust import Blocks
from gateway.stores.files import read_file, write_whole
from masking import document
from masking.kinds import KINDS


class BlocksFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `blocks.yaml`; a name that nobody can bear is a slip that blocks nobody."""

    requesters: tuple[DepartmentId, ...] = ()
    grants: tuple[GrantId, ...] = ()


def read_blocks(path: Path) -> Blocks:
    """Read what a provider cut off itself; no file, nothing.

    Raises: NodeInvalidError, ConfigurationInvalidError where it cannot be read.
    """
    text = read_file(path)
    if text is None:
        return Blocks()
    found = document.read(text, BlocksFile, file=str(path), error=NodeInvalidError)
    return Blocks(
        requesters=frozenset(found.value.requesters), grants=frozenset(found.value.grants)
    )


def set_block(places: Places, *, requester: str | None, grant: str | None, blocked: bool) -> Blocks:
    """Block a requester or a grant, or lift that; return what is blocked now.

    Raises: RequestMalformedError for what can be no name of either; NodeInvalidError,
        ConfigurationInvalidError where the file cannot be read or written.
    """
    check_blocked(requester=requester, grant=grant, blocked=blocked)
    try:
        lock = os.open(places.folder / "blocks.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            held = read_blocks(places.blocks)
            blocks = Blocks(
                requesters=_changed(held.requesters, requester, blocked),
                grants=_changed(held.grants, grant, blocked),
            )
            write_whole(places.blocks, _spelled(blocks))
        finally:
            os.close(lock)
    except OSError:
        raise ConfigurationInvalidError(
            reason="blocks.yaml cannot be written", reason_zh="blocks.yaml 无法写入"
        ) from None
    return blocks


def check_blocked(*, requester: str | None, grant: str | None, blocked: bool) -> None:
    """Refuse what can be no name: a slip of the pen would block nobody.

    Raises: RequestMalformedError.
    """
    try:
        if grant is not None:
            msgspec.convert(grant, GrantId)
        if requester is not None:
            msgspec.convert(requester, DepartmentId)
    except msgspec.ValidationError:
        raise RequestMalformedError(
            reason="expected a unified social credit code, or the jti of a grant",
            reason_zh="应为统一社会信用代码或授权编号",
        ) from None
    misfits = KINDS["uscc"].misfits
    # What was written by hand with a wrong digit can be lifted.
    if blocked and requester is not None and misfits is not None and misfits([requester]):
        raise RequestMalformedError(
            reason="the requester's check digit is wrong", reason_zh="使用部门代码校验位错误"
        )


def _changed(held: frozenset[str], name: str | None, blocked: bool) -> frozenset[str]:
    if name is None:
        return held
    return held | {name} if blocked else held - {name}


def _spelled(blocks: Blocks) -> bytes:
    listed = {"requesters": sorted(blocks.requesters), "grants": sorted(blocks.grants)}
    return yaml.safe_dump(listed, allow_unicode=True, sort_keys=False, width=100).encode()
