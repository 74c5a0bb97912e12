"""Check and make the signatures of tokens, under keys of trust data only."""

from collections.abc import Callable, Mapping

import msgspec

from gateway.errors import TokenIssuerUnknownError, TokenSignatureInvalidError
from gateway.grants.token import ParsedToken, encode_segment
from gateway.model.trust import Issuer, PublicKey
from keys.ports import Purpose
from keys.suites import suite

# What an issuer may be listed with; "none" and every MAC are not among them.
KNOWN_ALGORITHMS = ("Ed25519", "EdDSA")


def issuer_key(
    parsed: ParsedToken, issuers: Mapping[str, Issuer], iss: str
) -> tuple[Issuer, PublicKey]:
    """Look up issuer and key in trust data, never in the token; the key is not revoked.

    Raises: TokenIssuerUnknownError.
    """
    issuer = issuers.get(iss)
    if issuer is None:
        raise TokenIssuerUnknownError(reason="the issuer is not listed", reason_zh="签发者未列入")
    algorithm = parsed.header.alg
    if algorithm not in issuer.algorithms or algorithm not in KNOWN_ALGORITHMS:
        raise TokenIssuerUnknownError(
            reason="the issuer is not listed with this algorithm", reason_zh="签发者未列入该算法"
        )
    for key in issuer.keys:
        if key.key_id == parsed.header.kid and key.purpose == Purpose.SIGNING:
            if key.revoked_at is not None:
                raise TokenIssuerUnknownError(
                    reason="the issuer's key is revoked", reason_zh="签发者密钥已撤销"
                )
            return issuer, key
    raise TokenIssuerUnknownError(reason="the issuer has no such key", reason_zh="签发者没有该密钥")


def check_signature(token: str, key: PublicKey) -> None:
    """Check a compact JWS, whose algorithm `issuer_key` accepted, under one key.

    Raises: TokenSignatureInvalidError.
    """
    # 40 ms that only verification needs.
    from gateway.grants.jose import holds

    if not holds(token, key.raw):
        raise TokenSignatureInvalidError


def check_in_force(key: PublicKey, made: int) -> None:
    """Check that a key was in force when it signed, at `made`, Unix seconds.

    Raises: TokenIssuerUnknownError.
    """
    ended = key.not_after if key.retired_at is None else min(key.retired_at, key.not_after)
    if not key.not_before <= made < ended:
        raise TokenIssuerUnknownError(
            reason="the issuer's key was not in force when it signed this",
            reason_zh="签名时签发者密钥不在有效期内",
        )


def sign_token(
    claims: object,
    *,
    token_type: str,
    key_id: str,
    suite_number: int,
    sign: Callable[[bytes], bytes],
) -> str:
    """Make a compact JWS over `claims` with an issuer's key."""
    header = {"alg": suite(suite_number).jws_algorithm, "typ": token_type, "kid": key_id}
    head = encode_segment(msgspec.json.encode(header))
    body = encode_segment(msgspec.json.encode(claims))
    return f"{head}.{body}.{encode_segment(sign(f'{head}.{body}'.encode()))}"
