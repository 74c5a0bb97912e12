"""What an authority knows of a department's keys outlasts the department's next export."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gateway.authority import Authority
from gateway.authority.authority import dump_yaml
from gateway.authority.directory import admitted, revoked
from gateway.errors import CatalogueInvalidError, DepartmentUnknownError, TrustStaleError
from gateway.model.trust import Department, PublicKey
from gateway.stores.clock import system_clock
from keys.errors import KeyUnknownError
from keys.material import Purpose
from tests.gateway.authority_desk import OUTSIDER, content

replace = msgspec.structs.replace
NOW = 2_000_000_000


def entry(authority: Authority) -> Department:
    """Return the entry that stands in the directory."""
    return authority.trust().departments[OUTSIDER]


def of_key(department: Department, key_id: str) -> PublicKey:
    """Return a department's key by its id."""
    (found,) = (key for key in department.keys if key.key_id == key_id)
    return found


def test_a_revocation_outlasts_the_next_export(authority: Authority) -> None:
    """Else a stolen key would be believed again as soon as its department renews another."""
    before = entry(authority)
    stolen = before.keys[0].key_id
    authority.revoke_key(OUTSIDER, stolen)
    told = of_key(entry(authority), stolen).revoked_at
    assert told is not None
    again = system_clock() // 1000
    authority.admit(replace(before, issued=again, name="青岚市审计局"))
    after = entry(authority)
    assert of_key(after, stolen).revoked_at == told
    assert (after.name, after.issued) == ("青岚市审计局", again)
    assert [key for key in after.keys if key.revoked_at] == [of_key(after, stolen)]


def test_a_revocation_is_published_and_stays_as_it_was(authority: Authority) -> None:
    """Saying it twice moves nothing but the version."""
    key_id, version = entry(authority).keys[0].key_id, authority.trust().version
    authority.revoke_key(OUTSIDER, key_id)
    first = entry(authority)
    assert authority.trust().version == version + 1
    authority.revoke_key(OUTSIDER, key_id)
    assert entry(authority) == first


def test_what_cannot_be_revoked_is_told(authority: Authority, folder: Path) -> None:
    """A department or key that is not there; nothing is published then."""
    before, key_id = content(folder), entry(authority).keys[0].key_id
    with pytest.raises(DepartmentUnknownError):
        authority.revoke_key("11149900MB0C31051U", key_id)
    with pytest.raises(DepartmentUnknownError):
        authority.revoke_key("../../authority", key_id)
    with pytest.raises(KeyUnknownError, match=r"\?"):
        authority.revoke_key(OUTSIDER, "marked-secret-7f3a")
    other = next(name for name in authority.trust().departments if name != OUTSIDER)
    with pytest.raises(KeyUnknownError, match=key_id):
        authority.revoke_key(other, key_id)
    assert content(folder) == before


def test_keys_that_the_new_entry_does_not_list_stay(authority: Authority) -> None:
    """What they signed may be on its way, and a node that began anew has lost them all."""
    before = entry(authority)
    authority.admit(replace(before, keys=before.keys[2:]))
    assert entry(authority).keys == before.keys


def test_an_entry_of_before_is_refused(authority: Authority, folder: Path) -> None:
    """Older than the one here, or without its time; the same one may come again."""
    before, now = entry(authority), system_clock() // 1000
    authority.admit(replace(before, issued=now, suites=(2,)))
    held, published = entry(authority), content(folder)
    for issued in (now - 1, None):
        with pytest.raises(TrustStaleError, match="older than the one here"):
            authority.admit(replace(before, issued=issued))
    assert content(folder) == published
    authority.admit(held)
    assert entry(authority) == held


def test_an_entry_from_the_future_is_refused(authority: Authority) -> None:
    """It would keep every right one out until its time has come."""
    later = system_clock() // 1000 + 3600
    with pytest.raises(TrustStaleError, match="yet to come"):
        authority.admit(replace(entry(authority), issued=later))


