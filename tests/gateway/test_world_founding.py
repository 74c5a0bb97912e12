"""The packaged world is founded whole: nodes that work, one directory, quickly."""

from contextlib import ExitStack
from pathlib import Path
from time import process_time

import pytest

from gateway.authority import Authority
from gateway.config import Places
from gateway.errors import ConfigurationInvalidError
from gateway.founding import ROLES, Role, World, found_world, read_world
from gateway.node import Node
from gateway.world import files

# Of one core; most of the rest is waiting for the disk.
SECONDS = 2.5


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Found all nine departments."""
    return found_world(tmp_path_factory.mktemp("whole") / "world")


def test_every_role_has_a_folder(whole: World) -> None:
    """Beside the authority's; the departments are those of the file."""
    assert {path.name for path in whole.folder.iterdir()} == {"authority", *ROLES}
    assert tuple(whole.departments) == ROLES
    assert tuple(whole.departments.values()) == read_world().departments


def test_every_node_opens_and_knows_the_others(whole: World) -> None:
    """With a policy of its own and the keys that the directory lists."""
    directory = Authority(whole.place("authority")).trust().departments
    assert set(directory) == {one.id for one in whole.departments.values()}
    for role, department in whole.departments.items():
        with Node(whole.place(role)) as node:
            snapshot = node.snapshot()
            assert snapshot.trust.departments == directory
            assert snapshot.policy is not None
            assert snapshot.policy.provider == department.id
        policy = Places(whole.place(role)).policy.read_bytes()
        assert policy == files()[f"policies/{department.id}.yaml"]


def test_no_two_departments_share_a_key(whole: World) -> None:
    """Each made its own."""
    directory = Authority(whole.place("authority")).trust().departments
    ids = [key.key_id for department in directory.values() for key in department.keys]
    assert len(set(ids)) == len(ids) >= 4 * len(ROLES)


@pytest.mark.parametrize("roles", [ROLES[:2], ("public-security",), ()])
def test_only_who_is_asked_for_is_founded(tmp_path: Path, roles: tuple[Role, ...]) -> None:
    """And stands in the directory."""
    world = found_world(tmp_path / "world", roles=roles)
    assert {path.name for path in world.folder.iterdir()} == {"authority", *roles}
    assert set(world.departments) == set(roles)
    known = Authority(world.place("authority")).trust().departments
    assert set(known) == {one.id for one in world.departments.values()}


def test_what_is_published_later_reaches_every_node(tmp_path: Path) -> None:
    """The first trust data and the next, each whole."""
    world = found_world(tmp_path / "world", roles=("provider", "statistics"))
    authority = Authority(world.place("authority"))
    with ExitStack() as stack:
        nodes = [stack.enter_context(Node(world.place(role))) for role in world.departments]
        for _ in range(2):
            seen = {node.snapshot().trust.version for node in nodes}
            assert seen == {authority.trust().version}
            authority.publish()
            world.share_trust()


def test_a_world_is_not_founded_over_another(whole: World) -> None:
    """Keys would be lost."""
    before = (whole.place("provider") / "keys.json").read_bytes()
    with pytest.raises(ConfigurationInvalidError):
        found_world(whole.folder)
    assert (whole.place("provider") / "keys.json").read_bytes() == before


def test_founding_is_quick(tmp_path: Path) -> None:
    """All nine with the authority."""
    start = process_time()
    found_world(tmp_path / "world")
    assert process_time() - start < SECONDS
