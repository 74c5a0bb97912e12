"""The ledger's rules: entries in canonical form, trees over them, receipts. No I/O."""

from gateway.ledger.entries import (
    BEFORE_AUTHENTICATION,
    MAX_COUNTED,
    MAX_COUNTED_MS,
    SALT_BYTES,
    VERSION,
    RefusalCounter,
    SettledEntry,
    entry_digest,
    settle,
)
from gateway.ledger.receipts import begin_receipt, receipt_message, sign_receipts

__all__ = [
    "BEFORE_AUTHENTICATION",
    "MAX_COUNTED",
    "MAX_COUNTED_MS",
    "SALT_BYTES",
    "VERSION",
    "RefusalCounter",
    "SettledEntry",
    "begin_receipt",
    "entry_digest",
    "receipt_message",
    "settle",
    "sign_receipts",
]
