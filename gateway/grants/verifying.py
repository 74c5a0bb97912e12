"""Verify a grant: cheap checks first, and closed on any doubt.

The order, which the code repeats by number:

1. length and three base64url segments, in their one spelling;
2. header names, and `kid` by pattern;
3. no repeated JSON key in header or claims, no number that is not whole;
4. issuer and key from trust data; the key valid at `iat` and not revoked now;
5. signature;
6. `typ`, `iss`, `aud`, `sub`, then `exp`, `nbf`, `iat` with 60 s of skew;
7. the issuer's scope;
8. status list, and the provider's own blocks.

What follows from the grant for one call is `VerifiedGrant.check_call`.
Steps 1 to 5 and 7 depend on token and snapshot only and are kept by (SHA-256 of
the token, snapshot); times and every kind of revocation are checked at each use.
"""

from collections import OrderedDict

import msgspec
from msgspec import Struct

from gateway.errors import (
    DepartmentUnknownError,
    PurposeNotGrantedError,
    QuotaExceededError,
    ResourceUncataloguedError,
    TokenAudienceWrongError,
    TokenBlockedError,
    TokenExpiredError,
    TokenIssuerScopeError,
    TokenNotYetValidError,
    TokenRevokedError,
    TrustStaleError,
)
from gateway.grants.claims import TOKEN_TYPE, AuthorizationDetail, Claims
from gateway.grants.signing import check_in_force, check_signature, issuer_key
from gateway.grants.token import check_length, claim_invalid, malformed, parse_token, read_claims
from gateway.model.call import Mode
from gateway.model.times import MAX_SKEW, utc
from gateway.model.trust import Issuer, Snapshot, Trust
from keys.suites import fingerprint

# Verified tokens kept; bounds memory against a caller who brings ever new ones.
MAX_CACHED = 4096
VALID = 0


class VerifiedGrant(Struct, frozen=True, kw_only=True):
    """A grant whose signature, times, scope and status held when it was made.

    Only `GrantVerifier` makes one. `digest` is the SHA-256 of the token, in hex.
    """

    claims: Claims
    detail: AuthorizationDetail
    digest: str
    fields: frozenset[str]

    @property
    def requester(self) -> str:
        """Department the data goes to."""
        return self.claims.sub

    def check_call(self, *, resource: str, purpose: str, mode: Mode) -> None:
        """Check what the call asks for against the grant.

        Raises: PurposeNotGrantedError, TokenClaimInvalidError.
        """
        detail = self.detail
        if detail.resource != resource:
            raise claim_invalid("resource", "the grant is for another resource", "授权针对另一资源")
        if detail.purpose != purpose:
            raise PurposeNotGrantedError(
                reason="the grant is for another purpose", reason_zh="授权针对另一用途"
            )
        if mode not in detail.modes:
            raise claim_invalid("modes", "the grant is for other modes", "授权针对其他方式")

    def check_rows(self, rows: int) -> None:
        """Check a call's rows against `rows_per_call`.

        Raises: QuotaExceededError.
        """
        limit = self.detail.rows_per_call
        if limit is not None and rows > limit:
            raise QuotaExceededError(
                limit=limit, period="a call", period_zh="每次", used=0, asked=rows
            )


