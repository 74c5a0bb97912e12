"""An envelope is one sender's, to one recipient, under one header."""

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from gateway.testing import MemoryCity
from keys.material import Purpose
from tests.gateway.forge import (
    HEADER,
    HOUR_MS,
    Forge,
    Value,
    message,
    refusal,
    rows,
    split,
    uuid7,
)


@pytest.fixture
def forge(city: MemoryCity) -> Forge:
    """Write envelopes from provider to requester."""
    return Forge(city)


def test_an_honest_envelope_opens(city: MemoryCity, forge: Forge) -> None:
    """What the following tests alter is good as it stands."""
    assert city.requester.open(forge.envelope()).records == forge.records


def test_another_departments_signature_does_not_hold(city: MemoryCity, forge: Forge) -> None:
    """Signed by another, the header unchanged: the key is looked up, not brought along."""
    assert refusal(city.requester.open, forge.envelope(by=city.outsider)) == (
        "ENVELOPE_SIGNATURE_INVALID"
    )


def test_a_key_is_looked_up_under_its_department(city: MemoryCity, forge: Forge) -> None:
    """A valid key of another department is no key of the sender named."""
    key_id = forge.key_id(city.outsider, Purpose.SIGNING)
    forged = forge.envelope(forge.header(sender_key_id=key_id), by=city.outsider)
    assert refusal(city.requester.open, forged) == "KEY_UNKNOWN"


def test_strip_and_sign_again_does_not_open(city: MemoryCity, forge: Forge) -> None:
    """Another department puts its own name and signature on what it never could read."""
    _, wrapped, payload, _ = split(forge.honest.envelope)
    stolen = forge.header(
        sender=city.outsider.department,
        sender_key_id=forge.key_id(city.outsider, Purpose.SIGNING),
    )
    forged = forge.envelope(stolen, wrapped=wrapped, payload=payload, by=city.outsider)
    assert refusal(city.requester.open, forged) == "ENVELOPE_UNDECRYPTABLE"


def test_the_recipient_cannot_pass_it_on(city: MemoryCity, forge: Forge) -> None:
    """As it stands, wrapped anew, or under its own name, it opens for no third department."""
    envelope = forge.honest.envelope
    assert refusal(city.outsider.open, envelope) == "ENVELOPE_NOT_FOR_US"
    # The recipient knows the content key, and wraps it to the third.
    third = Forge(city, recipient=city.outsider)
    head, wrapped, payload, _ = split(envelope)
    content_key = city.requester.keys.unwrap(
        forge.key_id(city.requester, Purpose.OPENING), wrapped, forge.info(forge.header())
    )
    rewrapped = third.wrap(third.header(), content_key)
    for forged in (
        third.envelope(head=head, wrapped=rewrapped, payload=payload, by=city.requester),
        third.envelope(wrapped=rewrapped, payload=payload, by=city.requester),
    ):
        code = refusal(city.outsider.open, forged)
        assert code == "ENVELOPE_SIGNATURE_INVALID"
    # Even a sender who would sign that finds the payload bound to the first header.
    bound = third.envelope(wrapped=rewrapped, payload=payload)
    assert refusal(city.outsider.open, bound) == "ENVELOPE_UNDECRYPTABLE"


def test_what_is_sealed_anew_bears_the_new_senders_name(city: MemoryCity) -> None:
    """A recipient that seals another's manifest as its own is found out by the manifest."""
    own = Forge(city, sender=city.requester, recipient=city.outsider)
    manifest = own.manifest(provider=city.provider.department)
    assert refusal(city.outsider.open, own.envelope(plaintext=own.plaintext(manifest))) == (
        "ENVELOPE_MANIFEST_WRONG"
    )


@pytest.mark.parametrize("swapped", [1, 2, 3])
def test_parts_of_two_envelopes_do_not_mix(city: MemoryCity, forge: Forge, swapped: int) -> None:
    """A wrapped key, payload or signature of another envelope of the same sender is refused."""
    parts, others = split(forge.envelope()), split(forge.envelope())
    parts[swapped] = others[swapped]
    assert refusal(city.requester.open, forge.assemble(*parts)) == "ENVELOPE_SIGNATURE_INVALID"


@pytest.mark.parametrize("swapped", [0, 1, 2])
def test_parts_signed_anew_do_not_mix_either(city: MemoryCity, forge: Forge, swapped: int) -> None:
    """Header, content key and payload belong together even if the sender signs the mix."""
    parts, others = split(forge.envelope())[:3], split(forge.envelope())[:3]
    parts[swapped] = others[swapped]
    mixed = forge.assemble(*parts, forge.sign(*parts))
    assert refusal(city.requester.open, mixed) == "ENVELOPE_UNDECRYPTABLE"


def test_payloads_under_one_content_key_do_not_mix(city: MemoryCity, forge: Forge) -> None:
    """Two envelopes that share a wrapped key still have a payload key each."""
    request = city.request(rows())
    first, second = (split(city.provider.seal(request).envelope) for _ in range(2))
    assert first[1] == second[1]
    mixed = [first[0], first[1], second[2]]
    signed = forge.assemble(*mixed, forge.sign(*mixed))
    assert refusal(city.requester.open, signed) == "ENVELOPE_UNDECRYPTABLE"


