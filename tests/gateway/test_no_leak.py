"""Marked secrets go in everywhere; whatever comes out is searched for them.

Values may be in the plaintext that the recipient opens, as the policy leaves them,
and nowhere else. Tokens and keys may be nowhere at all.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.cli.main import describe, main
from gateway.envelope.opening import parse_envelope
from gateway.errors import LedgerUnavailableError
from gateway.model.call import Entry, Opened, Receipt, SealRequest
from gateway.model.trust import Blocks
from gateway.node import Node
from gateway.outbound import Outbound
from gateway.testing import PURPOSE, RESOURCE, MemoryCity, MemoryNode
from keys.errors import SealgateError
from keys.material import Purpose
from keys.ports import KeyInfo
from keys.stores.memory import HeldKey, MemoryStore
from keys.suites import suite
from tests.gateway.forge import Forge, new_city
from tests.gateway.marks import Marks, Net, spellings
from tests.gateway.worker import ROOT, Town, found_town

PHOTO = b"MARK-PHOTO-4711" * 3
# A record whose values can be told from anything else; `name` fits its type, not its kind.
RECORD: dict[str, Any] = {
    "name": "MARKNAME4711",
    "resident_id": "140926196210031157",
    "sex": "1",
    "birth_date": "19621003",
    "ethnicity": "01",
    "marital_status": "21",
    "region": "140926",
    "address": "山西省忻州市静乐县标记乡标记村MARKADDRESS4711号",
    "mobile": "18869401965",
    "bank_card": "6222024711471147118",
    "monthly_income": "47114711.47",
    "household_size": 5,
    "disabled": False,
    "category": "03",
    "approved_date": "20190827",
    "valid_until": "20220826",
    "updated_at": "2021-09-06T13:55:09",
    "home_location": "112.797250,38.414642",
    "visit_note": "MARKNAME4711本人电话18869401965，"
    "证号140926196210031157，卡号6222024711471147118",
    "photo": base64.b64encode(PHOTO).decode(),
}
FIELDS = tuple(RECORD)
_HIDDEN = ("name", "resident_id", "address", "mobile", "bank_card", "monthly_income")
# Hidden by the policy even from the recipient.
HIDDEN = Marks(
    **{name: RECORD[name] for name in (*_HIDDEN, "home_location")},
    photo=PHOTO,
    tail="MARKADDRESS4711",
)
# Given to the recipient, and to nobody else.
CLEAR = Marks(**{name: RECORD[name] for name in ("approved_date", "valid_until", "updated_at")})
# What stands where no value should be. `_` and six digits: no name, so never repeated.
MARK = "MARKVALUE_4711471147_x"
STRAY = Marks(
    mark=MARK, half="4711471147", key="MARK键4711471147", long="7114711471147114711471147"
)


def _values(net: Net) -> set[str]:
    return HIDDEN.found_in(net.caught) | CLEAR.found_in(net.caught) | STRAY.found_in(net.caught)


def _request(city: MemoryCity, *records: dict[str, Any], **changes: Any) -> SealRequest:
    changes.setdefault("grant", city.grant({"fields": FIELDS, "level": "G2"}))
    return city.request(list(records or [RECORD]), **changes)


def _secrets_of(token: str) -> Marks:
    """Return the parts of a token that would let it be put together again."""
    _, claims, signature = token.split(".")
    return Marks(token=token, claims=claims[20:], signature=signature)


@pytest.fixture
def city() -> MemoryCity:
    """Make a city of its own for each test."""
    return new_city()


# --- The net itself


def test_the_net_finds_a_secret_however_it_is_spelled() -> None:
    """Else the tests below would prove nothing."""
    net = Net()
    secret = "MARK标记4711"
    raw = secret.encode()
    for spelled in (
        secret,
        raw.hex(),
        raw.hex().upper(),
        json.dumps({"x": secret}),
        *(base64.b64encode(b"?" * shift + raw + b"!!").decode() for shift in range(6)),
        *(base64.urlsafe_b64encode(b"\xff" * shift + raw).decode() for shift in range(3)),
        secret.encode("gb18030"),
    ):
        net.caught = []
        net.take(spelled)
        assert Marks(secret=secret).found_in(net.caught) == {"secret"}, spelled
    net.caught = []
    net.take(SealgateError(), {"deep": ["harmless"]})
    assert Marks(secret=secret).found_in(net.caught) == set()
    assert all(len(one) >= 8 for one in spellings(raw))


# --- Success


def test_a_call_that_succeeds_shows_no_value(city: MemoryCity) -> None:
    """Envelope, receipt, ledger, findings and every object in reach, on both sides."""
    net, request = Net(), _request(city)
    sealed = city.provider.seal(request)
    opened = city.requester.open(sealed.envelope)
    net.take(sealed.envelope, sealed.manifest, sealed.receipt, sealed, request, opened)
    net.take_json(sealed.manifest, opened.manifest, sealed.receipt, opened.receipt)
    net.take_json(city.provider.ledger.entries, city.requester.ledger.entries)
    net.take(parse_envelope(sealed.envelope))
    net.take(city.provider.outbound.explain(RESOURCE, request.grant))
    reached = net.take_reachable(
        city.provider.outbound, city.requester.inbound, sealed, opened, request
    )
    assert reached > 300
    assert _values(net) == set()
    assert _secrets_of(request.grant).found_in(net.caught) == set()


def test_the_recipient_sees_what_the_policy_leaves(city: MemoryCity) -> None:
    """Nothing that is masked or dropped stands in what it opens, free text included."""
    opened = city.requester.open(city.provider.seal(_request(city)).envelope)
    (row,) = opened.rows()
    net = Net()
    net.take(opened.records)
    assert HIDDEN.found_in(net.caught) == set()
    assert CLEAR.found_in(net.caught) == set(CLEAR.spelled)
    assert row["name"] == "***"
    assert opened.manifest.findings == {"name": 1}


def test_a_stream_shows_no_value(city: MemoryCity) -> None:
    """Parts that came, and the one that did not."""
    net, request = Net(), _request(city)
    bad = {**RECORD, "sex": MARK}
    made = city.provider.outbound.seal_stream(
        request, [msgspec.json.encode([one]) for one in (RECORD, RECORD, bad)]
    )
    parts = [next(made), next(made)]
    with pytest.raises(SealgateError) as refused:
        next(made)
    net.take_error(refused.value)
    opened = city.requester.inbound.open_stream(part.envelope for part in parts)
    net.take(next(opened), next(opened))
    with pytest.raises(SealgateError) as broken:
        next(opened)
    net.take_error(broken.value)
    net.take(*(part.envelope for part in parts))
    net.take_json(city.provider.ledger.entries, city.requester.ledger.entries)
    assert _values(net) == set()


# --- Refusals on the way out


def _wrong_values() -> Iterator[tuple[str, bytes]]:
    """Yield records that are refused, each with a mark where it must not be repeated."""
    for name in FIELDS:
        for value in (MARK, [MARK], {MARK: MARK}, 7114711471147114711471147, 47114711.47114711):
            record = {**RECORD, name: value}
            if name != "monthly_income" or not isinstance(value, float):
                yield f"{name} {type(value).__name__}", json.dumps([RECORD, record]).encode()
        yield f"{name} null", json.dumps([{**RECORD, name: None}]).encode()
    for key in (MARK, "MARK键4711471147", "140926196210031157", "x" * 70 + MARK, MARK + "\n"):
        yield f"key {key[:9]}", json.dumps([{**RECORD, key: MARK}]).encode()
        yield f"ascii key {key[:9]}", json.dumps([{key: key}], ensure_ascii=False).encode()
    good = json.dumps(RECORD, ensure_ascii=False).encode()
    yield "cut", b"[" + good[:-9]
    yield "cut in a value", b"[" + good[: good.index(b"4711") + 3]
    yield "no object", json.dumps([MARK]).encode()
    yield "no array", json.dumps(MARK).encode()
    yield "an object", good
    yield "no JSON", MARK.encode()
    yield "comma", b"[" + good + b"," + MARK.encode() + b"]"
    yield "no UTF-8", b"[" + good.replace(b"MARKNAME", b"MARKNAME\xff") + b"]"
    yield "surrogate", b'[{"name":"' + MARK.encode() + b'\\ud800"}]'
    yield "control", b'[{"name":"' + MARK.encode() + b'\n"}]'
    yield "twice", b'[{"name":"' + MARK.encode() + b'","name":"MARKNAME4711","x":1}]'
    yield "deep", b'[{"name":' + b"[" * 5000 + good
    yield "number", b'[{"household_size":' + b"7114711471147114711471147" * 300 + b"}]"
    yield "exponent", b'[{"monthly_income":7114711471147114711471147e999999999}]'
    yield "NaN", b'[{"monthly_income":NaN,"name":"' + MARK.encode() + b'"}]'
    yield "constant", b'[{"name":' + MARK.encode() + b"}]"


def test_refused_records_show_no_value(city: MemoryCity) -> None:
    """Whatever is wrong, it is told by record number and field, never by what stood there."""
    net, request = Net(), _request(city)
    refused = 0
    for name, records in _wrong_values():
        for encoding in ("json", "ndjson"):
            data = records[1:-1] if encoding == "ndjson" and records[:1] == b"[" else records
            asked = msgspec.structs.replace(request, records=data, encoding=encoding)
            for attempt in (city.provider.seal, city.provider.outbound.faults):
                try:
                    net.take(attempt(asked))
                except SealgateError as error:
                    refused += 1
                    net.take_error(error)
                    net.take_json(describe(error))
            assert _values(net) == set(), name
            net.caught = []
    assert refused > 250
    net.take_json(city.provider.ledger.entries)
    assert _values(net) == set()


def test_a_name_that_could_be_a_value_is_not_repeated(city: MemoryCity) -> None:
    """Of uncatalogued keys only those that look like names are shown."""
    with pytest.raises(SealgateError) as refused:
        city.provider.seal(_request(city, {**RECORD, MARK: 1, "blood_type": 1}))
    assert "blood_type" in str(refused.value)
    assert [fault.field for fault in refused.value.fields] == [f"#{len(RECORD) + 1}", "blood_type"]


class _NoLedger:
    def append(self, entry: Entry) -> Receipt:
        raise LedgerUnavailableError


Break = Callable[[MemoryCity], dict[str, Any]]


def _stale(city: MemoryCity) -> dict[str, Any]:
    city.publish(expires=city.clock() // 1000)
    return {}


def _blocked(city: MemoryCity) -> dict[str, Any]:
    blocks = Blocks(requesters=frozenset({city.requester.department}))
    city.provider.snapshots.change(blocks=blocks)
    return {}


def _no_policy(city: MemoryCity) -> dict[str, Any]:
    city.provider.snapshots.change(policy=None)
    return {}


def _expired(city: MemoryCity) -> dict[str, Any]:
    city.clock.forward(seconds=8 * 86_400)
    return {}


def _revoked(city: MemoryCity) -> dict[str, Any]:
    city.revoked.update(range(city.issued + 1))
    city.publish()
    return {}


def _grant(**detail: Any) -> Break:
    return lambda city: {"grant": city.grant({"fields": FIELDS, "level": "G2", **detail})}


def _claim(**claims: Any) -> Break:
    return lambda city: {"grant": city.grant({"fields": FIELDS, "level": "G2"}, **claims)}


BREAKS: dict[str, Break] = {
    "stale": _stale,
    "blocked": _blocked,
    "no policy": _no_policy,
    "expired": _expired,
    "revoked": _revoked,
    "out of scope": _grant(fields=FIELDS[:5]),
    "region": _grant(region="140781"),
    "rows": lambda city: {**_grant(rows_per_day=1)(city)},
    "no approval": _grant(approval=None),
    "level": _grant(level="G9"),
    "purpose": lambda _: {"purpose": MARK},
    "resource": lambda _: {"resource": MARK},
    "mode": _grant(modes=("database",)),
    "encoding": lambda _: {"encoding": MARK},
    "suite": lambda _: {"suite": 9},
    "token": lambda _: {"grant": MARK},
    "token of three": lambda _: {"grant": ".".join([base64.b64encode(MARK.encode()).decode()] * 3)},
    "too large": lambda _: {"records": json.dumps([RECORD]).encode().ljust(17 << 20)},
    "audience": _claim(aud="11149900MB0C13013W"),
    "not yet": _claim(nbf=1_893_577_600, exp=1_993_577_600),
    "unknown issuer": _claim(iss="urn:" + "issuer"),
    "unknown requester": _claim(sub="11149900MB0C99999X"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_refused_call_shows_neither_value_nor_token(city: MemoryCity, name: str) -> None:
    """Errors, their tracebacks, and what is kept of the refusal."""
    net, request = Net(), _request(city)
    asked = msgspec.structs.replace(request, **BREAKS[name](city))
    attempts: list[Callable[[], object]] = [
        lambda: city.provider.seal(asked),
        lambda: list(city.provider.outbound.seal_stream(asked, [asked.records])),
        lambda: city.provider.outbound.explain(asked.resource, asked.grant),
        lambda: city.provider.outbound.faults(asked),
    ]
    codes = set()
    for attempt in attempts:
        try:
            net.take(attempt())
        except SealgateError as error:
            codes.add(error.code)
            net.take_error(error)
            net.take_json(describe(error))
    city.provider.outbound.close()
    net.take_json(city.provider.ledger.entries)
    net.take_reachable(city.provider.outbound)
    assert codes or name == "rows"
    assert _values(net) == set()
    for token in {request.grant, asked.grant} - {MARK}:
        assert _secrets_of(token).found_in(net.caught) == set()


# --- Refusals on the way in


def _open_alone(city: MemoryCity, envelope: bytes) -> list[Opened]:
    return [city.requester.open(envelope)]


def _open_stream(city: MemoryCity, envelope: bytes) -> list[Opened]:
    return list(city.requester.inbound.open_stream([envelope]))


def test_a_refused_envelope_shows_nothing_of_its_plaintext(city: MemoryCity) -> None:
    """At every step, in every spelling."""
    net = Net()
    forge = Forge(city)
    marked = json.dumps([RECORD, {**RECORD, MARK: MARK}]).encode()
    good = forge.envelope(plaintext=forge.plaintext(records=forge.records))
    header = forge.header
    envelopes = [
        good,
        good,
        good[:-1],
        good[:-1] + bytes([good[-1] ^ 1]),
        forge.envelope(plaintext=forge.plaintext(records=marked)),
        forge.envelope(plaintext=forge.plaintext(records=marked[:-5])),
        forge.envelope(plaintext=forge.plaintext(MARK.encode(), marked)),
        forge.envelope(plaintext=forge.plaintext(forge.manifest(**{MARK: MARK}), marked)),
        forge.envelope(plaintext=forge.plaintext(forge.manifest(resource=MARK * 9), marked)),
        forge.envelope(plaintext=forge.plaintext(forge.manifest(purpose=MARK), marked)),
        forge.envelope(plaintext=forge.plaintext(forge.manifest(findings={MARK: 1}), marked)),
        forge.envelope(plaintext=forge.plaintext(forge.manifest(policy=MARK + "\n"), marked)),
        forge.envelope(plaintext=forge.plaintext(records=marked)[:-7]),
        forge.envelope(header(recipient=city.outsider.department)),
        forge.envelope(header(type=2), plaintext=forge.plaintext(records=marked)),
        forge.envelope(header(created=city.clock() - 9, expires=city.clock() - 1)),
        forge.envelope(
            header(stream_id=b"s" * 16, part=1), plaintext=forge.plaintext(None, marked)
        ),
        forge.envelope(by=city.outsider),
        MARK.encode() * 10,
        b"\x0a" + bytes([len(MARK)]) + MARK.encode(),
    ]
    codes = []
    for envelope in envelopes:
        for attempt in (_open_alone, _open_stream):
            try:
                net.take(*attempt(city, envelope))
            except SealgateError as error:
                codes.append(error.code)
                net.take_error(error)
                net.take_json(describe(error))
    city.requester.inbound.close()
    net.take_json(city.requester.ledger.entries)
    net.take_reachable(city.requester.inbound)
    assert len(set(codes)) >= 7
    assert _values(net) == set()
    assert Marks(records=forge.records[30:90]).found_in(net.caught) == set()


# --- Keys


def _seed(node: MemoryNode, info: KeyInfo) -> bytes:
    name = f"MARK-{node.department[-4:]}-{info.purpose}-{info.suite}-PRIVATE"
    return name.encode().ljust(32, b"#")[:32]


def _with_marked_keys(city: MemoryCity) -> Marks:
    """Give every node keys whose private bytes are marked; return the marks."""
    seeds: dict[str, bytes] = {}
    departments = dict(city.trust.departments)
    for node in city.nodes:
        held = []
        for info in node.keys.list_keys():
            seed = seeds[f"{node.department}-{info.purpose}-{info.suite}"] = _seed(node, info)
            key = suite(info.suite).private_key(info.purpose, seed)
            info = msgspec.structs.replace(info, key_id=key.key_id, public=key.public or None)
            held.append(HeldKey(info, key))
        node.keys = MemoryStore(held)
        departments[node.department] = node.entry()
    city.publish(departments=departments)
    for node in city.nodes:
        node.wire(node.snapshots)
    return Marks(**seeds, content_key=CONTENT_KEY)


CONTENT_KEY = b"MARK-CONTENT-KEY-4711-4711-4711!"


def _dice(count: int) -> bytes:
    return CONTENT_KEY if count == len(CONTENT_KEY) else os.urandom(count)


class _BadKeys:
    """A KeyProvider that fails at one of its tasks."""

    def __init__(self, inner: MemoryStore, task: str) -> None:
        self._inner, self._task = inner, task

    def __getattr__(self, name: str) -> Any:
        if name == self._task:
            return self._fail
        return getattr(self._inner, name)

    def _fail(self, *_: object) -> Any:
        raise LedgerUnavailableError


def test_no_key_is_shown_even_with_locals(city: MemoryCity) -> None:
    """Private keys, content keys and payload keys, in tracebacks that show all locals too."""
    marks, net = _with_marked_keys(city), Net()
    node = city.provider
    calls: list[Outbound] = [
        Outbound(
            department=node.department,
            snapshots=node.snapshots,
            keys=keys,
            ledger=ledger,
            quotas=node.state,
            clock=city.clock,
            dice=_dice,
        )
        for keys, ledger in (
            (node.keys, node.ledger),
            (node.keys, _NoLedger()),
            (_BadKeys(node.keys, "sign"), node.ledger),
            (_BadKeys(node.keys, "mac"), node.ledger),
        )
    ]
    requests = [_request(city, suite=number) for number in (1, 2)]
    requests.append(_request(city, RECORD, suite=9))
    sealed = []
    for outbound in calls:
        for request in requests:
            try:
                sealed.append(outbound.seal(request))
            except SealgateError as error:
                net.take_error(error, with_locals=True)
        net.take_reachable(outbound)
    forge = Forge(city)
    envelopes = [one.envelope for one in sealed]
    envelopes += [envelopes[0], envelopes[0][:-1], forge.envelope(wrapped=b"w" * 1168)]
    envelopes += [forge.envelope(payload=b"p" * 500), forge.envelope(by=city.outsider)]
    refused = 0
    for envelope in envelopes:
        try:
            net.take(city.requester.open(envelope))
        except SealgateError as error:
            refused += 1
            net.take_error(error, with_locals=True)
    net.take_reachable(city.requester.inbound)
    net.take(*envelopes)
    net.take_json(node.ledger.entries, city.requester.ledger.entries)
    assert len(sealed) >= 2
    assert refused == 5
    assert marks.found_in(net.caught) == set()
    # The marks are what the keys are made of: the test would find them.
    key = forge.key_id(city.requester, Purpose.OPENING)
    parsed = parse_envelope(sealed[0].envelope)
    unwrapped = city.requester.keys.unwrap(key, parsed.wrapped_key, forge.info(forge.header()))
    assert bytes(unwrapped) == CONTENT_KEY


# --- The command, and what lies on disk


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Found one town for the tests of the command."""
    return found_town(tmp_path_factory.mktemp("town"), fields=FIELDS, level="G2")


