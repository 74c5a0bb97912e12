"""Unified social credit codes (GB 32100), numbered: register, place, organisation code."""

from masking.check_digits import USCC_ALPHABET
from masking.formats.checks import credit_check, organisation_check
from masking.formats.place import PROVINCES, among, joined, parted

# GB 32100-2015, table 1, with the registers added since: who keeps the register, and
# the sort of body that is entered there.
_REGISTERS = {
    "1": "1239",
    "2": "19",
    "3": "123459",
    "4": "19",
    "5": "1234569",
    "6": "129",
    "7": "129",
    "8": "19",
    "9": "123",
    "A": "129",
    "N": "1239",
    "Y": "1",
}
_PAIRS = tuple(first + second for first, seconds in _REGISTERS.items() for second in seconds)
# 10: the national registers.
_PLACES = ("10", *PROVINCES)
_NUMBER_OF_PAIR, _NUMBER_OF_PLACE = among(_PAIRS), among(_PLACES)
_NUMBER_OF_SIGN = among(USCC_ALPHABET)
_SIGNS = len(USCC_ALPHABET)
_SIZES = (len(_PAIRS), len(_PLACES), 10_000, *[_SIGNS] * 8)
_LENGTH = 18
_ALPHABET = frozenset(USCC_ALPHABET)


class SocialCreditCodes:
    """All codes of a register of the standard with both checks right: the inner and the last."""

    __slots__ = ()

    template = "uscc"
    size = len(_PAIRS) * len(_PLACES) * 10_000 * _SIGNS**8

    def number(self, value: str) -> int | None:
        """Return the number of a code; None if it has no such register, place or checks."""
        pair, place = _NUMBER_OF_PAIR.get(value[:2]), _NUMBER_OF_PLACE.get(value[2:4])
        if pair is None or place is None or len(value) != _LENGTH or not value[4:8].isdigit():
            return None
        if not _ALPHABET.issuperset(value) or _whole(value[:16]) != value:
            return None
        signs = (_NUMBER_OF_SIGN[sign] for sign in value[8:16])
        return joined((pair, place, int(value[4:8]), *signs), _SIZES)

    def value(self, number: int) -> str:
        """Return the code of a number."""
        pair, place, county, *signs = parted(number, _SIZES)
        body = "".join(USCC_ALPHABET[sign] for sign in signs)
        return _whole(f"{_PAIRS[pair]}{_PLACES[place]}{county:04}{body}")


def _whole(stem: str) -> str:
    """Add both check characters to 16 characters."""
    stem += organisation_check(stem[8:])
    return stem + credit_check(stem)


_CODES = SocialCreditCodes()


def uscc(_value: str) -> SocialCreditCodes:
    """Return the one format of social credit codes."""
    return _CODES