def test_a_damaged_entry_is_not_written_over(authority: Authority, folder: Path) -> None:
    """It may hold a revocation."""
    good = entry(authority)
    path = folder / "trust" / "departments" / f"{OUTSIDER}.yaml"
    path.write_bytes(dump_yaml(good).replace(b"revoked_at: null", b"revoked_at: yesterday", 1))
    before = content(folder)
    changes: list[Callable[[], None]] = [
        lambda: authority.admit(good),
        lambda: authority.revoke_key(OUTSIDER, good.keys[0].key_id),
    ]
    for change in changes:
        with pytest.raises(CatalogueInvalidError) as caught:
            change()
        assert f"departments/{OUTSIDER}.yaml:" in caught.value.report()
        assert content(folder) == before


# --- The rules alone


def a_key(name: str, **changes: int | None) -> PublicKey:
    """Return a key by the first letter of its id."""
    key = PublicKey(
        key_id=name * 26,
        purpose=Purpose.SIGNING,
        suite=1,
        public="",
        not_before=0,
        not_after=NOW,
    )
    return replace(key, **changes)


def an_entry(*keys: PublicKey, issued: int | None = None) -> Department:
    """Return an entry with these keys."""
    return Department(id=OUTSIDER, name="x", suites=(1,), keys=keys, issued=issued)


KNOWN: list[tuple[str, PublicKey, PublicKey, PublicKey]] = [
    ("revoked here", a_key("a", revoked_at=5), a_key("a"), a_key("a", revoked_at=5)),
    ("revoked there", a_key("a"), a_key("a", revoked_at=6), a_key("a", revoked_at=6)),
    (
        "revoked on both sides",
        a_key("a", revoked_at=7),
        a_key("a", revoked_at=6),
        a_key("a", revoked_at=6),
    ),
    ("retired here", a_key("a", retired_at=5), a_key("a"), a_key("a", retired_at=5)),
    ("retired since", a_key("a"), a_key("a", retired_at=6), a_key("a", retired_at=6)),
    (
        "retired later",
        a_key("a", retired_at=5),
        a_key("a", retired_at=9),
        a_key("a", retired_at=5),
    ),
    ("of another term", a_key("a"), a_key("a", not_after=9), a_key("a", not_after=9)),
]


@pytest.mark.parametrize(
    ("held", "comes", "stands"), [case[1:] for case in KNOWN], ids=[case[0] for case in KNOWN]
)
def test_a_key_is_never_believed_more_than_before(
    held: PublicKey, comes: PublicKey, stands: PublicKey
) -> None:
    """Whichever of the two entries said less of it."""
    got = admitted(an_entry(comes), an_entry(held), NOW)
    assert got.keys == (stands,)


def test_new_keys_come_behind_those_held() -> None:
    """In the order of the entry."""
    held = an_entry(a_key("a"), a_key("b"))
    got = admitted(an_entry(a_key("c"), a_key("b"), a_key("d")), held, NOW)
    assert [key.key_id[0] for key in got.keys] == ["a", "b", "c", "d"]


TIMES: list[tuple[int | None, int | None, bool]] = [
    (None, None, True),
    (5, None, True),
    (5, 5, True),
    (6, 5, True),
    (4, 5, False),
    (None, 5, False),
    (NOW + 60, 5, True),
    (NOW + 61, 5, False),
    (NOW + 61, None, False),
]


@pytest.mark.parametrize(("comes", "held", "taken"), TIMES)
def test_entries_go_forward_in_time(comes: int | None, held: int | None, taken: bool) -> None:
    """Clocks of honest nodes may differ by a minute."""
    call: Callable[[], Department] = lambda: admitted(  # noqa: E731 - called twice
        an_entry(issued=comes), an_entry(issued=held), NOW
    )
    if taken:
        assert call().issued == comes
    else:
        with pytest.raises(TrustStaleError):
            call()


def test_a_first_entry_is_taken_as_it_stands() -> None:
    """Unless it comes from the future."""
    first = an_entry(a_key("a", revoked_at=3), issued=NOW)
    assert admitted(first, None, NOW) == first
    with pytest.raises(TrustStaleError):
        admitted(replace(first, issued=NOW + 61), None, NOW)


def test_one_key_is_revoked_and_no_other() -> None:
    """At the time told, or when it already was."""
    held = an_entry(a_key("a"), a_key("b"), a_key("c", revoked_at=4))
    assert [key.revoked_at for key in revoked(held, "b" * 26, 9).keys] == [None, 9, 4]
    assert revoked(held, "c" * 26, 9) == held
