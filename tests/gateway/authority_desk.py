"""An authority at work: what is wanted of it, and whether providers accept it."""

from pathlib import Path
from typing import Any

import msgspec

from gateway.authority import Authority, GrantRequest
from gateway.authority.register import Issued, Revoked
from gateway.config import Places
from gateway.grants import GrantVerifier
from gateway.grants.claims import Approval, Claims
from gateway.grants.token import parse_token, read_claims
from gateway.model.trust import Blocks, Snapshot
from gateway.stores.clock import system_clock
from gateway.testing import FIELDS, PURPOSE, RESOURCE
from keys.errors import SealgateError

PROVIDER, REQUESTER = "11149900MB0C12002H", "11149900MB0C13013W"
OUTSIDER = "11149900MB0C140248"
MARK = "marked-secret-7f3a"


def wanted(**changes: Any) -> GrantRequest:
    """Return an ordinary request, changed by name."""
    request = GrantRequest(
        requester=REQUESTER,
        provider=PROVIDER,
        resource=RESOURCE,
        purpose=PURPOSE,
        fields=FIELDS,
        level="G3",
        approval=Approval(by=MARK, at=system_clock() // 1000, reference=MARK),
    )
    return msgspec.structs.replace(request, **changes)


def claims_of(token: str) -> Claims:
    """Read the claims of a token, believed as they stand."""
    return read_claims(parse_token(token).payload, Claims)


def verify(authority: Authority, token: str, now: int | None = None) -> str:
    """Verify as the provider would with the trust data as it stands; return the outcome."""
    snapshot = Snapshot(number=1, trust=authority.trust(), policy=None, blocks=Blocks())
    try:
        GrantVerifier(PROVIDER).verify(token, snapshot, now or system_clock() // 1000)
    except SealgateError as error:
        return error.code
    return "ok"


def content(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder but locks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


def issued_grant(index: int) -> Issued:
    return Issued(
        jti=f"grant-{index:06}",
        index=index,
        sub=REQUESTER,
        aud=PROVIDER,
        resource=RESOURCE,
        exp=2_000_000_000,
    )


def write_register(folder: Path, *entries: Issued | Revoked, end: bytes = b"\n") -> Path:
    path = Places(folder).register
    path.write_bytes(b"\n".join(map(msgspec.json.encode, entries)) + end)
    return path
