"""Signed notes and checkpoints, against C2SP signed-note and tlog-checkpoint as they stand."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import CheckpointInvalidError
from gateway.ledger import notes
from gateway.ledger.notes import (
    Checkpoint,
    NoteSignature,
    SignedNote,
    check_signature,
    checkpoint_text,
    find_signature,
    key_hash,
    merge,
    read_checkpoint,
    read_note,
    read_signatures,
    sign_note,
    signature_line,
)
from keys.material import LedgerKey, Purpose, VerifyingKey
from keys.suites import X25519, suite

ORIGIN = "sealgate/11140000MB0000001X/main/node-0199f0c2a1b2-0a1b2c3d"
ROOT = bytes(range(32))
KEY, OTHER = (suite(X25519).ledger_key(bytes([seed]) * 32) for seed in (1, 2))
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="+").filter(
        lambda one: not one.isspace() and one >= " "
    ),
    min_size=1,
    max_size=40,
)

# The example of Go's documentation of package note: private key, name and key hash, note.
GO_SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_PUBLIC = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NAME, GO_HASH = "PeterNeumann", "c74f20a3"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_LINE = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXg"
    "KvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# The examples of signed-note and tlog-checkpoint.
POEM = (
    "Ognuno sta solo sul cuor della terra\n"
    "trafitto da un raggio di sole:\n"
    "\n"
    "ed è subito sera.\n"
    "\n"
    "\u2014 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKO"
    "NrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)
SOFA = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5"
    "/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def public(key: LedgerKey) -> VerifyingKey:
    """Return the public half of a ledger key."""
    return suite(X25519).verifying_key(key.public, Purpose.LEDGER)


def a_note(key: LedgerKey = KEY, name: str = ORIGIN, size: int = 5) -> str:
    """Return a checkpoint of `ORIGIN` that a key signed under a name."""
    return sign_note(checkpoint_text(Checkpoint(ORIGIN, size, ROOT)), name, public(key), key.sign)


def invalid(read: Callable[..., object], *given: object) -> bool:
    """Tell whether it is refused, in both languages and without a word of what was given."""
    told = None
    try:
        read(*given)
    except CheckpointInvalidError as error:
        told = error
    if told is None:
        return False
    assert told.code == "CHECKPOINT_INVALID"
    assert any("\u4e00" <= letter <= "\u9fff" for letter in told.message_zh)
    assert "sealgate/" not in told.message + told.message_zh
    return True


def test_a_published_note_is_made_to_the_byte_and_holds() -> None:
    """Key hash, signature and layout are those of the Go implementation."""
    key = suite(X25519).ledger_key(b64decode(GO_SEED)[1:])
    assert b"\1" + key.public == b64decode(GO_PUBLIC)
    assert key_hash(GO_NAME, public(key)).hex() == GO_HASH
    assert sign_note(GO_TEXT, GO_NAME, public(key), key.sign) == f"{GO_TEXT}\n{GO_LINE}"
    assert check_signature(read_note(f"{GO_TEXT}\n{GO_LINE}"), GO_NAME, [public(key)]) == key.key_id


def test_the_examples_of_the_specifications_are_read() -> None:
    """A text with a blank line of its own; and a checkpoint."""
    note = read_note(POEM.encode())
    assert note.body.endswith("sole:\n\ned è subito sera.\n")
    assert note.text == POEM
    assert [(one.name, len(one.signature)) for one in note.signatures] == [
        ("quasimodo.example/salvatore", 64)
    ]
    root = bytes.fromhex("0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62")
    origin = "example.com/behind-the-sofa"
    assert read_checkpoint(SOFA).checkpoint == Checkpoint(origin, 20852163, root)
    assert read_checkpoint(SOFA).note.text == SOFA
    assert read_checkpoint(SOFA).note.signatures[0].key_hash.hex() == "033de0ae"


def test_a_key_hash_is_that_of_the_specification() -> None:
    """SHA-256 over name, newline, 0x01 and public key, of which the first 4 bytes."""
    said = ORIGIN.encode() + b"\n\x01" + KEY.public
    assert key_hash(ORIGIN, public(KEY)) == sha256(said).digest()[:4]


@given(
    origin=NAMES,
    size=st.integers(0, 2**63 - 1),
    root=st.binary(min_size=32, max_size=32),
    lines=st.lists(
        st.tuples(NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=90)),
        max_size=5,
        unique_by=lambda line: line[:2],
    ),
)
def test_what_is_written_is_read_and_written_again(
    origin: str, size: int, root: bytes, lines: list[tuple[str, bytes, bytes]]
) -> None:
    """With lines of keys that nobody knows; they are kept and change nothing."""
    checkpoint = Checkpoint(origin, size, root)
    text = sign_note(checkpoint_text(checkpoint), origin, public(KEY), KEY.sign)
    known = key_hash(origin, public(KEY))
    strangers = [line for line in lines if line[:2] != (origin, known)]
    text += "".join(signature_line(*line) for line in strangers)
    signed = read_checkpoint(text)
    assert signed == read_checkpoint(text.encode())
    assert signed.checkpoint == checkpoint
    assert signed.note.text == text
    assert signed.note.signatures[1:] == tuple(NoteSignature(*line) for line in strangers)
    assert check_signature(signed.note, origin, [public(OTHER), public(KEY)]) == KEY.key_id


@settings(max_examples=300)
@given(place=st.integers(0, len(a_note().encode()) - 1), change=st.integers(1, 255))
def test_no_changed_byte_is_believed(place: int, change: int) -> None:
    """Each is refused by the reader, or the signature does not hold."""
    altered = bytearray(a_note().encode())
    altered[place] ^= change
    assert invalid(_believe, bytes(altered))


def _believe(data: bytes) -> None:
    signed = read_checkpoint(data)
    check_signature(signed.note, signed.checkpoint.origin, [public(KEY)])


@settings(max_examples=200)
@given(place=st.integers(0, 300), byte=st.integers(0, 255))
def test_a_changed_strangers_line_changes_nothing_that_is_believed(place: int, byte: int) -> None:
    """It is refused, or the checkpoint stands as its log signed it."""
    stranger = signature_line("witness.example.com/w1", b"1234", bytes(72)).encode()
    place %= len(stranger)
    altered = a_note().encode() + stranger[:place] + bytes([byte]) + stranger[place + 1 :]
    if not invalid(read_checkpoint, altered):
        signed = read_checkpoint(altered)
        assert signed.checkpoint == Checkpoint(ORIGIN, 5, ROOT)
        assert check_signature(signed.note, ORIGIN, [public(KEY)]) == KEY.key_id
        assert signed.note.text.encode() == altered


BODY = checkpoint_text(Checkpoint(ORIGIN, 5, ROOT))
LINE = a_note().removeprefix(f"{BODY}\n")
BASE64 = LINE.split(" ")[2].rstrip("\n")
STRANGER = signature_line("w", b"1234", b"1")

NO_NOTES = {
    "empty": "",
    "no blank line": BODY + LINE,
    "no text": f"\n{LINE}",
    "no signature": f"{BODY}\n",
    "no last newline": f"{BODY}\n{LINE[:-1]}",
    "two last newlines": f"{BODY}\n{LINE}\n",
    "text behind": f"{BODY}\n{LINE}x\n",
    "carriage returns": f"{BODY}\n{LINE}".replace("\n", "\r\n"),
    "one carriage return": f"{BODY}\n{LINE[:-1]}\r\n",
    "a tab in the text": f"a\tb\n{BODY}\n{LINE}",
    "a null": f"a\0b\n{BODY}\n{LINE}",
    "a byte order mark before the dash": f"{BODY}\n\ufeff{LINE}",
    "a hyphen for the dash": f"{BODY}\n{LINE.replace(chr(0x2014), '-')}",
    "an en dash": f"{BODY}\n{LINE.replace(chr(0x2014), chr(0x2013))}",
    "no dash": f"{BODY}\n{LINE[2:]}",
    "two spaces": f"{BODY}\n{LINE.replace(' ', '  ', 1)}",
    "a space behind": f"{BODY}\n{LINE[:-1]} \n",
    "a no-break space": f"{BODY}\n{LINE.replace(' ', chr(0xA0), 1)}",
    "no name": f"{BODY}\n\u2014 {BASE64}\n",
    "an empty name": f"{BODY}\n\u2014  {BASE64}\n",
    "a plus in the name": f"{BODY}\n\u2014 a+b {BASE64}\n",
    "an ideographic space in the name": f"{BODY}\n\u2014 a\u3000b {BASE64}\n",
    "a line separator in the name": f"{BODY}\n\u2014 a\u2028b {BASE64}\n",
    "a next line in the name": f"{BODY}\n\u2014 a\x85b {BASE64}\n",
    "no padding": f"{BODY}\n\u2014 w MTIzNDU2Nw\n",
    "bits left over": f"{BODY}\n\u2014 w MTIzNDU2Nx==\n",
    "too much padding": f"{BODY}\n\u2014 w MTIzNDU2===\n",
    "base64 of addresses": f"{BODY}\n\u2014 w MTIz_-U2\n",
    "base64 that is not ASCII": f"{BODY}\n\u2014 w MTIzé5U2\n",
    "a key hash alone": f"{BODY}\n\u2014 w MTIzNA==\n",
    "less than a key hash": f"{BODY}\n\u2014 w MTIz\n",
    "nothing in base64": f"{BODY}\n\u2014 w \n",
    "a line twice": f"{BODY}\n{LINE}{LINE}",
    "a key twice": f"{BODY}\n{LINE}{STRANGER}{signature_line('w', b'1234', b'2')}",
    "a surrogate": f"\ud800\n{BODY}\n{LINE}",
    "no UTF-8": f"{BODY}\n{LINE}".encode() + b"\xff",
    "overlong UTF-8": b"\xc0\xaf" + f"{BODY}\n{LINE}".encode(),
}


@pytest.mark.parametrize("name", NO_NOTES)
def test_a_note_has_one_spelling(name: str) -> None:
    """Whatever else a lenient reader might take is refused."""
    assert read_note(f"{BODY}\n{LINE}{STRANGER}")
    assert invalid(read_note, NO_NOTES[name])


NO_CHECKPOINTS = {
    "one line": "a\n",
    "two lines": "a\n5\n",
    "no origin": f"\n5\n{b64encode(ROOT).decode()}\n",
    "a further line": f"{BODY}more\n",
    "an empty further line": f"{BODY}\n",
    "a space in the origin": BODY.replace("main", "ma in"),
    "a plus in the origin": BODY.replace("main", "ma+in"),
    "no size": BODY.replace("\n5\n", "\n\n"),
    "a leading zero": BODY.replace("\n5\n", "\n05\n"),
    "zeros": BODY.replace("\n5\n", "\n00\n"),
    "a sign": BODY.replace("\n5\n", "\n+5\n"),
    "a negative size": BODY.replace("\n5\n", "\n-5\n"),
    "an underscore": BODY.replace("\n5\n", "\n1_0\n"),
    "a space before": BODY.replace("\n5\n", "\n 5\n"),
    "another script's digit": BODY.replace("\n5\n", "\n\u0665\n"),
    "a fraction": BODY.replace("\n5\n", "\n5.0\n"),
    "64 bits": BODY.replace("\n5\n", f"\n{2**63}\n"),
    "more digits": BODY.replace("\n5\n", "\n" + "9" * 5000 + "\n"),
    "a short root": f"{ORIGIN}\n5\n{b64encode(ROOT[1:]).decode()}\n",
    "a long root": f"{ORIGIN}\n5\n{b64encode(ROOT + b'1').decode()}\n",
    "no root": f"{ORIGIN}\n5\n\n",
    "a root in hex": f"{ORIGIN}\n5\n{ROOT.hex()}\n",
    "a root with bits left over": BODY.replace("Hh8=", "Hh9="),
    "a root without padding": BODY.replace("Hh8=", "Hh8"),
    "an example's cosigned message": f"cosignature/v1\ntime 5\n{BODY}",
}


@pytest.mark.parametrize("name", NO_CHECKPOINTS)
def test_a_checkpoint_has_one_spelling(name: str) -> None:
    """Also where the note around it is a good one."""
    body = NO_CHECKPOINTS[name]
    assert body != BODY
    assert invalid(read_checkpoint, f"{body}\n{STRANGER}")


def test_numbers_reach_from_the_empty_tree_to_63_bits() -> None:
    """Both ends are read."""
    for size in (0, 2**63 - 1):
        assert read_checkpoint(a_note(size=size)).checkpoint.size == size


def test_what_comes_is_bounded() -> None:
    """64 signatures, and 64 KiB in bytes; one more of either is refused."""
    lines = [signature_line(f"w{place}", b"1234", b"1") for place in range(64)]
    assert len(read_note(f"{BODY}\n{''.join(lines)}").signatures) == notes.MAX_NOTE_SIGNATURES
    assert invalid(read_note, f"{BODY}\n{''.join(lines)}{STRANGER}")
    room = notes.MAX_NOTE_BYTES - len(f"\n\n{LINE}".encode())
    assert read_note(f"{'a' * room}\n\n{LINE}")
    assert invalid(read_note, f"{'a' * (room + 1)}\n\n{LINE}")
    # Characters of three bytes each.
    assert invalid(read_note, f"{'信' * (room // 3 + 1)}\n\n{LINE}")


def test_only_known_keys_are_believed() -> None:
    """Neither another key, nor the key under another name, nor a note without it."""
    assert invalid(check_signature, read_note(a_note(OTHER)), ORIGIN, [public(KEY)])
    assert invalid(check_signature, read_note(a_note(name="other")), ORIGIN, [public(KEY)])
    assert invalid(check_signature, read_note(a_note()), ORIGIN, [])
    both = merge(read_note(a_note(OTHER)), read_note(a_note()))
    assert check_signature(both, ORIGIN, [public(KEY)]) == KEY.key_id
    assert check_signature(both, ORIGIN, [public(KEY), public(OTHER)]) == OTHER.key_id


def test_a_line_of_a_known_key_that_does_not_hold_spoils_the_note() -> None:
    """Though another known key signed it well."""
    forged = signature_line(ORIGIN, key_hash(ORIGIN, public(OTHER)), bytes(64))
    note = read_note(a_note() + forged)
    assert check_signature(note, ORIGIN, [public(KEY)]) == KEY.key_id
    assert invalid(check_signature, note, ORIGIN, [public(KEY), public(OTHER)])
    short = read_note(f"{BODY}\n{signature_line(ORIGIN, key_hash(ORIGIN, public(KEY)), b'1')}")
    assert invalid(check_signature, short, ORIGIN, [public(KEY)])


def test_of_keys_with_one_hash_any_may_have_signed() -> None:
    """Hashes of 4 bytes collide; what is believed is the signature."""
    note = read_note(a_note())
    body, hash_ = note.body.encode(), key_hash(ORIGIN, public(KEY))
    known = [(public(OTHER), hash_), (public(KEY), hash_)]
    held = notes.held_signatures(note, ORIGIN, known, lambda said: (said, body))
    assert [one.key_id for one in held] == [KEY.key_id]


def test_a_signature_is_found_by_name_and_hash() -> None:
    """By both; a part of them is somebody else."""
    note, hash_ = read_note(a_note()), key_hash(ORIGIN, public(KEY))
    assert find_signature(note, ORIGIN, hash_) == note.signatures[0]
    assert find_signature(note, "other", hash_) is None
    assert find_signature(note, ORIGIN, bytes(4)) is None


def test_signature_lines_come_without_their_note_too() -> None:
    """One at least, each as in a note."""
    assert read_signatures(LINE + STRANGER) == read_note(f"{BODY}\n{LINE}{STRANGER}").signatures
    for wrong in ("", "\n", LINE[:-1], f"\n{LINE}", LINE + LINE, f"{BODY}\n{LINE}"):
        assert invalid(read_signatures, wrong)


def test_notes_of_one_text_are_merged() -> None:
    """Each key once; the first note's line stands where both have one."""
    first = read_note(f"{BODY}\n{LINE}{STRANGER}")
    second = read_note(
        f"{BODY}\n{signature_line('w', b'1234', b'2')}{a_note(OTHER)[len(BODY) + 1 :]}"
    )
    merged = merge(first, second)
    assert merged.signatures == (*first.signatures, second.signatures[1])
    assert read_note(merged.text) == merged
    assert merge(first, first) == first
    assert invalid(merge, first, read_note(a_note(size=6)))


