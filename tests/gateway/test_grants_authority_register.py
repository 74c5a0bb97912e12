"""Every grant has an index of its own, and a damaged register is told."""

from pathlib import Path

import msgspec
import pytest

from gateway.authority import Authority
from gateway.authority.authority import STATUS_ROOM
from gateway.authority.register import Register, Revoked
from gateway.config import Places
from gateway.errors import ConfigurationInvalidError
from keys.errors import SealgateError
from tests.gateway.authority_desk import (
    MARK,
    claims_of,
    content,
    issued_grant,
    verify,
    wanted,
    write_register,
)
from tests.gateway.token_forge import shown


def test_every_grant_has_an_index_of_its_own(authority: Authority) -> None:
    """And its revocation touches no other."""
    tokens = [authority.issue(wanted()) for _ in range(4)]
    indexes = [claims_of(token).status.status_list.idx for token in tokens]
    assert len({*indexes}) == 4
    authority.revoke(claims_of(tokens[1]).jti)
    assert [verify(authority, token) for token in tokens] == ["ok", "TOKEN_REVOKED", "ok", "ok"]
    authority.revoke(claims_of(tokens[3]).jti)
    authority.revoke(claims_of(tokens[1]).jti)
    outcomes = [verify(authority, token) for token in tokens]
    assert outcomes == ["ok", "TOKEN_REVOKED", "ok", "TOKEN_REVOKED"]


@pytest.mark.parametrize("jti", [MARK, "", "../../etc/passwd", "x\ny", "\0"])
def test_what_was_not_issued_here_is_not_revoked(authority: Authority, jti: str) -> None:
    """With a code; and a mistyped id is not repeated."""
    authority.issue(wanted())
    with pytest.raises(SealgateError) as caught:
        authority.revoke(jti)
    assert caught.value.code == "REQUEST_MALFORMED"
    assert MARK not in shown(caught.value)


@pytest.mark.parametrize("count", [STATUS_ROOM - 2, STATUS_ROOM - 1])
def test_the_list_reaches_a_grant_before_it_is_used(
    authority: Authority, folder: Path, count: int
) -> None:
    """At the end of the room that a list has, too."""
    write_register(folder, *map(issued_grant, range(count)))
    for index in range(count, count + 3):
        token = authority.issue(wanted())
        assert claims_of(token).status.status_list.idx == index
        assert verify(authority, token) == "ok"
    (found,) = authority.trust().status_lists.values()
    assert len(found.statuses) * 8 == 2 * STATUS_ROOM


def test_an_index_is_not_given_again_when_lines_are_gone(
    authority: Authority, folder: Path
) -> None:
    """Who tidies the register up does not make two grants share a status."""
    write_register(folder, issued_grant(0), issued_grant(7), Revoked(jti="grant-000003", at=1))
    assert claims_of(authority.issue(wanted())).status.status_list.idx == 8


def test_a_line_that_a_process_died_over_is_as_if_it_had_not_been(
    authority: Authority, folder: Path
) -> None:
    """Cut anywhere, it counts for nothing, and the next line stands where it began."""
    whole = b"".join(msgspec.json.encode(issued_grant(index)) + b"\n" for index in range(2))
    line = msgspec.json.encode(Revoked(jti="grant-000001", at=1))
    path, register = Places(folder).register, Register(Places(folder).register)
    for cut in range(len(line)):
        path.write_bytes(whole + line[:cut])
        issued, revoked = register.read()
        assert (len(issued), revoked) == (2, set())
    register.append(issued_grant(2))
    assert path.read_bytes() == whole + msgspec.json.encode(issued_grant(2)) + b"\n"
    assert claims_of(authority.issue(wanted())).status.status_list.idx == 3


def test_a_whole_line_counts_though_its_end_is_missing(folder: Path) -> None:
    """A revocation is not forgotten because an editor took the last line feed away."""
    entries = (issued_grant(0), issued_grant(1), Revoked(jti="grant-000001", at=1))
    path = write_register(folder, *entries, end=b"")
    register = Register(path)
    assert register.read()[1] == {"grant-000001"}
    register.append(issued_grant(2))
    issued, revoked = register.read()
    assert (len(issued), revoked) == (3, {"grant-000001"})
    assert path.read_bytes().count(b"\n") == 4


NO_LINES: dict[str, bytes] = {
    "no JSON": MARK.encode(),
    "an empty line": b"",
    "another kind": b'{"type":"lifted","jti":"' + MARK.encode() + b'"}',
    "no kind": b'{"jti":"' + MARK.encode() + b'"}',
    "a negative index": msgspec.json.encode(msgspec.structs.replace(issued_grant(0), index=-1)),
    "an index beyond every list": msgspec.json.encode(
        msgspec.structs.replace(issued_grant(0), index=10**9)
    ),
    "null bytes": b"\0\0\0\0",
    "no UTF-8": b'{"type":"revoked","jti":"\xff","at":1}',
}


@pytest.mark.parametrize("line", NO_LINES.values(), ids=NO_LINES)
def test_a_damaged_register_stops_the_authority(
    authority: Authority, folder: Path, line: bytes
) -> None:
    """It is told by its line, not by its content; nothing is issued over a revocation lost."""
    path = Places(folder).register
    whole = msgspec.json.encode(issued_grant(0)) + b"\n"
    path.write_bytes(whole + line + b"\n" + msgspec.json.encode(issued_grant(2)) + b"\n")
    before = content(folder)
    for act in (lambda: authority.issue(wanted()), lambda: authority.revoke("grant-000000")):
        with pytest.raises(ConfigurationInvalidError) as caught:
            act()
        assert "line 2" in caught.value.message
        assert MARK not in shown(caught.value)
    assert content(folder) == before
