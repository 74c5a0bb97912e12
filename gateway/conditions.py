"""What a node needs to work, judged from values: each condition raises what a call would. No I/O.

`judge` turns an outcome into a `Condition`; `gateway.readiness` reads what is judged here.
"""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from msgspec import Struct

from gateway.errors import ConfigurationInvalidError, TrustStaleError
from gateway.model.times import MAX_SKEW, utc
from gateway.model.trust import Blocks, Snapshot, Trust
from gateway.parties import Parties, check_snapshot, find_department, usable
from gateway.ports import KeyProvider
from keys.errors import KeyUnavailableError, SealgateError
from keys.material import Purpose
from keys.ports import KeyInfo
from masking.counting import counted
from masking.errors import PolicyMissingError
from masking.policy import Policy

DAY = 86_400
# Time to make new keys and to have them admitted everywhere.
KEY_WARNING_DAYS = 30
# Time to issue new ones and to hand them out.
CERTIFICATE_WARNING_DAYS = 30
# Time to find out why no newer trust data comes.
TRUST_WARNING_DAYS = 3

State = Literal["ok", "warning", "failed"]


class Condition(Struct, frozen=True, kw_only=True):
    """One condition: what was found, or why it fails.

    `days` is for how many whole days it will hold, where that is known;
    `refusal` is what a call meets that needs it, None while it holds.
    """

    name: str
    title_zh: str
    text: str
    text_zh: str
    days: int | None = None
    warning: bool = False
    refusal: SealgateError | None = None

    @property
    def state(self) -> State:
        """Sum it up in one word."""
        if self.refusal is not None:
            return "failed"
        return "warning" if self.warning else "ok"


class Finding(NamedTuple):
    """What was found of a condition that holds."""

    text: str
    text_zh: str
    days: int | None = None
    warning: bool = False


def judge(name: str, title_zh: str, look: Callable[[], Finding]) -> Condition:
    """Make a condition of what `look` returns or raises."""
    try:
        found = look()
    except SealgateError as refusal:
        return Condition(
            name=name,
            title_zh=title_zh,
            text=refusal.message,
            text_zh=refusal.message_zh,
            refusal=refusal,
        )
    return Condition(name=name, title_zh=title_zh, **found._asdict())


