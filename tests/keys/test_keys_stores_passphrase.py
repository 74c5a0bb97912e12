"""Where passphrases come from, and what is not taken for one."""

import os
import warnings
from collections.abc import Callable
from getpass import GetPassWarning
from pathlib import Path

import pytest

from keys.derive import Secret
from keys.errors import KeyUnavailableError
from keys.stores.passphrase import (
    MAXIMUM_PASSPHRASE_BYTES,
    PassphraseFile,
    PassphrasePrompt,
    PassphraseVariable,
)


def private(path: Path, content: bytes, mode: int = 0o600) -> Path:
    """Return `path` with that content and mode."""
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("content", "passphrase"),
    [
        (b"correct horse", b"correct horse"),
        (b"correct horse\n", b"correct horse"),
        (b"correct horse\r\n", b"correct horse"),
        (b" spaces stay \n", b" spaces stay "),
        (b"one\n\n", b"one\n"),
        ("口令在此".encode(), "口令在此".encode()),
        (b"x" * MAXIMUM_PASSPHRASE_BYTES + b"\r\n", b"x" * MAXIMUM_PASSPHRASE_BYTES),
    ],
)
def test_a_file_gives_its_bytes_without_the_end_of_line(
    tmp_path: Path, content: bytes, passphrase: bytes
) -> None:
    """One end of line, as editors leave it; nothing else is taken off."""
    read = PassphraseFile(private(tmp_path / "p", content)).read()
    assert read == passphrase
    assert isinstance(read, Secret)


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"x" * (MAXIMUM_PASSPHRASE_BYTES + 3)])
def test_a_file_without_a_passphrase_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty, or so long that it is another file."""
    with pytest.raises(KeyUnavailableError):
        PassphraseFile(private(tmp_path / "p", content)).read()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """Any bit for group or others, with the remedy in the text."""
    with pytest.raises(KeyUnavailableError, match="chmod 600") as refusal:
        PassphraseFile(private(tmp_path / "p", b"correct horse", mode)).read()
    assert "chmod 600" in refusal.value.message_zh


def test_what_is_no_ordinary_file_is_refused_at_once(tmp_path: Path) -> None:
    """Nothing, a folder, and a pipe that nobody writes to."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(0o700)
    for name, reason in [("pipe", "ordinary"), ("folder", "ordinary"), ("none", "No such file")]:
        with pytest.raises(KeyUnavailableError, match=reason):
            PassphraseFile(tmp_path / name).read()


def test_a_variable_gives_the_bytes_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system has them, decodable or not."""
    monkeypatch.setenv("SEALGATE_TEST_PASSPHRASE", "口令 \udcff")
    read = PassphraseVariable("SEALGATE_TEST_PASSPHRASE").read()
    assert read == "口令 ".encode() + b"\xff"
    monkeypatch.delenv("SEALGATE_TEST_PASSPHRASE")
    with pytest.raises(KeyUnavailableError, match="SEALGATE_TEST_PASSPHRASE"):
        PassphraseVariable("SEALGATE_TEST_PASSPHRASE").read()


def test_a_prompt_asks_twice_where_a_passphrase_is_set() -> None:
    """Two different answers are refused; one answer suffices for opening."""
    asked: list[str] = []

    def answering(*answers: str) -> Callable[[str], str]:
        left = list(answers)

        def ask(prompt: str) -> str:
            asked.append(prompt)
            return left.pop(0)

        return ask

    assert PassphrasePrompt(ask=answering("correct horse")).read() == b"correct horse"
    both = PassphrasePrompt("口令: ", confirm=True, ask=answering("口令一二三", "口令一二三"))
    assert both.read() == "口令一二三".encode()
    with pytest.raises(KeyUnavailableError, match="differ"):
        PassphrasePrompt(confirm=True, ask=answering("correct horse", "correct house")).read()
    with pytest.raises(KeyUnavailableError, match="empty"):
        PassphrasePrompt(ask=answering("")).read()
    assert len(asked) == 6
    assert all(prompt.endswith(": ") for prompt in asked)


def test_a_prompt_without_a_terminal_is_refused() -> None:
    """`getpass` would fall back to showing what is typed."""

    def fall_back(_: str) -> str:
        warnings.warn("echo", GetPassWarning, stacklevel=1)
        raise AssertionError("the warning did not stop it")

    def no_input(_: str) -> str:
        raise EOFError

    for ask in (fall_back, no_input):
        with pytest.raises(KeyUnavailableError, match="no terminal"):
            PassphrasePrompt(ask=ask).read()
