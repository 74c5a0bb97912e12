"""The key file: what comes back from it, and what it refuses."""

import base64
import json
import random
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from keys.errors import KeyUnavailableError
from keys.material import Purpose
from keys.stores.file import FileStore
from keys.stores.keyfile import (
    MAXIMUM_FILE_BYTES,
    MAXIMUM_MEMLIMIT,
    MAXIMUM_OPSLIMIT,
    MINIMUM_MEMLIMIT,
    Cost,
    new_lock,
    seal_keys,
)
from keys.stores.memory import MemoryStore
from keys.stores.passphrase import PassphraseVariable
from keys.suites import X25519, XWING, suite

NOW = 1_700_000_000
CHEAP = Cost(opslimit=1, memlimit=MINIMUM_MEMLIMIT)
RIGHT = PassphraseVariable("P", {"P": "correct horse"})
WRONG = PassphraseVariable("P", {"P": "correct house"})


class Asked:
    """A passphrase source that counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    def read(self) -> Any:
        """Return the right passphrase."""
        self.times += 1
        return RIGHT.read()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a key file with one active opening key lies."""
    store = FileStore.create(tmp_path / "keys.json", RIGHT, cost=CHEAP)
    store.new(Purpose.OPENING, X25519, NOW, 30, "active")
    return tmp_path / "keys.json"


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the JSON of a key file."""
    content = json.loads(path.read_bytes())
    change(content)
    path.write_text(json.dumps(content))


def test_keys_come_back_as_they_were(path: Path) -> None:
    """Every purpose, suite and state, and their private halves."""
    store = FileStore(path, RIGHT)
    for number in (XWING, X25519):
        for purpose in Purpose:
            store.new(purpose, number, NOW, 30)
    store.rotate(Purpose.OPENING, X25519, NOW + 5)
    again = FileStore(path, RIGHT)
    assert again.list_keys() == store.list_keys()
    assert len(again.list_keys()) == 9
    for info in again.list_keys():
        if info.public is not None and info.purpose is Purpose.OPENING:
            wrapped = suite(info.suite).sealing_key(info.public).wrap(bytes(32), b"i")
            assert again.unwrap(info.key_id, wrapped, b"i") == bytes(32)
        elif info.public is not None:
            verifying = suite(info.suite).verifying_key(info.public, info.purpose)
            verifying.verify(again.sign(info.key_id, b"m"), b"m")
        else:
            assert again.mac(info.key_id, b"c").mac(b"v") == store.mac(info.key_id, b"c").mac(b"v")


def test_a_file_costs_what_the_default_says(tmp_path: Path) -> None:
    """64 MiB and three passes, in a file for its owner alone."""
    FileStore.create(tmp_path / "keys.json", RIGHT)
    header = json.loads((tmp_path / "keys.json").read_bytes())["header"]
    assert (header["opslimit"], header["memlimit"]) == (3, 64 * 1024 * 1024)
    for file in tmp_path.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == [".keys.json.lock", "keys.json"]


def test_a_file_that_exists_is_not_made_anew(path: Path) -> None:
    """Nor a link to nowhere replaced: keys are never overwritten."""
    before = path.read_bytes()
    with pytest.raises(KeyUnavailableError, match="exists already"):
        FileStore.create(path, RIGHT, cost=CHEAP)
    assert path.read_bytes() == before
    with pytest.raises(KeyUnavailableError, match="not written"):
        FileStore.create(path.parent / "no" / "folder", RIGHT, cost=CHEAP)


def test_a_wrong_passphrase_is_refused(path: Path) -> None:
    """With the one error for everything that does not open."""
    with pytest.raises(KeyUnavailableError, match="wrong passphrase or altered") as refusal:
        FileStore(path, WRONG)
    assert refusal.value.code == "KEY_UNAVAILABLE"
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize("passphrase", ["", "x" * 7, "口令"])
def test_a_new_passphrase_has_a_least_length(tmp_path: Path, passphrase: str) -> None:
    """Eight bytes; what a thief of the file must guess is this."""
    with pytest.raises(KeyUnavailableError):
        FileStore.create(tmp_path / "k", PassphraseVariable("P", {"P": passphrase}), cost=CHEAP)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o610, 0o666])
def test_a_file_open_to_others_is_refused(path: Path, mode: int) -> None:
    """Before its passphrase is asked for."""
    path.chmod(mode)
    asked = Asked()
    with pytest.raises(KeyUnavailableError, match="chmod 600"):
        FileStore(path, asked)
    assert asked.times == 0


ABSURD = [
    ("memlimit", MAXIMUM_MEMLIMIT + 1),
    ("memlimit", 2**62),
    ("memlimit", MINIMUM_MEMLIMIT - 1),
    ("memlimit", 0),
    ("memlimit", -1),
    ("opslimit", MAXIMUM_OPSLIMIT + 1),
    ("opslimit", 2**31),
    ("opslimit", 0),
    ("opslimit", -1),
]


@pytest.mark.parametrize(("name", "value"), ABSURD)
def test_an_absurd_cost_is_refused_before_any_work(path: Path, name: str, value: int) -> None:
    """No passphrase asked for, no time and no memory spent."""
    rewrite(path, lambda content: content["header"].update({name: value}))
    asked = Asked()
    peak, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(KeyUnavailableError, match="cost outside the bounds"):
        FileStore(path, asked)
    assert asked.times == 0
    assert time.perf_counter() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 8 * 1024


@pytest.mark.parametrize(("name", "value"), ABSURD)
def test_an_absurd_cost_is_not_written_either(tmp_path: Path, name: str, value: int) -> None:
    """A file that nobody could open again is not made."""
    limits = {"opslimit": CHEAP.opslimit, "memlimit": CHEAP.memlimit, name: value}
    with pytest.raises(KeyUnavailableError, match="cost outside the bounds"):
        FileStore.create(tmp_path / "k", RIGHT, cost=Cost(**limits))
    assert not list(tmp_path.iterdir())


OTHER_HEADERS = [
    ("version", 2),
    ("version", 0),
    ("version", 2**64),
    ("kdf", "argon2i"),
    ("aead", "aes-256-gcm"),
    ("aead", "\ud800"),
    ("salt", ""),
    ("salt", base64.b64encode(bytes(17)).decode()),
    ("salt", "not base64!"),
    ("nonce", base64.b64encode(bytes(12)).decode()),
    ("nonce", None),
    ("opslimit", 1.5),
    ("opslimit", "1"),
    ("extra", 1),
]


@pytest.mark.parametrize(("name", "value"), OTHER_HEADERS)
def test_a_header_of_another_kind_is_refused(path: Path, name: str, value: object) -> None:
    """Before the passphrase is asked for."""
    rewrite(path, lambda content: content["header"].update({name: value}))
    asked = Asked()
    with pytest.raises(KeyUnavailableError, match="not a key file"):
        FileStore(path, asked)
    assert asked.times == 0


def _other_bytes(text: str) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[-1] ^= 1
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["header"].update(opslimit=2),
        lambda content: content["header"].update(memlimit=2 * MINIMUM_MEMLIMIT),
        lambda content: content["header"].update(memlimit=MINIMUM_MEMLIMIT + 1),
        lambda content: content["header"].update(salt=_other_bytes(content["header"]["salt"])),
        lambda content: content["header"].update(nonce=_other_bytes(content["header"]["nonce"])),
        lambda content: content.update(ciphertext=_other_bytes(content["ciphertext"])),
        lambda content: content.update(ciphertext=content["ciphertext"][:-4]),
        lambda content: content.update(ciphertext=""),
        lambda content: content.update(ciphertext="AAAA"),
    ],
)
def test_an_altered_file_is_refused(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Header and ciphertext alike; the old passphrase does not help."""
    rewrite(path, change)
    with pytest.raises(KeyUnavailableError, match="wrong passphrase or altered"):
        FileStore(path, RIGHT)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"header": {}, "ciphertext": ""}',
        b"[" * 100_000,
        b'"' + b"\\ud800" * 9 + b'"',
        b"x" * (MAXIMUM_FILE_BYTES + 1),
    ],
)
def test_what_is_no_key_file_is_refused(path: Path, content: bytes) -> None:
    """Neither deep nesting nor a large file is worked through."""
    path.write_bytes(content)
    with pytest.raises(KeyUnavailableError):
        FileStore(path, RIGHT)


