"""Seal a manifest and records into an envelope."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from gateway.envelope.header import MAX_ROUTES, Header, write_header
from gateway.envelope.padding import padding
from gateway.envelope.wire import write_message
from gateway.errors import LimitExceededError
from keys.derive import Expander, lp
from keys.material import SealingKey
from keys.suites import Suite
from keys.suites import suite as suite_of

WRAP_LABEL = b"sealgate/v1/wrap"
PAYLOAD_LABEL = b"sealgate/v1/payload"
SIGNATURE_LABEL = b"sealgate/v1/signature"
KEY_BYTES = 32
LENGTH_BYTES = 8
# Below, to copy a plaintext once more is cheaper than to encrypt it in parts.
SMALL_BYTES = 16 * 1024
# One envelope is held in memory whole, on both sides; larger data is a stream.
MAX_PLAINTEXT_BYTES = 16 * 1024 * 1024
# Parts of a stream stay small, so that its memory does.
MAX_PART_BYTES = 512 * 1024


class ContentKey(NamedTuple):
    """What payload keys come from, and its wrapped form; one to a route, for a short time."""

    expander: Expander
    wrapped: bytes

    def __repr__(self) -> str:
        return "ContentKey(…)"


class SealedEnvelope(NamedTuple):
    """Envelope bytes and the envelope digest, the one that is signed."""

    data: bytes
    digest: bytes


def wrap_info(header: Header) -> bytes:
    """Bind a wrapped key to suite, both parties and their key ids (HPKE `info`)."""
    return _wrap_info(
        header.suite,
        header.sender,
        header.sender_key_id,
        header.recipient,
        header.recipient_key_id,
    )


@lru_cache(MAX_ROUTES)
def _wrap_info(number: int, *names: str) -> bytes:
    return WRAP_LABEL + lp(number.to_bytes(2, "big"), *(name.encode() for name in names))


def wrap_content_key(key: bytes, recipient: SealingKey, header: Header) -> ContentKey:
    """Wrap a fresh 32-byte content key to the recipient's key."""
    return ContentKey(suite_of(header.suite).expander(key), recipient.wrap(key, wrap_info(header)))


def payload_key(suite: Suite, content_key: bytes, header_digest: bytes) -> bytes:
    """Derive the key of one envelope's payload from the content key."""
    return suite.expand(content_key, PAYLOAD_LABEL + header_digest, KEY_BYTES)


def envelope_digest(suite: Suite, header: bytes, wrapped_key: bytes, payload: bytes) -> bytes:
    """Return the envelope digest: H(LP(header) ‖ LP(wrapped_key) ‖ LP(H(payload)))."""
    return suite.hash(lp(header, wrapped_key, suite.hash(payload)))


def _plaintext(manifest: bytes, records: bytes, limit: int) -> tuple[bytes, ...]:
    """Return the padded plaintext; large records as a part of their own, uncopied."""
    start = lp(manifest) + len(records).to_bytes(LENGTH_BYTES, "big")
    length = len(start) + len(records)
    if length > limit:
        raise LimitExceededError(
            what="plaintext of one envelope in bytes",
            what_zh="单个信封的明文字节数",
            actual=length,
            limit=limit,
        )
    if length < SMALL_BYTES:
        return (b"".join((start, records, padding(length))),)
    return start, records, padding(length)


def seal_envelope(
    *,
    suite: Suite,
    header: Header,
    content_key: ContentKey,
    manifest: bytes,
    records: bytes,
    sign: Callable[[bytes], bytes],
) -> SealedEnvelope:
    """Encrypt manifest and records under the header, and sign.

    Raises: LimitExceededError where they do not fit one envelope.
    """
    plaintext = _plaintext(
        manifest, records, MAX_PART_BYTES if header.place else MAX_PLAINTEXT_BYTES
    )
    head = write_header(header)
    head_digest = suite.hash(head)
    key = content_key.expander.expand(PAYLOAD_LABEL + head_digest)
    payload = suite.encrypt(key, head_digest, *plaintext)
    digest = envelope_digest(suite, head, content_key.wrapped, payload)
    signature = sign(SIGNATURE_LABEL + digest)
    data = write_message(((1, head), (2, content_key.wrapped), (3, payload), (4, signature)))
    return SealedEnvelope(data, digest)
