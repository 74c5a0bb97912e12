"""The opener in Node, written from the page on the envelope alone, agrees with ours."""

import base64
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from docs.reference.envelope_vectors.model import Negative, Term, VectorFile
from docs.reference.envelope_vectors.sealing import (
    KEYS,
    NOW,
    OPENER,
    Parts,
    header,
    manifest,
    padded,
    rows,
    seal,
    wrap,
)
from docs.reference.vectors import FILE, outcome
from gateway.envelope.opening import parse_envelope
from gateway.envelope.sealing import SIGNATURE_LABEL, envelope_digest
from gateway.envelope.wire import write_message
from keys.derive import lp
from keys.suites import suite
from tests.docs.node import PINNED, each_node, ended, start

VECTORS = msgspec.json.decode(FILE.read_bytes(), type=VectorFile)
MANIFEST_WRONG = "ENVELOPE_MANIFEST_WRONG"


def tried(node: Path, *files: Path) -> dict[str, str]:
    """Return what came of each vector of the files."""
    done = ended(start("vectors.js", *files, node=node))
    assert done.stderr == ""
    lines = [line.rpartition(": ") for line in done.stdout.splitlines()]
    found = {name: result.partition(",")[0] for name, _, result in lines}
    assert len(found) == len(lines) > 0
    wrong = any(", expected " in result for _, _, result in lines)
    assert done.returncode == (1 if wrong else 0)
    return found


@each_node
def test_every_vector_has_the_outcome_that_it_names(node: Path) -> None:
    """Keys, paddings, envelopes with every value on the way, streams, refusals."""
    assert tried(node, FILE) == {
        **{f"key {key.name}": key.key_id for key in VECTORS.keys},
        **{f"padding of {n}": str(length) for n, length in VECTORS.padding},
        **{each.name: "opened" for each in VECTORS.positive},
        **{each.name: "opened" for each in VECTORS.streams},
        **{each.name: each.code for each in VECTORS.negative},
    }
    assert {parse_envelope(each.data()).header.suite for each in VECTORS.positive} == {1, 2}


def test_vectors_that_do_not_hold_are_noticed(tmp_path: Path) -> None:
    """A value on the way, records, and a code that are not those of the envelope."""
    first, second, *_ = VECTORS.positive
    wrong = replace(
        VECTORS,
        positive=(
            replace(first, steps={**first.steps, "payload_key": "00" * 32}),
            replace(second, records="[]"),
        ),
        streams=(),
        negative=(replace(VECTORS.negative[0], name="good", splices=()),),
    )
    file = tmp_path / "vectors.json"
    file.write_bytes(msgspec.json.encode(wrong))
    found = tried(PINNED, file)
    assert [found[name] for name in ("xwing", "x25519", "good")] == [
        "other steps",
        "other records",
        "opened",
    ]


def negative(name: str, envelope: bytes) -> Negative:
    """Make a vector of an envelope, with the code that our own way in gives."""
    data = base64.b64encode(envelope).decode()
    vector = Negative(name=name, code="", about="", about_zh="", envelope=data)
    return replace(vector, code=outcome(VECTORS, vector))


def changed(data: bytes, dice: random.Random) -> bytes:
    """Flip a bit, put a byte in, take some out, or cut; mostly near the beginning."""
    at = dice.randrange(dice.choice([len(data), min(len(data), 260)]))
    match dice.randrange(4):
        case 0:
            return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[:at] + dice.randbytes(1) + data[at:]
        case 2:
            return data[:at] + data[at + dice.choice([1, 2, 10]) :]
    return data[:at]


def mutants(count: int, dice: random.Random) -> Iterator[Negative]:
    """Change envelopes of both suites: as they are, or a part of them that is signed anew."""
    bases = {each.name: each.data() for each in VECTORS.positive[:2]}
    for number in range(count):
        name = dice.choice(list(bases))
        yield negative(f"{number} {name}", changed(bases[name], dice))
        parsed = parse_envelope(bases[name])
        parts = Parts(
            header=parsed.header_bytes, wrapped_key=parsed.wrapped_key, payload=parsed.payload
        )
        part = dice.choice(["header", "wrapped_key", "payload"])
        signed = replace(parts, **{part: changed(getattr(parts, part), dice) or b"?"})
        yield negative(f"{number} {name} {part}", signed.envelope())


def cuts() -> Iterator[Negative]:
    """Cut an envelope where one of its fields begins or ends, and around."""
    data = VECTORS.positive[1].data()
    parsed = parse_envelope(data)
    ends = [data.index(part) + len(part) for part in (parsed.header_bytes, parsed.wrapped_key)]
    for length in sorted({0, 1, 2, *(end + more for end in ends for more in (-1, 0, 1, 2, 3))}):
        yield negative(f"cut at {length}", data[:length])


