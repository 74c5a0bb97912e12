"""Every resource of the city goes from its department to another, through real nodes."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from importlib.util import find_spec

import msgspec
import pytest

from gateway.authority import Authority, GrantRequest
from gateway.errors import ResourceNotSharedError, ResourceStoppedError
from gateway.founding import World, found_world
from gateway.grants.claims import Approval
from gateway.model.call import Opened, SealRequest
from gateway.model.resource import Resource, ShareClass, Status
from gateway.node import Node
from gateway.sample import rows
from gateway.stores.clock import system_clock
from gateway.stores.files import write_whole
from tests.gateway.packaged_world import packaged

ROWS = 40
# For each kind of resource a purpose that fits; any would do.
PURPOSES = {
    "1010010010001/000001": "identity-verification",
    "1010020010001/000002": "family-verification",
    "1030010010001/000001": "credit-supervision",
    "1050010010001/000001": "land-use-planning",
    "1060010010001/000001": "certificate-exemption",
    "2010010010001/000001": "temporary-assistance",
    "2020030010001/000004": "public-health",
}
USUAL = "household-economy-check"
SHARED = tuple(
    code
    for code, resource in packaged().resources.items()
    if resource.share.share_class is not ShareClass.NONE and resource.status is Status.ACTIVE
)
KEPT = tuple(
    code
    for code, resource in packaged().resources.items()
    if resource.share.share_class is ShareClass.NONE
)


def _fields(resource: Resource) -> tuple[str, ...]:
    """Return all fields, but for running text where nothing is installed that reads it."""
    reads = find_spec("presidio_analyzer") is not None
    return tuple(field.id for field in resource.fields if reads or field.kind != "free_text")


def _requester(resource: Resource, world: World) -> str:
    """Return a department that may have the resource."""
    provider = resource.provider.department
    others = (one.id for one in world.departments.values() if one.id != provider)
    return next(one for one in resource.share.departments or others)


def _wish(resource: Resource, world: World) -> GrantRequest:
    return GrantRequest(
        requester=_requester(resource, world),
        provider=resource.provider.department,
        resource=resource.code,
        purpose=PURPOSES.get(resource.code, USUAL),
        fields=_fields(resource),
        level=resource.grade,
        agreement="协议〔1〕号" if resource.protection.agreement else None,
        approval=Approval(by=resource.provider.name, at=system_clock() // 1000, reference="1"),
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Found the whole city."""
    return found_world(tmp_path_factory.mktemp("exchange") / "world")


@pytest.fixture(scope="module")
def grants(world: World) -> Mapping[str, str]:
    """Grant somebody all fields of every resource that may be shared."""
    authority, found = Authority(world.place("authority")), {}
    roles = {one.id: role for role, one in world.departments.items()}
    for number, code in enumerate(SHARED):
        wish = _wish(packaged().resources[code], world)
        found[code] = authority.issue(wish)
        path = world.place(roles[wish.requester]) / "grants" / f"{number}.jwt"
        write_whole(path, found[code].encode() + b"\n", mode=0o600)
    world.share_trust()
    return found


@pytest.fixture(scope="module")
def nodes(world: World) -> Iterator[Mapping[str, Node]]:
    """Open every department's node, by its code."""
    with ExitStack() as open_nodes:
        yield {
            one.id: open_nodes.enter_context(Node(world.place(role)))
            for role, one in world.departments.items()
        }


def _exchange(
    code: str, world: World, nodes: Mapping[str, Node], grant: str
) -> tuple[list[dict[str, object]], Opened]:
    resource = packaged().resources[code]
    wanted = frozenset(_fields(resource))
    made = [
        {name: value for name, value in row.items() if name in wanted}
        for row in rows(resource, packaged().code_lists, rows=ROWS, seed=3)
    ]
    request = SealRequest(
        resource=code,
        purpose=PURPOSES.get(code, USUAL),
        grant=grant,
        records=msgspec.json.encode(made),
    )
    sealed = nodes[resource.provider.department].seal(request)
    opened = nodes[_requester(resource, world)].open(sealed.envelope)
    return msgspec.to_builtins(made), opened


@pytest.mark.parametrize("code", SHARED)
def test_a_resource_goes_out_whole_and_arrives(
    code: str, world: World, nodes: Mapping[str, Node], grants: Mapping[str, str]
) -> None:
    """All fields are planned, sealed and opened; what is clear came through as it was."""
    before, opened = _exchange(code, world, nodes, grants[code])
    resource = packaged().resources[code]
    assert opened.manifest.records == ROWS
    assert opened.manifest.resource_name == resource.name
    assert opened.manifest.findings == {}
    treated = {field.id: field for field in opened.manifest.fields}
    assert set(treated) == set(_fields(resource))
    clear = [name for name, field in treated.items() if field.disclosure == "clear"]
    assert clear
    for old, new in zip(before, opened.rows(), strict=True):
        for name in clear:
            assert new.get(name) == old.get(name)


@pytest.mark.parametrize("code", SHARED)
def test_what_is_not_clear_is_not_what_it_was(
    code: str, world: World, nodes: Mapping[str, Node], grants: Mapping[str, str]
) -> None:
    """No value of a field with nothing or a pseudonym is among those that arrive in it."""
    before, opened = _exchange(code, world, nodes, grants[code])
    for field in opened.manifest.fields:
        if field.disclosure in ("nothing", "linkable"):
            old = {str(row[field.id]) for row in before if row.get(field.id)}
            new = {str(row[field.id]) for row in opened.rows() if row.get(field.id)}
            assert not old & new


@pytest.mark.parametrize("code", KEPT)
def test_what_is_not_shared_is_granted_to_nobody(code: str, world: World) -> None:
    """The authority refuses at once, since no provider could accept it."""
    with pytest.raises(ResourceNotSharedError):
        Authority(world.place("authority")).issue(_wish(packaged().resources[code], world))


@pytest.mark.parametrize("code", KEPT)
def test_what_is_not_shared_holds_what_may_never_leave(code: str) -> None:
    """Important or core data, as its grade says."""
    resource = packaged().resources[code]
    refused = [field.grade for field in resource.fields if field.grade in ("IMPORTANT", "CORE")]
    assert refused
    assert resource.grade in refused


def test_what_was_replaced_is_granted_to_nobody(world: World) -> None:
    """Who asks is told what there is instead."""
    (old,) = (each for each in packaged().resources.values() if each.status is not Status.ACTIVE)
    with pytest.raises(ResourceStoppedError, match=str(old.replaced_by)):
        Authority(world.place("authority")).issue(_wish(old, world))
