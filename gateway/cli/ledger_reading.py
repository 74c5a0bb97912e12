"""Shards and entries of a ledger, as the commands that only read take them."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

import msgspec

from gateway.cli.terminal import progress
from gateway.cli.words import WrongUseError
from gateway.errors import LedgerInvalidError
from gateway.ledger.entries import Leaf
from gateway.ledger.judging import entry_fault, shard_fault
from gateway.model.call import PrivatePart, SharedPart
from gateway.stores.shards import ShardReader, list_shards, shard_of

_CHINA = timezone(timedelta(hours=8))
_leaf = msgspec.json.Decoder(Leaf).decode
_private = msgspec.json.Decoder(PrivatePart).decode


class LedgerEntry(NamedTuple):
    """An entry with where it stands."""

    shard: str
    number: int
    shared: SharedPart
    private: PrivatePart


class Choice(NamedTuple):
    """Which entries are meant: from when to when (Unix ms), and what else must be so."""

    begin: int | None = None
    end: int | None = None
    resource: str | None = None
    department: str | None = None
    grant: str | None = None
    outcome: str | None = None
    kind: str | None = None
    caller: str | None = None

    def has(self, shared: SharedPart) -> bool:
        """Tell whether the shared part of an entry is as chosen."""
        return (
            (self.begin is None or shared.time >= self.begin)
            and (self.end is None or shared.time < self.end)
            and self.resource in (None, shared.resource)
            and self.department in (None, shared.provider, shared.requester)
            and self.grant in (None, shared.grant)
            and self.kind in (None, shared.kind)
            and self._came_to(shared.outcome)
        )

    def _came_to(self, outcome: str) -> bool:
        if self.outcome == "refused":
            return outcome != "ok"
        return self.outcome in (None, outcome)


def add_period(parser: argparse.ArgumentParser) -> None:
    """Add the options that bound a time."""
    parser.add_argument(
        "--from",
        dest="begin",
        type=_begin,
        metavar="TIME",
        help="day (in China) or time with zone, from then on 起始日期或时间",
    )
    parser.add_argument(
        "--to",
        dest="end",
        type=_end,
        metavar="TIME",
        help="until the end of that day, or before that time 截止日期或时间",
    )


def read_entries(folder: Path, choice: Choice) -> Iterator[LedgerEntry]:
    """Read the entries of a ledger's folder that are chosen, shard by shard, by their numbers.

    Raises: LedgerUnavailableError, LedgerInvalidError.
    """
    for path in progress(list_shards(folder), "shards 分片"):
        with open_shard(path) as shard:
            for number, leaf, _, kept in shard.rows():
                try:
                    shared = _leaf(leaf).shared
                    if not choice.has(shared):
                        continue
                    private = _private(kept)
                except (msgspec.DecodeError, TypeError):
                    raise entry_fault(
                        shard.name, number, "it cannot be read", "条目无法解析"
                    ) from None
                if choice.caller in (None, private.caller):
                    yield LedgerEntry(shard.name, number, shared, private)


@contextmanager
def open_shard(path: Path) -> Iterator[ShardReader]:
    """Open a shard; what is wrong with its file is said with its name.

    Raises: LedgerUnavailableError, LedgerInvalidError.
    """
    name = shard_of(path) or path.name
    try:
        with ShardReader(path) as shard:
            yield shard
    except LedgerInvalidError as fault:
        if name in fault.message:
            raise
        raise shard_fault(
            name, "its file is no shard, or is damaged", "其文件不是日志分片或已损坏"
        ) from None


def find_shard(folder: Path, name: str) -> Path:
    """Return the file of a shard. Raises: WrongUseError where there is none."""
    for path in list_shards(folder):
        if shard_of(path) == name:
            return path
    raise WrongUseError("the ledger has no shard of that name 日志中没有该分片")


def china_time(time: int) -> str:
    """Spell Unix milliseconds as a time in China, with its zone."""
    return datetime.fromtimestamp(time // 1000, _CHINA).isoformat()


def china_day(time: int) -> str:
    """Spell the day in China of Unix milliseconds."""
    return datetime.fromtimestamp(time // 1000, _CHINA).date().isoformat()


def _begin(text: str) -> int:
    return _moment(text, timedelta())


def _end(text: str) -> int:
    return _moment(text, timedelta(days=1))


def _moment(text: str, more: timedelta) -> int:
    """Return Unix ms of a time, or of a day and what is more."""
    try:
        if len(text) == len("2026-11-20"):
            day = date.fromisoformat(text)
            moment = datetime(day.year, day.month, day.day, tzinfo=_CHINA) + more
        else:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=_CHINA)
        return int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            "write a day such as 2026-11-20, or a time such as 2026-11-20T08:00:00+08:00 "
            "请写日期或时间"
        ) from None
