"""A sender with valid keys that lies: its manifest and records are held to their word."""

import json
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.envelope.sealing import MAX_PLAINTEXT_BYTES
from gateway.testing import MemoryCity
from keys.errors import SealgateError
from tests.gateway.forge import Forge, lp, new_city, padded, refusal

MARK = "MARKED-SECRET-4711"
ESCAPE = "\x1b]0;owned\x07"


@pytest.fixture(scope="module")
def forge() -> Forge:
    """Write envelopes of a malicious provider; refusals leave nothing behind, so one serves."""
    return Forge(new_city())


def _refused(forge: Forge, plaintext: bytes) -> str:
    """Open; return the code, having checked that nothing is left of what was refused."""
    city = forge.city
    claims, entries = set(city.requester.state.claims), len(city.requester.ledger.entries)
    code = refusal(city.requester.open, forge.envelope(plaintext=plaintext))
    assert city.requester.state.claims == claims
    new = city.requester.ledger.entries[entries:]
    assert [entry.shared.outcome for entry in new] == [code]
    written = msgspec.json.encode(new)
    assert MARK.encode() not in written
    assert len(written) < 4096
    return code


def _field(forge: Forge, place: int = 0, **changes: Any) -> list[dict[str, Any]]:
    fields = [dict(field) for field in forge.plain_manifest["fields"]]
    fields[place] |= changes
    return [{k: v for k, v in field.items() if v is not ...} for field in fields]


def test_an_honest_manifest_is_taken(forge: Forge) -> None:
    """What the tests below change is good as it stands, whatever its white space."""
    spaced = json.dumps(forge.plain_manifest, indent=4).encode()
    opened = forge.city.requester.open(forge.envelope(plaintext=forge.plaintext(spaced)))
    assert msgspec.to_builtins(opened.manifest) == forge.plain_manifest
    assert opened.records == forge.records


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"4711",
        b"{",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        MARK.encode(),
        b'{"version":' + b"9" * 5000 + b"}",
    ],
    ids=lambda manifest: repr(manifest[:12]),
)
def test_a_manifest_that_is_none_is_refused(forge: Forge, manifest: bytes) -> None:
    """Not JSON, or not an object of its shape."""
    assert _refused(forge, forge.plaintext(manifest)) == "ENVELOPE_MANIFEST_WRONG"


CHANGES: list[dict[str, Any]] = [
    # Of the form.
    {"version": 0},
    {"version": 2},
    {"version": "1"},
    {"version": True},
    {MARK: 1},
    {"note": MARK},
    {"encoding": "ndjson"},
    {"encoding": "csv"},
    {"resource": ...},
    {"grant": ...},
    {"records": ...},
    {"fields": ...},
    {"trust": -1},
    {"trust": 1 << 60},
    # Against the header.
    {"provider": "11149900MB0C13013W"},
    {"requester": "11149900MB0C12002H"},
    {"provider": "", "requester": ""},
    {"totals": {"parts": 1, "records": 3}},
    # Against the records.
    {"records": 2},
    {"records": 4},
    {"records": 0},
    {"records": -3},
    {"records": 1 << 70},
    {"records": 3.5},
    {"fields": []},
    {"findings": {"nobody": 1}},
    {"findings": {MARK: 1}},
    {"findings": {ESCAPE: 1}},
    {"findings": {"name": 4}},
    {"findings": {"name": 0}},
    {"findings": {"name": -1}},
    # Texts that go into ledgers and onto terminals.
    {"resource": MARK * 1000},
    {"resource": "../../etc/passwd"},
    {"resource": "a\nb"},
    {"purpose": f"{MARK} {ESCAPE}"},
    {"resource_name": ESCAPE},
    {"resource_name": "\u202eMARK"},
    {"resource_name": "社" * 129},
    {"resource_name": ""},
    {"scenario": "a\x9bb"},
    {"policy": "p" * 129},
    {"policy": "a\r\nb"},
    {"catalogue": "c" * 100_000},
]


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: ascii(changes)[:60])
def test_a_manifest_that_does_not_hold_is_refused(forge: Forge, changes: dict[str, Any]) -> None:
    """It agrees with its form, with the header and with the records, or nothing comes out."""
    plaintext = forge.plaintext(forge.manifest(**changes))
    assert _refused(forge, plaintext) == "ENVELOPE_MANIFEST_WRONG"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "110101199003071233"},
        {"id": ""},
        {"id": MARK},
        {"id": "resident_id"},
        {"id": "elsewhere"},
        {"name": ESCAPE},
        {"name": "n" * 129},
        {"type": "absent"},
        {"type": MARK},
        {"disclosure": MARK},
        {"treatment": {}},
        {"treatment": ...},
        {"treatment": {"prefix": 3}},
        {"treatment": {"op": 7}},
        {"treatment": {"op": None}},
        {"treatment": {"op": MARK}},
        {"treatment": {"op": "x" * 65}},
        {"treatment": {"op": "clear", "more": {}}},
        {"treatment": []},
        {"rule": "own-rule"},
    ],
    ids=ascii,
)
def test_a_field_that_does_not_hold_is_refused(forge: Forge, changes: dict[str, Any]) -> None:
    """Each field has its id, once, a treatment with an operator, and is there if it says so."""
    plaintext = forge.plaintext(forge.manifest(fields=_field(forge, **changes)))
    assert _refused(forge, plaintext) == "ENVELOPE_MANIFEST_WRONG"


