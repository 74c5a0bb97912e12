"""Take an envelope apart. Each step returns a type that only it can make."""

from typing import NamedTuple

from gateway.envelope.header import MAX_HEADER_BYTES, Header, read_header
from gateway.envelope.padding import padded_length
from gateway.envelope.sealing import (
    LENGTH_BYTES,
    MAX_PART_BYTES,
    MAX_PLAINTEXT_BYTES,
    SIGNATURE_LABEL,
    envelope_digest,
    payload_key,
)
from gateway.envelope.wire import BYTES, WireField, malformed, read_message
from gateway.errors import EnvelopeSignatureInvalidError, EnvelopeUndecryptableError
from keys.errors import DecryptionFailedError, SignatureInvalidError
from keys.material import VerifyingKey
from keys.suites import Suite

# Padmé adds at most 12 %; chunk tags and the other fields are below 1 %.
MAX_ENVELOPE_BYTES = MAX_PLAINTEXT_BYTES + MAX_PLAINTEXT_BYTES // 8 + 64 * 1024
MAX_WRAPPED_KEY_BYTES = 4096
MAX_SIGNATURE_BYTES = 512

_SCHEMA = {
    1: WireField(1, BYTES, MAX_HEADER_BYTES),
    2: WireField(2, BYTES, MAX_WRAPPED_KEY_BYTES),
    3: WireField(3, BYTES, MAX_ENVELOPE_BYTES),
    4: WireField(4, BYTES, MAX_SIGNATURE_BYTES),
}


class ParsedEnvelope(NamedTuple):
    """An envelope taken apart; nothing in it is believed yet."""

    header: Header
    header_bytes: bytes
    wrapped_key: bytes
    payload: bytes
    signature: bytes

    def __repr__(self) -> str:
        return f"ParsedEnvelope({self.header.envelope_id.hex()})"


class VerifiedEnvelope(NamedTuple):
    """An envelope whose signature by its sender holds."""

    parsed: ParsedEnvelope
    suite: Suite
    digest: bytes

    def __repr__(self) -> str:
        return f"VerifiedEnvelope({self.parsed.header.envelope_id.hex()})"


class Plaintext(NamedTuple):
    """What a verified envelope holds: manifest and records as bytes."""

    manifest: bytes
    records: bytes

    def __repr__(self) -> str:
        return "Plaintext(…)"


def parse_envelope(data: bytes) -> ParsedEnvelope:
    """Take envelope bytes apart.

    Raises: EnvelopeMalformedError for anything but the one byte form.
    """
    if len(data) > MAX_ENVELOPE_BYTES:
        raise malformed("it is over its limit", "信封超过上限")
    values = read_message(data, _SCHEMA)
    parts = [value for value in values.values() if isinstance(value, bytes)]
    if len(parts) != len(_SCHEMA):
        raise malformed("it lacks a field", "信封缺少字段")
    header, wrapped_key, payload, signature = parts
    return ParsedEnvelope(read_header(header), header, wrapped_key, payload, signature)


def verify_envelope(parsed: ParsedEnvelope, suite: Suite, key: VerifyingKey) -> VerifiedEnvelope:
    """Check the sender's signature over header, wrapped key and payload.

    Raises: EnvelopeSignatureInvalidError.
    """
    digest = envelope_digest(suite, parsed.header_bytes, parsed.wrapped_key, parsed.payload)
    try:
        key.verify(parsed.signature, SIGNATURE_LABEL + digest)
    except SignatureInvalidError:
        raise EnvelopeSignatureInvalidError from None
    return VerifiedEnvelope(parsed, suite, digest)


def decrypt_envelope(envelope: VerifiedEnvelope, content_key: bytes) -> Plaintext:
    """Decrypt to the end and split manifest from records.

    Raises: EnvelopeUndecryptableError, EnvelopeMalformedError.
    """
    parsed, suite = envelope.parsed, envelope.suite
    head_digest = suite.hash(parsed.header_bytes)
    key = payload_key(suite, content_key, head_digest)
    try:
        padded = suite.decrypt(key, head_digest, parsed.payload)
    except DecryptionFailedError:
        raise EnvelopeUndecryptableError from None
    limit = MAX_PART_BYTES if parsed.header.place else MAX_PLAINTEXT_BYTES
    return split_plaintext(padded, limit)


def split_plaintext(padded: bytes, limit: int) -> Plaintext:
    """Split LP(manifest) ‖ LP(records) ‖ zeros; the padding must be exact.

    Raises: EnvelopeMalformedError.
    """
    manifest, at = _part(padded, 0)
    records, at = _part(padded, at)
    if at > limit or len(padded) != padded_length(at) or padded.count(0, at) != len(padded) - at:
        raise malformed("its padding is wrong", "填充有误")
    return Plaintext(manifest, records)


def _part(data: bytes, at: int) -> tuple[bytes, int]:
    start = at + LENGTH_BYTES
    length = int.from_bytes(data[at:start], "big")
    if start > len(data) or length > len(data) - start:
        raise malformed("its plaintext is cut short", "明文被截断")
    return data[start : start + length], start + length
