"""Files larger than memory: what a run takes does not grow with them, and it may be killed."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, RESOURCE, ROW, Desk, environment
from tests.cli.masked_files import FORMS

# Runs the command and tells its peak; started by a small process, whose own peak it inherits.
MEASURE = """
import resource, sys
from gateway.cli.main import main
status = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
sys.exit(status)
"""
MAKE = """
import json, sys
import polars as pl
source, out, form = sys.argv[1:]
frame = pl.read_ndjson(source)
if form == "csv":
    frame.write_csv(out)
else:
    frame.with_columns(pl.col("monthly_income").cast(pl.Decimal(18, 2))).write_parquet(
        out, row_group_size=50_000, compression="uncompressed"
    )
"""


def _arguments(desk: Desk, source: Path, out: Path) -> list[str]:
    first = ["mask", "--node", desk.provider, "--resource", RESOURCE, "--grant", desk.grant]
    return [str(argument) for argument in (*first, source, out)]


def _file(desk: Desk, rows: int, form: str) -> Path:
    """Write a file of so many records, all of them with another address."""
    path = desk.folder / f"{rows}.ndjson"
    # Long enough that the larger file would not fit into what the smaller one takes.
    row = {key: value for key, value in ROW.items() if key != "bank_card"}
    line = json.dumps({**row, "bank_card": "6222021001122334", "address": "<>"}, ensure_ascii=False)
    before, after = line.split("<>")
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            file.write(f"{before}{'山西省太原市小店区' * 10}{number:08}号{after}\n")
    if form == "ndjson":
        return path
    made = desk.folder / f"{rows}.{form}"
    subprocess.run([sys.executable, "-c", MAKE, path, made, form], check=True, env=environment())
    return made


def _peak(desk: Desk, source: Path) -> int:
    """Mask a file in a process of its own; return its peak in MiB."""
    out = desk.folder / f"out{source.suffix}"
    run = subprocess.run(
        ["sh", "-c", '"$@"', "sh", sys.executable, "-c", MEASURE, *_arguments(desk, source, out)],
        env=environment(),
        capture_output=True,
        check=False,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr
    assert out.exists()
    return int(run.stderr.split()[-1])


# Records of a small file and of a large one, and how much more memory the large one may
# take, in MiB: Parquet is read and written by row groups, which the small one has few of.
GROWTH = {
    "csv": (8_000, 80_000, 8),
    "ndjson": (8_000, 80_000, 8),
    "parquet": (60_000, 200_000, 64),
}


@pytest.mark.parametrize("form", FORMS)
def test_memory_does_not_grow_with_the_file(desk: Desk, form: str) -> None:
    """The larger file has several times what the run may take more."""
    small, large, more = GROWTH[form]
    assert _peak(desk, _file(desk, large, form)) - _peak(desk, _file(desk, small, form)) <= more


@pytest.mark.torture
@pytest.mark.parametrize("form", FORMS)
def test_memory_does_not_grow_with_a_large_file(desk: Desk, form: str) -> None:
    """A million records, and no more than 400 MiB."""
    assert _peak(desk, _file(desk, 1_000_000, form)) < 400


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_killed_half_way_it_leaves_what_stood_there(desk: Desk, form: str) -> None:
    """And nothing beside it."""
    source, out = _file(desk, 60_000, "ndjson"), desk.folder / f"out.{form}"
    out.write_text("what stood here before")
    process = subprocess.Popen([*COMMAND, *_arguments(desk, source, out)], env=environment())
    with process:
        written = Path(f"/proc/{process.pid}/io")
        began = time.monotonic()
        while _bytes_read(written) < source.stat().st_size // 2:
            assert process.poll() is None, "it was over before it could be killed"
            assert time.monotonic() - began < 60
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert out.read_text() == "what stood here before"
    assert not desk.left_behind()


def _bytes_read(account: Path) -> int:
    lines = dict(line.split(": ") for line in account.read_text().splitlines())
    return int(lines["rchar"])


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_interrupted_it_ends_at_once(desk: Desk, form: str) -> None:
    """With its word on it, and no trace."""
    source, out = _file(desk, 60_000, "ndjson"), desk.folder / f"out.{form}"
    process = subprocess.Popen(
        [*COMMAND, *_arguments(desk, source, out)], env=environment(), stderr=subprocess.PIPE
    )
    with process:
        while _bytes_read(Path(f"/proc/{process.pid}/io")) < source.stat().st_size // 2:
            assert process.poll() is None, "it was over before it could be interrupted"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.decode() == "sealgate: interrupted 已中断\n"
    assert not out.exists()
    assert not desk.left_behind()


def test_on_a_terminal_a_bar_shows_how_far_it_is(desk: Desk) -> None:
    """Rows, share, speed and what is left; and it goes when the run is over."""
    source, out = _file(desk, 120_000, "ndjson"), desk.folder / "out.csv"
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *_arguments(desk, source, out)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    with process:
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:
            pass  # nobody holds the other end any more
        assert process.stdout is not None
        told = process.stdout.read()
    os.close(ours)
    assert process.returncode == 0
    text = shown.decode()
    assert "█" in text
    assert "/s" in text
    assert "left 剩余" in text
    assert text.endswith("\r\x1b[K")
    assert b"120,000 records" in told
