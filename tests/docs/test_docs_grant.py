"""The page on grants and its vectors say what the code does."""

import base64
import hashlib
import json
import re
from pathlib import Path

import msgspec
import pytest
from nacl.signing import SigningKey, VerifyKey

from docs.reference.grant_vectors.judging import faults, judge
from docs.reference.grant_vectors.model import Accepted, GrantFile, Refused
from docs.reference.vectors import FOLDER
from gateway.grants.claims import AuthorizationDetail, Claims
from gateway.grants.status import MAX_STATUS_BYTES
from gateway.grants.token import MAX_STATUS_TOKEN_BYTES, MAX_TOKEN_BYTES

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "grant.md").read_text("utf-8")
VECTORS = msgspec.json.decode((FOLDER / "grant.json").read_bytes(), type=GrantFile)
ALL = [*VECTORS.accepted, *VECTORS.refused]
OUTCOME = judge(VECTORS)


@pytest.mark.parametrize("vector", ALL, ids=lambda vector: vector.name)
def test_a_vector_has_the_outcome_that_it_names(vector: Accepted | Refused) -> None:
    """Accepted with its digest, or refused with its code."""
    expected = vector.code if isinstance(vector, Refused) else "accepted"
    assert OUTCOME(vector) == expected


def test_the_vectors_are_those_of_the_code() -> None:
    """`make check` runs this too."""
    assert list(faults(VECTORS)) == []


def test_signatures_hold_for_another_library() -> None:
    """Keys, signatures and digests of the accepted tokens, by PyNaCl and the standard library."""
    keys = {key.key_id: key for key in VECTORS.keys}
    for vector in VECTORS.accepted:
        parts = [base64.urlsafe_b64decode(part + "==") for part in vector.token.split(".")]
        key = keys[json.loads(parts[0])["kid"]]
        public = base64.b64decode(key.public)
        assert bytes(SigningKey(bytes.fromhex(key.private)).verify_key) == public
        VerifyKey(public).verify(vector.token.rpartition(".")[0].encode(), parts[2])
        assert hashlib.sha256(vector.token.encode()).hexdigest() == vector.digest


def test_every_check_of_the_page_has_a_refused_token() -> None:
    """And no token is refused with a code that the page does not name."""
    named = set(re.findall(r"^\|.*\| `([A-Z_]+)` \|$", PAGE, re.M))
    assert named == {vector.code for vector in VECTORS.refused}


@pytest.mark.parametrize("shape", [Claims, AuthorizationDetail])
def test_the_page_lists_every_member(shape: type[msgspec.Struct]) -> None:
    """Of claims and details, in rows of their own tables."""
    listed = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", PAGE, re.M)
    names = {name for row in listed for name in re.findall("[a-z_]+", row)}
    assert names.issuperset(shape.__struct_fields__)


def test_the_page_gives_the_limits_of_the_code() -> None:
    """In digits."""
    for limit in (MAX_TOKEN_BYTES, MAX_STATUS_TOKEN_BYTES, MAX_STATUS_BYTES):
        assert f"{limit:,}" in PAGE
