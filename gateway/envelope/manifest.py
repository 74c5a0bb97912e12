"""Read manifest and records of a decrypted envelope, and hold one against the other.

Who sent them is proven by now, not that the sender is sound: what a manifest says
goes into our ledger and onto terminals, and records go into a department's
systems. So both are held to their shape, and what is handed on is encoded anew,
so that it has one reading whatever the bytes were (JSON lets a key stand twice).
"""

from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from gateway.envelope.header import Header
from gateway.envelope.opening import Plaintext
from gateway.errors import EnvelopeManifestWrongError
from gateway.model.call import MANIFEST_VERSION, Manifest, Row
from gateway.model.resource import FieldId, Id, Name, ResourceCode

# A field of this output type was dropped: no record holds it.
ABSENT = "absent"
# As many as a resource can have.
MAX_FIELDS = 512
# Characters of all its fields' ids and treatments: they go into our ledger, as one leaf.
MAX_NAMED = 48 * 1024
# Characters of a checkpoint with some cosignatures; it goes into our ledger.
MAX_CHECKPOINT = 4096


class _Treatment(Struct, frozen=True):
    op: Id


class _Field(Struct, frozen=True):
    id: FieldId
    name: Name
    type: Id
    treatment: _Treatment
    disclosure: Id


class _Grant(Struct, frozen=True):
    jti: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}\Z")]
    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class _Shape(Struct, frozen=True):
    resource: ResourceCode
    resource_name: Name
    purpose: Id
    scenario: Name
    grant: _Grant
    fields: Annotated[tuple[_Field, ...], Meta(max_length=MAX_FIELDS)]
    policy: Name
    catalogue: Name
    trust: Annotated[int, Meta(ge=0, le=2**53)]
    checkpoint: Annotated[str, Meta(max_length=MAX_CHECKPOINT)] | None = None


_shape = msgspec.json.Decoder(_Shape)
_manifest = msgspec.json.Decoder(Manifest)
_rows = msgspec.json.Decoder(list[Row])
_encode = msgspec.json.Encoder().encode


class Contents(NamedTuple):
    """A manifest and the records that agree with it, as a JSON array of flat objects."""

    manifest: Manifest
    records: bytes
    rows: list[Row]

    def __repr__(self) -> str:
        return "Contents(…)"


def wrong(reason: str, reason_zh: str) -> EnvelopeManifestWrongError:
    """Make the error for a manifest that does not hold."""
    return EnvelopeManifestWrongError(reason=reason, reason_zh=reason_zh)


def read_contents(header: Header, plaintext: Plaintext) -> Contents:
    """Read what an envelope under `header` holds.

    Raises: EnvelopeManifestWrongError where manifest, header and records disagree.
    """
    try:
        _shape.decode(plaintext.manifest)
        manifest = _manifest.decode(plaintext.manifest)
        rows = _rows.decode(plaintext.records)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise wrong("manifest or records cannot be read", "清单或记录无法读取") from None
    if manifest.version != MANIFEST_VERSION or manifest.encoding != "json":
        raise wrong("its version or encoding is not known", "版本或编码未知")
    if (manifest.provider, manifest.requester) != (header.sender, header.recipient):
        raise wrong("its parties are not those of the header", "当事方与信封头不一致")
    if manifest.totals is not None and header.place is None:
        raise wrong("it carries totals, and is part of no stream", "不属于数据流却带有总数")
    _check_records(manifest, rows)
    return Contents(manifest, _encode(rows), rows)


def _check_records(manifest: Manifest, rows: list[Row]) -> None:
    if manifest.records != len(rows):
        raise wrong("it counts other records", "记录数不符")
    named = {field.id for field in manifest.fields}
    if len(named) != len(manifest.fields):
        raise wrong("it names a field twice", "字段重复")
    named_bytes = sum(len(field.id) + len(str(field.treatment["op"])) for field in manifest.fields)
    if named_bytes > MAX_NAMED:
        raise wrong("the names of its fields are too long", "字段标识总长度过长")
    disclosed = {field.id for field in manifest.fields if field.type != ABSENT}
    if not set().union(*rows) <= disclosed:
        raise wrong("the records hold fields it does not name", "记录含有清单未列的字段")
    findings = manifest.findings
    if not named.issuperset(findings) or any(
        not 0 < count <= len(rows) for count in findings.values()
    ):
        raise wrong("its findings are none of these records", "质量发现与记录不符")
