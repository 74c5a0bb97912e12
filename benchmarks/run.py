"""Measure sealing against three yardsticks in one run on one core, interleaved with each.

(a) `json.loads` and `json.dumps` of the same bytes; (b) `presidio-structured` on
the same fields, from the same bytes to JSON; (c) one bare HPKE wrap of a content
key and one Ed25519 signature, as the suite does them. Suite 1, full checks, ten
fields of which six are masked, in-memory ledger sink.

Ratios are of the best times of all rounds: the machine is shared, and the best
time is what the code costs when nobody disturbs it.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.table import replace_table
from gateway.model.call import Entry, Receipt, SealRequest
from gateway.testing import PURPOSE, RESOURCE, MemoryCity, MemoryLedger
from keys.material import Purpose
from keys.suites import suite
from masking.policy import read_policy

FIELDS = (
    "name",
    "resident_id",
    "birth_date",
    "region",
    "address",
    "mobile",
    "monthly_income",
    "household_size",
    "category",
    "updated_at",
)
MASKED = ("name", "resident_id", "birth_date", "address", "mobile", "monthly_income")
SIZES = (1, 100, 1_000, 10_000)
ROUNDS = 40
# One measurement lasts about this long, so that the clock's own cost vanishes.
SECONDS = 0.02
POLICY = Path(__file__).with_name("bench_policy.yaml")

Work = Callable[[], object]


class Sink(MemoryLedger):
    """A ledger sink in memory that keeps the last entry only."""

    def append(self, entry: Entry) -> Receipt:
        """Keep the entry."""
        self.entries[:] = (entry,)
        return Receipt(leaf=b"", index=0)


def best_times(works: dict[str, Work], rounds: int) -> dict[str, float]:
    """Run the works in turn, `rounds` times; return the best seconds a call of each."""
    calls = {}
    for name, work in works.items():
        work()
        start = time.perf_counter()
        work()
        calls[name] = max(1, int(SECONDS / (time.perf_counter() - start)))
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            count = calls[name]
            start = time.perf_counter()
            for _ in range(count):
                work()
            best[name] = min(best[name], (time.perf_counter() - start) / count)
    return best


def city(cache_seconds: int) -> MemoryCity:
    """Found a city whose provider masks six of the fields."""
    policy = read_policy(POLICY.read_bytes(), POLICY.name)
    cache = msgspec.structs.replace(policy.sealing.cache, seconds=cache_seconds)
    sealing = msgspec.structs.replace(policy.sealing, cache=cache)
    made = MemoryCity(policy=msgspec.structs.replace(policy, sealing=sealing))
    # Entries must not pile up: they would be measured, not the sealing.
    made.provider.ledger = Sink()
    made.provider.wire(made.provider.snapshots)
    return made


def sealer(cache_seconds: int, records: bytes) -> Work:
    """Return a call that seals the records, with or without a cached content key."""
    made = city(cache_seconds)
    grant = made.grant({"fields": FIELDS, "level": "G3"})
    outbound = made.provider.outbound
    explained = outbound.explain(RESOURCE, grant).fields
    masked = {field.id for field in explained if field.treatment["op"] != "clear"}
    if masked != set(MASKED):
        raise AssertionError(f"the policy masks {sorted(masked)}")

    request = SealRequest(resource=RESOURCE, purpose=PURPOSE, grant=grant, records=records)
    return lambda: outbound.seal(request)


def full_records(size: int) -> bytes:
    """Make records that have all ten fields, as JSON."""
    made = city(0).records(size * 2 + 20, fields=FIELDS)
    full = [record for record in made if all(record.get(name) for name in FIELDS)]
    if len(full) < size:
        raise AssertionError(f"only {len(full)} records are full")
    return msgspec.json.encode(full[:size])


def bare_crypto(*, by_openssl: bool = False) -> Work:
    """Return one HPKE wrap and one signature, with nothing around them.

    The signature is libsodium's, as in the suite, or OpenSSL's, which also wraps.
    """
    chosen = suite(1)
    opening = chosen.generate(Purpose.OPENING)
    signing = chosen.signing_key(os.urandom(32))
    sealing = chosen.sealing_key(opening.public)
    info, digest = os.urandom(160), os.urandom(53)

    sign = Ed25519PrivateKey.generate().sign if by_openssl else signing.sign

    def work() -> object:
        return sealing.wrap(os.urandom(32), info), sign(digest)

    return work


# What the policy does, as functions of a value: its own `mask` hides one end only.
SAME_TREATMENTS: dict[str, Callable[[str], str]] = {
    "name": lambda value: value[:1] + "*" * (len(value) - 1),
    "address": lambda value: value[:6] + "*" * (len(value) - 6),
    "mobile": lambda value: value[:3] + "****" + value[7:],
    "birth_date": lambda value: value[:6],
    "monthly_income": lambda value: f"[{_low(value)},{_low(value) + 1000})",
}


def _low(value: str) -> int:
    # The operator is tried on the word PII before each value.
    return int(float(value)) // 1000 * 1000 if value != "PII" else 0


def presidio(records: bytes) -> Work | None:
    """Return masking of the same fields by presidio-structured, if it is installed."""
    try:
        import pandas
        from presidio_anonymizer.entities import OperatorConfig
        from presidio_structured import PandasDataProcessor, StructuredEngine
        from presidio_structured.config import StructuredAnalysis
    except ImportError:
        return None
    # Of its two ways to keep text the one that is quicker here.
    pandas.set_option("mode.string_storage", "python")
    engine = StructuredEngine(data_processor=PandasDataProcessor())
    analysis = StructuredAnalysis(entity_mapping={name: name.upper() for name in MASKED})
    operators = {
        name.upper(): OperatorConfig("custom", {"lambda": same_treatment})
        for name, same_treatment in SAME_TREATMENTS.items()
    }
    operators["RESIDENT_ID"] = OperatorConfig("hash", {"hash_type": "sha256", "salt": b"s" * 16})

    def work() -> object:
        frame = pandas.DataFrame(json.loads(records))
        masked = engine.anonymize(frame, analysis, operators=operators)
        return pandas.DataFrame(masked).to_json(orient="records")

    return work


def measure(size: int, rounds: int) -> dict[str, float]:
    """Measure one batch size; return the best seconds a call of everything."""
    records = full_records(size)
    works: dict[str, Work] = {
        "json": lambda: json.dumps(json.loads(records)),
        "fresh": sealer(0, records),
        "cached": sealer(60, records),
        "crypto": bare_crypto(),
        "openssl": bare_crypto(by_openssl=True),
    }
    best = best_times(works, rounds)
    other = presidio(records)
    if other is not None:
        # In a loop of its own: what pandas leaves behind slows whatever runs beside it.
        beside = {"presidio": other, "beside": works["cached"]}
        best |= best_times(beside, max(5, rounds // 4))
    return best


HEADERS = (
    "records",
    "records/s",
    "to (a) json",
    "to (b) presidio",
    "fresh to (c)",
    "cached to (c)",
    "fresh to (c), OpenSSL",
    "cached to (c), OpenSSL",
)
WANTED = ("wanted", "", "1,000: ≥ 0.85", "1,000: ≥ 20", "1: ≤ 1.6", "1: ≤ 0.7", "", "")


def row(size: int, best: dict[str, float]) -> tuple[str, ...]:
    """Return one line of the table: ratios above 1 are faster in (a), (b), slower in (c)."""
    cached, fresh = best["cached"], best["fresh"]
    other = f"{best['presidio'] / best['beside']:.1f}" if "presidio" in best else "not installed"
    to_crypto = (
        f"{sealed / best[bare]:.2f}" for bare in ("crypto", "openssl") for sealed in (fresh, cached)
    )
    return (f"{size:,}", f"{size / cached:,.0f}", f"{best['json'] / cached:.2f}", other, *to_crypto)


def line(cells: Sequence[str]) -> str:
    """Return one line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Print the table of ratios, and put it into RESULTS.md."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    lines = [line(HEADERS), line(["---"] * len(HEADERS)), line(WANTED)]
    print("\n".join(lines))
    for size in SIZES:
        lines.append(line(row(size, measure(size, rounds))))
        print(lines[-1], flush=True)
    made = f"Python {platform.python_version()}, {platform.machine()}, one core, {rounds} rounds."
    replace_table("sealing", [made, "", *lines])
    return 0


if __name__ == "__main__":
    sys.exit(main())