HEADER = ",".join(FIELDS)
CELLS = ",".join(f'"{value}"' for value in RECORD.values())


def _csv(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join((HEADER, *lines, "")).encode(encoding)


INPUTS: dict[str, bytes] = {
    "good.json": json.dumps([RECORD]).encode(),
    "good.csv": _csv(CELLS),
    "sex.json": json.dumps([RECORD, {**RECORD, "sex": MARK}]).encode(),
    "size.ndjson": json.dumps({**RECORD, "household_size": MARK}).encode(),
    "key.json": json.dumps([{**RECORD, MARK: MARK}]).encode(),
    "keys.json": json.dumps([{**RECORD, "MARK键4711471147": MARK}]).encode(),
    "cut.json": json.dumps([RECORD, MARK]).encode()[:-3],
    "cut.ndjson": json.dumps(RECORD).encode()[:-9] + b"\n" + MARK.encode(),
    "nothing.json": MARK.encode(),
    "size.csv": _csv(CELLS.replace('"5"', f'"{MARK}"')),
    "header.csv": _csv(CELLS).replace(b"name", MARK.encode(), 1),
    "headers.csv": _csv(CELLS).replace(b"name", "MARK键4711471147".encode(), 1),
    "long.csv": _csv(CELLS + f",{MARK}"),
    "short.csv": _csv(CELLS.rsplit(",", 4)[0]),
    "quote.csv": _csv(CELLS + f'"{MARK}"x"'),
    "open.csv": _csv(CELLS + f',"{MARK}'),
    "gbk.csv": _csv(CELLS, encoding="gb18030"),
    "nul.csv": _csv(CELLS.replace("MARKNAME", "MARK\0NAME")),
    "rounded.csv": _csv(CELLS.replace("140926196210031157", "1.40926E+17")),
    "key.csv": b"140926196210031157\r\n18869401965\r\n",
    "empty.csv": b"",
}


def _seal_arguments(town: Town, source: Path, out: Path, *more: str) -> list[str]:
    grant = town.place("provider") / "grants" / "one.jwt"
    return [
        "seal", "--node", str(town.place("provider")), "--resource", RESOURCE,
        "--purpose", PURPOSE, "--grant", str(grant), "--records", str(source),
        "--out", str(out), *more,
    ]  # fmt: skip


def _open_arguments(town: Town, envelope: Path, out: Path, *more: str) -> list[str]:
    node = str(town.place("requester"))
    return ["open", "--node", node, str(envelope), "--out", str(out), *more]


def _is_clean(town: Town, net: Net) -> None:
    """Search what was caught for values, tokens and the passphrases of the town."""
    assert _values(net) == set()
    assert _secrets_of(town.token).found_in(net.caught) == set()
    for role in ("authority", "provider", "requester", "outsider"):
        passphrase = (town.place(role) / "passphrase").read_text().strip()
        assert Marks(passphrase=passphrase).found_in(net.caught) == set()


def _take_town(town: Town, net: Net) -> None:
    """Take every file of the town but those that hold a secret by design."""
    secret = [town.place(role) / "passphrase" for role in
              ("authority", "provider", "requester", "outsider")]  # fmt: skip
    secret += [town.place(role) / "grants" / "one.jwt" for role in ("provider", "requester")]
    assert net.take_folder(town.world.folder, but=secret) > 40


@pytest.mark.parametrize("name", INPUTS)
def test_the_command_shows_no_value(
    town: Town, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    """Input that is refused, and input that is sealed, as text and as JSON."""
    net, out = Net(), tmp_path / "out"
    out.mkdir()
    source = tmp_path / name
    source.write_bytes(INPUTS[name])
    envelope, rejects = out / "envelope.bin", out / "rejects.ndjson"
    for more in ((), ("--json",), ("--rejects", str(rejects)), ("--stream", "--json")):
        status = main(_seal_arguments(town, source, envelope, *more))
        net.take(*capfd.readouterr())
        assert status in (0, 2, 3)
        # Refused: no output, and nothing half-written under another name.
        assert status == 0 or list(out.iterdir()) == []
        if status == 0:
            net.take(envelope.read_bytes())
            assert main(["envelope", "inspect", str(envelope), "--json"]) == 0
            opened = out / "opened.json"
            manifest = out / "manifest.json"
            extra = ("--manifest", str(manifest), "--json")
            assert main(_open_arguments(town, envelope, opened, *extra)) == 0
            assert main(_open_arguments(town, envelope, opened)) == 3
            net.take(*capfd.readouterr(), manifest.read_bytes())
            assert HIDDEN.found_in([opened.read_bytes()]) == set()
        for left in out.iterdir():
            assert left.name in ("envelope.bin", "rejects.ndjson", "opened.json", "manifest.json")
            left.unlink()
    _take_town(town, net)
    _is_clean(town, net)


def test_rejected_rows_are_their_owners_only(town: Town, tmp_path: Path) -> None:
    """The one file that holds values as they came is asked for, and is not readable by others."""
    source, rejects = tmp_path / "in.json", tmp_path / "rejects.ndjson"
    source.write_bytes(INPUTS["sex.json"])
    arguments = _seal_arguments(town, source, tmp_path / "e.bin", "--rejects", str(rejects))
    assert main(arguments) == 0
    assert MARK in rejects.read_text()
    assert rejects.stat().st_mode & 0o077 == 0


def _run(arguments: list[str], folder: Path, **more: str) -> "subprocess.CompletedProcess[bytes]":
    """Run the command as a stranger would, with a folder of its own for what is temporary."""
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(folder), "HOME": str(folder), **more}
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli.main", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_a_process_of_the_command_leaves_no_secret(town: Town, tmp_path: Path) -> None:
    """Standard output, standard error, exit status, temporary files."""
    net, folder = Net(), tmp_path / "home"
    for name, status in (
        ("good.csv", 0),
        ("sex.json", 3),
        ("key.json", 3),
        ("cut.ndjson", 3),
        ("open.csv", 3),
    ):
        source = tmp_path / name
        source.write_bytes(INPUTS[name])
        done = _run(_seal_arguments(town, source, tmp_path / "e.bin", "--json"), folder)
        assert done.returncode == status
        net.take(done.stdout, done.stderr)
        if status == 3:
            refused = json.loads(done.stdout)
            last = done.stderr.decode().splitlines()[-1]
            assert last == f"refused: {refused['code']}: {refused['message']}"
    done = _run(_open_arguments(town, tmp_path / "e.bin", tmp_path / "o.csv", "--json"), folder)
    assert done.returncode == 0
    net.take(done.stdout, done.stderr)
    assert HIDDEN.found_in([(tmp_path / "o.csv").read_bytes()]) == set()
    net.take_folder(folder)
    assert sorted(path.name for path in folder.iterdir()) == []
    _take_town(town, net)
    _is_clean(town, net)


def test_a_passphrase_is_never_shown(town: Town, tmp_path: Path) -> None:
    """From a file or the environment, right or wrong."""
    net, folder = Net(), tmp_path / "home"
    secret = "MARK-PASSPHRASE-4711-4711"
    keep, place = town.place("outsider") / "passphrase", str(town.place("outsider"))
    right = keep.read_bytes()
    try:
        keep.write_bytes(secret.encode() + b"\n")
        done = _run(["keys", "list", "--node", place, "--json"], folder)
        assert done.returncode == 3
        net.take(done.stdout, done.stderr)
        with pytest.raises(SealgateError) as refused:
            Node(place)
        net.take_error(refused.value)
    finally:
        keep.write_bytes(right)
    new = tmp_path / "new"
    new.write_bytes(secret.encode() + b"\n")
    new.chmod(0o600)
    node_file = town.place("outsider") / "node.yaml"
    settings = node_file.read_text()
    changed = _run(["keys", "passwd", "--node", place, "--new-passphrase-file", str(new)], folder)
    assert changed.returncode == 0
    node_file.write_text(
        "\n".join(line for line in settings.splitlines() if "passphrase_file" not in line)
    )
    for passphrase, status in ((secret, 0), (secret + "x", 3)):
        for verb in ("list", "public"):
            done = _run(["keys", verb, "--node", place], folder, SEALGATE_PASSPHRASE=passphrase)
            assert done.returncode == status
            net.take(done.stdout, done.stderr)
    net.take(changed.stdout, changed.stderr)
    net.take_folder(town.place("outsider"), but=[keep])
    net.take_folder(folder)
    assert Marks(secret=secret).found_in(net.caught) == set()


def test_a_token_is_never_shown(
    town: Town, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Good, damaged or something else entirely: what is shown of it is its claims."""
    net = Net()
    source = tmp_path / "in.json"
    source.write_bytes(INPUTS["good.json"])
    files = {
        "good": town.token,
        "damaged": town.token[:-5] + "AAAAA",
        "cut": town.token[:-40],
        "longer": town.token + "A" * 9000,
        "something": MARK * 20,
    }
    for name, token in files.items():
        grant = tmp_path / f"{name}.jwt"
        grant.write_text(token)
        node = ["--node", str(town.place("provider")), "--resource", RESOURCE]
        for arguments in (
            ["grant", "inspect", str(grant)],
            ["explain", *node, "--grant", str(grant), "--json"],
            ["seal", *node, "--purpose", PURPOSE, "--grant", str(grant), "--json",
             "--records", str(source), "--out", str(tmp_path / "e.bin")],
        ):  # fmt: skip
            status = main(arguments)
            # What is inspected is shown as it is, unverified.
            assert status == 0 or name != "good"
            assert status == 3 or name == "good" or arguments[0] == "grant"
            net.take(*capfd.readouterr())
    net.take((tmp_path / "e.bin").read_bytes())
    _take_town(town, net)
    _is_clean(town, net)
