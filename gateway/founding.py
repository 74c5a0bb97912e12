"""Found the packaged world in a folder: an authority and three departments' nodes."""

import secrets
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from gateway.authority import Authority
from gateway.config import AuthorityFile, NodeFile, Places
from gateway.errors import CatalogueInvalidError
from gateway.installation import department_entry, found_authority, found_node
from gateway.model.resource import DepartmentId, Name
from gateway.ports import Clock
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder, write_whole
from gateway.stores.keyfile import open_keys
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.stores.trust_folder import install_trust
from gateway.world import catalogue_files, files
from keys.stores.keyfile import MINIMUM_MEMLIMIT, Cost
from masking import document

ISSUER_AGE = 90 * 86_400
PASSPHRASE_FILE = "passphrase"  # noqa: S105 - the name of a file
# The passphrase is 256 random bits in a file beside: no guessing to slow down.
_COST = Cost(opslimit=1, memlimit=MINIMUM_MEMLIMIT)

Role = Literal["provider", "requester", "outsider"]


class WorldDepartment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A department of the packaged world."""

    id: DepartmentId
    name: Name
    name_en: Name
    role: Role
    region: Annotated[str, Meta(pattern=r"^[0-9]{6}\Z")]


class WorldIssuer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The issuer of the packaged world."""

    iss: Name
    name: Name
    name_en: Name


class WorldFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file `world.yaml`."""

    departments: tuple[WorldDepartment, ...]
    issuer: WorldIssuer


class World(NamedTuple):
    """A founded world: where its folders lie, and who plays which part."""

    folder: Path
    departments: dict[Role, WorldDepartment]
    issuer: WorldIssuer

    def place(self, role: Role | Literal["authority"]) -> Path:
        """Return the folder of a part."""
        return self.folder / role

    def share_trust(self, clock: Clock = system_clock) -> None:
        """Bring every node the trust data that the authority published last."""
        published = read_folder(Places(self.place("authority")).trust, TRUST_SUFFIXES)
        for role in self.departments:
            install_trust(Places(self.place(role)).trust, published, clock() // 1000)


def read_world() -> WorldFile:
    """Read who is who in the packaged world."""
    return document.read(
        files()["world.yaml"], WorldFile, file="world.yaml", error=CatalogueInvalidError
    ).value


def found_world(folder: Path, clock: Clock = system_clock) -> World:
    """Make `authority/`, `provider/`, `requester/` and `outsider/` below `folder`.

    Raises: ConfigurationInvalidError where one is there already.
    """
    file = read_world()
    world = World(folder, {one.role: one for one in file.departments}, file.issuer)
    now = clock() // 1000
    # The issuer is older than its world, so that a grant of last week can be shown.
    _found_authority(world, now - ISSUER_AGE)
    authority = Authority(world.place("authority"), clock=clock)
    authority.publish()
    for department in file.departments:
        _found_department(world.place(department.role), department, authority, now)
    world.share_trust(clock)
    return world


def _found_authority(world: World, now: int) -> None:
    issuer = world.issuer
    found_authority(
        world.place("authority"),
        AuthorityFile(
            iss=issuer.iss,
            name=issuer.name,
            status_uri=f"{issuer.iss}:status:1",
            passphrase_file=PASSPHRASE_FILE,
        ),
        catalogue_files(),
        now,
        passphrase=secrets.token_hex(32).encode(),
        cost=_COST,
    )


def _found_department(
    folder: Path, department: WorldDepartment, authority: Authority, now: int
) -> None:
    node = NodeFile(
        department=department.id,
        name=department.name,
        name_en=department.name_en,
        passphrase_file=PASSPHRASE_FILE,
    )
    found_node(folder, node, now, passphrase=secrets.token_hex(32).encode(), cost=_COST)
    keys = open_keys(Places(folder), PASSPHRASE_FILE).list_keys()
    authority.admit(department_entry(node, keys))
    policy = files().get(f"policies/{department.id}.yaml")
    if policy is not None:
        write_whole(Places(folder).policy, policy)
