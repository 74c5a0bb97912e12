"""Seal a manifest and records into an envelope."""

from collections.abc import Callable
from functools import lru_cache

from msgspec import Struct

from gateway.envelope.header import Frame, Header, make_frame
from gateway.envelope.padding import padded_length, padding
from gateway.envelope.wire import write_start
from gateway.errors import LimitExceededError
from keys.derive import Expander, lp
from keys.material import SealingKey
from keys.suites import Suite

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
# Routes whose `info` is kept encoded: those of one node's ordinary traffic.
MAX_ROUTES = 256


class ContentKey(Struct, frozen=True, eq=False):
    """What payload keys come from, and its wrapped form; one to a route, for a short time."""

    expander: Expander
    wrapped: bytes

    def __repr__(self) -> str:
        return "ContentKey(…)"


class SealedEnvelope(Struct, frozen=True):
    """Envelope bytes and the envelope digest, the one that is signed."""

    data: bytes
    digest: bytes


class Route(Struct, frozen=True, eq=False, kw_only=True):
    """From one department's signing key to another's opening key.

    `place` tells it from any other: suite, parties and key ids. `frame` and
    `info` are what its envelopes share of header and key wrap.
    """

    suite: Suite
    sender_key_id: str
    recipient: str
    recipient_key: SealingKey
    place: tuple[int, str, str, str, str]
    frame: Frame
    info: bytes


def make_route(
    suite: Suite, sender: str, sender_key_id: str, recipient: str, recipient_key: SealingKey
) -> Route:
    """Encode what all envelopes of a route share."""
    place = (suite.number, sender, sender_key_id, recipient, recipient_key.key_id)
    return Route(
        suite=suite,
        sender_key_id=sender_key_id,
        recipient=recipient,
        recipient_key=recipient_key,
        place=place,
        frame=make_frame(*place),
        info=_wrap_info(*place),
    )


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


def wrap_content_key(key: bytes, route: Route) -> ContentKey:
    """Wrap a fresh 32-byte content key to the recipient's key."""
    return ContentKey(route.suite.expander(key), route.recipient_key.wrap(key, route.info))


def payload_key(suite: Suite, content_key: bytes, header_digest: bytes) -> bytes:
    """Derive the key of one envelope's payload from the content key."""
    return suite.expand(content_key, PAYLOAD_LABEL + header_digest, KEY_BYTES)


def envelope_digest(suite: Suite, header: bytes, wrapped_key: bytes, payload: bytes) -> bytes:
    """Return the envelope digest: H(LP(header) ‖ LP(wrapped_key) ‖ LP(H(payload)))."""
    return suite.hash(lp(header, wrapped_key, suite.hash(payload)))


def padded_plaintext(manifest: bytes, records: bytes, limit: int) -> tuple[bytes, ...]:
    """Pad manifest and records; large records stay a part of their own, uncopied.

    Raises: LimitExceededError where they do not fit one envelope.
    """
    length = LENGTH_BYTES + len(manifest) + LENGTH_BYTES + len(records)
    if length > limit:
        raise LimitExceededError(
            what="plaintext of one envelope in bytes",
            what_zh="单个信封的明文字节数",
            actual=length,
            limit=limit,
        )
    if length < SMALL_BYTES:
        return (lp(manifest, records).ljust(padded_length(length), b"\0"),)
    start = lp(manifest) + len(records).to_bytes(LENGTH_BYTES, "big")
    return start, records, padding(length)


def seal_envelope(
    route: Route,
    head: bytes,
    content_key: ContentKey,
    plaintext: tuple[bytes, ...],
    sign: Callable[[str, bytes], bytes],
) -> SealedEnvelope:
    """Encrypt a plaintext under the header, and sign with the sender's key.

    `plaintext` is as `padded_plaintext` gives it; `sign` takes key id and message.
    """
    suite = route.suite
    head_digest = suite.hash(head)
    key = content_key.expander.expand(PAYLOAD_LABEL + head_digest)
    payload = suite.encrypt(key, head_digest, *plaintext)
    digest = envelope_digest(suite, head, content_key.wrapped, payload)
    signature = sign(route.sender_key_id, SIGNATURE_LABEL + digest)
    return SealedEnvelope(_join(head, content_key.wrapped, payload, signature), digest)


def _join(*parts: bytes) -> bytes:
    """Write the envelope's fields, none of which is empty."""
    fields: list[bytes] = []
    for number, part in enumerate(parts, 1):
        fields += write_start(number, len(part)), part
    return b"".join(fields)
