"""Receipts as text: written and read again, verified, and refused where anything was changed."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.errors import ReceiptInvalidError
from gateway.ledger.entries import settle
from gateway.ledger.notes import Checkpoint, checkpoint_text, sign_note
from gateway.ledger.receipts import (
    MAX_PATH,
    MAX_RECEIPT_CHARACTERS,
    check_receipt,
    read_leaf,
    read_receipt,
    receipt_text,
)
from gateway.model.call import Entry, PrivatePart, Receipt, SharedPart
from gateway.model.trust import Department, PublicKey
from keys.material import LedgerKey, Purpose, VerifyingKey
from keys.suites import X25519, suite
from tests.gateway.naive_tree import NaiveTree

ID, ANOTHER_ID = "11149900MB0C12002H", "11149900MB0C13013W"
ORIGIN = f"sealgate/{ID}/main/node-0199f0c2a1b2-0a1b2c3d"
KEY, OTHER = (suite(X25519).ledger_key(bytes([seed]) * 32) for seed in (1, 2))


def department(*keys: LedgerKey, id_: str = ID, revoked: bool = False) -> Mapping[str, Department]:
    """Return a directory of one department that signs by these keys."""
    entries = tuple(
        PublicKey(
            key_id=key.key_id,
            purpose=Purpose.LEDGER,
            suite=key.suite,
            public=b64encode(key.public).decode(),
            not_before=0,
            not_after=2**31,
            revoked_at=1 if revoked else None,
        )
        for key in keys
    )
    return {id_: Department(id=id_, name="青岚市民政局", suites=(1, 2), keys=entries)}


DIRECTORY = department(KEY)


def verifying(key: LedgerKey) -> VerifyingKey:
    """Return the public half of a key."""
    return suite(key.suite).verifying_key(key.public, Purpose.LEDGER)


def leaves(count: int) -> list[bytes]:
    """Return so many leaves, no two alike."""
    return [
        settle(
            Entry(
                shared=SharedPart(version=1, time=1000 + number, kind="seal", outcome="ok"),
                private=PrivatePart(caller="cli"),
            ),
            bytes(16),
        ).leaf
        for number in range(count)
    ]


def issue(index: int, size: int, key: LedgerKey = KEY, origin: str = ORIGIN) -> Receipt:
    """Return the receipt of one entry of a ledger."""
    tree = NaiveTree(leaves(size))
    body = checkpoint_text(Checkpoint(origin, size, tree.head(0, size)))
    return Receipt(
        leaf=tree.leaves[index],
        index=index,
        path=tuple(tree.path(index, 0, size)),
        checkpoint=sign_note(body, origin, verifying(key), key.sign),
    )


GOOD = issue(5, 11)
TEXT = receipt_text(GOOD)


def refused(text: str, directory: Mapping[str, Department] = DIRECTORY) -> str:
    """Return why a text is no receipt that proves anything."""
    with pytest.raises(ReceiptInvalidError) as refusal:
        check_receipt(read_receipt(text), directory)
    assert refusal.value.message_zh
    return refusal.value.message


@pytest.mark.parametrize("size", range(1, 18))
def test_a_receipt_of_every_entry_comes_back_from_its_text(size: int) -> None:
    """The same to the byte, and it proves its own entry at its own place."""
    for index in range(size):
        receipt = issue(index, size)
        text = receipt_text(receipt)
        assert read_receipt(text) == receipt
        checked = check_receipt(read_receipt(text), DIRECTORY)
        assert (checked.number, checked.size, checked.origin) == (index, size, ORIGIN)
        assert (checked.department, checked.key_id) == (ID, KEY.key_id)
        assert checked.shared.time == 1000 + index


def test_its_text_is_a_tlog_proof() -> None:
    """Line by line as C2SP has it."""
    proof, _, note = TEXT.partition("\n\n")
    header, extra, index, *path = proof.split("\n")
    assert header == "c2sp.org/tlog-proof@v1"
    assert b64decode(extra.removeprefix("extra ")) == GOOD.leaf
    assert index == "index 5"
    assert [b64decode(line) for line in path] == [*GOOD.path]
    assert note == GOOD.checkpoint


@settings(max_examples=400)
@given(st.integers(0, len(TEXT.encode()) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(place: int, change: int) -> None:
    """Be it in the entry, the path, the checkpoint, the signature or the form."""
    data = bytearray(TEXT.encode())
    data[place] ^= change
    # What is no UTF-8 any more is no text, and nobody hands it in as one.
    refused(data.decode("utf-8", "surrogateescape"))


@settings(max_examples=100)
@given(st.integers(0, len(TEXT) - 1), st.text(min_size=1, max_size=3))
def test_what_is_added_or_left_out_is_found(place: int, more: str) -> None:
    """At any place, and at the end."""
    refused(TEXT[:place] + more + TEXT[place:])
    refused(TEXT[:place])
    refused(TEXT[:place] + TEXT[place + 1 :])
    refused(TEXT + more)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda one: replace(one, path=one.path[:-1]), "path"),
        (lambda one: replace(one, path=(*one.path, bytes(32))), "path"),
        (lambda one: replace(one, path=one.path[::-1]), "path"),
        (lambda one: replace(one, path=()), "path"),
        (lambda one: replace(one, index=one.index + 1), "path"),
        (lambda one: replace(one, index=10**17), "path"),
        (lambda one: replace(one, leaf=leaves(1)[0]), "path"),
        (lambda one: replace(one, path=(bytes(32),) * (MAX_PATH + 1)), "not written"),
        (lambda one: replace(one, checkpoint=issue(5, 12).checkpoint), "path"),
        (lambda one: replace(one, checkpoint=""), "checkpoint cannot be read"),
        (lambda one: replace(one, leaf=b"{}"), "leaf"),
        (lambda one: replace(one, leaf=one.leaf + b" "), "canonical"),
    ],
)
def test_a_receipt_put_together_of_other_parts_is_refused(
    change: Callable[[Receipt], Receipt], why: str
) -> None:
    """A cut, longer or turned path, another place, another entry, another checkpoint."""
    assert why in refused(receipt_text(change(GOOD)))


def test_only_the_departments_own_key_in_force_counts() -> None:
    """Not another's, not one that was revoked, not one for another purpose."""
    assert "no ledger key" in refused(TEXT, department(OTHER))
    assert "no ledger key" in refused(TEXT, department())
    assert "no ledger key" in refused(TEXT, department(KEY, revoked=True))
    assert "no ledger key" in refused(receipt_text(issue(5, 11, OTHER)))
    held = DIRECTORY[ID]
    signing = (replace(held.keys[0], purpose=Purpose.SIGNING),)
    assert "no ledger key" in refused(TEXT, {ID: replace(held, keys=signing)})
    assert check_receipt(GOOD, department(OTHER, KEY)).key_id == KEY.key_id


