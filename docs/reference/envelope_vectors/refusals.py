"""What must be refused, one fault to a vector, with the code that is due.

Faults that come to light before decryption leave the payload as it is and are
signed anew; so a reader that misses one of them gets further, to another code.
"""

import base64
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from docs.reference.envelope_vectors.cases import stream_header
from docs.reference.envelope_vectors.model import Negative, Positive, Splices, Stream, difference
from docs.reference.envelope_vectors.sealing import (
    CREATED,
    DAY,
    GRANT,
    KEYS,
    NOW,
    OUTSIDER,
    Parts,
    checkpoint,
    contents,
    header,
    manifest,
    ordinary,
    rows,
    seal,
    wrap,
)
from docs.reference.envelope_vectors.sealing import (
    padded as pad,
)
from gateway.envelope.header import Header, write_header
from gateway.envelope.opening import parse_envelope
from gateway.envelope.wire import write_message, write_varint

BASE = "x25519"
# Larger differences are given as whole envelopes.
MAX_SPLICED = 2000
MALFORMED, MANIFEST = "ENVELOPE_MALFORMED", "ENVELOPE_MANIFEST_WRONG"
UNDECRYPTABLE, BROKEN = "ENVELOPE_UNDECRYPTABLE", "STREAM_BROKEN"


class Case(NamedTuple):
    """A name, the code that is due, and what is wrong in English and Chinese."""

    name: str
    code: str
    about: str
    about_zh: str


