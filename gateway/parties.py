"""The parties of an envelope, as the trust data of a call knows them."""

from functools import lru_cache
from math import inf

from msgspec import Struct

from gateway.envelope.header import Header
from gateway.envelope.sealing import Route, make_route
from gateway.errors import DepartmentUnknownError, TrustStaleError
from gateway.model.times import MAX_SKEW, utc
from gateway.model.trust import Department, PublicKey, Snapshot
from gateway.ports import KeyProvider
from keys.errors import KeyUnavailableError, SuiteRefusedError
from keys.material import Purpose, VerifyingKey
from keys.ports import KeyInfo
from keys.ring import Ring, unknown
from keys.suites import suite

# Clocks of honest nodes differ by less.
MAX_SKEW_MS = MAX_SKEW * 1000
# Parsed public keys kept: those of every department of a province fit.
MAX_PARSED = 1024


def check_snapshot(snapshot: Snapshot, now: int) -> None:
    """Check that trust data is fresh at `now`, Unix ms, and not ahead of the clock.

    Raises: TrustStaleError.
    """
    trust = snapshot.trust
    if now >= trust.expires * 1000:
        ended = utc(trust.expires)
        raise TrustStaleError(
            reason=f"trust data ended at {ended}", reason_zh=f"信任数据已于 {ended} 过期"
        )
    if now + MAX_SKEW_MS < trust.issued * 1000:
        raise TrustStaleError(
            reason="this clock is behind the trust data", reason_zh="本机时钟落后于信任数据"
        )


def usable(key: PublicKey, now: int) -> bool:
    """Tell whether a public key is in force at `now`, Unix ms."""
    seconds = now // 1000
    if key.revoked_at is not None or (key.retired_at is not None and key.retired_at <= seconds):
        return False
    return key.not_before <= seconds < key.not_after


def check_recipient(route: Route, snapshot: Snapshot, now: int) -> None:
    """Check that the key an envelope was just sealed to is still in force.

    Raises: KeyUnavailableError, DepartmentUnknownError.
    """
    department = find_department(route.recipient, snapshot)
    key = department.key(route.recipient_key.key_id, Purpose.OPENING)
    if key is None or not usable(key, now):
        raise _no_opening_key(route.recipient)


def find_department(department: str, snapshot: Snapshot) -> Department:
    """Return a department of the directory.

    Raises: DepartmentUnknownError.
    """
    found = snapshot.trust.departments.get(department)
    if found is None:
        raise DepartmentUnknownError(department=department)
    return found


def find_verifying_key(header: Header, snapshot: Snapshot) -> VerifyingKey:
    """Return the sender's key that was in force when the envelope was made.

    Raises: DepartmentUnknownError, KeyUnknownError, KeyUnavailableError.
    """
    department = find_department(header.sender, snapshot)
    key = department.key(header.sender_key_id, Purpose.SIGNING)
    if key is None:
        raise unknown(header.sender_key_id, Purpose.SIGNING)
    created = header.created // 1000
    ended = key.not_after if key.retired_at is None else min(key.retired_at, key.not_after)
    if key.revoked_at is not None or not key.not_before <= created < ended:
        raise KeyUnavailableError(
            reason=f"signing key {key.key_id} is revoked or was not valid then",
            reason_zh=f"签名密钥 {key.key_id} 已撤销或当时不在有效期内",
        )
    if suite(key.suite).jws_algorithm != suite(header.suite).jws_algorithm:
        raise SuiteRefusedError(
            suite=header.suite,
            reason="the sender's key is of another",
            reason_zh="发送方密钥属另一套件",
        )
    return _verifying_key(key.suite, key.raw)


@lru_cache(MAX_PARSED)
def _verifying_key(number: int, public: bytes) -> VerifyingKey:
    return suite(number).verifying_key(public)


