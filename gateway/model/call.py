"""What goes into a call, what comes out of it, and what is kept of it."""

from typing import Literal

import msgspec
from msgspec import Struct

Row = dict[str, str | int | float | bool | None]
_rows = msgspec.json.Decoder(list[Row])

Encoding = Literal["json", "ndjson", "arrow"]
MANIFEST_VERSION = 1
# A keyed digest of an identifier is cut to this.
SUBJECT_BYTES = 16
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
    """What the recipient learns beside the records; see docs/reference/envelope.md.

    `checkpoint` is the newest of the provider's ledger: each recipient is its witness.
    """

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
    checkpoint: str | None = None


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
    """The part of an entry that stays in the department.

    `checkpoint` is one of another department's ledger, which came with its envelope.
    """

    caller: str
    reference: str | None = None
    detail: str | None = None
    checkpoint: str | None = None


class Subjects(Struct, frozen=True, kw_only=True):
    """Whom an entry is about: keyed digests of identifiers, sorted, 16 bytes each, joined.

    They are made under the pseudonym key `key_id`, and can be erased while the entry stays.
    """

    key_id: str
    digests: bytes

    def __repr__(self) -> str:
        return f"Subjects({len(self.digests) // SUBJECT_BYTES} digests)"


class Entry(Struct, frozen=True, kw_only=True):
    """One decision, as the ledger keeps it."""

    shared: SharedPart
    private: PrivatePart
    subjects: Subjects | None = None


class Receipt(Struct, kw_only=True):
    """Proof that an entry is in a ledger: its leaf, and the path to a signed checkpoint.

    Whoever writes the entry completes it once its commit is signed.

    `leaf` is the entry's leaf in canonical form, `index` its place in the tree,
    `path` the hashes that lead from it to the root in `checkpoint`, which is a
    signed note. See docs/reference/ledger.md.
    """

    leaf: bytes
    index: int
    path: tuple[bytes, ...] = ()
    checkpoint: str = ""


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
