"""An authority publishes whom it admitted, and not over what is damaged."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.authority import Authority
from gateway.config import Places
from gateway.errors import CatalogueInvalidError
from gateway.model.trust import Department
from tests.gateway.authority_desk import (
    OUTSIDER,
    claims_of,
    content,
    verify,
    wanted,
)

BAD_TERMS: dict[str, bytes] = {
    "no YAML": b"version: [",
    "no mapping": b"- 1\n",
    "nothing": b"",
    "no version": b"issued: 1\nexpires: 2\n",
    "a version that is no number": b"version: marked-secret-7f3a\nissued: 1\nexpires: 2\n",
    "a version below one": b"version: 0\nissued: 1\nexpires: 2\n",
    "a tag": b"!!python/object/apply:os.system ['true']\n",
}


@pytest.mark.parametrize("text", BAD_TERMS.values(), ids=BAD_TERMS)
def test_a_damaged_term_is_told_and_not_published_over(
    authority: Authority, folder: Path, text: bytes
) -> None:
    """With file and line; a version lost would let nodes be sent back."""
    (folder / "trust" / "trust.yaml").write_bytes(text)
    before = content(folder)
    with pytest.raises(CatalogueInvalidError) as caught:
        authority.publish()
    assert "trust.yaml" in caught.value.report()
    assert content(folder) == before


def _entries(authority: Authority) -> Iterator[tuple[str, Department]]:
    good = authority.trust().departments[OUTSIDER]
    key, other = good.keys[0], good.keys[1]
    yield (
        "a key of another id",
        msgspec.structs.replace(good, keys=(msgspec.structs.replace(key, key_id=other.key_id),)),
    )
    yield (
        "a key that is none",
        msgspec.structs.replace(good, keys=(msgspec.structs.replace(key, public="AAAA"),)),
    )
    yield (
        "a key of another purpose",
        msgspec.structs.replace(good, keys=(msgspec.structs.replace(key, purpose=other.purpose),)),
    )
    yield "an id that is a path", msgspec.structs.replace(good, id="../../authority")
    yield "an id that is none", msgspec.structs.replace(good, id="x")
    yield "no suite", msgspec.structs.replace(good, suites=())
    yield "no name", msgspec.structs.replace(good, name="")


def test_an_entry_that_cannot_be_read_is_not_admitted(authority: Authority, folder: Path) -> None:
    """Nothing is written, so that a bad entry does not stand in the way of a revocation."""
    token = authority.issue(wanted())
    before = content(folder.parent)
    for name, entry in _entries(authority):
        with pytest.raises(CatalogueInvalidError):
            authority.admit(entry)
        assert content(folder.parent) == before, name
    authority.revoke(claims_of(token).jti)
    assert verify(authority, token) == "TOKEN_REVOKED"


def test_an_admitted_department_is_published(authority: Authority) -> None:
    """With a new version of trust data."""
    before = authority.trust()
    entry = msgspec.structs.replace(before.departments[OUTSIDER], name="青岚市审计局")
    authority.admit(entry)
    after = authority.trust()
    assert after.departments[OUTSIDER] == entry
    assert after.version == before.version + 1


def test_the_register_holds_no_token(authority: Authority, folder: Path) -> None:
    """Neither a token nor a part of its signature is kept anywhere in the folder."""
    token = authority.issue(wanted())
    for name, data in content(folder).items():
        for segment in token.split(".")[1:]:
            assert segment.encode() not in data, name
    lines = Places(folder).register.read_text().splitlines()
    assert set(json.loads(lines[-1])) == {"type", "jti", "index", "sub", "aud", "resource", "exp"}
