"""What a policy maps by a table goes out and comes in; the table itself does not."""

from gateway.testing import MemoryCity
from masking.policy import read_policy

POLICY = """
policy: mapped
version: 1
provider: 11149900MB0C12002H
defaults:
  grades: {G1: clear, G2: clear, G3: nothing, G4: nothing}
rules:
  - id: coarse-category
    match: {fields: [category]}
    treatment:
      op: mapping
      table: {'01': 低保, '02': 低保, '03': 特困, '04': 特困}
      otherwise: 其他
"""


def test_a_table_stays_with_the_provider() -> None:
    """The manifest says that values were mapped, and opens like any other."""
    city = MemoryCity(policy=read_policy(POLICY.encode(), "policy.yaml"))
    grant = city.grant({"fields": ("name", "category"), "level": "G2"})
    records = city.records(20, fields=("name", "category"))
    sealed = city.provider.seal(city.request(records=records, grant=grant))
    opened = city.requester.open(sealed.envelope)
    assert {row["category"] for row in opened.rows()} <= {"低保", "特困", "其他"}
    (treatment,) = (one.treatment for one in opened.manifest.fields if one.id == "category")
    assert treatment == {"op": "mapping", "otherwise": "其他"}
