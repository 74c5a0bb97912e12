"""A world whose nodes can be served, for the benchmarks of the sidecar."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from benchmarks.run import FIELDS, POLICY
from gateway.authority.authority import Authority, GrantRequest
from gateway.founding import Role, World, found_world
from gateway.grants.claims import Approval
from gateway.testing import PURPOSE, RESOURCE, SCENARIO

Callers = Sequence[Mapping[str, object]]


def served_world(folder: Path, callers: Mapping[Role, Callers], *others: Role) -> World:
    """Found a world of roles with callers, and of others; the provider masks as benchmarks do."""
    world = found_world(folder, roles=(*callers, *others))
    (world.place("provider") / "policy.yaml").write_bytes(POLICY.read_bytes())
    for role, listed in callers.items():
        file = world.place(role) / "node.yaml"
        settings = yaml.safe_load(file.read_text("utf-8"))
        settings["callers"] = [*listed]
        file.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    return world


def granted(world: World, rows_per_day: int | None = None) -> str:
    """Issue a grant of all ten fields, and bring every node what is published; return the token."""
    token = Authority(world.place("authority")).issue(
        GrantRequest(
            requester=world.departments["requester"].id,
            provider=world.departments["provider"].id,
            resource=RESOURCE,
            purpose=PURPOSE,
            scenario=SCENARIO,
            fields=FIELDS,
            level="G3",
            rows_per_day=rows_per_day,
            approval=Approval(by="bench", at=int(time.time()) - 60, reference="1"),
        )
    )
    world.share_trust()
    return token
