"""`sealgate explain --policy`: what a draft would do, while nothing else changes."""

import json
from pathlib import Path

import pytest

from tests.cli.command import PROVIDER, REQUESTER, RESOURCE, Answer, Desk, call, done
from tests.gateway.ledger_shards import entries_of

DRAFT = f"""\
policy: draft
version: 7
provider: {PROVIDER}
defaults:
  grades: {{G1: clear, G2: nothing, G3: nothing, G4: nothing}}
rules:
  - id: bare-name
    match: {{fields: [name]}}
    treatment: {{op: redact, label: （略）}}
"""


def _explain(desk: Desk, *more: object) -> Answer:
    explain = ("explain", "--node", desk.provider, "--resource", RESOURCE)
    return call(*explain, "--grant", desk.grant, "--json", *more)


@pytest.fixture
def draft(desk: Desk) -> Path:
    """Write the draft beside the node."""
    return desk.write(DRAFT, "draft.yaml")


def test_a_draft_is_explained_and_not_put_in_place(desk: Desk, draft: Path) -> None:
    """The policy, the ledger and what is explained without it stay."""
    before, files = _explain(desk).json, _policy_and_ledger(desk)
    tried = _explain(desk, "--policy", draft).json
    assert tried["policy"] == "draft@7"
    assert {field["rule"] for field in tried["fields"]} == {
        "bare-name",
        *(f"grade {grade}" for grade in ("G1", "G2", "G3", "G4")),
    }
    (name,) = (field for field in tried["fields"] if field["id"] == "name")
    assert name["treatment"] == {"op": "redact", "label": "（略）"}
    assert _policy_and_ledger(desk) == files
    assert _explain(desk).json == before
    assert before["policy"] != tried["policy"]


def _policy_and_ledger(desk: Desk) -> list[bytes | None]:
    paths = [desk.provider / name for name in ("policy.yaml", "blocks.yaml")]
    entered = json.dumps(entries_of(desk.provider, "seal", "reveal", "administer")).encode()
    return [entered, *(path.read_bytes() if path.exists() else None for path in paths)]


@pytest.mark.parametrize("in_place", [b"policy: [\n", None])
def test_a_draft_may_be_tried_where_the_policy_is_broken_or_missing(
    desk: Desk, draft: Path, in_place: bytes | None
) -> None:
    """It may be what shall repair it."""
    policy = desk.provider / "policy.yaml"
    policy.unlink()
    if in_place is not None:
        policy.write_bytes(in_place)
    assert _explain(desk).status == 3
    assert _explain(desk, "--policy", draft).json["policy"] == "draft@7"
    assert policy.exists() == (in_place is not None)


def test_faults_of_a_draft_are_told_by_line(desk: Desk) -> None:
    """With the name of its file, as `policy check` tells them."""
    wrong = desk.write(DRAFT.replace("redact", "redcat"), "wrong.yaml")
    answer = _explain(desk, "--policy", wrong)
    assert answer.code == "POLICY_INVALID"
    assert f"{wrong}:9:21:" in answer.err
    other = desk.write(DRAFT.replace(PROVIDER, REQUESTER), "other.yaml")
    assert _explain(desk, "--policy", other).code == "POLICY_MISSING"
    assert _explain(desk, "--policy", desk.folder / "nowhere.yaml").status == 2


def test_a_draft_sets_nothing_aside_that_forbids(desk: Desk, draft: Path) -> None:
    """A blocked requester stays blocked."""
    done("block", "--node", desk.provider, "--requester", REQUESTER)
    assert _explain(desk, "--policy", draft).code == "TOKEN_BLOCKED"
