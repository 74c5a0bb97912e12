"""An authority issues what providers accept, revokes at once, and survives what happens to it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from gateway.authority import Authority, GrantRequest
from gateway.authority.authority import MAX_GRANT_DAYS, STATUS_ROOM
from gateway.authority.register import Issued, Register, Revoked
from gateway.config import Places
from gateway.errors import CatalogueInvalidError, ConfigurationInvalidError
from gateway.founding import World, found_world
from gateway.grants import GrantVerifier
from gateway.grants.claims import Approval, Claims
from gateway.grants.token import parse_token, read_claims
from gateway.model.trust import Blocks, Department, Snapshot
from gateway.stores.clock import system_clock
from gateway.testing import FIELDS, PURPOSE, RESOURCE
from keys.errors import SealgateError
from tests.gateway.token_forge import shown

ROOT = Path(__file__).parents[2]
ORGANISATIONS, MARRIAGES = "3070010020001/000002", "3070010030001/000003"
ADOPTIONS = "3070010040001/000004"
PROVIDER, REQUESTER = "11149900MB0C12002H", "11149900MB0C13013W"
OUTSIDER = "11149900MB0C140248"
NOBODY = "91110000MA0012345X"
MARK = "marked-secret-7f3a"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Found one world for all tests; each works on a copy of its authority."""
    return found_world(tmp_path_factory.mktemp("world") / "world")


@pytest.fixture
def folder(founded: World, tmp_path: Path) -> Path:
    """Copy the authority's folder."""
    return Path(shutil.copytree(founded.place("authority"), tmp_path / "authority"))


@pytest.fixture
def authority(folder: Path) -> Authority:
    """Open an authority of its own."""
    return Authority(folder)


