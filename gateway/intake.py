"""What may come in under a grant: the fields it names, in the region it names."""

from msgspec import Struct

from gateway.errors import RegionOutOfScopeError
from gateway.grants import VerifiedGrant
from gateway.model.resource import Resource
from gateway.model.trust import Snapshot
from gateway.records import Batch, RecordDecoder
from gateway.subjects import subject_fields


class Intake(Struct, frozen=True, kw_only=True):
    """What may come in under a grant: the decoder, and the region as (column, prefix).

    `subjects` are the columns that name someone, with their kinds.
    """

    resource: Resource
    decoder: RecordDecoder
    region: tuple[int, str] | None
    subjects: tuple[tuple[int, str], ...]

    def check_region(self, batch: Batch) -> None:
        """Check that every record lies in the grant's region.

        Raises: RegionOutOfScopeError.
        """
        if self.region is None:
            return
        index, prefix = self.region
        outside = tuple(
            number
            for number, code in enumerate(batch.columns[index], 1)
            if not (isinstance(code, str) and code.startswith(prefix))
        )
        if outside:
            raise RegionOutOfScopeError(
                count=len(outside),
                region=prefix.ljust(6, "0"),
                field=self.resource.region_field,
                records=outside,
            )


def make_intake(resource: Resource, grant: VerifiedGrant, snapshot: Snapshot) -> Intake:
    """Compile what may come in: the fields that the grant names, in its region."""
    decoder = RecordDecoder(resource, grant.fields, snapshot.trust.catalogue.code_lists)
    region = None
    if grant.detail.region is not None:
        ids = [field.id for field in decoder.fields]
        region = (ids.index(resource.region_field or ""), _region_prefix(grant.detail.region))
    kinds = subject_fields(resource)
    subjects = tuple(
        (index, kinds[field.id]) for index, field in enumerate(decoder.fields) if field.id in kinds
    )
    return Intake(resource=resource, decoder=decoder, region=region, subjects=subjects)


def _region_prefix(region: str) -> str:
    """Cut a GB/T 2260 code to its province, city or county."""
    while region.endswith("00"):
        region = region[:-2]
    return region
