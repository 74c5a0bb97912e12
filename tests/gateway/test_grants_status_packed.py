"""Statuses are packed in one way, and unpacking them costs no more than the limit."""

import time
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import TokenError
from gateway.grants.status import MAX_STATUS_BYTES
from gateway.grants.token import MAX_STATUS_TOKEN_BYTES, encode_segment
from tests.gateway.status_forge import StatusForge, pack
from tests.gateway.token_forge import MALFORMED


@pytest.fixture(scope="module")
def forge() -> StatusForge:
    """Share one city: verifying changes nothing in it."""
    return StatusForge()


def _deflate(statuses: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return packer.compress(statuses) + packer.flush()


def _with_dictionary(statuses: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_DEFAULT_STRATEGY, bytes(64))
    return packer.compress(statuses) + packer.flush()


WHOLE = zlib.compress(bytes(range(256)) * 4, 9)
PACKED: dict[str, bytes] = {
    "truncated by a byte": WHOLE[:-1],
    "truncated by its checksum": WHOLE[:-4],
    "half": WHOLE[: len(WHOLE) // 2],
    "its first byte": WHOLE[:1],
    "its header": WHOLE[:2],
    "a byte behind": WHOLE + b"\0",
    "zeros behind": WHOLE + bytes(1000),
    "a second stream behind": WHOLE + WHOLE,
    "a wrong checksum": WHOLE[:-1] + bytes((WHOLE[-1] ^ 1,)),
    "a wrong header": b"\0" + WHOLE[1:],
    "not compressed": bytes(128),
    "raw deflate": _deflate(bytes(128), -15),
    "gzip": _deflate(bytes(128), 31),
    "with a dictionary": _with_dictionary(bytes(128)),
    "a bomb of 64 MiB": zlib.compress(bytes(64 * 1024 * 1024), 9),
    "a byte over the limit": zlib.compress(bytes(MAX_STATUS_BYTES + 1), 9),
    "an eighth over the limit": zlib.compress(bytes(MAX_STATUS_BYTES * 9 // 8), 9),
}


@pytest.mark.parametrize("packed", PACKED.values(), ids=PACKED)
def test_statuses_packed_in_another_way_are_refused(forge: StatusForge, packed: bytes) -> None:
    """One whole zlib stream, of at most a mebibyte, and nothing behind it."""
    forge.list_refused(forge.packed(encode_segment(packed)), MALFORMED)


def test_a_bomb_costs_no_more_than_the_limit(forge: StatusForge) -> None:
    """A list of 256 MiB in 261 kB is given up after one."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(bytes(16 * 1024 * 1024)) for _ in range(16)]
    token = forge.packed(encode_segment(b"".join(parts) + packer.flush()))
    forge.list_refused(token, MALFORMED)  # what is loaded once is loaded now
    tracemalloc.start()
    start = time.process_time()
    forge.list_refused(token, MALFORMED)
    spent, (_, peak) = time.process_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * MAX_STATUS_BYTES
    assert spent < 0.5


def test_a_list_of_exactly_the_limit_is_read(forge: StatusForge) -> None:
    """Eight million grants."""
    found = forge.read(forge.packed(pack(bytes(MAX_STATUS_BYTES - 1) + b"\x80")))
    assert found.status(8 * MAX_STATUS_BYTES - 1) == 1
    assert found.status(8 * MAX_STATUS_BYTES - 2) == 0
    assert found.status(8 * MAX_STATUS_BYTES) is None


def test_a_long_list_of_many_revoked_is_read(forge: StatusForge) -> None:
    """Longer than the 128 kB at which the library that checks the signature stops by itself."""
    statuses = b"".join(index.to_bytes(3, "big") for index in range(50_000))
    token = forge.packed(pack(bytes(x * 7 % 251 ^ y for x, y in enumerate(statuses))))
    assert len(token) > 200_000
    assert len(forge.read(token).statuses) == 150_000


SPELLINGS = {
    "padding": lambda lst: lst + "=" * (-len(lst) % 4 or 4),
    "a space behind": lambda lst: lst + " ",
    "a line feed behind": lambda lst: lst + "\n",
    "a plus": lambda lst: "+" + lst[1:],
    "a character too many": lambda lst: lst + "A" * (5 - len(lst) % 4),
    "a null byte": lambda lst: lst + "\0",
    "fullwidth letters": lambda lst: lst.replace("A", "Ａ"),
    "a dot": lambda lst: lst + ".",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_statuses_have_one_spelling(forge: StatusForge, spelling: str) -> None:
    """Strict base64url, as in the segments."""
    lst = SPELLINGS[spelling](pack(bytes(128) + b"\x55" * 64))
    forge.list_refused(forge.packed(lst), MALFORMED)


def test_a_list_over_its_limit_is_not_looked_at(forge: StatusForge) -> None:
    """Two mebibytes of anything."""
    start = time.process_time()
    forge.list_refused("A" * (MAX_STATUS_TOKEN_BYTES + 1), MALFORMED)
    assert time.process_time() - start < 0.1


@given(
    st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(zlib.compress)),
    st.sampled_from([1, 2, 4, 8]),
)
def test_any_packed_bytes_are_refused_or_read(forge: StatusForge, packed: bytes, bits: int) -> None:
    """Nothing but a refusal is ever raised; what is read is what zlib makes of all of it."""
    token = forge.packed(encode_segment(packed or b"\0"), bits)
    try:
        expected = zlib.decompress(packed)
    except zlib.error:
        forge.list_refused(token, MALFORMED)
    else:
        assert forge.read(token).statuses == expected


@given(st.data())
def test_a_list_changed_anywhere_is_refused(forge: StatusForge, data: st.DataObject) -> None:
    """A changed character is never passed over."""
    token = forge.list_token()
    at = data.draw(st.integers(0, len(token) - 1))
    put = data.draw(st.one_of(st.characters(), st.just("")))
    changed = token[:at] + put + token[at + 1 :]
    if changed == token:
        return
    with pytest.raises(TokenError):
        forge.read(changed)
