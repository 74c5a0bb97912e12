"""A sender that writes whatever it likes, with real keys, from the written form alone.

Nothing of `gateway.envelope` is used here: the form of an envelope is spelled out
a second time, so that a test that passes does not only agree with itself.
"""

import os
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from gateway.model.call import Sealed
from gateway.model.trust import Catalogue
from gateway.testing import MemoryCity, MemoryNode
from keys.errors import SealgateError
from keys.material import Purpose
from keys.suites import suite
from masking.policy import Policy

HOUR_MS = 3_600_000
# Fields of the header by name, in the order of their numbers (from 1).
HEADER = (
    "version",
    "suite",
    "id",
    "type",
    "sender",
    "sender_key_id",
    "recipient",
    "recipient_key_id",
    "created",
    "expires",
    "stream_id",
    "part",
    "last",
    "previous_digest",
    "request_digest",
)
ENVELOPE = ("header", "wrapped_key", "payload", "signature")

Value = int | bytes | str


@cache
def packaged() -> tuple[Catalogue, Policy]:
    """Read catalogue and policy of the packaged world once."""
    city = MemoryCity()
    policy = city.provider.snapshots.current().policy
    assert policy is not None
    return city.catalogue, policy


def new_city(policy: Policy | None = None) -> MemoryCity:
    """Make a city of three departments with keys of its own; costs some milliseconds."""
    catalogue, packaged_policy = packaged()
    return MemoryCity(catalogue=catalogue, policy=policy or packaged_policy)


@cache
def rows() -> list[dict[str, Any]]:
    """Make three ordinary records."""
    return list(new_city().records())


def refusal(action: Any, *arguments: Any, **named: Any) -> str:
    """Return the code with which a call is refused."""
    try:
        action(*arguments, **named)
    except SealgateError as error:
        return error.code
    raise AssertionError("it was not refused")


def varint(value: int, length: int = 0) -> bytes:
    """Encode a varint, with more bytes than it needs if `length` says so."""
    out = bytearray()
    while value > 0x7F or len(out) + 1 < length:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def field(number: int, value: Value) -> bytes:
    """Encode one field of a message, whatever its value."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(names: Iterable[str], values: Mapping[str, Value | None]) -> bytes:
    """Encode a message; a field that is None, 0 or empty is left out."""
    found = enumerate(names, 1)
    return b"".join(
        field(number, value)
        for number, name in found
        if (value := values.get(name)) is not None and value not in (0, b"", "")
    )


def lp(*parts: bytes) -> bytes:
    """Join parts, each behind its length in 8 bytes."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def uuid7(now: int, random: bytes | None = None) -> bytes:
    """Make a UUIDv7 of `now`, Unix ms, and ten random bytes."""
    dice = bytearray(random or os.urandom(10))
    dice[0] = dice[0] & 0x0F | 0x70
    dice[2] = dice[2] & 0x3F | 0x80
    return now.to_bytes(6, "big") + dice


