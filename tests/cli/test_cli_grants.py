"""`grant`, `block`, `unblock` and `explain`: what is given, taken back, and told of it."""

import json
import stat
from typing import Any

import pytest

from gateway.node import Node
from tests.cli.command import (
    FIELDS,
    OUTSIDER,
    PROVIDER,
    PUBLIC_RESOURCE,
    PUBLIC_ROW,
    PURPOSE,
    REQUESTER,
    RESOURCE,
    ROW,
    Answer,
    Desk,
    call,
    done,
)

ISSUE = {
    "--requester": REQUESTER,
    "--provider": PROVIDER,
    "--resource": RESOURCE,
    "--purpose": PURPOSE,
    "--fields": "name, sex,region",
    "--level": "G2",
    "--approved-by": "青岚市民政局",
}


def _issue(desk: Desk, *more: object, **changes: str) -> Answer:
    chosen = ISSUE | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    options = [part for pair in chosen.items() for part in pair]
    out = desk.folder / "issued.jwt"
    return call("grant", "issue", "--authority", desk.authority, *options, "--out", out, *more)


def _jti(desk: Desk) -> str:
    claims = done("grant", "inspect", desk.public, "--json").json["claims"]
    return str(claims["jti"])


def _try(desk: Desk) -> Answer:
    return desk.seal_public(desk.write([dict(PUBLIC_ROW)], "r.json"))


def test_a_grant_says_what_it_was_issued_with(desk: Desk) -> None:
    """Every option stands in the claims; the file is its owner's alone."""
    answer = _issue(
        desk,
        *("--days", "0.5", "--region", "140100", "--rows-per-call", 10, "--rows-per-day", 20),
        *("--agreement", "协议1号", "--approval-reference", "文1", "--legal-basis", "《办法》"),
        "--json",
    )
    assert answer.status == 0, answer.err
    out = desk.folder / "issued.jwt"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    told = done("grant", "inspect", out, "--json").json
    assert told["verified"] is False
    claims, detail = told["claims"], told["claims"]["authorization_details"][0]
    assert answer.json == {"jti": claims["jti"], "exp": claims["exp"], "out": str(out)}
    assert claims["exp"] - claims["nbf"] == 43_200
    assert (claims["sub"], claims["aud"]) == (REQUESTER, PROVIDER)
    assert detail["fields"] == ["name", "sex", "region"]
    assert (detail["rows_per_call"], detail["rows_per_day"]) == (10, 20)
    assert (detail["region"], detail["agreement"]) == ("140100", "协议1号")
    assert detail["legal_basis"] == "《办法》"
    assert (detail["approval"]["by"], detail["approval"]["reference"]) == ("青岚市民政局", "文1")
    assert "青岚市民政局" in done("grant", "inspect", out).out


ODD = [
    ({"requester": "11149900MB0C15008R"}, "DEPARTMENT_UNKNOWN"),
    ({"provider": "11149900MB0C15008R"}, "DEPARTMENT_UNKNOWN"),
    ({"provider": OUTSIDER}, "RESOURCE_NOT_OURS"),
    ({"requester": "123"}, "TOKEN_CLAIM_INVALID"),
    ({"resource": "3070010010001/000999"}, "RESOURCE_UNCATALOGUED"),
    ({"resource": "3070010040001/000004", "fields": "region"}, "RESOURCE_NOT_SHARED"),
    ({"resource": "../etc"}, "TOKEN_CLAIM_INVALID"),
    ({"purpose": "curiosity"}, "PURPOSE_NOT_GRANTED"),
    ({"fields": "name,nose"}, "TOKEN_CLAIM_INVALID"),
    ({"fields": "name,name"}, "TOKEN_CLAIM_INVALID"),
    ({"fields": ","}, "TOKEN_CLAIM_INVALID"),
    ({"level": "G9"}, "TOKEN_CLAIM_INVALID"),
    ({"region": "14"}, "TOKEN_CLAIM_INVALID"),
    ({"region": "140100", "fields": "name"}, "TOKEN_CLAIM_INVALID"),
    ({"rows_per_call": "0"}, "TOKEN_CLAIM_INVALID"),
    ({"scenario": "x"}, "PURPOSE_NOT_GRANTED"),
    ({"approved_by": ""}, "APPROVAL_MISSING"),
]