def test_a_merged_note_is_bounded_as_one_that_is_read() -> None:
    """In signatures, and in bytes."""
    many = [NoteSignature(f"w{place}", b"1234", b"1") for place in range(65)]
    full = SignedNote(BODY, tuple(many[:64]))
    assert merge(full, full) == full
    assert invalid(merge, full, SignedNote(BODY, (many[64],)))
    large = [SignedNote(BODY, (NoteSignature(name, b"1234", bytes(30_000)),)) for name in "ab"]
    assert read_note(large[0].text) == large[0]
    assert invalid(merge, *large)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 5, ROOT),
        Checkpoint("a b", 5, ROOT),
        Checkpoint("a+b", 5, ROOT),
        Checkpoint("a\nb", 5, ROOT),
        Checkpoint("a\0b", 5, ROOT),
        Checkpoint("a", -1, ROOT),
        Checkpoint("a", 2**63, ROOT),
        Checkpoint("a", 5, ROOT[1:]),
    ],
)
def test_what_no_reader_takes_is_not_written(checkpoint: Checkpoint) -> None:
    """It is a mistake of the program."""
    with pytest.raises(ValueError, match=r"checkpoint|name"):
        checkpoint_text(checkpoint)


def test_nothing_else_is_signed() -> None:
    """No text without its newline, no control characters, no key of another purpose."""
    for body in ("", "a", "a\r\n", "a\tb\n"):
        with pytest.raises(ValueError, match="newline"):
            sign_note(body, ORIGIN, public(KEY), KEY.sign)
    with pytest.raises(ValueError, match="name"):
        sign_note(BODY, "a b", public(KEY), KEY.sign)
    signing = suite(X25519).verifying_key(KEY.public, Purpose.SIGNING)
    with pytest.raises(ValueError, match="ledger keys"):
        sign_note(BODY, ORIGIN, signing, KEY.sign)
    for hash_, signature in ((b"123", b"1"), (b"1234", b"")):
        with pytest.raises(ValueError, match="signature line"):
            signature_line(ORIGIN, hash_, signature)
