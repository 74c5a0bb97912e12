"""Whether a node can work: every condition, each tried by itself, none left out.

For a service that has the node open (`check`) and for the command, which has its
folder only (`check_folder`). Nothing is entered, charged, claimed or left behind.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import Struct

from gateway.conditions import (
    Condition,
    Finding,
    blocks_read,
    certificates_valid,
    clock_right,
    directory_knows,
    judge,
    keys_usable,
    policy_valid,
    trust_fresh,
)
from gateway.config import ListenFile, NodeFile, Places
from gateway.errors import ConfigurationInvalidError, LedgerUnavailableError, TrustStaleError
from gateway.ledger.origins import COMMANDS
from gateway.model.trust import Blocks, Trust
from gateway.ports import Clock, KeyProvider
from gateway.stores.blocks import read_blocks
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder
from gateway.stores.keyfile import open_keys
from gateway.stores.probes import Obstacle, database_obstacle
from gateway.stores.shards import newest_shard
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.trust import read_trust
from keys.errors import KeyUnavailableError, SealgateError
from masking.policy import Policy, read_policy

if TYPE_CHECKING:
    from gateway.node import Node

T = TypeVar("T")
# Trust data is read as if at the end of time: a clock that is behind is a condition of its own.
_END_OF_TIME = 253_402_300_799


class _Held(Struct, frozen=True, kw_only=True):
    """What could be read of a node; in place of what could not, the refusal."""

    places: Places
    ledger: Path
    file: NodeFile | SealgateError
    keys: KeyProvider | SealgateError
    trust: Trust | SealgateError
    policy: Policy | SealgateError | None
    blocks: Blocks | SealgateError


class Certified(Protocol):
    """Certificates that serve: until when, Unix seconds, and why newer ones do not."""

    @property
    def expires(self) -> int: ...
    @property
    def problem(self) -> ConfigurationInvalidError | None: ...


def check(node: "Node", certificates: Certified | None = None) -> tuple[Condition, ...]:
    """Check an open node, with the keys that it holds and the snapshot that it uses.

    `certificates` are those of a sidecar that listens on TCP.
    """
    keys = _tried(partial(_reload_keys, node))
    try:
        snapshot = node.snapshot()
    except SealgateError:
        # One part of it; the others may be well.
        held = _read(node.places, _ledger_of(node), node.broken_file or node.file, keys)
    else:
        held = _Held(
            places=node.places,
            ledger=_ledger_of(node),
            file=node.broken_file or node.file,
            keys=keys,
            trust=snapshot.trust,
            policy=node.broken_policy or snapshot.policy,
            blocks=snapshot.blocks,
        )
    found = _conditions(held, node.now() // 1000)
    if certificates is None:
        return found
    now = node.now() // 1000
    held_by = certificates
    return *found, _certified(lambda: certificates_valid(held_by.expires, held_by.problem, now))


def check_folder(folder: Path, clock: Clock = system_clock) -> tuple[Condition, ...]:
    """Check the node of a folder; its key file is opened once."""
    places = Places(folder)
    file = _tried(places.node_file)
    keys = file if isinstance(file, SealgateError) else _tried(partial(_open_keys, places, file))
    now = clock() // 1000
    found = _conditions(_read(places, _shard(places, COMMANDS), file, keys), now)
    if isinstance(file, SealgateError) or file.listen is None:
        return found
    return *found, _certified(partial(_certificates_of, file.listen, folder, now))


def _certificates_of(listen: ListenFile, folder: Path, now: int) -> Finding:
    from gateway.certificates.judging import judge_files
    from gateway.stores.certificates import TlsFiles

    files = TlsFiles(folder, listen)
    return certificates_valid(judge_files(*files.read(), files.names, now).expires, None, now)


def _certified(look: Callable[[], Finding]) -> Condition:
    return judge("certificates", "证书", look)


def _conditions(held: _Held, now: int) -> tuple[Condition, ...]:
    file, keys, trust, policy, blocks = held.file, held.keys, held.trust, held.policy, held.blocks
    known = None if isinstance(trust, SealgateError) else trust
    return (
        judge("configuration", "配置", lambda: _configured(_got(file))),
        judge("keys", "密钥", lambda: keys_usable(_got(keys).list_keys(), now)),
        _written("ledger", "日志", database_obstacle(held.ledger)),
        _written(
            "stores",
            "配额与防重放",
            database_obstacle(held.places.state, held.places.repeats),
        ),
        judge("trust", "信任数据", lambda: trust_fresh(_got(trust), now)),
        judge("clock", "时钟", lambda: clock_right(known, now)),
        judge(
            "directory",
            "部门目录",
            lambda: directory_knows(_got(trust), _got(file).department, _got(keys), now),
        ),
        judge(
            "policy",
            "脱敏策略",
            lambda: policy_valid(_got(policy), known, _got(file).department),
        ),
        judge("blocks", "封禁", lambda: blocks_read(_got(blocks))),
    )


def _tried(read: Callable[[], T]) -> T | SealgateError:
    try:
        return read()
    except SealgateError as refusal:
        return refusal


def _got(held: T | SealgateError) -> T:
    if isinstance(held, SealgateError):
        raise held
    return held


def _ledger_of(node: "Node") -> Path:
    return _shard(node.places, node.writer)


def _shard(places: Places, writer: str) -> Path:
    """Return the file that a writer's next entry goes to, or one beside which it would be begun."""
    if not places.ledger.exists():
        return places.ledger
    try:
        return newest_shard(places.ledger, writer) or places.ledger / "new"
    except LedgerUnavailableError:
        return places.ledger / "new"


