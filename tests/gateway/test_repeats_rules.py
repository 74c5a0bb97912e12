"""A request id that comes again gets the one answer, or is told why not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from gateway.errors import (
    GatewayError,
    RequestInProgressError,
    RequestMalformedError,
    RequestRepeatedError,
)
from gateway.model.call import SealRequest
from gateway.repeats import (
    MAX_ANSWER_BYTES,
    MAX_CALL_SECONDS,
    MAX_REPEAT_HOURS,
    Answered,
    Found,
    Fresh,
    Mark,
    lapsed,
    parts_of,
)
from gateway.testing import START_MS as NOW
from keys.errors import KeyUnavailableError
from keys.material import Purpose
from keys.stores.memory import MemoryStore
from tests.gateway.repeating import CALLER, HOUR, METHOD, SECOND, Desk, new_keys, request_id

CALL = MAX_CALL_SECONDS * SECOND
WINDOW = MAX_REPEAT_HOURS * HOUR
REQUEST = SealRequest(resource="a/1", purpose="aid", grant="token", records=b"[{}]")
# Each field of a request, changed.
CHANGED: dict[str, object] = {
    "resource": "a/2",
    "purpose": "tax",
    "grant": "other",
    "records": b"[{} ]",
    "encoding": "ndjson",
    "mode": "file",
    "reference": "",
    "suite": 2,
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Open a store of its own for each test."""
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def begun(desk: Desk, now: int = NOW, content: bytes = b"content") -> Fresh:
    """Begin what nobody works on."""
    fresh = desk.repeats.begin(desk.ask(content=content), now)
    assert isinstance(fresh, Fresh)
    return fresh


def test_a_repeat_gets_the_same_answer(desk: Desk) -> None:
    """Until its window is over; then the id is new."""
    assert desk.repeats.finish(begun(desk), b"sealed", NOW) == b"sealed"
    for now in (NOW, NOW + WINDOW - 1, NOW - WINDOW + 1):
        assert desk.repeats.begin(desk.ask(), now) == Answered(b"sealed")
    assert isinstance(desk.repeats.begin(desk.ask(), NOW + WINDOW), Fresh)


def test_an_answer_from_far_ahead_is_over_too(desk: Desk) -> None:
    """A clock that was wrong for a while leaves nothing that lasts for years."""
    desk.repeats.finish(begun(desk, NOW + WINDOW), b"sealed", NOW + WINDOW)
    assert isinstance(desk.repeats.begin(desk.ask(), NOW), Fresh)


@pytest.mark.parametrize("way", [1, -1], ids=["behind", "ahead"])
def test_times_are_distances(way: int) -> None:
    """What lies ahead is judged as what lies behind."""
    answered = Found(mark=Mark("key", b""), at=NOW, state="completed", answer=b"sealed")
    reserved = Found(mark=Mark("key", b""), at=NOW, state="reserved")
    for found, life in ((answered, WINDOW), (reserved, CALL)):
        assert not lapsed(found, NOW + way * (life - 1), alive=True)
        assert lapsed(found, NOW + way * life, alive=True)
    assert lapsed(reserved, NOW, alive=False)
    assert not lapsed(answered, NOW, alive=False)


def test_an_id_counts_for_its_caller_and_method_alone(desk: Desk) -> None:
    """Nobody learns of another's; one id in capitals is the same."""
    desk.repeats.finish(begun(desk), b"sealed", NOW)
    others = [
        desk.ask(caller="other"),
        desk.repeats.ask(CALLER, "Open", request_id(1), (b"content",), NOW),
        desk.ask(2),
    ]
    assert all(isinstance(desk.repeats.begin(asked, NOW), Fresh) for asked in others)
    same = desk.repeats.ask(CALLER, METHOD, request_id(1).upper(), (b"content",), NOW)
    assert desk.repeats.begin(same, NOW) == Answered(b"sealed")


def test_another_content_is_refused_while_it_is_worked_on_and_after(desk: Desk) -> None:
    """With the code that says so, and the first answer stays."""
    fresh = begun(desk)
    with pytest.raises(RequestRepeatedError, match="another content"):
        desk.repeats.begin(desk.ask(content=b"other"), NOW)
    desk.repeats.finish(fresh, b"sealed", NOW)
    with pytest.raises(RequestRepeatedError, match="another content"):
        desk.repeats.begin(desk.ask(content=b"other"), NOW)
    assert desk.repeats.begin(desk.ask(), NOW) == Answered(b"sealed")


