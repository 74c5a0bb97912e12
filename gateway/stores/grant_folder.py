"""The grants given to a department: token files in a folder."""

import base64
import json
import os
from pathlib import Path

from keys.suites import fingerprint

# No grant is longer; a larger file is something else.
MAX_TOKEN_BYTES = 8 * 1024


class FolderGrants:
    """A GrantBook over a folder of `*.jwt`; a new file counts at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: frozenset[tuple[str, str]] = frozenset()

    def holds(self, jti: str, digest: str) -> bool:
        """Tell whether the folder holds the grant with this `jti` and SHA-256 (hex)."""
        if (jti, digest) in self._held:
            return True
        self._held = frozenset(filter(None, map(_identify, sorted(self._folder.glob("*.jwt")))))
        return (jti, digest) in self._held


def _identify(path: Path) -> tuple[str, str] | None:
    try:
        if os.stat(path).st_size > MAX_TOKEN_BYTES + 2:
            return None
        token = path.read_text("ascii").strip()
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["jti"]), fingerprint(token.encode()).hex()
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
