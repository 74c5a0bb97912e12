"""The page on the envelope is enough to open and to seal one.

What is written from the page meets the vectors; our own way serves only as the
other side.
"""

import base64
import hashlib
import json
import os
from functools import cache
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from gateway.testing import MemoryCity
from keys.material import Purpose
from tests.docs.page_reader import (
    ENVELOPE,
    HEADER,
    OPENING,
    POSITIVES,
    STREAM,
    TEXTS,
    VECTORS,
    chunk_keys,
    decrypt,
    encrypt,
    envelope_digest,
    lp,
    open_envelope,
    padded,
    payload_key,
    read,
    sha256,
    shown,
    split,
    wrap,
    wrap_info,
    write,
)

named = pytest.mark.parametrize("vector", OPENING, ids=[each["name"] for each in OPENING])


@named
def test_a_reader_written_from_the_page_opens_the_vectors(vector: dict[str, Any]) -> None:
    """Header, every value on the way, manifest and records are those of the file."""
    head, steps, manifest, records = open_envelope(base64.b64decode(vector["envelope"]))
    spelled = {k: v.decode() if k in TEXTS else shown(v) for k, v in head.items()}
    assert spelled == vector["fields"]
    chunks = {"salt", "chunk_key", "base_nonce", "commitment"}
    expected = {k: v for k, v in vector["steps"].items() if k not in chunks}
    assert {k: shown(v) for k, v in steps.items()} == expected
    assert (manifest.decode(), records.decode()) == (vector["manifest"], vector["records"])


@named
def test_a_payload_key_alone_proves_a_plaintext(vector: dict[str, Any]) -> None:
    """Section 17: envelope, payload key and the sender's public key; no private key."""
    steps, parts = vector["steps"], read(base64.b64decode(vector["envelope"]), ENVELOPE)
    key, context = bytes.fromhex(steps["payload_key"]), sha256(parts["header"])
    assert split(decrypt(key, context, parts["payload"]))[1].decode() == vector["records"]
    _, nonce, commitment = chunk_keys(key, bytes.fromhex(steps["salt"]), context)
    assert (nonce.to_bytes(12, "big").hex(), commitment.hex()) == (
        steps["base_nonce"],
        steps["commitment"],
    )


def test_envelopes_of_one_wrap_have_payload_keys_of_their_own() -> None:
    """Same content key and wrapped key under two headers."""
    one, other = (POSITIVES[name]["steps"] for name in ("x25519", "x25519-same-wrap"))
    assert one["wrapped_key"] == other["wrapped_key"]
    assert one["payload_key"] != other["payload_key"]


def test_parts_of_the_stream_are_chained_by_digest() -> None:
    """Section 14."""
    digests = [part["steps"]["envelope_digest"] for part in STREAM["parts"]]
    previous = [part["fields"].get("previous_digest") for part in STREAM["parts"]]
    assert previous == [None, *digests[:-1]]
    assert [part["fields"].get("last") for part in STREAM["parts"]] == [None, None, 1]
    assert json.loads(STREAM["parts"][-1]["manifest"])["totals"] == {"parts": 3, "records": 6}


@pytest.mark.parametrize("key", VECTORS["keys"], ids=lambda key: key["name"])
def test_keys_are_named_and_made_as_the_page_says(key: dict[str, Any]) -> None:
    """Section 4: the id from the public half, the public half from the private one."""
    private, public = bytes.fromhex(key["private"]), base64.b64decode(key["public"])
    digest = sha256(lp(b"sealgate/v1/key-id", key["purpose"].encode(), public))
    assert base64.b32encode(digest)[:26].decode().lower() == key["key_id"]
    if key["purpose"] == "signing":
        assert bytes(SigningKey(private).verify_key) == public
    elif key["suite"] == 2:
        made = X25519PrivateKey.from_private_bytes(private).public_key()
        assert made.public_bytes_raw() == public
    else:
        seed = hashlib.shake_256(private).digest(96)
        lattice = MLKEM768PrivateKey.from_seed_bytes(seed[:64]).public_key()
        curve = X25519PrivateKey.from_private_bytes(seed[64:]).public_key()
        assert lattice.public_bytes_raw() + curve.public_bytes_raw() == public