def test_more_fields_than_a_resource_can_have_are_refused(forge: Forge) -> None:
    """Each goes into the ledger entry."""
    fields = _field(forge)
    fields += [{**fields[0], "id": f"f{index}"} for index in range(513 - len(fields))]
    plaintext = forge.plaintext(forge.manifest(fields=fields))
    assert _refused(forge, plaintext) == "ENVELOPE_MANIFEST_WRONG"


def test_the_grant_is_one_of_ours(forge: Forge) -> None:
    """Neither an unknown one, nor another's, nor one of ours under another digest."""
    city = forge.city
    ours = forge.plain_manifest["grant"]
    token = city.grant(sub=city.outsider.department)
    (theirs,) = city.outsider.grants.held
    assert token
    for grant in (
        {"jti": "0" * 22, "digest": ours["digest"]},
        {"jti": ours["jti"], "digest": "0" * 64},
        {"jti": theirs[0], "digest": theirs[1]},
    ):
        # The entry tells which grant was named: it has the form of one.
        envelope = forge.envelope(plaintext=forge.plaintext(forge.manifest(grant=grant)))
        assert refusal(city.requester.open, envelope) == "ENVELOPE_MANIFEST_WRONG"
        assert city.requester.ledger.entries[-1].shared.grant == grant["jti"]
    for grant in (
        {"jti": MARK * 10, "digest": ours["digest"]},
        {"jti": ours["jti"], "digest": MARK},
        {"jti": ours["jti"], "digest": ours["digest"].upper()},
        {"jti": ours["jti"]},
        {**ours, "more": 1},
    ):
        plaintext = forge.plaintext(forge.manifest(grant=grant))
        assert _refused(forge, plaintext) == "ENVELOPE_MANIFEST_WRONG"


RECORDS = [
    b"",
    b"{}",
    b"null",
    b'"three"',
    b"[",
    b"[{},{},{}",
    b"[{},{},{}] ]",
    b"[{},{},{}]\0",
    b"{}\n{}\n{}",
    b"[{},{},null]",
    b"[{},{},[]]",
    b"[{},{},1]",
    b'[{},{},{"name":{}}]',
    b'[{},{},{"name":["a"]}]',
    b'[{},{},{"name":NaN}]',
    b'[{},{},{"name":Infinity}]',
    b'[{},{},{"name":1e400}]',
    b'[{},{},{"name":"\\ud800"}]',
    b'[{},{},{"name":"\xff"}]',
    b'[{},{},{"name":"\x00"}]',
    b'[{},{},{"name":' + b"9" * 5000 + b"}]",
    b'[{},{},{"blood_type":"A"}]',
    b'[{},{},{"MARKED-SECRET-4711":"A"}]',
    b'[{"NAME":"a"},{},{}]',
    b"[{},{}]",
    b"[{},{},{},{}]",
    b"[" * 1_000_000,
    b'[{"name":' + b"[" * 500_000,
]


