"""One of a thing is told as one, in the texts of commands."""

from typing import Any

import msgspec
import pytest

from gateway.conditions import blocks_read, policy_valid, trust_fresh
from gateway.model.trust import Blocks
from masking.counting import counted
from tests.cli.command import FIELDS, PUBLIC_RESOURCE, ROW, Desk, done
from tests.gateway.forge import new_city

TOLD = [
    (0, "0 records"),
    (1, "1 record"),
    (2, "2 records"),
    (1000, "1,000 records"),
]


@pytest.mark.parametrize(("number", "told"), TOLD)
def test_a_number_stands_with_its_noun(number: int, told: str) -> None:
    """One alone is singular."""
    assert counted(number, "record") == told
    assert counted(number, "entry", "entries") == told.replace("record", "entry").replace(
        "entrys", "entries"
    )


def test_one_record_is_told_as_one(desk: Desk) -> None:
    """Made, opened, found with a value of the wrong shape, and refused."""
    out = desk.folder / "one.csv"
    made = done("sample", "--resource", PUBLIC_RESOURCE, "--rows", 1, "--out", out)
    assert made.out == f"{out}: 1 record 条记录\n"
    record: dict[str, Any] = {**ROW, "resident_id": "110105194912310021"}
    assert set(record) == set(FIELDS)
    assert desk.seal(desk.write([record], "r.json")).status == 0
    opened = desk.open()
    assert ": 1 record of " in opened.out
    assert "resident_id: 1 value of the wrong shape, hidden 1 个值" in opened.err
    refused = desk.seal(desk.write([{**ROW, "sex": 1}], "r.json"))
    assert "1 value of the wrong type, in 1 record\n" in refused.err


def test_health_counts_as_well() -> None:
    """Days, rules, resources, requesters and grants."""
    city = new_city()
    trust, provider = city.trust, city.provider.department
    for days, told in ((1, "1 day left"), (2, "2 days left")):
        assert trust_fresh(trust, trust.expires - days * 86_400).text.endswith(f", {told}")
    cut = blocks_read(Blocks(requesters=frozenset({"x"}), grants=frozenset()))
    assert cut.text == "1 requester and 0 grants are cut off"
    ours = [
        one for one in trust.catalogue.resources.values() if one.provider.department == provider
    ]
    alone = {ours[0].code: ours[0]}
    catalogue = msgspec.structs.replace(trust.catalogue, resources=alone)
    found = policy_valid(None, msgspec.structs.replace(trust, catalogue=catalogue), provider)
    assert found.text == "none: 1 resource of ours cannot leave"