@each_node
def test_flipped_and_cut_envelopes_are_refused_with_our_codes(node: Path, tmp_path: Path) -> None:
    """Of a thousand changes each is refused, and at the same check by both."""
    refused = [*mutants(500, random.Random(7)), *cuts()]
    codes = {each.code for each in refused}
    assert codes >= {"ENVELOPE_MALFORMED", "ENVELOPE_SIGNATURE_INVALID", "ENVELOPE_UNDECRYPTABLE"}
    assert "opened" not in codes
    file = tmp_path / "vectors.json"
    file.write_bytes(msgspec.json.encode(replace(VECTORS, negative=tuple(refused))))
    found = tried(node, file)
    assert {each.name: found[each.name] for each in refused} == {
        each.name: each.code for each in refused
    }


GOOD = manifest(2)
TEXT = json.dumps(GOOD, ensure_ascii=False)
FIELDS = GOOD["fields"]
ROWS = rows(2)


def field(**changes: Any) -> dict[str, Any]:
    """Change the first field of a good manifest."""
    return {**GOOD, "fields": [{**FIELDS[0], **changes}, *FIELDS[1:]]}


ORIGIN = f"sealgate/{GOOD['provider']}/main/node-01a1fc85acf1-4fe4f5d1"
SIGNED = base64.b64encode(bytes(68)).decode()
ROOT = base64.b64encode(bytes(32)).decode()
LINE = f"— {ORIGIN} {SIGNED}\n"
WITNESS = f"— 见证/😀 {SIGNED}\n"


def noted(text: str) -> tuple[Any, Any]:
    """Add what may be a checkpoint."""
    return {**GOOD, "checkpoint": text}, ROWS


