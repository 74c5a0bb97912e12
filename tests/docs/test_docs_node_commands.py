"""The commands of the example in Node, as its page shows them, on what real nodes seal."""

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from docs.reference.vectors import FILE, FOLDER
from gateway.model.call import Sealed
from gateway.testing import DAY, MemoryCity
from keys.material import Purpose
from keys.ports import KeyInfo
from keys.stores.memory import HeldKey, MemoryStore
from keys.suites import suite
from tests.docs.node import EXAMPLE, NODES, PINNED, ended, start

TRY, OPEN = re.findall(
    r"^```sh\n(.*?)^```$", (EXAMPLE / "README.md").read_text("utf-8"), re.M | re.S
)
NEW_KEY_LINE, OPEN_LINE = OPEN.splitlines()
GRANTS = json.loads((FOLDER / "grant.json").read_bytes())


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def code(self) -> str:
        """The code of a refusal, which is in the last line; nothing was printed then."""
        last = self.err.splitlines()[-1]
        assert (self.status, self.out) == (3, "")
        return re.fullmatch(r"refused: ([A-Z_]+): .+", last)[1]  # type: ignore[index]


class Place:
    """The example's folder, with the files that its page names, and the sealing side."""

    def __init__(self, folder: Path, number: int) -> None:
        shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules"))
        (folder / "node_modules").symlink_to(EXAMPLE / "node_modules")
        self.folder, self.city = folder, MemoryCity()
        self._learn_key(number)
        self.token = self.city.grant()
        self.write("grant.jwt", f"{self.token}\n".encode())
        self.write("directory.json", msgspec.json.encode(self._directory()))

    def sh(self, line: str, node: Path = PINNED) -> Done:
        """Run a line of the page."""
        done = subprocess.run(
            ["sh", "-c", line],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={"PATH": f"{node.parent}:{os.environ['PATH']}"},
            timeout=60,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def begin(self, *options: str) -> "subprocess.Popen[str]":
        """Begin to open with the files that the page names; the last option is the envelope."""
        words = OPEN_LINE.partition(" > ")[0].split()[1:-1]
        clock = ("--now", str(self.city.clock()))
        return start(*words, *clock, *options, folder=self.folder)

    def open(self, *options: str) -> Done:
        """Open."""
        done = ended(self.begin(*options))
        return Done(done.returncode, done.stdout, done.stderr)

    def write(self, name: str, data: bytes) -> str:
        """Write a file."""
        (self.folder / name).write_bytes(data)
        return name

    def seal(self, count: int = 3) -> Sealed:
        """Seal records under the grant."""
        city = self.city
        return city.provider.seal(city.request(city.records(count), grant=self.token))

    def stream(self) -> list[bytes]:
        """Seal three parts."""
        city = self.city
        batches = [msgspec.json.encode(city.records(2, seed=seed)) for seed in (1, 2, 3)]
        request = city.request(grant=self.token)
        return [part.envelope for part in city.provider.outbound.seal_stream(request, batches)]

    def _learn_key(self, number: int) -> None:
        """Make a key by the page's command; our own requester gets it too, to compare."""
        line = f"{NEW_KEY_LINE} --suite {number}"
        assert self.sh(line) == Done(0, "", "")
        path, now = self.folder / "keys.json", self.city.clock() // 1000
        assert path.stat().st_mode & 0o777 == 0o600
        file = json.loads(path.read_bytes())
        (key,) = file["keys"]
        entry = json.loads((self.folder / "entry.json").read_bytes())
        assert entry == {name: key.get(name) for name in entry} | {"public": entry["public"]}
        # The city lives at a time of its own.
        file["keys"][0] |= {"not_before": now - DAY, "not_after": now + 7 * DAY}
        path.write_text(json.dumps(file))
        info = KeyInfo(
            key_id=entry["key_id"],
            purpose=Purpose.OPENING,
            suite=number,
            state="active",
            not_before=now - DAY,
            not_after=now + 7 * DAY,
            public=base64.b64decode(entry["public"]),
        )
        private = suite(number).private_key(Purpose.OPENING, bytes.fromhex(key["private"]))
        requester = self.city.requester
        requester.keys = MemoryStore([HeldKey(info, private)])
        requester.wire(requester.snapshots)
        known = {**self.city.trust.departments, requester.department: requester.entry()}
        self.city.publish(departments=known)

    def _directory(self) -> dict[str, Any]:
        trust = self.city.trust
        keys = [
            {**msgspec.to_builtins(key), "department": each.id}
            for each in trust.departments.values()
            for key in each.keys
        ]
        return {
            "trust": {"issued": trust.issued, "expires": trust.expires},
            "departments": [{"id": d.id, "suites": d.suites} for d in trust.departments.values()],
            "keys": keys,
        }


@pytest.fixture(params=[1, 2], ids=["xwing", "x25519"])
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """Return the example's folder in a city that knows a key of it."""
    return Place(tmp_path / "example", request.param)


@pytest.fixture
def fast(tmp_path: Path) -> Place:
    """Return the same of suite 2 alone."""
    return Place(tmp_path / "example", 2)


@pytest.mark.parametrize("node", NODES.values(), ids=NODES)
def test_the_page_shows_how_to_open(place: Place, node: Path) -> None:
    """Its own line opens what a real node sealed; the records are those that our way in gives."""
    sealed = place.seal(40)
    place.write("envelope.bin", sealed.envelope)
    opened = place.city.requester.open(sealed.envelope)
    done = place.sh(f"{OPEN_LINE} --now {place.city.clock()}", node)
    assert done == Done(0, "", "")
    records = (place.folder / "records.json").read_bytes()
    assert json.loads(records) == opened.rows()
    assert len(opened.rows()) == 40


def test_the_manifest_comes_with_the_records(place: Place) -> None:
    """It is the one that our way in gives."""
    sealed = place.seal()
    opened = place.city.requester.open(sealed.envelope)
    done = place.open("--manifest", place.write("envelope.bin", sealed.envelope))
    manifest = json.loads(msgspec.json.encode(opened.manifest))
    assert json.loads(done.out) == {"manifest": manifest, "records": opened.rows()}


def in_a_file(parts: list[bytes]) -> bytes:
    """Join parts as section 15 has it."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def test_a_stream_opens_from_its_file(place: Place) -> None:
    """All parts in one line, with the totals of the last manifest."""
    parts = place.stream()
    opened = list(place.city.requester.inbound.open_stream(parts))
    shown = json.loads(place.open("--manifest", place.write("stream.bin", in_a_file(parts))).out)
    assert shown["records"] == [row for part in opened for row in part.rows()]
    assert shown["manifest"]["totals"] == {"parts": 3, "records": 6}


def test_a_broken_stream_prints_nothing(fast: Place) -> None:
    """Without its last part, cut within one, a part alone, or no stream at all."""
    parts = fast.stream()
    whole = in_a_file(parts)
    for code, data in (
        ("STREAM_BROKEN", in_a_file(parts[:2])),
        ("STREAM_BROKEN", whole[:-1]),
        ("STREAM_BROKEN", whole + bytes(5)),
        ("STREAM_BROKEN", parts[0]),
        ("ENVELOPE_MALFORMED", b"?" + whole),
        ("ENVELOPE_MALFORMED", (1 << 40).to_bytes(8, "big") + parts[0]),
        ("ENVELOPE_MALFORMED", b""),
    ):
        assert fast.open("--reopen", fast.write("stream.bin", data)).code == code


def test_an_envelope_opens_once(fast: Place) -> None:
    """For whoever shares the folder, and at one of several at once; again where that is asked."""
    envelope = fast.write("envelope.bin", fast.seal().envelope)
    running = [fast.begin(envelope) for _ in range(4)]
    done = [Done(each.returncode, each.stdout, each.stderr) for each in map(ended, running)]
    (first,) = (each for each in done if each.status == 0)
    assert [each.code for each in done if each is not first] == ["ENVELOPE_REPLAYED"] * 3
    assert fast.open("--reopen", envelope).out == first.out != ""
    assert fast.open(envelope).code == "ENVELOPE_REPLAYED"
    ledger = (fast.folder / "memory" / "ledger.jsonl").read_text().splitlines()
    assert len({line for line in ledger if json.loads(line)["records"] == 3}) == 1
    assert len(ledger) == 2


def test_opened_again_at_first_is_claimed_too(fast: Place) -> None:
    """Whoever asks for a second time first has opened it all the same."""
    envelope = fast.write("envelope.bin", fast.seal().envelope)
    assert fast.open("--reopen", envelope).status == 0
    assert fast.open(envelope).code == "ENVELOPE_REPLAYED"


def test_a_claim_ends_with_its_envelope(fast: Place) -> None:
    """So that the folder does not grow for ever."""
    fast.open(fast.write("a", fast.seal().envelope))
    assert len(list((fast.folder / "memory" / "claims").iterdir())) == 1
    fast.city.clock.forward(seconds=DAY)
    fast.open(fast.write("b", fast.seal().envelope))
    assert len(list((fast.folder / "memory" / "claims").iterdir())) == 1


def test_nothing_is_printed_where_the_ledger_fails(fast: Place) -> None:
    """The claim is taken back then, so that it opens once the ledger is there."""
    envelope = fast.write("envelope.bin", fast.seal().envelope)
    ledger = fast.folder / "memory" / "ledger.jsonl"
    ledger.mkdir(parents=True)
    assert fast.open(envelope).code == "LEDGER_UNAVAILABLE"
    ledger.rmdir()
    assert fast.open(envelope).status == 0


def test_files_that_are_wrong_are_refused(fast: Place) -> None:
    """Keys that others may read, files that are none, a grant that is another's."""
    envelope = fast.write("envelope.bin", fast.seal().envelope)
    fast.write("grant.jwt", fast.city.grant().encode())
    assert fast.open(envelope).code == "ENVELOPE_MANIFEST_WRONG"
    for name in ("grant.jwt", "directory.json", "keys.json"):
        path = fast.folder / name
        kept = path.read_bytes()
        for wrong in (b"", b"[null]", b'{"keys": [1]}'):
            path.write_bytes(wrong)
            assert fast.open(envelope).code == "CONFIGURATION_INVALID"
        path.write_bytes(kept)
    (fast.folder / "keys.json").chmod(0o640)
    assert fast.open(envelope).code == "CONFIGURATION_INVALID"
    assert fast.open("nothing.bin").code == "CONFIGURATION_INVALID"


def test_no_value_and_no_key_in_refusals_and_ledger(fast: Place) -> None:
    """Whatever is refused, and whatever was opened."""
    sealed = fast.seal()
    done = fast.open(fast.write("envelope.bin", sealed.envelope))
    said = (fast.folder / "memory" / "ledger.jsonl").read_text()
    for wrong in (sealed.envelope, sealed.envelope[:-1], sealed.envelope[:500]):
        said += fast.open(fast.write("wrong.bin", wrong)).err
    (fast.folder / "keys.json").write_text((fast.folder / "keys.json").read_text()[:-2])
    said += fast.open("envelope.bin").err
    secrets = {str(value) for row in json.loads(done.out) for value in row.values() if value}
    secrets |= set(re.findall(r"[0-9a-f]{64}", (fast.folder / "keys.json").read_text()))
    assert len(secrets) > 10
    assert not [secret for secret in secrets if len(secret) > 3 and secret in said]


def test_wrong_use_is_told_apart() -> None:
    """Exit status 2 and how it is used, as `--help` says it."""
    for script, needed in (("open.js", "--memory"), ("new_key.js", "--department")):
        told = ended(start(script, "--help"))
        assert (told.returncode, told.stderr) == (0, "")
        assert needed in told.stdout
        for words in ([], ["--nothing"], ["--now", "x", "y"]):
            wrong = ended(start(script, *words))
            assert (wrong.returncode, wrong.stdout, wrong.stderr) == (2, "", told.stdout)


def test_the_page_shows_how_to_try_the_vectors() -> None:
    """Its second line; the first needs a network, and `make setup` has done it."""
    install, line = TRY.splitlines()
    assert install == "npm ci --ignore-scripts"
    _, script, file = line.split()
    assert (EXAMPLE / file).resolve() == FILE
    assert ended(start(script, file)).returncode == 0


def test_the_lock_names_no_address() -> None:
    """Versions are exact, contents are fixed by their hashes."""
    lock = (EXAMPLE / "package-lock.json").read_text()
    assert "://" not in lock
    assert "resolved" not in lock
    packages = json.loads(lock)["packages"]
    own = packages.pop("")
    assert (
        own["dependencies"] == json.loads((EXAMPLE / "package.json").read_bytes())["dependencies"]
    )
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in own["dependencies"].values())
    assert len(packages) == 5
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert "omit-lockfile-registry-resolved=true" in (EXAMPLE / ".npmrc").read_text()


