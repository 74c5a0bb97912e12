"""The key file of a folder, and where its passphrase comes from."""

import os
from pathlib import Path

from gateway.config import Places
from keys.stores.file import FileStore
from keys.stores.passphrase import (
    PassphraseFile,
    PassphrasePrompt,
    PassphraseSource,
    PassphraseVariable,
)

PASSPHRASE_VARIABLE = "SEALGATE_PASSPHRASE"  # noqa: S105 - the name of a variable


def passphrase_source(
    folder: Path, passphrase_file: str | None, *, confirm: bool = False
) -> PassphraseSource:
    """Return where the passphrase comes from: file, variable, prompt, in this order."""
    if passphrase_file is not None:
        return PassphraseFile(folder / passphrase_file)
    if PASSPHRASE_VARIABLE in os.environ:
        return PassphraseVariable(PASSPHRASE_VARIABLE)
    return PassphrasePrompt(f"{folder.name} 口令 / passphrase: ", confirm=confirm)


def open_keys(places: Places, passphrase_file: str | None) -> FileStore:
    """Open the key file of a folder.

    Raises: KeyUnavailableError.
    """
    return FileStore(places.keys, passphrase_source(places.folder, passphrase_file))
