"""Found the packaged world in a folder: an authority and nine departments' nodes."""

import secrets
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, get_args

from msgspec import Meta, Struct

from gateway.authority import Authority
from gateway.authority.authority import dump_yaml
from gateway.config import AuthorityFile, NodeFile, Places
from gateway.errors import CatalogueInvalidError
from gateway.installation import department_entry, found_authority, found_node
from gateway.model.resource import DepartmentId, Name
from gateway.model.trust import Department
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

# The first three play the parts of an exchange: civil affairs, medical insurance, market
# regulation. The others are called by what they do.
Role = Literal[
    "provider",
    "requester",
    "outsider",
    "public-security",
    "human-resources",
    "health",
    "natural-resources",
    "statistics",
    "data-bureau",
]
ROLES: tuple[Role, ...] = get_args(Role)


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
    """A founded world: where its folders lie, and who plays which part there."""

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


def found_world(
    folder: Path, clock: Clock = system_clock, *, roles: Collection[Role] = ROLES
) -> World:
    """Make `authority/` and a folder for each of `roles` below `folder`.

    Only departments with a folder stand in the directory.
    Raises: ConfigurationInvalidError where one is there already.
    """
    file = read_world()
    chosen = {one.role: one for one in file.departments if one.role in roles}
    world = World(folder, chosen, file.issuer)
    now = clock() // 1000
    # The issuer is older than its world, so that a grant of last week can be shown.
    _found_authority(world, now - ISSUER_AGE)
    directory = Places(world.place("authority")).trust / "departments"
    directory.mkdir()
    for department in chosen.values():
        entry = _found_department(world.place(department.role), department, now)
        write_whole(directory / f"{entry.id}.yaml", dump_yaml(entry))
    Authority(world.place("authority"), clock=clock).publish()
    _share_first(world, now)
    return world


def _share_first(world: World, now: int) -> None:
    """Bring every node its first trust data, which is judged once: the same for all."""
    published = read_folder(Places(world.place("authority")).trust, TRUST_SUFFIXES)
    folders = [Places(world.place(role)).trust for role in world.departments]
    for folder in folders[:1]:
        install_trust(folder, published, now)
    for folder in folders[1:]:
        shutil.copytree(folders[0], folder, symlinks=True)


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


def _found_department(folder: Path, department: WorldDepartment, now: int) -> Department:
    """Make a department's node; return its public entry."""
    node = NodeFile(
        department=department.id,
        name=department.name,
        name_en=department.name_en,
        passphrase_file=PASSPHRASE_FILE,
    )
    found_node(folder, node, now, passphrase=secrets.token_hex(32).encode(), cost=_COST)
    policy = files().get(f"policies/{department.id}.yaml")
    if policy is not None:
        write_whole(Places(folder).policy, policy)
    return department_entry(node, open_keys(Places(folder), PASSPHRASE_FILE).list_keys())
