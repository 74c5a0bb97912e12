"""Keys typed by purpose, and the package's own door."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import keys
from keys.errors import KeysError, SealgateError, leaves
from keys.material import Purpose
from keys.suites import suite

PACKAGE = Path(keys.__file__).parent
DOES = {
    "signing": {"sign"},
    "ledger": {"sign"},
    "opening": {"unwrap"},
    "pseudonym": {"mac"},
    "verifying": {"verify"},
    "sealing": {"wrap"},
}
SHOWN = {"key_id", "public", "purpose", "suite"}


def every_key(number: int = 1) -> dict[str, object]:
    """Return one key of each kind."""
    suite_ = suite(number)
    made: dict[str, object] = {
        purpose.value: suite_.private_key(purpose, bytes(32)) for purpose in Purpose
    }
    made["verifying"] = suite_.verifying_key(suite_.signing_key(bytes(32)).public)
    made["sealing"] = suite_.sealing_key(suite_.opening_key(bytes(32)).public)
    return made


@pytest.mark.parametrize("kind", sorted(DOES))
def test_a_key_does_the_one_thing_it_is_for(kind: str) -> None:
    """Nothing else is to be found on it: a signing key cannot seal."""
    key = every_key()[kind]
    assert {name for name in dir(key) if not name.startswith("_")} == SHOWN | DOES[kind]


@pytest.mark.parametrize("kind", sorted(DOES))
def test_a_key_does_not_change(kind: str) -> None:
    """Neither its parts nor new ones."""
    key = every_key()[kind]
    for name in ["key_id", "public", "suite", "purpose", "_secret", "new"]:
        with pytest.raises(AttributeError):
            setattr(key, name, b"")
        with pytest.raises(AttributeError):
            delattr(key, name)


@pytest.mark.parametrize("kind", sorted(DOES))
def test_a_key_shows_purpose_suite_and_id(kind: str) -> None:
    """And is neither copied nor pickled, public halves included."""
    key = every_key(2)[kind]
    shown = repr(key)
    assert f"suite=2 key_id={getattr(key, 'key_id', '')}>" in shown
    assert str(key) == f"{key}" == shown
    with pytest.raises(TypeError, match="neither copied nor pickled"):
        copy.copy(key)
    with pytest.raises(TypeError, match="neither copied nor pickled"):
        copy.deepcopy([key])
    with pytest.raises(TypeError, match="neither copied nor pickled"):
        key.__getstate__()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="neither copied nor pickled"):
            pickle.dumps(key, protocol)


def test_every_purpose_has_a_chinese_title() -> None:
    """Errors name it."""
    assert [purpose.title_zh for purpose in Purpose] == ["签名", "解封", "假名", "日志"]


def test_every_leaf_of_the_errors_is_drawn_with_its_code() -> None:
    """The tree at the top of `keys.errors` is whole, and codes are its own."""
    drawing = (PACKAGE / "errors.py").read_text("utf-8").partition('"""\n\nfrom')[0]
    found = [leaf for leaf in leaves(KeysError) if leaf.__module__ == "keys.errors"]
    assert len({leaf.code for leaf in found}) == len(found) == 5
    for leaf in found:
        assert f"{leaf.__name__} " in drawing
        assert f" {leaf.code}\n" in drawing
        assert leaf.text
        assert leaf.text_zh
    assert issubclass(KeysError, SealgateError)


def test_the_door_is_sorted_and_every_name_opens() -> None:
    """`__all__` is what `dir` adds, and nothing else answers."""
    assert keys.__all__ == sorted(keys.__all__)
    assert set(keys.__all__) <= set(dir(keys))
    for name in keys.__all__:
        assert getattr(keys, name).__module__.startswith("keys.")
    with pytest.raises(AttributeError, match="no attribute"):
        getattr(keys, "secret_bytes")  # noqa: B009 - mypy would rightly refuse the plain form


def test_import_keys_loads_no_library() -> None:
    """Naming keys and suites does not wait for cryptography."""
    program = (
        "import sys, keys, keys.suites\n"
        "assert not {'cryptography', 'nacl', 'msgspec', '_cffi_backend'} & set(sys.modules)\n"
        "assert keys.suite(1).number == 1\n"
        "assert {'cryptography', 'nacl'} <= set(sys.modules)\n"
    )
    path = os.pathsep.join([str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    subprocess.run(
        [sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": path}
    )
