"""The whole life of a department that joins: made from nothing, by the command alone."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.command import (
    OUTSIDER,
    PROVIDER,
    PUBLIC_FIELDS,
    PUBLIC_RESOURCE,
    PUBLIC_ROW,
    PURPOSE,
    REQUESTER,
    Desk,
    call,
    done,
)

FOURTH = "11149900MB0C15008R"
ISSUER = "urn:sealgate:issuer:second"


@pytest.fixture(autouse=True)
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every new key file its passphrase."""
    monkeypatch.setenv("SEALGATE_PASSPHRASE", "correct horse battery staple")


def _exchange(desk: Desk, provider: Path, requester: Path, grant: Path, name: str) -> list[object]:
    records = desk.write([dict(PUBLIC_ROW)], f"{name}.json")
    envelope, out = desk.folder / f"{name}.bin", desk.folder / f"{name}.out.json"
    done(
        *("seal", "--node", provider, "--resource", PUBLIC_RESOURCE, "--purpose", PURPOSE),
        *("--grant", grant, "--records", records, "--out", envelope),
    )
    done("open", "--node", requester, envelope, "--out", out)
    rows: list[object] = json.loads(out.read_bytes())
    return rows


def _issue(authority: Path, requester: str, out: Path) -> None:
    done(
        *("grant", "issue", "--authority", authority, "--requester", requester),
        *("--provider", PROVIDER, "--resource", PUBLIC_RESOURCE, "--purpose", PURPOSE),
        *("--fields", ",".join(PUBLIC_FIELDS), "--level", "G2", "--out", out),
    )


def _publish(authority: Path, out: Path, nodes: Sequence[Path]) -> None:
    done("trust", "export", "--authority", authority, "--out", out)
    for node in nodes:
        done("trust", "import", "--node", node, out)


def test_a_fourth_department_joins_from_nothing(desk: Desk) -> None:
    """init, export, import, export, import, grant, seal, open: each a step of one side."""
    fourth, published = desk.folder / "fourth", desk.folder / "published"
    made = done("init", fourth, "--department", FOURTH, "--name", "青岚市教育局", "--json")
    assert made.json["department"] == FOURTH
    entry = desk.folder / "entry.yaml"
    done("trust", "export", "--node", fourth, "--out", entry)
    assert "private" not in entry.read_text("utf-8")
    # Before the authority took it in, nobody knows it.
    answer = call(
        *("grant", "issue", "--authority", desk.authority, "--requester", FOURTH),
        *("--provider", PROVIDER, "--resource", PUBLIC_RESOURCE, "--purpose", PURPOSE),
        *("--fields", "uscc", "--level", "G2", "--out", desk.folder / "early.jwt"),
    )
    assert answer.code == "DEPARTMENT_UNKNOWN"
    assert not (desk.folder / "early.jwt").exists()
    done("trust", "import", "--authority", desk.authority, entry)
    _publish(desk.authority, published, [desk.provider, fourth])
    grant = fourth / "grants" / "public.jwt"
    _issue(desk.authority, FOURTH, grant)
    _publish(desk.authority, published, [desk.provider, fourth])
    assert _exchange(desk, desk.provider, fourth, grant, "joined") == [PUBLIC_ROW]


