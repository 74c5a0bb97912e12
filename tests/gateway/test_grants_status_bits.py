"""Each grant has its status where the draft puts it, and any but valid revokes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.grants.status import issue_status_list
from gateway.model.trust import StatusList
from gateway.testing import DAY, STATUS_URI
from tests.gateway.status_forge import STALE, StatusForge, pack


@pytest.fixture(scope="module")
def forge() -> StatusForge:
    """Share one city: verifying changes nothing in it."""
    return StatusForge()


def test_an_ordinary_list_is_accepted(forge: StatusForge) -> None:
    """What the tables below bend is straight to begin with."""
    found = forge.read(forge.list_token())
    assert (found.iss, found.uri, found.bits) == (forge.city.iss, STATUS_URI, 1)
    assert (found.issued, found.expires) == (forge.now, forge.now + DAY)
    assert found.statuses == bytes(128)


# --- the bits --------------------------------------------------------------


# draft-ietf-oauth-status-list, 4.1: sixteen statuses of one bit, twelve of two.
DRAFT_ONE_BIT = (bytes.fromhex("b9a3"), [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1])
DRAFT_TWO_BITS = (bytes.fromhex("c944f9"), [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3])
# The same arrays as the draft spells them, compressed.
DRAFT_LST = {1: "eNrbuRgAAhcBXQ", 2: "eNo76fITAAPfAgc"}


@pytest.mark.parametrize(("bits", "array"), [(1, DRAFT_ONE_BIT), (2, DRAFT_TWO_BITS)])
def test_statuses_stand_where_the_draft_puts_them(
    forge: StatusForge, bits: int, array: tuple[bytes, list[int]]
) -> None:
    """From the least significant bit of the first byte; the draft's own examples."""
    statuses, expected = array
    found = forge.read(forge.packed(DRAFT_LST[bits], bits))
    assert found.statuses == statuses
    assert [found.status(index) for index in range(len(expected))] == expected
    assert found.status(len(expected)) is None


def _slow_status(statuses: bytes, bits: int, index: int) -> int:
    """Read a status bit by bit."""
    flat = [(byte >> bit) & 1 for byte in statuses for bit in range(8)]
    return sum(flat[index * bits + bit] << bit for bit in range(bits))


@given(st.binary(min_size=1, max_size=40), st.sampled_from([1, 2, 4, 8]), st.data())
def test_a_status_of_any_width_is_read_from_its_place(
    statuses: bytes, bits: int, data: st.DataObject
) -> None:
    """Widths of 1, 2, 4 and 8 bits; behind the last there is none."""
    found = StatusList(uri="u", iss="i", issued=0, expires=1, bits=bits, statuses=statuses)
    count = len(statuses) * 8 // bits
    index = data.draw(st.integers(0, count - 1))
    assert found.status(index) == _slow_status(statuses, bits, index)
    assert found.status(count) is None
    assert found.status(count + data.draw(st.integers(0, 10**8))) is None


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_anything_but_valid_revokes(forge: StatusForge, bits: int) -> None:
    """Suspended and what an issuer invents refuse like revoked; neighbours are not touched."""
    for status in range(1 << bits):
        if bits == 8 and status not in (0, 1, 2, 3, 128, 255):
            continue
        index = 19
        whole = status << (index * bits)
        statuses = whole.to_bytes(64, "little")
        found = forge.read(forge.packed(pack(statuses), bits))
        snapshot = forge.with_list(found)
        assert found.status(index) == status
        forge.verify(forge.grant_at(index - 1), snapshot)
        forge.verify(forge.grant_at(index + 1), snapshot)
        if status == 0:
            forge.verify(forge.grant_at(index), snapshot)
        else:
            forge.refused(forge.grant_at(index), "TOKEN_REVOKED", snapshot=snapshot)


@given(st.sets(st.integers(0, 2047)))
def test_an_issued_list_says_who_is_revoked(forge: StatusForge, revoked: set[int]) -> None:
    """What the authority writes is what a node reads."""
    token = issue_status_list(
        iss=forge.city.iss,
        uri=STATUS_URI,
        revoked=revoked,
        size=2048,
        now=forge.now,
        lifetime=DAY,
        key_id=forge.kid,
        suite_number=1,
        sign=forge.city.sign,
    )
    found = forge.read(token)
    assert {index for index in range(2048) if found.status(index)} == revoked
    assert found.status(2048) is None


@pytest.mark.parametrize("index", [1023, 1024, 1025, 8192, 100_000_000])
def test_a_grant_that_the_list_does_not_reach_is_refused(forge: StatusForge, index: int) -> None:
    """A list of 1024: nobody knows of later grants, and they are not called revoked."""
    snapshot = forge.with_list(forge.read(forge.list_token()))
    if index < 1024:
        forge.verify(forge.grant_at(index), snapshot)
    else:
        forge.refused(forge.grant_at(index), STALE, snapshot=snapshot)


def test_an_empty_list_reaches_no_grant(forge: StatusForge) -> None:
    """Not even the first."""
    snapshot = forge.with_list(forge.read(forge.packed(pack(b""))))
    forge.refused(forge.grant_at(0), STALE, snapshot=snapshot)
