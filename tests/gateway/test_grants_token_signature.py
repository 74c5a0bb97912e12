"""A grant bears one signature, of the issuer's own key and algorithm, or is refused."""

import base64
import hmac
import json
from collections.abc import Callable

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.grants.token import encode_segment
from keys.errors import SealgateError
from keys.material import Purpose
from tests.gateway.token_forge import (
    UNKNOWN,
    TokenForge,
)

ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group of Ed25519


@pytest.fixture(scope="module")
def forge() -> TokenForge:
    """Share one city: verifying changes nothing in it."""
    return TokenForge()


def _public_forms(raw: bytes) -> dict[str, bytes]:
    key = Ed25519PublicKey.from_public_bytes(raw)
    return {
        "raw": raw,
        "PEM": key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "base64": base64.b64encode(raw),
        "JWK": json.dumps({"kty": "OKP", "crv": "Ed25519", "x": encode_segment(raw)}).encode(),
        "nothing": b"",
    }


@pytest.mark.parametrize("listed", [False, True], ids=["", "listed by mistake"])
@pytest.mark.parametrize("form", ["raw", "PEM", "DER", "base64", "JWK", "nothing"])
@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_mac_with_the_public_key_is_refused(
    forge: TokenForge, form: str, digest: str, listed: bool
) -> None:
    """Everybody knows that key; not even an issuer listed with a MAC may use one."""
    name, secret = f"HS{digest[3:]}", _public_forms(forge.public)[form]
    token = forge.token(
        {**forge.header, "alg": name},
        sign=lambda signed: hmac.digest(secret, signed, digest),
    )
    assert _verify_with_algorithms(forge, token, ("Ed25519", name) if listed else ("Ed25519",)) == (
        UNKNOWN
    )


def _verify_with_algorithms(forge: TokenForge, token: str, algorithms: tuple[str, ...]) -> str:
    issuers = {forge.city.iss: forge.city.issuer(algorithms=algorithms)}
    trust = msgspec.structs.replace(forge.snapshot.trust, issuers=issuers)
    snapshot = msgspec.structs.replace(
        forge.snapshot, number=forge.snapshot.number + 1, trust=trust
    )
    found = forge.outcome(token, snapshot)
    return found.code if isinstance(found, SealgateError) else "ok"


@pytest.mark.parametrize(
    ("algorithms", "named", "outcome"),
    [
        (("Ed25519",), "Ed25519", "ok"),
        (("Ed25519",), "EdDSA", UNKNOWN),
        (("EdDSA",), "EdDSA", "ok"),
        (("EdDSA",), "Ed25519", UNKNOWN),
        (("Ed25519", "EdDSA"), "EdDSA", "ok"),
        (("Ed25519", "EdDSA"), "Ed25519", "ok"),
        (("none",), "none", UNKNOWN),
        (("Ed25519", "none"), "none", UNKNOWN),
        (("Ed448",), "Ed448", UNKNOWN),
        (("RS256",), "RS256", UNKNOWN),
        (("*",), "*", UNKNOWN),
    ],
)
@pytest.mark.filterwarnings("error")
def test_an_algorithm_counts_where_its_issuer_is_listed_with_it(
    forge: TokenForge, algorithms: tuple[str, ...], named: str, outcome: str
) -> None:
    """EdDSA, the older name, for those listed so; nothing outside the known two for anybody."""
    token = forge.token({**forge.header, "alg": named})
    assert _verify_with_algorithms(forge, token, algorithms) == outcome


def _signature_of(token: str) -> bytes:
    return base64.urlsafe_b64decode(token.rpartition(".")[2] + "==")


SIGNATURES: dict[str, Callable[[bytes], bytes]] = {
    "of zeros": lambda _: bytes(64),
    "of ones": lambda _: b"\xff" * 64,
    "short by a byte": lambda signature: signature[:63],
    "long by a byte": lambda signature: signature + b"\0",
    "one byte": lambda _: b"\0",
    "halves swapped": lambda signature: signature[32:] + signature[:32],
    "R of the identity, S of zero": lambda _: b"\x01" + bytes(63),
    "S plus the order": lambda signature: (
        signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    ),
    "first bit flipped": lambda signature: bytes((signature[0] ^ 1,)) + signature[1:],
    "last bit flipped": lambda signature: signature[:-1] + bytes((signature[-1] ^ 0x80,)),
    "twice": lambda signature: signature * 2,
    "of a thousand bytes": lambda signature: signature * 16,
}


@pytest.mark.parametrize("bend", SIGNATURES.values(), ids=SIGNATURES)
def test_a_bent_signature_is_refused(forge: TokenForge, bend: Callable[[bytes], bytes]) -> None:
    """Among them the second spelling of the same signature, S plus the group's order."""
    signed, _, _ = forge.valid.rpartition(".")
    token = f"{signed}.{encode_segment(bend(_signature_of(forge.valid)))}"
    forge.refused(token, "TOKEN_SIGNATURE_INVALID")


def test_a_signature_of_another_grant_is_refused(forge: TokenForge) -> None:
    """Two good tokens do not make a third."""
    head, _, signature = forge.valid.split(".")
    body = forge.token(claims={**forge.claims, "client_id": "another"}).split(".")[1]
    forge.refused(f"{head}.{body}.{signature}", "TOKEN_SIGNATURE_INVALID")


def test_a_stranger_with_a_right_kid_is_refused(forge: TokenForge) -> None:
    """The key comes from trust data, so a signature by any other key holds nowhere."""
    stranger = forge.city.outsider
    key = next(key for key in stranger.keys.list_keys() if key.purpose is Purpose.SIGNING)
    token = forge.token(sign=lambda signed: stranger.keys.sign(key.key_id, signed))
    forge.refused(token, "TOKEN_SIGNATURE_INVALID")


def test_a_department_is_no_issuer(forge: TokenForge) -> None:
    """A key of the directory signs envelopes, no grants: neither under our issuer nor its own."""
    stranger = forge.city.requester
    key = next(key for key in stranger.keys.list_keys() if key.purpose is Purpose.SIGNING)
    for iss in (forge.city.iss, stranger.department):
        token = forge.token(
            {**forge.header, "kid": key.key_id},
            {**forge.claims, "iss": iss},
            sign=lambda signed: stranger.keys.sign(key.key_id, signed),
        )
        forge.refused(token, UNKNOWN)
