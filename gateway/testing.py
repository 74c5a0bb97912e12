"""Fakes that ship: a whole exchange in memory, for a department's own tests.

    city = MemoryCity()
    sealed = city.provider.seal(city.request(records=…))
    opened = city.requester.open(sealed.envelope)

Everything that guards data is the real thing: grants, masking, envelopes, keys.
Only clock, disk and ledger are replaced, each by an honest fake of its port.
"""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec

from gateway.authority.authority import STATUS_ROOM
from gateway.catalogue import read_catalogue
from gateway.founding import WorldDepartment, read_world
from gateway.grants.claims import (
    TOKEN_TYPE,
    Approval,
    AuthorizationDetail,
    Claims,
    StatusClaim,
    StatusReference,
)
from gateway.grants.signing import sign_token
from gateway.grants.status import issue_status_list, verify_status_list
from gateway.grants.token import encode_segment
from gateway.inbound import Inbound
from gateway.installation import PUBLIC_PURPOSES
from gateway.ledger import SALT_BYTES, settle
from gateway.model.call import Entry, HeldGrant, Opened, Receipt, Row, Sealed, SealRequest
from gateway.model.resource import Resource
from gateway.model.trust import Blocks, Catalogue, Department, Issuer, Snapshot, Trust, public_entry
from gateway.outbound import Outbound
from gateway.sample import rows as sample_rows
from gateway.world import catalogue_files, files
from keys.material import Purpose
from keys.stores.memory import MemoryStore
from keys.suites import fingerprint
from masking.policy import Policy, read_policy

# 2026-11-02 08:00 in China, the time at which a memory city begins.
START_MS = 1_793_577_600_000
DAY = 86_400
STATUS_URI = "urn:sealgate:status:1"
RESOURCE = "3070010010001/000001"
PURPOSE = "medical-assistance"
SCENARIO = "住院和门诊救助资格核定"
FIELDS = ("name", "resident_id", "birth_date", "region", "mobile", "monthly_income", "category")


@cache
def _packaged_catalogue() -> Catalogue:
    # Read once in a process: a department's tests found many cities.
    return read_catalogue(catalogue_files())


class FixedClock:
    """A Clock that stands still until it is told to move; `now` is Unix milliseconds."""

    def __init__(self, now: int = START_MS) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def forward(self, *, seconds: float) -> None:
        """Move the clock; backwards if `seconds` is negative."""
        self.now += int(seconds * 1000)


class MemoryLedger:
    """A LedgerSink that keeps entries in `entries`, and signs no receipts."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def append(self, entry: Entry) -> Receipt:
        """Keep the entry; the receipt holds its leaf, and neither path nor checkpoint."""
        self.entries.append(entry)
        leaf = settle(entry, bytes(SALT_BYTES)).leaf
        return Receipt(leaf=leaf, index=len(self.entries) - 1)

    def last(self, kind: str) -> str | None:
        """Return the detail of the newest entry of a kind."""
        found = (entry for entry in reversed(self.entries) if entry.shared.kind == kind)
        newest = next(found, None)
        return None if newest is None else newest.private.detail

    def checkpoint(self) -> None:
        """Return None: nothing is signed."""


class MemoryState:
    """A QuotaStore and ClaimStore of one process."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, str], int] = {}
        self.claims: set[tuple[str, bytes]] = set()

    def reserve(self, grant: str, day: str, rows: int, limit: int) -> int | None:
        """Charge `rows` if they fit."""
        used = self.used.get((grant, day), 0)
        if used + rows > limit:
            return used
        self.used[grant, day] = used + rows
        return None

    def claim(self, sender: str, envelope_id: bytes, expires: int, now: int) -> bool:
        """Claim (sender, id)."""
        fresh = (sender, envelope_id) not in self.claims
        self.claims.add((sender, envelope_id))
        return fresh

    def release(self, sender: str, envelope_id: bytes) -> None:
        """Give a claim back."""
        self.claims.discard((sender, envelope_id))