def padded(length: int) -> int:
    """Return the padded length: powers of two from 4 to 64 KiB, above that Padmé."""
    size = 4096
    while size < length and size < 65536:
        size *= 2
    if length <= size:
        return size
    # Nikitin et al. 2019, section 4.2: E = ⌊log₂ L⌋, S = ⌊log₂ E⌋ + 1, 2^(E-S) divides.
    exponent = len(f"{length:b}") - 1
    step = 1 << (exponent - len(f"{exponent:b}"))
    return -(-length // step) * step


class Forge:
    """Writes envelopes of one node (`sender`) to another, honest where nothing is said."""

    def __init__(
        self,
        city: MemoryCity,
        *,
        number: int = 1,
        sender: MemoryNode | None = None,
        recipient: MemoryNode | None = None,
    ) -> None:
        self.city, self.suite = city, suite(number)
        self.sender = sender or city.provider
        self.recipient = recipient or city.requester
        # A grant of the recipient's, and what an honest sender made of it.
        self.honest: Sealed = city.provider.seal(city.request(rows(), suite=number))
        self.records = city.requester.open(self.honest.envelope).records
        self.plain_manifest: dict[str, Any] = msgspec.to_builtins(self.honest.manifest)
        self.plain_manifest |= {
            "provider": self.sender.department,
            "requester": self.recipient.department,
        }

    def key_id(self, node: MemoryNode, purpose: Purpose, number: int | None = None) -> str:
        """Return the id of a node's active key."""
        wanted = number or (1 if purpose is Purpose.SIGNING else self.suite.number)
        return next(
            key.key_id
            for key in node.keys.list_keys()
            if (key.purpose, key.suite, key.state) == (purpose, wanted, "active")
        )

    def header(self, **changes: Value | None) -> dict[str, Value | None]:
        """Return the header's fields by name."""
        now = self.city.clock()
        return {
            "version": 1,
            "suite": self.suite.number,
            "id": uuid7(now),
            "type": 1,
            "sender": self.sender.department,
            "sender_key_id": self.key_id(self.sender, Purpose.SIGNING),
            "recipient": self.recipient.department,
            "recipient_key_id": self.key_id(self.recipient, Purpose.OPENING),
            "created": now,
            "expires": now + 24 * HOUR_MS,
            **changes,
        }

    def manifest(self, **changes: Any) -> bytes:
        """Return the manifest as JSON; a change to ... takes the key out."""
        made = self.plain_manifest | changes
        return msgspec.json.encode({k: v for k, v in made.items() if v is not ...})

    def plaintext(self, manifest: bytes | None = None, records: bytes | None = None) -> bytes:
        """Return the padded plaintext."""
        plain = lp(
            self.manifest() if manifest is None else manifest,
            self.records if records is None else records,
        )
        return plain.ljust(padded(len(plain)), b"\0")

    def info(self, header: Mapping[str, Value | None]) -> bytes:
        """Return what the wrapped key is bound to."""
        names = ("sender", "sender_key_id", "recipient", "recipient_key_id")
        number = header["suite"]
        assert isinstance(number, int)
        return b"sealgate/v1/wrap" + lp(
            number.to_bytes(2, "big"), *(str(header[name]).encode() for name in names)
        )

    def wrap(self, header: Mapping[str, Value | None], content_key: bytes) -> bytes:
        """Wrap a content key to the key that the header names."""
        entry = next(
            key
            for node in self.city.nodes
            for key in node.entry().keys
            if key.key_id == header["recipient_key_id"]
        )
        return suite(entry.suite).sealing_key(entry.raw).wrap(content_key, self.info(header))

    def payload(self, head: bytes, content_key: bytes, plaintext: bytes) -> bytes:
        """Encrypt a plaintext under a header."""
        digest = self.suite.hash(head)
        key = self.suite.expand(content_key, b"sealgate/v1/payload" + digest, 32)
        return self.suite.encrypt(key, digest, plaintext)

    def digest(self, head: bytes, wrapped: bytes, payload: bytes) -> bytes:
        """Return the envelope digest."""
        return self.suite.hash(lp(head, wrapped, self.suite.hash(payload)))

    def sign(
        self, head: bytes, wrapped: bytes, payload: bytes, *, by: MemoryNode | None = None
    ) -> bytes:
        """Sign with the active signing key of a node."""
        node = by or self.sender
        digest = self.digest(head, wrapped, payload)
        return node.keys.sign(self.key_id(node, Purpose.SIGNING), b"sealgate/v1/signature" + digest)

    def assemble(self, *parts: bytes) -> bytes:
        """Put header, wrapped key, payload and signature together."""
        return message(ENVELOPE, dict(zip(ENVELOPE, parts, strict=True)))

    def envelope(
        self,
        header: Mapping[str, Value | None] | None = None,
        *,
        plaintext: bytes | None = None,
        wrapped: bytes | None = None,
        payload: bytes | None = None,
        head: bytes | None = None,
        by: MemoryNode | None = None,
    ) -> bytes:
        """Return a whole envelope, signed by its sender or `by` another."""
        fields = self.header() if header is None else header
        head = message(HEADER, fields) if head is None else head
        content_key = os.urandom(32)
        wrapped = self.wrap(fields, content_key) if wrapped is None else wrapped
        if payload is None:
            plain = self.plaintext() if plaintext is None else plaintext
            payload = self.payload(head, content_key, plain)
        return self.assemble(head, wrapped, payload, self.sign(head, wrapped, payload, by=by))

    def part(
        self,
        number: int,
        previous: bytes | None,
        *,
        last: bool = False,
        stream: bytes = b"s" * 16,
        totals: Mapping[str, int] | None = None,
        manifest: Mapping[str, Any] | None = None,
        **changes: Value | None,
    ) -> bytes:
        """Return part `number` of a stream behind the envelope `previous`."""
        header = self.header(
            stream_id=stream,
            part=number,
            last=int(last),
            previous_digest=None if previous is None else self.digest_of(previous),
        )
        made: dict[str, Any] = dict(manifest or {})
        if totals is not None:
            made["totals"] = dict(totals)
        return self.envelope(header | changes, plaintext=self.plaintext(self.manifest(**made)))

    def digest_of(self, envelope: bytes) -> bytes:
        """Return the digest of an envelope's bytes."""
        head, wrapped, payload, _ = split(envelope)
        return self.digest(head, wrapped, payload)


def split(envelope: bytes) -> list[bytes]:
    """Split an envelope into header, wrapped key, payload and signature."""
    parts, at = [], 0
    while at < len(envelope):
        at += 1
        length = shift = 0
        while True:
            byte = envelope[at]
            length |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                break
        parts.append(envelope[at : at + length])
        at += length
    return parts
