"""The authority's side: trust data, grants and their revocation, from a folder."""

from gateway.authority.authority import Authority, GrantRequest

__all__ = ["Authority", "GrantRequest"]
