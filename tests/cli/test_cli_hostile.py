"""Hostile input gets a clear refusal in bounded time and memory, and none of it is repeated."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gateway.cli import sealing
from gateway.stores import records as stores
from tests.cli.command import PUBLIC_FIELDS, PUBLIC_ROW, ROOT, Answer, Desk, environment

SECRET = "110105199003077777"
MIB = 1024 * 1024
# A refusal of 16 MiB of the worst JSON takes some copies of it, and no more.
MOST_MEMORY = 1536 * MIB
MOST_SECONDS = 40


def _row(**changes: object) -> str:
    return json.dumps({**PUBLIC_ROW, **changes}, ensure_ascii=False)


def _raw(name: str, value: str) -> str:
    """Spell a row with one value as it stands."""
    return _row(**{name: "@@"}).replace('"@@"', value)


# Name: (one record, code).
RECORDS: Mapping[str, tuple[str, str]] = {
    "a nested array": (_raw("name", "[" * 400 + "]" * 400), "FIELD_INVALID"),
    "nesting beyond reason": (_raw("name", "[" * 100_000 + "]" * 100_000), "RECORD_MALFORMED"),
    "nested objects": (_raw("name", '{"a":' * 100_000 + "1" + "}" * 100_000), "RECORD_MALFORMED"),
    "an unknown nest": (_row()[:-1] + ',"x":' + "[" * 9000 + "]" * 9000 + "}", "RECORD_MALFORMED"),
    "1e400": (_raw("registered_capital", "1e400"), "FIELD_INVALID"),
    "1e400 as text": (_row(registered_capital="1e400"), "FIELD_INVALID"),
    "1e999999999999999999999": (
        _raw("registered_capital", "1e999999999999999999999"),
        "RECORD_MALFORMED",
    ),
    "NaN": (_raw("registered_capital", "NaN"), "RECORD_MALFORMED"),
    "NaN as text": (_row(registered_capital="NaN"), "FIELD_INVALID"),
    "sNaN as text": (_row(registered_capital="sNaN123"), "FIELD_INVALID"),
    "Infinity": (_raw("registered_capital", "-Infinity"), "RECORD_MALFORMED"),
    "a giant number": (_raw("registered_capital", "9" * 1_000_000), "RECORD_MALFORMED"),
    "a giant number as text": (_row(registered_capital="9" * 1_000_000), "FIELD_INVALID"),
    "a giant fraction": (_row(registered_capital="1." + "0" * 1_000_000), "FIELD_INVALID"),
    "half a pair": (_raw("name", f'"{SECRET}\\ud83d"'), "RECORD_MALFORMED"),
    "the other half": (_raw("name", f'"\\ude00{SECRET}"'), "RECORD_MALFORMED"),
    "half a pair in a key": (_row()[:-1] + ',"\\ud83d":1}', "RECORD_MALFORMED"),
    "a raw NUL": (_raw("name", f'"{SECRET}\0"'), "RECORD_MALFORMED"),
    "a raw tab": (_raw("name", '"a\tb"'), "RECORD_MALFORMED"),
    "a byte order mark inside": ("\ufeff" + _row(), "RECORD_MALFORMED"),
    "a key twice": (_row()[:-1] + f',"name":"{SECRET}"}}', "FIELD_INVALID"),
    "a key twice, spelled otherwise": (
        _row()[:-1] + f',"na\\u006de":"{SECRET}"}}',
        "FIELD_INVALID",
    ),
    "a key that is a number": (_row()[:-1] + f',"{SECRET}":1}}', "FIELD_UNCATALOGUED"),
    "a key of a megabyte": (_row()[:-1] + f',"{"k" * MIB}":1}}', "FIELD_UNCATALOGUED"),
    "a hundred thousand keys": (
        _row()[:-1] + "".join(f',"k{n}":1' for n in range(100_000)) + "}",
        "FIELD_UNCATALOGUED",
    ),
    "an empty key": (_row()[:-1] + ',"":1}', "FIELD_UNCATALOGUED"),
    "comments": (_row()[:-1] + ' /* "x" */}', "RECORD_MALFORMED"),
    "a trailing comma": (_row()[:-1] + ",}", "RECORD_MALFORMED"),
    "single quotes": (_row().replace('"', "'"), "RECORD_MALFORMED"),
    "a leading zero": (_raw("registered_capital", "01"), "RECORD_MALFORMED"),
    "a text beyond its length": (_row(name="名" * 1_000_000), "FIELD_INVALID"),
    "an empty object": ("{}", "FIELD_INVALID"),
    "null": ("null", "RECORD_MALFORMED"),
    "text": (f'"{SECRET}"', "RECORD_MALFORMED"),
}


def _check(desk: Desk, answer: Answer, code: str) -> None:
    assert answer.code == code, answer.err[-300:]
    assert not desk.envelope.exists()
    assert SECRET not in answer.err + answer.out
    assert len(answer.err.encode()) < 10_000
    assert len(answer.out.encode()) < 20_000


@pytest.mark.parametrize("form", ["json", "ndjson"])
@pytest.mark.parametrize("name", RECORDS)
def test_a_hostile_record_is_refused(desk: Desk, form: str, name: str) -> None:
    """Between two good ones, which are not sealed either."""
    record, code = RECORDS[name]
    rows = [_row(), record, _row()]
    text = f"[{','.join(rows)}]" if form == "json" else "\n".join(rows)
    answer = desk.seal_public(desk.write(text, f"r.{form}"), "--json")
    _check(desk, answer, code)
    if form == "ndjson":
        assert answer.json["records"] == [2]


def test_a_nul_that_is_escaped_is_a_character_like_any(desk: Desk) -> None:
    """Text of the wrong shape for its kind: hidden, and found."""
    records = desk.write(f"[{_row(name='a' + chr(0) + SECRET)}]", "r.json")
    assert desk.seal_public(records).status == 0
    assert desk.opened()[0]["name"] == "***"


HEADER = ",".join(PUBLIC_FIELDS)
# Name: (file name, what writes it).
BOMBS: Mapping[str, tuple[str, Callable[[], str | bytes]]] = {
    "brackets": ("b.json", lambda: "[" * (12 * MIB)),
    "braces": ("b.ndjson", lambda: '{"a":' * (3 * MIB)),
    "numbers": ("b.json", lambda: "[" + "1," * (40 * MIB) + "1]"),
    "objects": ("b.json", lambda: "[" + "{}," * (5 * MIB) + "{}]"),
    "objects, few enough": ("b.json", lambda: "[" + "{}," * 1_000_000 + "{}]"),
    "objects in lines": ("b.ndjson", lambda: "{}\n" * (5 * MIB)),
    "objects in one line": ("b.ndjson", lambda: "{}" * (5 * MIB)),
    "objects inside": ("b.json", lambda: '[{"a":[' + "{}," * (2 * MIB) + "{}]}]"),
    "arrays inside": ("b.json", lambda: '[{"a":[' + "[]," * (3 * MIB) + "[]]}]"),
    "keys": ("b.ndjson", lambda: "{" + ",".join(f'"k{n}":1' for n in range(MIB)) + "}"),
    "one line without an end": ("b.ndjson", lambda: "x" * (20 * MIB)),
    "one text without an end": ("b.json", lambda: '["' + "x" * (20 * MIB)),
    "a quotation mark never closed": ("b.csv", lambda: f'{HEADER}\n"' + "x\n" * (9 * MIB)),
    "a header without end": ("b.csv", lambda: "a," * (9 * MIB)),
    "a row without end": ("b.csv", lambda: f"{HEADER}\n" + "," * (18 * MIB)),
    "rows without cells": ("b.csv", lambda: f"{HEADER}\n" + "\n" * (3 * MIB)),
    "an archive": ("b.json", lambda: b"\x1f\x8b\x08" + bytes(range(256)) * 1000),
}
DRIVER = """
import resource, sys, time
from pathlib import Path
from tests.cli.command import Desk
folder, most = Path(sys.argv[1]), int(sys.argv[2])
desk = Desk(folder)
# What the programs need is mapped before the limit is set.
assert desk.seal_public(folder / "good.json").status == 0
desk.envelope.unlink()
resource.setrlimit(resource.RLIMIT_AS, (most, most))
answer = desk.seal_public(folder / sys.argv[3], "--json")
sys.stderr.write(answer.err)
sys.exit(answer.status)
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_bounded_memory(desk: Desk, name: str) -> None:
    """In a process that has no more, and within seconds."""
    file, content = BOMBS[name]
    _explode(desk, desk.write(content(), file))


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_a_file_of_holes_is_refused_in_bounded_memory(desk: Desk, form: str) -> None:
    """Twenty gigabytes of NUL."""
    path = desk.folder / f"holes.{form}"
    with path.open("wb") as file:
        file.truncate(20 * 1024 * MIB)
    _explode(desk, path)


