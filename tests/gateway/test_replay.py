"""An envelope is opened once, by whichever process comes first, whatever dies meanwhile."""

import stat
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import msgspec
import pytest

from gateway.envelope.opening import parse_envelope
from gateway.errors import LedgerUnavailableError
from gateway.inbound import Inbound
from gateway.model.call import Entry, Receipt
from gateway.node import Node
from gateway.stores.state import SqliteState
from tests.gateway.forge import Forge, new_city, refusal, rows
from tests.gateway.ledger_shards import EmptyLedger, entries_of
from tests.gateway.worker import Town, Worker, found_town

REPLAYED = "ENVELOPE_REPLAYED"
ROUNDS = 40


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Found one town for all tests of this file; each uses envelopes of its own."""
    return found_town(tmp_path_factory.mktemp("town"))


def _outcomes(town: Town, envelope: Path) -> list[str]:
    """Return what the requester's ledger says of one envelope, in order."""
    wanted = parse_envelope(envelope.read_bytes()).header.envelope_id.hex()
    shared = [entry["shared"] for entry in entries_of(town.place("requester"))]
    return [entry["outcome"] for entry in shared if entry.get("envelope") == wanted]


@pytest.fixture
def workers(town: Town) -> Iterator[list[Worker]]:
    """Start two processes of the requester's node."""
    with ExitStack() as stack:
        yield [stack.enter_context(Worker(town.place("requester"))) for _ in range(2)]


def _race(workers: list[Worker], files: list[Path]) -> list[list[str]]:
    """Have all processes open each envelope at once; the first told changes in turn."""
    answers = []
    for number, file in enumerate(files):
        order = workers[number % len(workers) :] + workers[: number % len(workers)]
        for worker in order:
            worker.tell(f"open {file}")
        answers.append([worker.hear() for worker in workers])
    return answers


def test_of_two_processes_one_gets_it(town: Town, tmp_path: Path, workers: list[Worker]) -> None:
    """In every round exactly one opens it, and the other is told ENVELOPE_REPLAYED."""
    files = town.seal(tmp_path, rows(), ROUNDS)
    answers = _race(workers, files)
    assert [sorted(pair) for pair in answers] == [[REPLAYED, "ok 3"]] * ROUNDS
    for file in files:
        assert sorted(_outcomes(town, file)) == [REPLAYED, "ok"]


@pytest.mark.torture
def test_of_six_processes_one_gets_it(town: Town, tmp_path: Path) -> None:
    """The same with more processes than processors, for many rounds."""
    files = town.seal(tmp_path, rows(), 500)
    with ExitStack() as stack:
        folder = town.place("requester")
        workers = [stack.enter_context(Worker(folder)) for _ in range(6)]
        for answers in _race(workers, files):
            assert sorted(answers) == [REPLAYED] * 5 + ["ok 3"]


def test_reopening_is_asked_for(town: Town, tmp_path: Path, workers: list[Worker]) -> None:
    """`reopen` opens again in any process, and claims what nobody opened yet."""
    first, second = town.seal(tmp_path, rows(), 2)
    one, other = workers
    assert one.ask(f"open {first}") == "ok 3"
    assert other.ask(f"open {first}") == REPLAYED
    assert other.ask(f"reopen {first}") == "ok 3"
    assert one.ask(f"reopen {second}") == "ok 3"
    assert other.ask(f"open {second}") == REPLAYED


