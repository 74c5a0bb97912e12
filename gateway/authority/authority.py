"""An authority: publishes trust data, issues grants, revokes them."""

import os
from collections.abc import Mapping
from pathlib import Path

import yaml
from msgspec import Struct, to_builtins
from msgspec.structs import replace

from gateway.authority.directory import admitted, revoked
from gateway.authority.register import Issued, Register, Revoked
from gateway.config import Places
from gateway.errors import (
    CatalogueInvalidError,
    DepartmentUnknownError,
    RequestMalformedError,
)
from gateway.grants import GrantVerifier
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
from gateway.grants.token import encode_segment
from gateway.model.call import Mode
from gateway.model.trust import Department, Issuer, PublicKey, Trust, public_entry
from gateway.ports import Clock, Dice
from gateway.sharing import find_resource
from gateway.stores.clock import system_clock
from gateway.stores.files import read_folder, write_whole
from gateway.stores.keyfile import open_keys
from gateway.stores.snapshots import TRUST_SUFFIXES
from gateway.trust import IssuerFile, Term, read_trust
from keys.derive import lp
from keys.material import Purpose
from keys.ports import KeyInfo, KeyProvider
from keys.ring import Ring
from keys.suites import fingerprint
from masking import document

DAY = 24 * 3600
JTI_BYTES = 16
# Room in a fresh status list, so that its length tells little of how many were issued.
STATUS_ROOM = 1024
# No grant outlives the legal basis it names by decades; stops a slip of the pen.
MAX_GRANT_DAYS = 3660
TERM = "trust.yaml"
ISSUERS = "issuers.yaml"
STATUS_LIST = "status/list.jwt"


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
        """Take a department's public entry into trust data, and publish.

        Raises: CatalogueInvalidError, TrustStaleError; nothing is written then.
        """
        with self._register.locked():
            held = self._department(department.id)
            self._place(admitted(department, held, self._now()))

    def revoke_key(self, department: str, key_id: str) -> None:
        """Revoke a department's key, so that it is believed in nothing any more, and publish.

        Raises: DepartmentUnknownError, KeyUnknownError, CatalogueInvalidError.
        """
        with self._register.locked():
            held = self._department(department)
            if held is None:
                raise DepartmentUnknownError(department=department)
            self._place(revoked(held, key_id, self._now()))

    def renew(self) -> Mapping[str, bytes]:
        """Publish if anything changed since the last time, or half of its term is over.

        Returns the files as they are published now. Raises: as `publish`.
        """
        with self._register.locked():
            files, left = self._files(), self.file.fresh_days * DAY // 2
            ends = read_trust(files, self._now()).expires
            if self._published() != _digest(files) or ends - self._now() < left:
                return self._publish({})
            return files

    def publish(self) -> None:
        """Bump the version of trust data, and renew its term and the status list.

        Raises: CatalogueInvalidError where what would be published cannot be read.
        """
        with self._register.locked():
            self._publish({})

    def issue(self, request: GrantRequest) -> str:
        """Issue a grant; return the token.

        Raises: a TokenError or ResourceError where no provider could accept it.
        """
        with self._register.locked():
            trust, issued = self.trust(), self._register.read()[0]
            index = next_index(issued)
            claims = self._claims(request, trust, self._now(), index)
            token = self._sign(claims)
            self._judge(token, claims, trust)
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
            self._publish({})
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
            self._publish({})

    def _publish(self, changed: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Write `changed` and what is renewed, once all of it together can be read."""
        files, now = self._files(), self._now()
        lifetime = self.file.fresh_days * DAY
        term = Term(version=_version(files) + 1, issued=now, expires=now + lifetime)
        renewed = {
            **changed,
            STATUS_LIST: self._status_list(now, lifetime).encode() + b"\n",
            TERM: dump_yaml(term),
            ISSUERS: files[ISSUERS],
        }
        published = files | renewed
        read_trust(published, now)
        for name, content in renewed.items():
            path = self.places.trust / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, content)
        # Last: what a killed process wrote only in part is published anew.
        write_whole(self.places.published, _digest(published).encode() + b"\n")
        return published

    def _published(self) -> str | None:
        """Return the digest of what was published last, None where that is not known."""
        try:
            return self.places.published.read_text("ascii", "replace").strip()
        except FileNotFoundError:
            return None

    def _status_list(self, now: int, lifetime: int) -> str:
        issued, revoked = self._register.read()
        key = self._signing_key(now)
        return issue_status_list(
            iss=self.file.iss,
            uri=self.file.status_uri,
            revoked=[issued[jti].index for jti in revoked if jti in issued],
            size=-(-(next_index(issued) + 1) // STATUS_ROOM) * STATUS_ROOM,
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
        return Claims(
            iss=self.file.iss,
            sub=request.requester,
            client_id=request.requester,
            aud=request.provider,
            iat=min(now, begins),
            nbf=begins,
            exp=begins + _seconds(request.days),
            jti=_new_jti(self._dice(JTI_BYTES)),
            status=StatusClaim(status_list=StatusReference(idx=index, uri=self.file.status_uri)),
            authorization_details=(detail,),
        )

    def _judge(self, token: str, claims: Claims, trust: Trust) -> None:
        """Refuse to issue what no provider would accept once the grant begins."""
        GrantVerifier(claims.aud).check_issued(token, trust, claims.nbf)
        if claims.aud not in trust.departments:
            raise DepartmentUnknownError(department=claims.aud)
        detail = claims.authorization_details[0]
        find_resource(detail.resource, claims.aud, claims.sub, detail, trust.catalogue)

    def _sign(self, claims: Claims) -> str:
        key = self._signing_key(self._now())
        try:
            return sign_token(
                claims,
                token_type=TOKEN_TYPE,
                key_id=key.key_id,
                suite_number=key.suite,
                sign=lambda message: self._keys.sign(key.key_id, message),
            )
        except (OverflowError, ValueError):
            raise RequestMalformedError(
                reason="a number or text of the request cannot be written as JSON",
                reason_zh="请求中有数字或文本无法写成 JSON",
            ) from None

    def _signing_key(self, now: int) -> KeyInfo:
        return Ring(self._keys.list_keys()).active(Purpose.SIGNING, at=now)

    def _department(self, department: str) -> Department | None:
        name = _entry_name(department)
        text = read_folder(self.places.trust, TRUST_SUFFIXES).get(name)
        if text is None:
            return None
        return document.read(text, Department, file=name, error=CatalogueInvalidError).value

    def _place(self, department: Department) -> None:
        self._publish({_entry_name(department.id): dump_yaml(department)})

    def _files(self) -> dict[str, bytes]:
        files = read_folder(self.places.trust, TRUST_SUFFIXES)
        return files | {ISSUERS: self._issuers(files)}

    def _issuers(self, files: Mapping[str, bytes]) -> bytes:
        """Return the list of issuers with our own keys as they are now.

        A key that the key file no longer has stays, and so does a revocation.
        """
        text = files.get(ISSUERS, b"")
        listed = document.read(text, IssuerFile, file=ISSUERS, error=CatalogueInvalidError).value
        ours = {
            key.key_id: public_entry(key)
            for key in self._keys.list_keys()
            if key.purpose is Purpose.SIGNING
        }
        issuers = tuple(
            _with_keys(issuer, ours) if issuer.iss == self.file.iss else issuer
            for issuer in listed.issuers
        )
        if issuers == listed.issuers:
            return text
        return dump_yaml(IssuerFile(issuers=issuers))

    def _now(self) -> int:
        return self._clock() // 1000


def next_index(issued: Mapping[str, Issued]) -> int:
    """Return the first index of the status list that no grant has had."""
    return 1 + max((grant.index for grant in issued.values()), default=-1)


def _entry_name(department: str) -> str:
    return f"departments/{department}.yaml"


def _digest(files: Mapping[str, bytes]) -> str:
    parts = (part for name in sorted(files) for part in (name.encode(), files[name]))
    return fingerprint(lp(*parts)).hex()


def _version(files: Mapping[str, bytes]) -> int:
    if TERM not in files:
        return 0
    term = document.read(files[TERM], Term, file=TERM, error=CatalogueInvalidError)
    return term.value.version


def _seconds(days: float) -> int:
    # Written so that what is no number is refused.
    if not 0 < days <= MAX_GRANT_DAYS:
        raise RequestMalformedError(
            reason=f"a grant lasts more than 0 and at most {MAX_GRANT_DAYS} days",
            reason_zh=f"授权期限应大于 0 天且不超过 {MAX_GRANT_DAYS} 天",
        )
    return int(days * DAY)


def _new_jti(dice: bytes) -> str:
    """Spell random bytes as a grant id that begins with a letter: `-` would be an option."""
    return encode_segment(bytes((dice[0] & 0x7F,)) + dice[1:])


def _with_keys(issuer: Issuer, ours: Mapping[str, PublicKey]) -> Issuer:
    listed = {key.key_id: key for key in issuer.keys}
    for key_id, key in ours.items():
        known = listed.get(key_id)
        revoked_at = None if known is None else known.revoked_at
        listed[key_id] = replace(key, revoked_at=revoked_at)
    return replace(issuer, keys=tuple(listed.values()))


def dump_yaml(value: Struct | Mapping[str, object]) -> bytes:
    """Write a value as YAML that people can read and edit."""
    plain = to_builtins(value)
    if isinstance(plain, dict):
        plain = {key: item for key, item in plain.items() if item is not None}
    text = yaml.safe_dump(plain, allow_unicode=True, sort_keys=False, width=100)
    return text.encode()
