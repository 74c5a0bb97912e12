"""What goes into a call, what comes out of it, and what is kept of it."""

from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

Row = dict[str, str | int | float | bool | None]
_rows = msgspec.json.Decoder(list[Row])

Encoding = Literal["json", "ndjson", "arrow"]
MANIFEST_VERSION = 1
Mode = Literal["interface", "file", "database"]


class SealRequest(Struct, frozen=True, kw_only=True):
    """A department's wish to hand records to the requester that a grant names.

    `records` is one JSON array or NDJSON of flat objects, or an Arrow IPC stream of
    flat columns. `caller` is the local
    system or person who asks; `reference` its own file number. `suite` asks for
    one suite; None takes the best that both sides accept.
    """

    resource: str
    purpose: str
    grant: str
    records: bytes
    encoding: Encoding = "json"
    mode: Mode = "interface"
    caller: str = "local"
    reference: str | None = None
    suite: int | None = None

    def __repr__(self) -> str:
        return f"SealRequest(resource={self.resource!r}, purpose={self.purpose!r})"


class StreamPlace(Struct, frozen=True, kw_only=True):
    """Where an envelope stands in a stream: parts count from 1."""

    stream_id: bytes
    part: int
    last: bool
    previous_digest: bytes


class FieldTreatment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened to one field: the operator with its parameters, the type left."""

    id: str
    name: str
    type: str
    treatment: dict[str, str | int | float | bool | None]
    disclosure: str


class GrantReference(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The grant an envelope stands on: its `jti` and the SHA-256 of the token, in hex."""

    jti: str
    digest: str


class HeldGrant(Struct, frozen=True, kw_only=True):
    """A grant that was given to us: which one, and what it lets out."""

    jti: str
    digest: str
    provider: str
    resource: str
    purpose: str
    fields: tuple[str, ...]

    def allows(self, manifest: "Manifest") -> bool:
        """Tell whether what a manifest says lies within the grant."""
        said = (manifest.provider, manifest.resource, manifest.purpose)
        return said == (self.provider, self.resource, self.purpose) and set(self.fields).issuperset(
            field.id for field in manifest.fields
        )


class StreamTotals(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Totals of a stream, in the manifest of its last part."""

    parts: int
    records: int


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the recipient learns beside the records; see docs/reference/envelope.md."""

    version: int
    provider: str
    requester: str
    resource: str
    resource_name: str
    purpose: str
    scenario: str
    grant: GrantReference
    encoding: Encoding
    records: int
    fields: tuple[FieldTreatment, ...]
    policy: str
    catalogue: str
    trust: int
    findings: dict[str, int] = {}
    totals: StreamTotals | None = None


class SharedPart(Struct, kw_only=True, omit_defaults=True):
    """The part of an entry that both sides of a call may see; never a value.

    `time` is Unix milliseconds; `fields` pairs ids with operator names. A call
    fills it in on its way; once entered it stays as it is.
    """

    version: int
    time: int
    kind: str
    outcome: str
    provider: str | None = None
    requester: str | None = None
    resource: str | None = None
    purpose: str | None = None
    grant: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    records: int | None = None
    policy: str | None = None
    catalogue: str | None = None
    trust: int | None = None
    envelope: str | None = None
    digest: str | None = None
    count: int | None = None


class PrivatePart(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of an entry that stays in the department."""

    caller: str
    reference: str | None = None
    detail: str | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """One decision, as the ledger keeps it."""

    shared: SharedPart
    private: PrivatePart


class Receipt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Proof that an entry was written: its digest, place and signature.

    `entry` is the hex digest of the canonical entry, `private` the hex salted
    hash of its private part, `position` where the sink put it. `signature` is
    hex, by the ledger key `key_id`, over the root of a Merkle tree of the `size`
    entries that were made durable together, in which this one is at `index` and
    `path` leads up from it; a sink without a key leaves both out.
    """

    shared: SharedPart
    entry: str
    private: str
    position: int
    index: int = 0
    size: int = 1
    path: tuple[str, ...] = ()
    key_id: str | UnsetType = UNSET
    signature: str | UnsetType = UNSET


class Sealed(Struct, frozen=True, kw_only=True):
    """A sealed envelope and the receipt of the call."""

    envelope: bytes
    envelope_id: bytes
    digest: bytes
    manifest: Manifest
    receipt: Receipt

    def __repr__(self) -> str:
        return f"Sealed(envelope_id={self.envelope_id.hex()})"


class ExplainedField(Struct, frozen=True, kw_only=True):
    """What a plan does to one field, and which layer and rule decided so."""

    id: str
    name: str
    grade: str
    kind: str
    treatment: dict[str, str | int | float | bool | None]
    disclosure: str
    type: str
    layer: str
    rule: str
    reason: str
    reason_zh: str


class Explanation(Struct, frozen=True, kw_only=True):
    """What a grant lets out of a resource."""

    resource: str
    resource_name: str
    requester: str
    purpose: str
    level: str
    policy: str
    fields: tuple[ExplainedField, ...]


class Opened(Struct, frozen=True, kw_only=True):
    """What a verified envelope held. `records` is a JSON array of flat objects."""

    sender: str
    envelope_id: bytes
    digest: bytes
    records: bytes
    manifest: Manifest
    receipt: Receipt
    place: StreamPlace | None = None

    def rows(self) -> list[Row]:
        """Decode the records to one mapping a record."""
        return _rows.decode(self.records)

    def __repr__(self) -> str:
        return f"Opened(sender={self.sender!r}, envelope_id={self.envelope_id.hex()})"
