"""The ledger file: what was answered for is in it, whole lines and nothing else."""

import hashlib
import json
import os
import resource
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from time import sleep
from typing import Any

import msgspec
import pytest

from gateway.errors import LedgerUnavailableError
from gateway.ledger import MAX_COUNTED, MAX_COUNTED_MS, entry_digest
from gateway.model.call import Entry, PrivatePart, Receipt, SharedPart
from gateway.node import Node
from gateway.stores.ledger_file import TAIL_BYTES, FileLedger
from gateway.testing import MemoryCity
from keys.derive import lp
from keys.errors import KeyUnknownError
from keys.material import LedgerKey, Purpose
from keys.suites import suite
from tests.gateway.forge import Forge, field, new_city, refusal, rows
from tests.gateway.worker import ROOT, Town, found_town

LABEL = b"sealgate/v1/receipt"
KEY = suite(1).generate(Purpose.LEDGER)


def _ledger(path: Path) -> FileLedger:
    assert isinstance(KEY, LedgerKey)
    return FileLedger(path, random=os.urandom, key_id=KEY.key_id, sign=KEY.sign)


def _entry(number: int, more: str = "", caller: str = "test") -> Entry:
    shared = SharedPart(version=1, time=number, kind="seal", outcome="ok", resource=more or None)
    return Entry(shared=shared, private=PrivatePart(caller=caller))


