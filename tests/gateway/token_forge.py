"""An issuer that signs whatever it is told to, and what must hold of every refusal."""

import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from gateway.grants import GrantVerifier, VerifiedGrant
from gateway.grants.token import encode_segment
from gateway.model.trust import Snapshot
from gateway.testing import MemoryCity
from keys.errors import SealgateError

JSON = dict[str, Any]

# What an error may show of a token: names of what is public, which are not in these.
QUIET_LENGTH = 8


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
        self,
        token: str,
        code: str,
        *,
        snapshot: Snapshot | None = None,
        now: int | None = None,
        public: tuple[str, ...] = (),
    ) -> SealgateError:
        """Assert that a token is refused with a code, without an echo of it but `public`."""
        with pytest.raises(SealgateError) as caught:
            self.verify(token, snapshot, now)
        assert caught.value.code == code
        self.check_refusal(caught.value, token, public)
        return caught.value

    def check_refusal(self, error: SealgateError, token: str, public: tuple[str, ...] = ()) -> None:
        """Assert a code, two texts, and that nothing of the token stands in what is shown."""
        assert error.code
        assert error.message
        assert error.message_zh
        said = shown(error)
        ours = set(strings(self.claims)) - set(names(self.claims)) - set(public)
        for text in (*token.split("."), *ours, self.kid):
            assert len(text) < QUIET_LENGTH or text not in said


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


def names(value: object) -> Iterator[str]:
    """Yield the name of every member in a JSON value."""
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else ():
        yield from names(item)
    for item in value if isinstance(value, list) else ():
        yield from names(item)


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