# Whoever has node:crypto and the page on grants: keys, digests and signatures of the vectors.
GRANT_SCRIPT = """
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
const file = JSON.parse(readFileSync(process.argv[1], 'utf8'));
const parse = (text) => JSON.parse(Buffer.from(text, 'base64url'));
const judged = [...file.accepted, ...file.refused.filter(({ name }) => name === 'claims-changed')];
console.log(JSON.stringify(judged.map(({ name, token }) => {
  const [head, claims, signature] = token.split('.');
  const entry = file.keys.find((key) => key.key_id === parse(head).kid);
  const x = Buffer.from(entry.public, 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const data = Buffer.from(`${head}.${claims}`, 'ascii');
  const holds = verify(null, data, key, Buffer.from(signature, 'base64url'));
  const digest = createHash('sha256').update(token, 'ascii').digest('hex');
  return [name, holds, digest, parse(claims)];
})));
"""


def test_an_outsider_can_use_the_vectors_of_grants() -> None:
    """Accepted tokens hold, with digest and claims as the page has them; a changed one does not."""
    done = ended(start("--input-type=module", "-e", GRANT_SCRIPT, FOLDER / "grant.json"))
    *accepted, (changed, holds, *_) = json.loads(done.stdout)
    assert (changed, holds) == ("claims-changed", False)
    assert [(name, digest) for name, _, digest, _ in accepted] == [
        (each["name"], each["digest"]) for each in GRANTS["accepted"]
    ]
    for _, holds, _, claims in accepted:
        assert holds is True
        assert claims["aud"] == GRANTS["provider"]
        assert claims["sub"] in GRANTS["departments"]
        assert claims["iat"] - 60 <= GRANTS["now"] < claims["exp"] + 60
        (detail,) = claims["authorization_details"]
        assert detail["type"] == "gov-data-share"
        assert detail["fields"]
