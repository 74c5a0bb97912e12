"""Cosignatures of checkpoints, against C2SP tlog-cosignature as it stands."""

from base64 import b64decode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import CheckpointInvalidError
from gateway.ledger.cosignatures import Cosignature, check_cosignature, cosign, cosignature_hash
from gateway.ledger.notes import (
    Checkpoint,
    SignedCheckpoint,
    check_signature,
    checkpoint_text,
    find_signature,
    key_hash,
    merge,
    read_checkpoint,
    read_note,
    sign_note,
    signature_line,
)
from keys.material import LedgerKey, Purpose, VerifyingKey
from keys.suites import X25519, suite

ORIGIN, WITNESS = "sealgate/11140000MB0000001X/main/node-1", "witness.example.com/w1"
BODY = checkpoint_text(Checkpoint(ORIGIN, 5, bytes(range(32))))
LOG, KEY, NEXT = (suite(X25519).ledger_key(bytes([seed]) * 32) for seed in (1, 2, 3))
TIME = 1679315147
# The example of tlog-cosignature, whose witness has the name above.
EXAMPLE = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
    "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJs"
    "X3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def public(key: LedgerKey) -> VerifyingKey:
    """Return the public half of a ledger key."""
    return suite(X25519).verifying_key(key.public, Purpose.LEDGER)


NOTE = sign_note(BODY, ORIGIN, public(LOG), LOG.sign)


def by(key: LedgerKey, time: int = TIME, name: str = WITNESS) -> str:
    """Return the line of a cosignature of `NOTE`."""
    return cosign(read_checkpoint(NOTE), name, public(key), key.sign, time)


def refused(signed: SignedCheckpoint, *keys: LedgerKey, name: str = WITNESS) -> bool:
    """Tell whether none is believed to have cosigned."""
    try:
        check_cosignature(signed, name, map(public, keys))
    except CheckpointInvalidError:
        return True
    return False


@given(time=st.integers(0, 2**63 - 1))
def test_a_cosignature_is_that_of_the_specification(time: int) -> None:
    """Composed here by hand, signed and verified by another library."""
    line = by(KEY, time)
    message = b"cosignature/v1\ntime %d\n" % time + BODY.encode()
    hash_ = sha256(WITNESS.encode() + b"\n\x04" + KEY.public).digest()[:4]
    signature = Ed25519PrivateKey.from_private_bytes(b"\2" * 32).sign(message)
    assert b64decode(line.split(" ")[2]) == hash_ + time.to_bytes(8, "big") + signature
    assert line.startswith(f"\u2014 {WITNESS} ")
    Ed25519PublicKey.from_public_bytes(KEY.public).verify(signature, message)
    signed = read_checkpoint(NOTE + line)
    assert check_cosignature(signed, WITNESS, [public(KEY)]) == Cosignature(KEY.key_id, time)


def test_the_example_of_the_specification_is_read() -> None:
    """Name, key hash and time stand where they ought to."""
    note = read_checkpoint(EXAMPLE).note
    assert note.text == EXAMPLE
    found = find_signature(note, WITNESS, bytes.fromhex("8d66cf3f"))
    assert found is not None
    assert int.from_bytes(found.signature[:8], "big") == TIME
    assert len(found.signature) == 8 + 64


@settings(max_examples=300)
@given(place=st.integers(0, len(NOTE.encode() + by(KEY).encode()) - 1), change=st.integers(1, 255))
def test_no_changed_byte_is_believed(place: int, change: int) -> None:
    """Of the text or of the witness's line; what the log's own line says is no matter to it."""
    altered = bytearray((NOTE + by(KEY)).encode())
    altered[place] ^= change
    try:
        signed = read_checkpoint(bytes(altered))
    except CheckpointInvalidError:
        return
    logs = len(BODY.encode()) + 1
    if logs <= place < len(NOTE.encode()):
        found = check_cosignature(signed, WITNESS, [public(KEY)])
        assert found == Cosignature(KEY.key_id, TIME)
        assert signed.checkpoint == read_checkpoint(NOTE).checkpoint
    else:
        assert refused(signed, KEY)


