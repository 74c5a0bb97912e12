"""The packaged world, read once for all tests of a process."""

from collections.abc import Mapping
from functools import cache

from gateway.catalogue import read_catalogue
from gateway.founding import WorldDepartment, read_world
from gateway.model.trust import Catalogue
from gateway.world import catalogue_files, files
from masking.policy import Policy, read_policy


@cache
def packaged() -> Catalogue:
    """Read the packaged catalogue."""
    return read_catalogue(catalogue_files())


@cache
def departments() -> Mapping[str, WorldDepartment]:
    """Return the departments by role."""
    return {one.role: one for one in read_world().departments}


@cache
def policy(role: str) -> Policy:
    """Read the policy of a department."""
    name = f"policies/{departments()[role].id}.yaml"
    return read_policy(files()[name], name, scheme=packaged().grades)
