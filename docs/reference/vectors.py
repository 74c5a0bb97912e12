"""Write the test vectors, or with --check hold the written ones to the code.

    python docs/reference/vectors.py            write vectors/envelope.json, grant.json, ledger.json
    python docs/reference/vectors.py --check    fail unless they open and refuse as they say

In those of the envelope keys, ids, times, manifests and content keys are fixed;
encapsulations and salts are random, as in every envelope. Those of grants and of the
ledger are the same each time. envelope.md, section 18, grant.md, and ledger.md, section 14,
tell how to read them.
"""

import argparse
import base64
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

# Before whatever else may be called `docs` where Python looks.
sys.path.insert(0, str(Path(__file__).parents[2]))

from docs.reference.envelope_vectors.cases import positive, positives, streams
from docs.reference.envelope_vectors.model import Member, Negative, Positive, Term, VectorFile
from docs.reference.envelope_vectors.refusals import Refusals
from docs.reference.envelope_vectors.sealing import (
    DAY,
    HELD,
    KEYS,
    NOW,
    OPENER,
    OUTSIDER,
    SENDER,
    Parts,
)
from docs.reference.grant_vectors import judging, tokens
from docs.reference.grant_vectors.model import GrantFile
from docs.reference.ledger_vectors import cases as ledger_cases
from docs.reference.ledger_vectors.model import LedgerFile
from gateway.envelope.opening import parse_envelope
from gateway.envelope.padding import padded_length
from gateway.inbound import Inbound
from gateway.model.call import Opened
from gateway.model.trust import Blocks, Catalogue, Department, PublicKey, Snapshot, Trust
from gateway.testing import FixedClock, MemoryGrants, MemoryLedger, MemorySnapshots, MemoryState
from keys.errors import SealgateError
from keys.material import Purpose
from keys.ports import KeyInfo
from keys.stores.memory import HeldKey, MemoryStore
from keys.suites import suite
from masking.grades import DEFAULT_SCHEME

FOLDER = Path(__file__).with_name("vectors")
FILE = FOLDER / "envelope.json"
LENGTHS = (
    1, 4096, 4097, 8192, 8193, 20_000, 65_536, 65_537, 67_584, 67_585, 100_000, 131_073,
    200_000, 524_289, 1_000_000, 16_777_215, 16_777_216,
)  # fmt: skip


