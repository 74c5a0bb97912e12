"""Check characters, worked out: what `masking.check_digits` finds right."""

from operator import mul

from masking.check_digits import USCC_ALPHABET

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_ID_CHECKS = "0123456789X"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_USCC_VALUE = {sign: value for value, sign in enumerate(USCC_ALPHABET)}


def luhn_digit(digits: str) -> str:
    """Return the digit that completes a card number (ISO/IEC 7812-1 Annex B)."""
    values = list(map(int, digits))
    values[-1::-2] = [_DOUBLED[value] for value in values[-1::-2]]
    return str(-sum(values) % 10)


def resident_check(digits: str) -> str:
    """Return the check character of the first 17 digits of a resident ID (GB 11643)."""
    # The weights are powers of 2, and 13 is 2 modulo 11.
    return _ID_CHECKS[(1 - int(digits + "0", 13)) % 11]


def organisation_check(body: str) -> str:
    """Return the check character of the 8 characters of an organisation code (GB 11714)."""
    total = sum(map(mul, _ORG_WEIGHTS, (int(sign, 36) for sign in body)))
    return _ID_CHECKS[-total % 11]


def credit_check(stem: str) -> str:
    """Return the check character of the first 17 of a social credit code (GB 32100)."""
    total = sum(map(mul, _USCC_WEIGHTS, map(_USCC_VALUE.__getitem__, stem)))
    return USCC_ALPHABET[-total % 31]
