"""Stubs generated from `protos/gateway/v1` by `make protos`; never edited."""
