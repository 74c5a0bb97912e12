"""Where a passphrase comes from: a file, an environment variable or a prompt."""

import os
import warnings
from collections.abc import Callable, Mapping
from getpass import GetPassWarning, getpass
from pathlib import Path
from typing import NoReturn, Protocol, final

from keys.derive import Secret
from keys.errors import KeyUnavailableError
from keys.stores.disk import read_private

# Longer ones are a wrong file given by mistake, or meant to fill memory.
MAXIMUM_PASSPHRASE_BYTES = 1_024
# What a stolen key file holds out is its passphrase; asked where one is set.
MINIMUM_PASSPHRASE_BYTES = 8


class PassphraseSource(Protocol):
    """Whatever can be asked for the passphrase, again when it has changed."""

    def read(self) -> Secret:
        """Return the passphrase.

        Raises:
            KeyUnavailableError: there is none to be had.
        """
        ...


@final
class PassphraseFile:
    """A file that its owner alone may read; the end of its last line does not count."""

    __slots__ = ("_path",)

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)

    def __repr__(self) -> str:
        return f"PassphraseFile({str(self._path)!r})"

    def read(self) -> Secret:
        """Return the file's content without the end of its line."""
        content = read_private(self._path, MAXIMUM_PASSPHRASE_BYTES + len(b"\r\n"))
        return _checked(Secret(content.removesuffix(b"\n").removesuffix(b"\r")), str(self._path))


@final
class PassphraseVariable:
    """An environment variable; other processes of the user can see it, so prefer a file."""

    __slots__ = ("_get", "_name")

    def __init__(self, name: str, environment: Mapping[str, str] | None = None) -> None:

        def get() -> str:
            # Not a member of the object: a mapping would show all it holds.
            return (os.environ if environment is None else environment).get(name, "")

        self._name = name
        self._get = get

    def __repr__(self) -> str:
        return f"PassphraseVariable({self._name!r})"

    def __reduce_ex__(self, protocol: object, /) -> NoReturn:
        raise TypeError("the environment is not pickled along")

    def read(self) -> Secret:
        """Return the variable's bytes as the system gave them."""
        return _checked(Secret(os.fsencode(self._get())), self._name)


@final
class PassphrasePrompt:
    """A person at a terminal; with `confirm` asked twice, for a new passphrase."""

    __slots__ = ("_ask", "_confirm", "_prompt")

    def __init__(
        self,
        prompt: str = "口令 / Passphrase: ",
        *,
        confirm: bool = False,
        ask: Callable[[str], str] = getpass,
    ) -> None:
        self._prompt = prompt
        self._confirm = confirm
        self._ask = ask

    def __repr__(self) -> str:
        return f"PassphrasePrompt({self._prompt!r})"

    def read(self) -> Secret:
        """Ask, without showing what is typed."""
        first = self._once(self._prompt)
        if self._confirm and self._once(f"再次输入 / again: {self._prompt}") != first:
            raise KeyUnavailableError(
                reason="the two passphrases differ", reason_zh="两次输入的口令不一致"
            )
        return _checked(first, "the prompt")

    def _once(self, prompt: str) -> Secret:
        try:
            with warnings.catch_warnings():
                # Without a terminal `getpass` would show what is typed.
                warnings.simplefilter("error", GetPassWarning)
                return Secret(self._ask(prompt).encode("utf-8", "surrogateescape"))
        except (EOFError, GetPassWarning):
            raise KeyUnavailableError(
                reason="no terminal to ask for the passphrase", reason_zh="没有可供输入口令的终端"
            ) from None


def _checked(passphrase: Secret, origin: str) -> Secret:
    if not 1 <= len(passphrase) <= MAXIMUM_PASSPHRASE_BYTES:
        raise KeyUnavailableError(
            reason=f"the passphrase from {origin} is empty or too long",
            reason_zh=f"来自 {origin} 的口令为空或过长",
        )
    return passphrase