def test_of_many_threads_one_gets_it(town: Town, tmp_path: Path) -> None:
    """Threads that share one node are no exception."""
    answers: list[str] = []
    with Node(town.place("requester")) as node:
        for file in town.seal(tmp_path, rows(), 10):
            data, barrier = file.read_bytes(), threading.Barrier(4)
            answers.clear()

            def attempt(data: bytes = data, barrier: threading.Barrier = barrier) -> None:
                barrier.wait()
                try:
                    answers.append(f"ok {node.open(data).manifest.records}")
                except Exception as error:
                    answers.append(getattr(error, "code", repr(error)))

            threads = [threading.Thread(target=attempt) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(answers) == [REPLAYED] * 3 + ["ok 3"]


def test_a_process_killed_between_claim_and_ledger_hands_out_nothing_twice(
    town: Town, tmp_path: Path
) -> None:
    """The claim stays: it must be reopened on purpose, and the ledger has one entry for it."""
    (file,) = town.seal(tmp_path, rows(), 1)
    with Worker(town.place("requester")) as dying:
        assert dying.ask(f"die {file}") == ""
    assert _outcomes(town, file) == []
    with Worker(town.place("requester")) as after:
        assert after.ask(f"open {file}") == REPLAYED
        assert after.ask(f"reopen {file}") == "ok 3"
    assert _outcomes(town, file) == [REPLAYED, "ok"]


@pytest.mark.parametrize(
    "rounds", [8, pytest.param(200, marks=pytest.mark.torture)], ids=["few", "many"]
)
def test_a_process_killed_at_any_moment_hands_out_nothing_twice(
    town: Town, tmp_path: Path, rounds: int
) -> None:
    """What was answered is in the ledger; what is in the ledger is never opened again."""
    dice = Random(11)
    files = town.seal(tmp_path, rows(), 6 * rounds)
    for number in range(rounds):
        batch = files[6 * number : 6 * number + 6]
        with Worker(town.place("requester")) as dying:
            for file in batch:
                dying.tell(f"open {file}")
            time.sleep(dice.uniform(0, 0.02))
            dying.kill()
            answered = [answer for file in batch if (answer := dying.hear())]
        for file, _ in zip(batch, answered, strict=False):
            assert "ok" in _outcomes(town, file)
        entered = [file for file in batch if "ok" in _outcomes(town, file)]
        with Node(town.place("requester")) as node:
            for file in entered:
                assert refusal(node.open, file.read_bytes()) == REPLAYED
            for file in set(batch) - set(entered):
                # Not entered: either nothing happened, or it stopped at the claim.
                code = _code(node, file.read_bytes())
                assert code in ("ok", REPLAYED)


def _code(node: Node, data: bytes) -> str:
    try:
        node.open(data)
    except Exception as error:
        return str(getattr(error, "code", repr(error)))
    return "ok"


class _FailingLedger(EmptyLedger):
    """A ledger that fails as long as it is told to, where an envelope was opened."""

    def __init__(self, error: BaseException) -> None:
        self.error: BaseException | None = error
        self.entries: list[Entry] = []

    def append(self, entry: Entry) -> Receipt:
        if self.error is not None and entry.shared.kind == "open":
            raise self.error
        self.entries.append(entry)
        return Receipt(leaf=b"", index=0)


@pytest.mark.parametrize(
    "error", [LedgerUnavailableError(), KeyboardInterrupt(), MemoryError()], ids=repr
)
def test_a_claim_is_given_back_when_the_ledger_fails(
    town: Town, tmp_path: Path, error: BaseException
) -> None:
    """Nothing was handed out, so the envelope can be opened once the ledger is back."""
    (file,) = town.seal(tmp_path, rows(), 1)
    ledger = _FailingLedger(error)
    with Node(town.place("requester"), ledger=ledger) as node:
        with pytest.raises(type(error)):
            node.open(file.read_bytes())
        ledger.error = None
        assert node.open(file.read_bytes()).manifest.records == 3
        # A failure while reopening does not give back what was opened before.
        ledger.error = error
        with pytest.raises(type(error)):
            node.open(file.read_bytes(), reopen=True)
        ledger.error = None
        assert refusal(node.open, file.read_bytes()) == REPLAYED


def test_a_claim_that_cannot_be_written_opens_nothing(tmp_path: Path) -> None:
    """Not to know whether it was opened before is not to open it."""
    city = new_city()
    node, claims = city.requester, SqliteState(tmp_path / "state.sqlite")
    inbound = Inbound(
        department=node.department,
        snapshots=node.snapshots,
        keys=node.keys,
        ledger=node.ledger,
        claims=claims,
        grants=node.grants,
        clock=city.clock,
    )
    envelope = city.provider.seal(city.request(rows())).envelope
    claims.close()
    assert refusal(inbound.open, envelope) == "LEDGER_UNAVAILABLE"
    assert node.ledger.entries == []


def test_refusals_before_the_claim_claim_nothing() -> None:
    """An envelope refused for its manifest, or altered on its way, opens when it is good."""
    city = new_city()
    forge = Forge(city)
    header = forge.header()
    wrong = forge.envelope(header, plaintext=forge.plaintext(forge.manifest(records=9)))
    assert refusal(city.requester.open, wrong) == "ENVELOPE_MANIFEST_WRONG"
    assert city.requester.open(forge.envelope(header)).records == forge.records
    # The same id again is a replay, whatever else is in the envelope.
    assert refusal(city.requester.open, forge.envelope(header)) == REPLAYED


def test_two_senders_may_use_one_id() -> None:
    """A claim is for sender and id, so that no department can claim another's envelopes."""
    city = new_city()
    forge, rogue = Forge(city), Forge(city, sender=city.outsider)
    grant, held = rogue.plain_manifest["grant"], city.requester.grants.held
    key = grant["jti"], grant["digest"]
    held[key] = msgspec.structs.replace(held[key], provider=city.outsider.department)
    header = forge.header()
    same_id = rogue.header(id=header["id"])
    city.requester.open(rogue.envelope(same_id))
    city.requester.open(forge.envelope(header))


# --- The store of claims


def test_claims_are_kept_until_expiry_and_swept_then(tmp_path: Path) -> None:
    """Not a millisecond less."""
    state = SqliteState(tmp_path / "state.sqlite")
    assert state.claim("s", b"one", expires=1000, now=0)
    assert not state.claim("s", b"one", expires=1000, now=999)
    assert not state.claim("s", b"one", expires=1000, now=1000)
    assert state.claim("s", b"one", expires=1000, now=1001)
    assert state.claim("t", b"one", expires=1000, now=0)
    state.release("t", b"one")
    assert state.claim("t", b"one", expires=1000, now=0)
    state.close()


def test_claims_outlive_the_process(tmp_path: Path) -> None:
    """They are on disk, readable by nobody else."""
    path = tmp_path / "state.sqlite"
    first = SqliteState(path)
    assert first.claim("s", b"one", expires=1000, now=0)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    second = SqliteState(path)
    assert not second.claim("s", b"one", expires=1000, now=0)
    first.close()
    second.close()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    """With a code, not with the words of a library."""
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"something else entirely, and long enough to be looked at" * 100)
    assert refusal(SqliteState, path) == "LEDGER_UNAVAILABLE"
    assert refusal(SqliteState, tmp_path / "nowhere" / "state.sqlite") == "LEDGER_UNAVAILABLE"


def test_quotas_hold_between_processes(tmp_path: Path) -> None:
    """Two processes that seal as fast as they can let out no row more than granted."""
    town = found_town(tmp_path / "town", rows_per_day=40)
    request = tmp_path / "request.json"
    request.write_bytes(msgspec.json.encode(town.request(rows())))
    with ExitStack() as stack:
        folder = town.place("provider")
        workers = [stack.enter_context(Worker(folder)) for _ in range(2)]
        for worker in workers:
            for _ in range(12):
                worker.tell(f"seal {request}")
        answers = [worker.hear() for worker in workers for _ in range(12)]
    assert sorted(answers) == ["QUOTA_EXCEEDED"] * 11 + ["ok 3"] * 13
