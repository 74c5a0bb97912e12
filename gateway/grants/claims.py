"""The claims of a grant: the types are the schema, unknown keys refuse."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.model.call import Mode
from gateway.model.resource import DepartmentId, FieldId, Id, Name, ResourceCode, Text
from gateway.model.trust import Seconds

TOKEN_TYPE = "at+jwt"  # noqa: S105 - the media type of RFC 9068, no secret
STATUS_TYPE = "statuslist+jwt"

GrantId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{8,64}\Z",
        description="a grant id (jti)",
        extra={"zh": "授权编号（jti）"},
        examples=["UnkWHs34Jfss-uh7Tv39IQ"],
    ),
]
Uri = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[!-~]+\Z")]
Count = Annotated[int, Meta(ge=1, le=1_000_000_000)]


class Approval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who decided for the provider, when (Unix seconds), under which reference."""

    by: Name
    at: Seconds
    reference: Name


class AuthorizationDetail(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What is granted (RFC 9396): one resource, named fields, one purpose.

    `level` is the highest grade let through in the clear; `region` a GB/T 2260
    code that every record must lie in.
    """

    type: Literal["gov-data-share"]
    resource: ResourceCode
    fields: Annotated[tuple[FieldId, ...], Meta(min_length=1, max_length=512)]
    purpose: Id
    scenario: Name
    level: Annotated[str, Meta(min_length=1, max_length=32)]
    legal_basis: Text
    actions: Annotated[tuple[Literal["read"], ...], Meta(min_length=1, max_length=1)]
    modes: Annotated[tuple[Mode, ...], Meta(min_length=1, max_length=3)]
    rows_per_call: Count | None = None
    rows_per_day: Count | None = None
    region: Annotated[str, Meta(pattern=r"^[1-9][0-9]{5}\Z")] | None = None
    agreement: Name | None = None
    approval: Approval | None = None


class StatusReference(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the grant's status stands: index in a status list."""

    idx: Annotated[int, Meta(ge=0, le=100_000_000)]
    uri: Uri


class StatusClaim(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `status` claim (IETF Token Status List)."""

    status_list: StatusReference


class Claims(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All claims of a grant. `aud` is one string: one provider, no list."""

    iss: Uri
    sub: DepartmentId
    client_id: Annotated[str, Meta(min_length=1, max_length=128)]
    aud: str
    iat: Seconds
    nbf: Seconds
    exp: Seconds
    jti: GrantId
    status: StatusClaim
    authorization_details: Annotated[
        tuple[AuthorizationDetail, ...], Meta(min_length=1, max_length=1)
    ]


class PackedStatuses(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `status_list` claim: width of a status, and the zlib-packed statuses."""

    bits: Literal[1, 2, 4, 8]
    lst: Annotated[str, Meta(min_length=1)]


class StatusListClaims(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All claims of a status list token; `sub` is its uri."""

    iss: Uri
    sub: Uri
    iat: Seconds
    exp: Seconds
    ttl: Seconds
    status_list: PackedStatuses
