"""A pseudonym key that was rotated is not used any more."""

from gateway.testing import MemoryCity
from keys.material import Purpose


def test_a_rotated_pseudonym_key_counts_at_the_next_call() -> None:
    """Also where the release was compiled under the one before, on the same day."""
    city = MemoryCity()
    grant = city.grant({"fields": ("birth_date", "resident_id"), "level": "G2"})
    records = city.records(1, fields=("birth_date", "resident_id"))

    def pseudonym() -> object:
        sealed = city.provider.seal(city.request(records=records, grant=grant))
        return city.requester.open(sealed.envelope).rows()[0]["resident_id"]

    before = pseudonym()
    assert pseudonym() == before
    keys, now = city.provider.keys, city.clock() // 1000
    keys.new(Purpose.PSEUDONYM, 1, now, 366, "next")
    keys.rotate(Purpose.PSEUDONYM, 1, now)
    assert pseudonym() != before