def test_every_cut_and_flipped_byte_of_a_file_is_refused_or_harmless(path: Path) -> None:
    """Where a file still opens (a changed space), it holds the same keys."""
    whole = path.read_bytes()
    expected = FileStore(path, RIGHT).list_keys()
    dice = random.Random(7)
    trials = [whole[: dice.randrange(len(whole) - 1)] for _ in range(40)]
    for _ in range(60):
        changed = bytearray(whole)
        changed[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        trials.append(bytes(changed))
    opened = 0
    for content in trials:
        path.write_bytes(content)
        try:
            assert FileStore(path, RIGHT).list_keys() == expected
            opened += 1
        except KeyUnavailableError:
            continue
    assert opened < 20


def test_an_entry_under_another_id_or_purpose_is_refused(path: Path) -> None:
    """A key file written by a faulty program does not mix keys up."""
    memory = MemoryStore()
    memory.new(Purpose.SIGNING, X25519, NOW, 1)
    held = memory._held[0]
    for info in [
        msgspec.structs.replace(held.info, key_id="a" * 26),
        msgspec.structs.replace(held.info, purpose=Purpose.LEDGER),
        msgspec.structs.replace(held.info, suite=3),
    ]:
        path.write_bytes(seal_keys(new_lock(RIGHT.read(), CHEAP), [held._replace(info=info)]))
        with pytest.raises(KeyUnavailableError, match="not a key file"):
            FileStore(path, RIGHT)


def test_two_writings_share_neither_nonce_nor_ciphertext(path: Path) -> None:
    """The nonce is new each time, the salt with each passphrase."""
    store = FileStore(path, RIGHT)
    headers = []
    for _ in range(3):
        store.retire(store.list_keys()[0].key_id, NOW + 1)
        headers.append(json.loads(path.read_bytes())["header"])
    store.change_passphrase(RIGHT)
    headers.append(json.loads(path.read_bytes())["header"])
    assert len({header["nonce"] for header in headers}) == 4
    assert len({header["salt"] for header in headers}) == 2


def test_a_changed_passphrase_opens_and_the_old_one_does_not(path: Path) -> None:
    """Keys stay; the cost stays, or becomes what is asked for."""
    store = FileStore(path, RIGHT)
    before = store.list_keys()
    store.change_passphrase(WRONG)
    assert FileStore(path, WRONG).list_keys() == before
    with pytest.raises(KeyUnavailableError, match="wrong passphrase"):
        FileStore(path, RIGHT)
    assert json.loads(path.read_bytes())["header"]["memlimit"] == MINIMUM_MEMLIMIT
    store.change_passphrase(RIGHT, cost=Cost(opslimit=2, memlimit=2 * MINIMUM_MEMLIMIT))
    assert json.loads(path.read_bytes())["header"]["memlimit"] == 2 * MINIMUM_MEMLIMIT
    assert FileStore(path, RIGHT).list_keys() == before
    with pytest.raises(KeyUnavailableError, match="at least 8"):
        store.change_passphrase(PassphraseVariable("P", {"P": "short"}))


def test_a_process_follows_what_another_changes(path: Path) -> None:
    """`reload` reads once, without asking for the passphrase again."""
    asked = Asked()
    here, there = FileStore(path, asked), FileStore(path, RIGHT)
    assert not here.reload()
    there.new(Purpose.OPENING, X25519, NOW, 30)
    there.rotate(Purpose.OPENING, X25519, NOW + 1)
    assert here.list_keys() != there.list_keys()
    assert here.reload()
    assert not here.reload()
    assert here.list_keys() == there.list_keys()
    assert asked.times == 1
    there.change_passphrase(RIGHT)
    assert here.reload()
    assert asked.times == 2


def test_a_store_keeps_its_keys_when_the_file_goes_bad(path: Path) -> None:
    """Reloading tells; signing and opening go on with what was read."""
    store = FileStore(path, RIGHT)
    before = store.list_keys()
    path.write_bytes(b"{}")
    with pytest.raises(KeyUnavailableError):
        store.reload()
    path.unlink()
    with pytest.raises(KeyUnavailableError):
        store.reload()
    with pytest.raises(KeyUnavailableError):
        store.new(Purpose.OPENING, X25519, NOW, 1)
    assert store.list_keys() == before


def test_a_link_stays_a_link(path: Path) -> None:
    """The file it points to is replaced, not the link."""
    link = path.parent / "link.json"
    link.symlink_to(path)
    FileStore(link, RIGHT).new(Purpose.OPENING, X25519, NOW, 1)
    assert link.is_symlink()
    assert len(FileStore(path, RIGHT).list_keys()) == 2
