"""A department cosigns only what is consistent with what it knows."""

import pytest

from gateway.errors import CheckpointInvalidError, RequestMalformedError
from gateway.ledger.notes import Checkpoint
from gateway.ledger.witnesses import MAX_PROOF_BYTES, check_newer, proof_text, read_proof
from tests.gateway.naive_tree import NaiveTree

TREE = NaiveTree([bytes([number]) for number in range(64)])
OTHER = NaiveTree([b"x", *(bytes([number]) for number in range(1, 64))])


def at(size: int, tree: NaiveTree = TREE) -> Checkpoint:
    """Return the checkpoint of a tree at a size."""
    return Checkpoint("origin", size, tree.head(0, size))


def proof(old: int, new: int) -> tuple[bytes, ...]:
    """Prove it."""
    return tuple(TREE.proof(old, new))


def test_what_follows_is_taken() -> None:
    """With a proof from what is known; the first one, and the same one, without."""
    check_newer(None, at(5), ())
    check_newer(at(5), at(5), ())
    for old in range(1, 40):
        check_newer(at(old), at(40), proof(old, 40))


def test_what_cannot_be_told_asks_for_a_proof() -> None:
    """It names the size to prove from; what is older than what is known is told so."""
    with pytest.raises(RequestMalformedError, match="from there to 9"):
        check_newer(at(5), at(9), ())
    with pytest.raises(RequestMalformedError, match="a later checkpoint, of 9 entries"):
        check_newer(at(9), at(5), proof(5, 9))


@pytest.mark.parametrize(
    ("known", "new", "path"),
    [
        (at(5), at(5, OTHER), ()),
        (at(5), at(9, OTHER), proof(5, 9)),
        (at(5, OTHER), at(9), proof(5, 9)),
        (at(5), at(9), proof(4, 9)),
        (at(5), at(9), proof(5, 9)[:-1]),
        (at(5), at(9), (*proof(5, 9), bytes(32))),
        (at(4), at(9), proof(5, 9)),
    ],
)
def test_what_does_not_follow_is_refused(
    known: Checkpoint, new: Checkpoint, path: tuple[bytes, ...]
) -> None:
    """Another history, or a proof of something else."""
    with pytest.raises(CheckpointInvalidError):
        check_newer(known, new, path)


def test_proofs_are_written_and_read() -> None:
    """A hash a line; what is none is refused."""
    for old in range(1, 64):
        assert read_proof(proof_text(proof(old, 64))) == proof(old, 64)
    assert read_proof("") == ()
    assert len(proof_text([bytes(32)] * 126)) <= MAX_PROOF_BYTES
    good = proof_text([bytes(32)])
    for wrong in ("x", good[:-2], good[4:], "é", proof_text([bytes(31)]), good * 127):
        with pytest.raises(RequestMalformedError):
            read_proof(wrong)
