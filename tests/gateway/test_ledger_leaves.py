"""Leaves that are read many at a time are read as strictly as one."""

import msgspec
import pytest

from gateway.errors import LedgerInvalidError, ReceiptInvalidError
from gateway.ledger.entries import private_hash
from gateway.ledger.judging import Judge
from gateway.ledger.leaves import read_leaves
from gateway.ledger.receipts import read_leaf

SPELLED = b'{"private":"%s","shared":{"version":1,"time":5,"kind":"seal","outcome":"ok"%s}}'


@pytest.mark.parametrize(
    ("more", "canonical"),
    [
        (b"", True),
        (b',"fields":[["a","clear"]]', True),
        (b',"fields":[["a","clear"],["b","drop"]],"records":3', True),
        (b',"fields":[]', False),
        (b',"fields":[["a", "clear"]]', False),
        (b',"fields": [["a","clear"]]', False),
        (b',"fields":[["a","clear"]] ', False),
        (b',"fields":[["a"]]', False),
        (b',"fields":[["a","clear",1]]', False),
        (b',"fields":{"a":"clear"}', False),
        (b',"fields":null', False),
        (b',"fields":[["a","\\u0063lear"]]', False),
        (b',"fields":[["a","clear"]],"fields":[["a","clear"]]', False),
        (b',"records":3,"fields":[["a","clear"]]', False),
        (b',"records":3.0', False),
        (b',"records":null', False),
        (b',"count":03', False),
        (b',"more":1', False),
        (b"\n", False),
    ],
)
def test_many_leaves_are_read_as_strictly_as_one(more: bytes, canonical: bool) -> None:
    """The quick way and the way of receipts take the same spellings."""
    leaf = SPELLED % (b"00" * 32, more)
    good = SPELLED % (b"11" * 32, b"")
    try:
        quick = read_leaves([good, leaf, good])
    except ValueError:
        quick = None
    assert (quick is not None) == canonical
    if canonical:
        assert msgspec.json.encode(read_leaf(leaf)) == leaf
    else:
        with pytest.raises(ReceiptInvalidError):
            read_leaf(leaf)


def test_hashes_of_private_parts_are_not_run_together() -> None:
    """A character that moved from one leaf to the next is found at the first."""
    salt, private = bytes(16), b'{"caller":"a"}'
    text = private_hash(salt, private).hex().encode()
    leaves = [SPELLED % (text[:-1], b""), SPELLED % (text[-1:] + text, b"")]
    rows = [(number, leaf, salt, private) for number, leaf in enumerate(leaves)]
    with pytest.raises(LedgerInvalidError, match="entry 0: its private part"):
        Judge("node-0").judge(rows, 0, 2, {})
