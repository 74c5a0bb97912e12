"""The stage of the demo: the departments' nodes, and an act played between two of them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import msgspec

from gateway.authority import Authority, GrantRequest
from gateway.founding import Role, World, found_world
from gateway.grants.claims import Approval
from gateway.model.call import Explanation, Opened, Row, Sealed, SealRequest
from gateway.model.resource import Resource
from gateway.node import Node
from gateway.sample import rows
from gateway.stores.clock import system_clock
from gateway.stores.files import write_whole

CAST: tuple[Role, ...] = ("provider", "public-security", "requester", "outsider")
LEVEL = "G2"
# The same people in every act, and at every telling.
SEED = 18


class Act(NamedTuple):
    """One exchange: who asks whom, for which fields, what for; `file` names its grant."""

    asker: Role
    asked: Role
    resource: str
    purpose: str
    scenario: str
    fields: tuple[str, ...]
    file: str


class Played(NamedTuple):
    """An act as it went: what was handed in, what went over the wire, what came out."""

    resource: Resource
    request: SealRequest
    explanation: Explanation
    records: list[Row]
    sealed: Sealed
    opened: Opened


class Stage:
    """The world of the demo in a folder, with an open node for everyone who speaks."""

    def __init__(self, folder: Path, nodes: ExitStack) -> None:
        self.world: World = found_world(folder, roles=CAST)
        self._authority = Authority(self.world.place("authority"))
        self._open, self._nodes = nodes, dict[Role, Node]()

    def node(self, role: Role) -> Node:
        """Return a department's node; it is opened once."""
        if role not in self._nodes:
            self._nodes[role] = self._open.enter_context(Node(self.world.place(role)))
        return self._nodes[role]

    def issue(
        self, act: Act, *, begins: int | None = None, days: float = 30, kept: bool = False
    ) -> str:
        """Issue the grant of an act; `kept` puts it where both departments look for it."""
        asked = self.world.departments[act.asked]
        token = self._authority.issue(
            GrantRequest(
                requester=self.world.departments[act.asker].id,
                provider=asked.id,
                resource=act.resource,
                purpose=act.purpose,
                fields=act.fields,
                level=LEVEL,
                days=days,
                scenario=act.scenario,
                begins=begins,
                approval=Approval(
                    by=asked.name, at=system_clock() // 1000, reference="演示〔1〕号"
                ),
            )
        )
        # The requester holds its grant; the provider gets a copy with the request.
        for role in (act.asker, act.asked) if kept else ():
            path = self.world.place(role) / "grants" / f"{act.file}.jwt"
            write_whole(path, token.encode() + b"\n", mode=0o600)
        return token

    def revoke(self, jti: str) -> None:
        """Revoke a grant."""
        self._authority.revoke(jti)

    def records(self, act: Act, count: int) -> bytes:
        """Make the records of an act, with the fields of its grant only, as JSON."""
        catalogue = self.node(act.asked).snapshot().trust.catalogue
        made = rows(catalogue.resources[act.resource], catalogue.code_lists, rows=count, seed=SEED)
        return msgspec.json.encode(
            [{k: v for k, v in record.items() if k in act.fields} for record in made]
        )

    def play(self, act: Act, token: str, count: int) -> Played:
        """Play an act: the one seals, the other opens."""
        asked, records = self.node(act.asked), self.records(act, count)
        write_whole(self.world.place(act.asked) / "records.json", records, mode=0o600)
        request = SealRequest(
            resource=act.resource,
            purpose=act.purpose,
            grant=token,
            records=records,
            caller="demo",
        )
        sealed = asked.seal(request)
        return Played(
            resource=asked.snapshot().trust.catalogue.resources[act.resource],
            request=request,
            explanation=asked.explain(act.resource, token),
            records=msgspec.json.decode(records, type=list[Row]),
            sealed=sealed,
            opened=self.node(act.asker).open(sealed.envelope),
        )


@contextmanager
def set_stage(folder: Path) -> Iterator[Stage]:
    """Found the world of the demo below `folder`; its nodes are closed in the end."""
    with ExitStack() as nodes:
        yield Stage(folder, nodes)


def reads_free_text() -> bool:
    """Tell whether the extra is installed without which free text does not leave."""
    return find_spec("presidio_analyzer") is not None