def test_what_no_provider_would_accept_is_not_issued(desk: Desk) -> None:
    """Each with the code the provider would give; nothing is entered in the register."""
    register = (desk.authority / "grants.ndjson").read_bytes()
    for changes, code in ODD:
        answer = _issue(desk, **changes)
        assert answer.code == code, changes
        assert not (desk.folder / "issued.jwt").exists()
    assert (desk.authority / "grants.ndjson").read_bytes() == register


@pytest.mark.parametrize("days", ["0", "-1", "nan", "inf", "1e300", "x"])
def test_odd_lengths_are_wrong_use(desk: Desk, days: str) -> None:
    """A grant has an end, and it is ahead."""
    assert _issue(desk, days=days).status == 2


def test_a_grant_that_cannot_be_written_down_is_not_issued(desk: Desk) -> None:
    """It would be valid, and nobody would hold it."""
    register = (desk.authority / "grants.ndjson").read_bytes()
    for out in (desk.folder, desk.folder / "no" / "x.jwt", "/dev/null"):
        assert _issue(desk, "--out", out).status == 2
    assert (desk.authority / "grants.ndjson").read_bytes() == register


@pytest.mark.parametrize(
    "content", [b"", b"a.b", b"a.b.c", b"\xff\xfe", b"." * 9000, b"e30.e30.e30"]
)
def test_what_is_no_grant_is_told_so(desk: Desk, content: bytes) -> None:
    """Inspected, explained or sealed under."""
    path = desk.write(content, "odd.jwt")
    assert call("grant", "inspect", path).code == "TOKEN_MALFORMED"
    explain = ("explain", "--node", desk.provider, "--resource", RESOURCE, "--grant")
    assert call(*explain, path).code == "TOKEN_MALFORMED"
    assert desk.seal(desk.write([dict(ROW)], "r.json"), grant=path).code == "TOKEN_MALFORMED"


def test_a_grant_that_cannot_be_read_is_wrong_use(desk: Desk) -> None:
    """Missing, a folder, or no token by its size."""
    big = desk.write(b"x" * 70_000, "big.jwt")
    for path in (desk.folder / "no.jwt", desk.folder, big):
        assert call("grant", "inspect", path).status == 2
        assert desk.seal(desk.write([dict(ROW)], "r.json"), grant=path).status == 2


def test_a_revoked_grant_is_refused_once_the_nodes_know(desk: Desk) -> None:
    """Revoking twice is no fault; a stranger's grant is."""
    assert _try(desk).status == 0
    revoke = ("grant", "revoke", "--authority", desk.authority, "--grant")
    done(*revoke, _jti(desk))
    assert _try(desk).status == 0
    desk.share()
    assert _try(desk).code == "TOKEN_REVOKED"
    assert done(*revoke, _jti(desk), "--json").json["revoked"] is True
    assert call(*revoke, "A" * 22).code == "REQUEST_MALFORMED"


@pytest.mark.parametrize("what", ["--requester", "--grant"])
def test_a_block_counts_at_the_next_call(desk: Desk, what: str) -> None:
    """Of a node that runs on meanwhile too, and is lifted as quickly."""
    name = REQUESTER if what == "--requester" else _jti(desk)
    with Node(desk.provider) as node:
        grant = desk.public.read_text("ascii").strip()
        node.explain(PUBLIC_RESOURCE, grant)
        assert done("block", "--node", desk.provider, what, name, "--json").json["blocked"] is True
        assert _try(desk).code == "TOKEN_BLOCKED"
        with pytest.raises(Exception, match="TOKEN_BLOCKED"):
            node.explain(PUBLIC_RESOURCE, grant)
        done("block", "--node", desk.provider, what, name)
        done("unblock", "--node", desk.provider, what, name)
        node.explain(PUBLIC_RESOURCE, grant)
    assert _try(desk).status == 0
    done("unblock", "--node", desk.provider, what, name)