class MemoryGrants:
    """A GrantBook of the grants it is given."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], HeldGrant] = {}

    def find(self, jti: str, digest: str) -> HeldGrant | None:
        """Return a grant that was given."""
        return self.held.get((jti, digest))


class MemorySnapshots:
    """A SnapshotSource that gives what it was told last."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def current(self) -> Snapshot:
        """Return the snapshot."""
        return self._snapshot

    def change(self, **changes: Any) -> None:
        """Replace parts of the snapshot by name, under a new number."""
        number = self._snapshot.number + 1
        self._snapshot = msgspec.structs.replace(self._snapshot, number=number, **changes)


class MemoryNode:
    """One department's gateway in memory."""

    def __init__(self, department: WorldDepartment, clock: FixedClock) -> None:
        self.department = department.id
        self.name = department.name
        self.clock = clock
        self.keys = MemoryStore()
        now = clock() // 1000 - DAY
        for purpose, number in (
            (Purpose.SIGNING, 1),
            (Purpose.OPENING, 1),
            (Purpose.OPENING, 2),
            (Purpose.PSEUDONYM, 1),
            (Purpose.LEDGER, 1),
        ):
            self.keys.new(purpose, number, now, 366, "active")
        self.ledger = MemoryLedger()
        self.state = MemoryState()
        self.grants = MemoryGrants()

    def entry(self) -> Department:
        """Return the public entry."""
        keys = (key for key in self.keys.list_keys() if key.purpose in PUBLIC_PURPOSES)
        return Department(
            id=self.department,
            name=self.name,
            suites=(1, 2),
            keys=tuple(public_entry(key) for key in keys),
        )

    def wire(self, snapshots: MemorySnapshots) -> None:
        """Connect to trust data."""
        self.snapshots = snapshots
        self.outbound = Outbound(
            department=self.department,
            snapshots=snapshots,
            keys=self.keys,
            ledger=self.ledger,
            quotas=self.state,
            clock=self.clock,
            dice=os.urandom,
        )
        self.inbound = Inbound(
            department=self.department,
            snapshots=snapshots,
            keys=self.keys,
            ledger=self.ledger,
            claims=self.state,
            grants=self.grants,
            clock=self.clock,
        )

    def seal(self, request: SealRequest) -> Sealed:
        """Seal; see `gateway.outbound`."""
        return self.outbound.seal(request)

    def open(self, envelope: bytes, *, reopen: bool = False) -> Opened:
        """Open; see `gateway.inbound`."""
        return self.inbound.open(envelope, reopen=reopen)