def _lines(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    assert data == b"" or data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


def _times(path: Path) -> list[int]:
    return [line["shared"]["time"] for line in _lines(path)]


# --- One process


def test_an_entry_is_a_line(tmp_path: Path) -> None:
    """Entries stand one behind the other, readable by their owner only."""
    path = tmp_path / "ledger.ndjson"
    ledger = _ledger(path)
    receipts = [ledger.append(_entry(number)) for number in range(3)]
    lines = path.read_bytes().splitlines(keepends=True)
    assert _times(path) == [0, 1, 2]
    assert [receipt.position for receipt in receipts] == [0, len(lines[0]), 2 * len(lines[0])]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert _ledger(path).append(_entry(3)).position == sum(map(len, lines))


def test_a_receipt_can_be_checked_without_the_private_part(tmp_path: Path) -> None:
    """Its digest follows from what it shows; the signature is the ledger key's over that."""
    path = tmp_path / "ledger.ndjson"
    receipt = _ledger(path).append(_entry(7, caller="the registry's own system"))
    digest = entry_digest(receipt.shared, bytes.fromhex(receipt.private))
    assert digest.hex() == receipt.entry
    assert receipt.key_id == KEY.key_id
    verifying = suite(1).verifying_key(KEY.public, Purpose.LEDGER)
    signed = LABEL + lp(digest, receipt.position.to_bytes(8, "big"))
    verifying.verify(bytes.fromhex(str(receipt.signature)), signed)
    assert b"registry" not in msgspec.json.encode(receipt)
    # The private part is hashed under a salt that only the file has.
    line = _lines(path)[0]
    assert line["private"] == {"caller": "the registry's own system"}
    bare = hashlib.sha256(msgspec.json.encode(line["private"])).hexdigest()
    assert receipt.private not in (bare, line["salt"])


def test_equal_entries_have_receipts_of_their_own(tmp_path: Path) -> None:
    """The salt is drawn anew for each, so that private parts cannot be guessed or compared."""
    ledger = _ledger(tmp_path / "ledger.ndjson")
    first, second = ledger.append(_entry(1)), ledger.append(_entry(1))
    assert first.private != second.private
    assert first.entry != second.entry


def test_an_entry_without_its_receipt_is_not_written(tmp_path: Path) -> None:
    """Where the ledger key is gone, no line claims that a call ended well."""

    def cannot_sign(_: bytes) -> bytes:
        raise KeyUnknownError(kind="ledger key", kind_zh="账本密钥", key_id="?")

    path = tmp_path / "ledger.ndjson"
    ledger = FileLedger(path, random=os.urandom, key_id="?", sign=cannot_sign)
    with pytest.raises(KeyUnknownError):
        ledger.append(_entry(1))
    assert path.read_bytes() == b""


# --- What a crash leaves


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    """Wherever the last line was torn: what was answered for stays, the rest goes."""
    path = tmp_path / "ledger.ndjson"
    ledger = _ledger(path)
    for number in range(3):
        ledger.append(_entry(number))
    whole = path.read_bytes()
    before_last = whole[:-1].rfind(b"\n") + 1
    for size in range(before_last, len(whole) + 1):
        path.write_bytes(whole[:size])
        _ledger(path).append(_entry(9))
        assert _times(path) == [0, 1, *([2] if size == len(whole) else []), 9]


@pytest.mark.parametrize("size", [10, TAIL_BYTES - 1, TAIL_BYTES, TAIL_BYTES + 1, 3 * TAIL_BYTES])
def test_a_torn_line_of_any_length_is_cut_off(tmp_path: Path, size: int) -> None:
    """Also one longer than what is looked at at once, behind an entry or alone."""
    for before in ([], [0]):
        path = tmp_path / f"{len(before)}.ndjson"
        for number in before:
            _ledger(path).append(_entry(number))
        with path.open("ab") as file:
            file.write(b"x" * size)
        assert _ledger(path).append(_entry(5)).position == (
            len(path.read_bytes()) // 2 if before else 0
        )
        assert _times(path) == [*before, 5]


def test_a_long_entry_stays_whole(tmp_path: Path) -> None:
    """An entry longer than what is looked at at once is no torn line."""
    path = tmp_path / "ledger.ndjson"
    _ledger(path).append(_entry(1, "r" * (3 * TAIL_BYTES)))
    _ledger(path).append(_entry(2))
    assert _times(path) == [1, 2]


# --- Many processes

_WRITER = """
import os, sys
from pathlib import Path
from tests.gateway.test_ledger_file import _entry, _ledger
ledger = _ledger(Path(sys.argv[1]))
who, count = int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    receipt = ledger.append(_entry(1000 * who + number, "r" * (number * 37 % 900)))
    print(1000 * who + number, receipt.position, flush=True)
"""


def _writer(path: Path, who: int, count: int) -> "subprocess.Popen[str]":
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, path, str(who), str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def _go(writer: "subprocess.Popen[str]") -> None:
    assert writer.stdin is not None
    writer.stdin.write("go\n")
    writer.stdin.flush()


def _check(path: Path, answers: str) -> None:
    """Check that each answer names an entry that stands where it says."""
    data = path.read_bytes()
    for line in answers.splitlines():
        number, position = map(int, line.split())
        assert json.loads(data[position:].split(b"\n", 1)[0])["shared"]["time"] == number


def test_processes_share_the_file(tmp_path: Path) -> None:
    """Entries of all processes are whole, none is lost, each is where its receipt says."""
    path = tmp_path / "ledger.ndjson"
    writers = [_writer(path, who, 100) for who in (1, 2, 3)]
    for writer in writers:
        _go(writer)
    answers = [writer.communicate(timeout=60)[0] for writer in writers]
    assert Counter(_times(path)) == Counter(1000 * who + n for who in (1, 2, 3) for n in range(100))
    for answer in answers:
        assert answer.count("\n") == 100
        _check(path, answer)


@pytest.mark.parametrize(
    "rounds", [3, pytest.param(60, marks=pytest.mark.torture)], ids=["few", "many"]
)
def test_a_killed_process_leaves_whole_lines(tmp_path: Path, rounds: int) -> None:
    """Killed while it writes, beside another that goes on: every answer is in the file."""
    path, dice = tmp_path / "ledger.ndjson", Random(5)
    for number in range(rounds):
        dying, living = _writer(path, 2 * number, 900), _writer(path, 2 * number + 1, 30)
        _go(dying)
        _go(living)
        sleep(dice.uniform(0.001, 0.03))
        dying.kill()
        answers = dying.communicate(timeout=60)[0] + living.communicate(timeout=60)[0]
        _ledger(path).append(_entry(9))
        _lines(path)
        _check(path, "".join(line for line in answers.splitlines(True) if line.endswith("\n")))


# --- A ledger that cannot be written


def _unwritable(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "ledger.ndjson"
    match kind:
        case "a folder":
            path.mkdir()
        case "in no folder":
            path = tmp_path / "nowhere" / "ledger.ndjson"
        case "a link in a circle":
            path.symlink_to(path)
        case "a full disk":
            path.symlink_to("/dev/full")
        case "read-only":
            path.touch(mode=0o400)
    return path


UNWRITABLE = [
    "a folder",
    "in no folder",
    "a link in a circle",
    "a full disk",
    pytest.param(
        "read-only", marks=pytest.mark.skipif(os.geteuid() == 0, reason="root writes anyway")
    ),
]


@pytest.mark.parametrize("kind", UNWRITABLE)
def test_a_ledger_that_cannot_be_written_says_so(tmp_path: Path, kind: str) -> None:
    """One code for whatever is wrong with it."""
    path = _unwritable(tmp_path, kind)
    assert refusal(_ledger(path).append, _entry(1)) == "LEDGER_UNAVAILABLE"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Found one town for the tests of whole calls."""
    return found_town(tmp_path_factory.mktemp("town"))


@pytest.mark.parametrize("kind", ["a folder", "a full disk"])
def test_without_a_ledger_nothing_leaves_and_nothing_opens(
    town: Town, tmp_path: Path, kind: str
) -> None:
    """Whole calls, refused ones too; and once it is back, what was not opened opens."""
    (file,) = town.seal(tmp_path, rows(), 1)
    envelope = file.read_bytes()
    for role in ("provider", "requester"):
        held = town.place(role) / "ledger.ndjson"
        if held.exists():
            held.rename(held.with_suffix(".kept"))
        _unwritable(town.place(role), kind)
    with Node(town.place("provider")) as provider, Node(town.place("requester")) as requester:
        assert refusal(provider.seal, town.request(rows())) == "LEDGER_UNAVAILABLE"
        wrong = town.request([{**rows()[0], "blood_type": "A"}])
        assert refusal(provider.seal, wrong) == "LEDGER_UNAVAILABLE"
        assert refusal(requester.open, envelope) == "LEDGER_UNAVAILABLE"
        for role in ("provider", "requester"):
            broken = town.place(role) / "ledger.ndjson"
            broken.rmdir() if kind == "a folder" else broken.unlink()
        assert requester.open(envelope).manifest.records == 3
        assert provider.seal(town.request(rows())).manifest.records == 3


_FULL = """
import resource, sys
from pathlib import Path
from gateway.node import Node
from tests.gateway.forge import refusal
from tests.gateway.test_ledger_file import _entry, _ledger
path, envelope = Path(sys.argv[1]) / "ledger.ndjson", Path(sys.argv[2]).read_bytes()
with Node(sys.argv[1]) as node:
    ledger = _ledger(path)
    while path.stat().st_size < 400_000:
        ledger.append(_entry(1, "r" * 9000))
    before = path.read_bytes()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    for room in (0, 1, 100, 300):
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, hard))
        assert refusal(node.open, envelope) == "LEDGER_UNAVAILABLE", room
        assert refusal(ledger.append, _entry(2, "r" * 500)) == "LEDGER_UNAVAILABLE", room
        assert path.read_bytes() == before, room
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    print(node.open(envelope).manifest.records)
"""


def test_a_full_disk_leaves_the_ledger_as_it_was(town: Town, tmp_path: Path) -> None:
    """A line that does not fit is taken back to the byte, the claim is given back."""
    (file,) = town.seal(tmp_path, rows(), 1)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    (town.place("requester") / "ledger.ndjson").touch()
    done = subprocess.run(
        [sys.executable, "-c", _FULL, town.place("requester"), file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")


# --- What is entered


def _outcomes(city: MemoryCity, role: str) -> list[str]:
    node: Any = getattr(city, role)
    return [entry.shared.outcome for entry in node.ledger.entries]


def test_a_refusal_is_entered_with_what_is_known() -> None:
    """Who, what and under which grant, as far as the call had come; and the code."""
    city = new_city()
    request = city.request([{**rows()[0], "blood_type": "A"}], caller="hospital", reference="7/26")
    assert refusal(city.provider.seal, request) == "FIELD_UNCATALOGUED"
    (entry,) = city.provider.ledger.entries
    assert entry.private == PrivatePart(caller="hospital", reference="7/26")
    assert entry.shared == SharedPart(
        version=1,
        time=city.clock(),
        kind="seal",
        outcome="FIELD_UNCATALOGUED",
        provider=city.provider.department,
        requester=city.requester.department,
        resource=request.resource,
        purpose=request.purpose,
        grant=entry.shared.grant,
        catalogue=city.catalogue.version,
        trust=city.trust.version,
    )
    assert entry.shared.grant
    assert "blood" not in repr(entry)


def _strange(city: MemoryCity, kind: str) -> bytes:
    """Return an envelope that anybody could have made."""
    forge = Forge(city)
    header = forge.header
    return {
        "noise": b"not an envelope",
        "unsigned": forge.envelope(by=city.outsider),
        "a stranger's": forge.envelope(header(sender="11149900MB0C99999X")),
        "a stranger's key": forge.envelope(header(sender_key_id="a" * 26)),
        "the future": forge.envelope(header(created=city.clock() + 1_000_000), by=city.outsider),
        "a key not in force": forge.envelope(header(created=1), by=city.outsider),
        "a suite not accepted": forge.envelope(
            header(suite=9), wrapped=b"w" * 80, by=city.outsider
        ),
        "too long": b"\x0a" * 20_000_000,
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "noise",
        "unsigned",
        "a stranger's",
        "a stranger's key",
        "the future",
        "a key not in force",
        "a suite not accepted",
        "too long",
    ],
)
def test_a_stranger_cannot_fill_the_disk(kind: str) -> None:
    """What anybody can send is counted, and summed up once a minute or a thousand."""
    city = new_city()
    envelope = _strange(city, kind)
    code = refusal(city.requester.open, envelope)
    entries = city.requester.ledger.entries
    before = len(entries)
    for _ in range(MAX_COUNTED - 2):
        refusal(city.requester.open, envelope)
    assert len(entries) == before
    refusal(city.requester.open, envelope)
    (summed,) = entries[before:]
    assert summed.shared == SharedPart(
        version=1, time=city.clock(), kind="open", outcome=code, count=MAX_COUNTED
    )
    # Again from nothing; a minute later the next one brings them in.
    for _ in range(5):
        refusal(city.requester.open, envelope)
    city.clock.now += MAX_COUNTED_MS
    refusal(city.requester.open, envelope)
    assert [entry.shared.count for entry in entries[before:]] == [MAX_COUNTED, 6]
    refusal(city.requester.open, envelope)
    city.requester.inbound.close()
    assert entries[-1].shared.count == 1
    city.requester.inbound.close()
    assert len(entries) == before + 3


def test_strangers_at_the_way_out_are_counted_too() -> None:
    """A token that is none, or not signed by an issuer, by code."""
    city = new_city()
    good = city.request(rows())
    forged = good.grant[:-8] + ("A" * 7 + "Q")
    for token in ("", "a.b.c", "x" * 9000, forged, forged):
        refusal(city.provider.seal, msgspec.structs.replace(good, grant=token))
    assert city.provider.ledger.entries == []
    city.provider.outbound.close()
    counts = {e.shared.outcome: e.shared.count for e in city.provider.ledger.entries}
    assert counts == {"TOKEN_MALFORMED": 3, "TOKEN_SIGNATURE_INVALID": 2}


def test_a_node_without_trust_data_counts_as_well() -> None:
    """What anybody can bring about while trust data is stale does not fill the disk either."""
    city = new_city()
    envelope, request = Forge(city).honest.envelope, city.request(rows())
    city.publish(expires=city.clock() // 1000)
    before = len(city.provider.ledger.entries), len(city.requester.ledger.entries)
    for _ in range(3):
        assert refusal(city.provider.seal, request) == "TRUST_STALE"
        assert refusal(city.requester.open, envelope) == "TRUST_STALE"
    assert (len(city.provider.ledger.entries), len(city.requester.ledger.entries)) == before
    city.provider.outbound.close()
    city.requester.inbound.close()
    assert city.provider.ledger.entries[-1].shared.count == 3
    assert city.requester.ledger.entries[-1].shared.count == 3


def test_counts_are_not_lost_with_a_ledger_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be summed up is summed up later, once."""
    city = new_city()
    for data in (b"", b"x", field(1, b"x")):
        assert refusal(city.requester.open, data) == "ENVELOPE_MALFORMED"
    assert refusal(city.requester.open, Forge(city).envelope(by=city.outsider)) == (
        "ENVELOPE_SIGNATURE_INVALID"
    )
    ledger, written = city.requester.ledger, len(city.requester.ledger.entries)
    kept, fails = ledger.append, [True, False, True]

    def append(entry: Entry) -> Receipt:
        if fails and fails.pop(0):
            raise LedgerUnavailableError
        return kept(entry)

    monkeypatch.setattr(ledger, "append", append)
    assert refusal(city.requester.inbound.close) == "LEDGER_UNAVAILABLE"
    assert refusal(city.requester.inbound.close) == "LEDGER_UNAVAILABLE"
    city.requester.inbound.close()
    city.requester.inbound.close()
    counts = [(e.shared.outcome, e.shared.count) for e in ledger.entries[written:]]
    assert sorted(counts) == [("ENVELOPE_MALFORMED", 3), ("ENVELOPE_SIGNATURE_INVALID", 1)]


