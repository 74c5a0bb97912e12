"""What a node believes about the world, and the numbered set a call works on."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from gateway.model.resource import CodeList, DepartmentId, Id, Name, Purpose, Resource, ResourceCode
from keys.ports import KeyInfo
from keys.ports import Purpose as KeyPurpose
from masking.examples import such_as
from masking.grades import GradeScheme
from masking.policy import Policy

Seconds = Annotated[
    int,
    Meta(
        ge=0,
        le=253_402_300_799,
        description="a Unix time in seconds",
        extra={"zh": "Unix 时间，单位秒"},
        examples=["1767225600"],
    ),
]
# No example can stand for a key.
_COPIED = ("copy it as `sealgate keys public` writes it", "请照录 `sealgate keys public` 的输出")
KeyId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z2-7]{26}\Z",
        description="a key id: 26 characters a-z, 2-7",
        extra={"zh": "密钥编号：26 个字符，a-z、2-7", "advice": _COPIED},
    ),
]


class PublicKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public key in the directory; `public` is raw key bytes, base64 in files.

    Times are Unix seconds. A key makes things from `not_before` to `not_after`;
    a revoked key is believed in nothing any more.
    """

    key_id: KeyId
    purpose: KeyPurpose
    suite: Annotated[int, Meta(ge=1, le=255)]
    public: Annotated[str, Meta(max_length=8192, extra={"advice": _COPIED})]
    not_before: Seconds
    not_after: Annotated[Seconds, such_as("1830297600")]
    retired_at: Seconds | None = None
    revoked_at: Seconds | None = None

    @property
    def raw(self) -> bytes:
        """Return the raw public key bytes."""
        return b64decode(self.public)


def public_entry(key: KeyInfo) -> PublicKey:
    """Turn what may be known of a key into its entry in the directory."""
    return PublicKey(
        key_id=key.key_id,
        purpose=key.purpose,
        suite=key.suite,
        public=b64encode(key.public or b"").decode(),
        not_before=key.not_before,
        not_after=key.not_after,
        retired_at=key.retired_at,
    )


class Department(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A department of the directory: names, accepted suites, public keys.

    `issued` is when its node exported the entry, so that an older one is known.
    """

    id: DepartmentId
    issued: Seconds | None = None
    name: Annotated[Name, such_as("青岚市民政局")]
    name_en: Annotated[Name, such_as("Qinglan Civil Affairs Bureau")] | None = None
    suites: Annotated[tuple[int, ...], Meta(min_length=1, max_length=8), such_as("[1, 2]")]
    keys: Annotated[tuple[PublicKey, ...], Meta(max_length=256)] = ()
    successor: DepartmentId | None = None

    def key(self, key_id: str, purpose: KeyPurpose) -> PublicKey | None:
        """Return the key of that id and purpose, or None."""
        for key in self.keys:
            if key.key_id == key_id and key.purpose == purpose:
                return key
        return None


class Issuer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An authorization server: its keys, and for whom and what it may grant.

    `algorithms` holds JOSE names; `EdDSA` only where it is listed (RFC 9864).
    `providers` and `resources` list what is in scope; `*` stands for all.
    """

    iss: Annotated[str, Meta(min_length=1, max_length=200), such_as("urn:example:authority")]
    name: Annotated[Name, such_as("市数据局")]
    algorithms: Annotated[
        tuple[Annotated[str, such_as("Ed25519")], ...], Meta(min_length=1, max_length=4)
    ] = ("Ed25519",)
    keys: Annotated[tuple[PublicKey, ...], Meta(min_length=1, max_length=64)]
    providers: Annotated[tuple[Annotated[str, such_as("'*'")], ...], Meta(min_length=1)]
    resources: Annotated[tuple[Annotated[str, such_as("'*'")], ...], Meta(min_length=1)]


class Catalogue(Struct, frozen=True, kw_only=True):
    """The catalogue with what its entries lean on."""

    version: str
    resources: Mapping[ResourceCode, Resource]
    code_lists: Mapping[Id, CodeList]
    purposes: Mapping[Id, Purpose]
    grades: GradeScheme


class StatusList(Struct, frozen=True, kw_only=True):
    """A verified status list (IETF Token Status List): one status for each index.

    `issued` and `expires` are Unix seconds; `bits` is the width of one status.
    """

    uri: str
    iss: str
    issued: int
    expires: int
    bits: int
    statuses: bytes

    def status(self, index: int) -> int | None:
        """Return the status at `index`, or None where the list ends before it."""
        position, width = index * self.bits, self.bits
        if position // 8 >= len(self.statuses):
            return None
        return (self.statuses[position // 8] >> (position % 8)) & ((1 << width) - 1)


class Trust(Struct, frozen=True, kw_only=True):
    """Trust data of one version; `issued` and `expires` are Unix seconds."""

    version: int
    issued: int
    expires: int
    departments: Mapping[str, Department]
    issuers: Mapping[str, Issuer]
    catalogue: Catalogue
    status_lists: Mapping[str, StatusList]


class Blocks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the provider cut off itself: requesters by id, grants by `jti`."""

    requesters: frozenset[str] = frozenset()
    grants: frozenset[str] = frozenset()


class Snapshot(Struct, frozen=True, kw_only=True):
    """One immutable set of trust data, policy and blocks; a call uses one.

    `number` differs for any two snapshots of a process that differ in content.
    """

    number: int
    trust: Trust
    policy: Policy | None
    blocks: Blocks