@pytest.mark.parametrize("records", RECORDS, ids=lambda records: ascii(records[:40]))
def test_records_that_are_none_are_refused(forge: Forge, records: bytes) -> None:
    """An array of flat objects, as many as counted, with the fields named, or nothing."""
    assert _refused(forge, forge.plaintext(records=records)) == "ENVELOPE_MANIFEST_WRONG"


def test_what_is_handed_on_has_one_reading(forge: Forge) -> None:
    """A key that stands twice stands once in what comes out, so that no two readers differ."""
    records = b'[ {"name":"first","name":"second"}, {}, {"region" : null} ]'
    opened = forge.city.requester.open(forge.envelope(plaintext=forge.plaintext(records=records)))
    assert opened.records == b'[{"name":"second"},{},{"region":null}]'
    assert opened.rows() == [{"name": "second"}, {}, {"region": None}]


@pytest.mark.parametrize(
    "kind", ["not zero", "too long", "too short", "no records", "past the end"]
)
def test_a_plaintext_of_another_form_is_refused(forge: Forge, kind: str) -> None:
    """Lengths and padding are exact, though the sender itself encrypted and signed them."""
    good = forge.plaintext()
    plaintext = {
        "not zero": good[:-1] + b"\1",
        "too long": good + bytes(4096),
        "too short": good[: padded(len(good)) - 1],
        "no records": lp(forge.manifest()).ljust(4096, b"\xff"),
        "past the end": (lp(forge.manifest()) + (1 << 62).to_bytes(8, "big")).ljust(4096, b"\0"),
    }[kind]
    assert _refused(forge, plaintext) == "ENVELOPE_MALFORMED"


def test_a_plaintext_over_the_limit_is_refused(forge: Forge) -> None:
    """16 MiB to one envelope, whatever its sender was willing to encrypt."""
    room = MAX_PLAINTEXT_BYTES - len(lp(forge.manifest(), b"")) + 1
    assert _refused(forge, forge.plaintext(records=b" " * room)) == "ENVELOPE_MALFORMED"


def test_a_bomb_of_records_is_refused_at_its_own_cost(forge: Forge) -> None:
    """Many empty records cost a bounded multiple of their bytes, and come to nothing."""
    records = b"[" + b"{}," * 100_000 + b"{}]"
    envelope = forge.envelope(plaintext=forge.plaintext(records=records))
    tracemalloc.start()
    try:
        assert refusal(forge.city.requester.open, envelope) == "ENVELOPE_MANIFEST_WRONG"
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * len(envelope)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.data())
def test_whatever_a_sender_writes_is_refused_or_reads_well(data: st.DataObject) -> None:
    """No manifest and no records end in anything but a code, or records that can be read."""
    forge = _shared()
    key = data.draw(st.sampled_from([*forge.plain_manifest, "totals", "other"]))
    manifest = json.dumps(forge.plain_manifest | {key: data.draw(_json)}).encode()
    fields = [field["id"] for field in forge.plain_manifest["fields"]]
    flat = st.lists(st.dictionaries(st.sampled_from(fields), _json, max_size=3), max_size=4)
    records = json.dumps(data.draw(flat | _json)).encode()
    honest = data.draw(st.booleans())
    plaintext = forge.plaintext(forge.manifest() if honest else manifest, records)
    try:
        opened = forge.city.requester.open(forge.envelope(plaintext=plaintext))
    except SealgateError as refused:
        assert refused.code in ("ENVELOPE_MANIFEST_WRONG", "ENVELOPE_MALFORMED")  # noqa: PT017
        return
    assert len(opened.rows()) == opened.manifest.records
    assert all(set(row) <= set(fields) for row in opened.rows())


_kept: list[Forge] = []


def _shared() -> Forge:
    """Return one forge for all examples of a law."""
    if not _kept:
        city: MemoryCity = new_city()
        _kept.append(Forge(city))
    return _kept[0]


def test_a_manifest_says_no_more_than_its_grant(forge: Forge) -> None:
    """A provider that is ours to believe still cannot stretch a grant of ours."""
    fields = _field(forge)
    for changes in (
        {"resource": "3070010020001/000002"},
        {"purpose": "assistance-payment"},
        {"fields": [*fields, {**fields[0], "id": "photo"}]},
    ):
        plaintext = forge.plaintext(forge.manifest(**changes))
        assert _refused(forge, plaintext) == "ENVELOPE_MANIFEST_WRONG"