@pytest.fixture(scope="module")
def idle(founded: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the authority's folder once, for tests that change nothing."""
    return Path(
        shutil.copytree(founded.place("authority"), tmp_path_factory.mktemp("idle") / "authority")
    )


def wanted(**changes: Any) -> GrantRequest:
    """Return an ordinary request, changed by name."""
    request = GrantRequest(
        requester=REQUESTER,
        provider=PROVIDER,
        resource=RESOURCE,
        purpose=PURPOSE,
        fields=FIELDS,
        level="G3",
        approval=Approval(by=MARK, at=system_clock() // 1000, reference=MARK),
    )
    return msgspec.structs.replace(request, **changes)


def claims_of(token: str) -> Claims:
    """Read the claims of a token, believed as they stand."""
    return read_claims(parse_token(token).payload, Claims)


def verify(authority: Authority, token: str, now: int | None = None) -> str:
    """Verify as the provider would with the trust data as it stands; return the outcome."""
    snapshot = Snapshot(number=1, trust=authority.trust(), policy=None, blocks=Blocks())
    try:
        GrantVerifier(PROVIDER).verify(token, snapshot, now or system_clock() // 1000)
    except SealgateError as error:
        return error.code
    return "ok"


def content(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder but locks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


# --- issuing ---------------------------------------------------------------


def test_an_issued_grant_is_accepted_and_says_what_was_asked(authority: Authority) -> None:
    """With every limit that a request can name."""
    request = wanted(
        days=2,
        scenario="一站式费用结算",
        legal_basis="《社会救助暂行办法》第五章",
        modes=("file",),
        rows_per_call=10,
        rows_per_day=100,
        region="149900",
        agreement="1",
    )
    token = authority.issue(request)
    assert verify(authority, token) == "ok"
    claims = claims_of(token)
    detail = claims.authorization_details[0]
    for name in ("resource", "purpose", "fields", "level", "scenario", "legal_basis", "modes"):
        assert getattr(detail, name) == getattr(request, name)
    for name in ("rows_per_call", "rows_per_day", "region", "agreement", "approval"):
        assert getattr(detail, name) == getattr(request, name)
    assert (claims.sub, claims.aud) == (REQUESTER, PROVIDER)
    assert claims.exp - claims.nbf == 2 * 86_400


def test_a_grant_may_begin_later_or_earlier(authority: Authority) -> None:
    """Refused until it begins, and once it has ended; not by the authority that issues it."""
    now = system_clock() // 1000
    later = authority.issue(wanted(begins=now + 1000, days=1))
    earlier = authority.issue(wanted(begins=now - 10 * 86_400, days=5))
    assert verify(authority, later) == "TOKEN_NOT_YET_VALID"
    assert verify(authority, later, now + 1000) == "ok"
    assert verify(authority, earlier) == "TOKEN_EXPIRED"


UNACCEPTABLE: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown requester": ({"requester": NOBODY}, "DEPARTMENT_UNKNOWN"),
    "a requester that is no code": ({"requester": MARK}, "TOKEN_CLAIM_INVALID"),
    "an unknown provider": ({"provider": NOBODY}, "DEPARTMENT_UNKNOWN"),
    "a provider that is none of the resource": ({"provider": OUTSIDER}, "RESOURCE_NOT_OURS"),
    "an unknown resource": ({"resource": "3070010010001/999999"}, "RESOURCE_UNCATALOGUED"),
    "a resource that is no code": ({"resource": f"../{MARK}"}, "TOKEN_CLAIM_INVALID"),
    "an unknown purpose": ({"purpose": "curiosity"}, "PURPOSE_NOT_GRANTED"),
    "a purpose that is no id": ({"purpose": MARK.upper()}, "TOKEN_CLAIM_INVALID"),
    "an unknown scenario": ({"scenario": MARK}, "PURPOSE_NOT_GRANTED"),
    "no field": ({"fields": ()}, "TOKEN_CLAIM_INVALID"),
    "an unknown field": ({"fields": ("name", "marked_secret")}, "TOKEN_CLAIM_INVALID"),
    "a field that is no name": ({"fields": (MARK,)}, "TOKEN_CLAIM_INVALID"),
    "a field twice": ({"fields": ("name", "name")}, "TOKEN_CLAIM_INVALID"),
    "an unknown level": ({"level": MARK}, "TOKEN_CLAIM_INVALID"),
    "no level": ({"level": ""}, "TOKEN_CLAIM_INVALID"),
    "no mode": ({"modes": ()}, "TOKEN_CLAIM_INVALID"),
    "an unknown mode": ({"modes": (MARK,)}, "TOKEN_CLAIM_INVALID"),
    "a region that is no code": ({"region": MARK}, "TOKEN_CLAIM_INVALID"),
    "a region without its field": (
        {"region": "149900", "fields": ("name",)},
        "TOKEN_CLAIM_INVALID",
    ),
    "no row a call": ({"rows_per_call": 0}, "TOKEN_CLAIM_INVALID"),
    "fewer than no rows a day": ({"rows_per_day": -1}, "TOKEN_CLAIM_INVALID"),
    "more rows than can be counted": ({"rows_per_day": 10**30}, "TOKEN_CLAIM_INVALID"),
    "more rows than can be written": ({"rows_per_day": 10**5000}, "REQUEST_MALFORMED"),
    "rows beyond the limit": ({"rows_per_day": 10**12}, "TOKEN_CLAIM_INVALID"),
    "no day": ({"days": 0}, "REQUEST_MALFORMED"),
    "fewer than no days": ({"days": -1}, "REQUEST_MALFORMED"),
    "no number of days": ({"days": float("nan")}, "REQUEST_MALFORMED"),
    "days without end": ({"days": float("inf")}, "REQUEST_MALFORMED"),
    "days before the beginning": ({"days": float("-inf")}, "REQUEST_MALFORMED"),
    "more days than a basis lasts": ({"days": MAX_GRANT_DAYS + 1}, "REQUEST_MALFORMED"),
    "less than a second": ({"days": 1e-9}, "TOKEN_CLAIM_INVALID"),
    "a beginning before all time": ({"begins": -1}, "TOKEN_CLAIM_INVALID"),
    "a beginning beyond all time": ({"begins": 10**15}, "TOKEN_CLAIM_INVALID"),
    "a beginning beyond all numbers": ({"begins": 10**30}, "TOKEN_CLAIM_INVALID"),
    "a beginning before the key": ({"begins": 1_000_000_000}, "TOKEN_ISSUER_UNKNOWN"),
    "no approval": ({"approval": None}, "APPROVAL_MISSING"),
    "an approval by nobody": (
        {"approval": Approval(by="", at=1, reference="1")},
        "TOKEN_CLAIM_INVALID",
    ),
    "a legal basis too long": ({"legal_basis": "x" * 2001}, "TOKEN_CLAIM_INVALID"),
    "a token too long": ({"legal_basis": "法" * 2000}, "TOKEN_MALFORMED"),
    "text that is none": ({"legal_basis": f"{MARK}\ud800"}, "REQUEST_MALFORMED"),
    "an agreement of no text": ({"agreement": ""}, "TOKEN_CLAIM_INVALID"),
    "a resource that needs an agreement": (
        {"resource": MARRIAGES, "fields": ("business",)},
        "AGREEMENT_MISSING",
    ),
    "a dedicated resource for another": (
        {"resource": MARRIAGES, "fields": ("business",), "requester": OUTSIDER, "agreement": "1"},
        "RESOURCE_NOT_SHARED",
    ),
    "a resource that is not shared": (
        {"resource": ADOPTIONS, "fields": ("region",)},
        "RESOURCE_NOT_SHARED",
    ),
}


@pytest.mark.parametrize(("changes", "code"), UNACCEPTABLE.values(), ids=UNACCEPTABLE)
def test_what_no_provider_could_accept_is_not_issued(
    idle: Path, changes: dict[str, Any], code: str
) -> None:
    """Nothing is signed out, registered or published, and nothing asked for is repeated."""
    before = content(idle)
    with pytest.raises(SealgateError) as caught:
        Authority(idle).issue(wanted(**changes))
    assert caught.value.code == code
    said = shown(caught.value)
    assert MARK not in said
    assert MARK.upper() not in said
    assert "marked_secret" not in said
    assert content(idle) == before


def _edit(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    path = folder / "trust" / name
    value = yaml.safe_load(path.read_bytes())
    path.write_text(yaml.safe_dump(change(value), allow_unicode=True), "utf-8")


def _scope(resources: list[str]) -> Callable[[Any], Any]:
    def change(value: Any) -> Any:
        value["issuers"][0]["resources"] = resources
        return value

    return change


def test_an_authority_issues_within_its_own_scope(authority: Authority, folder: Path) -> None:
    """As its own trust data has it."""
    _edit(folder, "issuers.yaml", _scope([ORGANISATIONS]))
    with pytest.raises(SealgateError) as caught:
        authority.issue(wanted())
    assert caught.value.code == "TOKEN_ISSUER_SCOPE"
    token = authority.issue(wanted(resource=ORGANISATIONS, fields=("uscc",), approval=None))
    assert verify(authority, token) == "ok"


def test_an_authority_that_is_not_listed_issues_nothing(folder: Path) -> None:
    """Under another name than its trust data knows it by."""
    path = folder / "authority.yaml"
    path.write_bytes(path.read_bytes().replace(b"iss: urn:", b"iss: urn:another:", 1))
    before = content(folder)
    with pytest.raises(SealgateError) as caught:
        Authority(folder).issue(wanted())
    assert caught.value.code == "TOKEN_ISSUER_UNKNOWN"
    assert content(folder) == before


# --- indexes, register, status list ------------------------------------------


def test_every_grant_has_an_index_of_its_own(authority: Authority) -> None:
    """And its revocation touches no other."""
    tokens = [authority.issue(wanted()) for _ in range(4)]
    indexes = [claims_of(token).status.status_list.idx for token in tokens]
    assert len({*indexes}) == 4
    authority.revoke(claims_of(tokens[1]).jti)
    assert [verify(authority, token) for token in tokens] == ["ok", "TOKEN_REVOKED", "ok", "ok"]
    authority.revoke(claims_of(tokens[3]).jti)
    authority.revoke(claims_of(tokens[1]).jti)
    outcomes = [verify(authority, token) for token in tokens]
    assert outcomes == ["ok", "TOKEN_REVOKED", "ok", "TOKEN_REVOKED"]


@pytest.mark.parametrize("jti", [MARK, "", "../../etc/passwd", "x\ny", "\0"])
def test_what_was_not_issued_here_is_not_revoked(authority: Authority, jti: str) -> None:
    """With a code; and a mistyped id is not repeated."""
    authority.issue(wanted())
    with pytest.raises(SealgateError) as caught:
        authority.revoke(jti)
    assert caught.value.code == "REQUEST_MALFORMED"
    assert MARK not in shown(caught.value)


def _issued(index: int) -> Issued:
    return Issued(
        jti=f"grant-{index:06}",
        index=index,
        sub=REQUESTER,
        aud=PROVIDER,
        resource=RESOURCE,
        exp=2_000_000_000,
    )


def _write_register(folder: Path, *entries: Issued | Revoked, end: bytes = b"\n") -> Path:
    path = Places(folder).register
    path.write_bytes(b"\n".join(map(msgspec.json.encode, entries)) + end)
    return path


@pytest.mark.parametrize("count", [STATUS_ROOM - 2, STATUS_ROOM - 1])
def test_the_list_reaches_a_grant_before_it_is_used(
    authority: Authority, folder: Path, count: int
) -> None:
    """At the end of the room that a list has, too."""
    _write_register(folder, *map(_issued, range(count)))
    for index in range(count, count + 3):
        token = authority.issue(wanted())
        assert claims_of(token).status.status_list.idx == index
        assert verify(authority, token) == "ok"
    (found,) = authority.trust().status_lists.values()
    assert len(found.statuses) * 8 == 2 * STATUS_ROOM


def test_an_index_is_not_given_again_when_lines_are_gone(
    authority: Authority, folder: Path
) -> None:
    """Who tidies the register up does not make two grants share a status."""
    _write_register(folder, _issued(0), _issued(7), Revoked(jti="grant-000003", at=1))
    assert claims_of(authority.issue(wanted())).status.status_list.idx == 8


def test_a_line_that_a_process_died_over_is_as_if_it_had_not_been(
    authority: Authority, folder: Path
) -> None:
    """Cut anywhere, it counts for nothing, and the next line stands where it began."""
    whole = b"".join(msgspec.json.encode(_issued(index)) + b"\n" for index in range(2))
    line = msgspec.json.encode(Revoked(jti="grant-000001", at=1))
    path, register = Places(folder).register, Register(Places(folder).register)
    for cut in range(len(line)):
        path.write_bytes(whole + line[:cut])
        issued, revoked = register.read()
        assert (len(issued), revoked) == (2, set())
    register.append(_issued(2))
    assert path.read_bytes() == whole + msgspec.json.encode(_issued(2)) + b"\n"
    assert claims_of(authority.issue(wanted())).status.status_list.idx == 3


def test_a_whole_line_counts_though_its_end_is_missing(folder: Path) -> None:
    """A revocation is not forgotten because an editor took the last line feed away."""
    entries = (_issued(0), _issued(1), Revoked(jti="grant-000001", at=1))
    path = _write_register(folder, *entries, end=b"")
    register = Register(path)
    assert register.read()[1] == {"grant-000001"}
    register.append(_issued(2))
    issued, revoked = register.read()
    assert (len(issued), revoked) == (3, {"grant-000001"})
    assert path.read_bytes().count(b"\n") == 4


NO_LINES: dict[str, bytes] = {
    "no JSON": MARK.encode(),
    "an empty line": b"",
    "another kind": b'{"type":"lifted","jti":"' + MARK.encode() + b'"}',
    "no kind": b'{"jti":"' + MARK.encode() + b'"}',
    "a negative index": msgspec.json.encode(msgspec.structs.replace(_issued(0), index=-1)),
    "an index beyond every list": msgspec.json.encode(
        msgspec.structs.replace(_issued(0), index=10**9)
    ),
    "null bytes": b"\0\0\0\0",
    "no UTF-8": b'{"type":"revoked","jti":"\xff","at":1}',
}


@pytest.mark.parametrize("line", NO_LINES.values(), ids=NO_LINES)
def test_a_damaged_register_stops_the_authority(
    authority: Authority, folder: Path, line: bytes
) -> None:
    """It is told by its line, not by its content; nothing is issued over a revocation lost."""
    path = Places(folder).register
    whole = msgspec.json.encode(_issued(0)) + b"\n"
    path.write_bytes(whole + line + b"\n" + msgspec.json.encode(_issued(2)) + b"\n")
    before = content(folder)
    for act in (lambda: authority.issue(wanted()), lambda: authority.revoke("grant-000000")):
        with pytest.raises(ConfigurationInvalidError) as caught:
            act()
        assert "line 2" in caught.value.message
        assert MARK not in shown(caught.value)
    assert content(folder) == before


# --- what happens to it --------------------------------------------------------


def run(script: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from gateway.authority.register import Register, Revoked
from gateway.errors import ConfigurationInvalidError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
limit = path.stat().st_size + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    Register(path).append(Revoked(jti="grant-000000", at=1))
except ConfigurationInvalidError as error:
    print(error.code)
"""


@pytest.mark.parametrize("room", [0, 1, 20])
def test_a_full_disk_leaves_the_register_as_it_was(folder: Path, room: int) -> None:
    """Not even a part of a line stays, and the caller is told."""
    path = _write_register(folder, _issued(0))
    before = path.read_bytes()
    told, failed = run(FULL_DISK, path, room).communicate(timeout=60)
    assert told.split() == ["CONFIGURATION_INVALID"], failed
    assert path.read_bytes() == before


DYING = """
import os, signal, sys
from gateway.authority import Authority
from tests.gateway.test_grants_authority import wanted

class Dying:
    def __init__(self, keys, after):
        self.keys, self.left = keys, after
    def __getattr__(self, name):
        return getattr(self.keys, name)
    def sign(self, key_id, message):
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        return self.keys.sign(key_id, message)

keys = Authority(sys.argv[1])._keys
print(Authority(sys.argv[1], keys=Dying(keys, int(sys.argv[2]))).issue(wanted()))
"""


@pytest.mark.parametrize("after", [0, 1])
def test_a_process_killed_while_it_issues_leaves_a_whole_authority(
    authority: Authority, folder: Path, after: int
) -> None:
    """Killed before the token, or before the list: no token is out, and all goes on."""
    told, _ = run(DYING, folder, after).communicate(timeout=60)
    assert told == ""
    issued, _ = Register(Places(folder).register).read()
    assert len(issued) == after
    token = authority.issue(wanted())
    assert claims_of(token).status.status_list.idx == after
    assert verify(authority, token) == "ok"
    for jti in issued:
        authority.revoke(jti)
    assert verify(authority, token) == "ok"


ISSUING = """
import sys
from gateway.authority import Authority
from tests.gateway.test_grants_authority import claims_of, wanted
authority = Authority(sys.argv[1])
for number in range(int(sys.argv[2])):
    token = authority.issue(wanted())
    print(token, flush=True)
    if number % 2:
        authority.revoke(claims_of(token).jti)
"""


def test_many_processes_issue_and_revoke_at_once(authority: Authority, folder: Path) -> None:
    """No index twice, no revocation lost, every published version whole and newer."""
    processes = [run(ISSUING, folder, 4) for _ in range(3)]
    tokens = []
    for process in processes:
        told, failed = process.communicate(timeout=60)
        assert process.returncode == 0, failed
        tokens += told.split()
    indexes = [claims_of(token).status.status_list.idx for token in tokens]
    assert sorted(indexes) == list(range(12))
    outcomes = [verify(authority, token) for token in tokens]
    assert outcomes == ["ok", "TOKEN_REVOKED"] * 6
    # Founding published once, and once for each department; then 12 grants, 6 revocations.
    assert authority.trust().version == 4 + 12 + 6


# --- publishing ------------------------------------------------------------


BAD_TERMS: dict[str, bytes] = {
    "no YAML": b"version: [",
    "no mapping": b"- 1\n",
    "nothing": b"",
    "no version": b"issued: 1\nexpires: 2\n",
    "a version that is no number": b"version: marked-secret-7f3a\nissued: 1\nexpires: 2\n",
    "a version below one": b"version: 0\nissued: 1\nexpires: 2\n",
    "a tag": b"!!python/object/apply:os.system ['true']\n",
}


@pytest.mark.parametrize("text", BAD_TERMS.values(), ids=BAD_TERMS)
def test_a_damaged_term_is_told_and_not_published_over(
    authority: Authority, folder: Path, text: bytes
) -> None:
    """With file and line; a version lost would let nodes be sent back."""
    (folder / "trust" / "trust.yaml").write_bytes(text)
    before = content(folder)
    with pytest.raises(CatalogueInvalidError) as caught:
        authority.publish()
    assert "trust.yaml" in caught.value.report()
    assert content(folder) == before


def _entries(authority: Authority) -> Iterator[tuple[str, Department]]:
    good = authority.trust().departments[OUTSIDER]
    key, other = good.keys[0], good.keys[1]
    yield (
        "a key of another id",
        msgspec.structs.replace(good, keys=(msgspec.structs.replace(key, key_id=other.key_id),)),
    )
    yield (
        "a key that is none",
        msgspec.structs.replace(good, keys=(msgspec.structs.replace(key, public="AAAA"),)),
    )
    yield (
        "a key of another purpose",
        msgspec.structs.replace(good, keys=(msgspec.structs.replace(key, purpose=other.purpose),)),
    )
    yield "an id that is a path", msgspec.structs.replace(good, id="../../authority")
    yield "an id that is none", msgspec.structs.replace(good, id="x")
    yield "no suite", msgspec.structs.replace(good, suites=())
    yield "no name", msgspec.structs.replace(good, name="")


def test_an_entry_that_cannot_be_read_is_not_admitted(authority: Authority, folder: Path) -> None:
    """Nothing is written, so that a bad entry does not stand in the way of a revocation."""
    token = authority.issue(wanted())
    before = content(folder.parent)
    for name, entry in _entries(authority):
        with pytest.raises(CatalogueInvalidError):
            authority.admit(entry)
        assert content(folder.parent) == before, name
    authority.revoke(claims_of(token).jti)
    assert verify(authority, token) == "TOKEN_REVOKED"


def test_an_admitted_department_is_published(authority: Authority) -> None:
    """With a new version of trust data."""
    before = authority.trust()
    entry = msgspec.structs.replace(before.departments[OUTSIDER], name="青岚市审计局")
    authority.admit(entry)
    after = authority.trust()
    assert after.departments[OUTSIDER] == entry
    assert after.version == before.version + 1


def test_the_register_holds_no_token(authority: Authority, folder: Path) -> None:
    """Neither a token nor a part of its signature is kept anywhere in the folder."""
    token = authority.issue(wanted())
    for name, data in content(folder).items():
        for segment in token.split(".")[1:]:
            assert segment.encode() not in data, name
    lines = Places(folder).register.read_text().splitlines()
    assert set(json.loads(lines[-1])) == {"type", "jti", "index", "sub", "aud", "resource", "exp"}
