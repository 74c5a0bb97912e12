"""What docs/reference/vectors/grant.json holds; grant.md describes it."""

from msgspec import Struct

FORMAT = "sealgate grant vectors 1"


class GrantKey(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A signing key of an issuer; times are Unix seconds."""

    name: str
    key_id: str
    private: str
    public: str
    not_before: int
    not_after: int
    retired_at: int | None = None
    revoked_at: int | None = None


class ListedIssuer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An issuer as trust data lists it; every issuer has every key."""

    iss: str
    algorithms: tuple[str, ...]
    providers: tuple[str, ...]
    resources: tuple[str, ...]


class Accepted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token that holds, and the SHA-256 that manifests name it by."""

    name: str
    about: str
    about_zh: str
    token: str
    digest: str


class Refused(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A token that does not hold, under what blocks and at what time."""

    name: str
    code: str
    about: str
    about_zh: str
    token: str
    now: int | None = None
    blocked_requesters: tuple[str, ...] = ()
    blocked_grants: tuple[str, ...] = ()


class GrantFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; `now` is Unix seconds."""

    format: str = FORMAT
    about: str = "docs/reference/grant.md; written by docs/reference/vectors.py"
    now: int
    provider: str
    departments: tuple[str, ...]
    issuers: tuple[ListedIssuer, ...]
    keys: tuple[GrantKey, ...]
    status_lists: dict[str, str]
    accepted: tuple[Accepted, ...]
    refused: tuple[Refused, ...]
