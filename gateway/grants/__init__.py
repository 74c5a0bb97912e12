"""Grants: strict reading, verification, status lists and issuing. No I/O.

A grant is a JWT access token (RFC 9068) signed as a compact JWS (RFC 7515) with
RFC 9396 authorization details, held to RFC 8725; docs/reference/grant.md.
"""

from gateway.grants.verifying import GrantVerifier, VerifiedGrant, check_revocation

__all__ = ["GrantVerifier", "VerifiedGrant", "check_revocation"]
