"""Nothing secret is shown, copied, pickled, encoded or left in a traceback."""

import ast
import base64
import copy
import inspect
import json
import pickle
import pprint
import reprlib
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import shake_256
from pathlib import Path
from traceback import TracebackException
from typing import Any

import msgspec
import pytest
from nacl.bindings import crypto_sign_seed_keypair
from nacl.pwhash import argon2id

import keys
from keys.derive import Secret
from keys.errors import KeysError
from keys.material import Purpose
from keys.stores.file import FileStore
from keys.stores.keyfile import Cost, derive_lock, new_lock, open_keys, parse, seal_keys
from keys.stores.memory import HeldKey, MemoryStore
from keys.stores.passphrase import PassphraseFile, PassphrasePrompt, PassphraseVariable
from keys.suites import suite

PACKAGE = Path(keys.__file__).parent
PHRASE = "marked-Passphrase-7f3a91"
CHEAP = Cost(opslimit=1, memlimit=8 * 1024 * 1024)
SEEDS = {
    (number, purpose): bytes((37 * number + 11 * place + 5 * at) % 251 for at in range(32))
    for number in (1, 2)
    for place, purpose in enumerate(Purpose)
}


def forms(secret: bytes) -> Iterator[bytes]:
    """Yield every spelling of `secret`, and of its first half, that a person could read."""
    for raw in (secret, secret[: len(secret) // 2]):
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        yield raw.hex(" ").encode()
        yield raw.hex(":").encode()
        for encode in (base64.b64encode, base64.urlsafe_b64encode, base64.b32encode):
            # What stands before the padding, and before the last, partial group.
            text = encode(raw).rstrip(b"=")[:-2]
            yield text
            yield text.lower() if encode is base64.b32encode else text
        yield ", ".join(map(str, raw)).encode()
        yield ",".join(map(str, raw)).encode()
        yield " ".join(map(str, raw)).encode()
        yield repr(raw)[2:-1].encode()
        yield raw.decode("latin-1").encode()
        yield json.dumps(raw.decode("latin-1"))[1:-1].encode()


def secrets_of(number: int, purpose: Purpose) -> list[bytes]:
    """Return the seed of a key, and what its algorithm makes of it."""
    seed = SEEDS[number, purpose]
    if purpose in (Purpose.SIGNING, Purpose.LEDGER):
        return [seed, crypto_sign_seed_keypair(seed)[1]]
    return [seed, shake_256(seed).digest(96)]


ALL_SECRETS = [
    PHRASE.encode(),
    *(secret for number, purpose in SEEDS for secret in secrets_of(number, purpose)),
]
ALL_FORMS = [form for secret in ALL_SECRETS for form in forms(secret)]


def assert_silent(shown: bytes | str, more: tuple[bytes, ...] = ()) -> None:
    """Fail if any secret stands in what was shown, without repeating it."""
    seen = shown if isinstance(shown, bytes) else shown.encode("utf-8", "surrogatepass")
    found = [at for at, form in enumerate(ALL_FORMS) if form in seen]
    found += [-1 for secret in more for form in forms(secret) if form in seen]
    assert not found


def private_keys() -> list[Any]:
    """Return a key of every purpose and suite, from the seeds searched for."""
    return [suite(number).private_key(purpose, SEEDS[number, purpose]) for number, purpose in SEEDS]


def memory_store() -> MemoryStore:
    """Return a store of all those keys."""
    infos = []
    for key in private_keys():
        made = MemoryStore().new(key.purpose, key.suite, 0, 1)
        infos.append(msgspec.structs.replace(made, key_id=key.key_id, public=key.public or None))
    return MemoryStore(map(HeldKey, infos, private_keys()))


def file_store(folder: Path) -> FileStore:
    """Return a file store of all those keys."""
    phrase = folder / "phrase"
    phrase.write_text(PHRASE)
    phrase.chmod(0o600)
    lock = new_lock(Secret(PHRASE.encode()), CHEAP)
    path = folder / "keys.json"
    path.write_bytes(seal_keys(lock, memory_store()._held))
    path.chmod(0o600)
    return FileStore(path, PassphraseFile(phrase))


@pytest.fixture
def private_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return one of everything that holds a secret."""
    monkeypatch.setenv("SEALGATE_TEST_PASSPHRASE", PHRASE)
    keys_ = private_keys()
    held = memory_store()._held[0]
    file = file_store(tmp_path)
    macs = [key.mac(b"context") for key in keys_ if key.purpose is Purpose.PSEUDONYM]
    return [
        *keys_,
        *macs,
        suite(1).mac(SEEDS[1, Purpose.PSEUDONYM]),
        held,
        [held],
        {"key": held},
        memory_store(),
        file,
        file._lock,
        *(Secret(secret) for secret in ALL_SECRETS),
        PassphraseVariable("KEYS", {"KEYS": PHRASE}),
        PassphraseVariable("SEALGATE_TEST_PASSPHRASE"),
        PassphrasePrompt(ask=lambda _: PHRASE),
        PassphraseFile(tmp_path / "phrase"),
    ]


SHOW: dict[str, Callable[[Any], str | bytes]] = {
    "repr": repr,
    "str": str,
    "ascii": ascii,
    "format": format,
    "percent": lambda o: "%s %r" % (o, o),  # noqa: UP031 - the operator is what is tested
    "in a list": lambda o: repr([o, {"k": o}, (o,)]),
    "pprint": pprint.pformat,
    "reprlib": reprlib.repr,
    "error": lambda o: repr(ValueError(o)) + str(KeyError(o)),
    "vars": lambda o: repr(vars(o)),
    "members": lambda o: repr(inspect.getmembers(o, lambda part: not callable(part))),
    "state": lambda o: repr(o.__getstate__()),
    "json": json.dumps,
    "json str": lambda o: json.dumps({"o": o}, default=str),
    "json repr": lambda o: json.dumps([o], default=repr),
    "msgspec json": msgspec.json.encode,
    "msgspec msgpack": msgspec.msgpack.encode,
    "msgspec builtins": lambda o: repr(msgspec.to_builtins(o)),
    "copy": lambda o: repr(copy.copy(o)),
    "deepcopy": lambda o: repr(copy.deepcopy(o)),
    **{f"pickle {n}": partial(pickle.dumps, protocol=n) for n in range(6)},
}


@pytest.mark.parametrize("way", sorted(SHOW))
def test_no_private_object_shows_a_secret(way: str, private_objects: list[Any]) -> None:
    """In no spelling, by none of the ways in which objects get into logs and files."""
    for thing in private_objects:
        try:
            shown = SHOW[way](thing)
        except Exception as error:  # a refusal is as good, if it is silent too
            shown = repr(error) + str(error)
        assert_silent(shown)


def test_the_search_finds_what_it_looks_for() -> None:
    """Each spelling of a plain seed is found: the tests above can fail."""
    seed = SEEDS[1, Purpose.SIGNING]
    leaks: list[str | bytes] = [
        repr(seed),
        str(list(seed)),
        f"x{seed.hex()}x",
        base64.b64encode(seed),
        base64.b32encode(seed).lower(),
        pickle.dumps({"k": seed}, 5),
        msgspec.msgpack.encode([seed[:16]]),
        msgspec.json.encode({"k": seed}),
    ]
    for leak in leaks:
        with pytest.raises(AssertionError):
            assert_silent(leak)


def frames_of(error: BaseException) -> str:
    """Return the traceback with locals, from the first frame that is not of this file."""
    shown = []
    seen: BaseException | None = error
    while seen is not None:
        summary = TracebackException.from_exception(seen, capture_locals=True)
        for frame in summary.stack:
            if frame.filename != __file__:
                shown += [frame.name, *(frame.locals or {}).values()]
        shown += list(summary.format_exception_only())
        seen = seen.__cause__ or seen.__context__
    return "\n".join(shown)


def failures() -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield calls that fail while a secret is at hand."""
    anything: Any = "no bytes"
    for key in private_keys():
        name = f"{key.purpose} {key.suite}"
        if key.purpose in (Purpose.SIGNING, Purpose.LEDGER):
            yield f"{name}: sign text", partial(key.sign, anything)
            yield f"{name}: sign nothing", partial(key.sign, None)
        elif key.purpose is Purpose.OPENING:
            yield f"{name}: unwrap noise", partial(key.unwrap, bytes(80), b"")
            yield f"{name}: unwrap text", partial(key.unwrap, anything, b"")
        else:
            yield f"{name}: context", partial(key.mac, anything)
            yield f"{name}: column", partial(key.mac(b"c").hex_column, ["a", None], 4)
    for (number, purpose), seed in SEEDS.items():
        name = f"{purpose} {number}"
        yield f"{name}: too long", partial(suite(number).private_key, purpose, seed + b"\0")
        yield f"{name}: method", partial(getattr(suite(number), f"{purpose}_key"), seed + b"\0")
    seed = SEEDS[1, Purpose.SIGNING]
    yield "expand text", lambda: suite(1).expand(Secret(seed), anything, 64)
    yield "expand too far", lambda: suite(1).expand(Secret(seed), b"", 9000)
    yield "encrypt text", lambda: suite(1).encrypt(Secret(seed), b"", anything)
    yield "decrypt noise", lambda: suite(1).decrypt(Secret(seed), b"", bytes(99))
    yield "mac of text", lambda: suite(1).mac(Secret(seed)).mac(anything)
    yield "wrong random", lambda: suite(1).generate(Purpose.OPENING, lambda _: seed + b"\0")
    yield "unknown id", lambda: memory_store().sign("nobody", b"")
    yield "twice", lambda: MemoryStore([*memory_store()._held, *memory_store()._held])


@pytest.mark.parametrize("fail", [pytest.param(fail, id=name) for name, fail in failures()])
def test_no_traceback_shows_a_secret(fail: Callable[[], object]) -> None:
    """With the locals of every frame below the caller's, causes and contexts included."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it is silent
        fail()
    assert_silent(frames_of(caught.value))


def test_no_traceback_of_a_key_file_shows_a_secret(tmp_path: Path) -> None:
    """Wrong passphrase, altered file, and a plaintext that is no list of keys."""
    store = file_store(tmp_path)
    path = tmp_path / "keys.json"
    header, ciphertext = parse(path.read_bytes())
    file_key = argon2id.kdf(
        32, PHRASE.encode(), header.salt, opslimit=CHEAP.opslimit, memlimit=CHEAP.memlimit
    )
    lock = derive_lock(Secret(PHRASE.encode()), header)
    assert lock.key == file_key
    bad_entry = msgspec.structs.replace(memory_store()._held[0].info, purpose=Purpose.LEDGER)
    mixed = seal_keys(lock, [HeldKey(bad_entry, memory_store()._held[0].key)])
    calls: list[Callable[[], object]] = [
        lambda: open_keys(lock, header, ciphertext[:-1]),
        lambda: open_keys(lock, header, ciphertext[:3]),
        lambda: open_keys(lock, *parse(mixed)),
        lambda: store.retire("nobody", 0),
        lambda: store.rotate(Purpose.SIGNING, 9, 0),
        lambda: store.change_passphrase(PassphraseVariable("NONE", {})),
        lambda: store.change_passphrase(PassphraseVariable("SHORT", {"SHORT": PHRASE[:7]})),
        lambda: FileStore(path, PassphraseVariable("LONG", {"LONG": PHRASE + "x"})),
        lambda: FileStore(tmp_path / "phrase", PassphraseFile(tmp_path / "phrase")),
        lambda: PassphraseVariable("LONG", {"LONG": PHRASE * 99}).read(),
    ]
    for call in calls:
        with pytest.raises(KeysError) as caught:
            call()
        assert_silent(frames_of(caught.value), (file_key,))
        assert_silent(pickle.dumps(caught.value), (file_key,))
    assert_silent(repr(lock), (file_key,))
    assert_silent(path.read_bytes(), (file_key,))


def test_only_stores_take_raw_private_bytes() -> None:
    """Nobody else imports `keys._secret`, or reaches for the attribute behind it."""
    importers, readers = set(), set()
    for package in ("keys", "masking", "gateway"):
        for path in (PACKAGE.parent / package).rglob("*.py"):
            name = path.relative_to(PACKAGE.parent).as_posix()
            for node in ast.walk(ast.parse(path.read_bytes())):
                if _imports_secret(node):
                    importers.add(name)
                if isinstance(node, ast.Attribute) and node.attr == "_secret":
                    readers.add(name)
    assert importers == {"keys/stores/keyfile.py"}
    assert readers == {"keys/_secret.py"}


def _imports_secret(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(name.name == "keys._secret" for name in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module == "keys._secret" or (
            node.module == "keys" and any(name.name == "_secret" for name in node.names)
        )
    return isinstance(node, ast.Constant) and node.value == "keys._secret"
