"""A stream is one chain of envelopes: whole, in order, once, with its totals."""

import io
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from gateway.envelope.opening import parse_envelope
from gateway.envelope.sealing import MAX_PART_BYTES
from gateway.errors import FieldInvalidError, StreamBrokenError
from gateway.model.call import Opened, Sealed, SealRequest
from gateway.stores.envelopes import is_stream, read_parts, write_part
from gateway.testing import MemoryCity
from keys.errors import SealgateError
from tests.gateway.forge import Forge, lp, new_city, refusal, rows


@pytest.fixture
def city() -> MemoryCity:
    """Make a city of its own for each test."""
    return new_city()


def _batch(count: int = 3) -> bytes:
    return msgspec.json.encode((rows() * count)[:count])


def _stream(city: MemoryCity, counts: Iterable[int] = (3, 2, 3), **changes: Any) -> list[bytes]:
    request = city.request(rows(), **changes)
    batches = map(_batch, counts)
    return [part.envelope for part in city.provider.outbound.seal_stream(request, batches)]


def _open(city: MemoryCity, parts: Iterable[bytes], **how: Any) -> list[Opened]:
    return list(city.requester.inbound.open_stream(parts, **how))


def _outcomes(city: MemoryCity) -> list[str]:
    return [entry.shared.outcome for entry in city.requester.ledger.entries]


def test_a_stream_opens_in_order(city: MemoryCity) -> None:
    """Each part is an envelope of its own; the last one carries the totals."""
    opened = _open(city, _stream(city))
    assert [part.manifest.records for part in opened] == [3, 2, 3]
    assert [part.manifest.totals for part in opened[:2]] == [None, None]
    totals = opened[2].manifest.totals
    assert totals is not None
    assert (totals.parts, totals.records) == (3, 8)
    assert [part.place.part for part in opened if part.place] == [1, 2, 3]
    assert len({part.place.stream_id for part in opened if part.place}) == 1
    assert _outcomes(city) == ["ok"] * 3
    assert len(city.requester.state.claims) == 3
    assert [entry.shared.outcome for entry in city.provider.ledger.entries] == ["ok"] * 3


def test_a_stream_of_one_part_opens(city: MemoryCity) -> None:
    """The first part may be the last."""
    (part,) = _open(city, _stream(city, (2,)))
    assert part.place is not None
    assert part.place.last
    assert part.manifest.totals is not None


