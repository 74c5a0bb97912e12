"""Mixed load on a served provider and requester: what callers do, and what befalls a node.

Each call knows how it is meant to end. What ends otherwise is told to the tally.
"""

import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import polars

from benchmarks.run import FIELDS
from gateway.client import Client, RefusedError
from gateway.testing import RESOURCE

OTHER_RESOURCE = "3070010020001/000002"
MEGABYTE = 1024 * 1024
GARBAGE_BYTES = 4_000
# Between what befalls the node.
DISTURBANCE_SECONDS = 1.0


class Pair(NamedTuple):
    """A served provider and requester, and what calls to seal are about."""

    provider: Path
    requester: Path
    about: dict[str, Any]
    stranger: str


class Records(NamedTuple):
    """The same records in both encodings."""

    one: bytes
    many: bytes
    table: polars.DataFrame


class Tally:
    """What happened: calls by their kind, what was not meant to, and envelopes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.calls: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.sealed: set[bytes] = set()
        self.opened: set[bytes] = set()

    def count(self, kind: str) -> None:
        """Count a call that went as it was meant to."""
        with self._lock:
            self.calls[kind] += 1

    def fail(self, kind: str, told: str) -> None:
        """Count one that did not."""
        with self._lock:
            self.wrong[f"{kind}: {told}"] += 1


class Hand:
    """One thread's calls: a mixture that its dice tell."""

    def __init__(self, pair: Pair, records: Records, tally: Tally, dice: Random) -> None:
        self._pair, self._records, self._tally, self._dice = pair, records, tally, dice
        self._sealing = Client(pair.provider / "s" / "case-system")
        self._opening = Client(pair.requester / "s" / "desk")
        self._kinds: dict[str, tuple[int, Callable[[], None]]] = {
            "one record": (24, self._one),
            "1,000 records": (6, self._many),
            "1 record, Arrow": (6, self._one_row),
            "1,000 records, Arrow": (6, self._table),
            "stream": (3, self._stream),
            "explained": (6, self._explain),
            "catalogue": (4, self._catalogue),
            "repeated": (6, self._repeat),
            "refused to seal": (12, self._refused),
            "refused to open": (6, self._unopened),
            "given up": (3, self._given_up),
            "too large": (1, self._large),
        }

    def work(self, ended: threading.Event) -> None:
        """Call until told to end."""
        names = list(self._kinds)
        weights = [weight for weight, _ in self._kinds.values()]
        while not ended.is_set():
            (kind,) = self._dice.choices(names, weights)
            try:
                self._kinds[kind][1]()
            except RefusedError as refusal:
                self._tally.fail(kind, refusal.code)
            except AssertionError as wrong:
                self._tally.fail(kind, f"wrong: {wrong}")
            else:
                self._tally.count(kind)
        self._sealing.close()
        self._opening.close()

    def _seal(self, records: Any, expected: int) -> bytes:
        sealed = self._sealing.seal(records, **self._pair.about)
        self._tally.sealed.add(sealed.envelope_id)
        assert sealed.records == expected, "records"
        return sealed.envelope

    def _open(self, envelope: bytes, **how: Any) -> None:
        self._tally.opened.add(self._opening.open(envelope, **how).envelope_id)

    def _one(self) -> None:
        self._open(self._seal(self._records.one, 1))

    def _many(self) -> None:
        self._open(self._seal(self._records.many, 1_000), encoding="ndjson")

    def _one_row(self) -> None:
        self._open(self._seal(self._records.table[:1], 1), encoding="arrow")

    def _table(self) -> None:
        self._open(self._seal(self._records.table, 1_000), encoding="arrow")

    def _stream(self) -> None:
        batches = [self._records.table[at : at + 200] for at in range(0, 1_000, 200)]
        parts = list(self._sealing.seal_stream(batches, timeout=30, **self._pair.about))
        self._tally.sealed.update(part.part.envelope_id for part in parts)
        envelopes = [part.part.envelope for part in parts]
        opened = list(self._opening.open_stream(envelopes, timeout=30))
        assert len(opened) == len(batches), "parts"
        self._tally.opened.update(part.part.envelope_id for part in opened)

    def _explain(self) -> None:
        told = self._sealing.explain(RESOURCE, self._pair.about["grant"])
        assert len(told.fields) == len(FIELDS), "fields"

    def _catalogue(self) -> None:
        assert self._sealing.resources(), "resources"
        assert self._sealing.resource(RESOURCE).summary.code == RESOURCE, "code"
        self._sealing.status()

    def _repeat(self) -> None:
        request = str(_uuid(self._dice))
        first, again = (
            self._sealing.seal(self._records.one, request_id=request, **self._pair.about)
            for _ in range(2)
        )
        self._tally.sealed.add(first.envelope_id)
        assert again.envelope == first.envelope, "another envelope"
        self._expect(
            "REQUEST_REPEATED",
            lambda: self._sealing.seal(b"[]", request_id=request, **self._pair.about),
        )

    def _refused(self) -> None:
        grant, one = self._pair.about["grant"], self._records.one
        # The last letter of a signature holds bits that do not count.
        broken = grant[:-10] + ("A" if grant[-10] != "A" else "B") + grant[-9:]
        odd: Sequence[tuple[str, bytes, Mapping[str, Any]]] = (
            ("TOKEN_MALFORMED", one, {"grant": "none"}),
            ("TOKEN_SIGNATURE_INVALID", one, {"grant": broken}),
            ("TOKEN_CLAIM_INVALID", one, {"resource": OTHER_RESOURCE}),
            ("PURPOSE_NOT_GRANTED", one, {"purpose": "other"}),
            ("RECORD_MALFORMED", one[:-9], {}),
            ("FIELD_UNCATALOGUED", b'[{"none": 1}]', {}),
            ("FIELD_INVALID", b'[{"name": 1}]', {}),
            ("FIELD_INVALID", b"[" + b'{"name": 1},' * 999 + b"{}]", {}),
            ("RECORD_MALFORMED", b"\xff" * 1000, {"encoding": "arrow"}),
            ("SUITE_REFUSED", one, {"suite": 7}),
        )
        code, records, changed = self._dice.choice(odd)
        self._expect(code, lambda: self._sealing.seal(records, **{**self._pair.about, **changed}))

    def _unopened(self) -> None:
        envelope = self._seal(self._records.one, 1)
        self._open(envelope)
        # Its signature stands last.
        broken = envelope[:-1] + bytes((envelope[-1] ^ 1,))
        self._expect("ENVELOPE_REPLAYED", lambda: self._opening.open(envelope))
        self._expect("ENVELOPE_SIGNATURE_INVALID", lambda: self._opening.open(broken))
        self._expect("ENVELOPE_MALFORMED", lambda: self._opening.open(envelope[:-100]))
        self._expect("CALLER_FORBIDDEN", lambda: self._sealing.open(envelope))

    def _given_up(self) -> None:
        short = self._dice.uniform(0.001, 0.02)
        for records in (self._records.one, self._records.many):
            try:
                sealed = self._sealing.seal(records, timeout=short, **self._pair.about)
                self._tally.sealed.add(sealed.envelope_id)
            except RefusedError as refusal:
                if refusal.code != "DEADLINE_EXCEEDED":
                    raise
        batches = (self._records.one for _ in range(100))
        left = self._sealing.seal_stream(batches, timeout=30, **self._pair.about)
        self._tally.sealed.add(next(left).part.envelope_id)
        left.close()  # type: ignore[attr-defined]  # it is a generator

    def _large(self) -> None:
        rows = b"[" + b",".join([self._records.many[1:-1]] * 20) + b"]"
        self._seal(rows, 20_000)
        self._expect(
            "LIMIT_EXCEEDED",
            lambda: self._sealing.seal(b"[" + b" " * (16 * MEGABYTE) + b"]", **self._pair.about),
        )

    def _expect(self, code: str, call: Callable[[], object]) -> None:
        try:
            call()
        except RefusedError as refusal:
            if refusal.code != code:
                raise AssertionError(f"{refusal.code} for {code}") from None
        else:
            raise AssertionError(f"{code} was let through")


