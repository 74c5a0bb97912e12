"""The tokens: a few that hold, and one for each thing that a grant can get wrong."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from docs.reference.envelope_vectors.sealing import OPENER, OUTSIDER, SENDER, fixed
from docs.reference.grant_vectors.model import Accepted, GrantFile, GrantKey, ListedIssuer, Refused
from gateway.grants.status import issue_status_list
from gateway.grants.token import encode_segment
from keys.material import SigningKey
from keys.suites import XWING, suite

NOW = 1_793_577_600
DAY = 86_400
ISSUER, NARROW = "urn:example:issuer:main", "urn:example:issuer:narrow"
LIST, LATE_LIST = "urn:example:status:1", "urn:example:status:2"
RESOURCE, PURPOSE, SCENARIO = "3070010010001/000001", "medical-assistance", "住院和门诊救助资格核定"
REVOKED_INDEX, LIST_SIZE = 7, 64
MALFORMED, CLAIM, UNKNOWN = "TOKEN_MALFORMED", "TOKEN_CLAIM_INVALID", "TOKEN_ISSUER_UNKNOWN"


def _signing(name: str) -> SigningKey:
    return suite(XWING).signing_key(fixed(f"issuer key {name}"))


def _key(name: str, **times: int) -> GrantKey:
    public = base64.b64encode(_signing(name).public).decode()
    private = fixed(f"issuer key {name}").hex()
    return GrantKey(
        name=name,
        key_id=_signing(name).key_id,
        private=private,
        public=public,
        not_before=NOW - 30 * DAY,
        not_after=NOW + 30 * DAY,
        **times,
    )


KEYS = {
    key.name: key
    for key in (
        _key("main"),
        _key("revoked", revoked_at=NOW - DAY),
        _key("retired", retired_at=NOW - 2 * DAY),
    )
}
ISSUERS = (
    ListedIssuer(iss=ISSUER, algorithms=("Ed25519",), providers=("*",), resources=("*",)),
    ListedIssuer(
        iss=NARROW, algorithms=("Ed25519",), providers=("*",), resources=("3070010020001/000002",)
    ),
)


def claims(name: str, detail: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Make good claims, changed by name; None takes one away."""
    entry: dict[str, Any] = {
        "type": "gov-data-share",
        "resource": RESOURCE,
        "fields": ["name", "resident_id", "region"],
        "purpose": PURPOSE,
        "scenario": SCENARIO,
        "level": "G2",
        "legal_basis": "《社会救助暂行办法》第五章",
        "actions": ["read"],
        "modes": ["interface", "file"],
        "approval": {"by": "青岚市民政局", "at": NOW - DAY, "reference": "1"},
    }
    good: dict[str, Any] = {
        "iss": ISSUER,
        "sub": OPENER,
        "client_id": "settlement",
        "aud": SENDER,
        "iat": NOW - 3600,
        "nbf": NOW - 3600,
        "exp": NOW + 7 * DAY,
        "jti": encode_segment(fixed(f"jti {name}", 16)),
        "status": {"status_list": {"idx": 3, "uri": LIST}},
        "authorization_details": [_present({**entry, **(detail or {})})],
    }
    return _present({**good, **changes})


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def spell(value: object) -> str:
    """Write JSON in one way."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def token(body: str, key: str = "main", head: str | None = None, **header: Any) -> str:
    """Sign a body; `header` changes names of the header, `head` is one as it stands."""
    usual = {"alg": "Ed25519", "typ": "at+jwt", "kid": KEYS[key].key_id}
    head = spell(_present({**usual, **header})) if head is None else head
    signed = f"{encode_segment(head.encode())}.{encode_segment(body.encode())}"
    return f"{signed}.{encode_segment(_signing(key).sign(signed.encode()))}"


def build() -> GrantFile:
    """Make the file."""
    return GrantFile(
        now=NOW,
        provider=SENDER,
        departments=(SENDER, OPENER, OUTSIDER),
        issuers=ISSUERS,
        keys=tuple(KEYS.values()),
        status_lists={LIST: _list(LIST, NOW, 7), LATE_LIST: _list(LATE_LIST, NOW - 8 * DAY, 7)},
        accepted=tuple(_accepted()),
        refused=(*_form(), *_signature(), *_content(), *_state()),
    )


def _list(uri: str, issued: int, days: int) -> str:
    return issue_status_list(
        iss=ISSUER,
        uri=uri,
        revoked=[REVOKED_INDEX],
        size=LIST_SIZE,
        now=issued,
        lifetime=days * DAY,
        key_id=KEYS["main"].key_id,
        suite_number=XWING,
        sign=_signing("main").sign,
    )


def _accepted() -> Iterator[Accepted]:
    region = {"region": "149900", "rows_per_call": 100, "rows_per_day": 1000}
    for name, about, about_zh, text in (
        ("plain", "an ordinary grant", "一般授权", token(spell(claims("plain")))),
        ("bounded", "with a region and quotas", "带区域和额度",
         token(spell(claims("bounded", region)))),
        ("skewed", "begins 60 s from now: within the skew", "60 秒后生效，在容差之内",
         token(spell(claims("skewed", iat=NOW + 60, nbf=NOW + 60)))),
    ):  # fmt: skip
        digest = suite(XWING).hash(text.encode()).hex()
        yield Accepted(name=name, about=about, about_zh=about_zh, token=text, digest=digest)


Cases = tuple[tuple[str, str, str, str], ...]


def _refused(code: str, cases: Cases) -> Iterator[Refused]:
    for name, about, about_zh, text in cases:
        yield Refused(name=name, code=code, about=about, about_zh=about_zh, token=text)


def _form() -> Iterator[Refused]:
    body = spell(claims("form"))
    good = token(body)
    head, payload, signature = good.split(".")
    kid = KEYS["main"].key_id
    usual = f'"alg":"Ed25519","typ":"at+jwt","kid":"{kid}"'
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = last[(last.index(signature[-1]) & ~15) | ((last.index(signature[-1]) + 1) & 15)]
    yield from _refused(
        MALFORMED,
        (
            ("empty", "no text", "没有内容", ""),
            ("two-segments", "no signature", "缺少签名段", f"{head}.{payload}"),
            ("four-segments", "a segment too many", "多一段", f"{good}.AA"),
            ("padded", "base64 padding", "带有 base64 填充", f"{head}.{payload}.{signature}=="),
            ("respelled", "the same signature in another spelling", "同一签名的另一种拼写",
             f"{head}.{payload}.{signature[:-1]}{other}"),
            ("standard-base64", "a segment in the other alphabet", "使用了标准 base64 字母表",
             f"{head}.{payload}.{'+' + signature[1:]}"),
            ("too-long", "above 8,192 characters", "超过 8192 个字符", good + "A" * 8192),
            ("jwk", "the header brings a key", "头部自带密钥",
             token(body, head=f'{{{usual},"jwk":{{"kty":"OKP"}}}}')),
            ("jku", "the header brings an address of keys", "头部自带密钥地址",
             token(body, head=f'{{{usual},"jku":"urn:example"}}')),
            ("crit", "the header has a `crit`", "头部含 `crit`",
             token(body, head=f'{{{usual},"crit":["b64"],"b64":false}}')),
            ("kid-path", "`kid` is a path", "`kid` 是路径", token(body, kid="../../keys/main")),
            ("no-kid", "no `kid`", "缺少 `kid`", token(body, kid=None)),
            ("header-key-twice", "`alg` stands twice in the header", "头部 `alg` 重复",
             token(body, head=f'{{"alg":"none",{usual}}}')),
            ("claim-twice", "`sub` stands twice", "`sub` 重复",
             token(body[:-1] + f',"sub":"{OUTSIDER}"}}')),
            ("fraction", "`exp` is a fraction", "`exp` 为小数",
             token(body.replace(f'"exp":{NOW + 7 * DAY}', f'"exp":{NOW + 7 * DAY}.0'))),
            ("exponent", "`exp` is 1e400", "`exp` 为 1e400",
             token(body.replace(f'"exp":{NOW + 7 * DAY}', '"exp":1e400'))),
        ),
    )  # fmt: skip


def _signature() -> Iterator[Refused]:
    body = spell(claims("signature"))
    head, payload, signature = token(body).split(".")
    flipped = encode_segment(spell(claims("signature", {"level": "G4"})).encode())
    del payload
    yield from _refused(
        UNKNOWN,
        (
            ("alg-none", "`alg` is none", "`alg` 为 none", token(body, alg="none")),
            ("alg-mac", "`alg` is a MAC", "`alg` 为 MAC", token(body, alg="HS256")),
            ("alg-old-name", "`EdDSA`, which the issuer is not listed with", "签发者未列入 `EdDSA`",
             token(body, alg="EdDSA")),
            ("issuer-unknown", "an issuer that is not listed", "签发者未列入",
             token(spell(claims("signature", iss="urn:example:issuer:nobody")))),
            ("key-unknown", "no such key", "签发者没有该密钥", token(body, kid="a" * 26)),
            ("key-revoked", "a key that is revoked", "密钥已撤销", token(body, "revoked")),
            ("key-retired", "signed after the key retired", "密钥停用之后签发",
             token(body, "retired")),
        ),
    )  # fmt: skip
    yield from _refused(
        "TOKEN_SIGNATURE_INVALID",
        (("claims-changed", "the level was raised", "授权级别被改动",
          f"{head}.{flipped}.{signature}"),),
    )  # fmt: skip


def _content() -> Iterator[Refused]:
    def of(detail: dict[str, Any] | None = None, **changes: Any) -> str:
        return token(spell(claims("content", detail, **changes)))

    yield from _refused(
        CLAIM,
        (
            ("typ", "`typ` is JWT", "`typ` 为 JWT", token(spell(claims("content")), typ="JWT")),
            ("no-exp", "no `exp`", "缺少 `exp`", of(exp=None)),
            ("no-jti", "no `jti`", "缺少 `jti`", of(jti=None)),
            ("no-sub", "no `sub`", "缺少 `sub`", of(sub=None)),
            ("no-status", "no `status`", "缺少 `status`", of(status=None)),
            ("aud-list", "`aud` is a list with us in it", "`aud` 为列表",
             of(aud=[SENDER, OUTSIDER])),
            ("unknown-claim", "a claim that grants do not have", "未知的声明", of(scope="all")),
            ("unknown-detail", "a detail that grants do not have", "未知的授权项",
             of({"locations": []})),
            ("two-details", "two authorization details", "两项授权",
             of(authorization_details=claims("content")["authorization_details"] * 2)),
            ("action", "another action than read", "动作不是 read", of({"actions": ["write"]})),
            ("level", "a level that the grade scheme lacks", "分级方案中没有该级别",
             of({"level": "G9"})),
            ("field", "a field that is not catalogued", "含有未编目字段",
             of({"fields": ["name", "blood_type"]})),
            ("field-twice", "a field stands twice", "字段重复", of({"fields": ["name", "name"]})),
            ("region-field", "a region without the field that tells it", "未包含区划字段",
             of({"fields": ["name"], "region": "149900"})),
            ("ends-first", "it ends when it begins", "结束不晚于开始", of(exp=NOW - 3600)),
        ),
    )  # fmt: skip
    for code, name, about, about_zh, text in (
        ("TOKEN_AUDIENCE_WRONG", "audience", "for another provider", "发给另一提供部门",
         of(aud=OUTSIDER)),
        ("DEPARTMENT_UNKNOWN", "requester", "the requester is not in trust data",
         "信任数据中没有使用部门", of(sub="11149900MB0C150328")),
        ("TOKEN_ISSUER_SCOPE", "scope", "a resource that the issuer may not grant",
         "签发者无权授权该资源", of(iss=NARROW)),
        ("RESOURCE_UNCATALOGUED", "resource", "a resource that is not catalogued", "资源未编目",
         of({"resource": "9999999999999/000001"})),
        ("PURPOSE_NOT_GRANTED", "scenario", "a scenario that the purpose lacks", "用途没有该场景",
         of({"scenario": "其他"})),
    ):  # fmt: skip
        yield from _refused(code, ((name, about, about_zh, text),))


def _state() -> Iterator[Refused]:
    def status(index: int, uri: str = LIST) -> str:
        reference = {"status_list": {"idx": index, "uri": uri}}
        return token(spell(claims("state", status=reference)))

    good, jti = token(spell(claims("state"))), str(claims("state")["jti"])
    for code, name, about, about_zh, text, more in (
        ("TOKEN_EXPIRED", "expired", "60 s after its end", "到期 60 秒后", good,
         {"now": NOW + 7 * DAY + 60}),
        ("TOKEN_NOT_YET_VALID", "early", "61 s before its beginning", "生效前 61 秒",
         token(spell(claims("state", iat=NOW + 61, nbf=NOW + 61))), {}),
        ("TOKEN_REVOKED", "revoked", "its status is 1", "状态为 1", status(REVOKED_INDEX), {}),
        ("TRUST_STALE", "list-unknown", "its status list is not here", "缺少状态列表",
         status(3, "urn:example:status:9"), {}),
        ("TRUST_STALE", "list-ended", "its status list has ended", "状态列表已过期",
         status(3, LATE_LIST), {}),
        ("TRUST_STALE", "list-short", "the status list ends before its index",
         "状态列表未包含该授权", status(LIST_SIZE), {}),
        ("TOKEN_BLOCKED", "blocked-requester", "the provider blocked the requester",
         "使用部门被封禁", good, {"blocked_requesters": (OPENER,)}),
        ("TOKEN_BLOCKED", "blocked-grant", "the provider blocked the grant", "授权被封禁", good,
         {"blocked_grants": (jti,)}),
    ):  # fmt: skip
        yield Refused(name=name, code=code, about=about, about_zh=about_zh, token=text, **more)
