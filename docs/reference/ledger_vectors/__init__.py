"""Test vectors of the ledger; docs/reference/ledger.md tells how to read them."""