@pytest.mark.parametrize("text", ["\udcff\udcfe", "\ud800", "名" * 5000, "\x00\n\r", ""], ids=ascii)
def test_a_callers_name_is_entered_whatever_it_is(tmp_path: Path, text: str) -> None:
    """Also one that is no UTF-8, as a command line can hold; a long one is cut."""
    city = new_city()
    path = tmp_path / "ledger.ndjson"
    ledger: Any = _ledger(path)
    city.provider.ledger.append = ledger.append  # type: ignore[method-assign]
    sealed = city.provider.seal(city.request(rows(), caller=text, reference=text))
    assert sealed.receipt.position == 0
    assert len(path.read_bytes()) < 6000
    assert len(_lines(path)) == 1


def test_what_a_caller_asks_for_is_entered_only_if_it_is_catalogued() -> None:
    """A resource or purpose that is none may be any text: an id number, a whole record."""
    city = new_city()
    for changes, code in (
        ({"resource": "110101199003071233"}, "TOKEN_CLAIM_INVALID"),
        ({"resource": "\ud800"}, "TOKEN_CLAIM_INVALID"),
        ({"purpose": "x" * 1_000_000}, "PURPOSE_NOT_GRANTED"),
    ):
        assert refusal(city.provider.seal, city.request(rows(), **changes)) == code
        entry = city.provider.ledger.entries[-1]
        assert entry.shared.outcome == code
        assert len(msgspec.json.encode(entry)) < 1000
        assert "110101" not in repr(entry)
