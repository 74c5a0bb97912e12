"""An envelope is one sender's, to one recipient, under one header, for its time."""

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from gateway.envelope.opening import parse_envelope
from gateway.inbound import LIFETIME_CAP_MS, Inbound
from gateway.model.trust import PublicKey
from gateway.testing import DAY, MemoryCity, MemoryNode
from keys.derive import Mac
from keys.material import Purpose
from keys.ports import KeyInfo
from masking.policy import Policy
from masking.policy.model import Cache, Sealing
from tests.gateway.forge import (
    HEADER,
    HOUR_MS,
    Forge,
    Value,
    message,
    new_city,
    packaged,
    refusal,
    rows,
    split,
    uuid7,
)

MINUTE_MS = 60_000


@pytest.fixture
def city() -> MemoryCity:
    """Make a city of its own for each test."""
    return new_city()


@pytest.fixture
def forge(city: MemoryCity) -> Forge:
    """Write envelopes from provider to requester."""
    return Forge(city)


def _change_department(city: MemoryCity, node: MemoryNode, **changes: Any) -> None:
    departments = dict(city.trust.departments)
    entry = departments[node.department]
    departments[node.department] = msgspec.structs.replace(entry, **changes)
    city.publish(departments=departments)


def _change_key(city: MemoryCity, node: MemoryNode, key_id: str, **changes: Any) -> PublicKey:
    """Change a key's entry in the directory, as the authority would."""
    entry = city.trust.departments[node.department]
    keys = tuple(
        msgspec.structs.replace(key, **changes) if key.key_id == key_id else key
        for key in entry.keys
    )
    _change_department(city, node, keys=keys)
    return next(key for key in keys if key.key_id == key_id)


def _sealing(policy: Policy, **changes: Any) -> Policy:
    return msgspec.structs.replace(
        policy, sealing=msgspec.structs.replace(policy.sealing, **changes)
    )


# --- Who made it, and for whom


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


# --- The sender's key in its time


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"revoked_at": 1}, "KEY_UNAVAILABLE"),
        ({"revoked_at": 1_793_577_600 + DAY}, "KEY_UNAVAILABLE"),
        ({"retired_at": 1_793_577_600 - 1}, "KEY_UNAVAILABLE"),
        ({"retired_at": 1_793_577_600}, "KEY_UNAVAILABLE"),
        ({"retired_at": 1_793_577_600 + 1}, ""),
        ({"not_after": 1_793_577_600}, "KEY_UNAVAILABLE"),
        ({"not_after": 1_793_577_600 + 1}, ""),
        ({"not_before": 1_793_577_600 + 1}, "KEY_UNAVAILABLE"),
        ({"not_before": 1_793_577_600}, ""),
        ({"not_after": 1_793_577_600, "retired_at": 1_793_577_600 + 9}, "KEY_UNAVAILABLE"),
    ],
    ids=str,
)
def test_the_senders_key_was_in_force_when_it_sealed(
    city: MemoryCity, forge: Forge, changes: dict[str, int], code: str
) -> None:
    """Judged at `created`, to the second; a revoked key is believed in nothing."""
    envelope = forge.envelope()
    _change_key(city, city.provider, forge.key_id(city.provider, Purpose.SIGNING), **changes)
    if code:
        assert refusal(city.requester.open, envelope) == code
    else:
        assert city.requester.open(envelope).records == forge.records


def test_a_key_retired_later_still_verifies_what_it_signed(city: MemoryCity, forge: Forge) -> None:
    """Retirement ends making, not what was made; and dating back goes no further than the cap."""
    now = city.clock() // 1000
    key_id = forge.key_id(city.provider, Purpose.SIGNING)
    envelope = forge.envelope(forge.header(expires=city.clock() + LIFETIME_CAP_MS))
    dated_back = forge.envelope(forge.header(expires=city.clock() + LIFETIME_CAP_MS))
    _change_key(city, city.provider, key_id, retired_at=now + 1)
    city.clock.forward(seconds=7 * DAY - 1)
    assert city.requester.open(envelope).records == forge.records
    city.clock.forward(seconds=1)
    # From retirement plus the cap on, whoever stole the key can date nothing back.
    assert refusal(city.requester.open, dated_back) == "ENVELOPE_EXPIRED"
    created = (now + 1) * 1000 - 1
    longer = forge.header(created=created, expires=created + LIFETIME_CAP_MS + 2)
    assert refusal(city.requester.open, forge.envelope(longer)) == "ENVELOPE_MALFORMED"


