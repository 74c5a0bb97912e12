"""Measure masking of a table against list kernels, a loop over records, and Presidio.

A million rows of ten columns, six of them masked: three kept ends, a month, an
interval and a pseudonym. All four take turns in one run; ratios are of the best
times. The rows are a hundred thousand made-up records, ten times over: far
enough apart that no slice has one twice.

    python benchmarks/masking_tables.py [rounds]
"""

import hmac
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from benchmarks.masking_columns import FIELDS as COLUMNS
from benchmarks.masking_columns import columns_of, engine_for
from benchmarks.table import replace_table
from masking import mask_table
from masking.engine import Engine
from masking.operators.keep import Keep

ROWS = 1_000_000
RECORDS = 100_000
# Of a slower rival so many rows are masked, and the time is scaled up.
PRESIDIO_ROWS = 10_000
ROUNDS = 6
CALLS = 2
RESULTS = Path(__file__).with_name("RESULTS.md")

FIELDS = tuple(
    field._replace(treatment=Keep(prefix=1)) if field.id == "name" else field for field in COLUMNS
)
MASKED = tuple(field.id for field in FIELDS if field.treatment.name != "clear")
KEY = b"k" * 64

Work = Callable[[], object]
Record = dict[str, Any]


def made_up(rows: int) -> pl.DataFrame:
    """Make up a table."""
    columns = columns_of(min(rows, RECORDS))
    frame = pl.DataFrame({f.id: column for f, column in zip(FIELDS, columns, strict=True)})
    return pl.concat([frame] * (rows // frame.height), rechunk=True)


def by_hand(records: list[Record]) -> list[Record]:
    """Mask as one would who has the records and an hour; nothing is checked."""
    masked = []
    for record in records:
        name, mobile, address = record["name"], record["mobile"], record["address"]
        low = record["income"] // 1000 * 1000
        keyed = hmac.new(KEY, record["id_number"].upper().encode(), "sha256")
        masked.append(
            {
                **record,
                "name": name[:1] + "*" * (len(name) - 1),
                "mobile": mobile[:3] + "*" * (len(mobile) - 7) + mobile[-4:],
                "address": address[:6] + "*" * (len(address) - 6),
                "id_number": keyed.hexdigest()[:32],
                "issued": record["issued"][:7],
                "income": f"[{low},{low + 1000})",
            }
        )
    return masked


def _interval(value: Any) -> str:
    # Presidio tries an operator on the word PII first
    low = int(value) // 1000 * 1000 if value != "PII" else 0
    return f"[{low},{low + 1000})"


def presidio(frame: pl.DataFrame) -> Work | None:
    """Return masking by presidio-structured, if it is installed."""
    try:
        import pandas
        from presidio_anonymizer.entities import OperatorConfig
        from presidio_structured import PandasDataProcessor, StructuredEngine
        from presidio_structured.config import StructuredAnalysis
    except ImportError:
        return None
    # of its two ways to keep text the one that is quicker here
    pandas.set_option("mode.string_storage", "python")
    same: Mapping[str, Callable[[Any], str]] = {
        "name": lambda value: value[:1] + "*" * (len(value) - 1),
        "mobile": lambda value: value[:3] + "****" + value[7:],
        "address": lambda value: value[:6] + "*" * (len(value) - 6),
        "issued": lambda value: value[:7],
        "income": _interval,
    }
    operators = {
        name.upper(): OperatorConfig("custom", {"lambda": treatment})
        for name, treatment in same.items()
    }
    operators["ID_NUMBER"] = OperatorConfig("hash", {"hash_type": "sha256", "salt": b"s" * 16})
    analysis = StructuredAnalysis(entity_mapping={name: name.upper() for name in MASKED})
    engine = StructuredEngine(data_processor=PandasDataProcessor())
    data = pandas.DataFrame(frame.head(PRESIDIO_ROWS).to_dict(as_series=False))
    data["income"] = data["income"].astype(str)  # no label fits into a column of integers
    return lambda: engine.anonymize(data.copy(), analysis, operators=operators)


def seconds(works: Mapping[str, Work], rounds: int) -> dict[str, float]:
    """Run the works in turn, each several times; return the best time of each."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            # the first call of a turn pays for what the work before left of the caches
            for _ in range(CALLS):
                start = perf_counter()
                work()
                best[name] = min(best[name], perf_counter() - start)
    return best


def measure(frame: pl.DataFrame, engine: Engine, rounds: int) -> dict[str, float]:
    """Return what each way takes for all rows."""
    columns = [frame[field.id].to_list() for field in FIELDS]
    records = frame.to_dicts()
    masked = mask_table(frame, engine)
    wanted = engine.mask(columns)
    assert [series.to_list() for series in masked.table] == wanted.columns
    assert masked.findings == wanted.findings == {}
    works: dict[str, Work] = {
        "table": partial(mask_table, frame, engine),
        "lists": partial(engine.mask, columns),
        "by hand": partial(by_hand, records),
    }
    del masked, wanted
    best = seconds(works, rounds)
    other = presidio(frame)
    if other is not None:
        # in turns of its own: what it leaves behind slows whatever comes next
        slow = seconds({"presidio": other, "table": works["table"]}, max(2, rounds // 2))
        best["presidio"] = slow["presidio"] * frame.height / PRESIDIO_ROWS
        best["table"] = min(best["table"], slow["table"])
    return best


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize()


def report_memory(path: str) -> None:
    """Mask the table of a file; print the peak of memory, the table in it, in bytes."""
    engine = engine_for(FIELDS)
    mask_table(made_up(1_000), engine)  # what is loaded at all
    before = _resident()
    masked = mask_table(pl.read_ipc(path), engine)
    assert masked.table.height == ROWS
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before)


def memory(frame: pl.DataFrame) -> float:
    """Return the peak of a process that has the table and masks it, in sizes of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "table.arrow")
        frame.write_ipc(path)
        command = [sys.executable, "-m", "benchmarks.masking_tables", "--memory", str(path)]
        root = Path(__file__).parents[1]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    return int(done.stdout) / int(frame.to_arrow().nbytes)


def table(best: Mapping[str, float], peak: float) -> list[str]:
    """Return the lines of the table."""
    own = best["table"]
    rivals = (("lists", "≥ 5"), ("by hand", "≥ 8"), ("presidio", "≥ 100"))
    lines = ["| | seconds | to the table | wanted |", "| --- | --- | --- | --- |"]
    lines.append(f"| mask_table | {own:.2f} | 1 | |")
    for name, wanted in rivals:
        told = f"{best[name]:.2f} | {best[name] / own:.1f}" if name in best else "not installed |"
        lines.append(f"| {name} | {told} | {wanted} |")
    lines.append(f"| peak memory in tables, the table among them | | {peak:.1f} | ≤ 3 |")
    return lines


def main(rounds: int) -> None:
    """Print the table, and put it into RESULTS.md."""
    frame, engine = made_up(ROWS), engine_for(FIELDS)
    peak = memory(frame)
    lines = table(measure(frame, engine, rounds), peak)
    print("\n".join(lines))
    made = (
        f"Python {platform.python_version()}, polars {pl.__version__}, {platform.machine()}, "
        f"{pl.thread_pool_size()} threads, {rounds} rounds, {ROWS:,} rows "
        f"(Presidio: {PRESIDIO_ROWS:,}, scaled up)."
    )
    replace_table("tables", [made, "", *lines])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        report_memory(sys.argv[2])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
