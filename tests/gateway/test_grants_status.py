"""Status lists: believed when signed, whole, of the grant's issuer and fresh; else no grant."""

import json
import time
import tracemalloc
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import TokenError
from gateway.grants import GrantVerifier
from gateway.grants.status import MAX_STATUS_BYTES, issue_status_list, verify_status_list
from gateway.grants.token import MAX_STATUS_TOKEN_BYTES, encode_segment
from gateway.model.trust import Issuer, Snapshot, StatusList
from gateway.testing import DAY, STATUS_URI, MemoryCity
from keys.errors import SealgateError
from keys.material import Purpose
from tests.gateway.token_forge import JSON, TokenForge, shown

CLAIM, MALFORMED = "TOKEN_CLAIM_INVALID", "TOKEN_MALFORMED"
UNKNOWN, STALE = "TOKEN_ISSUER_UNKNOWN", "TRUST_STALE"
MARK = "marked-secret-7f3a"


def pack(statuses: bytes) -> str:
    """Compress and spell statuses as a list has them."""
    return encode_segment(zlib.compress(statuses, 9))


class StatusForge(TokenForge):
    """Signs status lists as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.status_header: JSON = {**self.header, "typ": "statuslist+jwt"}
        self.status_claims: JSON = {
            "iss": self.city.iss,
            "sub": STATUS_URI,
            "iat": self.now,
            "exp": self.now + DAY,
            "ttl": 3600,
            "status_list": {"bits": 1, "lst": pack(bytes(128))},
        }

    @property
    def issuers(self) -> dict[str, Issuer]:
        """Return the issuers of trust data."""
        return dict(self.snapshot.trust.issuers)

    def list_token(self, header: JSON | None = None, **changes: Any) -> str:
        """Sign a status list, changed by name."""
        return self.token(
            {**self.status_header, **(header or {})}, {**self.status_claims, **changes}
        )

    def packed(self, lst: str, bits: object = 1) -> str:
        """Sign a status list of this content."""
        return self.list_token(status_list={"bits": bits, "lst": lst})

    def read(self, token: str) -> StatusList:
        """Verify a status list now."""
        return verify_status_list(token, self.issuers, self.now)

    def list_refused(self, token: str, code: str, issuers: dict[str, Issuer] | None = None) -> None:
        """Assert that a list is refused with a code, without an echo of it."""
        with pytest.raises(TokenError) as caught:
            verify_status_list(token, issuers or self.issuers, self.now)
        assert caught.value.code == code
        said = shown(caught.value)
        for text in (*token.split("."), self.kid, self.city.iss, STATUS_URI, MARK):
            assert len(text) < 8 or text not in said

    def with_list(self, found: StatusList | None) -> Snapshot:
        """Return the snapshot with this list alone."""
        lists = {} if found is None else {found.uri: found}
        trust = msgspec.structs.replace(self.snapshot.trust, status_lists=lists)
        return msgspec.structs.replace(self.snapshot, number=self.snapshot.number + 1, trust=trust)

    def grant_at(self, index: int) -> str:
        """Sign a grant with this place in the list."""
        return self.with_claims(status={"status_list": {"idx": index, "uri": STATUS_URI}})


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


# --- which list ------------------------------------------------------------


def test_a_grant_whose_list_is_missing_is_refused(forge: StatusForge) -> None:
    """Closed on any doubt."""
    forge.refused(forge.valid, STALE, snapshot=forge.with_list(None))


@pytest.mark.parametrize(
    "uri", [STATUS_URI + "/", STATUS_URI.upper(), "urn:sealgate:status:2", "urn:sealgate:status"]
)
def test_a_list_of_another_uri_does_not_count(forge: StatusForge, uri: str) -> None:
    """The `sub` of the list is the `uri` of the grant, character by character."""
    found = forge.read(forge.list_token(sub=uri))
    forge.refused(forge.valid, STALE, snapshot=forge.with_list(found))


def test_a_list_of_another_issuer_does_not_count(forge: StatusForge) -> None:
    """A second issuer, listed and in force, cannot speak for the first one's grants."""
    other = msgspec.structs.replace(forge.city.issuer(), iss="urn:other")
    issuers = {**forge.issuers, other.iss: other}
    found = verify_status_list(forge.list_token(iss=other.iss), issuers, forge.now)
    forge.refused(forge.valid, STALE, snapshot=forge.with_list(found))


@pytest.mark.parametrize(("after", "outcome"), [(99, "ok"), (100, STALE), (101, STALE)])
@pytest.mark.parametrize("cached", [False, True])
def test_a_stale_list_is_refused(
    forge: StatusForge, after: int, outcome: str, cached: bool
) -> None:
    """From the second it ends: no skew, for a grant that was verified before neither."""
    snapshot = forge.with_list(forge.read(forge.list_token(exp=forge.now + 100)))
    verifier = GrantVerifier(forge.city.provider.department)
    if cached:
        verifier.verify(forge.valid, snapshot, forge.now)
    if outcome == "ok":
        verifier.verify(forge.valid, snapshot, forge.now + after)
        return
    with pytest.raises(SealgateError) as caught:
        verifier.verify(forge.valid, snapshot, forge.now + after)
    assert caught.value.code == outcome
    forge.check_refusal(caught.value, forge.valid)