def test_a_cosignature_is_no_signature_nor_the_other_way() -> None:
    """One key under one name: its two hashes differ, and so do the messages."""
    assert key_hash(WITNESS, public(KEY)) != cosignature_hash(WITNESS, public(KEY))
    cosigned = read_checkpoint(NOTE + by(KEY))
    with pytest.raises(CheckpointInvalidError):
        check_signature(cosigned.note, WITNESS, [public(KEY)])
    plain = read_checkpoint(sign_note(BODY, WITNESS, public(KEY), KEY.sign))
    assert refused(plain, KEY)
    # Under the cosignature's hash too.
    said = TIME.to_bytes(8, "big") + KEY.sign(BODY.encode())
    forged = signature_line(WITNESS, cosignature_hash(WITNESS, public(KEY)), said)
    assert refused(read_checkpoint(NOTE + forged), KEY)


def test_only_the_witness_asked_for_is_believed() -> None:
    """Not another key, not another name, not a note that it never saw."""
    assert refused(read_checkpoint(NOTE), KEY)
    assert refused(read_checkpoint(NOTE + by(NEXT)), KEY)
    assert refused(read_checkpoint(NOTE + by(KEY)), KEY, name="witness.example.com/w2")
    assert refused(read_checkpoint(NOTE + by(KEY, name="witness.example.com/w2")), KEY)
    other = sign_note(BODY.replace("\n5\n", "\n6\n"), ORIGIN, public(LOG), LOG.sign)
    assert refused(read_checkpoint(other + by(KEY)), KEY)


def test_of_several_keys_the_newest_cosignature_counts() -> None:
    """While a witness changes its key; one that does not hold spoils them all."""
    both = read_checkpoint(NOTE + by(NEXT, TIME + 5) + by(KEY))
    assert check_cosignature(both, WITNESS, map(public, (KEY, NEXT))).time == TIME + 5
    assert check_cosignature(both, WITNESS, [public(KEY)]).time == TIME
    forged = signature_line(WITNESS, cosignature_hash(WITNESS, public(NEXT)), bytes(72))
    spoiled = read_checkpoint(NOTE + by(KEY) + forged)
    assert refused(spoiled, KEY, NEXT)
    assert not refused(spoiled, KEY)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 71, 73])
def test_a_cosignature_of_another_length_does_not_hold(size: int) -> None:
    """Cut within its time, within the signature, or with a byte too many."""
    said = (b64decode(by(KEY).split(" ")[2])[4:] + b"\0")[:size]
    line = signature_line(WITNESS, cosignature_hash(WITNESS, public(KEY)), said)
    assert refused(read_checkpoint(NOTE + line), KEY)


def test_a_time_has_63_bits() -> None:
    """Whatever the key signed."""
    for time in (-1, 2**63):
        with pytest.raises(ValueError, match="63 bits"):
            by(KEY, time)
    message = f"cosignature/v1\ntime {2**63}\n{BODY}".encode()
    said = (2**63).to_bytes(8, "big") + KEY.sign(message)
    line = signature_line(WITNESS, cosignature_hash(WITNESS, public(KEY)), said)
    assert refused(read_checkpoint(NOTE + line), KEY)


def test_cosignatures_of_several_witnesses_come_together() -> None:
    """Merged from notes that each of them sent; all are believed, and the log still is."""
    one = read_note(NOTE + by(KEY))
    other = read_note(NOTE + by(NEXT, name="witness.example.com/w2"))
    signed = read_checkpoint(merge(one, other).text)
    assert len(signed.note.signatures) == 3
    assert check_signature(signed.note, ORIGIN, [public(LOG)]) == LOG.key_id
    assert not refused(signed, KEY)
    assert not refused(signed, NEXT, name="witness.example.com/w2")