EDITS: list[dict[str, Value | None]] = [
    {"id": uuid7(1)},
    {"created": 1_793_577_600_001},
    {"expires": 1_793_577_600_000 + HOUR_MS},
    {"request_digest": b"r" * 32},
    {"stream_id": b"s" * 16, "part": 1, "last": 1},
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: next(iter(edit)))
def test_a_header_cannot_be_edited(
    city: MemoryCity, forge: Forge, edit: dict[str, Value | None]
) -> None:
    """Not by a stranger, not by another department, not even by its sender afterwards."""
    fields = forge.header()
    _, wrapped, payload, signature = split(forge.envelope(fields))
    head = message(HEADER, fields | edit)
    edited = forge.assemble(head, wrapped, payload, signature)
    assert refusal(city.requester.open, edited) == "ENVELOPE_SIGNATURE_INVALID"
    attacker: dict[str, Value | None] = {
        "sender": city.outsider.department,
        "sender_key_id": forge.key_id(city.outsider, Purpose.SIGNING),
    }
    for by, more in ((city.outsider, attacker), (city.provider, {})):
        head = message(HEADER, fields | edit | more)
        again = forge.assemble(head, wrapped, payload, forge.sign(head, wrapped, payload, by=by))
        code = refusal(lambda data: list(city.requester.inbound.open_stream([data])), again)
        alone = refusal(city.requester.open, again)
        expected = {"ENVELOPE_UNDECRYPTABLE", "STREAM_BROKEN"}
        assert {code, alone} <= expected
        assert "ENVELOPE_UNDECRYPTABLE" in (code, alone)


def test_the_wrong_recipient_is_told_so(city: MemoryCity, forge: Forge) -> None:
    """An envelope to another is refused before any key of ours is tried."""
    assert refusal(city.provider.open, forge.envelope()) == "ENVELOPE_NOT_FOR_US"
    # Our name, another's key: nothing of ours opens it.
    theirs = forge.key_id(city.outsider, Purpose.OPENING)
    forged = forge.envelope(forge.header(recipient_key_id=theirs))
    assert refusal(city.requester.open, forged) == "KEY_UNKNOWN"


def test_a_key_of_another_purpose_is_none(city: MemoryCity, forge: Forge) -> None:
    """A signing key does not open, a ledger key does not sign envelopes."""
    signing = forge.key_id(city.requester, Purpose.SIGNING)
    wrapped = forge.wrap(forge.header(), bytes(32))
    forged = forge.envelope(forge.header(recipient_key_id=signing), wrapped=wrapped)
    assert refusal(city.requester.open, forged) == "KEY_UNAVAILABLE"
    ledger = forge.key_id(city.provider, Purpose.LEDGER, 1)
    forged = forge.envelope(forge.header(sender_key_id=ledger))
    assert refusal(city.requester.open, forged) == "KEY_UNKNOWN"


def test_a_stranger_is_unknown(city: MemoryCity, forge: Forge) -> None:
    """A sender that is not in the directory is no sender."""
    forged = forge.envelope(forge.header(sender="11149900MB0C99999X"))
    assert refusal(city.requester.open, forged) == "DEPARTMENT_UNKNOWN"


@pytest.mark.parametrize("kind", [2, 3])
def test_only_data_is_opened(city: MemoryCity, forge: Forge, kind: int) -> None:
    """A request or an acknowledgement is no envelope of records."""
    assert refusal(city.requester.open, forge.envelope(forge.header(type=kind))) == (
        "ENVELOPE_MALFORMED"
    )


@pytest.mark.parametrize("length", [1, 31, 32, 33, 79, 81, 1167, 1169, 4096])
def test_a_wrapped_key_of_any_length_is_refused(
    city: MemoryCity, forge: Forge, length: int
) -> None:
    """Signed by its sender, and still no wrapped key."""
    assert refusal(city.requester.open, forge.envelope(wrapped=b"w" * length)) == (
        "ENVELOPE_UNDECRYPTABLE"
    )


@pytest.mark.parametrize("length", [1, 16, 31, 55, 56, 57, 71, 72, 73, 4096, 16 * 1024 + 100])
def test_a_payload_of_any_length_is_refused(city: MemoryCity, forge: Forge, length: int) -> None:
    """Signed by its sender, and still no payload."""
    assert refusal(city.requester.open, forge.envelope(payload=b"p" * length)) == (
        "ENVELOPE_UNDECRYPTABLE"
    )


def test_a_content_key_that_is_none_is_refused(city: MemoryCity) -> None:
    """The sealing side wraps keys of 32 bytes only; other plaintexts are refused on opening."""
    two = Forge(city, number=2)
    header = two.header()
    key = next(k for k in city.requester.entry().keys if k.key_id == header["recipient_key_id"])
    made = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    public = X25519PublicKey.from_public_bytes(key.raw)
    for length in (0, 16, 31, 33, 64):
        wrapped = made.encrypt(bytes(length), public, two.info(header))
        assert refusal(city.requester.open, two.envelope(header, wrapped=wrapped)) == (
            "ENVELOPE_UNDECRYPTABLE"
        )
