"""Keys held in memory: the provider port, and what changes them."""

from collections.abc import Callable

import pytest

from keys.errors import KeyUnavailableError, KeyUnknownError, SuiteRefusedError
from keys.material import Purpose
from keys.ports import KeyProvider
from keys.ring import Ring
from keys.stores.memory import DAY_SECONDS, MAXIMUM_DAYS, MAXIMUM_KEYS, MemoryStore
from keys.suites import X25519, XWING, suite

NOW = 1_700_000_000
PUBLIC_METHODS = {"list_keys", "mac", "new", "retire", "rotate", "sign", "unwrap"}


def test_a_store_does_what_its_keys_do_and_gives_none_away() -> None:
    """Every purpose through the port; no other method stands on it."""
    store = MemoryStore()
    provider: KeyProvider = store
    ids = {purpose: store.new(purpose, XWING, NOW, 1, "active") for purpose in Purpose}
    suite_ = suite(XWING)
    for purpose in (Purpose.SIGNING, Purpose.LEDGER):
        public = ids[purpose].public
        assert public is not None
        suite_.verifying_key(public, purpose).verify(provider.sign(ids[purpose].key_id, b"m"), b"m")
    public = ids[Purpose.OPENING].public
    assert public is not None
    wrapped = suite_.sealing_key(public).wrap(bytes(32), b"i")
    assert provider.unwrap(ids[Purpose.OPENING].key_id, wrapped, b"i") == bytes(32)
    assert provider.mac(ids[Purpose.PSEUDONYM].key_id, b"c").mac(b"v")
    assert ids[Purpose.PSEUDONYM].public is None
    assert provider.list_keys() == tuple(ids.values())
    assert {name for name in dir(store) if not name.startswith("_")} == PUBLIC_METHODS


@pytest.mark.parametrize(
    ("purpose", "title"),
    [(Purpose.SIGNING, "signing"), (Purpose.OPENING, "opening"), (Purpose.PSEUDONYM, "pseudonym")],
)
def test_a_key_of_another_purpose_is_unknown(purpose: Purpose, title: str) -> None:
    """Its id is no way around the type of a key."""
    store = MemoryStore()
    ids = {one: store.new(one, X25519, NOW, 1, "active").key_id for one in Purpose}
    asks: dict[Purpose, Callable[[str], object]] = {
        Purpose.SIGNING: lambda key_id: store.sign(key_id, b""),
        Purpose.OPENING: lambda key_id: store.unwrap(key_id, bytes(80), b""),
        Purpose.PSEUDONYM: lambda key_id: store.mac(key_id, b""),
    }
    ask = asks[purpose]
    signs = {Purpose.SIGNING, Purpose.LEDGER}
    right = signs if purpose in signs else {purpose}
    for other in set(Purpose) - right:
        with pytest.raises(KeyUnknownError, match=f"no {title} key with id {ids[other]}"):
            ask(ids[other])
    with pytest.raises(KeyUnknownError, match=r"with id \? is"):
        ask("no id")


def test_a_new_key_lives_from_now_for_its_days() -> None:
    """As next unless it is asked to be active."""
    store = MemoryStore()
    made = store.new(Purpose.OPENING, X25519, NOW, 30)
    assert (made.state, made.not_before, made.not_after, made.retired_at) == (
        "next",
        NOW,
        NOW + 30 * DAY_SECONDS,
        None,
    )


def test_what_cannot_be_made_is_refused_and_changes_nothing() -> None:
    """A second active key, absurd days, an unknown suite, a key born retired."""
    store = MemoryStore()
    store.new(Purpose.OPENING, X25519, NOW, 1, "active")
    before = store.list_keys()
    with pytest.raises(KeyUnavailableError, match="already active"):
        store.new(Purpose.OPENING, X25519, NOW, 1, "active")
    for days in (0, -1, MAXIMUM_DAYS + 1):
        with pytest.raises(KeyUnavailableError, match="days"):
            store.new(Purpose.OPENING, X25519, NOW, days)
    with pytest.raises(SuiteRefusedError):
        store.new(Purpose.OPENING, 3, NOW, 1)
    with pytest.raises(ValueError, match="next or active"):
        store.new(Purpose.OPENING, X25519, NOW, 1, "retired")
    with pytest.raises(KeyUnavailableError, match="no next"):
        store.rotate(Purpose.OPENING, X25519, NOW)
    with pytest.raises(KeyUnknownError):
        store.retire("nobody", NOW)
    assert store.list_keys() == before


def test_a_store_holds_so_many_keys_and_no_more() -> None:
    """A file of more would take minutes to open."""
    one = MemoryStore()
    one.new(Purpose.PSEUDONYM, X25519, NOW, 1)
    held = one._held[0]
    full = MemoryStore()
    full._held = (held,) * MAXIMUM_KEYS
    with pytest.raises(KeyUnavailableError, match="the most"):
        full.new(Purpose.PSEUDONYM, X25519, NOW, 1)


def test_rotation_keeps_what_was_sealed_before_openable() -> None:
    """The retired key still unwraps and signs; the ring says for how long."""
    store = MemoryStore()
    old = store.new(Purpose.OPENING, X25519, NOW, 30, "active")
    new = store.new(Purpose.OPENING, X25519, NOW + 1, 30)
    assert old.public is not None
    wrapped = suite(X25519).sealing_key(old.public).wrap(bytes(32), b"i")
    assert store.rotate(Purpose.OPENING, X25519, NOW + 2).key_id == new.key_id
    ring = Ring(store.list_keys())
    assert ring.active(Purpose.OPENING, at=NOW + 2).key_id == new.key_id
    assert ring.get(old.key_id).retired_at == NOW + 2
    assert store.unwrap(old.key_id, wrapped, b"i") == bytes(32)
    retired = store.retire(new.key_id, NOW + 3)
    assert retired.retired_at == NOW + 3
    assert store.retire(new.key_id, NOW + 9) == retired
    with pytest.raises(KeyUnavailableError):
        Ring(store.list_keys()).active(Purpose.OPENING, at=NOW + 3)