CHECKPOINTS: dict[str, tuple[Any, Any]] = {
    name: noted(text)
    for name, text in {
        "a checkpoint": f"{ORIGIN}\n7\n{ROOT}\n\n{LINE}",
        "a checkpoint of a worker": f"{ORIGIN.replace('node', 'worker-12')}\n0\n{ROOT}\n\n{LINE}",
        "a witness": f"{ORIGIN}\n{2**63 - 1}\n{ROOT}\n\n{LINE}{WITNESS}",
        "too many entries": f"{ORIGIN}\n{2**63}\n{ROOT}\n\n{LINE}",
        "a size with a zero": f"{ORIGIN}\n07\n{ROOT}\n\n{LINE}",
        "another's ledger": f"{ORIGIN.replace('1', '2', 1)}\n7\n{ROOT}\n\n{LINE}",
        "no shard": f"{ORIGIN[:-1]}\n7\n{ROOT}\n\n{LINE}",
        "a short root": f"{ORIGIN}\n7\n{ROOT[4:]}\n\n{LINE}",
        "a root in another spelling": f"{ORIGIN}\n7\n{ROOT[:-2]}B=\n\n{LINE}",
        "a fourth line": f"{ORIGIN}\n7\n{ROOT}\nmore\n\n{LINE}",
        "no signature": f"{ORIGIN}\n7\n{ROOT}\n\n",
        "no empty line": f"{ORIGIN}\n7\n{ROOT}\n{LINE}",
        "no end of a line": f"{ORIGIN}\n7\n{ROOT}\n\n{LINE[:-1]}",
        "signed twice": f"{ORIGIN}\n7\n{ROOT}\n\n{LINE}{LINE}",
        "a short signature": f"{ORIGIN}\n7\n{ROOT}\n\n— a AAAA\n",
        "a name with a plus": f"{ORIGIN}\n7\n{ROOT}\n\n— a+b {SIGNED}\n",
        "a tab": f"{ORIGIN}\n7\n{ROOT}\n\n—\t{ORIGIN} {SIGNED}\n",
        "64 signatures": f"{ORIGIN}\n7\n{ROOT}\n\n"
        + "".join(f"— {n} AAAAAAA=\n" for n in range(64)),
        "65 signatures": f"{ORIGIN}\n7\n{ROOT}\n\n"
        + "".join(f"— {n} AAAAAAA=\n" for n in range(65)),
        "a long checkpoint": f"{ORIGIN}\n7\n{ROOT}\n\n{LINE}— {'a' * 4000} {SIGNED}\n",
        "an empty checkpoint": "",
    }.items()
}
# What is in the envelope; both refuse it, or both open it.
AGREED: dict[str, tuple[Any, Any]] = {
    "good": (GOOD, ROWS),
    "spaces": (f"\n {TEXT}\t ", f" {json.dumps(ROWS)}\r\n"),
    "byte order mark": (f"\ufeff{TEXT}", ROWS),
    "comma at the end": (f"{TEXT[:-1]},}}", ROWS),
    "half a pair": (TEXT.replace("civil-affairs@3", "\\ud800"), ROWS),
    "escaped pair": (TEXT.replace("civil-affairs@3", "\\ud83d\\ude00"), ROWS),
    "no UTF-8": (TEXT.encode().replace(b"civil", b"\xed\xa0\x80"), ROWS),
    "version with a point": ({**GOOD, "version": 1.0}, ROWS),
    "count with a point": ({**GOOD, "records": 2.0}, ROWS),
    "trust of 2^53": ({**GOOD, "trust": 2**53}, ROWS),
    "trust above 2^53": ({**GOOD, "trust": 2**53 + 1}, ROWS),
    "128 characters": ({**GOOD, "policy": "😀" * 128}, ROWS),
    "129 characters": ({**GOOD, "policy": "字" * 129}, ROWS),
    "a mark of direction": ({**GOOD, "scenario": "a\u202eb"}, ROWS),
    "resource with a space": ({**GOOD, "resource": "a b"}, ROWS),
    "digest in capitals": (
        {**GOOD, "grant": {**GOOD["grant"], "digest": GOOD["grant"]["digest"].upper()}}, ROWS,
    ),
    "no findings": ({**GOOD, "findings": {}}, ROWS),
    "findings of nothing": ({**GOOD, "findings": {"nothing": 1}}, ROWS),
    "six digits in an id": (field(id="a123456"), ROWS),
    "a field the grant lacks": (field(id="address"), ROWS),
    "treatment without op": (field(treatment={}), ROWS),
    "treatment with a list": (field(treatment={"op": "keep", "x": []}), ROWS),
    "treatment with null": (field(treatment={"op": "keep", "x": None}), ROWS),
    "another member of a field": (field(extra=1), ROWS),
    "no records": ({**GOOD, "records": 0}, []),
    "records that are none": (GOOD, "null"),
    "a record that is null": (GOOD, [ROWS[0], None]),
    "an object in a record": (GOOD, [{**ROWS[0], "name": {}}, ROWS[1]]),
    "empty records": (GOOD, [{}, {}]),
    **CHECKPOINTS,
    "a checkpoint that is a number": ({**GOOD, "checkpoint": 7}, ROWS),
    "a number too large": (GOOD, json.dumps(ROWS).replace(": 3", ": 1e400")),
}  # fmt: skip
# Section 13 lets an opener choose: ours opens these, the one in Node refuses them.
CHOSEN: dict[str, tuple[Any, Any]] = {
    "member twice": (f'{TEXT[:-1]},"trust":7}}', ROWS),
    "key twice": (GOOD, json.dumps(ROWS).replace('"name"', '"name":"","name"', 1)),
    "totals of null": ({**GOOD, "totals": None}, ROWS),
    "checkpoint of null": ({**GOOD, "checkpoint": None}, ROWS),
    "type unknown": (field(type="colour"), ROWS),
    "disclosure unknown": (field(disclosure="half"), ROWS),
    "number for text": (GOOD, [{**ROWS[0], "name": 1}, ROWS[1]]),
    "text for number": (GOOD, [{**ROWS[0], "household_size": "3"}, ROWS[1]]),
    "number with a point": (GOOD, json.dumps(ROWS).replace(": 3", ": 3.0")),
    "integer of 64 bits": (GOOD, [{**ROWS[0], "household_size": 2**63}, ROWS[1]]),
    "no base64": (field(type="binary"), [{"name": "AA="}, {}]),
}


def encoded(value: Any) -> bytes:
    """Encode as JSON what is not text or bytes already."""
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode()


def sealed(name: str, contents: tuple[Any, Any], wrapped_key: bytes) -> bytes:
    """Seal a manifest and records, whatever they are."""
    return seal(header(name), padded(lp(*map(encoded, contents))), wrapped_key).envelope()


def test_what_an_envelope_holds_is_judged_alike(tmp_path: Path) -> None:
    """But for what the page lets an opener choose."""
    wrapped_key = wrap(header("contents"))
    cases = [
        negative(name, sealed(name, contents, wrapped_key))
        for name, contents in (AGREED | CHOSEN).items()
    ]
    file = tmp_path / "vectors.json"
    file.write_bytes(msgspec.json.encode(replace(VECTORS, negative=tuple(cases))))
    found = tried(PINNED, file)
    ours = {each.name: each.code for each in cases}
    assert {name: found[name] for name in AGREED} == {name: ours[name] for name in AGREED}
    assert {ours[name] for name in AGREED} == {"opened", MANIFEST_WRONG}
    taken = {"a checkpoint", "a checkpoint of a worker", "a witness", "64 signatures"}
    assert {name for name in CHECKPOINTS if ours[name] == "opened"} == taken
    assert {(ours[name], found[name]) for name in CHOSEN} == {("opened", MANIFEST_WRONG)}


def with_key(name: str, **changes: Any) -> VectorFile:
    """Change a key of the directory."""
    keys = (replace(key, **changes) if key.name == name else key for key in VECTORS.keys)
    return replace(VECTORS, keys=tuple(keys))


