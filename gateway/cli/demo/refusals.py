"""What must not happen, each really tried."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from gateway.cli.demo.stage import Act, Played, Stage
from gateway.grants.token import parse_token
from gateway.model.call import Row, SealRequest
from gateway.model.trust import Blocks
from gateway.stores.clock import system_clock
from gateway.stores.files import write_whole
from keys.errors import SealgateError

DAY = 86_400


class Refused(NamedTuple):
    """An attempt, in both languages, and the refusal that it met."""

    attempt_zh: str
    attempt: str
    refusal: SealgateError


class _Named(msgspec.Struct):
    jti: str


def _jti(token: str) -> str:
    return msgspec.json.decode(parse_token(token).payload, type=_Named).jti


def try_what_is_refused(stage: Stage, act: Act, played: Played) -> Iterator[Refused]:
    """Try each; tell how it was refused.

    Raises: AssertionError if one was not.
    """
    for zh, en, attempt in _attempts(stage, act, played):
        try:
            attempt()
        except SealgateError as refusal:
            yield Refused(zh, en, refusal)
        else:
            raise AssertionError(f"the demo was not refused: {en}")


def _attempts(
    stage: Stage, act: Act, played: Played
) -> Iterator[tuple[str, str, Callable[[], object]]]:
    asker, asked = stage.node(act.asker), stage.node(act.asked)
    request, envelope = played.request, played.sealed.envelope

    def with_field(name: str) -> SealRequest:
        record: Row = {**played.records[0], name: "1"}
        return msgspec.structs.replace(request, records=msgspec.json.encode([record]))

    def with_grant(token: str) -> SealRequest:
        stage.world.share_trust()
        return msgspec.structs.replace(request, grant=token)

    yield "未编目字段", "uncatalogued field", lambda: asked.seal(with_field("blood_type"))
    yield "授权外字段", "field out of scope", lambda: asked.seal(with_field("household_size"))
    expired = with_grant(stage.issue(act, begins=system_clock() // 1000 - 10 * DAY, days=5))
    yield "过期授权", "expired grant", lambda: asked.seal(expired)
    token = stage.issue(act)
    stage.revoke(_jti(token))
    revoked = with_grant(token)
    yield "已撤销授权", "revoked grant", lambda: asked.seal(revoked)
    blocked = with_grant(stage.issue(act))
    yield "被封禁授权", "blocked grant", lambda: _seal_blocked(stage, act, blocked)
    broken = bytearray(envelope)
    broken[len(broken) // 2] ^= 1
    yield "篡改一个比特", "one bit flipped", lambda: asker.open(bytes(broken))
    outsider = stage.node("outsider")
    yield "他部门的授权", "another department's grant", lambda: outsider.seal(request)
    yield "错误的接收方", "wrong recipient", lambda: outsider.open(envelope)
    yield "重放", "replay", lambda: asker.open(envelope)


def _seal_blocked(stage: Stage, act: Act, request: SealRequest) -> None:
    asked = stage.node(act.asked)
    path = asked.places.blocks
    held = msgspec.to_builtins(Blocks(grants=frozenset({_jti(request.grant)})))
    write_whole(path, msgspec.json.encode(held))
    try:
        asked.seal(request)
    finally:
        path.unlink()
