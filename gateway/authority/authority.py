"""An authority: publishes trust data, issues grants, revokes them."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import yaml
from msgspec import Struct, to_builtins

from gateway.authority.register import Issued, Register, Revoked
from gateway.config import Places
from gateway.errors import DepartmentUnknownError, RequestMalformedError
from gateway.grants.claims import (
    TOKEN_TYPE,
    Approval,
    AuthorizationDetail,
    Claims,
    StatusClaim,
    StatusReference,
)
from gateway.grants.signing import sign_token
from gateway.grants.status import issue_status_list
from gateway.grants.token import encode_segment, read_claims
from gateway.grants.verifying import check_detail, check_scope
from gateway.model.call import Mode
from gateway.model.trust import Department, Trust
from gateway.ports import Clock, Dice
from gateway.release import find_resource
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder, write_whole
from gateway.stores.keyfile import open_keys
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.trust import read_trust
from keys.material import Purpose
from keys.ports import KeyInfo, KeyProvider
from keys.ring import Ring

DAY = 24 * 3600
JTI_BYTES = 16
# Room in a fresh status list, so that its length tells little of how many were issued.
STATUS_ROOM = 1024


class GrantRequest(Struct, frozen=True, kw_only=True):
    """What a grant shall say; see `gateway.grants.claims`."""

    requester: str
    provider: str
    resource: str
    purpose: str
    fields: tuple[str, ...]
    level: str
    days: float = 30
    scenario: str | None = None
    legal_basis: str | None = None
    modes: tuple[Mode, ...] = ("interface", "file", "database")
    rows_per_call: int | None = None
    rows_per_day: int | None = None
    region: str | None = None
    agreement: str | None = None
    approval: Approval | None = None
    begins: int | None = None


class Authority:
    """The authority of a folder."""

    def __init__(
        self,
        folder: Path | str,
        *,
        keys: KeyProvider | None = None,
        clock: Clock = system_clock,
        dice: Dice = os.urandom,
    ) -> None:
        """Open the authority of a folder.

        Raises: ConfigurationInvalidError, NodeInvalidError, KeyUnavailableError.
        """
        self.places = Places(Path(folder))
        self.file = self.places.authority_file()
        self._keys = keys or open_keys(self.places, self.file.passphrase_file)
        self._clock, self._dice = clock, dice
        self._register = Register(self.places.register)

    def trust(self) -> Trust:
        """Read the trust data as it stands.

        Raises: CatalogueInvalidError.
        """
        return read_trust(self._files(), self._now())

    def admit(self, department: Department) -> None:
        """Take a department's public entry into trust data, and publish."""
        path = self.places.trust / "departments" / f"{department.id}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, dump_yaml(department))
        self.publish()

    def publish(self) -> None:
        """Bump the version of trust data, and renew its term and the status list.

        Raises: CatalogueInvalidError where what would be published cannot be read.
        """
        with self._register.locked():
            self._publish()

    def issue(self, request: GrantRequest) -> str:
        """Issue a grant; return the token.

        Raises: a TokenError or ResourceError where no provider could accept it.
        """
        trust = self.trust()
        now = self._now()
        with self._register.locked():
            index = len(self._register.read()[0])
            claims = self._claims(request, trust, now, index)
            self._judge(claims, trust)
            token = self._sign(claims)
            self._register.append(
                Issued(
                    jti=claims.jti,
                    index=index,
                    sub=claims.sub,
                    aud=claims.aud,
                    resource=request.resource,
                    exp=claims.exp,
                )
            )
            # The list must reach as far as the grant's index before the grant is used.
            self._publish()
        return token

    def revoke(self, jti: str) -> None:
        """Revoke a grant and publish the status list that says so.

        Raises: RequestMalformedError for a grant that was not issued here.
        """
        with self._register.locked():
            issued, revoked = self._register.read()
            if jti not in issued:
                raise RequestMalformedError(
                    reason="no grant of that jti was issued here",
                    reason_zh="此处未签发过该编号的授权",
                )
            if jti not in revoked:
                self._register.append(Revoked(jti=jti, at=self._now()))
            self._publish()

    def _publish(self) -> None:
        files = self._files()
        now, term = self._now(), files.get("trust.yaml")
        version = 1 if term is None else int(yaml.safe_load(term)["version"]) + 1
        lifetime = self.file.fresh_days * DAY
        status = self._status_list(now, lifetime)
        trust_yaml = dump_yaml({"version": version, "issued": now, "expires": now + lifetime})
        files |= {"status/list.jwt": status.encode() + b"\n", "trust.yaml": trust_yaml}
        read_trust(files, now)
        (self.places.trust / "status").mkdir(parents=True, exist_ok=True)
        write_whole(self.places.trust / "status" / "list.jwt", files["status/list.jwt"])
        write_whole(self.places.trust / "trust.yaml", trust_yaml)

    def _status_list(self, now: int, lifetime: int) -> str:
        issued, revoked = self._register.read()
        key = self._signing_key(now)
        return issue_status_list(
            iss=self.file.iss,
            uri=self.file.status_uri,
            revoked=[issued[jti].index for jti in revoked if jti in issued],
            size=-(-(len(issued) + 1) // STATUS_ROOM) * STATUS_ROOM,
            now=now,
            lifetime=lifetime,
            key_id=key.key_id,
            suite_number=key.suite,
            sign=lambda message: self._keys.sign(key.key_id, message),
        )

    def _claims(self, request: GrantRequest, trust: Trust, now: int, index: int) -> Claims:
        purpose = trust.catalogue.purposes.get(request.purpose)
        begins = now if request.begins is None else request.begins
        detail = AuthorizationDetail(
            type="gov-data-share",
            resource=request.resource,
            fields=request.fields,
            purpose=request.purpose,
            scenario=request.scenario or (purpose.scenarios[0] if purpose else "-"),
            level=request.level,
            legal_basis=request.legal_basis or (purpose.basis if purpose else "-"),
            actions=("read",),
            modes=request.modes,
            rows_per_call=request.rows_per_call,
            rows_per_day=request.rows_per_day,
            region=request.region,
            agreement=request.agreement,
            approval=request.approval,
        )
        claims = Claims(
            iss=self.file.iss,
            sub=request.requester,
            client_id=request.requester,
            aud=request.provider,
            iat=min(now, begins),
            nbf=begins,
            exp=begins + int(request.days * DAY),
            jti=encode_segment(self._dice(JTI_BYTES)),
            status=StatusClaim(status_list=StatusReference(idx=index, uri=self.file.status_uri)),
            authorization_details=(detail,),
        )
        # What is issued is held to the schema of what is read.
        return read_claims(msgspec.json.encode(claims), Claims)

    def _judge(self, claims: Claims, trust: Trust) -> None:
        """Refuse to issue what no provider would accept."""
        detail = claims.authorization_details[0]
        for department in (claims.sub, claims.aud):
            if department not in trust.departments:
                raise DepartmentUnknownError(department=department)
        check_scope(detail, trust.issuers[claims.iss], claims.aud)
        check_detail(detail, trust)
        find_resource(detail.resource, claims.aud, claims.sub, detail, trust.catalogue)

    def _sign(self, claims: Claims) -> str:
        key = self._signing_key(self._now())
        return sign_token(
            claims,
            token_type=TOKEN_TYPE,
            key_id=key.key_id,
            suite_number=key.suite,
            sign=lambda message: self._keys.sign(key.key_id, message),
        )

    def _signing_key(self, now: int) -> KeyInfo:
        return Ring(self._keys.list_keys()).active(Purpose.SIGNING, at=now)

    def _files(self) -> dict[str, bytes]:
        return read_folder(self.places.trust, TRUST_SUFFIXES)

    def _now(self) -> int:
        return self._clock() // 1000


def dump_yaml(value: Struct | Mapping[str, object]) -> bytes:
    """Write a value as YAML that people can read and edit."""
    plain = to_builtins(value)
    if isinstance(plain, dict):
        plain = {key: item for key, item in plain.items() if item is not None}
    text = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=100)
    return text.encode()