def _explode(desk: Desk, path: Path) -> None:
    desk.write([dict(PUBLIC_ROW)], "good.json")
    ended = subprocess.run(
        [sys.executable, "-c", DRIVER, str(desk.folder), str(MOST_MEMORY), path.name],
        env=environment(),
        cwd=ROOT,
        capture_output=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    err = ended.stderr.decode()
    assert ended.returncode in (2, 3), err[-1000:]
    assert len(err) < 10_000
    if ended.returncode == 3:
        code = err.splitlines()[-1].split(": ")[1]
        assert code in ("RECORD_MALFORMED", "FIELD_INVALID", "FIELD_UNCATALOGUED", "LIMIT_EXCEEDED")
    assert not desk.envelope.exists()
    assert not desk.left_behind()


def test_arrays_over_a_limit_are_told_a_way_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By bytes or by objects: NDJSON can be read in pieces."""
    records = desk.write([dict(PUBLIC_ROW)] * 30, "r.json")
    monkeypatch.setattr(stores, "MAX_ARRAY_OBJECTS", 29)
    answer = desk.seal_public(records)
    assert answer.code == "RECORD_MALFORMED"
    assert "NDJSON" in answer.err
    monkeypatch.setattr(sealing, "MAX_JSON_BYTES", 1000)
    answer = desk.seal_public(records)
    assert answer.status == 2
    assert "NDJSON" in answer.err
