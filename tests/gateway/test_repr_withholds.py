"""What holds values shows none of them: a traceback may print its locals."""

from functools import partial

from gateway.records.decoder import record_type
from gateway.release import Releases
from gateway.server.committing import _advance
from gateway.steps import Steps, write
from gateway.testing import MemoryCity
from masking.detect.folding import fold

MARK = "田甲乙"


def test_records_on_their_way_show_nothing() -> None:
    """Neither as they came in, nor as they go out, nor a text that is searched."""
    city = MemoryCity()
    fields = [field for field in city.resource().fields if field.id == "name"]
    came = record_type(fields)(f0=MARK)
    assert getattr(came, "f0") == MARK  # noqa: B009 - its type is made at run time
    grant = city.provider.outbound._grants.verify(
        city.grant(), city.provider.snapshots.current(), city.clock() // 1000
    )
    releases = Releases(city.provider.department, city.provider.keys)
    snapshot = city.provider.snapshots.current()
    release = releases.release(releases.intake(grant, snapshot), grant, snapshot, city.clock())
    goes = release.output(*[MARK] * len(release.ordinary.fields))
    for shown in (came, goes, [came, goes], fold(MARK)):
        assert MARK not in repr(shown)
        assert MARK not in f"{shown}"


def test_calls_on_their_way_show_nothing() -> None:
    """Neither what they want written, nor what they came to: a future shows its result."""

    def steps() -> Steps[str]:
        return (yield from write(None, partial(str.upper, MARK)))

    call = steps()
    wanted = _advance(call.send, None)
    done = _advance(call.send, MARK)
    assert getattr(done, "result") == MARK  # noqa: B009 - one of two types
    assert getattr(wanted, "work")() == MARK  # noqa: B009 - the other
    for shown in (wanted, done, [wanted, done]):
        assert MARK not in repr(shown)
        assert MARK not in f"{shown}"
