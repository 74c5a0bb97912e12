"""Directory entries, keys and policies changed under an envelope."""

from typing import Any

import msgspec

from gateway.testing import MemoryCity, MemoryNode
from masking.policy import Policy

MINUTE_MS = 60_000


def change_department(city: MemoryCity, node: MemoryNode, **changes: Any) -> None:
    departments = dict(city.trust.departments)
    entry = departments[node.department]
    departments[node.department] = msgspec.structs.replace(entry, **changes)
    city.publish(departments=departments)


def with_sealing(policy: Policy, **changes: Any) -> Policy:
    return msgspec.structs.replace(
        policy, sealing=msgspec.structs.replace(policy.sealing, **changes)
    )
