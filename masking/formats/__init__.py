"""Number the values of a format: which one of how many a value is, and which value is the nth.

A format is all values that look alike: digits where one has digits, letters where
it has letters, and, for the kinds that have an order of their own, only what that
order takes, check digits right. Format-preserving encryption permutes the numbers.
"""

from masking.formats.numbers import bank_card, mobile
from masking.formats.organisation import uscc
from masking.formats.place import Format
from masking.formats.resident import resident_id
from masking.formats.spelled import spelled

__all__ = ["MAX_CHARACTERS", "OWN_ORDER", "Format", "format_of"]

# No identifier is longer; stops a value that would keep the arithmetic of long numbers busy.
MAX_CHARACTERS = 64

# The kinds that have an order of their own; of others the format is how a value is spelled.
OWN_ORDER = {
    "bank_card": bank_card,
    "mobile": mobile,
    "resident_id": resident_id,
    "uscc": uscc,
}
# Kinds that take few of the values spelled alike: of six digits and three dots, one in seven is
# an address, and so few can be tried one by one.
_TOO_FEW = frozenset(("ip_address",))


def format_of(kind: str, value: str) -> Format | None:
    """Return the format of a value of a kind; None where it has none that can be numbered.

    A value may still have no number in its format: `Format.number` tells.
    """
    if kind in _TOO_FEW or not value.isascii() or len(value) > MAX_CHARACTERS:
        return None
    return OWN_ORDER.get(kind, spelled)(value)
