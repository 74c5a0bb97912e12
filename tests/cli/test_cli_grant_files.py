"""A grant is named by its id or by its file, wherever one grant is meant."""

from pathlib import Path

import pytest

from tests.cli.command import PUBLIC_ROW, Answer, Desk, call, done


def _jti(desk: Desk) -> str:
    return str(done("grant", "inspect", desk.public, "--json").json["claims"]["jti"])


def _seal(desk: Desk) -> Answer:
    return desk.seal_public(desk.write([dict(PUBLIC_ROW)], "r.json"))


def test_a_grant_is_blocked_by_its_file(desk: Desk) -> None:
    """And lifted by it, or by its id, in any mixture."""
    node, jti = ("--node", desk.provider), _jti(desk)
    for blocked, lifted in ((desk.public, jti), (jti, desk.public), (desk.public, desk.public)):
        assert done("block", *node, "--grant", blocked, "--json").json == {
            "grant": jti,
            "blocked": True,
        }
        assert _seal(desk).code == "TOKEN_BLOCKED"
        answer = done("unblock", *node, "--grant", lifted)
        assert answer.out == f"{jti} is not blocked 未封禁\n"
        assert _seal(desk).status == 0


def test_a_grant_is_revoked_by_its_file(desk: Desk) -> None:
    """The answer names its id."""
    revoke = ("grant", "revoke", "--authority", desk.authority, "--grant", desk.public)
    assert done(*revoke, "--json").json == {"jti": _jti(desk), "revoked": True}
    desk.share()
    assert _seal(desk).code == "TOKEN_REVOKED"


def test_a_file_that_holds_no_grant_is_refused(desk: Desk) -> None:
    """Not taken for an id, and nothing of it is repeated."""
    broken = desk.write("marked-secret-7f3a", "marked-secret-7f3a.jwt")
    for command in (
        ("block", "--node", desk.provider),
        ("unblock", "--node", desk.provider),
        ("grant", "revoke", "--authority", desk.authority),
    ):
        answer = call(*command, "--grant", broken)
        assert answer.code == "TOKEN_MALFORMED"
        assert "marked" not in answer.err
        assert call(*command, "--grant", desk.folder).status == 2
    assert not (desk.provider / "blocks.yaml").exists()


@pytest.mark.parametrize("command", ["block", "unblock"])
def test_what_is_neither_file_nor_id_is_wrong_use(desk: Desk, command: str) -> None:
    """A slip in the path would block or unblock nobody; a token in its place is not repeated."""
    token = desk.public.read_text("ascii").strip()
    for named in (desk.folder / "nowhere.jwt", "../x", "short", token, token * 9, ""):
        answer = call(command, "--node", desk.provider, "--grant", named)
        assert answer.status == 2
        assert token[:20] not in answer.err
    assert not (desk.provider / "blocks.yaml").exists()


def test_a_file_beside_does_not_stand_for_its_name(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path counts from where one stands, an id nowhere."""
    monkeypatch.chdir(desk.public.parent)
    jti = _jti(desk)
    assert done("block", "--node", desk.provider, "--grant", desk.public.name, "--json").json == {
        "grant": jti,
        "blocked": True,
    }
    monkeypatch.chdir(tmp_path)
    assert call("block", "--node", desk.provider, "--grant", desk.public.name).status == 2
    done("unblock", "--node", desk.provider, "--grant", jti)


def test_a_requester_that_nobody_could_be_is_lifted_but_not_blocked(desk: Desk) -> None:
    """A wrong digit in a file written by hand must not stay for ever."""
    wrong = "11149900MB0C13014W"
    (desk.provider / "blocks.yaml").write_text(f"requesters: [{wrong}]\n", "ascii")
    assert call("block", "--node", desk.provider, "--requester", wrong).status == 2
    done("unblock", "--node", desk.provider, "--requester", wrong)
    assert wrong not in (desk.provider / "blocks.yaml").read_text("ascii")
