"""Hold the vectors of grants against the code."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from docs.reference.grant_vectors.model import Accepted, GrantFile, Refused
from docs.reference.grant_vectors.tokens import DAY, build
from gateway.catalogue import read_catalogue
from gateway.grants import GrantVerifier
from gateway.grants.status import verify_status_list
from gateway.model.trust import Blocks, Department, Issuer, PublicKey, Snapshot, Trust
from gateway.world import catalogue_files
from keys.errors import SealgateError
from keys.material import Purpose
from keys.suites import XWING


def trust_of(file: GrantFile) -> Trust:
    """Return the trust data that the file describes, with the packaged catalogue."""
    keys = tuple(
        PublicKey(
            key_id=key.key_id,
            purpose=Purpose.SIGNING,
            suite=XWING,
            public=key.public,
            not_before=key.not_before,
            not_after=key.not_after,
            retired_at=key.retired_at,
            revoked_at=key.revoked_at,
        )
        for key in file.keys
    )
    issuers = {
        each.iss: Issuer(
            iss=each.iss,
            name=each.iss,
            algorithms=each.algorithms,
            keys=keys,
            providers=each.providers,
            resources=each.resources,
        )
        for each in file.issuers
    }
    lists = {u: verify_status_list(t, issuers, file.now) for u, t in file.status_lists.items()}
    return Trust(
        version=1,
        issued=file.now - DAY,
        expires=file.now + DAY,
        departments={id_: Department(id=id_, name=id_, suites=(1,)) for id_ in file.departments},
        issuers=issuers,
        catalogue=read_catalogue(catalogue_files()),
        status_lists=lists,
    )


def judge(file: GrantFile) -> Callable[[Accepted | Refused], str]:
    """Return what gives the code with which a token is refused, or `accepted`."""
    trust = trust_of(file)

    def outcome(one: Accepted | Refused) -> str:
        now, blocks = file.now, Blocks()
        if isinstance(one, Refused):
            now = one.now or now
            blocks = Blocks(
                requesters=frozenset(one.blocked_requesters), grants=frozenset(one.blocked_grants)
            )
        snapshot = Snapshot(number=1, trust=trust, policy=None, blocks=blocks)
        try:
            verified = GrantVerifier(file.provider).verify(one.token, snapshot, now)
        except SealgateError as refusal:
            return refusal.code
        return "accepted" if isinstance(one, Accepted) and verified.digest == one.digest else "held"

    return outcome


def faults(file: GrantFile) -> Iterator[str]:
    """Say in what the file is not what it should be."""
    fresh = build()
    # Libraries pack the same statuses to other bytes.
    if replace(file, status_lists={}) != replace(fresh, status_lists={}):
        yield "not what the code gives"
    if trust_of(file).status_lists != trust_of(fresh).status_lists:
        yield "other status lists than the code gives"
    outcome = judge(file)
    for held in file.accepted:
        if (found := outcome(held)) != "accepted":
            yield f"{held.name}: {found}"
    for refused in file.refused:
        if (found := outcome(refused)) != refused.code:
            yield f"{refused.name}: {found}, not {refused.code}"
