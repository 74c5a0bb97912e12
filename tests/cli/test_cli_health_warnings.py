"""What still works and will not for long is a warning of `sealgate health`."""

import msgspec
import pytest

from gateway.conditions import clock_right, keys_usable, trust_fresh
from gateway.errors import TrustStaleError
from gateway.node import Node
from keys.errors import KeyUnavailableError
from keys.material import Purpose
from tests.cli.command import Desk
from tests.cli.node_health import CONDITIONS, health

DAY = 86_400


def test_keys_that_end_soon_are_a_warning(desk: Desk) -> None:
    """Under thirty days; at their end it is a refusal that names each purpose."""
    with Node(desk.provider) as node:
        keys = node.keys.list_keys()
    end = min(key.not_after for key in keys)
    assert not keys_usable(keys, end - 30 * DAY).warning
    assert keys_usable(keys, end - 30 * DAY + 1).warning
    assert keys_usable(keys, end - 1).days == 0
    with pytest.raises(KeyUnavailableError) as refused:
        keys_usable(keys, end)
    assert refused.value.message.endswith(": signing, opening, ledger")
    with pytest.raises(KeyUnavailableError) as refused:
        keys_usable((), end)
    assert all(purpose.title_zh in refused.value.message_zh for purpose in Purpose)


def test_one_of_two_opening_keys_that_has_ended_is_a_warning(desk: Desk) -> None:
    """The other still opens, and its days are the ones told."""
    with Node(desk.provider) as node:
        keys = node.keys.list_keys()
    at = min(key.not_before for key in keys)
    first = next(key for key in keys if key.purpose is Purpose.OPENING)
    short = tuple(
        msgspec.structs.replace(key, not_after=at) if key is first else key for key in keys
    )
    found = keys_usable(short, at)
    assert found.warning
    assert found.days == keys_usable(keys, at).days


def test_trust_data_that_ends_soon_is_a_warning(desk: Desk) -> None:
    """Under three days; so is one status list of two, and every one is a refusal."""
    with Node(desk.provider) as node:
        trust = node.snapshot().trust
    assert not trust_fresh(trust, trust.expires - 3 * DAY).warning
    assert trust_fresh(trust, trust.expires - 3 * DAY + 1).warning
    (listed,) = trust.status_lists.values()
    at = trust.issued
    ended = msgspec.structs.replace(listed, expires=at)
    both = msgspec.structs.replace(trust, status_lists={"a": listed, "b": ended})
    found = trust_fresh(both, at)
    assert found.warning
    assert "1 of 2 status lists ended" in found.text
    with pytest.raises(TrustStaleError):
        trust_fresh(msgspec.structs.replace(trust, status_lists={"b": ended}), at)


def test_the_newest_signed_time_bounds_the_clock(desk: Desk) -> None:
    """A minute is what clocks of honest nodes may differ by."""
    with Node(desk.provider) as node:
        trust = node.snapshot().trust
    (listed,) = trust.status_lists.values()
    newer = msgspec.structs.replace(listed, issued=trust.issued + 500)
    newest = msgspec.structs.replace(trust, status_lists={"a": newer})
    clock_right(newest, newer.issued - 60)
    with pytest.raises(TrustStaleError):
        clock_right(newest, newer.issued - 61)
    assert not clock_right(None, 0).warning


def test_a_provider_without_a_policy_is_warned(desk: Desk) -> None:
    """Nothing of it can leave; a node that only opens needs none."""
    (desk.provider / "policy.yaml").unlink()
    answer = health(desk.provider)
    assert answer.status == 0
    states = {one["name"]: one["state"] for one in answer.json["conditions"]}
    assert states == {**dict.fromkeys(CONDITIONS, "ok"), "policy": "warning"}
    (desk.outsider / "policy.yaml").unlink(missing_ok=True)
    assert health(desk.outsider).status == 0