class Refusals:
    """Makes the negative vectors out of those that open."""

    def __init__(self, positives: tuple[Positive, ...], stream: Stream) -> None:
        by_name = {each.name: each for each in positives}
        self._data = by_name[BASE].data()
        parsed = parse_envelope(self._data)
        self._head: Header = parsed.header
        self._parts = Parts(
            header=parsed.header_bytes, wrapped_key=parsed.wrapped_key, payload=parsed.payload
        )
        self._chunks = by_name["x25519-chunks"]
        self._stream = stream

    def all(self) -> tuple[Negative, ...]:
        """Make them all, in the order of the checks."""
        return (
            *self._wire_form(),
            *self._header_form(),
            *self._parties(),
            *self._times(),
            *self._decryption(),
            *self._padding(),
            *self._manifests(),
            *self._checkpoints(),
            *self._streams(),
        )

    def _spliced(self, case: Case, splices: Splices, **more: Any) -> Negative:
        return Negative(**case._asdict(), base=BASE, splices=splices, **more)

    def _changed(self, case: Case, change: Callable[[bytes], bytes]) -> Negative:
        """Change bytes of the base."""
        changed = change(self._data)
        splices = difference([self._data], [changed])
        if sum(len(replacement) for _, _, replacement in splices) <= MAX_SPLICED:
            return self._spliced(case, splices)
        return Negative(**case._asdict(), envelope=base64.b64encode(changed).decode())

    def _signed(self, case: Case, **changes: Any) -> Negative:
        """Change parts of the base and sign them."""
        parts = replace(self._parts, **changes)
        splices = difference(self._parts.fields(), parts.fields())
        if sum(len(replacement) for _, _, replacement in splices) > MAX_SPLICED:
            return self._whole(case, parts)
        return self._spliced(case, splices)

    def _header(self, case: Case, signer: str = "sender", **changes: Any) -> Negative:
        """Change fields of the base's header and sign."""
        head = write_header(replace(self._head, **changes))
        return self._signed(case, header=head, signer=signer)

    def _whole(self, case: Case, parts: Parts) -> Negative:
        envelope = base64.b64encode(parts.envelope()).decode()
        return Negative(**case._asdict(), envelope=envelope)

    def _wire_form(self) -> Iterator[Negative]:
        fields = self._parts.fields()
        signature = fields[3]
        cases: tuple[tuple[str, str, str, Callable[[bytes], bytes]], ...] = (
            ("empty", "no bytes", "没有内容", lambda _: b""),
            ("cut", "the last byte is missing", "缺少最后一个字节", lambda data: data[:-1]),
            ("longer", "a zero stands behind it", "末尾多一个零字节", lambda data: data + b"\0"),
            ("repeated", "the signature stands twice", "签名字段重复", lambda d: d + signature),
            ("unordered", "the signature stands before the payload", "签名在密文之前",
             lambda _: b"".join((*fields[:2], signature, fields[2]))),
            ("missing", "there is no signature", "缺少签名", lambda _: b"".join(fields[:3])),
            ("unknown-field", "a field 5", "字段 5 未知", lambda data: data + b"\x2a\x01\x00"),
            ("wire-type", "the signature is a number", "签名的类型不对",
             lambda _: b"".join((*fields[:3], b"\x20\x01"))),
            ("long-length", "the signature's length is not the shortest varint",
             "签名长度不是最短形式",
             lambda _: b"".join((*fields[:3], b"\x22\xc0\x00", signature[2:]))),
            ("long-tag", "the signature's tag is not the shortest varint", "签名标签不是最短形式",
             lambda _: b"".join((*fields[:3], b"\xa2\x00", signature[1:]))),
            ("endless-varint", "a length of eleven bytes", "长度为十一个字节",
             lambda _: b"".join((*fields[:3], b"\x22" + b"\x80" * 10 + b"\x01"))),
            ("beyond-the-end", "the signature is said to be longer than it is", "签名长度超出末尾",
             lambda _: b"".join((*fields[:3], b"\x22\x41", signature[2:]))),
            ("default", "the wrapped key is there and empty", "写出了空的封装密钥",
             lambda _: b"".join((fields[0], b"\x12\x00", *fields[2:]))),
            ("header-too-long", "a header of 513 bytes", "信封头为 513 字节",
             lambda _: b"".join((b"\x0a" + write_varint(513) + bytes(513), *fields[1:]))),
        )  # fmt: skip
        for name, about, about_zh, change in cases:
            yield self._changed(Case(f"wire-{name}", MALFORMED, about, about_zh), change)

    def _header_form(self) -> Iterator[Negative]:
        plain, identity = self._parts.header, self._head.envelope_id
        fours = identity[:6] + bytes([identity[6] & 15 | 64]) + identity[7:]
        cases = (
            ("version", "version 2", "版本为 2", self._fields({1: 2})),
            ("uuid", "the id is a UUIDv4", "编号是 UUIDv4", self._fields({3: fours})),
            ("short-id", "the id has 15 bytes", "编号为 15 字节", self._fields({3: identity[:15]})),
            ("type", "message type 4", "消息类型为 4", self._fields({4: 4})),
            ("no-type", "no message type", "缺少消息类型", self._fields({4: 0})),
            ("no-expiry", "no `expires`", "缺少 `expires`", self._fields({10: 0})),
            ("lower-case", "the sender's code is in lower case", "发送方代码为小写",
             self._fields({5: self._head.sender.lower().encode()})),
            ("short-code", "the recipient's code has 17 characters", "接收方代码为 17 位",
             self._fields({7: self._head.recipient[:17].encode()})),
            ("key-id", "a key id with a character that none has", "密钥编号含有非法字符",
             self._fields({6: b"1" + self._head.sender_key_id[1:].encode()})),
            ("over-64-bits", "`created` above 64 bits", "`created` 超过 64 位",
             plain.replace(write_message(((9, CREATED),)), b"\x48" + b"\xff" * 9 + b"\x7f")),
            ("year-10000", "`expires` is in the year 10000", "`expires` 在公元 10000 年",
             self._fields({10: 253_402_300_800_000})),
            ("zero-part", "a part of no stream, spelled out as 0", "写出了默认值",
             plain + b"\x60\x00"),
            ("part-alone", "a part number without a stream", "没有数据流却有部分号",
             self._fields({12: 1})),
            ("stream-alone", "a stream without a part number", "有数据流却没有部分号",
             self._fields({11: identity})),
            ("first-with-previous", "part 1 has a previous digest", "第 1 部分带有前一摘要",
             self._fields({11: identity, 12: 1, 14: bytes(31) + b"\1"})),
            ("second-without", "part 2 has no previous digest", "第 2 部分缺少前一摘要",
             self._fields({11: identity, 12: 2})),
            ("last-2", "`last` is 2", "`last` 为 2", self._fields({11: identity, 12: 1, 13: 2})),
            ("unknown-field", "a field 16", "字段 16 未知", plain + b"\x82\x01\x01\x00"),
        )  # fmt: skip
        for name, about, about_zh, head in cases:
            yield self._signed(Case(f"header-{name}", MALFORMED, about, about_zh), header=head)

    def _fields(self, changes: dict[int, int | bytes]) -> bytes:
        """Write the base's header with fields changed by number; 0 leaves one out."""
        head = self._head
        names = (head.sender, head.sender_key_id, head.recipient, head.recipient_key_id)
        fields: dict[int, int | bytes] = {
            1: head.version,
            2: head.suite,
            3: head.envelope_id,
            4: head.message_type,
            **dict(enumerate((name.encode() for name in names), 5)),
            9: head.created,
            10: head.expires,
        }
        return write_message(sorted({**fields, **changes}.items()))

    def _parties(self) -> Iterator[Negative]:
        nobody = "11149900MB0C150328"
        cases: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
            ("suite-3", "SUITE_REFUSED", "a suite that is not registered", "未登记的套件",
             {"suite": 3}),
            ("sender-unknown", "DEPARTMENT_UNKNOWN", "the sender is not in trust data",
             "信任数据中没有发送方", {"sender": nobody}),
            ("key-unknown", "KEY_UNKNOWN", "the sender has no signing key of that id",
             "发送方没有该编号的签名密钥", {"sender_key_id": KEYS["outsider"].key_id}),
            ("key-revoked", "KEY_UNAVAILABLE", "signed with a key that is revoked now",
             "签名密钥已撤销",
             {"sender_key_id": KEYS["sender-revoked"].key_id, "signer": "sender-revoked"}),
            ("key-retired", "KEY_UNAVAILABLE", "signed with a key that had retired before",
             "签名密钥此前已停用",
             {"sender_key_id": KEYS["sender-retired"].key_id, "signer": "sender-retired"}),
            ("signed-by-another", "ENVELOPE_SIGNATURE_INVALID", "signed with another's key",
             "由其他部门的密钥签名", {"signer": "outsider"}),
            ("not-for-us", "ENVELOPE_NOT_FOR_US", "the recipient is another department",
             "接收方是另一部门", {"recipient": OUTSIDER}),
            ("request", MALFORMED, "the type is request", "类型为请求", {"message_type": 2}),
            ("opening-key-unknown", "KEY_UNKNOWN", "we hold no such opening key",
             "我方没有该解封密钥", {"recipient_key_id": KEYS["outsider-x25519"].key_id}),
            ("opening-key-ended", "KEY_UNAVAILABLE", "the opening key ended 8 days ago",
             "解封密钥 8 天前已到期", {"recipient_key_id": KEYS["opener-ended"].key_id}),
            ("opening-key-of-suite-1", "SUITE_REFUSED", "suite 2, but a key of suite 1",
             "套件为 2，密钥却属套件 1", {"recipient_key_id": KEYS["opener-xwing"].key_id}),
        )  # fmt: skip
        for name, code, about, about_zh, changes in cases:
            yield self._header(Case(name, code, about, about_zh), **changes)
        flip = Case("signature-flipped", "ENVELOPE_SIGNATURE_INVALID", "one bit of the payload",
                    "密文被改动一个比特")  # fmt: skip
        yield self._changed(flip, lambda data: data[:1000] + bytes([data[1000] ^ 1]) + data[1001:])
        signature = Case("signature-short", "ENVELOPE_SIGNATURE_INVALID", "63 bytes of signature",
                         "签名为 63 字节")  # fmt: skip
        yield self._changed(signature, lambda data: data[:-65] + b"\x3f" + data[-64:-1])

    def _times(self) -> Iterator[Negative]:
        fine: Splices = ()
        yield self._header(
            Case("lifetime", MALFORMED, "it lives one ms longer than allowed", "有效期超过上限"),
            expires=CREATED + 7 * DAY + 1,
        )
        yield self._header(
            Case("expires-first", MALFORMED, "it ends when it begins", "有效期为零"),
            expires=CREATED,
        )
        for name, code, about, about_zh, now in (
            ("from-future", "ENVELOPE_FROM_FUTURE", "made 60.001 s ahead of our clock",
             "生成时间比本机时钟超前 60.001 秒", CREATED - 60_001),
            ("expired", "ENVELOPE_EXPIRED", "opened at the very end", "到期时刻打开",
             CREATED + DAY),
            ("stale", "TRUST_STALE", "our trust data has ended", "信任数据已过期",
             NOW + 29 * DAY),
        ):  # fmt: skip
            yield self._spliced(Case(name, code, about, about_zh), fine, now=now)
        replay = Case("replayed", "ENVELOPE_REPLAYED", "opened before", "已被打开过")
        yield self._spliced(replay, fine, opened_before=True)

    def _decryption(self) -> Iterator[Negative]:
        outsider, other = KEYS["outsider-x25519"].key_id, header("other")
        for name, about, about_zh, changes in (
            ("wrapped-for-another", "wrapped to another's key", "密钥封给另一部门",
             {"wrapped_key": wrap(self._head, outsider)}),
            ("wrapped-by-another", "`info` names another sender", "`info` 中为另一发送方",
             {"wrapped_key": wrap(replace(self._head, sender=OUTSIDER))}),
            ("wrapped-cut", "a wrapped key of 79 bytes", "封装密钥为 79 字节",
             {"wrapped_key": self._parts.wrapped_key[:-1]}),
            ("payload-of-another", "the payload of another envelope under the same content key",
             "同一内容密钥下另一信封的密文", {"payload": ordinary(other).payload}),
            ("payload-cut", "a payload of 71 bytes", "密文为 71 字节",
             {"payload": self._parts.payload[:71]}),
            ("commitment", "one bit of the commitment", "密钥承诺被改动一个比特",
             {"payload": _flipped(self._parts.payload, 30)}),
        ):  # fmt: skip
            yield self._signed(Case(name, UNDECRYPTABLE, about, about_zh), **changes)
        parsed = parse_envelope(self._chunks.data())
        parts = Parts(
            header=parsed.header_bytes,
            wrapped_key=parsed.wrapped_key,
            payload=parsed.payload[: 56 + 16_400],
        )
        case = Case("truncated", UNDECRYPTABLE, "cut behind a full chunk", "在满块之后截断")
        yield self._whole(case, parts)

    def _padding(self) -> Iterator[Negative]:
        plain = contents(manifest(2), rows(2))
        padded = pad(plain)
        beyond = (len(padded) + 1).to_bytes(8, "big")
        for name, about, about_zh, plaintext in (
            ("padding-long", "padded to 8,192 bytes", "填充至 8,192 字节",
             plain.ljust(8192, b"\0")),
            ("padding-absent", "no padding", "没有填充", plain),
            ("padding-nonzero", "the last byte is 1", "最后一个字节为 1", padded[:-1] + b"\1"),
            ("plaintext-length", "the manifest is said to reach beyond the end", "清单长度超出末尾",
             beyond + padded[8:]),
        ):  # fmt: skip
            case = Case(name, MALFORMED, about, about_zh)
            yield self._whole(case, seal(self._head, plaintext, self._parts.wrapped_key))

    def _manifests(self) -> Iterator[Negative]:
        nested = [{**rows(1)[0], "name": ["田*"]}]
        extra = [{**rows(1)[0], "mobile": "1"}]
        dropped = [{**rows(1)[0], "bank_card": None}]
        fields = manifest(1)["fields"]
        one = manifest(1)
        for name, about, about_zh, members, records in (
            ("version", "version 2", "版本为 2", manifest(1, version=2), rows(1)),
            ("unknown", "an unknown member", "含有未知成员", manifest(1, rule="r1"), rows(1)),
            ("missing", "no `policy`", "缺少 `policy`", manifest(1, policy=None), rows(1)),
            ("parties", "another requester", "使用部门不符", manifest(1, requester=OUTSIDER),
             rows(1)),
            ("count", "it counts two records, there is one", "记录数不符", manifest(2), rows(1)),
            ("grant", "a grant that was not given to us", "授权不是我方持有的",
             manifest(1, grant={"jti": GRANT.jti, "digest": "0" * 64}), rows(1)),
            ("encoding", "another encoding", "编码未知", manifest(1, encoding="ndjson"), rows(1)),
            ("control", "a line with an escape character", "标题含控制字符",
             manifest(1, resource_name="a\u001b[2J"), rows(1)),
            ("twice", "a field stands twice", "字段重复", manifest(1, fields=[*fields, fields[0]]),
             rows(1)),
            ("findings", "more findings than records", "质量发现多于记录",
             manifest(1, findings={"name": 2}), rows(1)),
            ("totals", "totals without a stream", "不属于数据流却带有总数",
             manifest(1, totals={"parts": 1, "records": 1}), rows(1)),
            ("records-nested", "a value is an array", "值为数组", one, nested),
            ("records-field", "a field that the manifest does not name", "含有清单未列的字段",
             one, extra),
            ("records-absent", "a field that was dropped", "含有已删除的字段", one, dropped),
        ):  # fmt: skip
            yield self._manifest(name, about, about_zh, members, records)

    def _checkpoints(self) -> Iterator[Negative]:
        good = checkpoint()
        body, _, line = good.rpartition("\n\n")
        for name, about, about_zh, note in (
            ("party", "of the ledger of another department", "属于其他部门的日志",
             checkpoint(OUTSIDER)),
            ("origin", "its origin is none of a shard", "来源不是分片", checkpoint(shard="ledger")),
            ("unsigned", "it has no signature line", "没有签名行", f"{body}\n\n"),
            ("twice", "two lines of one key", "同一密钥有两个签名行", f"{body}\n\n{line}{line}"),
            ("size", "a zero before its size", "条目数前有零",
             good.replace("\n12\n", "\n012\n")),
            ("root", "a root of 31 bytes", "树根为 31 字节", _shorter_root(good)),
            ("control", "a carriage return", "含回车符", good.replace("\n", "\r\n")),
            ("long", "a checkpoint of more than 4,096 characters", "超过 4,096 个字符",
             good + "".join(line.replace("/main/", f"/m{n}/") for n in range(25))),
        ):  # fmt: skip
            members = manifest(1, checkpoint=note)
            yield self._manifest(f"checkpoint-{name}", about, about_zh, members, rows(1))

    def _manifest(
        self, name: str, about: str, about_zh: str, members: object, records: object
    ) -> Negative:
        case = Case(f"manifest-{name}", MANIFEST, about, about_zh)
        plaintext = pad(contents(members, records))
        return self._whole(case, seal(self._head, plaintext, self._parts.wrapped_key))

    def _streams(self) -> Iterator[Negative]:
        name = self._stream.name
        for label, about, about_zh, numbers, alone in (
            ("alone", "a part as an envelope by itself", "单独打开某一部分", (1,), True),
            ("no-first", "it begins with part 2", "从第 2 部分开始", (2, 3), False),
            ("gap", "part 2 is missing", "缺少第 2 部分", (1, 3), False),
            ("repeated", "part 1 comes twice", "第 1 部分重复", (1, 1), False),
            ("no-last", "it ends without its last part", "缺少最后一部分", (1, 2), False),
            ("goes-on", "the last part comes twice", "最后一部分之后仍有内容", (1, 2, 3, 3), False),
        ):  # fmt: skip
            case = Case(f"stream-{label}", BROKEN, about, about_zh)
            yield Negative(**case._asdict(), stream=name, parts=numbers, alone=alone)
        digest = bytes.fromhex(str(self._stream.parts[1].steps["envelope_digest"]))
        other = header("another stream").envelope_id
        good = stream_header(3, digest, last=True, name="another part 3")
        totals = {"parts": 3, "records": 6}
        for label, about, about_zh, head, members in (
            ("totals", "the totals count five records", "总数不符", good,
             {"totals": {"parts": 3, "records": 5}}),
            ("no-totals", "the last part has no totals", "最后一部分没有总数", good, {}),
            ("digest", "the previous digest is another's", "前一摘要不符",
             stream_header(3, bytes(31) + b"\1", last=True, name="another part 3"),
             {"totals": totals}),
            ("id", "the last part is another stream's", "最后一部分属于另一数据流",
             stream_header(3, digest, last=True, stream_id=other), {"totals": totals}),
            ("purpose", "the last part is for another purpose", "最后一部分用途不同", good,
             {"totals": totals, "purpose": "open-statistics"}),
        ):  # fmt: skip
            # The grant allows no other purpose, whatever the chain would say to it.
            code = MANIFEST if label == "purpose" else BROKEN
            case = Case(f"stream-{label}", code, about, about_zh)
            whole = self._whole(case, ordinary(head, **members))
            yield replace(whole, stream=name, parts=(1, 2))


def _shorter_root(note: str) -> str:
    lines = note.split("\n")
    lines[2] = base64.b64encode(base64.b64decode(lines[2])[:31]).decode()
    return "\n".join(lines)


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
