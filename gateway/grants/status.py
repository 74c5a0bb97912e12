"""Status lists (IETF Token Status List): reading, verifying and issuing them.

A list packs one status for each grant of an issuer; 0 is valid, anything else
is revoked or suspended. The inflating is bounded: 261 kB can hold 256 MiB.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping

from gateway.grants.claims import STATUS_TYPE, PackedStatuses, StatusListClaims
from gateway.grants.signing import check_in_force, check_signature, issuer_key, sign_token
from gateway.grants.token import (
    MAX_STATUS_TOKEN_BYTES,
    claim_invalid,
    decode_segment,
    encode_segment,
    malformed,
    parse_token,
    read_claims,
)
from gateway.model.times import MAX_SKEW
from gateway.model.trust import Issuer, StatusList

# Eight million grants of one issuer; stops a bomb.
MAX_STATUS_BYTES = 1024 * 1024
REVOKED = 1


def verify_status_list(token: str, issuers: Mapping[str, Issuer], now: int) -> StatusList:
    """Verify a status list token at `now`, Unix seconds; staleness is judged at use.

    Raises: a TokenError.
    """
    parsed = parse_token(token, limit=MAX_STATUS_TOKEN_BYTES)
    claims = read_claims(parsed.payload, StatusListClaims)
    _, key = issuer_key(parsed, issuers, claims.iss)
    check_signature(token, key)
    if parsed.header.typ != STATUS_TYPE:
        raise claim_invalid("typ", f"expected {STATUS_TYPE}", f"应为 {STATUS_TYPE}")
    check_in_force(key, claims.iat)
    if claims.iat > now + MAX_SKEW:
        raise claim_invalid("iat", "the list is from the future", "列表时间在未来")
    return StatusList(
        uri=claims.sub,
        iss=claims.iss,
        issued=claims.iat,
        expires=claims.exp,
        bits=claims.status_list.bits,
        statuses=_inflate(decode_segment(claims.status_list.lst)),
    )


def _inflate(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        # One byte more, so that a list of exactly the limit is read to its end.
        statuses = inflater.decompress(packed, MAX_STATUS_BYTES + 1)
    except zlib.error:
        raise malformed("the status list is no zlib stream", "状态列表不是 zlib 流") from None
    if len(statuses) > MAX_STATUS_BYTES or not inflater.eof or inflater.unused_data:
        raise malformed("the status list is over its limit or cut", "状态列表超过上限或被截断")
    return statuses


def issue_status_list(
    *,
    iss: str,
    uri: str,
    revoked: Iterable[int],
    size: int,
    now: int,
    lifetime: int,
    key_id: str,
    suite_number: int,
    sign: Callable[[bytes], bytes],
) -> str:
    """Make a signed list of `size` one-bit statuses with those of `revoked` set."""
    statuses = bytearray((size + 7) // 8)
    for index in revoked:
        statuses[index // 8] |= REVOKED << (index % 8)
    claims = StatusListClaims(
        iss=iss,
        sub=uri,
        iat=now,
        exp=now + lifetime,
        ttl=lifetime,
        status_list=PackedStatuses(bits=1, lst=encode_segment(zlib.compress(bytes(statuses), 9))),
    )
    return sign_token(
        claims, token_type=STATUS_TYPE, key_id=key_id, suite_number=suite_number, sign=sign
    )
