"""Status lists in trust data: one that is not believed must not keep the rest out."""

import json
import os
from pathlib import Path

import msgspec
import pytest
import yaml

from gateway.authority import Authority, GrantRequest
from gateway.config import Places
from gateway.errors import CatalogueInvalidError, TokenIssuerUnknownError, TokenRevokedError
from gateway.founding import ROLES, World, found_world
from gateway.grants.token import decode_segment
from gateway.model.call import SealRequest
from gateway.node import Node
from gateway.ports import Dice
from gateway.stores.clock import system_clock
from gateway.stores.keyfile import open_keys
from gateway.stores.state import SqliteState
from keys.material import Purpose

RESOURCE = "3070010020001/000002"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Found the packaged world in a folder."""
    return found_world(tmp_path, roles=ROLES[:3])


def _grant(world: World, dice: Dice = os.urandom) -> str:
    return Authority(world.place("authority"), dice=dice).issue(
        GrantRequest(
            requester=world.departments["requester"].id,
            provider=world.departments["provider"].id,
            resource=RESOURCE,
            purpose="organisation-supervision",
            fields=("uscc", "name"),
            level="G2",
        )
    )


def test_a_revoked_issuer_key_gets_in_with_the_list_it_signed(world: World) -> None:
    """The import goes through, and grants that lean on the list are refused."""
    token = _grant(world)
    issuers = world.place("authority") / "trust" / "issuers.yaml"
    entry = yaml.safe_load(issuers.read_text())
    entry["issuers"][0]["keys"][0]["revoked_at"] = 1
    issuers.write_text(yaml.safe_dump(entry, allow_unicode=True))
    world.share_trust()
    request = SealRequest(
        resource=RESOURCE,
        purpose="organisation-supervision",
        grant=token,
        records=msgspec.json.encode([{"uscc": "1", "name": "x"}]),
    )
    with Node(world.place("provider")) as node:
        assert node.snapshot().trust.status_lists == {}
        with pytest.raises(TokenIssuerUnknownError):
            node.seal(request)


def test_two_lists_of_one_uri_are_a_fault(world: World) -> None:
    """Neither is the one: a name in a folder must not decide who is revoked."""
    status = world.place("authority") / "trust" / "status"
    (status / "second.jwt").write_bytes((status / "list.jwt").read_bytes())
    with pytest.raises(CatalogueInvalidError) as refused:
        world.share_trust()
    assert [fault.file for fault in refused.value.faults] == ["status/second.jwt"]


def test_quotas_of_days_that_are_over_are_swept(tmp_path: Path) -> None:
    """The file does not grow with the days; today's charge stays."""
    state = SqliteState(tmp_path / "state.sqlite")
    for day in range(1, 28):
        assert state.reserve("grant", f"2026-11-{day:02d}", 3, 5) is None
    assert state.reserve("grant", "2026-11-27", 3, 5) == 3
    assert state._database.run("SELECT count(*) FROM quota") == [(8,)]
    state.close()


def test_an_authority_rotates_its_key(world: World) -> None:
    """Grants of before and after are good, and a revocation gets through."""
    before = _grant(world)
    folder = world.place("authority")
    keys = open_keys(Places(folder), "passphrase")
    now = system_clock() // 1000
    keys.new(Purpose.SIGNING, 1, now, 30)
    keys.rotate(Purpose.SIGNING, 1, now + 1)
    after = _grant(world)
    authority = Authority(folder)
    authority.renew()
    world.share_trust()
    with Node(world.place("provider"), clock=lambda: (now + 2) * 1000) as node:
        for token in (before, after):
            assert node.explain(RESOURCE, token).fields
        claims = json.loads(decode_segment(before.split(".")[1]))
        authority.revoke(claims["jti"])
        world.share_trust()
        with pytest.raises(TokenRevokedError):
            node.explain(RESOURCE, before)
        assert node.explain(RESOURCE, after).fields
    version = authority.trust().version
    authority.renew()
    assert authority.trust().version == version


def test_a_grant_id_is_never_taken_for_an_option(world: World) -> None:
    """Base64url has a hyphen: as the first character the command could not be told it."""
    for byte in (0x00, 0x7F, 0xF8, 0xFB, 0xFF):
        token = _grant(world, lambda count, byte=byte: bytes([byte]) * count)
        assert json.loads(decode_segment(token.split(".")[1]))["jti"][0].isalpha()
