"""Large input becomes a stream of envelopes, which opens as one."""

import json
from collections.abc import Iterator

import pytest

from gateway.cli import sealing
from tests.cli.command import PUBLIC_RESOURCE, PUBLIC_ROW, ROW, Answer, Desk, call, done

LENGTH = 8


def _parts(data: bytes) -> list[bytes]:
    def cut() -> Iterator[bytes]:
        place = 0
        while place < len(data):
            size = int.from_bytes(data[place : place + LENGTH], "big")
            yield data[place : place + LENGTH + size]
            place += LENGTH + size

    return list(cut())


@pytest.fixture
def streamed(desk: Desk) -> list[bytes]:
    """Seal a sample as a stream; return its parts with their lengths."""
    out = desk.folder / "s.ndjson"
    done("sample", "--resource", PUBLIC_RESOURCE, "--rows", 1500, "--out", out)
    answer = desk.seal_public(out, "--stream", "--json")
    assert answer.status == 0, answer.err
    assert answer.json["records"] == 1500
    parts = _parts(desk.envelope.read_bytes())
    assert len(parts) >= 3
    return parts


def test_a_stream_opens_as_one(desk: Desk, streamed: list[bytes]) -> None:
    """All records in order, once; the manifest of the last part has the totals."""
    wanted = [json.loads(line) for line in (desk.folder / "s.ndjson").read_bytes().splitlines()]
    manifest = desk.folder / "m.json"
    assert desk.opened("--manifest", manifest) == wanted
    told = json.loads(manifest.read_bytes())
    assert told["totals"] == {"parts": len(streamed), "records": 1500}
    assert desk.open().code == "ENVELOPE_REPLAYED"
    assert desk.opened("--reopen") == wanted


@pytest.mark.parametrize("form", ["csv", "ndjson", "json"])
def test_a_stream_is_written_in_every_form(desk: Desk, streamed: list[bytes], form: str) -> None:
    """One header, one array, one byte order mark, however many the parts."""
    assert streamed
    assert desk.open("--encoding", "utf-8-sig", name=f"o.{form}").status == 0
    text = (desk.folder / f"o.{form}").read_text("utf-8")
    if form == "json":
        assert len(json.loads(text)) == 1500
    else:
        assert text.count("\n") == 1500 + (form == "csv")
    if form == "csv":
        assert text.startswith("\ufeffuscc,")
        assert text.count("\ufeff") == 1
        assert text.count("uscc,") == 1


def test_the_exchange_sees_parts_and_no_count(desk: Desk, streamed: list[bytes]) -> None:
    """Each has its number; the last says so."""
    shown = done("envelope", "inspect", desk.envelope, "--json").json
    assert [part["part"] for part in shown] == list(range(1, len(streamed) + 1))
    assert [part["last"] for part in shown] == [False] * (len(streamed) - 1) + [True]
    assert len({part["stream"] for part in shown}) == 1


def _tampered(parts: list[bytes]) -> dict[str, tuple[bytes, set[str]]]:
    first, second, *rest = parts
    broken = bytearray(second)
    broken[len(broken) // 2] ^= 1
    return {
        "without its last part": (b"".join(parts[:-1]), {"STREAM_BROKEN"}),
        "without its first part": (b"".join(parts[1:]), {"STREAM_BROKEN"}),
        "in another order": (second + first + b"".join(rest), {"STREAM_BROKEN"}),
        "a part twice": (first + first + second + b"".join(rest), {"STREAM_BROKEN"}),
        "a part left out": (first + b"".join(rest), {"STREAM_BROKEN"}),
        "something behind its end": (b"".join(parts) + first, {"STREAM_BROKEN"}),
        "cut short": (b"".join(parts)[:-1], {"STREAM_BROKEN"}),
        "cut in a length": (b"".join(parts) + b"\0\0\0", {"STREAM_BROKEN"}),
        "one bit flipped": (
            first + bytes(broken) + b"".join(rest),
            {"ENVELOPE_SIGNATURE_INVALID", "ENVELOPE_MALFORMED"},
        ),
        "a length of all memory": (b"\0" + b"\xff" * 7 + first[LENGTH:], {"ENVELOPE_MALFORMED"}),
        "one part as an envelope": (first[LENGTH:], {"STREAM_BROKEN"}),
    }


def test_a_stream_is_opened_whole_or_not_at_all(desk: Desk, streamed: list[bytes]) -> None:
    """Whatever is done to it, no file appears."""
    for name, (data, codes) in _tampered(streamed).items():
        desk.envelope.write_bytes(data)
        # What was opened of it counts as opened, so that others are told apart from it.
        assert desk.open("--reopen").code in codes, name
        assert not (desk.folder / "opened.json").exists(), name
        assert not desk.left_behind(), name


def _big(desk: Desk, rows: int, **last: object) -> Answer:
    lines = [json.dumps(PUBLIC_ROW, ensure_ascii=False)] * (rows - 1)
    lines.append(json.dumps({**PUBLIC_ROW, **last}, ensure_ascii=False))
    records = desk.write("\n".join(lines), "big.ndjson")
    return desk.seal_public(records, "--json")


def test_input_over_the_limit_of_a_call_becomes_a_stream_by_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its bytes or by its records."""
    for limit, value in (("MAX_RECORDS", 700), ("MAX_RECORD_BYTES", 250_000)):
        monkeypatch.setattr(sealing, limit, value)
        assert _big(desk, 700).status == 0
        assert desk.envelope.read_bytes()[0] != 0
        assert _big(desk, 900).status == 0
        assert len(_parts(desk.envelope.read_bytes())) > 1
        assert len(desk.opened()) == 900
        monkeypatch.undo()


def test_records_of_a_stream_are_numbered_as_in_the_file(desk: Desk) -> None:
    """In whichever part they come."""
    rows = [dict(ROW) for _ in range(2000)]
    rows[1234] |= {"sex": "7"}
    rows[1777] |= {"sex": "7"}
    records = desk.write("\n".join(map(json.dumps, rows)), "r.ndjson")
    answer = desk.seal(records, "--stream", "--json")
    assert answer.code == "FIELD_INVALID"
    assert answer.json["records"] == [1235]
    assert [fault["record"] for fault in answer.json["fields"]] == [1235]
    assert not desk.envelope.exists()
    rows[1234] |= {"sex": "1"}
    content = "\n\n".join([*map(json.dumps, rows[:1700]), "{broken}", *map(json.dumps, rows)])
    answer = desk.seal(desk.write(content, "r.ndjson"), "--stream", "--json")
    assert answer.code == "RECORD_MALFORMED"
    assert answer.json["records"] == [1701]


def test_a_quota_ends_a_stream_on_its_way(desk: Desk) -> None:
    """Nothing of it appears."""
    grant = desk.issue(
        "few", resource=PUBLIC_RESOURCE, fields=tuple(PUBLIC_ROW), approval=None, rows_per_day=1000
    )
    out = desk.folder / "s.ndjson"
    done("sample", "--resource", PUBLIC_RESOURCE, "--rows", 1500, "--out", out)
    answer = desk.seal(out, "--resource", PUBLIC_RESOURCE, "--stream", grant=grant)
    assert answer.code == "QUOTA_EXCEEDED"
    assert not desk.envelope.exists()


def test_parts_of_a_stream_are_no_envelope_of_another_requester(
    desk: Desk, streamed: list[bytes]
) -> None:
    """As with a single one."""
    assert streamed
    out = desk.folder / "o.json"
    answer = call("open", "--node", desk.outsider, desk.envelope, "--out", out)
    assert answer.code == "ENVELOPE_NOT_FOR_US"