def build() -> VectorFile:
    """Make the file anew."""
    opening, chains = positives(), streams()
    return VectorFile(
        about="docs/reference/envelope.md, section 18; written by docs/reference/vectors.py",
        now=NOW,
        opener=OPENER,
        trust=Term(issued=(NOW - DAY) // 1000, expires=(NOW + 29 * DAY) // 1000),
        departments=tuple(Member(id=id_, suites=(1, 2)) for id_ in (SENDER, OPENER, OUTSIDER)),
        keys=tuple(KEYS.values()),
        grants=(HELD,),
        padding=tuple((length, padded_length(length)) for length in LENGTHS),
        positive=opening,
        streams=chains,
        negative=Refusals(opening, chains[0]).all(),
    )


def trust_of(file: VectorFile) -> Trust:
    """Return the trust data that the file describes."""
    departments = {
        member.id: Department(
            id=member.id,
            name=member.id,
            suites=member.suites,
            keys=tuple(
                PublicKey(
                    key_id=key.key_id,
                    purpose=Purpose(key.purpose),
                    suite=key.suite,
                    public=key.public,
                    not_before=key.not_before,
                    not_after=key.not_after,
                    retired_at=key.retired_at,
                    revoked_at=key.revoked_at,
                )
                for key in file.keys
                if key.department == member.id
            ),
        )
        for member in file.departments
    }
    nothing = Catalogue(
        version="vectors", resources={}, code_lists={}, purposes={}, grades=DEFAULT_SCHEME
    )
    return Trust(
        version=1,
        issued=file.trust.issued,
        expires=file.trust.expires,
        departments=departments,
        issuers={},
        catalogue=nothing,
        status_lists={},
    )


def inbound(file: VectorFile, now: int | None = None) -> Inbound:
    """Return the way in of the file's opener, where nothing was opened yet."""
    held = [
        HeldKey(
            KeyInfo(
                key_id=key.key_id,
                purpose=Purpose(key.purpose),
                suite=key.suite,
                state="retired",
                not_before=key.not_before,
                not_after=key.not_after,
                retired_at=key.retired_at,
                public=base64.b64decode(key.public),
            ),
            suite(key.suite).private_key(Purpose(key.purpose), bytes.fromhex(key.private)),
        )
        for key in file.keys
        if key.department == file.opener
    ]
    grants = MemoryGrants()
    grants.held = {(grant.jti, grant.digest): grant for grant in file.grants}
    snapshot = Snapshot(number=1, trust=trust_of(file), policy=None, blocks=Blocks())
    return Inbound(
        department=file.opener,
        snapshots=MemorySnapshots(snapshot),
        keys=MemoryStore(held),
        ledger=MemoryLedger(),
        claims=MemoryState(),
        grants=grants,
        clock=FixedClock(now or file.now),
    )


def outcome(file: VectorFile, negative: Negative) -> str:
    """Return the code with which the way in refuses a negative vector, or `opened`."""
    way, envelopes = inbound(file, negative.now), file.envelopes(negative)
    try:
        if negative.opened_before:
            way.open(envelopes[0])
        if negative.stream is not None and not negative.alone:
            for _ in way.open_stream(envelopes):
                pass
        else:
            way.open(envelopes[0])
    except SealgateError as refusal:
        return refusal.code
    return "opened"


def faults(file: VectorFile) -> Iterator[str]:
    """Say in what the file is not what it should be."""
    fresh = build()
    for name in ("format", "now", "opener", "trust", "departments", "keys", "grants", "padding"):
        if getattr(file, name) != getattr(fresh, name):
            yield f"{name}: not what the code gives"
    for part in ("positive", "streams", "negative"):
        held = [(each.name, each.about, each.about_zh) for each in getattr(file, part)]
        if held != [(each.name, each.about, each.about_zh) for each in getattr(fresh, part)]:
            yield f"{part}: other vectors than the code gives"
    for one in file.positive:
        if not _opens(one, [inbound(file).open(one.data())]):
            yield f"{one.name}: does not open as it says"
    for stream in file.streams:
        opened = list(inbound(file).open_stream(part.data() for part in stream.parts))
        if not all(_opens(*pair) for pair in zip(stream.parts, [[o] for o in opened], strict=True)):
            yield f"{stream.name}: does not open as it says"
    codes = {each.name: each.code for each in fresh.negative}
    for negative in file.negative:
        found = outcome(file, negative)
        if not found == negative.code == codes.get(negative.name, found):
            yield f"{negative.name}: {found}, not {negative.code}"


def _opens(one: Positive, opened: list[Opened]) -> bool:
    """Tell whether an envelope is the one described, down to its signature, and opens."""
    data = one.data()
    parsed = parse_envelope(data)
    again = Parts(
        header=parsed.header_bytes, wrapped_key=parsed.wrapped_key, payload=parsed.payload
    )
    return (
        positive(one.name, one.about, one.about_zh, data) == one
        and again.envelope() == data
        and [each.records for each in opened] == [one.records.encode()]
    )


def _judged(name: str, data: bytes) -> Iterator[str]:
    if name == "envelope.json":
        return faults(msgspec.json.decode(data, type=VectorFile))
    if name == "ledger.json":
        return ledger_cases.faults(msgspec.json.decode(data, type=LedgerFile))
    return judging.faults(msgspec.json.decode(data, type=GrantFile))


def _found(folder: Path) -> Iterator[str]:
    """Say what is wrong with the files of a folder."""
    for name in ("envelope.json", "grant.json", "ledger.json"):
        try:
            for fault in _judged(name, (folder / name).read_bytes()):
                yield f"{folder / name}: {fault}"
        except (OSError, ValueError, SealgateError) as error:
            yield f"{folder / name}: {type(error).__name__}: {error}"


def _write(file: Path, value: object) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")


def main() -> int:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description="Test vectors of envelope, grant and ledger.")
    parser.add_argument("--check", action="store_true", help="check the files, write nothing")
    parser.add_argument("--dir", type=Path, default=FOLDER, help="by default the committed ones")
    chosen = parser.parse_args()
    if not chosen.check:
        _write(chosen.dir / "envelope.json", build())
        _write(chosen.dir / "grant.json", tokens.build())
        _write(chosen.dir / "ledger.json", ledger_cases.build())
        return 0
    found = list(_found(chosen.dir))
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    if found:
        print("run make vectors if the change is meant", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
