"""Certificates of the sidecar's TLS: issued, read and judged as values. No input, no output.

All are P-256: gRPC shakes hands with no Ed25519 certificate, and where it is told to
take RSA alone from TLS 1.2, a certificate of P-256 leaves TLS 1.3 only.
"""