def test_a_second_authority_has_a_world_of_its_own(desk: Desk) -> None:
    """Its grants are worth nothing to a node that trusts the first, and the other way round."""
    second, nodes = desk.folder / "second", {}
    done("init", second, "--authority", ISSUER, "--name", "第二管理局")
    for name, department in (("giver", PROVIDER), ("taker", REQUESTER)):
        nodes[name] = desk.folder / name
        done("init", nodes[name], "--department", department)
        entry = desk.folder / f"{name}.yaml"
        done("trust", "export", "--node", nodes[name], "--out", entry)
        done("trust", "import", "--authority", second, entry)
    (nodes["giver"] / "policy.yaml").write_bytes((desk.provider / "policy.yaml").read_bytes())
    grant = nodes["taker"] / "grants" / "public.jwt"
    _issue(second, REQUESTER, grant)
    _publish(second, desk.folder / "theirs", list(nodes.values()))
    assert _exchange(desk, nodes["giver"], nodes["taker"], grant, "second") == [PUBLIC_ROW]
    answer = desk.seal(desk.folder / "second.json", "--resource", PUBLIC_RESOURCE, grant=grant)
    assert answer.code == "TOKEN_ISSUER_UNKNOWN"
    # Keys of the same department under another authority are other keys.
    answer = call(
        *("open", "--node", desk.requester, desk.folder / "second.bin"),
        *("--out", desk.folder / "none.json"),
    )
    assert answer.code == "KEY_UNKNOWN"
    # And nothing of the second goes into a node of the first by mistake of the version alone:
    # what that has is later than theirs.
    for number in range(3):
        _issue(desk.authority, REQUESTER, desk.folder / f"later{number}.jwt")
    _publish(desk.authority, desk.folder / "ours", [desk.requester])
    answer = call("trust", "import", "--node", desk.requester, desk.folder / "theirs")
    assert answer.code == "TRUST_STALE"


def test_a_folder_holds_one_installation(desk: Desk, tmp_path: Path) -> None:
    """A second one would take the keys away from the first."""
    before = (desk.provider / "keys.json").read_bytes()
    for arguments in (("--department", FOURTH), ("--authority", ISSUER)):
        for folder in (desk.provider, desk.authority):
            assert call("init", folder, *arguments).code == "CONFIGURATION_INVALID"
    assert (desk.provider / "keys.json").read_bytes() == before
    done("init", tmp_path / "a" / "b", "--department", FOURTH)
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_init_leaves_a_folder_that_was_there_as_open_as_it_was(tmp_path: Path) -> None:
    """Its owner chose so; what is secret in it has a mode of its own."""
    folder = tmp_path / "there"
    folder.mkdir(mode=0o750)
    done("init", folder, "--department", FOURTH)
    assert folder.stat().st_mode & 0o777 == 0o750
    assert (folder / "keys.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("department", "code"),
    [
        (OUTSIDER[:-1] + ("0" if OUTSIDER[-1] != "0" else "1"), "REQUEST_MALFORMED"),
        ("123", "CONFIGURATION_INVALID"),
        ("../../etc/passwd", "CONFIGURATION_INVALID"),
        ("11149900MB0C12002H\n", "CONFIGURATION_INVALID"),
    ],
)
def test_init_refuses_what_is_no_department(tmp_path: Path, department: str, code: str) -> None:
    """And makes no folder."""
    assert call("init", tmp_path / "n", "--department", department).code == code
    assert not (tmp_path / "n").exists()


@pytest.mark.parametrize(
    "options",
    [("--authority", ""), ("--authority", "x" * 201), ("--authority", ISSUER, "--name", "x" * 129)],
)
def test_init_refuses_an_authority_that_could_not_be_read_again(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """What is written is held to the schema of what is read."""
    assert call("init", tmp_path / "a", *options).status in (2, 3)
    assert not (tmp_path / "a").exists()


def test_init_takes_a_catalogue_that_holds(desk: Desk, tmp_path: Path) -> None:
    """And refuses one that does not, before it makes anything."""
    source = desk.authority / "trust" / "catalogue"
    done("init", tmp_path / "a", "--authority", ISSUER, "--catalogue", source)
    assert (tmp_path / "a" / "trust" / "catalogue" / "purposes.yaml").is_file()
    (source / "purposes.yaml").write_text("purposes: []\n", "utf-8")
    answer = call("init", tmp_path / "b", "--authority", ISSUER, "--catalogue", source)
    assert answer.code == "CATALOGUE_INVALID"
    assert "purposes.yaml:1:" in answer.err
    assert not (tmp_path / "b").exists()
