"""Whatever callers, processes and the clock do, the store does what a simple model says."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Struct

from gateway.errors import RequestInProgressError, RequestRepeatedError
from gateway.repeats import MAX_ANSWER_BYTES, MAX_CALL_SECONDS, MAX_REPEAT_HOURS, Answered, Fresh
from gateway.testing import START_MS
from tests.gateway.repeating import HOUR, SECOND, Desk, new_keys

CALL = MAX_CALL_SECONDS * SECOND
WINDOW = MAX_REPEAT_HOURS * HOUR
MOVES = [SECOND, CALL - SECOND, CALL, WINDOW - HOUR, WINDOW]
REPEATED, IN_PROGRESS = "REQUEST_REPEATED", "REQUEST_IN_PROGRESS"
TOO_LARGE = bytes(MAX_ANSWER_BYTES + 1)
KEYS = new_keys()

Name = tuple[str, int]


class Row(Struct):
    """What the model knows of a request: who works on it, or its answer."""

    content: bytes
    at: int
    work: object
    done: bool = False
    answer: bytes | None = None


class Work(Struct, eq=False):
    """A call that began; `desk` is the process that does it."""

    desk: Desk
    name: Name
    content: bytes
    fresh: Fresh


class Repeating(RuleBasedStateMachine):
    """Three processes, two callers, and a clock that goes both ways."""

    @initialize()
    def begin_all(self) -> None:
        """Open the file in three processes."""
        self.folder = Path(tempfile.mkdtemp())
        self.now = START_MS
        self.desks = [Desk(self.folder, KEYS) for _ in range(3)]
        self.model: dict[Name, Row] = {}
        self.works: list[Work] = []
        self.count = 0

    def teardown(self) -> None:
        """Close and remove the file."""
        for desk in self.desks:
            desk.store.close()
        shutil.rmtree(self.folder)

    @rule(
        which=st.integers(0, 2),
        caller=st.sampled_from(["a", "b"]),
        number=st.integers(1, 2),
        content=st.sampled_from([b"one", b"two"]),
    )
    def begin(self, which: int, caller: str, number: int, content: bytes) -> None:
        """A request comes, to whichever process."""
        desk, name = self.desks[which], (caller, number)
        # The model sweeps all at once, which the store does with so few rows.
        for key, row in list(self.model.items()):
            if abs(self.now - row.at) >= WINDOW:
                del self.model[key]
        try:
            told: object = desk.repeats.begin(desk.ask(number, content, caller), self.now)
        except (RequestRepeatedError, RequestInProgressError) as refusal:
            told = refusal.code
        there = self.model.get(name)
        if there is not None and not self.vacant(there):
            assert told == self.expected(there, content)
            return
        assert isinstance(told, Fresh)
        work = Work(desk, name, content, told)
        self.works.append(work)
        self.model[name] = Row(content=content, at=self.now, work=work)

    def vacant(self, row: Row) -> bool:
        """Tell whether a reservation may be taken over."""
        if row.done:
            return False
        assert isinstance(row.work, Work)
        return row.work.desk not in self.desks or abs(self.now - row.at) >= CALL

    def expected(self, row: Row, content: bytes) -> object:
        """Tell what a request is told of one that is there."""
        if row.content != content:
            return REPEATED
        if not row.done:
            return IN_PROGRESS
        return REPEATED if row.answer is None else Answered(row.answer)

    @precondition(lambda self: self.works)
    @rule(data=st.data(), large=st.sampled_from([False, False, False, True]))
    def finish(self, data: st.DataObject, large: bool) -> None:
        """A call ends well, or is told that another took it over."""
        work = self.take(data)
        self.count += 1
        answer = TOO_LARGE if large else b"answer %d" % self.count
        try:
            told: object = Answered(work.desk.repeats.finish(work.fresh, answer, self.now))
        except (RequestRepeatedError, RequestInProgressError) as refusal:
            told = refusal.code
        row = self.model.get(work.name)
        if row is not None and row.work is work:
            row.done, row.answer = True, None if large else answer
            assert told == Answered(answer)
        elif row is None:
            assert told == IN_PROGRESS
        else:
            assert told == self.expected(row, work.content)

    @precondition(lambda self: self.works)
    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        """A call is refused."""
        work = self.take(data)
        work.desk.repeats.abandon(work.fresh)
        row = self.model.get(work.name)
        if row is not None and row.work is work:
            del self.model[work.name]

    def take(self, data: st.DataObject) -> Work:
        """Choose one of the calls that are being worked on."""
        return self.works.pop(data.draw(st.integers(0, len(self.works) - 1)))

    @rule(which=st.integers(0, 2))
    def crash(self, which: int) -> None:
        """A process ends, with all that it works on; another takes its place."""
        gone = self.desks[which]
        gone.store.close()
        self.works = [work for work in self.works if work.desk is not gone]
        self.desks[which] = Desk(self.folder, KEYS)

    @rule(move=st.sampled_from(MOVES), back=st.booleans())
    def move_clock(self, move: int, back: bool) -> None:
        """Time passes, or is corrected."""
        self.now += -move if back else move

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        """Row for row, in every process; also how many there are by caller."""
        for name, row in self.model.items():
            for desk in self.desks:
                key = desk.ask(name[1], row.content, name[0]).key
                found = desk.store.find(key)
                assert found is not None
                assert (found.state == "completed", found.answer) == (row.done, row.answer)
        rows = {name[0] for name in self.model}
        shares = self.desks[0].store._shares()
        assert {caller: held for caller, (held, _) in shares.items()} == {
            caller: sum(name[0] == caller for name in self.model) for caller in rows
        }


TestRepeating = Repeating.TestCase
TestRepeating.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