def test_blocks_stand_beside_each_other(desk: Desk) -> None:
    """Lifting one leaves the others."""
    block = ("block", "--node", desk.provider)
    done(*block, "--requester", OUTSIDER)
    done(*block, "--grant", _jti(desk))
    done(*block, "--requester", REQUESTER)
    done("unblock", "--node", desk.provider, "--requester", REQUESTER)
    assert _try(desk).code == "TOKEN_BLOCKED"
    text = (desk.provider / "blocks.yaml").read_text("utf-8")
    assert OUTSIDER in text
    assert REQUESTER not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("--requester", REQUESTER[:-1] + "0"),
        ("--requester", "民政局"),
        ("--requester", ""),
        ("--grant", "x"),
        ("--grant", "../../nowhere/passwd"),
        ("--requester", REQUESTER, "--grant", "x" * 22),
        (),
    ],
)
def test_a_slip_of_the_pen_blocks_nobody_and_says_so(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    """Else it would be taken for a block."""
    assert call("block", "--node", desk.provider, *arguments).status == 2
    assert not (desk.provider / "blocks.yaml").exists()
    assert _try(desk).status == 0


def test_broken_blocks_serve_nothing(desk: Desk) -> None:
    """A provider who meant to block somebody must not be ignored."""
    for content in (b"requesters: 1\n", b"requesters: [\n", b"\xff", b"blocked: [x]\n"):
        (desk.provider / "blocks.yaml").write_bytes(content)
        assert _try(desk).code == "CONFIGURATION_INVALID"
        answer = call("block", "--node", desk.provider, "--requester", REQUESTER)
        assert answer.code == "CONFIGURATION_INVALID"
        assert (desk.provider / "blocks.yaml").read_bytes() == content


def test_explain_tells_each_field_and_who_decided(desk: Desk) -> None:
    """As a table in both languages, and as JSON."""
    explain = ("explain", "--node", desk.provider, "--resource", RESOURCE, "--grant", desk.grant)
    told: dict[str, Any] = done(*explain, "--json").json
    assert (told["resource"], told["requester"], told["level"]) == (RESOURCE, REQUESTER, "G2")
    fields = {field["id"]: field for field in told["fields"]}
    assert tuple(fields) == FIELDS
    assert (
        fields["name"]
        | {
            "treatment": {"op": "clear"},
            "disclosure": "clear",
            "layer": "policy",
            "rule": "medical-assistance-name",
        }
        == fields["name"]
    )
    assert fields["disabled"]["disclosure"] == "nothing"
    assert {field["layer"] for field in fields.values()} <= {"catalogue", "grant", "policy"}
    assert all(field["reason"] and field["reason_zh"] for field in fields.values())
    zh, en = done(*explain, "--lang", "zh").out, done(*explain, "--lang", "en").out
    for name, field in fields.items():
        assert name in zh
        assert name in en
        assert field["layer"] in en
    assert "决定层" in zh
    assert "layer" in en


def test_explain_agrees_with_what_is_sealed(desk: Desk) -> None:
    """The manifest has the same treatments."""
    explain = ("explain", "--node", desk.provider, "--resource", RESOURCE, "--grant", desk.grant)
    told = done(*explain, "--json").json["fields"]
    assert desk.seal(desk.write([dict(ROW)], "r.json")).status == 0
    manifest = desk.folder / "m.json"
    assert desk.open("--manifest", manifest).status == 0
    sealed = json.loads(manifest.read_bytes())["fields"]
    keys = ("id", "treatment", "disclosure", "type")
    assert [{k: f[k] for k in keys} for f in told] == [{k: f[k] for k in keys} for f in sealed]


def test_explain_refuses_as_sealing_would(desk: Desk) -> None:
    """Another resource, another provider's node, no policy."""
    explain = ("explain", "--grant", desk.grant, "--resource")
    for other in (PUBLIC_RESOURCE, "no/1"):
        answer = call(*explain, other, "--node", desk.provider)
        assert answer.code == "TOKEN_CLAIM_INVALID"
    assert call(*explain, RESOURCE, "--node", desk.outsider).code == "TOKEN_AUDIENCE_WRONG"
    (desk.provider / "policy.yaml").unlink()
    assert call(*explain, RESOURCE, "--node", desk.provider).code == "POLICY_MISSING"
    assert call(*explain, RESOURCE, "--node", desk.folder).code == "CONFIGURATION_INVALID"
