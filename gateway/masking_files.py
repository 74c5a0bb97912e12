"""Static masking: a file of a provider's own records, by policy and without an envelope.

The layers are those of a call, as far as they are told: the catalogue's caps always
hold, the grant's where there is a grant or its level is given, and the policy's rules
for requesters or purposes where these are given. Records are decoded as for sealing.
"""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from gateway.errors import (
    DepartmentUnknownError,
    PurposeNotGrantedError,
    RequestMalformedError,
    ResourceNotOursError,
    ResourceUncataloguedError,
)
from gateway.intake import Intake
from gateway.model.call import FieldTreatment
from gateway.model.resource import Field, Resource
from gateway.model.trust import Catalogue, Snapshot, Trust
from gateway.records import RecordDecoder
from keys.derive import Mac
from keys.errors import FieldFault
from masking.detect import Detector
from masking.engine import Engine, compile_plan
from masking.errors import PolicyMissingError
from masking.grades import Disclosure
from masking.operators import Column, OutputType, Scope
from masking.operators._keyed import Keyed, KeyScope
from masking.operators.drop import Drop
from masking.plan import FieldPlan, Plan, make_plan

# What a keyed operator's scope has to be told, by the scope.
_NEEDS: dict[KeyScope, tuple[str, ...]] = {
    "requester+purpose": ("requester", "purpose"),
    "requester": ("requester",),
    "resource": (),
    "global": (),
}


class Terms(Struct, frozen=True, kw_only=True):
    """For whom and what for a file is masked, as far as it is settled.

    Without `level` no grant bounds what is shown.
    """

    requester: str | None = None
    purpose: str | None = None
    level: str | None = None

    def check(self, trust: Trust) -> None:
        """Check the names: a rule for a misspelled one would silently not hold.

        Raises: DepartmentUnknownError, PurposeNotGrantedError, RequestMalformedError.
        """
        if self.requester is not None and self.requester not in trust.departments:
            raise DepartmentUnknownError(department=self.requester)
        if self.purpose is not None and self.purpose not in trust.catalogue.purposes:
            raise PurposeNotGrantedError(
                reason="the catalogue has no such purpose", reason_zh="目录中没有该用途"
            )
        if self.level is not None and self.level not in trust.catalogue.grades.ids:
            raise RequestMalformedError(
                reason="the grade scheme has no such level", reason_zh="分级方案中没有该级别"
            )

    def scope(self, resource: Resource) -> Scope:
        """Return what keyed operators are bound to; `_check_scopes` saw that it is enough."""
        return Scope(
            requester=self.requester or "", purpose=self.purpose or "", resource=resource.code
        )


class OutColumn(Struct, frozen=True, kw_only=True):
    """A column that is written, and what becomes of it."""

    field: Field
    type: OutputType
    treatment: FieldTreatment


class MaskedRows(Struct, frozen=True):
    """Masked records, a column for each `OutColumn`; `findings` count hidden values by field."""

    size: int
    columns: list[Column]
    findings: dict[str, int]

    def __repr__(self) -> str:
        return f"MaskedRows({self.size})"


class FileMasking(Struct, frozen=True, kw_only=True):
    """What masks the records of one file, compiled; `places` are those of its columns."""

    columns: tuple[OutColumn, ...]
    places: tuple[int, ...]
    policy: str
    decoder: RecordDecoder
    intake: Intake | None
    engine: Engine

    def mask(self, lines: bytes) -> MaskedRows:
        """Decode and mask records, one JSON object a line.

        Raises: as `RecordDecoder.decode`; RegionOutOfScopeError.
        """
        batch = self.decoder.decode(lines, "ndjson")
        if self.intake is not None:
            self.intake.check_region(batch)
        masked = self.engine.mask(batch.columns)
        columns = [masked.columns[place] for place in self.places]
        return MaskedRows(batch.size, columns, masked.findings)


def own_resource(code: str, department: str, catalogue: Catalogue) -> Resource:
    """Return a department's own resource; whether it may be shared does not matter here.

    Raises: ResourceUncataloguedError, ResourceNotOursError.
    """
    resource = catalogue.resources.get(code)
    if resource is None:
        raise ResourceUncataloguedError(resource=code)
    if resource.provider.department != department:
        raise ResourceNotOursError(resource=code, provider=resource.provider.department)
    return resource


