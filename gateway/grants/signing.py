"""Check and make the signatures of tokens; the one place that asks the JOSE library."""

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
    """Look up issuer and key in trust data, never in the token.

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
            return issuer, key
    raise TokenIssuerUnknownError(reason="the issuer has no such key", reason_zh="签发者没有该密钥")


def check_signature(token: str, algorithm: str, key: PublicKey) -> None:
    """Check a compact JWS under one key and one algorithm.

    Raises: TokenSignatureInvalidError.
    """
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import OKPKey

    public = encode_segment(key.raw)
    okp = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": public})
    try:
        jws.deserialize_compact(token, okp, algorithms=[algorithm])
    except (JoseError, ValueError):
        raise TokenSignatureInvalidError from None


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