# --- Suites


def test_a_suite_that_we_do_not_accept_is_refused(city: MemoryCity) -> None:
    """Acceptance is the recipient's entry in trust data, not what it has keys for."""
    two = Forge(city, number=2).envelope()
    _change_department(city, city.requester, suites=(1,))
    assert refusal(city.requester.open, two) == "SUITE_REFUSED"
    assert refusal(city.provider.seal, city.request(rows(), suite=2)) == "SUITE_REFUSED"
    sealed = city.provider.seal(city.request(rows()))
    assert parse_envelope(sealed.envelope).header.suite == 1


def test_a_suite_is_not_smuggled_in_under_anothers_number(city: MemoryCity) -> None:
    """The header says suite 1, the key it is sealed to is of suite 2: a downgrade."""
    for number, key_number in ((1, 2), (2, 1)):
        forge = Forge(city, number=number)
        key_id = forge.key_id(city.requester, Purpose.OPENING, key_number)
        forged = forge.envelope(forge.header(recipient_key_id=key_id))
        assert refusal(city.requester.open, forged) == "SUITE_REFUSED"


def test_the_suite_cannot_be_renamed(city: MemoryCity) -> None:
    """The number is bound by the signature, and by the wrapped key."""
    one = Forge(city)
    fields = one.header()
    _, wrapped, payload, signature = split(one.envelope(fields))
    head = message(HEADER, fields | {"suite": 2})
    edited = one.assemble(head, wrapped, payload, signature)
    assert refusal(city.requester.open, edited) == "ENVELOPE_SIGNATURE_INVALID"


@pytest.mark.parametrize("number", [3, 4, 255, 65535])
def test_a_number_that_is_no_suite_is_refused(city: MemoryCity, number: int) -> None:
    """Even if the directory lists it."""
    _change_department(city, city.requester, suites=(1, 2, number))
    forge = Forge(city)
    wrapped = forge.wrap(forge.header(), bytes(32))
    forged = forge.envelope(forge.header(suite=number), wrapped=wrapped)
    assert refusal(city.requester.open, forged) == "SUITE_REFUSED"


def test_policy_sets_a_floor() -> None:
    """A provider whose policy takes suite 1 only does not seal to another."""
    city = new_city(_sealing(packaged()[1], suites=(1,)))
    assert refusal(city.provider.seal, city.request(rows(), suite=2)) == "SUITE_REFUSED"
    _change_department(city, city.requester, suites=(2,))
    assert refusal(city.provider.seal, city.request(rows())) == "SUITE_REFUSED"


# --- Times


@pytest.mark.parametrize(
    ("created", "lifetime", "code"),
    [
        (0, 1, ""),
        (0, LIFETIME_CAP_MS, ""),
        (0, LIFETIME_CAP_MS + 1, "ENVELOPE_MALFORMED"),
        (0, 0, "ENVELOPE_MALFORMED"),
        (0, -1, "ENVELOPE_MALFORMED"),
        (MINUTE_MS, HOUR_MS, ""),
        (MINUTE_MS + 1, HOUR_MS, "ENVELOPE_FROM_FUTURE"),
        (10 * 365 * DAY * 1000, HOUR_MS, "KEY_UNAVAILABLE"),
        (-HOUR_MS, HOUR_MS + 1, ""),
        (-HOUR_MS, HOUR_MS, "ENVELOPE_EXPIRED"),
        (-HOUR_MS, HOUR_MS - 1, "ENVELOPE_EXPIRED"),
        (-2 * HOUR_MS, HOUR_MS, "ENVELOPE_EXPIRED"),
        (MINUTE_MS, LIFETIME_CAP_MS, ""),
    ],
)
def test_an_envelope_has_its_time(
    city: MemoryCity, forge: Forge, created: int, lifetime: int, code: str
) -> None:
    """From 60 s ahead of our clock up to its expiry, which is at most seven days on."""
    begins = city.clock() + created
    envelope = forge.envelope(forge.header(created=begins, expires=begins + lifetime))
    if code:
        assert refusal(city.requester.open, envelope) == code
    else:
        assert city.requester.open(envelope).records == forge.records