def test_a_request_in_progress_is_told_to_wait(desk: Desk) -> None:
    """As long as a call may last, whichever way the clock moves."""
    begun(desk)
    for now in (NOW, NOW + CALL - 1, NOW - CALL + 1):
        with pytest.raises(RequestInProgressError):
            desk.repeats.begin(desk.ask(), now)


def test_a_refusal_gives_the_id_back(desk: Desk) -> None:
    """Also for another content: nothing was handed out under it."""
    desk.repeats.abandon(begun(desk))
    other = begun(desk, content=b"corrected")
    assert desk.repeats.finish(other, b"sealed", NOW) == b"sealed"


def test_what_was_answered_cannot_be_given_back(desk: Desk) -> None:
    """A slip of whoever calls loses no answer."""
    fresh = begun(desk)
    desk.repeats.finish(fresh, b"sealed", NOW)
    desk.repeats.abandon(fresh)
    assert desk.repeats.begin(desk.ask(), NOW) == Answered(b"sealed")
    assert desk.repeats.finish(fresh, b"sealed twice", NOW) == b"sealed"


@pytest.mark.parametrize("now", [NOW + CALL, NOW - CALL], ids=["late", "clock set back"])
def test_a_slow_call_hands_out_the_answer_of_who_took_over(desk: Desk, now: int) -> None:
    """Never one of its own: of one id there is one envelope."""
    slow = begun(desk)
    second = begun(desk, now)
    with pytest.raises(RequestInProgressError):
        desk.repeats.finish(slow, b"slow", now)
    desk.repeats.abandon(slow)
    assert desk.repeats.finish(second, b"second", now) == b"second"
    assert desk.repeats.finish(slow, b"slow", now) == b"second"
    assert desk.repeats.begin(desk.ask(), now) == Answered(b"second")


def test_a_slow_call_that_nobody_took_over_ends_well(desk: Desk) -> None:
    """Late is not lost."""
    assert desk.repeats.finish(begun(desk), b"late", NOW + 3 * CALL) == b"late"
    assert desk.repeats.begin(desk.ask(), NOW + 3 * CALL) == Answered(b"late")


def test_a_slow_call_hands_out_nothing_of_what_is_gone_or_changed(desk: Desk) -> None:
    """Who took over gave the id back, and it was used for something else."""
    slow = begun(desk)
    desk.repeats.abandon(begun(desk, NOW + CALL))
    with pytest.raises(RequestInProgressError):
        desk.repeats.finish(slow, b"slow", NOW + CALL)
    desk.repeats.finish(begun(desk, NOW + CALL, b"other"), b"other's", NOW + CALL)
    with pytest.raises(RequestRepeatedError, match="another content"):
        desk.repeats.finish(slow, b"slow", NOW + CALL)


def test_a_large_answer_is_given_once_and_not_kept(desk: Desk) -> None:
    """One byte over the limit; its repeat is told, and never sealed anew."""
    large = bytes(MAX_ANSWER_BYTES + 1)
    assert desk.repeats.finish(begun(desk), large, NOW) is large
    with pytest.raises(RequestRepeatedError, match="too large to be kept"):
        desk.repeats.begin(desk.ask(), NOW)
    fresh = desk.repeats.begin(desk.ask(2), NOW)
    assert isinstance(fresh, Fresh)
    largest = bytes(MAX_ANSWER_BYTES)
    desk.repeats.finish(fresh, largest, NOW)
    assert desk.repeats.begin(desk.ask(2), NOW) == Answered(largest)


@pytest.mark.parametrize("field", SealRequest.__struct_fields__)
def test_every_field_of_a_request_counts(desk: Desk, field: str) -> None:
    """But the caller, who is part of the key."""
    assert set(CHANGED) == set(SealRequest.__struct_fields__) - {"caller"}
    if field == "caller":
        other = msgspec.structs.replace(REQUEST, caller="other")
        assert parts_of(other) == parts_of(REQUEST)
        return
    other = msgspec.structs.replace(REQUEST, **{field: CHANGED[field]})
    asked = [
        desk.repeats.ask(CALLER, METHOD, request_id(1), parts_of(each), NOW)
        for each in (REQUEST, other)
    ]
    assert asked[0].mark.digest != asked[1].mark.digest


