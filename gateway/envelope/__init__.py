"""Envelopes: the wire form, sealing and opening. Rules only; no input or output.

Specified byte for byte in docs/reference/envelope.md.
"""
