"""The grants given to a department: token files in a folder."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.errors import TokenError
from gateway.grants.token import MAX_TOKEN_BYTES, decode_segment
from gateway.model.call import HeldGrant
from keys.suites import fingerprint


class _Detail(Struct):
    resource: str
    purpose: str
    fields: tuple[str, ...]


class _Claims(Struct):
    jti: str
    aud: str
    authorization_details: tuple[_Detail]


class FolderGrants:
    """A GrantBook over a folder of `*.jwt`; a new file counts at once.

    Signatures are not checked here: what stands in the folder was put there by
    the department, and its provider verified it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[tuple[str, str], HeldGrant] = {}

    def find(self, jti: str, digest: str) -> HeldGrant | None:
        """Return the grant of the folder with this `jti` and SHA-256 (hex)."""
        held = self._held.get((jti, digest))
        if held is None:
            grants = filter(None, map(_read, sorted(self._folder.glob("*.jwt"))))
            self._held = {(grant.jti, grant.digest): grant for grant in grants}
            held = self._held.get((jti, digest))
        return held


def _read(path: Path) -> HeldGrant | None:
    try:
        if os.stat(path).st_size > MAX_TOKEN_BYTES + 2:
            return None
        token = path.read_text("ascii").strip()
        claims = msgspec.json.decode(decode_segment(token.split(".")[1]), type=_Claims)
    except (OSError, ValueError, LookupError, RecursionError, TokenError):
        return None
    (detail,) = claims.authorization_details
    return HeldGrant(
        jti=claims.jti,
        digest=fingerprint(token.encode()).hex(),
        provider=claims.aud,
        resource=detail.resource,
        purpose=detail.purpose,
        fields=detail.fields,
    )
