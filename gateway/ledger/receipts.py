"""Receipts: one signature for all entries of a commit, and for each its path to it. No I/O."""

from collections.abc import Callable, Sequence

from msgspec.structs import force_setattr

from gateway.ledger.entries import SettledEntry, entry_digest
from gateway.ledger.tree import grow, leaf_hash, root_from
from gateway.model.call import Receipt
from keys.derive import lp

RECEIPT_LABEL = b"sealgate/v1/receipt"


def begin_receipt(settled: SettledEntry, position: int) -> Receipt:
    """Make the receipt of an entry that goes to a position; `sign_receipts` completes it."""
    private_hash = settled.private_hash()
    return Receipt(
        shared=settled.shared,
        entry=entry_digest(settled.shared, private_hash).hex(),
        private=private_hash.hex(),
        position=position,
    )


def sign_receipts(receipts: Sequence[Receipt], key_id: str, sign: Callable[[bytes], bytes]) -> None:
    """Complete the receipts of one commit, by one signature over the root of their tree."""
    root, paths = grow([_leaf(receipt) for receipt in receipts])
    size = len(receipts)
    signature = sign(_message(root, size)).hex()
    for index, (receipt, path) in enumerate(zip(receipts, paths, strict=True)):
        force_setattr(receipt, "key_id", key_id)
        force_setattr(receipt, "signature", signature)
        force_setattr(receipt, "index", index)
        force_setattr(receipt, "size", size)
        force_setattr(receipt, "path", tuple(one.hex() for one in path))


def receipt_message(receipt: Receipt) -> bytes:
    """Return what a receipt's signature is over: the root that its entry and path lead to.

    Raises: ValueError where its path leads nowhere.
    """
    path = [bytes.fromhex(one) for one in receipt.path]
    root = root_from(_leaf(receipt), receipt.index, receipt.size, path)
    return _message(root, receipt.size)


def _leaf(receipt: Receipt) -> bytes:
    """Hash an entry with its place in the file."""
    return leaf_hash(bytes.fromhex(receipt.entry) + receipt.position.to_bytes(8, "big"))


def _message(root: bytes, size: int) -> bytes:
    return RECEIPT_LABEL + lp(root, size.to_bytes(8, "big"))
