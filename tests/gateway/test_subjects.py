"""What is shifted, noisy or made up for one subject goes out, comes in, and stays together."""

from datetime import date
from typing import Any

from gateway.catalogue.policies import read_policy_beside
from gateway.testing import MemoryCity
from masking.operators.shift import Shift

FIELDS = ("name", "resident_id", "birth_date", "mobile")
POLICY = """
policy: subjects
version: 1
provider: 11149900MB0C12002H
defaults:
  grades: {G1: clear, G2: clear, G3: nothing, G4: nothing}
  kinds:
    birth_date: {op: shift, subject: resident_id, days: 200}
    mobile: {op: fake, subject: resident_id}
pseudonyms: {kinds: [mobile]}
"""


def _exchanged(city: MemoryCity, fields: tuple[str, ...], records: list[dict[str, Any]]) -> Any:
    grant = city.grant({"fields": fields, "level": "G2"})
    kept = [{name: record[name] for name in fields if name in record} for record in records]
    sealed = city.provider.seal(city.request(records=kept, grant=grant))
    return city.requester.open(sealed.envelope)


def test_a_subject_is_looked_at_and_need_not_leave() -> None:
    """Two records of one person are shifted alike; without the subject nothing of it is given."""
    plain = MemoryCity()
    policy = read_policy_beside(POLICY.encode(), "policy.yaml", plain.catalogue)
    city = MemoryCity(policy=policy)
    records = [dict(one) for one in city.records(20, fields=FIELDS)]
    again = [{**one, "mobile": "13812345678"} for one in records]
    opened = _exchanged(city, FIELDS, records + again)
    rows = opened.rows()
    treated = {one.id: one for one in opened.manifest.fields}
    assert treated["resident_id"].disclosure == "nothing"
    assert treated["birth_date"].type == "date"
    shift = policy.defaults.kinds["birth_date"]
    assert isinstance(shift, Shift)
    assert treated["birth_date"].treatment == shift.told()
    for one, other, before in zip(rows[:20], rows[20:], records, strict=True):
        assert "resident_id" not in one
        assert one["birth_date"] == other["birth_date"] != before["birth_date"]
        assert 1 <= abs((_day(one["birth_date"]) - _day(before["birth_date"])).days) <= 200
        assert other["mobile"][:3] in ("154", "194")
        assert one.get("mobile") in (before.get("mobile") and other["mobile"], None)
    fewer = _exchanged(city, ("name", "birth_date", "mobile"), records)
    assert all(set(row) == {"name"} for row in fewer.rows())


def _day(text: object) -> date:
    return date.fromisoformat(str(text))