def make_masking(
    resource: Resource,
    snapshot: Snapshot,
    *,
    present: frozenset[str] | None,
    wanted: frozenset[str] | None,
    intake: Intake | None,
    terms: Terms,
    day: date,
    mac: Callable[[bytes], Mac],
) -> FileMasking:
    """Plan and compile what happens to a file of a resource.

    `present` are the fields that the file has, None where only its records tell;
    `wanted` those to be written, None for all, and none that is not present. With
    a grant (`intake`) the plan is the grant's, whatever is wanted, and no other
    field may be there.

    Raises: PolicyMissingError, FieldUnreleasableError, ExtraMissingError,
        KeyUnavailableError, RequestMalformedError for a keyed operator whose
        scope nobody told.
    """
    if intake is not None:
        read = frozenset(field.id for field in intake.decoder.fields)
    else:
        read = present or frozenset(field.id for field in resource.fields)
    written = read if wanted is None else wanted
    plan = _plan(resource, snapshot, read if intake is not None else written, terms, day)
    made = {one.id: one for one in plan.fields if one.id in written}
    _check_scopes(made.values(), terms)
    decoder = RecordDecoder(_relaxed(resource, written), read, snapshot.trust.catalogue.code_lists)
    fields = tuple(made.get(field.id) or _left_out(field) for field in decoder.fields)
    places = tuple(n for n, one in enumerate(fields) if one.output_type != "absent")
    return FileMasking(
        columns=tuple(_out_column(decoder.fields[place], fields[place]) for place in places),
        places=places,
        policy=f"{plan.policy}@{plan.policy_version}",
        decoder=decoder,
        intake=intake,
        engine=compile_plan(
            replace(plan, fields=fields),
            decoder.fields,
            mac,
            terms.scope(resource),
            detector=_detector,
            whole=frozenset(one.id for one in decoder.fields if one.required and not one.null),
            at=day,
        ),
    )


def _plan(
    resource: Resource, snapshot: Snapshot, named: frozenset[str], terms: Terms, day: date
) -> Plan:
    """Plan the named fields. Raises: PolicyMissingError, FieldUnreleasableError."""
    policy, scheme = snapshot.policy, snapshot.trust.catalogue.grades
    if policy is None or policy.provider != resource.provider.department:
        raise PolicyMissingError(provider=resource.provider.department)
    return make_plan(
        fields=[field for field in resource.fields if field.id in named],
        scheme=scheme,
        # Nothing stands above the last grade: only the grant's layer knows levels.
        level=terms.level or scheme.ids[-1],
        policy=policy,
        requester=terms.requester or "",
        purpose=terms.purpose or "",
        resource=resource.code,
        at=day,
    )


def _relaxed(resource: Resource, written: frozenset[str]) -> Resource:
    """Let fields be absent that are not written."""
    fields = (
        field if field.id in written else replace(field, required=False)
        for field in resource.fields
    )
    return replace(resource, fields=tuple(fields))


def _left_out(field: Field) -> FieldPlan:
    """Plan a field that is read and not written: free text is searched for it all the same."""
    return FieldPlan(
        id=field.id,
        treatment=Drop(),
        disclosure=Disclosure.NOTHING,
        output_type="absent",
        layer="policy",
        rule="left out",
        reason="it is left out",
        reason_zh="不输出",
    )


def _out_column(field: Field, planned: FieldPlan) -> OutColumn:
    return OutColumn(
        field=field,
        type=planned.output_type,
        treatment=FieldTreatment(
            id=field.id,
            name=field.name,
            type=planned.output_type,
            treatment=planned.treatment.told(),
            disclosure=planned.disclosure.label,
        ),
    )


def _check_scopes(plans: Iterable[FieldPlan], terms: Terms) -> None:
    """Check that the scope of every keyed operator is known.

    Raises: RequestMalformedError.
    """
    told = {"requester": terms.requester, "purpose": terms.purpose}
    missing = {
        planned.id: operator
        for planned in plans
        for operator in planned.treatment.parts()
        if isinstance(operator, Keyed)
        and any(told[part] is None for part in _NEEDS[operator.scope])
    }
    if not missing:
        return
    faults = tuple(
        FieldFault(
            None,
            name,
            f"its {operator.title} belongs to the scope {operator.scope}",
            f"其{operator.title_zh}的范围为 {operator.scope}",
        )
        for name, operator in missing.items()
    )
    names = ", ".join(missing)
    raise RequestMalformedError(
        reason=f"keyed operators need --requester and --purpose, a grant, or a scope "
        f"of resource in the policy: {names}",
        reason_zh=f"带密钥的算子需要 --requester 和 --purpose、授权，或在策略中将范围设为 "
        f"resource：{names}",
        fields=faults,
    )


@cache
def _detector() -> Detector:
    # A second of import and 90 MB that only free text needs.
    from masking.detect.presidio import PresidioDetector

    return PresidioDetector()
