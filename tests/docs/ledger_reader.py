"""Read and check a ledger as the page on it says.

Written from docs/reference/ledger.md alone, with PyNaCl and the standard library.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

FILE = Path(__file__).parents[2] / "docs" / "reference" / "vectors" / "ledger.json"
VECTORS = json.loads(FILE.read_text("utf-8"))

# Section 2.
LEAF = ("private", "subjects", "shared")
SHARED = (
    "version",
    "time",
    "kind",
    "outcome",
    "provider",
    "requester",
    "resource",
    "purpose",
    "grant",
    "fields",
    "records",
    "policy",
    "catalogue",
    "trust",
    "envelope",
    "digest",
    "count",
)
NUMBERS = ("version", "time", "records", "trust", "count")
# Section 4.
PRIVATE = ("caller", "reference", "detail", "checkpoint")
# Section 1.
ORIGIN = re.compile(
    r"sealgate/([0-9A-Z]{18})/[a-z0-9][a-z0-9._-]{0,63}/"
    r"(?:node|worker-[0-9]{1,3})-[0-9a-f]{12}-[0-9a-f]{8}"
)


class NotHeldError(Exception):
    """What does not hold."""


class Note(NamedTuple):
    """A checkpoint: its text, and its signature lines as name, key hash and the rest."""

    text: str
    origin: str
    size: int
    root: bytes
    lines: tuple[tuple[str, bytes, bytes], ...]


def expect(true: bool) -> None:
    """Refuse what is not as it must be."""
    if not true:
        raise NotHeldError


def sha256(data: bytes) -> bytes:
    """H."""
    return hashlib.sha256(data).digest()


def lp(*parts: bytes) -> bytes:
    """Section Notation."""
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def spelled(value: object) -> str:
    """Section 3: the one spelling."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{spelled(k)}:{spelled(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    expect(type(value) is int)
    return str(value)


def in_order(found: Mapping[str, Any], members: Sequence[str], required: int) -> None:
    """Section 2: members of the table in its order, those that must be there."""
    expect(list(found) == [name for name in members if name in found])
    expect(all(name in found for name in members[:required]))


def read_leaf(leaf: bytes) -> dict[str, Any]:
    """Sections 2 and 3."""
    try:
        found = json.loads(leaf)
    except ValueError:
        raise NotHeldError from None
    expect(isinstance(found, dict))
    in_order(found, LEAF, 1)
    shared = found.get("shared")
    expect(isinstance(shared, dict))
    assert isinstance(shared, dict)
    in_order(shared, SHARED, 4)
    for name, value in shared.items():
        kind = int if name in NUMBERS else list if name == "fields" else str
        expect(type(value) is kind and value != [])
    expect(spelled(found).encode() == leaf)
    return dict(found)


def private_hash(salt: bytes, private: bytes) -> bytes:
    """Section 4."""
    return sha256(b"sealgate/v1/private" + lp(salt, private))


def subject_digest(key: bytes, kind: str, identifier: str) -> bytes:
    """Section 5."""
    context = lp(b"sealgate/v1/subject", kind.encode())
    derived = hmac.digest(key, lp(b"sealgate/v1/pseudonym", context), "sha256")
    return hmac.digest(derived.hex().encode(), identifier.encode(), "sha256")[:16]


def subjects_hash(key_id: str, digests: Sequence[bytes]) -> bytes:
    """Section 5."""
    return sha256(b"sealgate/v1/subjects" + lp(key_id.encode(), b"".join(digests)))


def leaf_hash(leaf: bytes) -> bytes:
    """Section 6."""
    return sha256(b"\0" + leaf)