@pytest.mark.parametrize("exp", [-1, 0, -DAY], ids=["issued ended", "no time", "long ended"])
def test_a_list_that_ended_before_it_came_serves_no_grant(forge: StatusForge, exp: int) -> None:
    """Freshness is judged at use."""
    found = forge.read(forge.list_token(exp=forge.now + exp))
    forge.refused(forge.valid, STALE, snapshot=forge.with_list(found))


# --- form ------------------------------------------------------------------

BENT: dict[str, tuple[JSON, str]] = {
    "iss of nobody": ({"iss": "urn:nobody"}, UNKNOWN),
    "iss a list": ({"iss": ["urn:sealgate:issuer:qinglan"]}, CLAIM),
    "iss null": ({"iss": None}, CLAIM),
    "sub null": ({"sub": None}, CLAIM),
    "sub a list": ({"sub": [STATUS_URI]}, CLAIM),
    "sub empty": ({"sub": ""}, CLAIM),
    "sub with a space": ({"sub": f"{STATUS_URI} "}, CLAIM),
    "sub with a line feed": ({"sub": f"{STATUS_URI}\n"}, CLAIM),
    "iat a string": ({"iat": "1793577600"}, CLAIM),
    "iat a float": ({"iat": 1793577600.0}, MALFORMED),
    "iat true": ({"iat": True}, CLAIM),
    "iat negative": ({"iat": -1}, CLAIM),
    "iat huge": ({"iat": 10**40}, CLAIM),
    "exp null": ({"exp": None}, CLAIM),
    "exp NaN": ({"exp": float("nan")}, MALFORMED),
    "exp infinite": ({"exp": float("inf")}, MALFORMED),
    "ttl null": ({"ttl": None}, CLAIM),
    "ttl negative": ({"ttl": -1}, CLAIM),
    "an unknown claim": ({MARK: 1}, CLAIM),
    "aud": ({"aud": "11149900MB0C12002H"}, CLAIM),
    "no list": ({"status_list": None}, CLAIM),
    "list empty": ({"status_list": {}}, CLAIM),
    "list a string": ({"status_list": pack(bytes(8))}, CLAIM),
    "bits 0": ({"status_list": {"bits": 0, "lst": pack(bytes(8))}}, CLAIM),
    "bits 3": ({"status_list": {"bits": 3, "lst": pack(bytes(8))}}, CLAIM),
    "bits 16": ({"status_list": {"bits": 16, "lst": pack(bytes(8))}}, CLAIM),
    "bits negative": ({"status_list": {"bits": -1, "lst": pack(bytes(8))}}, CLAIM),
    "bits true": ({"status_list": {"bits": True, "lst": pack(bytes(8))}}, CLAIM),
    "bits a string": ({"status_list": {"bits": "1", "lst": pack(bytes(8))}}, CLAIM),
    "bits a float": ({"status_list": {"bits": 1.0, "lst": pack(bytes(8))}}, MALFORMED),
    "bits missing": ({"status_list": {"lst": pack(bytes(8))}}, CLAIM),
    "lst missing": ({"status_list": {"bits": 1}}, CLAIM),
    "lst empty": ({"status_list": {"bits": 1, "lst": ""}}, CLAIM),
    "lst null": ({"status_list": {"bits": 1, "lst": None}}, CLAIM),
    "lst a list": ({"status_list": {"bits": 1, "lst": [0]}}, CLAIM),
    "aggregation_uri": (
        {"status_list": {"bits": 1, "lst": pack(bytes(8)), "aggregation_uri": MARK}},
        CLAIM,
    ),
    "from the future by 61 s": ({"iat": 1_793_577_600 + 61}, CLAIM),
}


@pytest.mark.parametrize(("changes", "code"), BENT.values(), ids=BENT)
def test_a_bent_list_is_refused(forge: StatusForge, changes: JSON, code: str) -> None:
    """Even though the issuer itself signed it."""
    forge.list_refused(forge.list_token(**changes), code)


@pytest.mark.parametrize("name", ["iss", "sub", "iat", "exp", "ttl", "status_list"])
def test_a_list_without_one_of_its_claims_is_refused(forge: StatusForge, name: str) -> None:
    """`exp` and `ttl` too, which the draft lets an issuer leave out."""
    claims = {key: value for key, value in forge.status_claims.items() if key != name}
    forge.list_refused(forge.token(forge.status_header, claims), CLAIM)


def test_a_list_may_be_ahead_by_the_skew(forge: StatusForge) -> None:
    """Sixty seconds, as with grants."""
    assert forge.read(forge.list_token(iat=forge.now + 60)).issued == forge.now + 60


