"""The city as tests of its samples look at it: who a field is about, rows by resource."""

from collections.abc import Iterator
from functools import cache

from gateway import sample
from gateway.catalogue import read_catalogue
from gateway.model.resource import Field, Resource
from gateway.model.trust import Catalogue
from gateway.sample.roles import SUBJECT, Role, cast
from gateway.world import catalogue_files

SEED = 21
ROWS = 400


@cache
def city() -> Catalogue:
    """Read the packaged catalogue, once for all tests of a process."""
    return read_catalogue(catalogue_files())


@cache
def rows(code: str, count: int = ROWS, seed: int = SEED) -> tuple[sample.Record, ...]:
    """Make rows of a resource of the city; nobody may change them."""
    made = sample.rows(city().resources[code], city().code_lists, rows=count, seed=seed)
    return tuple(made)


def held(resource: Resource, role: Role = SUBJECT) -> Iterator[Field]:
    """Yield the fields that hold data of a role."""
    roles = cast(resource.fields)
    return (field for field in resource.fields if roles[field.id] == role)