def test_parts_are_told_apart(desk: Desk) -> None:
    """What moves from one part to the next is another content."""
    splits = [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b"")]
    digests = {
        desk.repeats.ask(CALLER, METHOD, request_id(1), parts, NOW).mark.digest for parts in splits
    }
    assert len(digests) == len(splits)


def test_the_digest_is_keyed(desk: Desk, tmp_path: Path) -> None:
    """Another node gets another one of the same request."""
    (tmp_path / "other").mkdir()
    other = Desk(tmp_path / "other")
    assert other.ask().content == desk.ask().content
    assert other.ask().mark.digest != desk.ask().mark.digest
    other.store.close()


def test_a_repeat_after_a_rotation_is_known(desk: Desk) -> None:
    """By the retired key; another content still is another content."""
    desk.repeats.finish(begun(desk), b"sealed", NOW)
    before = desk.ask().mark.key_id
    desk.keys.rotate(Purpose.PSEUDONYM, 1, NOW // 1000)
    assert desk.ask().mark.key_id != before
    assert desk.repeats.begin(desk.ask(), NOW) == Answered(b"sealed")
    with pytest.raises(RequestRepeatedError):
        desk.repeats.begin(desk.ask(content=b"other"), NOW)


def test_a_repeat_under_a_key_that_is_gone_is_refused(tmp_path: Path) -> None:
    """Whether it is the same cannot be told, so nothing is handed out."""
    first = Desk(tmp_path)
    first.repeats.finish(begun(first), b"sealed", NOW)
    second = Desk(tmp_path, new_keys())
    with pytest.raises(RequestRepeatedError):
        second.repeats.begin(second.ask(), NOW)
    first.store.close()
    second.store.close()


def test_without_a_pseudonym_key_no_id_is_taken(tmp_path: Path) -> None:
    """Nor with one whose time is over, though it was used before."""
    keyless = Desk(tmp_path, MemoryStore())
    with pytest.raises(KeyUnavailableError):
        keyless.ask()
    keyless.store.close()
    desk = Desk(tmp_path)
    desk.ask()
    with pytest.raises(KeyUnavailableError):
        desk.repeats.ask(CALLER, METHOD, request_id(1), (), NOW + 400 * 24 * HOUR)
    desk.store.close()


@pytest.mark.parametrize(
    "change",
    [
        lambda uuid: uuid[:0],
        lambda uuid: uuid.replace("-", ""),
        lambda uuid: "{" + uuid + "}",
        lambda uuid: "urn:uuid:" + uuid,
        lambda uuid: uuid + "\n",
        lambda uuid: " " + uuid[1:],
        lambda uuid: uuid[:-1],
        lambda uuid: uuid + "0",
        lambda uuid: "g" + uuid[1:],
        lambda uuid: uuid.replace("-", "_"),
        lambda uuid: "１" + uuid[1:],  # a full-width digit
        lambda uuid: uuid.replace(uuid, "140105196210031157"),
    ],
)
def test_an_id_is_a_uuid_in_its_text_form(desk: Desk, change: Callable[[str], str]) -> None:
    """Anything else is malformed, and not repeated in the refusal."""
    wrong = change(request_id(1))
    with pytest.raises(RequestMalformedError) as caught:
        desk.repeats.ask(CALLER, METHOD, wrong, (), NOW)
    assert not wrong or wrong not in caught.value.message + caught.value.message_zh


def test_a_text_that_is_no_unicode_is_malformed() -> None:
    """The error does not quote it."""
    with pytest.raises(RequestMalformedError) as caught:
        parts_of(msgspec.structs.replace(REQUEST, reference="secret\ud800"))
    assert "secret" not in repr(caught.value) + caught.value.message
    assert caught.value.__suppress_context__


def test_refusals_of_this_module_are_the_gateways(desk: Desk) -> None:
    """Each with a code and both texts."""
    begun(desk)
    refusals: list[GatewayError] = []
    for content in (b"content", b"other"):
        with pytest.raises(GatewayError) as caught:
            desk.repeats.begin(desk.ask(content=content), NOW)
        refusals.append(caught.value)
    assert [each.code for each in refusals] == ["REQUEST_IN_PROGRESS", "REQUEST_REPEATED"]
    assert all(each.message and each.message_zh for each in refusals)