class MemoryCity:
    """The packaged world in memory: `provider`, `requester`, `outsider` and an issuer.

    `catalogue` replaces the packaged catalogue, `policy` the provider's policy.
    """

    def __init__(self, *, catalogue: Catalogue | None = None, policy: Policy | None = None) -> None:
        world = read_world()
        self.clock = FixedClock()
        self.iss = world.issuer.iss
        nodes = {one.role: MemoryNode(one, self.clock) for one in world.departments}
        self.provider, self.requester = nodes["provider"], nodes["requester"]
        self.outsider = nodes["outsider"]
        self.issuer_keys = MemoryStore()
        now = self.clock() // 1000
        self.issuer_key = self.issuer_keys.new(Purpose.SIGNING, 1, now - 90 * DAY, 366, "active")
        self.revoked: set[int] = set()
        self.issued = 0
        self.catalogue = catalogue or _packaged_catalogue()
        name = f"policies/{self.provider.department}.yaml"
        trust = Trust(
            version=1,
            issued=now,
            expires=now + 30 * DAY,
            departments={node.department: node.entry() for node in nodes.values()},
            issuers={self.iss: self.issuer()},
            catalogue=self.catalogue,
            status_lists={},
        )
        snapshot = Snapshot(
            number=1,
            trust=trust,
            policy=policy or read_policy(files()[name], name, scheme=self.catalogue.grades),
            blocks=Blocks(),
        )
        for node in nodes.values():
            node.wire(MemorySnapshots(snapshot))
        self.nodes = tuple(nodes.values())
        self.publish()

    @property
    def trust(self) -> Trust:
        """Return the trust data as it stands."""
        return self.provider.snapshots.current().trust

    def issuer(self, **changes: Any) -> Issuer:
        """Return the issuer's entry, changed by name."""
        issuer = Issuer(
            iss=self.iss,
            name="issuer",
            keys=(public_entry(self.issuer_key),),
            providers=("*",),
            resources=("*",),
        )
        return msgspec.structs.replace(issuer, **changes)

    def publish(self, **changes: Any) -> None:
        """Give every node trust data changed by name, with a fresh status list."""
        now = self.clock() // 1000
        issuers: Mapping[str, Issuer] = changes.get("issuers", self.trust.issuers)
        token = issue_status_list(
            iss=self.iss,
            uri=STATUS_URI,
            revoked=self.revoked,
            size=STATUS_ROOM,
            now=now,
            lifetime=30 * DAY,
            key_id=self.issuer_key.key_id,
            suite_number=1,
            sign=self.sign,
        )
        if "status_lists" not in changes:
            changes["status_lists"] = {STATUS_URI: verify_status_list(token, issuers, now)}
        trust = msgspec.structs.replace(self.trust, version=self.trust.version + 1, **changes)
        for node in self.nodes:
            node.snapshots.change(trust=trust)

    def sign(self, message: bytes) -> bytes:
        """Sign as the issuer."""
        return self.issuer_keys.sign(self.issuer_key.key_id, message)

    def detail(self, **changes: Any) -> AuthorizationDetail:
        """Return authorization details of an ordinary grant, changed by name."""
        detail = AuthorizationDetail(
            type="gov-data-share",
            resource=RESOURCE,
            fields=FIELDS,
            purpose=PURPOSE,
            scenario=SCENARIO,
            level="G3",
            legal_basis="《社会救助暂行办法》",
            actions=("read",),
            modes=("interface", "file"),
            approval=Approval(by=self.provider.name, at=self.clock() // 1000, reference="1"),
        )
        return msgspec.structs.replace(detail, **changes)

    def claims(self, detail: Mapping[str, Any] | None = None, **changes: Any) -> Claims:
        """Return the claims of an ordinary grant, changed by name."""
        now = self.clock() // 1000
        self.issued += 1
        claims = Claims(
            iss=self.iss,
            sub=self.requester.department,
            client_id="settlement",
            aud=self.provider.department,
            iat=now,
            nbf=now,
            exp=now + 7 * DAY,
            jti=encode_segment(os.urandom(16)),
            status=StatusClaim(status_list=StatusReference(idx=self.issued, uri=STATUS_URI)),
            authorization_details=(self.detail(**(detail or {})),),
        )
        return msgspec.structs.replace(claims, **changes)

    def grant(self, detail: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """Issue a grant; its requester holds it from now on."""
        return self.issue(self.claims(detail, **changes))

    def issue(self, claims: Claims) -> str:
        """Sign claims as a grant."""
        token = sign_token(
            claims,
            token_type=TOKEN_TYPE,
            key_id=self.issuer_key.key_id,
            suite_number=1,
            sign=self.sign,
        )
        digest = fingerprint(token.encode()).hex()
        for node in self.nodes:
            if node.department == claims.sub:
                node.grants.held[claims.jti, digest] = HeldGrant(
                    jti=claims.jti,
                    digest=digest,
                    provider=claims.aud,
                    resource=claims.authorization_details[0].resource,
                    purpose=claims.authorization_details[0].purpose,
                    fields=claims.authorization_details[0].fields,
                )
        return token

    def resource(self, code: str = RESOURCE) -> Resource:
        """Return an entry of the catalogue."""
        return self.catalogue.resources[code]

    def records(
        self, count: int = 3, *, fields: Sequence[str] = FIELDS, code: str = RESOURCE, seed: int = 1
    ) -> list[Row]:
        """Make records that fit a resource, with only these fields, as JSON values."""
        made = sample_rows(self.resource(code), self.catalogue.code_lists, rows=count, seed=seed)
        wanted = [{k: v for k, v in record.items() if k in fields} for record in made]
        return msgspec.json.decode(msgspec.json.encode(wanted), type=list[Row])

    def request(self, records: object = None, **changes: Any) -> SealRequest:
        """Return an ordinary request, changed by name; `records` is encoded as JSON."""
        data = msgspec.json.encode(self.records() if records is None else records)
        grant = changes.pop("grant", None) or self.grant()
        request = SealRequest(resource=RESOURCE, purpose=PURPOSE, grant=grant, records=data)
        return msgspec.structs.replace(request, **changes)
