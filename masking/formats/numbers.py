"""Bank cards and mobile numbers, numbered."""

import re

from masking.formats.checks import luhn_digit

# ISO/IEC 7812-1, as the kind takes them: the length may differ, the first digit is no nought.
_CARD = re.compile("[1-9][0-9]{12,18}").fullmatch
_MOBILE = re.compile("1[3-9][0-9]{9}").fullmatch


class BankCards:
    """All card numbers of one length, each with its Luhn digit."""

    __slots__ = ("_first", "size", "template")

    def __init__(self, length: int) -> None:
        self.template = f"bank_card/{length}"
        self._first = 10 ** (length - 2)
        self.size = 9 * self._first

    def number(self, value: str) -> int | None:
        """Return the number of a card; None if its Luhn digit is wrong."""
        digits = value[:-1]
        if not _CARD(value) or luhn_digit(digits) != value[-1]:
            return None
        number = int(digits) - self._first
        return number if 0 <= number < self.size else None

    def value(self, number: int) -> str:
        """Return the card of a number."""
        digits = str(number + self._first)
        return digits + luhn_digit(digits)


_CARDS = {length: BankCards(length) for length in range(13, 20)}


def bank_card(value: str) -> BankCards | None:
    """Return the format of a card number."""
    return _CARDS.get(len(value))


class Mobiles:
    """All mobile numbers: 13 to 19, then nine digits."""

    __slots__ = ()

    template = "mobile"
    size = 7 * 10**9
    _FIRST = 13 * 10**9

    def number(self, value: str) -> int | None:
        """Return the number of a mobile number."""
        return int(value) - self._FIRST if _MOBILE(value) else None

    def value(self, number: int) -> str:
        """Return the mobile number of a number."""
        return str(number + self._FIRST)


_MOBILES = Mobiles()


def mobile(_value: str) -> Mobiles:
    """Return the one format of mobile numbers."""
    return _MOBILES