def _no_opening_key(department: str) -> KeyUnavailableError:
    return KeyUnavailableError(
        reason=f"department {department} has no current opening key in trust data",
        reason_zh=f"信任数据中没有部门 {department} 的有效解封公钥",
    )


class Parties:
    """Chooses the keys of both sides of an envelope that we send."""

    def __init__(self, department: str, keys: KeyProvider) -> None:
        self._department, self._keys = department, keys
        self._chosen: dict[tuple[int, str, tuple[int, ...], int | None], _Choice] = {}

    def route(
        self,
        requester: str,
        snapshot: Snapshot,
        suites: tuple[int, ...],
        wanted: int | None,
        now: int,
    ) -> Route:
        """Choose suite and keys: the first of `suites` that the requester accepts.

        Raises: DepartmentUnknownError, SuiteRefusedError, KeyUnavailableError.
        """
        keys = self._keys.list_keys()
        place = (snapshot.number, requester, suites, wanted)
        choice = self._chosen.get(place)
        if choice is None or choice.keys != keys or not choice.since <= now < choice.until:
            if len(self._chosen) >= MAX_PARSED:
                self._chosen.clear()
            recipient = find_department(requester, snapshot)
            theirs = _recipient_key(recipient, suites, wanted, now)
            ours = self.sender_key(keys, snapshot, now)
            held = Ring(keys).get(ours.key_id).not_after * 1000
            until = min(_end(theirs), _end(ours), held, _next_start(recipient, now))
            choice = _Choice(keys, now, until, self._connect(ours, requester, theirs))
            self._chosen[place] = choice
        return choice.route

    def sender_key(self, keys: tuple[KeyInfo, ...], snapshot: Snapshot, now: int) -> PublicKey:
        """Return which of our keys signs, as the directory knows it.

        Raises: KeyUnavailableError.
        """
        key_id = Ring(keys).active(Purpose.SIGNING, at=now // 1000).key_id
        ours = snapshot.trust.departments.get(self._department)
        known = None if ours is None else ours.key(key_id, Purpose.SIGNING)
        if known is None or not usable(known, now):
            raise KeyUnavailableError(
                reason=f"our signing key {key_id} is not in trust data, so nobody could verify it",
                reason_zh=f"信任数据中没有我方签名公钥 {key_id}，对方将无法验证",
            )
        return known

    def _connect(self, ours: PublicKey, requester: str, theirs: PublicKey) -> Route:
        chosen = suite(theirs.suite)
        sealing_key = chosen.sealing_key(theirs.raw)
        return make_route(chosen, self._department, ours.key_id, requester, sealing_key)


class _Choice(Struct, frozen=True):
    """A route, and what it was chosen from.

    It stands for our `keys` from `since` to `until`, Unix ms, when one of its
    keys ends or another of the recipient's begins.
    """

    keys: tuple[KeyInfo, ...]
    since: int
    until: float
    route: Route


def _recipient_key(
    department: Department, suites: tuple[int, ...], wanted: int | None, now: int
) -> PublicKey:
    allowed = [number for number in suites if number in department.suites]
    if wanted is not None:
        allowed = [number for number in allowed if number == wanted]
    if not allowed:
        raise SuiteRefusedError(
            suite="(any)" if wanted is None else wanted,
            reason="our policy and the requester do not both accept it",
            reason_zh="我方策略与使用部门未共同接受",
        )
    for number in allowed:
        key = max(
            (
                key
                for key in department.keys
                if key.purpose is Purpose.OPENING and key.suite == number and usable(key, now)
            ),
            key=lambda key: (key.not_before, key.key_id),
            default=None,
        )
        if key is not None:
            return key
    raise _no_opening_key(department.id)


def _end(key: PublicKey) -> int:
    """Return when a usable key ends, Unix ms."""
    return min(key.not_after, key.retired_at or key.not_after) * 1000


def _next_start(department: Department, now: int) -> float:
    starts = (key.not_before * 1000 for key in department.keys)
    return min((start for start in starts if start > now), default=inf)
