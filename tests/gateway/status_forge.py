"""Status lists made to order, honest and bent."""

import zlib
from typing import Any

import msgspec
import pytest

from gateway.errors import TokenError
from gateway.grants.status import verify_status_list
from gateway.grants.token import encode_segment
from gateway.model.trust import Issuer, Snapshot, StatusList
from gateway.testing import DAY, STATUS_URI
from tests.gateway.token_forge import JSON, MARK, TokenForge, shown

STALE = "TRUST_STALE"


def pack(statuses: bytes) -> str:
    """Compress and spell statuses as a list has them."""
    return encode_segment(zlib.compress(statuses, 9))


class StatusForge(TokenForge):
    """Signs status lists as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.status_header: JSON = {**self.header, "typ": "statuslist+jwt"}
        self.status_claims: JSON = {
            "iss": self.city.iss,
            "sub": STATUS_URI,
            "iat": self.now,
            "exp": self.now + DAY,
            "ttl": 3600,
            "status_list": {"bits": 1, "lst": pack(bytes(128))},
        }

    @property
    def issuers(self) -> dict[str, Issuer]:
        """Return the issuers of trust data."""
        return dict(self.snapshot.trust.issuers)

    def list_token(self, header: JSON | None = None, **changes: Any) -> str:
        """Sign a status list, changed by name."""
        return self.token(
            {**self.status_header, **(header or {})}, {**self.status_claims, **changes}
        )

    def packed(self, lst: str, bits: object = 1) -> str:
        """Sign a status list of this content."""
        return self.list_token(status_list={"bits": bits, "lst": lst})

    def read(self, token: str) -> StatusList:
        """Verify a status list now."""
        return verify_status_list(token, self.issuers, self.now)

    def list_refused(self, token: str, code: str, issuers: dict[str, Issuer] | None = None) -> None:
        """Assert that a list is refused with a code, without an echo of it."""
        with pytest.raises(TokenError) as caught:
            verify_status_list(token, issuers or self.issuers, self.now)
        assert caught.value.code == code
        said = shown(caught.value)
        for text in (*token.split("."), self.kid, self.city.iss, STATUS_URI, MARK):
            assert len(text) < 8 or text not in said

    def with_list(self, found: StatusList | None) -> Snapshot:
        """Return the snapshot with this list alone."""
        lists = {} if found is None else {found.uri: found}
        trust = msgspec.structs.replace(self.snapshot.trust, status_lists=lists)
        return msgspec.structs.replace(self.snapshot, number=self.snapshot.number + 1, trust=trust)

    def grant_at(self, index: int) -> str:
        """Sign a grant with this place in the list."""
        return self.with_claims(status={"status_list": {"idx": index, "uri": STATUS_URI}})