def test_an_envelope_opens_until_its_last_millisecond(city: MemoryCity) -> None:
    """Sealed for 24 hours by the packaged policy."""
    request = city.request(rows())
    envelopes = [city.provider.seal(request).envelope for _ in range(2)]
    city.clock.now += 24 * HOUR_MS - 1
    assert city.requester.open(envelopes[0]).manifest.records == 3
    city.clock.now += 1
    assert refusal(city.requester.open, envelopes[1]) == "ENVELOPE_EXPIRED"


def test_stale_trust_opens_and_seals_nothing(city: MemoryCity, forge: Forge) -> None:
    """Fail closed: neither past the term of trust data nor before it was issued."""
    envelope = forge.envelope(forge.header(expires=city.clock() + LIFETIME_CAP_MS))
    request = city.request(rows())
    city.publish(expires=city.clock() // 1000 + 60)
    city.clock.forward(seconds=60)
    assert refusal(city.requester.open, envelope) == "TRUST_STALE"
    assert refusal(city.provider.seal, request) == "TRUST_STALE"
    city.clock.forward(seconds=-1)
    assert city.requester.open(envelope).records == forge.records
    city.clock.forward(seconds=-180)
    assert refusal(city.provider.seal, request) == "TRUST_STALE"


# --- Content keys that serve several envelopes


def _wrapped(city: MemoryCity, request: Any) -> bytes:
    return split(city.provider.seal(request).envelope)[1]


def test_one_wrapped_key_serves_at_most_sixty_seconds() -> None:
    """A policy cannot ask for more, and a clock set back ends it too."""
    city = new_city()
    request = city.request(rows())
    first = _wrapped(city, request)
    city.clock.now += MINUTE_MS - 1
    assert _wrapped(city, request) == first
    city.clock.now += 1
    second = _wrapped(city, request)
    assert second != first
    city.clock.now -= 1
    assert _wrapped(city, request) not in (first, second)


def test_one_wrapped_key_serves_at_most_a_thousand_envelopes() -> None:
    """The thousand and first has a fresh one."""
    city = new_city()
    request = city.request(rows()[:1])
    wrapped = [_wrapped(city, request) for _ in range(1001)]
    assert len(set(wrapped[:1000])) == 1
    assert wrapped[1000] != wrapped[0]


@pytest.mark.parametrize("cache", [Cache(seconds=0), Cache(envelopes=0), Cache(envelopes=1)])
def test_a_bound_of_zero_turns_the_cache_off(cache: Cache) -> None:
    """Each envelope has a content key of its own then."""
    city = new_city(_sealing(packaged()[1], cache=cache))
    request = city.request(rows())
    assert len({_wrapped(city, request) for _ in range(4)}) == 4


def test_a_bound_of_the_policy_is_kept() -> None:
    """Three envelopes or five seconds."""
    city = new_city(_sealing(packaged()[1], cache=Cache(seconds=5, envelopes=3)))
    request = city.request(rows())
    wrapped = [_wrapped(city, request) for _ in range(6)]
    assert wrapped[0] == wrapped[1] == wrapped[2] != wrapped[3] == wrapped[4] == wrapped[5]
    city.clock.forward(seconds=4.999)
    fourth = _wrapped(city, request)
    city.clock.forward(seconds=5)
    assert _wrapped(city, request) != fourth


@pytest.mark.parametrize("cache", [Cache(seconds=0), Cache(envelopes=0), Cache(envelopes=2)])
def test_a_policy_that_narrows_the_bounds_holds_at_once(city: MemoryCity, cache: Cache) -> None:
    """A key kept under the old bounds does not outlive them."""
    request = city.request(rows())
    old = [_wrapped(city, request) for _ in range(2)]
    assert len(set(old)) == 1
    city.provider.snapshots.change(policy=_sealing(packaged()[1], cache=cache))
    assert _wrapped(city, request) not in old


def test_content_keys_are_not_shared_between_routes(city: MemoryCity) -> None:
    """Another suite, another recipient or another key: another content key."""
    mine = [_wrapped(city, city.request(rows(), suite=number)) for number in (1, 2)]
    city.requester.keys.new(Purpose.OPENING, 1, city.clock() // 1000, 30, "next")
    city.requester.keys.rotate(Purpose.OPENING, 1, city.clock() // 1000)
    _change_department(city, city.requester, keys=city.requester.entry().keys)
    mine.append(_wrapped(city, city.request(rows(), suite=1)))
    assert len(set(mine)) == 3


class _CountingKeys:
    """A KeyProvider that counts how often it unwraps."""

    def __init__(self, node: MemoryNode) -> None:
        self.keys, self.unwraps = node.keys, 0

    def list_keys(self) -> tuple[KeyInfo, ...]:
        return self.keys.list_keys()

    def sign(self, key_id: str, message: bytes) -> bytes:
        return self.keys.sign(key_id, message)

    def unwrap(self, key_id: str, wrapped: bytes, info: bytes) -> bytes:
        self.unwraps += 1
        return self.keys.unwrap(key_id, wrapped, info)

    def mac(self, key_id: str, context: bytes) -> Mac:
        return self.keys.mac(key_id, context)


def _counting(city: MemoryCity) -> tuple[_CountingKeys, Inbound]:
    node = city.requester
    keys = _CountingKeys(node)
    return keys, Inbound(
        department=node.department,
        snapshots=node.snapshots,
        keys=keys,
        ledger=node.ledger,
        claims=node.state,
        grants=node.grants,
        clock=city.clock,
    )


def test_an_unwrapped_key_is_kept_at_most_sixty_seconds(city: MemoryCity) -> None:
    """Opening caches likewise: by route and wrapped bytes, for a minute."""
    keys, inbound = _counting(city)
    request = city.request(rows())
    envelopes = [city.provider.seal(request).envelope for _ in range(4)]
    inbound.open(envelopes[0])
    city.clock.now += MINUTE_MS - 1
    inbound.open(envelopes[1])
    assert keys.unwraps == 1
    city.clock.now += 1
    inbound.open(envelopes[2])
    assert keys.unwraps == 2
    city.clock.now -= 1
    inbound.open(envelopes[3])
    assert keys.unwraps == 3


def test_an_unwrapped_key_serves_at_most_a_thousand_envelopes(city: MemoryCity) -> None:
    """Whatever a sender does with its content keys."""
    keys, inbound = _counting(city)
    envelope = Forge(city).envelope()
    for _ in range(1000):
        inbound.open(envelope, reopen=True)
    assert keys.unwraps == 1
    inbound.open(envelope, reopen=True)
    assert keys.unwraps == 2


def test_what_did_not_unwrap_is_not_kept(city: MemoryCity, forge: Forge) -> None:
    """A refusal is the same the second time, and a good key beside it opens."""
    keys, inbound = _counting(city)
    fields = forge.header()
    good, bad = forge.envelope(fields), forge.envelope(wrapped=b"w" * 1168)
    assert refusal(inbound.open, bad) == refusal(inbound.open, bad) == "ENVELOPE_UNDECRYPTABLE"
    assert keys.unwraps == 2
    inbound.open(good)


# --- The recipient's key in its time


def test_a_retired_key_opens_what_was_sealed_to_it(city: MemoryCity) -> None:
    """Rotation loses nothing that is under way; new envelopes go to the new key."""
    now = city.clock() // 1000
    request = city.request(rows())
    under_way = city.provider.seal(request)
    fresh = city.requester.keys.new(Purpose.OPENING, 1, now, 366, "next")
    city.requester.keys.rotate(Purpose.OPENING, 1, now)
    _change_department(city, city.requester, keys=city.requester.entry().keys)
    after = city.provider.seal(request)
    assert parse_envelope(after.envelope).header.recipient_key_id == fresh.key_id
    city.clock.now += 24 * HOUR_MS - 1
    assert city.requester.open(under_way.envelope).manifest.records == 3
    assert city.requester.open(after.envelope).manifest.records == 3


def test_a_retired_key_opens_nothing_past_the_longest_lifetime(
    city: MemoryCity, forge: Forge
) -> None:
    """A sender that goes on sealing to it is refused from then on."""
    now = city.clock() // 1000
    retired = forge.key_id(city.requester, Purpose.OPENING)
    city.requester.keys.new(Purpose.OPENING, 1, now, 366, "next")
    city.requester.keys.rotate(Purpose.OPENING, 1, now)
    city.clock.forward(seconds=7 * DAY)
    last = forge.envelope(forge.header(recipient_key_id=retired))
    assert city.requester.open(last).records == forge.records
    late = forge.envelope(forge.header(recipient_key_id=retired))
    city.clock.forward(seconds=1)
    assert refusal(city.requester.open, late) == "KEY_UNAVAILABLE"


def test_a_key_announced_ahead_is_sealed_to_from_its_first_second(city: MemoryCity) -> None:
    """Of several keys in force the newest is taken, also within one snapshot."""
    now = city.clock() // 1000
    old = Forge(city).key_id(city.requester, Purpose.OPENING)
    fresh = city.requester.keys.new(Purpose.OPENING, 1, now + 60, 366, "next").key_id
    _change_department(city, city.requester, keys=city.requester.entry().keys)
    request, taken = city.request(rows()), []
    for seconds in (0, 59.999, 0.001, 3600):
        city.clock.forward(seconds=seconds)
        sealed = city.provider.seal(request)
        taken.append(parse_envelope(sealed.envelope).header.recipient_key_id)
    assert taken == [old, old, fresh, fresh]


@pytest.mark.parametrize("changes", [{"revoked_at": 1}, {"retired_at": 1}, {"not_after": 2}])
def test_nothing_is_sealed_to_a_key_that_is_out_of_force(
    city: MemoryCity, changes: dict[str, int]
) -> None:
    """With no other key of that suite the call is refused, not sealed under another."""
    for key in city.requester.entry().keys:
        if key.purpose is Purpose.OPENING and key.suite == 1:
            _change_key(city, city.requester, key.key_id, **changes)
    assert refusal(city.provider.seal, city.request(rows(), suite=1)) == "KEY_UNAVAILABLE"


@pytest.mark.parametrize("changes", [{"revoked_at": 1}, {"retired_at": 1}, {"not_after": 2}])
def test_nothing_is_signed_that_nobody_could_verify(
    city: MemoryCity, changes: dict[str, int]
) -> None:
    """Our own signing key is looked up in trust data first."""
    key_id = Forge(city).key_id(city.provider, Purpose.SIGNING)
    _change_key(city, city.provider, key_id, **changes)
    assert refusal(city.provider.seal, city.request(rows())) == "KEY_UNAVAILABLE"


def test_default_bounds_are_those_of_the_design() -> None:
    """A policy that says nothing seals with suites 1 and 2 for a day, caching a minute."""
    assert Sealing() == Sealing(
        suites=(1, 2), cache=Cache(seconds=60, envelopes=1000), lifetime_hours=24
    )
