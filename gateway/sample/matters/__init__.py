"""What records are about beside people, organisations and places, one module a matter.

A matter knows fields that belong together: the parts of a bill add up to its
total. It holds for a resource that has the fields that the matter `needs`; other
fields of the resource are filled by type and kind.
"""

from collections.abc import Mapping

from gateway.model.resource import Resource
from gateway.sample.matters import (
    certificates,
    credit,
    economy,
    enterprises,
    health,
    households,
    insurance,
    land,
    settlements,
    vehicles,
)
from gateway.sample.matters._contract import Matter, Writer

__all__ = ["MATTERS", "Matter", "Writer", "writers"]

MATTERS: tuple[Matter, ...] = (
    *certificates.MATTERS,
    *credit.MATTERS,
    *economy.MATTERS,
    *enterprises.MATTERS,
    *health.MATTERS,
    *households.MATTERS,
    *insurance.MATTERS,
    *land.MATTERS,
    *settlements.MATTERS,
    *vehicles.MATTERS,
)


def writers(resource: Resource) -> Mapping[str, Writer]:
    """Return by field id what the matters of a resource write.

    A field that cannot hold what a matter writes is left to its type and kind.
    """
    fields = {field.id: field for field in resource.fields}
    return {
        field_id: writer
        for matter in MATTERS
        if matter.needs <= fields.keys()
        for field_id, writer in matter.writers.items()
        if field_id in fields and writer.fits(fields[field_id])
    }
