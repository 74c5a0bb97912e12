"""Keys: material typed by purpose, suites, the ring and the port behind which keys live.

Names load at first use, so that `import keys` costs nothing; the stores are
asked for by their own modules (`keys.stores.file`, `keys.stores.memory`).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keys.derive import Mac, Secret, lp
    from keys.material import (
        LedgerKey,
        OpeningKey,
        PseudonymKey,
        Purpose,
        SealingKey,
        SigningKey,
        VerifyingKey,
    )
    from keys.ports import KeyInfo, KeyProvider
    from keys.ring import Ring
    from keys.suites import Suite, suite

__all__ = [
    "KeyInfo",
    "KeyProvider",
    "LedgerKey",
    "Mac",
    "OpeningKey",
    "PseudonymKey",
    "Purpose",
    "Ring",
    "SealingKey",
    "Secret",
    "SigningKey",
    "Suite",
    "VerifyingKey",
    "lp",
    "suite",
]

_HOMES = {
    "derive": ("Mac", "Secret", "lp"),
    "material": (
        "LedgerKey",
        "OpeningKey",
        "PseudonymKey",
        "Purpose",
        "SealingKey",
        "SigningKey",
        "VerifyingKey",
    ),
    "ports": ("KeyInfo", "KeyProvider"),
    "ring": ("Ring",),
    "suites": ("Suite", "suite"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'keys' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"keys.{_HOME_OF[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