HEADERS: dict[str, tuple[JSON, str]] = {
    "typ of a grant": ({"typ": "at+jwt"}, CLAIM),
    "typ of any JWT": ({"typ": "JWT"}, CLAIM),
    "typ with its prefix": ({"typ": "application/statuslist+jwt"}, CLAIM),
    "typ in CBOR": ({"typ": "statuslist+cwt"}, CLAIM),
    "alg none": ({"alg": "none"}, UNKNOWN),
    "alg HS256": ({"alg": "HS256"}, UNKNOWN),
    "alg EdDSA, not listed": ({"alg": "EdDSA"}, UNKNOWN),
    "kid of nobody": ({"kid": "a" * 26}, UNKNOWN),
    "kid a path": ({"kid": "../../etc/passwd"}, MALFORMED),
    "jwk": ({"jwk": {}}, MALFORMED),
    "crit": ({"crit": ["status"]}, MALFORMED),
}


@pytest.mark.parametrize(("header", "code"), HEADERS.values(), ids=HEADERS)
def test_a_list_with_a_bent_header_is_refused(forge: StatusForge, header: JSON, code: str) -> None:
    """A grant is no status list, a status list is no grant."""
    forge.list_refused(forge.list_token(header), code)


def test_a_list_is_no_grant_and_a_grant_no_list(forge: StatusForge) -> None:
    """Each with its own typ and the other's claims, and the other way round."""
    forge.refused(forge.list_token(), CLAIM)
    forge.refused(forge.list_token({"typ": "at+jwt"}), CLAIM)
    forge.list_refused(forge.valid, CLAIM)
    forge.list_refused(forge.token(forge.status_header), CLAIM)


def test_a_list_with_a_name_twice_is_refused(forge: StatusForge) -> None:
    """At any depth."""
    text = json.dumps(forge.status_claims)
    for old, new in (('"sub"', '"sub": "x", "sub"'), ('"bits"', '"bits": 8, "bits"')):
        token = forge.token(forge.status_header, text.replace(old, new).encode())
        forge.list_refused(token, MALFORMED)


def test_a_list_signed_by_another_is_refused(forge: StatusForge) -> None:
    """By a key of somebody else, of the same kid, and of the issuer for something else."""
    stranger = forge.city.outsider
    key = next(key for key in stranger.keys.list_keys() if key.purpose is Purpose.SIGNING)

    def sign(message: bytes) -> bytes:
        return stranger.keys.sign(key.key_id, message)

    token = forge.token(forge.status_header, forge.status_claims, sign=sign)
    forge.list_refused(token, "TOKEN_SIGNATURE_INVALID")
    header = {**forge.status_header, "kid": key.key_id}
    forge.list_refused(forge.token(header, forge.status_claims, sign=sign), UNKNOWN)


KEYS: dict[str, tuple[JSON, str]] = {
    "in force": ({}, "ok"),
    "not yet": ({"not_before": 1}, UNKNOWN),
    "no longer": ({"not_after": 0}, UNKNOWN),
    "retired now": ({"retired_at": 0}, UNKNOWN),
    "retired before": ({"retired_at": -DAY}, UNKNOWN),
    "retired since": ({"retired_at": 1}, "ok"),
    "revoked": ({"revoked_at": 1}, UNKNOWN),
}


@pytest.mark.parametrize(("times", "outcome"), KEYS.values(), ids=KEYS)
def test_the_key_of_a_list_was_in_force_and_is_not_revoked(
    forge: StatusForge, times: JSON, outcome: str
) -> None:
    """Who finds a retired key cannot make a list that revokes nobody."""
    issuer = forge.city.issuer()
    moved = {name: forge.now + after for name, after in times.items()}
    key = msgspec.structs.replace(issuer.keys[0], **moved)
    issuers = {issuer.iss: msgspec.structs.replace(issuer, keys=(key,))}
    if outcome == "ok":
        verify_status_list(forge.list_token(), issuers, forge.now)
    else:
        forge.list_refused(forge.list_token(), outcome, issuers)


# --- the packed statuses ---------------------------------------------------


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


# --- over time -------------------------------------------------------------


def test_a_revocation_counts_at_the_next_call() -> None:
    """For a grant in the cache too; and what is taken back by a newer list is valid again."""
    city = MemoryCity()
    grant = city.grant()
    city.provider.seal(city.request(grant=grant))
    city.revoked.add(city.issued)
    city.provider.seal(city.request(grant=grant))
    city.publish()
    with pytest.raises(SealgateError) as caught:
        city.provider.seal(city.request(grant=grant))
    assert caught.value.code == "TOKEN_REVOKED"
    assert city.provider.ledger.entries[-1].shared.outcome == "TOKEN_REVOKED"
    city.revoked.clear()
    city.publish()
    city.provider.seal(city.request(grant=grant))