def _read(
    places: Places,
    ledger: Path,
    file: NodeFile | SealgateError,
    keys: KeyProvider | SealgateError,
) -> _Held:
    trust = _tried(partial(_read_trust, places))
    return _Held(
        places=places,
        ledger=ledger,
        file=file,
        keys=keys,
        trust=trust,
        policy=_tried(partial(_read_policy, places, trust)),
        blocks=_tried(partial(read_blocks, places.blocks)),
    )


def _configured(file: NodeFile) -> Finding:
    whose = f"{file.department} {file.name}"
    return Finding(f"node of {whose}", f"{whose} 的节点")


def _written(name: str, title_zh: str, obstacle: Obstacle | None) -> Condition:
    if obstacle is None:
        return Condition(name=name, title_zh=title_zh, text="can be written", text_zh="可以写入")
    return Condition(
        name=name,
        title_zh=title_zh,
        text=f"cannot be written: {obstacle.text}",
        text_zh=f"无法写入：{obstacle.text_zh}",
        refusal=LedgerUnavailableError(),
    )


def _open_keys(places: Places, file: NodeFile) -> KeyProvider:
    try:
        return open_keys(places, file.passphrase_file)
    except KeyUnavailableError as refusal:
        raise _without_paths(refusal, places, file) from None


def _reload_keys(node: "Node") -> KeyProvider:
    try:
        node.reload()
    except KeyUnavailableError as refusal:
        raise _without_paths(refusal, node.places, node.file) from None
    return node.keys


def _without_paths(
    refusal: KeyUnavailableError, places: Places, file: NodeFile
) -> KeyUnavailableError:
    """Say the same without where secrets lie, which a monitoring system need not keep."""
    text, text_zh = refusal.message, refusal.message_zh
    paths = [(os.path.realpath(places.keys), "the key file", "密钥文件")]
    if file.passphrase_file is not None:
        paths.append((str(places.folder / file.passphrase_file), "the passphrase file", "口令文件"))
    for path, name, name_zh in paths:
        text, text_zh = text.replace(path, name), text_zh.replace(path, name_zh)
    return KeyUnavailableError(reason=text, reason_zh=text_zh)


def _read_trust(places: Places) -> Trust:
    try:
        # What the link leads to now, since it may come to lead elsewhere meanwhile.
        folder = places.trust / os.readlink(places.trust / "current")
        files = read_folder(folder, TRUST_SUFFIXES)
    except FileNotFoundError:
        raise TrustStaleError(
            reason="there is no trust data here", reason_zh="此处没有信任数据"
        ) from None
    except OSError:
        raise _unreadable("trust data", "信任数据") from None
    return read_trust(files, _END_OF_TIME)


def _read_policy(places: Places, trust: Trust | SealgateError) -> Policy | None:
    try:
        text = places.policy.read_bytes()
    except FileNotFoundError:
        if places.policy.is_symlink():
            raise _unreadable("policy.yaml", "policy.yaml") from None
        return None
    except OSError:
        raise _unreadable("policy.yaml", "policy.yaml") from None
    if isinstance(trust, SealgateError):
        return read_policy(text, str(places.policy))
    return read_policy(text, str(places.policy), scheme=trust.catalogue.grades)


def _unreadable(name: str, name_zh: str) -> ConfigurationInvalidError:
    return ConfigurationInvalidError(
        reason=f"{name} cannot be read", reason_zh=f"{name_zh} 无法读取"
    )