# Parts 1 to 4 of two streams, in the order in which they come.
BROKEN = {
    "without its first part": "a2 a3 a4",
    "without a part in the middle": "a1 a3 a4",
    "without its last part": "a1 a2 a3",
    "a part alone": "a2",
    "first part twice": "a1 a1 a2 a3 a4",
    "a part twice": "a1 a2 a2 a3 a4",
    "last part twice": "a1 a2 a3 a4 a4",
    "two parts in the wrong order": "a1 a3 a2 a4",
    "backwards": "a4 a3 a2 a1",
    "a part of another stream": "a1 b2 a3 a4",
    "the end of another stream": "a1 a2 b3 b4",
    "two streams in turn": "a1 b1 a2 b2 a3 b3 a4 b4",
    "two streams one behind the other": "a1 a2 a3 a4 b1 b2 b3 b4",
    "nothing": "",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_chain_that_does_not_hold_together_is_an_error(city: MemoryCity, name: str) -> None:
    """Whatever is missing, repeated, moved or mixed in, the stream never ends in peace."""
    streams = {letter: _stream(city, (1, 1, 1, 1)) for letter in "ab"}
    parts = [streams[place[0]][int(place[1]) - 1] for place in BROKEN[name].split()]
    good: list[Opened] = []
    with pytest.raises(StreamBrokenError):
        good.extend(city.requester.inbound.open_stream(parts))
    city.requester.inbound.close()
    # The refusal is entered, and what was not handed out is not claimed.
    assert _outcomes(city).count("STREAM_BROKEN") == 1
    assert _outcomes(city).count("ok") == len(good) == len(city.requester.state.claims)


def test_a_part_is_no_envelope_by_itself(city: MemoryCity) -> None:
    """`open` refuses parts, `open_stream` what is no part, and neither claims it."""
    parts = _stream(city)
    for part in parts:
        assert refusal(city.requester.open, part) == "STREAM_BROKEN"
    alone = city.provider.seal(city.request(rows())).envelope
    assert refusal(_open, city, [alone]) == "STREAM_BROKEN"
    assert not city.requester.state.claims
    assert len(_open(city, parts)) == 3
    assert city.requester.open(alone).place is None


def test_parts_are_provisional_until_the_last(city: MemoryCity) -> None:
    """What came so far is handed out, and the end says whether it stands."""
    parts = iter(_stream(city)[:2])
    opened = city.requester.inbound.open_stream(parts)
    assert next(opened).manifest.records == 3
    assert next(opened).manifest.records == 2
    with pytest.raises(StreamBrokenError) as broken:
        next(opened)
    assert "part 3" in broken.value.message
    last = city.requester.ledger.entries[-1].shared
    assert (last.outcome, last.provider) == ("STREAM_BROKEN", city.provider.department)
    assert (last.resource, last.grant) == (
        city.requester.ledger.entries[0].shared.resource,
        city.requester.ledger.entries[0].shared.grant,
    )


def test_each_part_is_claimed(city: MemoryCity) -> None:
    """A stream opens once; `reopen` opens it again, and goes on where it broke off."""
    parts = _stream(city)
    with pytest.raises(StreamBrokenError):
        _open(city, parts[:2])
    assert len(city.requester.state.claims) == 2
    assert refusal(_open, city, parts) == "ENVELOPE_REPLAYED"
    again = _open(city, parts, reopen=True)
    assert [part.manifest.records for part in again] == [3, 2, 3]
    assert refusal(_open, city, parts) == "ENVELOPE_REPLAYED"


def test_a_changed_part_stops_the_stream(city: MemoryCity) -> None:
    """The parts before stay provisional, the part itself is refused as any envelope is."""
    parts = _stream(city)
    parts[1] = parts[1][:-1] + bytes([parts[1][-1] ^ 1])
    opened = city.requester.inbound.open_stream(parts)
    next(opened)
    assert refusal(next, opened) == "ENVELOPE_SIGNATURE_INVALID"


@pytest.mark.parametrize(
    ("totals", "last"),
    [
        ({"parts": 1, "records": 6}, True),
        ({"parts": 3, "records": 6}, True),
        ({"parts": 2, "records": 5}, True),
        ({"parts": 2, "records": 3}, True),
        ({"parts": 0, "records": 0}, True),
        (None, True),
        ({"parts": 2, "records": 6}, False),
    ],
)
def test_totals_stand_at_the_end_and_are_right(
    city: MemoryCity, totals: dict[str, int] | None, last: bool
) -> None:
    """In the last part and only there, parts and records as they were counted."""
    forge = Forge(city)
    first = forge.part(1, None)
    second = forge.part(2, first, last=last, totals=totals)
    assert refusal(_open, city, [first, second]) == "STREAM_BROKEN"


def test_an_honest_forgery_opens(city: MemoryCity) -> None:
    """What the tests around it change is good as it stands."""
    forge = Forge(city)
    first = forge.part(1, None)
    second = forge.part(2, first)
    third = forge.part(3, second, last=True, totals={"parts": 3, "records": 9})
    assert len(_open(city, [first, second, third])) == 3


def test_a_stream_is_one_stream_of_one_sender(city: MemoryCity) -> None:
    """Stream id, sender, resource, purpose and grant stay the same in a chain that fits."""
    forge = Forge(city)
    first = forge.part(1, None)
    other_grant = Forge(city).plain_manifest["grant"]
    rogue = Forge(city, sender=city.outsider)
    # Each would end the stream well, but for the one thing that is changed.
    end: dict[str, Any] = {"last": True, "totals": {"parts": 2, "records": 6}}
    for second in (
        forge.part(2, first, manifest={"resource": "3070010010001/000002"}, **end),
        forge.part(2, first, manifest={"purpose": "assistance-payment"}, **end),
        rogue.part(2, first, **end),
    ):
        # The grant that all parts stand on allows none of these.
        assert refusal(_open, city, [first, second], reopen=True) == "ENVELOPE_MANIFEST_WRONG"
    for second in (
        forge.part(2, first, stream=b"t" * 16, **end),
        forge.part(2, first, manifest={"grant": other_grant}, **end),
        forge.part(2, forge.envelope(), **end),
        forge.part(2, None, previous_digest=b"d" * 32, **end),
        forge.part(2, None, previous_digest=forge.digest_of(first)[:31], **end),
        forge.part(3, first, **end),
        forge.part(1, None, **end),
    ):
        assert refusal(_open, city, [first, second], reopen=True) == "STREAM_BROKEN"
    fits = forge.part(2, first, **end)
    assert len(_open(city, [first, fits], reopen=True)) == 2


def test_nothing_follows_the_last_part(city: MemoryCity) -> None:
    """Not even a part that names it as the one before."""
    forge = Forge(city)
    last = forge.part(1, None, last=True, totals={"parts": 1, "records": 3})
    behind = forge.part(2, last, last=True, totals={"parts": 2, "records": 6})
    assert refusal(_open, city, [last, behind]) == "STREAM_BROKEN"


def test_a_part_holds_half_a_mebibyte(city: MemoryCity) -> None:
    """More is neither sealed nor opened."""
    request = city.request(rows())
    stream = city.provider.outbound.seal_stream(request, [_batch(5000)])
    assert refusal(list, stream) == "LIMIT_EXCEEDED"
    # The same records fit one envelope that is no part.
    fits = city.provider.seal(city.request(rows() * 1600))
    assert city.requester.open(fits.envelope).manifest.records == 4800
    forge = Forge(city)
    room = MAX_PART_BYTES - len(lp(forge.manifest(), b"")) - len(forge.records)
    for more, code in ((0, "STREAM_BROKEN"), (1, "ENVELOPE_MALFORMED")):
        records = forge.records + b" " * (room + more)
        header = forge.header(stream_id=b"s" * 16, part=1)
        part = forge.envelope(header, plaintext=forge.plaintext(records=records))
        assert refusal(_open, city, [part]) == code


def test_each_part_passes_all_steps_of_sealing(city: MemoryCity) -> None:
    """A grant revoked half-way stops the rest."""
    request = city.request(rows())
    parts = city.provider.outbound.seal_stream(request, [_batch()] * 4)
    kept = [next(parts).envelope, next(parts).envelope]
    city.revoked.update(range(city.issued + 1))
    city.publish()
    assert refusal(next, parts) == "TOKEN_REVOKED"
    assert [entry.shared.outcome for entry in city.provider.ledger.entries] == [
        "ok",
        "ok",
        "TOKEN_REVOKED",
    ]
    assert refusal(_open, city, kept) == "STREAM_BROKEN"


def test_faults_are_counted_from_the_start_of_the_stream(city: MemoryCity) -> None:
    """A record is named by its place in the whole, not in its batch."""
    bad = rows()
    bad = [bad[0], {**bad[1], "birth_date": "31/02/1999"}]
    batches = [_batch(3), _batch(3), msgspec.json.encode(bad)]
    with pytest.raises(FieldInvalidError) as caught:
        list(city.provider.outbound.seal_stream(city.request(rows()), batches))
    assert caught.value.records == (8,)
    assert caught.value.fields[0].record == 8


def _request(city: MemoryCity, **detail: Any) -> SealRequest:
    return city.request(rows(), grant=city.grant(detail))


def test_a_stream_is_one_call_for_its_quotas(city: MemoryCity) -> None:
    """Rows to a call are those of all parts; rows to a day are charged part by part."""
    for limits in ({"rows_per_call": 5}, {"rows_per_day": 5}):
        request = _request(city, **limits)
        parts = city.provider.outbound.seal_stream(request, [_batch(3), _batch(2), _batch(1)])
        assert [next(parts).manifest.records, next(parts).manifest.records] == [3, 2]
        assert refusal(next, parts) == "QUOTA_EXCEEDED"
    fits = _request(city, rows_per_call=6)
    batches = [_batch(3), _batch(2), _batch(1)]
    assert len(list(city.provider.outbound.seal_stream(fits, batches))) == 3


def test_a_stream_of_nothing_is_refused(city: MemoryCity) -> None:
    """Neither without batches nor with an empty one."""
    request = city.request(rows())
    assert refusal(list, city.provider.outbound.seal_stream(request, [])) == "STREAM_BROKEN"
    empty = city.provider.outbound.seal_stream(request, [b"[]"])
    assert refusal(list, empty) == "RECORD_MALFORMED"


def test_a_batch_that_cannot_be_read_ends_the_stream(city: MemoryCity) -> None:
    """What the caller's own iterator raises comes through, and no last part is made up."""

    def batches() -> Iterable[bytes]:
        yield _batch()
        yield _batch()
        raise OSError("the disk went away")

    made: list[Sealed] = []
    with pytest.raises(OSError, match="went away"):
        made.extend(city.provider.outbound.seal_stream(city.request(rows()), batches()))
    headers = [parse_envelope(part.envelope).header for part in made]
    assert [header.place.last for header in headers if header.place] == [False]


# --- Parts in a file


def _file(parts: Iterable[bytes]) -> io.BytesIO:
    file = io.BytesIO()
    for part in parts:
        write_part(file, part)
    file.seek(0)
    return file


def test_a_file_gives_back_its_parts(city: MemoryCity) -> None:
    """Parts stand one behind the other, and a file tells whether it holds some."""
    parts = _stream(city)
    assert is_stream(_file(parts))
    assert not is_stream(io.BytesIO(parts[0]))
    assert not is_stream(io.BytesIO())
    assert list(read_parts(_file(parts))) == parts


def test_a_file_cut_anywhere_is_refused(city: MemoryCity) -> None:
    """At every place near a border, and at many others."""
    parts = _stream(city, (1, 1))
    whole = _file(parts).getvalue()
    border = len(parts[0]) + 8
    places = {*range(20), *range(border - 20, border + 20), *range(0, len(whole), 301)}
    for size in sorted(places - {len(whole)}):
        cut = io.BytesIO(whole[:size])
        code = refusal(_open, city, read_parts(cut), reopen=True)
        assert code == "STREAM_BROKEN"


def test_a_length_of_a_file_is_bounded() -> None:
    """A part that claims to be huge is refused before it is read."""
    for length in ((1 << 63), 32 * 1024 * 1024):
        file = io.BytesIO(length.to_bytes(8, "big") + bytes(100))
        assert refusal(list, read_parts(file)) == "ENVELOPE_MALFORMED"


def test_a_cut_file_is_entered_in_the_ledger(city: MemoryCity) -> None:
    """A stream that breaks off in the file is a refusal as any other."""
    whole = _file(_stream(city)).getvalue()
    with pytest.raises(SealgateError):
        _open(city, read_parts(io.BytesIO(whole[:-1])))
    assert _outcomes(city) == ["ok", "ok", "STREAM_BROKEN"]
