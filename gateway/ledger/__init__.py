"""The ledger's rules: entries in canonical form, the tree over them, receipts. No I/O."""

from gateway.ledger.entries import (
    BEFORE_AUTHENTICATION,
    MAX_COUNTED,
    MAX_COUNTED_MS,
    SALT_BYTES,
    STRANGER,
    VERSION,
    Leaf,
    RefusalCounter,
    SettledEntry,
    settle,
)

__all__ = [
    "BEFORE_AUTHENTICATION",
    "MAX_COUNTED",
    "MAX_COUNTED_MS",
    "SALT_BYTES",
    "STRANGER",
    "VERSION",
    "Leaf",
    "RefusalCounter",
    "SettledEntry",
    "settle",
]
