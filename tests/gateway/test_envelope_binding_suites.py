"""An envelope is of one suite, which both sides accept."""

import pytest

from gateway.envelope.opening import parse_envelope
from gateway.testing import MemoryCity
from keys.material import Purpose
from tests.gateway.envelope_changes import change_department, with_sealing
from tests.gateway.forge import (
    HEADER,
    Forge,
    message,
    new_city,
    packaged,
    refusal,
    rows,
    split,
)


@pytest.fixture
def forge(city: MemoryCity) -> Forge:
    """Write envelopes from provider to requester."""
    return Forge(city)


def test_a_suite_that_we_do_not_accept_is_refused(city: MemoryCity) -> None:
    """Acceptance is the recipient's entry in trust data, not what it has keys for."""
    two = Forge(city, number=2).envelope()
    change_department(city, city.requester, suites=(1,))
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
    change_department(city, city.requester, suites=(1, 2, number))
    forge = Forge(city)
    wrapped = forge.wrap(forge.header(), bytes(32))
    forged = forge.envelope(forge.header(suite=number), wrapped=wrapped)
    assert refusal(city.requester.open, forged) == "SUITE_REFUSED"


def test_policy_sets_a_floor() -> None:
    """A provider whose policy takes suite 1 only does not seal to another."""
    city = new_city(with_sealing(packaged()[1], suites=(1,)))
    assert refusal(city.provider.seal, city.request(rows(), suite=2)) == "SUITE_REFUSED"
    change_department(city, city.requester, suites=(2,))
    assert refusal(city.provider.seal, city.request(rows())) == "SUITE_REFUSED"
