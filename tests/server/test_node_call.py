"""The example that calls the sidecar from Node, as its page shows it, against live sidecars."""

import json
import os
import re
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from gateway.client import Client, rows
from tests.cli.command import FIELDS, PURPOSE, RESOURCE, ROOT, ROW, Desk, done
from tests.docs.node import PINNED, each_node
from tests.gateway.ledger_shards import entries_of
from tests.server.conftest import Running
from tests.server.papers import SPIFFE, authority, client, lay, server
from tests.server.sidecars import about, set_callers, short_folder, sidecar
from tests.server.telling import free_address

EXAMPLE = ROOT / "examples" / "node-call"
_, CALLS, STREAM, TCP = re.findall(
    r"^```sh\n(.*?)^```$", (EXAMPLE / "README.md").read_text("utf-8"), re.M | re.S
)
STATUS, EXPLAIN, SEAL, OPEN, REOPEN = CALLS.splitlines()
SEAL_STREAM, OPEN_STREAM = STREAM.splitlines()
SECONDS = 30


class Done(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str

    def lines(self) -> list[dict[str, Any]]:
        """Return what it printed; it must have succeeded."""
        assert (self.status, self.err) == (0, ""), self
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def code(self) -> str:
        """The code of a refusal, from the last line; nothing was printed then."""
        assert (self.status, self.out) == (3, ""), self
        return re.fullmatch(r"refused: ([A-Z_]+): .+", self.err.splitlines()[-1])[1]  # type: ignore[index]


class Place:
    """A folder with what the page names: the command, sockets, grant, records."""

    def __init__(self, folder: Path, grant: Path) -> None:
        assert (EXAMPLE / "node_modules").exists(), "packages are missing: run make setup"
        self.folder = folder
        (folder / "call.js").symlink_to(EXAMPLE / "call.js")
        shutil.copy(grant, folder / "grant.jwt")

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def write(self, records: Sequence[object], name: str = "records.json") -> None:
        """Write records as the file's name says."""
        if name.endswith(".ndjson"):
            text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
        else:
            text = json.dumps(records, ensure_ascii=False)
        (self / name).write_text(text, "utf-8")

    def sample(self, count: int, name: str) -> None:
        """Write made-up records of the fields that the grant names."""
        done("sample", "--resource", RESOURCE, "--rows", count, "--fields", ",".join(FIELDS),
             "--out", self / name)  # fmt: skip

    def sh(self, line: str, *more: str, node: Path = PINNED) -> Done:
        """Run a line of the page, with more options."""
        ended = subprocess.run(
            ["sh", "-c", f'{line} "$@"', "sh", *more],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={"PATH": f"{node.parent}:{os.environ['PATH']}"},
            timeout=60,
        )
        return Done(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def place(running: Running) -> Iterator[Place]:
    """Return a folder beside both sidecars' sockets."""
    with short_folder() as folder:
        made = Place(folder, running.desk.grant)
        (folder / "provider").symlink_to(running.provider.sockets)
        (folder / "requester").symlink_to(running.requester.sockets)
        made.write([ROW])
        yield made


@each_node
def test_the_page_shows_how_to_seal_and_open(place: Place, opening: Client, node: Path) -> None:
    """Its own lines; the records that come out are those that our client opens."""
    place.sample(40, "records.json")
    node_status, *conditions = place.sh(STATUS, node=node).lines()
    assert node_status["ready"] is True
    assert {"keys", "ledger"} <= {one["name"] for one in conditions}
    told = place.sh(EXPLAIN, node=node).lines()
    assert {one["id"] for one in told} == set(FIELDS)
    assert place.sh(SEAL, node=node).lines()[0]["records"] == 40
    place.sh(OPEN, node=node).lines()
    masked = (place / "opened.json").read_bytes()
    assert (place / "opened.json").stat().st_mode & 0o777 == 0o600
    ours = opening.open((place / "envelope.bin").read_bytes(), reopen=True)
    assert json.loads(masked) == rows(ours)
    clear = json.loads((place / "records.json").read_bytes())
    hidden = {one["id"] for one in told if one["disclosure"] == "nothing"}
    assert hidden
    for sent, came in zip(clear, json.loads(masked), strict=True):
        assert came.get("resident_id") != sent["resident_id"]
        assert not [name for name in hidden if came.get(name) == sent[name] is not None]
    place.sh(REOPEN, node=node).lines()
    assert (place / "again.json").read_bytes() == masked


def test_lines_of_records_are_sealed(place: Place, opening: Client) -> None:
    """By the file's name."""
    place.write([ROW, ROW], "records.ndjson")
    line = SEAL.replace("records.json", "records.ndjson")
    assert place.sh(line).lines()[0]["records"] == 2
    assert len(rows(opening.open((place / "envelope.bin").read_bytes()))) == 2


def test_a_file_of_many_batches_goes_as_a_chain(place: Place, running: Running) -> None:
    """More than gRPC takes at once, the last one marked; opened in order, as our command does."""
    place.sample(5000, "records.ndjson")
    parts = place.sh(SEAL_STREAM).lines()
    assert len(parts) > 16
    assert [part["last"] for part in parts] == [False] * (len(parts) - 1) + [True]
    assert sum(part["records"] for part in parts) == 5000
    assert len(place.sh(OPEN_STREAM).lines()) == len(parts)
    opened = [json.loads(line) for line in (place / "opened.ndjson").read_text().splitlines()]
    out = place / "ours.ndjson"
    done("open", "--node", running.desk.requester, place / "stream.bin", "--out", out, "--reopen")
    assert opened == [json.loads(line) for line in out.read_text().splitlines()]
    assert len(opened) == 5000


def test_a_broken_chain_leaves_no_file(place: Place) -> None:
    """What was opened before its end was provisional."""
    place.sample(800, "records.ndjson")
    place.sh(SEAL_STREAM).lines()
    whole = (place / "stream.bin").read_bytes()
    first = 8 + int.from_bytes(whole[:8])
    (place / "stream.bin").write_bytes(whole[:first])
    broken = place.sh(OPEN_STREAM)
    assert (broken.status, "refused: STREAM_BROKEN" in broken.err) == (3, True)
    (place / "stream.bin").write_bytes(whole[:-1])
    assert place.sh(OPEN_STREAM, "--reopen").err == "failed 失败: the stream is cut 数据流不完整\n"
    assert not list(place.folder.glob("opened.ndjson*"))


def test_a_refusal_is_read_out_of_its_details(place: Place) -> None:
    """Code, Chinese text and each field at fault, and no value: alone and in a stream."""
    secret = "139" + "00001111"
    place.write([ROW, {**ROW, "household_size": secret, "sex": "X" + secret}])
    refused = place.sh(SEAL)
    assert refused.code == "FIELD_INVALID"
    assert re.search(r"^拒绝：.*[\u4e00-\u9fff]", refused.err, re.M)
    assert re.search(r"^  records\[1\]\.household_size: .*[\u4e00-\u9fff]", refused.err, re.M)
    assert re.search(r"^  records\[1\]\.sex: ", refused.err, re.M)
    place.write([ROW, {**ROW, "household_size": secret}], "records.ndjson")
    streamed = place.sh(SEAL_STREAM)
    assert streamed.code == "FIELD_INVALID"
    assert secret not in refused.err + streamed.err
    assert not list(place.folder.glob("*.bin*"))


@pytest.mark.parametrize(
    ("line", "change", "code"),
    [
        (OPEN, ("requester/desk", "provider/case-system"), "CALLER_FORBIDDEN"),
        (EXPLAIN, ("000001", "000099"), "TOKEN_CLAIM_INVALID"),
        (SEAL, (PURPOSE, "another"), "PURPOSE_NOT_GRANTED"),
        (SEAL, ("provider/", "nowhere/"), "UNAVAILABLE"),
    ],
    ids=lambda each: each if isinstance(each, str) and each.isupper() else "",
)
def test_codes_are_the_sidecars(
    place: Place, line: str, change: tuple[str, str], code: str
) -> None:
    """Or the name of the status where nobody answers; the token is never told."""
    (place / "envelope.bin").write_bytes(b"no envelope")
    refused = place.sh(line.replace(*change), "--seconds", "1")
    assert refused.err.splitlines()[-1].startswith(f"refused: {code}: ")
    assert refused.status == 3
    assert (place / "grant.jwt").read_text().strip().split(".")[1] not in refused.err


def test_an_envelope_opens_once(place: Place) -> None:
    """Unless it is asked for again."""
    place.sh(SEAL).lines()
    place.sh(OPEN).lines()
    assert place.sh(OPEN).code == "ENVELOPE_REPLAYED"


def test_the_same_request_gets_the_same_envelope(place: Place) -> None:
    """By its id, from another process too; with other records it is refused."""
    own = ("--request-id", str(uuid.uuid4()))
    place.sh(SEAL, *own).lines()
    envelope = (place / "envelope.bin").read_bytes()
    (place / "envelope.bin").unlink()
    place.sh(SEAL, *own).lines()
    assert (place / "envelope.bin").read_bytes() == envelope
    place.write([ROW, ROW])
    assert place.sh(SEAL, *own).code == "REQUEST_REPEATED"


# Batches without end, and a reader that takes one answer and then none.
STREAM_SLOWLY = f"""
import {{ setTimeout as sleep }} from 'node:timers/promises';
import {{ connectSocket }} from '{(EXAMPLE / "src/connection.js").as_uri()}';
import {{ sealStream }} from '{(EXAMPLE / "src/sealing.js").as_uri()}';
const {{ socket, subject, records }} = JSON.parse(process.argv[1]);
const sidecar = connectSocket(socket);
let made = 0;
async function* batches() {{
  for (;; made += 1) yield Buffer.from(records);
}}
const deadline = Date.now() + {SECONDS}000;
for await (const {{ number }} of sealStream(sidecar, subject, batches(), deadline)) {{
  await sleep(500);
  const then = made;
  await sleep(500);
  console.log(JSON.stringify({{ number, then, made }}));
  break;
}}
sidecar.close();
"""


def test_a_slow_reader_holds_the_sending_back(running: Running) -> None:
    """No batch is made that nobody takes; to stop reading ends the call."""
    socket = str(running.provider.sockets / "case-system" / "worker-0.sock")
    words = {"socket": socket, "subject": running.about, "records": json.dumps([ROW] * 200)}
    ended = subprocess.run(
        [PINNED, "--input-type=module", "-e", STREAM_SLOWLY, json.dumps(words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    told = json.loads(ended.stdout)
    assert told["number"] == "1"
    assert 1 < told["then"] == told["made"] < 100


# Connected first: what breaks is a call that is under way.
SEAL_WHEN_TOLD = f"""
import {{ once }} from 'node:events';
import {{ connectSocket, ask }} from '{(EXAMPLE / "src/connection.js").as_uri()}';
import {{ seal }} from '{(EXAMPLE / "src/sealing.js").as_uri()}';
const {{ socket, subject, records }} = JSON.parse(process.argv[1]);
const sidecar = connectSocket(socket);
const deadline = Date.now() + {SECONDS}000;
await ask(sidecar, 'GetStatus', {{}}, deadline);
console.log('connected');
await once(process.stdin, 'data');
const told = (refusal) => console.log(refusal.code);
const answer = seal(sidecar, subject, Buffer.from(records), deadline, {{ told }});
console.log('asked');
const sealed = await answer;
console.log(sealed.envelope_id.toString('hex'));
sidecar.close();
process.exit();
"""


def workers_of(parent: int) -> list[int]:
    """Return the processes that serve."""
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def test_a_killed_worker_is_survived(desk: Desk) -> None:
    """The call under way fails, and is made again with the worker that comes in its place."""
    set_callers(desk.provider, [{"name": "a", "may": ["seal"]}])
    with sidecar(desk.provider) as served:
        socket = str(served.sockets / "a" / "worker-0.sock")
        words = {"socket": socket, "subject": about(desk), "records": json.dumps([ROW])}
        process = subprocess.Popen(
            [PINNED, "--input-type=module", "-e", SEAL_WHEN_TOLD, json.dumps(words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "connected\n"
        (worker,) = workers_of(served.process.pid)
        os.kill(worker, signal.SIGSTOP)
        process.stdin.write("now\n")
        process.stdin.flush()
        assert process.stdout.readline() == "asked\n"
        # Meanwhile another one has no more time than it asked for.
        late = subprocess.run(
            [PINNED, EXAMPLE / "call.js", "--socket", socket, "--seconds", "1", "status"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert Done(late.returncode, late.stdout, late.stderr).code == "DEADLINE_EXCEEDED"
        os.kill(worker, signal.SIGKILL)
        *told, envelope = process.communicate(timeout=60)[0].split()
        assert told
        assert set(told) == {"UNAVAILABLE"}
    entries = [entry["shared"] for entry in entries_of(desk.provider, "seal")]
    assert [entry["envelope"] for entry in entries if entry.get("envelope")] == [envelope]


def listening(desk: Desk) -> str:
    """Let a caller in by its certificate over TCP; return the address."""
    address, own = free_address(), authority()
    lay(desk.provider, own, server(own))
    for name, paper in (("case-system", client(own)), ("stranger", client(own, None))):
        (desk.folder / name).mkdir()
        paper.write(desk.folder / name, "client")
        shutil.copy(desk.provider / "tls" / "ca.crt", desk.folder / name)
    set_callers(desk.provider, [{"name": "case-system", "may": ["seal"], "certificates": [SPIFFE]}])
    file = desk.provider / "node.yaml"
    settings = yaml.safe_load(file.read_text("utf-8")) | {"listen": {"address": address}}
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), "utf-8")
    return address


def test_calls_go_over_tcp_with_certificates(desk: Desk) -> None:
    """As the page shows; nobody's certificate is refused, and without one there is no answer."""
    port = listening(desk).rpartition(":")[2]
    place = Place(desk.folder, desk.grant)
    place.write([ROW])
    line = TCP.replace("8443", port).strip()
    with sidecar(desk.provider):
        assert place.sh(line).lines()[0]["ready"] is True
        over_tcp = line.removesuffix("status")
        _, _, sealing = SEAL.partition("worker-0.sock ")
        assert place.sh(over_tcp + sealing).lines()[0]["records"] == 1
        stranger = place.sh(line.replace("case-system", "stranger"))
        assert stranger.code == "CALLER_FORBIDDEN"


def test_wrong_use_is_told_apart(place: Place) -> None:
    """Exit status 2 and how it is used, as `--help` says it; a file that is missing is 1."""
    told = place.sh("node call.js --help")
    assert (told.status, told.err) == (0, "")
    for words in ("", "status", "--socket x nothing", "--tcp x:1 status", f"{STATUS[13:]} more"):
        assert place.sh(f"node call.js {words}") == Done(2, "", told.out)
    missing = place.sh(SEAL.replace("records.json", "none.json"))
    assert missing == Done(1, "", "failed 失败: ENOENT\n")


def test_the_lock_names_no_address() -> None:
    """Versions are exact, contents are fixed by their hashes."""
    text = (EXAMPLE / "package-lock.json").read_text()
    assert "resolved" not in text
    packages = json.loads(text)["packages"]
    own = packages.pop("")
    assert (
        own["dependencies"] == json.loads((EXAMPLE / "package.json").read_bytes())["dependencies"]
    )
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in own["dependencies"].values())
    assert all(each["integrity"].startswith("sha512-") for each in packages.values())
    assert "omit-lockfile-registry-resolved=true" in (EXAMPLE / ".npmrc").read_text()
