"""Envelopes that open, taken apart into every value on the way."""

import base64

from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from docs.reference.envelope_vectors.model import Positive, Stream
from docs.reference.envelope_vectors.sealing import (
    KEYS,
    checkpoint,
    fixed,
    header,
    ordinary,
    wrap,
)
from gateway.envelope.header import Header
from gateway.envelope.opening import parse_envelope, split_plaintext
from gateway.envelope.sealing import SIGNATURE_LABEL, envelope_digest, payload_key, wrap_info
from gateway.model.call import StreamPlace
from keys.derive import lp
from keys.suites import XWING, suite

CHUNKS_LABEL = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"
# So many records make a plaintext of two full pieces and an empty one.
MANY = 160
STREAM_ID = header("stream").envelope_id


def positives() -> tuple[Positive, ...]:
    """Make the envelopes that open by themselves."""
    first, second = header("x25519"), header("x25519-same-wrap")
    xwing = header("xwing", suite=XWING, recipient_key_id=KEYS["opener-xwing"].key_id)
    retired = header("retired", recipient_key_id=KEYS["opener-retired"].key_id)
    answer = header("answer", request_digest=fixed("request"))
    large = header("large", expires=header("large").created + 7 * 86_400_000)
    shared = wrap(first)
    return (
        positive(
            "xwing",
            "Suite 1, two records, a finding.",
            "套件 1，两条记录，一项质量发现。",
            ordinary(xwing, findings={"resident_id": 1}).envelope(),
        ),
        positive(
            "x25519",
            "Suite 2; most of the negative vectors are this one, changed.",
            "套件 2；多数反例由此改动而来。",
            ordinary(first, wrapped_key=shared).envelope(),
        ),
        positive(
            "x25519-same-wrap",
            "The wrapped key of the one before under another header: another payload key.",
            "与上一例封装密钥相同、信封头不同，因而载荷密钥不同。",
            ordinary(second, wrapped_key=shared).envelope(),
        ),
        positive(
            "x25519-retired-key",
            "Sealed to a key that retired an hour before: it opens for as long as envelopes live.",
            "封给一小时前停用的密钥：信封有效期内仍可打开。",
            ordinary(retired).envelope(),
        ),
        positive(
            "x25519-answer",
            "With the digest of a request.",
            "带有请求摘要。",
            ordinary(answer).envelope(),
        ),
        positive(
            "x25519-chunks",
            "Two full chunks and an empty one; the longest lifetime.",
            "两个满块和一个空块；最长有效期。",
            ordinary(large, MANY).envelope(),
        ),
        positive(
            "x25519-checkpoint",
            "With the newest checkpoint of the sender's ledger.",
            "带有发送方日志的最新检查点。",
            ordinary(header("checkpoint"), checkpoint=checkpoint()).envelope(),
        ),
    )


def stream_header(
    part: int,
    previous: bytes,
    *,
    last: bool = False,
    name: str = "",
    stream_id: bytes = STREAM_ID,
) -> Header:
    """Make the header of a part."""
    place = StreamPlace(stream_id=stream_id, part=part, last=last, previous_digest=previous)
    return header(name or f"part {part}", place=place)


def streams() -> tuple[Stream, ...]:
    """Make the stream of three parts."""
    parts: list[Positive] = []
    previous = b""
    for number in (1, 2, 3):
        last = number == 3
        totals = {"parts": 3, "records": 6} if last else None
        made = ordinary(stream_header(number, previous, last=last), totals=totals)
        part = positive(f"part-{number}", f"Part {number}.", f"第 {number} 部分。", made.envelope())
        previous = bytes.fromhex(str(part.steps["envelope_digest"]))
        parts.append(part)
    about = "Three parts of two records; the last manifest carries the totals."
    about_zh = "三个部分，各两条记录；最后一份清单带有总数。"
    return (Stream(name="three-parts", about=about, about_zh=about_zh, parts=tuple(parts)),)


def positive(name: str, about: str, about_zh: str, data: bytes) -> Positive:
    """Take an envelope that opens apart, into all that the page speaks of."""
    parsed = parse_envelope(data)
    head, chosen = parsed.header, suite(parsed.header.suite)
    private = next(key.private for key in KEYS.values() if key.key_id == head.recipient_key_id)
    opening, info = chosen.opening_key(bytes.fromhex(private)), wrap_info(head)
    content_key, digest = opening.unwrap(parsed.wrapped_key, info), chosen.hash(parsed.header_bytes)
    key = payload_key(chosen, content_key, digest)
    plaintext = chosen.decrypt(key, digest, parsed.payload)
    parts = split_plaintext(plaintext, len(plaintext))
    signed = envelope_digest(chosen, parsed.header_bytes, parsed.wrapped_key, parsed.payload)
    binary = {
        "header": parsed.header_bytes,
        "header_digest": digest,
        "info": info,
        "wrapped_key": parsed.wrapped_key,
        "content_key": content_key,
        "payload_key": key,
        **_chunk_keys(key, parsed.payload[:24], digest),
        "payload_digest": chosen.hash(parsed.payload),
        "envelope_digest": signed,
        "signature_input": SIGNATURE_LABEL + signed,
        "signature": parsed.signature,
    }
    return Positive(
        name=name,
        about=about,
        about_zh=about_zh,
        envelope=base64.b64encode(data).decode(),
        fields=_fields(head),
        steps={
            **{step: value.hex() for step, value in binary.items()},
            "content_bytes": len(lp(*parts)),
            "padded_bytes": len(plaintext),
        },
        manifest=parts.manifest.decode(),
        records=parts.records.decode(),
    )


def _chunk_keys(key: bytes, salt: bytes, context: bytes) -> dict[str, bytes]:
    okm = HKDFExpand(SHA512(), 76, CHUNKS_LABEL + salt + context).derive(bytes(key))
    return {
        "salt": salt,
        "chunk_key": okm[:32],
        "base_nonce": okm[32:44],
        "commitment": okm[44:],
    }


def _fields(head: Header) -> dict[str, int | str]:
    """Return the fields that the header holds, by their names on the page."""
    fields: dict[str, int | str] = {
        "version": head.version,
        "suite": head.suite,
        "id": head.envelope_id.hex(),
        "type": int(head.message_type),
        "sender": head.sender,
        "sender_key_id": head.sender_key_id,
        "recipient": head.recipient,
        "recipient_key_id": head.recipient_key_id,
        "created": head.created,
        "expires": head.expires,
    }
    if place := head.place:
        fields |= {"stream_id": place.stream_id.hex(), "part": place.part, "last": int(place.last)}
        fields |= {"previous_digest": place.previous_digest.hex()}
    fields |= {"request_digest": head.request_digest.hex()}
    return {name: value for name, value in fields.items() if value}
