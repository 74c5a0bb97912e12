"""`sealgate ledger subject`: every disclosure about one identifier, for who holds the keys."""

import argparse
import sys
import warnings
from collections.abc import Iterator, Mapping
from getpass import GetPassWarning, getpass
from pathlib import Path
from typing import NamedTuple

from gateway.cli.terminal import one_line, print_json, progress, table
from gateway.cli.words import WrongUseError, add_command, open_node, read_input
from gateway.ledger.receipts import read_leaf
from gateway.model.call import SUBJECT_BYTES, SharedPart
from gateway.model.times import utc
from gateway.stores.shards import ShardReader, list_shards
from gateway.subjects import SUBJECT_KINDS, SubjectDigester
from keys.errors import KeyUnavailableError
from masking.counting import counted
from masking.kinds import KINDS

# The longest identifier has 18 characters; a file that is larger is something else.
MAX_IDENTIFIER_BYTES = 1024
_STANDARD_INPUT = Path("-")
_HEADERS = (
    "time 时间",
    "kind 类型",
    "counterpart 对方",
    "resource 资源",
    "purpose 用途",
    "grant 授权",
    "fields 信息项",
)


class Disclosure(NamedTuple):
    """An entry about somebody: which one, and what both sides may see of it."""

    shard: str
    number: int
    shared: SharedPart


class Answer(NamedTuple):
    """What a ledger tells of an identifier, and of how many entries it does not tell any more."""

    found: list[Disclosure]
    entries: int
    erased: int


def add(group: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ledger subject`."""
    subject = add_command(
        group,
        "subject",
        _subject,
        "list every disclosure about one identifier 查询某一主体的全部提供记录",
        node=True,
    )
    subject.add_argument(
        "--kind", required=True, choices=SUBJECT_KINDS, help="what it is 标识符类别"
    )
    subject.add_argument(
        "--identifier",
        type=Path,
        metavar="FILE",
        help="file that holds it, - for standard input; else it is asked for 标识符文件",
    )
    add_caller(subject)


def add_caller(command: argparse.ArgumentParser) -> None:
    """Add the options that tell the ledger who asks."""
    command.add_argument("--caller", default="cli", help="who asks, for the ledger 经手人")
    command.add_argument("--reference", help="own file number, for the ledger 内部文号")


def _subject(chosen: argparse.Namespace) -> int:
    value = _identifier(chosen)
    misfits = KINDS[chosen.kind].misfits
    if misfits is not None and misfits([value]):
        print(
            f"what was given is no well-formed {chosen.kind}: look for a slip "
            "给出的标识符格式不符，请检查是否有误",
            file=sys.stderr,
        )
    with open_node(chosen) as node:
        wanted = {
            one.key_id: one.digests for one in SubjectDigester(node.keys).of_one(chosen.kind, value)
        }
        if not wanted:
            raise KeyUnavailableError(
                reason="the node holds no pseudonym key", reason_zh="节点没有假名密钥"
            )
        node.administer(
            f"ledger subject: {chosen.kind}", caller=chosen.caller, reference=chosen.reference
        )
        department, folder = node.department, node.places.ledger
    answer = _search(folder, wanted)
    if chosen.json:
        plain = [_plain(one, department) for one in answer.found]
        told = {"kind": chosen.kind, "entries": answer.entries, "erased": answer.erased}
        print_json({**told, "disclosures": plain})
        return 0
    _show(answer, department)
    return 0


def _identifier(chosen: argparse.Namespace) -> str:
    """Read the identifier from a place that shows it to nobody else."""
    if chosen.identifier is None:
        text = _asked()
    else:
        if chosen.identifier == _STANDARD_INPUT:
            data = sys.stdin.buffer.read(MAX_IDENTIFIER_BYTES + 1)
        else:
            data = read_input(chosen.identifier, MAX_IDENTIFIER_BYTES)
        text = data.decode("utf-8-sig", "replace")
    value = text.strip()
    if not value or len(value) > MAX_IDENTIFIER_BYTES or not value.isprintable():
        raise WrongUseError("give one identifier, on one line 请给出一个标识符，单独一行")
    return value


def _asked() -> str:
    try:
        with warnings.catch_warnings():
            # Without a terminal `getpass` would show what is typed.
            warnings.simplefilter("error", GetPassWarning)
            return getpass("标识符 / Identifier: ")
    except (EOFError, GetPassWarning):
        raise WrongUseError(
            "there is no terminal to ask at: give --identifier 没有终端，请使用 --identifier"
        ) from None


def _search(folder: Path, wanted: Mapping[str, bytes]) -> Answer:
    found = list[Disclosure]()
    entries = erased = 0
    for path in progress(list_shards(folder), "shards 分片"):
        with ShardReader(path) as shard:
            entries += shard.size()
            erased += shard.erased()
            found += _in_shard(shard, wanted)
    found.sort(key=lambda one: one.shared.time)
    return Answer(found, entries, erased)


def _in_shard(shard: ShardReader, wanted: Mapping[str, bytes]) -> Iterator[Disclosure]:
    for number, subjects in shard.subjects():
        digest = wanted.get(subjects.key_id)
        if digest is not None and _holds(subjects.digests, digest):
            yield Disclosure(shard.name, number, read_leaf(shard.row(number).leaf).shared)


def _holds(digests: bytes, digest: bytes) -> bool:
    at = digests.find(digest)
    # What begins within one digest and ends in the next is none.
    while at % SUBJECT_BYTES and at > 0:
        at = digests.find(digest, at + 1)
    return at >= 0


def _counterpart(shared: SharedPart, department: str) -> str | None:
    return shared.requester if shared.provider == department else shared.provider


def _show(answer: Answer, department: str) -> None:
    rows = [
        (
            utc(one.shared.time // 1000),
            one.shared.kind,
            _counterpart(one.shared, department) or "",
            one.shared.resource or "",
            one.shared.purpose or "",
            one.shared.grant or "",
            ", ".join(f"{field} {operator}" for field, operator in one.shared.fields),
        )
        for one in answer.found
    ]
    if rows:
        print(table(_HEADERS, [tuple(map(one_line, row)) for row in rows]))
    count = counted(len(rows), "disclosure")
    entries = counted(answer.entries, "entry", "entries")
    print(f"{count} in {entries} 共 {answer.entries} 条，其中 {len(rows)} 条涉及该标识符")
    if answer.erased:
        print(
            f"{counted(answer.erased, 'entry', 'entries')} may be about it too: of these it was "
            f"erased whom they are about 另有 {answer.erased} 条的主体摘要已删除，无法判断"
        )


def _plain(one: Disclosure, department: str) -> dict[str, object]:
    shared = one.shared
    return {
        "shard": one.shard,
        "number": one.number,
        "time": shared.time,
        "kind": shared.kind,
        "counterpart": _counterpart(shared, department),
        "resource": shared.resource,
        "purpose": shared.purpose,
        "grant": shared.grant,
        "fields": [list(field) for field in shared.fields],
    }