SECOND = NOW // 1000
CREATED = SECOND - 60
DAY = 86_400
WEEK = 7 * DAY
# y of a point of order 8.
SMALL = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
TRUST: dict[str, tuple[VectorFile, str]] = {
    "a minute early": (
        replace(VECTORS, trust=Term(issued=SECOND + 60, expires=SECOND + DAY)), "opened",
    ),
    "too early": (
        replace(VECTORS, trust=Term(issued=SECOND + 61, expires=SECOND + DAY)), "TRUST_STALE",
    ),
    "without us": (
        replace(VECTORS, departments=tuple(d for d in VECTORS.departments if d.id != OPENER)),
        "DEPARTMENT_UNKNOWN",
    ),
    "suite 1 only": (
        replace(VECTORS, departments=tuple(replace(d, suites=(1,)) for d in VECTORS.departments)),
        "SUITE_REFUSED",
    ),
    "begins then": (with_key("sender", not_before=CREATED), "opened"),
    "begins later": (with_key("sender", not_before=CREATED + 1), "KEY_UNAVAILABLE"),
    "ends then": (with_key("sender", not_after=CREATED), "KEY_UNAVAILABLE"),
    "ends before it retires": (
        with_key("sender", not_after=CREATED, retired_at=CREATED + 9), "KEY_UNAVAILABLE",
    ),
    "revoked some day": (with_key("sender", revoked_at=SECOND + DAY), "KEY_UNAVAILABLE"),
    "ended a week ago": (with_key("opener-x25519", not_after=SECOND - WEEK), "opened"),
    "ended before": (
        with_key("opener-x25519", not_after=SECOND - WEEK - 1), "KEY_UNAVAILABLE",
    ),
    "ended, then retired": (
        with_key("opener-x25519", not_after=SECOND - WEEK - 1, retired_at=SECOND),
        "KEY_UNAVAILABLE",
    ),
    **{
        f"weak key {y % 1000}": (
            with_key("sender", public=base64.b64encode(y.to_bytes(32, "little")).decode()),
            "KEY_UNAVAILABLE",
        )
        for y in (0, 1, SMALL, 2**255 - 19 - SMALL, 2**255 - 20, 2**255 - 18, SMALL | 1 << 255)
    },
    "short key": (with_key("sender", public="AAAA"), "KEY_UNAVAILABLE"),
}  # fmt: skip


def test_trust_data_is_judged_alike(tmp_path: Path) -> None:
    """Times to the second, our own entry, and public keys that verify what nobody signed."""
    plain = base64.b64encode(VECTORS.positive[1].data()).decode()
    files: list[Path] = []
    for name, (world, code) in TRUST.items():
        vector = Negative(name=name, code=code, about="", about_zh="", envelope=plain)
        assert outcome(world, vector) == code, name
        files.append(tmp_path / f"{len(files)}.json")
        only = replace(world, padding=(), positive=(), streams=(), negative=(vector,))
        files[-1].write_bytes(msgspec.json.encode(only))
    lines = ended(start("vectors.js", *files)).stdout.splitlines()
    found = dict(line.split(": ", 1) for line in lines)
    assert {name: found[name] for name in TRUST} == {n: code for n, (_, code) in TRUST.items()}


# Order of the group of Ed25519.
ORDER = 2**252 + 27742317777372353535851937790883648493


def weakly_signed(data: bytes) -> bytes:
    """Sign an envelope anew with the random scalar 0, which makes R the neutral point."""
    parsed, key = parse_envelope(data), KEYS["sender"]
    fields = (parsed.header_bytes, parsed.wrapped_key, parsed.payload)
    message = SIGNATURE_LABEL + envelope_digest(suite(2), *fields)
    scalar = bytearray(hashlib.sha512(bytes.fromhex(key.private)).digest()[:32])
    scalar[0] &= 248
    scalar[31] = scalar[31] & 63 | 64
    neutral = (1).to_bytes(32, "little")
    challenge = hashlib.sha512(neutral + base64.b64decode(key.public) + message).digest()
    s = int.from_bytes(challenge, "little") * int.from_bytes(scalar, "little") % ORDER
    signature = neutral + s.to_bytes(32, "little")
    return write_message(enumerate((*fields, signature), 1))


def test_a_signature_that_only_its_signer_could_weaken_is_refused(tmp_path: Path) -> None:
    """R is the point of order 1: it holds by the equation of RFC 8032."""
    weak = negative("weak", weakly_signed(VECTORS.positive[1].data()))
    file = tmp_path / "vectors.json"
    file.write_bytes(msgspec.json.encode(replace(VECTORS, negative=(weak,))))
    assert tried(PINNED, file)["weak"] == weak.code == "ENVELOPE_SIGNATURE_INVALID"