class Trouble:
    """What befalls the provider's node: files change and break, callers come and go."""

    def __init__(self, pair: Pair, processes: Sequence[int], tally: Tally, dice: Random) -> None:
        self._pair, self._processes, self._tally, self._dice = pair, processes, tally, dice
        self._policy = pair.provider / "policy.yaml"
        self._good = self._policy.read_bytes()
        self._version = 1

    def work(self, ended: threading.Event) -> None:
        """Make trouble until told to end."""
        kinds = (self._renew, self._break, self._refresh, self._block, self._read, self._garbage)
        while not ended.wait(DISTURBANCE_SECONDS):
            kind = self._dice.choice(kinds)
            try:
                kind()
            except (RefusedError, AssertionError) as wrong:
                self._tally.fail(kind.__name__, getattr(wrong, "code", str(wrong)))
            else:
                self._tally.count(f"trouble: {kind.__name__.strip('_')}")
        self._put(self._good)

    def _renew(self) -> None:
        self._version += 1
        self._put(self._good.replace(b"version: 1\n", b"version: %d\n" % self._version))

    def _break(self) -> None:
        self._put(b"policy: [broken")

    def _refresh(self) -> None:
        for process in self._processes:
            os.kill(process, signal.SIGHUP)

    def _block(self) -> None:
        with self._office() as office:
            office.set_block(requester=self._pair.stranger, blocked=True)
            office.set_block(requester=self._pair.stranger, blocked=False)

    def _read(self) -> None:
        with self._office() as office:
            entries = office.entries()
            assert "leaf" in next(entries), "entry"

    def _garbage(self) -> None:
        for path in (self._pair.provider / "s" / "case-system").iterdir():
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(os.fspath(path))
                stranger.sendall(self._dice.randbytes(self._dice.randrange(GARBAGE_BYTES)))

    def _office(self) -> Client:
        return Client(self._pair.provider / "s" / "office")

    def _put(self, content: bytes) -> None:
        fresh = self._policy.with_suffix(".fresh")
        fresh.write_bytes(content)
        fresh.replace(self._policy)


def _uuid(dice: Random) -> str:
    digits = f"{dice.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