def test_another_department_cannot_vouch_for_it() -> None:
    """The origin says whose ledger it is, and whose key must have signed."""
    assert "does not know" in refused(TEXT, department(KEY, id_=ANOTHER_ID))
    both = {**DIRECTORY, **department(OTHER, id_=ANOTHER_ID)}
    origin = ORIGIN.replace(ID, ANOTHER_ID)
    assert "no ledger key" in refused(receipt_text(issue(5, 11, KEY, origin)), both)
    assert check_receipt(issue(5, 11, OTHER, origin), both).department == ANOTHER_ID


@pytest.mark.parametrize("origin", ["example.com/log", f"sealgate/{ID}/main", f"{ORIGIN}/more"])
def test_a_log_that_is_none_of_ours_is_refused(origin: str) -> None:
    """However well it is signed."""
    assert "checkpoint cannot be read" in refused(receipt_text(issue(5, 11, KEY, origin)))


def test_witnesses_may_have_signed_too() -> None:
    """What others add to a checkpoint takes nothing from it."""
    tree = NaiveTree(leaves(11))
    body = checkpoint_text(Checkpoint(ORIGIN, 11, tree.head(0, 11)))
    witness = sign_note(body, "witness.example", verifying(OTHER), OTHER.sign)
    line = witness.rpartition("\n\n")[2]
    both = replace(GOOD, checkpoint=GOOD.checkpoint + line)
    assert check_receipt(read_receipt(receipt_text(both)), DIRECTORY).key_id == KEY.key_id
    alone = replace(GOOD, checkpoint=witness)
    assert "no ledger key" in refused(receipt_text(alone))


@pytest.mark.parametrize(
    "inner",
    [
        b'"time":' + b"9" * 30,
        b'"time":1e400',
        b'"resource":"\xff"',
        b'"resource":"\\ud800"',
        b'"more":' + b"[" * 100_000,
        b'"time":true',
        b"",
    ],
)
def test_a_leaf_of_any_bytes_is_read_or_refused(inner: bytes) -> None:
    """Never anything else: it comes from whoever wrote the file."""
    shared = b'{"version":1,"time":1,"kind":"seal","outcome":"ok",' + inner + b"}"
    leaf = b'{"private":"","shared":' + shared + b"}"
    assert "leaf" in refused(receipt_text(replace(GOOD, leaf=leaf)))


def test_what_is_too_long_is_not_read() -> None:
    """Before anything is done with it."""
    assert "too long" in refused(TEXT + " " * MAX_RECEIPT_CHARACTERS)


def test_no_refusal_repeats_what_it_read() -> None:
    """A leaf that is none may hold anything."""
    marked = b'{"private":"marked-text-4711","shared":4711}'
    told = refused(receipt_text(replace(GOOD, leaf=marked)))
    assert "4711" not in told
    assert "marked" not in told
    with pytest.raises(ReceiptInvalidError) as refusal:
        read_leaf(msgspec.json.encode({"marked-text-4711": 1}))
    assert "marked" not in str(refusal.value)
    assert refusal.value.__cause__ is None
