"""The ring: laws over every sequence of changes, and the table of what opens when."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.errors import KeysError, KeyUnavailableError, KeyUnknownError
from keys.material import Purpose
from keys.ports import KeyInfo, KeyState
from keys.ring import Keys, Ring, activate_next, add, retire, rotate

DAY = 86_400
CAP = 7 * DAY
START = 1_000_000


def info(number: int, **changed: Any) -> KeyInfo:
    """Return an active opening key of suite 1, valid for 30 days from `START`."""
    key = KeyInfo(
        key_id="abcdefghijklmnopqrstuvwx" + "abcdefghijklmnopqrstuvwxyz234567"[number % 32] + "a",
        purpose=Purpose.OPENING,
        suite=1,
        state="active",
        not_before=START,
        not_after=START + 30 * DAY,
    )
    return msgspec.structs.replace(key, **changed)


def numbered(number: int, purpose: Purpose, suite: int, state: KeyState, now: int) -> KeyInfo:
    """Return the `number`th key of a history."""
    return KeyInfo(
        key_id=f"key-{number}",
        purpose=purpose,
        suite=suite,
        state=state,
        not_before=now,
        not_after=now + 20 * DAY,
    )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["new next", "new active", "activate", "rotate", "retire"]),
        st.sampled_from([Purpose.OPENING, Purpose.SIGNING]),
        st.sampled_from([1, 2]),
        st.integers(0, 12 * DAY),
        st.integers(0, 100),
    ),
    max_size=25,
)


def apply(keys: Keys, step: tuple[str, Purpose, int, int, int], now: int) -> Keys:
    """Return the keys after one step, or as they were where it is refused."""
    what, purpose, suite, _, choice = step
    try:
        if what.startswith("new"):
            state: KeyState = "active" if what == "new active" else "next"
            return add(keys, numbered(len(keys), purpose, suite, state, now))
        if what == "activate":
            return activate_next(keys, purpose, suite, now)
        if what == "rotate":
            return rotate(keys, purpose, suite, now)
        return retire(keys, keys[choice % len(keys)].key_id if keys else "none", now)
    except KeysError:
        return keys


@settings(deadline=None)
@given(STEPS)
def test_there_is_never_more_than_one_active_key_and_rotation_leaves_one(
    steps: list[tuple[str, Purpose, int, int, int]],
) -> None:
    """Of every purpose and suite, whatever happens in whatever order.

    Only `retire` ends an active key without another in its place; no key is
    ever lost or renamed, and a retirement is never moved.
    """
    keys: Keys = ()
    now = START
    for step in steps:
        now += step[3]
        after = apply(keys, step, now)
        Ring(after)
        assert [key.key_id for key in after[: len(keys)]] == [key.key_id for key in keys]
        for purpose in Purpose:
            for suite in (1, 2):
                active = [_active(some, purpose, suite) for some in (keys, after)]
                assert active[1] <= 1
                if step[0] != "retire":
                    assert active[1] >= active[0]
        for before, key in zip(keys, after, strict=False):
            if before.state == "retired":
                assert key == before
            assert (key.state == "retired") == (key.retired_at is not None)
        keys = after


@settings(deadline=None)
@given(STEPS)
def test_rotation_retires_the_active_key_at_that_moment(
    steps: list[tuple[str, Purpose, int, int, int]],
) -> None:
    """And the next key serves from the same second on."""
    keys: Keys = ()
    now = START
    for step in steps:
        now += step[3]
        keys = apply(keys, step, now)
    _, purpose, suite, _, _ = steps[0] if steps else ("", Purpose.OPENING, 1, 0, 0)
    was = [key for key in keys if key.state == "active" and _is(key, purpose, suite)]
    try:
        after = Ring(rotate(keys, purpose, suite, now))
    except KeyUnavailableError:
        ready = [key for key in keys if key.state == "next" and _is(key, purpose, suite)]
        assert not any(key.valid_at(now) for key in ready)
        return
    fresh = after.active(purpose, suite=suite, at=now)
    assert fresh.key_id not in [key.key_id for key in was]
    for key in was:
        assert after.get(key.key_id).state == "retired"
        assert after.get(key.key_id).retired_at == now


@settings(deadline=None)
@given(
    retired_after=st.integers(0, 60 * DAY),
    cap=st.integers(0, 10 * DAY),
    at=st.integers(-DAY, 90 * DAY),
)
def test_a_retired_key_opens_until_retirement_plus_cap_and_not_after(
    retired_after: int, cap: int, at: int
) -> None:
    """Or until its validity ended plus cap, if that was earlier: nothing was sealed after it."""
    keys = retire((info(0),), info(0).key_id, START + retired_after)
    last = START + min(retired_after, 30 * DAY) + cap
    ring = Ring(keys)
    assert ring.can_open(info(0).key_id, START + at, cap) == (at >= 0 and START + at <= last)


@pytest.mark.parametrize(
    ("changed", "at", "opens"),
    [
        ({}, START - 1, False),
        ({}, START, True),
        ({}, START + 30 * DAY, True),
        ({}, START + 30 * DAY + CAP, True),
        ({}, START + 30 * DAY + CAP + 1, False),
        ({"state": "next"}, START, True),
        ({"state": "next"}, START - 1, False),
        ({"state": "retired", "retired_at": START + DAY}, START + DAY + CAP, True),
        ({"state": "retired", "retired_at": START + DAY}, START + DAY + CAP + 1, False),
        ({"state": "retired", "retired_at": START + 40 * DAY}, START + 30 * DAY + CAP, True),
        ({"state": "retired", "retired_at": START + 40 * DAY}, START + 30 * DAY + CAP + 1, False),
        ({"purpose": Purpose.SIGNING}, START, False),
        ({"purpose": Purpose.LEDGER}, START, False),
        ({"purpose": Purpose.PSEUDONYM}, START, False),
    ],
)
def test_what_opens_when(changed: dict[str, Any], at: int, opens: bool) -> None:
    """The borders, second by second; no other purpose opens."""
    assert Ring([info(0, **changed)]).can_open(info(0).key_id, at, CAP) is opens


@pytest.mark.parametrize(
    ("at", "found"),
    [(START - 1, False), (START, True), (START + 30 * DAY - 1, True), (START + 30 * DAY, False)],
)
def test_an_active_key_serves_within_its_validity(at: int, found: bool) -> None:
    """From its first second to the last before its end."""
    ring = Ring([info(0)])
    if found:
        assert ring.active(Purpose.OPENING, at=at).key_id == info(0).key_id
    else:
        with pytest.raises(KeyUnavailableError, match="no active opening key is valid now"):
            ring.active(Purpose.OPENING, at=at)


def test_without_a_suite_the_lowest_number_is_preferred() -> None:
    """Suite 1 is the default; an expired key of it gives way to suite 2."""
    one, two = info(0, not_after=START + DAY), info(1, suite=2)
    ring = Ring([two, one])
    assert ring.active(Purpose.OPENING, at=START) == one
    assert ring.active(Purpose.OPENING, at=START + DAY) == two
    assert ring.active(Purpose.OPENING, suite=2, at=START) == two
    with pytest.raises(KeyUnavailableError, match="of suite 1 is valid"):
        ring.active(Purpose.OPENING, suite=1, at=START + DAY)
    with pytest.raises(KeyUnavailableError) as refusal:
        ring.active(Purpose.SIGNING, suite=2, at=START)
    assert refusal.value.message_zh == "当前没有有效的套件 2 启用签名密钥"


def test_a_ring_refuses_two_keys_for_one_place() -> None:
    """Two active ones of a purpose and suite, or one id twice."""
    with pytest.raises(KeyUnavailableError, match="already active"):
        Ring([info(0), info(1)])
    with pytest.raises(KeyUnavailableError, match="same id"):
        Ring([info(0), info(0, state="next")])
    with pytest.raises(KeyUnavailableError, match="already active"):
        add((info(0),), info(1))
    with pytest.raises(KeyUnavailableError, match="already active"):
        activate_next((info(0), info(1, state="next")), Purpose.OPENING, 1, START)


def test_rotation_without_a_next_key_retires_nothing() -> None:
    """Neither without one, nor with one of another purpose, suite or time."""
    others = (
        info(0),
        info(1, state="next", suite=2),
        info(2, state="next", purpose=Purpose.SIGNING),
        info(3, state="next", not_before=START + 2),
        info(4, state="next", not_after=START + 1),
    )
    with pytest.raises(KeyUnavailableError, match="no next opening key of suite 1"):
        rotate(others, Purpose.OPENING, 1, START + 1)


def test_of_several_next_keys_the_oldest_is_activated() -> None:
    """The one that has been published longest."""
    keys = (info(0), info(1, state="next", not_before=START + 2), info(2, state="next"))
    ring = Ring(rotate(keys, Purpose.OPENING, 1, START + 3))
    assert ring.active(Purpose.OPENING, at=START + 3).key_id == info(2).key_id


def test_an_unknown_id_is_named_only_if_it_looks_like_one() -> None:
    """What came from outside is not repeated in an error."""
    ring = Ring([info(0)])
    with pytest.raises(KeyUnknownError, match=info(1).key_id):
        ring.get(info(1).key_id)
    for strange in ["110101199001011237", "a" * 25 + "\n", "A" * 26, ""]:
        with pytest.raises(KeyUnknownError) as refusal:
            ring.can_open(strange, START, CAP)
        assert refusal.value.message == "no key with id ? is known here"
    with pytest.raises(KeyUnknownError):
        retire(ring.keys, info(1).key_id, START)


def _is(key: KeyInfo, purpose: Purpose, suite: int) -> bool:
    return (key.purpose, key.suite) == (purpose, suite)


def _active(keys: Keys, purpose: Purpose, suite: int) -> int:
    return sum(key.state == "active" and _is(key, purpose, suite) for key in keys)
