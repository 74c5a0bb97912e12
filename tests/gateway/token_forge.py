"""An issuer that signs whatever it is told to, and what must hold of every refusal."""

import base64
import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from gateway.grants import GrantVerifier, VerifiedGrant
from gateway.grants.claims import Approval
from gateway.grants.token import encode_segment
from gateway.model.trust import Snapshot
from gateway.testing import MemoryCity
from keys.errors import SealgateError

JSON = dict[str, Any]

# What most refusals of a token are called.
CLAIM, MALFORMED = "TOKEN_CLAIM_INVALID", "TOKEN_MALFORMED"
UNKNOWN = "TOKEN_ISSUER_UNKNOWN"
# The provider that verifies, and a department that it is not.
US, OTHER = "11149900MB0C12002H", "11149900MB0C140248"
# Stands in a token, and may stand in no error.
MARK = "marked-secret-7f3a"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

# Shorter pieces stand in any text by chance.
QUIET_LENGTH = 8
# Which department or resource it is about is told by its public id, which the issuer signed.
TOLD = {
    "DEPARTMENT_UNKNOWN": "sub",
    "KEY_UNAVAILABLE": "sub",
    "RESOURCE_UNCATALOGUED": "resource",
    "RESOURCE_NOT_OURS": "resource",
    "RESOURCE_NOT_SHARED": "resource",
    "RESOURCE_STOPPED": "resource",
    "APPROVAL_MISSING": "resource",
    "AGREEMENT_MISSING": "resource",
    "REVIEW_MISSING": "resource",
}


class TokenForge:
    """Signs, as the issuer of a city or as anybody, headers and claims as they come."""

    def __init__(self, city: MemoryCity | None = None, **claims: Any) -> None:
        self.city = city or MemoryCity()
        self.snapshot = self.city.provider.snapshots.current()
        self.now = self.city.clock() // 1000
        self.kid = self.city.issuer_key.key_id
        self.public = self.city.issuer_key.public or b""
        self.header: JSON = {"alg": "Ed25519", "typ": "at+jwt", "kid": self.kid}
        made = self.city.claims(**claims)
        self.claims: JSON = json.loads(msgspec.json.encode(made))
        self.detail: JSON = self.claims["authorization_details"][0]
        self.valid = self.token()

    def token(
        self,
        header: object = None,
        claims: object = None,
        *,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> str:
        """Make a token of JSON values or, as they stand, of bytes."""
        parts = (
            part if isinstance(part, bytes) else json.dumps(part, ensure_ascii=False).encode()
            for part in (
                self.header if header is None else header,
                self.claims if claims is None else claims,
            )
        )
        signed = ".".join(map(encode_segment, parts))
        return f"{signed}.{encode_segment((sign or self.city.sign)(signed.encode()))}"

    def with_claims(self, **changes: Any) -> str:
        """Sign the ordinary claims, changed by name."""
        return self.token(claims={**self.claims, **changes})

    def with_detail(self, **changes: Any) -> str:
        """Sign the ordinary claims with authorization details changed by name."""
        return self.with_claims(authorization_details=[{**self.detail, **changes}])

    def with_text(self, old: str, new: str) -> str:
        """Sign the ordinary claims with one piece of their text replaced."""
        text = json.dumps(self.claims, ensure_ascii=False)
        assert text.count(old) == 1
        return self.token(claims=text.replace(old, new).encode("utf-8", "surrogatepass"))

    def verify(
        self, token: str, snapshot: Snapshot | None = None, now: int | None = None
    ) -> VerifiedGrant:
        """Verify with a verifier that has seen nothing before."""
        verifier = GrantVerifier(self.city.provider.department)
        return verifier.verify(token, snapshot or self.snapshot, self.now if now is None else now)

    def outcome(
        self, token: str, snapshot: Snapshot | None = None, now: int | None = None
    ) -> VerifiedGrant | SealgateError:
        """Verify; return the refusal, if it is one. Anything else that is raised stays raised."""
        try:
            return self.verify(token, snapshot, now)
        except SealgateError as error:
            self.check_refusal(error, token)
            return error

    def refused(
        self, token: str, code: str, *, snapshot: Snapshot | None = None, now: int | None = None
    ) -> SealgateError:
        """Assert that a token is refused with a code, and without an echo of it."""
        with pytest.raises(SealgateError) as caught:
            self.verify(token, snapshot, now)
        assert caught.value.code == code
        self.check_refusal(caught.value, token)
        return caught.value

    def check_refusal(self, error: SealgateError, token: str) -> None:
        """Assert a code, two texts, and that nothing of the token stands in what is shown."""
        assert error.code
        assert error.message
        assert error.message_zh
        said, claims = shown(error), (self.claims, read_payload(token))
        told = {text for value in claims for text in named(value, TOLD.get(error.code, ""))}
        for text in {
            *token.split("."),
            self.kid,
            *(text for value in claims for text in strings(value)),
        }:
            known = text in told or text in names(self.claims)
            assert len(text) < QUIET_LENGTH or known or text not in said


def read_payload(token: str) -> object:
    """Return the claims of a token, if they can be read at all."""
    try:
        segment = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, LookupError, RecursionError):
        return None


def shown(error: SealgateError) -> str:
    """Return everything that an error says of itself."""
    return "\n".join(
        (*traceback.format_exception(error), repr(error), error.message_zh, repr(vars(error)))
    )


def strings(value: object) -> Iterator[str]:
    """Yield every string in a JSON value, names of members too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def members(value: object) -> Iterator[tuple[str, object]]:
    """Yield every member in a JSON value, by name."""
    if isinstance(value, dict):
        yield from value.items()
    for item in value.values() if isinstance(value, dict) else ():
        yield from members(item)
    for item in value if isinstance(value, list) else ():
        yield from members(item)


def names(value: object) -> set[str]:
    """Return the name of every member in a JSON value."""
    return {name for name, _ in members(value)}


def named(value: object, name: str) -> set[str]:
    """Return every string that stands under a name in a JSON value."""
    return {item for key, item in members(value) if key == name and isinstance(item, str)}


def same_meaning(grant: VerifiedGrant, payload: bytes) -> bool:
    """Tell whether a grant says what another JSON reader finds in its claims, all of it."""
    return _plain(msgspec.to_builtins(grant.claims)) == _plain(json.loads(payload))


def _plain(value: object) -> object:
    """Take away members of null, which stand for nothing; tell 1 from true."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return type(value), value


def marked_forge() -> TokenForge:
    """Return a forge whose ordinary claims use every claim there is, with marked texts."""
    city = MemoryCity()
    detail = {
        "agreement": f"{MARK}-agreement",
        "region": "149900",
        "rows_per_call": 1000,
        "rows_per_day": 5000,
        "legal_basis": f"{MARK}-basis",
        "approval": Approval(by=f"{MARK}-by", at=city.clock() // 1000, reference=f"{MARK}-ref"),
    }
    return TokenForge(city, detail=detail, client_id=f"{MARK}-client", jti=f"{MARK}-jti")
