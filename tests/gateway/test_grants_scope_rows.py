"""A grant has its region and its rows, in a call, in a stream and in a day."""

import msgspec
import pytest

from gateway.errors import QuotaExceededError, RegionOutOfScopeError
from gateway.model.call import Row, Sealed
from gateway.testing import MemoryCity
from keys.errors import SealgateError
from tests.gateway.granted_calls import change_resource, refused

# --- region ----------------------------------------------------------------

REGIONS: dict[str, tuple[str, list[str], list[int]]] = {
    # the grant's region, the records' regions, the records outside
    "a county": ("140105", ["140105", "140105"], []),
    "another county": ("140105", ["140106"], [1]),
    "the city above": ("140105", ["140100"], [1]),
    "the province above": ("140105", ["140000"], [1]),
    "a city": ("140100", ["140100", "140105", "140181"], []),
    "a city, and others": ("140100", ["140105", "140212", "140000", "140110"], [2, 3]),
    "a province": ("140000", ["140000", "140105", "149900"], []),
    "another province": ("110000", ["140105", "140000"], [1, 2]),
    "an unknown county of a city": ("140199", ["140105"], [1]),
    "a city that is no county": ("149900", ["149900", "140105"], [2]),
}


@pytest.mark.parametrize(("region", "codes", "outside"), REGIONS.values(), ids=REGIONS)
def test_every_record_lies_in_the_granted_region(
    city: MemoryCity, region: str, codes: list[str], outside: list[int]
) -> None:
    """One record outside refuses the whole call, by its number and not by its value."""
    grant = city.grant({"region": region})
    records = city.records(len(codes))
    for record, code in zip(records, codes, strict=True):
        record["region"] = code
    request = city.request(records, grant=grant)
    if not outside:
        assert city.provider.seal(request).manifest.records == len(codes)
        return
    error = refused(city, request, "REGION_OUT_OF_SCOPE")
    assert isinstance(error, RegionOutOfScopeError)
    assert list(error.records) == outside


@pytest.mark.parametrize("missing", [True, False], ids=["absent", "null"])
def test_a_record_of_no_region_is_outside(city: MemoryCity, missing: bool) -> None:
    """Where the catalogue lets the region be absent or null, it lies nowhere."""
    fields = tuple(
        msgspec.structs.replace(field, required=False, null=True) if field.id == "region" else field
        for field in city.resource().fields
    )
    change_resource(city, fields=fields)
    records: list[Row] = city.records(2)
    for record in records:
        record["region"] = "149900"
    if missing:
        del records[1]["region"]
    else:
        records[1]["region"] = None
    city.provider.seal(city.request(records))
    error = refused(
        city, city.request(records, grant=city.grant({"region": "149900"})), "REGION_OUT_OF_SCOPE"
    )
    assert error.records == (2,)


def test_a_region_needs_the_field_that_tells_it(city: MemoryCity) -> None:
    """A resource that has none, or a grant that does not name it, cannot be held to one."""
    grant = city.grant({"region": "149900", "fields": ("name",)})
    refused(city, city.request(city.records(fields=("name",)), grant=grant), "TOKEN_CLAIM_INVALID")
    grant = city.grant({"region": "149900"})
    change_resource(city, region_field=None)
    refused(city, city.request(grant=grant), "TOKEN_CLAIM_INVALID")


# --- rows ------------------------------------------------------------------


def test_a_call_brings_no_more_rows_than_granted(city: MemoryCity) -> None:
    """At the limit it passes, a row above it does not; an empty call charges nothing."""
    grant = city.grant({"rows_per_call": 3})
    city.provider.seal(city.request(city.records(3), grant=grant))
    error = refused(city, city.request(city.records(4), grant=grant), "QUOTA_EXCEEDED")
    assert isinstance(error, QuotaExceededError)
    assert "rows a call is 3" in error.message
    city.provider.seal(city.request(city.records(3), grant=grant))


def _stream(city: MemoryCity, grant: str, *counts: int) -> list[Sealed]:
    batches = [msgspec.json.encode(city.records(count)) for count in counts]
    return list(city.provider.outbound.seal_stream(city.request(grant=grant), batches))


def test_a_stream_is_one_call(city: MemoryCity) -> None:
    """Cut into parts, it brings no more rows than in one piece."""
    grant = city.grant({"rows_per_call": 5})
    assert len(_stream(city, grant, 2, 3)) == 2
    with pytest.raises(SealgateError) as caught:
        _stream(city, grant, 2, 2, 2)
    assert caught.value.code == "QUOTA_EXCEEDED"


def test_a_day_brings_no_more_rows_than_granted(city: MemoryCity) -> None:
    """Counted by days in China; each grant has its own count; a refusal charges nothing."""
    grant, other = city.grant({"rows_per_day": 5}), city.grant({"rows_per_day": 5})

    def seal(count: int, token: str = grant) -> Sealed:
        return city.provider.seal(city.request(city.records(count), grant=token))

    seal(3)
    refused(city, city.request(city.records(3), grant=grant), "QUOTA_EXCEEDED")
    seal(2)
    refused(city, city.request(city.records(1), grant=grant), "QUOTA_EXCEEDED")
    seal(5, other)
    # The city begins at 08:00 in China: the day ends in sixteen hours.
    city.clock.forward(seconds=16 * 3600 - 1)
    refused(city, city.request(city.records(1), grant=grant), "QUOTA_EXCEEDED")
    city.clock.forward(seconds=1)
    seal(5)


def test_parts_of_a_stream_are_charged_one_by_one(city: MemoryCity) -> None:
    """And the part that no longer fits is not sealed."""
    grant = city.grant({"rows_per_day": 5})
    sealed: list[Sealed] = []
    batches = [msgspec.json.encode(city.records(2)) for _ in range(3)]
    with pytest.raises(SealgateError) as caught:
        sealed.extend(city.provider.outbound.seal_stream(city.request(grant=grant), batches))
    assert caught.value.code == "QUOTA_EXCEEDED"
    assert [part.manifest.records for part in sealed] == [2, 2]
    assert sum(city.provider.state.used.values()) == 4
