"""Figures of a ledger: quantity, quality, update, use and timeliness of sharing."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from gateway.cli.ledger_reading import LedgerEntry, china_day
from gateway.model.times import utc

# Entries of calls; the others tell what was done to the node.
CALLS = frozenset({"seal", "open", "reveal"})
# Refusals that are due to the records, not to who asked.
ILL_RECORDS = frozenset(
    {"FIELD_INVALID", "FIELD_UNCATALOGUED", "RECORD_MALFORMED", "REGION_OUT_OF_SCOPE"}
)
# The first 48 bits of an envelope's id are when it was sealed, ms (RFC 9562, UUIDv7).
_TIME_DIGITS = 12

BY: Mapping[str, Callable[[LedgerEntry], str | None]] = {
    "resource": lambda entry: entry.shared.resource,
    "requester": lambda entry: entry.shared.requester,
    "provider": lambda entry: entry.shared.provider,
    "purpose": lambda entry: entry.shared.purpose,
    "day": lambda entry: china_day(entry.shared.time),
    "month": lambda entry: china_day(entry.shared.time)[:7],
    "outcome": lambda entry: entry.shared.outcome,
    "kind": lambda entry: entry.shared.kind,
    "grant": lambda entry: entry.shared.grant,
    "caller": lambda entry: entry.private.caller,
}


class Figure:
    """What came of the calls of one group. Times are Unix ms."""

    __slots__ = (
        "_days", "_delays", "_requesters", "calls", "first", "ill", "last", "opened", "refused",
        "sealed",
    )  # fmt: skip

    def __init__(self) -> None:
        self.calls = self.refused = self.ill = 0
        # Records that left, and that came in.
        self.sealed = self.opened = 0
        self.first: int | None = None
        self.last: int | None = None
        self._delays = array("q")
        self._days: set[str] = set()
        self._requesters: set[str] = set()

    def add(self, entry: LedgerEntry) -> None:
        """Count a call."""
        shared = entry.shared
        count = 1 if shared.count is None else shared.count
        self.calls += count
        self.first = shared.time if self.first is None else min(self.first, shared.time)
        self.last = shared.time if self.last is None else max(self.last, shared.time)
        if shared.outcome != "ok":
            self.refused += count
            self.ill += count if shared.outcome in ILL_RECORDS else 0
            return
        self._days.add(china_day(shared.time))
        if shared.requester is not None:
            self._requesters.add(shared.requester)
        if shared.kind == "seal":
            self.sealed += shared.records or 0
        elif shared.kind == "open":
            self.opened += shared.records or 0
            if shared.envelope is not None:
                sealed = int(shared.envelope[:_TIME_DIGITS], 16)
                self._delays.append(max(0, shared.time - sealed))

    def delay(self, share: float) -> float | None:
        """Return within how many seconds of its sealing this share was opened, if any was."""
        if not self._delays:
            return None
        ordered = sorted(self._delays)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1000

    def plain(self) -> dict[str, object]:
        """Return the figure as `--json` prints it."""
        return {
            "calls": self.calls,
            "refused": self.refused,
            "ill_records": self.ill,
            "records_sealed": self.sealed,
            "records_opened": self.opened,
            "requesters": len(self._requesters),
            "days": len(self._days),
            "delay_median": self.delay(0.5),
            "delay_95": self.delay(0.95),
            "first": None if self.first is None else utc(self.first // 1000),
            "last": None if self.last is None else utc(self.last // 1000),
        }


class Figures:
    """Figures of all calls, and of groups of them."""

    def __init__(self, ways: Sequence[str]) -> None:
        """Group in these ways; see `BY`."""
        self.all = Figure()
        self.groups: dict[str, dict[str, Figure]] = {way: {} for way in ways}
        self.refusals: Counter[str] = Counter()
        # Entries that are no calls, by kind.
        self.others: Counter[str] = Counter()

    def add(self, entries: Iterable[LedgerEntry]) -> "Figures":
        """Count entries."""
        for entry in entries:
            if entry.shared.kind not in CALLS:
                self.others[entry.shared.kind] += 1
                continue
            self.all.add(entry)
            if entry.shared.outcome != "ok":
                self.refusals[entry.shared.outcome] += entry.shared.count or 1
            for way, groups in self.groups.items():
                name = BY[way](entry) or ""
                figure = groups.get(name)
                if figure is None:
                    groups[name] = figure = Figure()
                figure.add(entry)
        return self

    def sorted(self, way: str) -> list[tuple[str, Figure]]:
        """Return the groups of one way: by time where that is what they are, else by calls."""
        groups = self.groups[way].items()
        if way in ("day", "month"):
            return sorted(groups)
        return sorted(groups, key=lambda one: (-one[1].calls, one[0]))