def negative_bytes(vector: dict[str, Any]) -> list[bytes]:
    """Section 18."""
    if "base" in vector:
        original = base64.b64decode(POSITIVES[vector["base"]]["envelope"])
        out, at = b"", 0
        for offset, length, replacement in vector.get("splices", []):
            out += original[at:offset] + bytes.fromhex(replacement)
            at = offset + length
        return [out + original[at:]]
    parts = [STREAM["parts"][number - 1]["envelope"] for number in vector.get("parts", [])]
    whole = [vector["envelope"]] if "envelope" in vector else []
    return [base64.b64decode(data) for data in (*parts, *whole)]


@pytest.mark.parametrize("code", ["ENVELOPE_MALFORMED", "ENVELOPE_SIGNATURE_INVALID"])
def test_a_reader_written_from_the_page_refuses_bytes_that_are_wrong(code: str) -> None:
    """Those faults that need neither a clock nor a directory nor a look into JSON."""
    vectors = [each for each in VECTORS["negative"] if each["code"] == code]
    plain = [
        each for each in vectors if each["name"].startswith(("wire-", "signature-", "padding-"))
    ]
    assert plain
    for vector in plain:
        with pytest.raises((AssertionError, KeyError, BadSignatureError, ValueError)):
            open_envelope(negative_bytes(vector)[0])


def seal_envelope(city: MemoryCity, number: int, contents: tuple[bytes, bytes]) -> bytes:
    """Seal as section 11 has it, with keys of a city's directory."""
    directory = city.trust.departments
    sender, recipient = city.provider.department, city.requester.department
    own = next(key for key in city.provider.keys.list_keys() if key.purpose is Purpose.SIGNING)
    theirs = next(
        key
        for key in directory[recipient].keys
        if key.purpose is Purpose.OPENING and key.suite == number
    )
    now = city.clock()
    dice = os.urandom(10)
    identity = bytes([dice[0] & 15 | 0x70, dice[1], dice[2] & 63 | 0x80]) + dice[3:]
    head = {
        "version": 1,
        "suite": number,
        "id": now.to_bytes(6, "big") + identity,
        "type": 1,
        "sender": sender.encode(),
        "sender_key_id": own.key_id.encode(),
        "recipient": recipient.encode(),
        "recipient_key_id": theirs.key_id.encode(),
        "created": now,
        "expires": now + 86_400_000,
    }
    parts: dict[str, Any] = {"header": write(head, HEADER)}
    content_key, context = os.urandom(32), sha256(parts["header"])
    parts["wrapped_key"] = wrap(number, theirs.raw, content_key, wrap_info(head))
    plaintext = lp(*contents)
    plaintext += bytes(padded(len(plaintext)) - len(plaintext))
    parts["payload"] = encrypt(payload_key(content_key, context), context, plaintext)
    message = b"sealgate/v1/signature" + envelope_digest(parts)
    parts["signature"] = city.provider.keys.sign(own.key_id, message)
    return write(parts, ENVELOPE)


@cache
def memory_city() -> tuple[MemoryCity, bytes, bytes]:
    """Return a city with the manifest and records of an exchange in it."""
    city = MemoryCity()
    sealed = city.provider.seal(city.request(city.records(40)))
    opened = city.requester.open(sealed.envelope)
    records = json.dumps(json.loads(opened.records), ensure_ascii=False, indent=1)
    return city, msgspec.json.encode(opened.manifest), records.encode()


@pytest.mark.parametrize("number", [1, 2])
def test_what_a_sealer_written_from_the_page_makes_is_opened(number: int) -> None:
    """Our way in takes it, in both suites, and hands on the same records."""
    city, manifest, records = memory_city()
    envelope = seal_envelope(city, number, (manifest, records))
    assert json.loads(city.requester.open(envelope).records) == json.loads(records)


@pytest.mark.parametrize("number", [1, 2])
def test_a_reader_written_from_the_page_opens_what_our_way_out_seals(number: int) -> None:
    """In three sizes; only the key store unwraps, since it gives no private key away."""
    city, _, _ = memory_city()
    for count in (1, 200, 2000):
        sealed = city.provider.seal(city.request(city.records(count), suite=number))
        parts = read(sealed.envelope, ENVELOPE)
        head = read(parts["header"], HEADER)
        assert envelope_digest(parts) == sealed.digest
        content_key = city.requester.keys.unwrap(
            head["recipient_key_id"].decode(), parts["wrapped_key"], wrap_info(head)
        )
        context = sha256(parts["header"])
        plaintext = decrypt(payload_key(content_key, context), context, parts["payload"])
        manifest, records = map(json.loads, split(plaintext))
        assert (manifest["records"], len(records)) == (count, count)