def root(hashes: Sequence[bytes]) -> bytes:
    """Section 6: the definition of RFC 6962, word for word."""
    if not hashes:
        return sha256(b"")
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return sha256(b"\1" + root(hashes[:split]) + root(hashes[split:]))


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Section 6: RFC 9162, section 2.1.3.2."""
    expect(index < size and all(len(one) == 32 for one in path))
    fn, sn, r = index, size - 1, leaf
    for p in path:
        expect(sn != 0)
        if fn & 1 or fn == sn:
            r = sha256(b"\1" + p + r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\1" + r + p)
        fn, sn = fn >> 1, sn >> 1
    expect(sn == 0)
    return r


def roots_by_consistency(
    old: int, new: int, old_root: bytes, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Section 6: RFC 9162, section 2.1.4.2; sizes that differ."""
    expect(0 < old < new and bool(path) and all(len(one) == 32 for one in path))
    steps = [old_root, *path] if old & (old - 1) == 0 else [*path]
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = steps[0]
    for c in steps[1:]:
        expect(sn != 0)
        if fn & 1 or fn == sn:
            fr, sr = sha256(b"\1" + c + fr), sha256(b"\1" + c + sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\1" + sr + c)
        fn, sn = fn >> 1, sn >> 1
    expect(sn == 0)
    return fr, sr


def decoded(text: str) -> bytes:
    """Section Notation: base64 in its one spelling."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise NotHeldError from None
    expect(base64.b64encode(data).decode() == text)
    return data


def read_note(text: str) -> Note:
    """Section 7."""
    expect(len(text.encode()) <= 65_536 and not re.search(r"[\x00-\x09\x0b-\x1f]", text))
    body, blank, signatures = text.rpartition("\n\n")
    lines = body.split("\n")
    expect(bool(blank) and len(lines) == 3 and signatures.endswith("\n"))
    expect(re.fullmatch("0|[1-9][0-9]*", lines[1]) is not None and int(lines[1]) < 2**63)
    found = [_read_line(line) for line in signatures.split("\n")[:-1]]
    expect(1 <= len(found) <= 64 and len({one[:2] for one in found}) == len(found))
    hashed = decoded(lines[2])
    expect(len(hashed) == 32)
    return Note(body + "\n", lines[0], int(lines[1]), hashed, tuple(found))


def _read_line(line: str) -> tuple[str, bytes, bytes]:
    found = re.fullmatch("— ([^\\s+]+) (\\S+)", line)
    if found is None:
        raise NotHeldError
    data = decoded(found[2])
    expect(len(data) > 4)
    return found[1], data[:4], data[4:]


def key_hash(name: str, kind: int, public: bytes) -> bytes:
    """Sections 7 and 8."""
    return sha256(name.encode() + bytes((10, kind)) + public)[:4]


def verified(public: bytes, signature: bytes, message: bytes) -> bool:
    """Ed25519."""
    try:
        VerifyKey(public).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


def cosigned_at(note: Note, name: str, public: bytes) -> int:
    """Section 8: return when a witness cosigned."""
    for line_name, hashed, data in note.lines:
        if (line_name, hashed) == (name, key_hash(name, 4, public)):
            time = int.from_bytes(data[:8], "big")
            message = f"cosignature/v1\ntime {time}\n{note.text}".encode()
            expect(verified(public, data[8:], message))
            return time
    raise NotHeldError


def check_receipt(text: str, directory: Mapping[str, bytes]) -> tuple[dict[str, Any], int, int]:
    """Section 10: return leaf, index and size; `directory` has a ledger key a department."""
    expect(len(text) <= 262_144)
    proof, blank, checkpoint = text.partition("\n\n")  # 1
    lines = proof.split("\n")
    expect(bool(blank) and len(lines) >= 3 and lines[0] == "c2sp.org/tlog-proof@v1")
    expect(lines[1].startswith("extra ") and len(lines) - 3 <= 63)
    index = re.fullmatch("index (0|[1-9][0-9]*)", lines[2])
    if index is None:
        raise NotHeldError
    leaf, path = decoded(lines[1][6:]), [decoded(line) for line in lines[3:]]
    found = read_leaf(leaf)  # 2
    note = read_note(checkpoint)  # 3
    origin = ORIGIN.fullmatch(note.origin)
    if origin is None:
        raise NotHeldError
    expect(root_by_path(leaf_hash(leaf), int(index[1]), note.size, path) == note.root)  # 4
    expect(origin[1] in directory)  # 5
    public = directory[origin[1]]
    claimed = (note.origin, key_hash(note.origin, 1, public))  # 6
    signed = [data for name, hashed, data in note.lines if (name, hashed) == claimed]
    expect(bool(signed) and all(verified(public, one, note.text.encode()) for one in signed))
    return found, int(index[1]), note.size


def bundled(data: bytes) -> list[bytes]:
    """Section 12: the leaves of a bundle."""
    leaves = []
    while data:
        end = 2 + int.from_bytes(data[:2], "big")
        expect(end <= len(data))
        leaves.append(data[2:end])
        data = data[end:]
    return leaves


def tile_name(level: int | str, number: int, width: int) -> str:
    """Section 12: how a tile is called."""
    groups = re.findall("...", str(number).zfill(-(-len(str(number)) // 3) * 3))
    name = "/".join([*(f"x{one}" for one in groups[:-1]), groups[-1]])
    return f"tile/{level}/{name}" + ("" if width == 256 else f".p/{width}")
