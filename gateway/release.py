"""What one grant lets out of one resource: worked out once, used by many calls.

Depends on grant, snapshot and day only, so a use case keeps it under that key.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import date
from functools import cache, lru_cache

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gateway.grants import VerifiedGrant
from gateway.intake import Intake, make_intake
from gateway.model.call import (
    MANIFEST_VERSION,
    ExplainedField,
    Explanation,
    FieldTreatment,
    GrantReference,
    Manifest,
    StreamTotals,
)
from gateway.model.resource import Resource
from gateway.model.times import day_number, day_of
from gateway.model.trust import Snapshot
from gateway.ports import KeyProvider
from gateway.sharing import find_resource
from keys.derive import Mac
from keys.material import Purpose
from keys.ports import KeyInfo
from keys.ring import Ring
from masking.detect import Detector
from masking.engine import Engine, compile_plan
from masking.errors import PolicyMissingError
from masking.operators import Scope
from masking.plan import Plan, make_plan
from masking.policy import Policy

# Manifests kept encoded with a release: they differ in the number of records only.
MAX_MANIFESTS = 64
# Releases kept compiled; bounds memory against a caller with ever new grants.
MAX_RELEASES = 256


class Release(Struct, frozen=True, kw_only=True):
    """What goes out under a grant: the plan, with everything compiled."""

    requester: str
    policy: Policy
    policy_name: str
    engine: Engine
    output: type[Struct]
    entered: tuple[tuple[str, str], ...]
    ordinary: Manifest
    encoded: dict[int, tuple[Manifest, bytes]]

    def manifest(
        self,
        records: int,
        findings: dict[str, int],
        totals: StreamTotals | None,
        checkpoint: str | None,
    ) -> tuple[Manifest, bytes]:
        """Return the manifest of a call, and its JSON."""
        manifest, encoded = self._manifest(records, findings, totals)
        if checkpoint is None:
            return manifest, encoded
        # Its last member, so that what is kept encoded is kept with any.
        return replace(manifest, checkpoint=checkpoint), encoded[:-1] + _last(checkpoint)

    def _manifest(
        self, records: int, findings: dict[str, int], totals: StreamTotals | None
    ) -> tuple[Manifest, bytes]:
        if findings or totals is not None:
            changed = replace(self.ordinary, records=records, findings=findings, totals=totals)
            return changed, msgspec.json.encode(changed)
        kept = self.encoded.get(records)
        if kept is None:
            changed = replace(self.ordinary, records=records)
            kept = changed, msgspec.json.encode(changed)
            if len(self.encoded) < MAX_MANIFESTS:
                self.encoded[records] = kept
        return kept


@lru_cache(maxsize=4)
def _last(checkpoint: str) -> bytes:
    # Kept: calls that come at once have the same.
    return b',"checkpoint":' + msgspec.json.encode(checkpoint) + b"}"


def plan_release(
    resource: Resource, grant: VerifiedGrant, snapshot: Snapshot, day: date
) -> tuple[Plan, Policy]:
    """Make the plan for what the grant names of the resource; return the policy too.

    Raises: PolicyMissingError, FieldUnreleasableError.
    """
    policy = snapshot.policy
    if policy is None or policy.provider != resource.provider.department:
        raise PolicyMissingError(provider=resource.provider.department)
    plan = make_plan(
        fields=[field for field in resource.fields if field.id in grant.fields],
        scheme=snapshot.trust.catalogue.grades,
        level=grant.detail.level,
        policy=policy,
        requester=grant.requester,
        purpose=grant.detail.purpose,
        resource=resource.code,
        at=day,
    )
    return plan, policy


@cache
def _detector() -> Detector:
    # A second of import and 90 MB that only free text needs; shared by all releases.
    from masking.detect.presidio import PresidioDetector

    return PresidioDetector()


def make_release(
    intake: Intake,
    grant: VerifiedGrant,
    snapshot: Snapshot,
    day: date,
    mac: Callable[[bytes], Mac],
) -> Release:
    """Plan and compile what the grant lets out of the resource.

    Raises: PolicyMissingError, FieldUnreleasableError, ExtraMissingError.
    """
    resource, fields = intake.resource, intake.decoder.fields
    plan, policy = plan_release(resource, grant, snapshot, day)
    scope = Scope(requester=grant.requester, purpose=grant.detail.purpose, resource=resource.code)
    return Release(
        requester=grant.requester,
        policy=policy,
        policy_name=f"{policy.id}@{policy.version}",
        engine=compile_plan(
            plan,
            fields,
            mac=mac,
            scope=scope,
            detector=_detector,
            whole=frozenset(field.id for field in fields if field.required and not field.null),
            at=day,
        ),
        output=msgspec.defstruct(
            "Released",
            [(f"f{index}", object) for index in range(len(fields))],
            rename={f"f{index}": field.id for index, field in enumerate(fields)},
            namespace={"__repr__": lambda _: "Released(…)"},
            gc=False,
        ),
        entered=tuple((planned.id, planned.treatment.name) for planned in plan.fields),
        ordinary=_manifest(resource, grant, snapshot, policy, plan),
        encoded={},
    )


def _manifest(
    resource: Resource, grant: VerifiedGrant, snapshot: Snapshot, policy: Policy, plan: Plan
) -> Manifest:
    """Return the manifest of a call without records."""
    return Manifest(
        version=MANIFEST_VERSION,
        provider=resource.provider.department,
        requester=grant.requester,
        resource=resource.code,
        resource_name=resource.name,
        purpose=grant.detail.purpose,
        scenario=grant.detail.scenario,
        grant=GrantReference(jti=grant.claims.jti, digest=grant.digest),
        encoding="json",
        records=0,
        fields=tuple(
            FieldTreatment(
                id=planned.id,
                name=resource_field.name,
                type=planned.output_type,
                treatment=planned.treatment.told(),
                disclosure=planned.disclosure.label,
            )
            for planned in plan.fields
            if (resource_field := resource.field(planned.id)) is not None
        ),
        policy=f"{policy.id}@{policy.version}",
        catalogue=snapshot.trust.catalogue.version,
        trust=snapshot.trust.version,
    )


def explain_release(
    resource: Resource, grant: VerifiedGrant, snapshot: Snapshot, day: date
) -> Explanation:
    """Tell what the plan does to each field, and which layer and rule decided.

    Raises: PolicyMissingError, FieldUnreleasableError.
    """
    plan, policy = plan_release(resource, grant, snapshot, day)
    fields = {field.id: field for field in resource.fields}
    return Explanation(
        resource=resource.code,
        resource_name=resource.name,
        requester=grant.requester,
        purpose=grant.detail.purpose,
        level=grant.detail.level,
        policy=f"{policy.id}@{policy.version}",
        fields=tuple(
            ExplainedField(
                id=planned.id,
                name=fields[planned.id].name,
                grade=fields[planned.id].grade,
                kind=fields[planned.id].kind,
                treatment=planned.treatment.told(),
                disclosure=planned.disclosure.label,
                type=planned.output_type,
                layer=planned.layer,
                rule=planned.rule,
                reason=planned.reason,
                reason_zh=planned.reason_zh,
            )
            for planned in plan.fields
        ),
    )


class Releases:
    """Intakes and releases kept compiled, by grant, snapshot and day."""

    def __init__(self, department: str, keys: KeyProvider) -> None:
        self._department, self._keys = department, keys
        # Number of the newest snapshot seen.
        self._newest = -1
        self._intakes: OrderedDict[tuple[str, int], Intake] = OrderedDict()
        # With the keys they were compiled under: a rotated one is not used any more.
        self._releases: OrderedDict[tuple[str, int, int], tuple[tuple[KeyInfo, ...], Release]] = (
            OrderedDict()
        )

    def intake(self, grant: VerifiedGrant, snapshot: Snapshot) -> Intake:
        """Return the intake of a grant, whose resource may be shared with its requester.

        Raises: a ResourceError.
        """
        self._forget_before(snapshot)
        place = (grant.digest, snapshot.number)
        kept = self._intakes.get(place)
        if kept is None:
            resource = find_resource(
                grant.detail.resource,
                self._department,
                grant.requester,
                grant.detail,
                snapshot.trust.catalogue,
            )
            kept = self._intakes[place] = make_intake(resource, grant, snapshot)
            if len(self._intakes) > MAX_RELEASES:
                self._intakes.popitem(last=False)
        return kept

    def kept(self, grant: VerifiedGrant, snapshot: Snapshot, now: int) -> Release | None:
        """Return the release at `now`, Unix milliseconds, if it is compiled already."""
        kept = self._releases.get((grant.digest, snapshot.number, day_number(now)))
        return kept[1] if kept is not None and kept[0] == self._keys.list_keys() else None

    def release(
        self, intake: Intake, grant: VerifiedGrant, snapshot: Snapshot, now: int
    ) -> Release:
        """Return the release at `now`, Unix milliseconds; to compile it may take a second.

        Raises: PolicyMissingError, FieldUnreleasableError, ExtraMissingError,
            KeyUnavailableError.
        """
        kept = self.kept(grant, snapshot, now)
        if kept is None:
            keys = self._keys.list_keys()
            kept = make_release(intake, grant, snapshot, day_of(now), self._mac(now // 1000))
            self._releases[grant.digest, snapshot.number, day_number(now)] = keys, kept
            if len(self._releases) > MAX_RELEASES:
                self._releases.popitem(last=False)
        return kept

    def _forget_before(self, snapshot: Snapshot) -> None:
        """Let go of what was compiled for older snapshots, with all that they hold."""
        if snapshot.number > self._newest:
            self._newest = snapshot.number
            self._intakes.clear()
            self._releases.clear()

    def _mac(self, now: int) -> Callable[[bytes], Mac]:
        def mac(context: bytes) -> Mac:
            key = Ring(self._keys.list_keys()).active(Purpose.PSEUDONYM, at=now)
            return self._keys.mac(key.key_id, context)

        return mac