def keys_usable(keys: Iterable[KeyInfo], now: int) -> Finding:
    """Look for an active key of every purpose, in force at `now`, Unix seconds.

    Raises: KeyUnavailableError naming every purpose without one.
    """
    active: dict[Purpose, list[KeyInfo]] = {purpose: [] for purpose in Purpose}
    for key in keys:
        if key.state == "active":
            active[key.purpose].append(key)
    days = {
        purpose: min((key.not_after - now) // DAY for key in held if key.valid_at(now))
        for purpose, held in active.items()
        if any(key.valid_at(now) for key in held)
    }
    missing = [purpose for purpose in Purpose if purpose not in days]
    if missing:
        raise KeyUnavailableError(
            reason=f"no active key is valid now for: {', '.join(missing)}",
            reason_zh=f"当前没有有效的启用密钥：{'、'.join(one.title_zh for one in missing)}",
        )
    ended = any(not key.valid_at(now) for held in active.values() for key in held)
    return Finding(
        "days left: " + ", ".join(f"{purpose} {left}" for purpose, left in days.items()),
        "剩余天数：" + "，".join(f"{purpose.title_zh} {left}" for purpose, left in days.items()),
        min(days.values()),
        warning=ended or min(days.values()) < KEY_WARNING_DAYS,
    )


def trust_fresh(trust: Trust, now: int) -> Finding:
    """Look whether trust data and its status lists are fresh at `now`, Unix seconds.

    Raises: TrustStaleError, also where every status list has ended.
    """
    # A clock that is behind is another condition.
    check_snapshot(_only(trust), max(now, trust.issued) * 1000)
    ended = [found for found in trust.status_lists.values() if now >= found.expires]
    if ended and len(ended) == len(trust.status_lists):
        raise TrustStaleError(
            reason="every status list has ended", reason_zh="所有状态列表均已过期"
        )
    days, issued, until = (trust.expires - now) // DAY, utc(trust.issued), utc(trust.expires)
    text = f"version {trust.version} of {issued}, fresh until {until}, {counted(days, 'day')} left"
    text_zh = f"版本 {trust.version}，有效至 {until}，剩余 {days} 天"
    if ended:
        text += f"; {len(ended)} of {len(trust.status_lists)} status lists ended"
        text_zh += f"；{len(ended)} 个状态列表已过期"
    return Finding(text, text_zh, days, warning=bool(ended) or days < TRUST_WARNING_DAYS)


def directory_knows(trust: Trust, department: str, keys: KeyProvider, now: int) -> Finding:
    """Look whether others can verify what we sign, and seal to us, at `now`, Unix seconds.

    Raises: DepartmentUnknownError, KeyUnavailableError.
    """
    snapshot = _only(trust)
    ours = find_department(department, snapshot)
    own = keys.list_keys()
    Parties(department, keys).sender_key(own, snapshot, now * 1000)
    held = {key.key_id for key in own if key.purpose is Purpose.OPENING}
    known = [
        key
        for key in ours.keys
        if key.purpose is Purpose.OPENING and key.key_id in held and usable(key, now * 1000)
    ]
    if not known:
        raise KeyUnavailableError(
            reason="trust data holds no opening key of ours in force, so nobody could seal to us",
            reason_zh="信任数据中没有我方有效的解封公钥，对方将无法密封给我方",
        )
    return Finding(
        "our signing and opening keys are in trust data", "我方签名和解封公钥均在信任数据中"
    )


def clock_right(trust: Trust | None, now: int) -> Finding:
    """Look whether the clock, Unix seconds, is not behind the newest time of trust data.

    Raises: TrustStaleError.
    """
    if trust is None:
        return Finding("no signed time to hold it against", "没有可比对的签名时间")
    newest = max([trust.issued, *(found.issued for found in trust.status_lists.values())])
    if now + MAX_SKEW < newest:
        raise TrustStaleError(
            reason=f"this clock says {utc(now)}, before {utc(newest)} in trust data",
            reason_zh=f"本机时钟为 {utc(now)}，早于信任数据中的 {utc(newest)}",
        )
    return Finding(f"{utc(now)}, not before {utc(newest)}", f"{utc(now)}，不早于 {utc(newest)}")


def policy_valid(policy: Policy | None, trust: Trust | None, department: str) -> Finding:
    """Look whether what we provide has a policy.

    None is no fault: a node that only opens needs none.
    Raises: PolicyMissingError where it is another department's.
    """
    if policy is not None:
        if policy.provider != department:
            raise PolicyMissingError(provider=department)
        name = f"{policy.id} {policy.version}"
        rules = len(policy.rules)
        return Finding(f"{name}, {counted(rules, 'rule')}", f"{name}，{rules} 条规则")
    resources = trust.catalogue.resources.values() if trust is not None else ()
    ours = sum(resource.provider.department == department for resource in resources)
    if not ours:
        return Finding("none, and nothing of ours is catalogued", "无；目录中没有我方资源")
    return Finding(
        f"none: {counted(ours, 'resource')} of ours cannot leave",
        f"无：我方 {ours} 个资源均不能提供",
        warning=True,
    )


def certificates_valid(
    expires: int, problem: ConfigurationInvalidError | None, now: int
) -> Finding:
    """Look until when the sidecar's certificates hold, at `now`, Unix seconds.

    `problem` is why newer files were not taken over: the good ones before them serve.
    Raises: ConfigurationInvalidError.
    """
    days = (expires - now) // DAY
    if now >= expires:
        raise ConfigurationInvalidError(
            reason=f"the certificates of the sidecar ended on {utc(expires)}; renew them",
            reason_zh=f"网关服务的证书已于 {utc(expires)} 到期，请更新",
        )
    text = f"until {utc(expires)}, {counted(days, 'day')} left"
    text_zh = f"有效至 {utc(expires)}，剩余 {days} 天"
    if problem is not None:
        text += f"; newer files were not taken over: {problem.message}"
        text_zh += f"；新文件未被采用：{problem.message_zh}"
    return Finding(
        text, text_zh, days, warning=problem is not None or days < CERTIFICATE_WARNING_DAYS
    )


def blocks_read(blocks: Blocks) -> Finding:
    """Tell how much the provider cut off itself."""
    requesters, grants = len(blocks.requesters), len(blocks.grants)
    return Finding(
        f"{counted(requesters, 'requester')} and {counted(grants, 'grant')} are cut off",
        f"已封禁 {requesters} 个使用部门、{grants} 个授权",
    )


def _only(trust: Trust) -> Snapshot:
    return Snapshot(number=0, trust=trust, policy=None, blocks=Blocks())
