"""The JOSE library, held to our limits; loaded only where a signature is checked."""

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from gateway.grants.token import MAX_STATUS_TOKEN_BYTES, encode_segment

CURVE = "Ed25519"
_ALGORITHM = jws.JWSRegistry.algorithms[CURVE]

_registry = jws.JWSRegistry(algorithms=(CURVE, "EdDSA"))
# No other, so none to be confused with. `EdDSA` with a key of this curve is the same
# signature by its old name (RFC 9864), but the library's own entry warns at every use.
_registry.algorithms = {CURVE: _ALGORITHM, "EdDSA": _ALGORITHM}
# The library's own limit is 128 kB, which a status list of many revoked grants exceeds.
_registry.max_payload_length = MAX_STATUS_TOKEN_BYTES


def holds(token: str, public: bytes) -> bool:
    """Tell whether a compact JWS is signed by a raw public key."""
    try:
        key = OKPKey.import_key({"kty": "OKP", "crv": CURVE, "x": encode_segment(public)})
        jws.deserialize_compact(token, key, registry=_registry)
    except (JoseError, ValueError):
        return False
    return True
