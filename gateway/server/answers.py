"""What the node says, spelled as the service's messages."""

import msgspec

import gateway
from gateway.conditions import Condition
from gateway.ledger.receipts import receipt_text
from gateway.model.call import Encoding, ExplainedField, Explanation, Opened, Sealed
from gateway.model.resource import Field, Resource
from gateway.stores.cosigning import KeptCheckpoint
from gateway.stores.reading import Page, ShardSummary
from gateway.v1 import sidecar_pb2 as v1

_STATES = {
    "ok": v1.CONDITION_STATE_OK,
    "warning": v1.CONDITION_STATE_WARNING,
    "failed": v1.CONDITION_STATE_FAILED,
}
_raw = msgspec.json.Decoder(list[msgspec.Raw])


def sealed(told: Sealed) -> v1.SealResponse:
    """Spell a sealed envelope."""
    return v1.SealResponse(
        envelope=told.envelope,
        envelope_id=told.envelope_id,
        digest=told.digest,
        records=told.manifest.records,
        findings=told.manifest.findings,
        receipt=receipt_text(told.receipt).encode(),
    )


def opened(told: Opened, encoding: Encoding) -> v1.OpenResponse:
    """Spell what an envelope held, its records in the encoding asked for."""
    return v1.OpenResponse(
        records=_written(told, encoding),
        manifest=msgspec.json.encode(told.manifest),
        sender=told.sender,
        envelope_id=told.envelope_id,
        digest=told.digest,
        receipt=receipt_text(told.receipt).encode(),
    )


def _written(told: Opened, encoding: Encoding) -> bytes:
    if encoding == "arrow":
        from gateway.records.arrow import records_to_arrow

        return records_to_arrow(told.records, told.manifest)
    if encoding == "ndjson":
        return b"".join(b"%b\n" % record for record in _raw.decode(told.records))
    return told.records


def explained(told: Explanation) -> v1.ExplainResponse:
    """Spell what a grant lets out."""
    return v1.ExplainResponse(
        resource=told.resource,
        resource_name=told.resource_name,
        requester=told.requester,
        purpose=told.purpose,
        level=told.level,
        policy=told.policy,
        fields=map(_explained_field, told.fields),
    )


def _explained_field(field: ExplainedField) -> v1.ExplainedField:
    return v1.ExplainedField(
        id=field.id,
        name=field.name,
        grade=field.grade,
        kind=field.kind,
        treatment=msgspec.json.encode(field.treatment),
        disclosure=field.disclosure,
        type=field.type,
        layer=field.layer,
        rule=field.rule,
        reason=field.reason,
        reason_zh=field.reason_zh,
    )


def summary(resource: Resource) -> v1.ResourceSummary:
    """Spell a resource in a line."""
    return v1.ResourceSummary(
        code=resource.code,
        name=resource.name,
        name_en=resource.name_en or "",
        department=resource.provider.department,
        share_class=resource.share.share_class,
        grade=resource.grade,
        status=resource.status,
    )


def description(resource: Resource) -> v1.DescribeResourceResponse:
    """Spell a resource with its fields."""
    return v1.DescribeResourceResponse(
        summary=summary(resource),
        abstract=resource.abstract,
        use_requirements=resource.use_requirements,
        update_cycle=resource.update_cycle,
        replaced_by=resource.replaced_by or "",
        fields=map(_field, resource.fields),
    )


def _field(field: Field) -> v1.ResourceField:
    return v1.ResourceField(
        id=field.id,
        name=field.name,
        name_en=field.name_en or "",
        type=field.type,
        kind=field.kind,
        grade=field.grade,
        required=field.required,
        nullable=field.null,
        format=field.format or "",
        code_list=field.code_list or "",
        length=field.length or 0,
        precision=field.precision or 0,
        scale=field.scale or 0,
        empty=field.empty,
        open_end=field.open_end,
    )


def status(department: str, conditions: tuple[Condition, ...]) -> v1.GetStatusResponse:
    """Spell how a node stands."""
    response = v1.GetStatusResponse(
        department=department,
        version=gateway.__version__,
        ready=all(condition.refusal is None for condition in conditions),
    )
    for condition in conditions:
        response.conditions.add(
            name=condition.name,
            title_zh=condition.title_zh,
            state=_STATES[condition.state],
            text=condition.text,
            text_zh=condition.text_zh,
            code="" if condition.refusal is None else condition.refusal.code,
        )
    return response


def shard(told: ShardSummary) -> v1.Shard:
    """Spell a shard in a line."""
    return v1.Shard(
        name=told.name,
        writer=told.writer,
        begun=told.begun,
        closed=told.closed,
        archived=told.archived,
        entries=told.entries,
    )


def entries(page: Page) -> v1.ListEntriesResponse:
    """Spell a page of entries; its tokens name the shard, since a worker may begin another."""
    token = f"{page.shard}:{page.end}"
    return v1.ListEntriesResponse(
        entries=page.entries,
        next_page_token=token if page.more else "",
        resume_token=token,
        shard=page.shard,
        closed=page.closed,
    )


def cosigned(kept: KeptCheckpoint) -> v1.AddCosignatureResponse:
    """Spell a checkpoint with those who cosigned it."""
    return v1.AddCosignatureResponse(
        checkpoint=kept.text.encode(),
        cosignatures=[v1.Cosignature(**one._asdict()) for one in kept.witnesses],
    )