class GrantVerifier:
    """Verifies grants that are addressed to one provider."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._newest = -1
        self._cache: OrderedDict[tuple[bytes, int], VerifiedGrant] = OrderedDict()

    def verify(self, token: str, snapshot: Snapshot, now: int) -> VerifiedGrant:
        """Verify a compact token at `now`, Unix seconds.

        Raises: as `recognise` and `check_revocation`.
        """
        grant = self.recognise(token, snapshot, now)
        check_revocation(grant, snapshot, now)  # 8
        return grant

    def recognise(self, token: str, snapshot: Snapshot, now: int) -> VerifiedGrant:
        """Verify that a token is an issuer's grant and in force; it may have been taken back.

        Raises: a TokenError, DepartmentUnknownError, ResourceUncataloguedError,
            PurposeNotGrantedError.
        """
        check_length(token)  # 1
        digest = fingerprint(token.encode("utf-8", "surrogatepass"))
        if snapshot.number > self._newest:
            # What older ones verified is not asked for any more.
            self._newest = snapshot.number
            self._cache.clear()
        key = (digest, snapshot.number)
        grant = self._cache.get(key)
        if grant is None:
            grant = self._verify_token(token, snapshot.trust, now)
            self._cache[key] = grant
            if len(self._cache) > MAX_CACHED:
                self._cache.popitem(last=False)
        _check_times(grant.claims, now)
        return grant

    def check_issued(self, token: str, trust: Trust, now: int) -> None:
        """Check what an issuer just made: steps 1 to 7, as `verify` at `now` would.

        Raises: as `verify`, but for status and blocks.
        """
        self._verify_token(token, trust, now)

    def _verify_token(self, token: str, trust: Trust, now: int) -> VerifiedGrant:
        parsed = parse_token(token)  # 1, 2, 3
        issuer, key = issuer_key(parsed, trust.issuers, _claimed_issuer(parsed.payload))  # 4
        check_signature(token, key)  # 5
        if parsed.header.typ != TOKEN_TYPE:  # 6
            raise claim_invalid("typ", f"expected {TOKEN_TYPE}", f"应为 {TOKEN_TYPE}")
        claims = read_claims(parsed.payload, Claims)
        check_in_force(key, claims.iat)  # 4, which waits for an `iat` that is signed
        if claims.aud != self._provider:
            raise TokenAudienceWrongError
        if claims.sub not in trust.departments:
            raise DepartmentUnknownError(department=claims.sub)
        if claims.exp <= max(claims.iat, claims.nbf):
            raise claim_invalid("exp", "the grant ends before it begins", "授权结束早于开始")
        _check_times(claims, now)
        detail = claims.authorization_details[0]
        check_scope(detail, issuer, claims.aud)  # 7
        check_detail(detail, trust)
        digest = fingerprint(token.encode()).hex()
        return VerifiedGrant(
            claims=claims, detail=detail, digest=digest, fields=frozenset(detail.fields)
        )


class _Issuer(Struct):
    iss: str = ""


def _claimed_issuer(payload: bytes) -> str:
    try:
        return msgspec.json.decode(payload, type=_Issuer).iss
    except (msgspec.MsgspecError, RecursionError):
        raise malformed("the claims name no issuer", "声明中没有签发者") from None


def _check_times(claims: Claims, now: int) -> None:
    if now >= claims.exp + MAX_SKEW:
        raise TokenExpiredError(expired=utc(claims.exp))
    begins = claims.nbf if claims.nbf > claims.iat else claims.iat
    if now < begins - MAX_SKEW:
        raise TokenNotYetValidError(begins=utc(begins))


def check_scope(detail: AuthorizationDetail, issuer: Issuer, provider: str) -> None:
    """Check that the issuer may grant this for this provider.

    Raises: TokenIssuerScopeError.
    """
    if "*" not in issuer.providers and provider not in issuer.providers:
        raise TokenIssuerScopeError(
            reason="the provider is out of its scope", reason_zh="提供部门不在其范围内"
        )
    if "*" not in issuer.resources and detail.resource not in issuer.resources:
        raise TokenIssuerScopeError(
            reason="the resource is out of its scope", reason_zh="资源不在其范围内"
        )


def check_detail(detail: AuthorizationDetail, trust: Trust) -> None:
    """Check what a grant says against the catalogue.

    Raises: ResourceUncataloguedError, PurposeNotGrantedError, TokenClaimInvalidError.
    """
    catalogue = trust.catalogue
    resource = catalogue.resources.get(detail.resource)
    if resource is None:
        raise ResourceUncataloguedError(resource=detail.resource)
    purpose = catalogue.purposes.get(detail.purpose)
    if purpose is None or detail.scenario not in purpose.scenarios:
        raise PurposeNotGrantedError(
            reason="purpose and scenario are not in the catalogue",
            reason_zh="目录中没有该用途或应用场景",
        )
    if detail.level not in catalogue.grades.ids:
        raise claim_invalid("level", "the grade scheme has no such level", "分级方案中没有该级别")
    known = {field.id for field in resource.fields}
    if not known.issuperset(detail.fields):
        raise claim_invalid(
            "fields", "the grant names a field that is not catalogued", "授权含有未编目的字段"
        )
    if len(set(detail.fields)) != len(detail.fields):
        raise claim_invalid("fields", "a field stands twice", "字段重复")
    if detail.region is not None and resource.region_field not in detail.fields:
        raise claim_invalid(
            "region",
            "the grant names a region, but not the field that tells it",
            "授权限定了区域，但未包含区划字段",
        )


def check_revocation(grant: VerifiedGrant, snapshot: Snapshot, now: int) -> None:
    """Check the issuer's status list and the provider's own blocks.

    Raises: TokenBlockedError, TokenRevokedError, TrustStaleError.
    """
    claims, blocks = grant.claims, snapshot.blocks
    if claims.sub in blocks.requesters:
        raise TokenBlockedError(what="requester", what_zh="使用部门")
    if claims.jti in blocks.grants:
        raise TokenBlockedError(what="grant", what_zh="授权")
    reference = claims.status.status_list
    statuses = snapshot.trust.status_lists.get(reference.uri)
    if statuses is None or statuses.iss != claims.iss:
        raise TrustStaleError(
            reason="the status list of this grant is not here", reason_zh="缺少该授权的状态列表"
        )
    if now >= statuses.expires:
        raise TrustStaleError(
            reason=f"the status list of this grant ended at {utc(statuses.expires)}",
            reason_zh=f"该授权的状态列表已于 {utc(statuses.expires)} 过期",
        )
    status = statuses.status(reference.idx)
    if status is None:
        raise TrustStaleError(
            reason="the status list ends before this grant", reason_zh="状态列表未包含该授权"
        )
    if status != VALID:
        raise TokenRevokedError
