"""What was answered for is in the ledger file, whole lines and nothing else."""

import hashlib
import stat
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from gateway.ledger import entry_digest, receipt_message
from gateway.stores.ledger_file import TAIL_BYTES
from keys.derive import lp
from keys.errors import KeyUnavailableError, SignatureInvalidError
from keys.material import Purpose
from keys.stores.memory import MemoryStore
from keys.suites import suite
from tests.gateway.ledger_lines import KEY, an_entry, file_ledger, lines_of, times_of

LABEL = b"sealgate/v1/receipt"

# --- One process


def test_an_entry_is_a_line(tmp_path: Path) -> None:
    """Entries stand one behind the other, readable by their owner only."""
    path = tmp_path / "ledger.ndjson"
    ledger = file_ledger(path)
    receipts = [ledger.append(an_entry(number)) for number in range(3)]
    lines = path.read_bytes().splitlines(keepends=True)
    assert times_of(path) == [0, 1, 2]
    assert [receipt.position for receipt in receipts] == [0, len(lines[0]), 2 * len(lines[0])]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert file_ledger(path).append(an_entry(3)).position == sum(map(len, lines))


def test_a_receipt_can_be_checked_without_the_private_part(tmp_path: Path) -> None:
    """Its digest follows from what it shows; the signature is the ledger key's over that."""
    path = tmp_path / "ledger.ndjson"
    receipt = file_ledger(path).append(an_entry(7, caller="the registry's own system"))
    digest = entry_digest(receipt.shared, bytes.fromhex(receipt.private))
    assert digest.hex() == receipt.entry
    assert receipt.key_id == KEY.key_id
    assert KEY.public is not None
    verifying = suite(1).verifying_key(KEY.public, Purpose.LEDGER)
    # A commit of one entry: the root of its tree is its leaf.
    root = hashlib.sha256(b"\0" + digest + receipt.position.to_bytes(8, "big")).digest()
    signed = LABEL + lp(root, (1).to_bytes(8, "big"))
    verifying.verify(bytes.fromhex(str(receipt.signature)), signed)
    assert receipt_message(receipt) == signed
    assert b"registry" not in msgspec.json.encode(receipt)
    # The private part is hashed under a salt that only the file has.
    line = lines_of(path)[0]
    assert line["private"] == {"caller": "the registry's own system"}
    bare = hashlib.sha256(msgspec.json.encode(line["private"])).hexdigest()
    assert receipt.private not in (bare, line["salt"])


def test_entries_of_one_commit_share_a_signature(tmp_path: Path) -> None:
    """Each receipt is checked by itself; with another's place or path it is none."""
    path = tmp_path / "ledger.ndjson"
    ledger = file_ledger(path)
    ledger.append(an_entry(0))
    with ledger.together():
        receipts = [ledger.append(an_entry(number)) for number in range(1, 8)]
        assert times_of(path) == [0]
    assert times_of(path) == [*range(8)]
    assert KEY.public is not None
    verifying = suite(1).verifying_key(KEY.public, Purpose.LEDGER)
    signatures = {str(receipt.signature) for receipt in receipts}
    assert len(signatures) == 1
    (signature,) = map(bytes.fromhex, signatures)
    assert [receipt.index for receipt in receipts] == [*range(7)]
    for receipt in receipts:
        verifying.verify(signature, receipt_message(receipt))
    for changed in (
        replace(receipts[0], position=receipts[0].position + 1),
        replace(receipts[0], entry=receipts[1].entry),
        replace(receipts[0], index=1),
        replace(receipts[0], size=8),
        replace(receipts[0], path=receipts[1].path),
    ):
        with pytest.raises(SignatureInvalidError):
            verifying.verify(signature, receipt_message(changed))
    with pytest.raises(ValueError, match="short"):
        receipt_message(replace(receipts[0], path=()))


def test_a_commit_that_fails_leaves_none_of_its_entries(tmp_path: Path) -> None:
    """Also those appended before what failed; the next commit begins where the last one ended."""
    path = tmp_path / "ledger.ndjson"
    ledger = file_ledger(path)
    ledger.append(an_entry(0))
    with suppress(ZeroDivisionError), ledger.together():
        ledger.append(an_entry(1))
        raise ZeroDivisionError
    ledger.append(an_entry(2))
    assert times_of(path) == [0, 2]


def test_a_file_that_was_taken_away_is_begun_anew(tmp_path: Path) -> None:
    """An open ledger writes to what its path leads to, not to what was there once."""
    path = tmp_path / "ledger.ndjson"
    ledger = file_ledger(path)
    ledger.append(an_entry(0))
    path.rename(tmp_path / "kept.ndjson")
    assert ledger.append(an_entry(1)).position == 0
    assert times_of(path) == [1]
    assert times_of(tmp_path / "kept.ndjson") == [0]
    ledger.close()
    assert ledger.append(an_entry(2)).position > 0


def test_equal_entries_have_receipts_of_their_own(tmp_path: Path) -> None:
    """The salt is drawn anew for each, so that private parts cannot be guessed or compared."""
    ledger = file_ledger(tmp_path / "ledger.ndjson")
    first, second = ledger.append(an_entry(1)), ledger.append(an_entry(1))
    assert first.private != second.private
    assert first.entry != second.entry


def test_an_entry_without_its_receipt_is_not_written(tmp_path: Path) -> None:
    """Where the ledger key is gone or has ended, no line claims that a call ended well."""
    path = tmp_path / "ledger.ndjson"
    with pytest.raises(KeyUnavailableError, match="no active ledger key"):
        file_ledger(path, MemoryStore()).append(an_entry(1))
    with pytest.raises(KeyUnavailableError):
        file_ledger(path, clock=lambda: KEY.not_after * 1000).append(an_entry(1))
    assert path.read_bytes() == b""


# --- What a crash leaves


def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    """Wherever the last line was torn: what was answered for stays, the rest goes."""
    path = tmp_path / "ledger.ndjson"
    ledger = file_ledger(path)
    for number in range(3):
        ledger.append(an_entry(number))
    whole = path.read_bytes()
    before_last = whole[:-1].rfind(b"\n") + 1
    for size in range(before_last, len(whole) + 1):
        path.write_bytes(whole[:size])
        file_ledger(path).append(an_entry(9))
        assert times_of(path) == [0, 1, *([2] if size == len(whole) else []), 9]


@pytest.mark.parametrize("size", [10, TAIL_BYTES - 1, TAIL_BYTES, TAIL_BYTES + 1, 3 * TAIL_BYTES])
def test_a_torn_line_of_any_length_is_cut_off(tmp_path: Path, size: int) -> None:
    """Also one longer than what is looked at at once, behind an entry or alone."""
    for before in ([], [0]):
        path = tmp_path / f"{len(before)}.ndjson"
        for number in before:
            file_ledger(path).append(an_entry(number))
        with path.open("ab") as file:
            file.write(b"x" * size)
        assert file_ledger(path).append(an_entry(5)).position == (
            len(path.read_bytes()) // 2 if before else 0
        )
        assert times_of(path) == [*before, 5]


def test_a_long_entry_stays_whole(tmp_path: Path) -> None:
    """An entry longer than what is looked at at once is no torn line."""
    path = tmp_path / "ledger.ndjson"
    file_ledger(path).append(an_entry(1, "r" * (3 * TAIL_BYTES)))
    file_ledger(path).append(an_entry(2))
    assert times_of(path) == [1, 2]
