"""Signed notes and checkpoints after C2SP (signed-note, tlog-checkpoint). No I/O.

A note is a text, a blank line, and signature lines `— name base64(key hash ‖ signature)`.
A checkpoint is a note whose text is `origin`, `size` and `base64(root)`, a line each;
ours has no further lines, and its origin is a key name, the one that its log signs under.

The reader takes one spelling alone, so that a note read and written again is the
same to the byte. It believes nothing: signatures of keys that nobody knows are
kept as they stand, and only what `check_signature` returned for is signed.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from gateway.errors import CheckpointInvalidError
from gateway.ledger.tree import HASH_BYTES
from keys.errors import SignatureInvalidError
from keys.material import Purpose, VerifyingKey
from keys.suites import fingerprint, suite

# A note comes from outside: nobody's memory or time is to go into reading one.
MAX_NOTE_BYTES = 64 * 1024
# Each may cost a verification. C2SP asks for 16 at least.
MAX_NOTE_SIGNATURES = 64
KEY_HASH_BYTES = 4
# Numbers of C2SP are signed ones of 64 bits.
LARGEST_NUMBER = 2**63 - 1

_DASH = "\u2014"
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NAME = re.compile(r"[^\s+]+")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")

Sign = Callable[[bytes], bytes]


class Checkpoint(NamedTuple):
    """How a ledger stands: its root at a size."""

    origin: str
    size: int
    root: bytes


class NoteSignature(NamedTuple):
    """What one signature line says; not a word of it is verified."""

    name: str
    key_hash: bytes
    signature: bytes


class SignedNote(NamedTuple):
    """A text that ends in a newline, and its signatures in the order of their lines."""

    body: str
    signatures: tuple[NoteSignature, ...]

    @property
    def text(self) -> str:
        """The note as it is written, to the byte."""
        return f"{self.body}\n{''.join(signature_line(*one) for one in self.signatures)}"


class SignedCheckpoint(NamedTuple):
    """A checkpoint, and the note that it stands in."""

    checkpoint: Checkpoint
    note: SignedNote


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """Return the text of a checkpoint, which is what its log signs.

    Raises: ValueError for what no checkpoint can say.
    """
    origin, size, root = checkpoint
    if not 0 <= size <= LARGEST_NUMBER or len(root) != HASH_BYTES:
        raise ValueError("a checkpoint has a size of 63 bits and a root of 32 bytes")
    _check_name(origin)
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


def key_hash(name: str, key: VerifyingKey) -> bytes:
    """Return the hash that names a ledger key in the note signatures of `name`.

    Raises: ValueError for a key of another purpose, or what is no name.
    """
    return typed_hash(name, key, suite(key.suite).note_type)


def typed_hash(name: str, key: VerifyingKey, kind: int) -> bytes:
    """Return the hash that names a ledger key in those signatures of `name` that are of one type.

    Raises: ValueError for a key of another purpose, or what is no name.
    """
    if key.purpose is not Purpose.LEDGER:
        raise ValueError("only ledger keys sign notes")
    return _hash(name, kind, key.public)


@lru_cache(maxsize=64)
def _hash(name: str, kind: int, public: bytes) -> bytes:
    _check_name(name)
    return fingerprint(name.encode() + bytes((0x0A, kind)) + public)[:KEY_HASH_BYTES]


def signature_line(name: str, hash_: bytes, signature: bytes) -> str:
    """Return the line of one signature.

    Raises: ValueError for what no line can say.
    """
    if len(hash_) != KEY_HASH_BYTES or not signature:
        raise ValueError("a signature line has a key hash of 4 bytes, and a signature")
    _check_name(name)
    return f"{_DASH} {name} {b64encode(hash_ + signature).decode()}\n"


def sign_note(body: str, name: str, key: VerifyingKey, sign: Sign) -> str:
    """Return the note of a text; `sign` signs with the private half of `key`.

    Raises: ValueError for a text that no note can hold.
    """
    if not body.endswith("\n") or _CONTROL.search(body):
        raise ValueError("a note's text ends in a newline, and has no other control characters")
    return f"{body}\n{signature_line(name, key_hash(name, key), sign(body.encode()))}"


def read_note(data: str | bytes) -> SignedNote:
    """Read a note.

    Raises: CheckpointInvalidError for anything but the one spelling of a note.
    """
    text = _text(data)
    # The last blank line: a text may have blank lines of its own.
    body, blank, lines = text.rpartition("\n\n")
    if not blank:
        raise _invalid("it has no blank line before its signatures", "签名前没有空行")
    return SignedNote(f"{body}\n", _read_lines(lines))


def read_signatures(data: str | bytes) -> tuple[NoteSignature, ...]:
    """Read signature lines without their note, as a witness answers.

    Raises: CheckpointInvalidError.
    """
    return _read_lines(_text(data))


def read_checkpoint(data: str | bytes) -> SignedCheckpoint:
    """Read a note whose text is a checkpoint.

    Raises: CheckpointInvalidError.
    """
    note = read_note(data)
    lines = note.body.split("\n")
    if len(lines) != 4:
        raise _invalid("its text has not three lines", "正文不是三行")
    origin, size, root = lines[:3]
    if not _NAME.fullmatch(origin):
        raise _invalid(
            "its origin is empty, or has a space or a plus sign", "来源为空，或含有空格、加号"
        )
    if not _NUMBER.fullmatch(size) or int(size) > LARGEST_NUMBER:
        raise _invalid("its second line is not a size", "第二行不是规模")
    hash_ = _base64(root)
    if hash_ is None or len(hash_) != HASH_BYTES:
        raise _invalid("its third line is not a root hash", "第三行不是根散列值")
    return SignedCheckpoint(Checkpoint(origin, int(size), hash_), note)


def find_signature(note: SignedNote, name: str, hash_: bytes) -> NoteSignature | None:
    """Return the signature that claims to be by this key of `name`; it is not verified."""
    for one in note.signatures:
        if one.name == name and one.key_hash == hash_:
            return one
    return None


def check_signature(note: SignedNote, name: str, keys: Iterable[VerifyingKey]) -> str:
    """Return the id of the key of `name` that signed; of several, the first line's.

    Raises: CheckpointInvalidError where none did, or a line of a known key does not hold.
    """
    body = note.body.encode()
    known = [(key, key_hash(name, key)) for key in keys]
    held = held_signatures(note, name, known, lambda signature: (signature, body))
    if not held:
        raise _invalid("no key known here has signed it", "没有此处已知密钥的签名")
    return held[0].key_id


class Held(NamedTuple):
    """What a signature line says that was verified, and the id of the key it holds under."""

    key_id: str
    signature: bytes


def held_signatures(
    note: SignedNote,
    name: str,
    known: Sequence[tuple[VerifyingKey, bytes]],
    parts: Callable[[bytes], tuple[bytes, bytes]],
) -> list[Held]:
    """Return the signatures of `name` that hold under known keys, each given with its hash.

    `parts` makes of what a line says the signature, and the message that it is over.
    Raises: CheckpointInvalidError where a line has name and hash of a key and does not hold.
    """
    held = []
    for position, one in enumerate(note.signatures, 1):
        if one.name != name:
            continue
        # Hashes of 4 bytes may collide; then any of these keys may have signed.
        claimed = [key for key, hash_ in known if hash_ == one.key_hash]
        signed = next((key for key in claimed if _holds(key, *parts(one.signature))), None)
        if signed is not None:
            held.append(Held(signed.key_id, one.signature))
        elif claimed:
            raise _invalid(
                f"signature {position} does not hold under the key that it names",
                f"第 {position} 个签名与其所称密钥不符",
            )
    return held


def merge(first: SignedNote, second: SignedNote) -> SignedNote:
    """Return one note with the signatures of both; of two by one key, the first note's.

    Raises: CheckpointInvalidError where their texts differ, or it would be too large.
    """
    if first.body != second.body:
        raise _invalid("the two have different texts", "两份正文不同")
    united: dict[tuple[str, bytes], NoteSignature] = {}
    for one in chain(first.signatures, second.signatures):
        united.setdefault((one.name, one.key_hash), one)
    merged = SignedNote(first.body, tuple(united.values()))
    if len(united) > MAX_NOTE_SIGNATURES or len(merged.text.encode()) > MAX_NOTE_BYTES:
        raise _too_large()
    return merged


def _holds(key: VerifyingKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except SignatureInvalidError:
        return False
    return True


def _text(data: str | bytes) -> str:
    """Return what was given as text: UTF-8, bounded, and no control characters but newlines."""
    # Characters first: nobody is to make us encode what is too long anyway.
    if len(data) > MAX_NOTE_BYTES:
        raise _too_large()
    try:
        # A string is encoded for its length, and for code points that no UTF-8 can hold.
        encoded = data.encode() if isinstance(data, str) else data
        text = encoded.decode()
    except UnicodeError:
        raise _invalid("it is not UTF-8", "不是 UTF-8 文本") from None
    if len(encoded) > MAX_NOTE_BYTES:
        raise _too_large()
    if _CONTROL.search(text):
        raise _invalid("it has control characters", "含有控制字符")
    return text


def _read_lines(text: str) -> tuple[NoteSignature, ...]:
    *lines, end = text.split("\n")
    if end or not lines:
        raise _invalid("it does not end in a signature line", "末尾不是完整的签名行")
    if len(lines) > MAX_NOTE_SIGNATURES:
        raise _too_large()
    signatures = tuple(_read_line(line, number) for number, line in enumerate(lines, 1))
    if len({one[:2] for one in signatures}) != len(signatures):
        raise _invalid("a key has signed it twice", "同一密钥有两个签名")
    return signatures


def _read_line(line: str, number: int) -> NoteSignature:
    parts = line.split(" ")
    if len(parts) == 3 and parts[0] == _DASH and _NAME.fullmatch(parts[1]):
        data = _base64(parts[2])
        if data is not None and len(data) > KEY_HASH_BYTES:
            return NoteSignature(parts[1], data[:KEY_HASH_BYTES], data[KEY_HASH_BYTES:])
    raise _invalid(f"line {number} of its signatures is none", f"第 {number} 个签名行格式错误")


def _base64(text: str) -> bytes | None:
    """Decode standard base64 in its one spelling: padded, and with no bit left over."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return None
    return data if b64encode(data).decode() == text else None


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or _CONTROL.search(name):
        raise ValueError("a key name is not empty, and has no space and no plus sign")


def _too_large() -> CheckpointInvalidError:
    return _invalid("it is too long, or has too many signatures", "过长或签名过多")


def _invalid(reason: str, reason_zh: str) -> CheckpointInvalidError:
    return CheckpointInvalidError(reason=reason, reason_zh=reason_zh)
