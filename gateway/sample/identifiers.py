"""Numbers with check digits and their like: identity, credit code, card, telephone, plate."""

from collections.abc import Sequence
from functools import cache

from gateway.sample.chance import Draw, digits
from gateway.sample.words import words

# 62 is UnionPay's; these six digits are chosen to look right and stand for no bank.
SYNTHETIC_BINS = ("629901", "629902", "629905", "629908", "629911", "629917")
LONG_CARD, SHORT_CARD = 19, 16

_MOBILE_PREFIXES = words("mobile-prefixes")
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_IDENTITY_CHECKS = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
# GB 11714 counts A as 10 and goes on through the whole alphabet.
_BODY_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# I and O are left out of plates and passports.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_PLATE_CHARACTERS = "0123456789" * 3 + _LETTERS
_PASSPORT_SECONDS = "0123456789" * 3 + _LETTERS


@cache
def _identity_sum(text: str, start: int) -> int:
    return sum(int(d) * w for d, w in zip(text, _IDENTITY_WEIGHTS[start:], strict=False))


@cache
def _sequence_sums() -> tuple[int, ...]:
    return tuple(_identity_sum(text, 14) for text in digits(3))


def resident_ids(
    draw: Draw, regions: Sequence[str], births: Sequence[str], sexes: Sequence[int]
) -> list[str]:
    """Make resident identity numbers (GB 11643) of region, birth date YYYYMMDD and sex.

    The sequence number is odd for sex 1 and even for 2.
    """
    sums, numbers, found = _sequence_sums(), digits(3), []
    for region, birth, sex in zip(regions, births, sexes, strict=True):
        sequence = 2 * int(draw() * 499) + sex
        total = _identity_sum(region, 0) + _identity_sum(birth, 6) + sums[sequence]
        found.append(f"{region}{birth}{numbers[sequence]}{_IDENTITY_CHECKS[total % 11]}")
    return found


def body_check(body: str) -> str:
    """Return the check character of an eight-character organisation code (GB 11714)."""
    rest = sum(_BODY_ALPHABET.index(c) * w for c, w in zip(body, _BODY_WEIGHTS, strict=True)) % 11
    return "0X987654321"[rest]


def credit_check(code: str) -> str:
    """Return the check character of a credit code's first 17 characters (GB 32100)."""
    total = sum(map(int.__mul__, map(_CREDIT_ALPHABET.index, code), _CREDIT_WEIGHTS))
    return _CREDIT_ALPHABET[-total % 31]


def credit_codes(draw: Draw, prefixes: Sequence[str], regions: Sequence[str]) -> list[str]:
    """Make unified social credit codes (GB 32100) with a valid organisation code inside."""
    found = []
    numbers = digits(4)
    for prefix, region in zip(prefixes, regions, strict=True):
        body = f"MJ{numbers[int(draw() * 10_000)]}{numbers[int(draw() * 10_000)][2:]}"
        code = f"{prefix}{region}{body}{body_check(body)}"
        found.append(code + credit_check(code))
    return found


def luhn_sum(text: str) -> int:
    """Sum digits as Luhn does for what stands before a check digit: the last one is doubled."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    plain = sum(map(int, text[-2::-2]))
    return plain + sum(doubled[int(digit)] for digit in text[::-2])


@cache
def _card_heads(long: bool) -> tuple[tuple[str, int], ...]:
    heads = (bank + text for bank in SYNTHETIC_BINS for text in (("",) if long else digits(1)))
    return tuple((head, luhn_sum(head)) for head in heads)


@cache
def _card_blocks() -> tuple[tuple[str, int], ...]:
    return tuple((block, luhn_sum(block)) for block in digits(4))


def bank_cards(draw: Draw, count: int, length: int) -> list[str]:
    """Make card numbers of 19 or 16 digits: a synthetic BIN, a Luhn digit at the end.

    Blocks of four digits are even in length, so that each one's sum holds
    wherever it stands.
    """
    long = length >= LONG_CARD
    heads, blocks = _card_heads(long), _card_blocks()
    found = []
    for _ in range(count):
        head, total = heads[int(draw() * len(heads))]
        parts = [head]
        for _ in range(3 if long else 2):
            block, part = blocks[int(draw() * 10_000)]
            parts.append(block)
            total += part
        found.append(f"{''.join(parts)}{-total % 10}")
    return found


def mobiles(draw: Draw, count: int) -> list[str]:
    """Make mobile numbers of eleven digits."""
    numbers, prefixes = digits(4), _MOBILE_PREFIXES
    return [
        f"{prefixes[int(draw() * len(prefixes))]}{numbers[int(draw() * 10_000)]}"
        f"{numbers[int(draw() * 10_000)]}"
        for _ in range(count)
    ]


def landlines(draw: Draw, area_codes: Sequence[str]) -> list[str]:
    """Make telephone numbers behind their area codes; large cities have eight digits."""
    numbers = digits(4)
    return [
        f"{area}-{2 + int(draw() * 7)}{'8' if len(area) == 3 else ''}"
        f"{numbers[int(draw() * 10_000)][2:]}{numbers[int(draw() * 10_000)]}"
        for area in area_codes
    ]


def plates(draw: Draw, prefixes: Sequence[str]) -> list[str]:
    """Make licence plates of each prefix such as 晋A; one in four is of a new-energy car."""
    numbers, size = digits(4), len(_PLATE_CHARACTERS)
    return [
        f"{prefix}{'D' if draw() < 0.25 else ''}{_PLATE_CHARACTERS[int(draw() * size)]}"
        f"{numbers[int(draw() * 10_000)]}"
        for prefix in prefixes
    ]


def passports(draw: Draw, count: int) -> list[str]:
    """Make numbers of ordinary passports: E and eight digits, or E, a letter and seven digits."""
    numbers, letters = digits(4), _PASSPORT_SECONDS
    return [
        f"E{letters[int(draw() * len(letters))]}{numbers[int(draw() * 10_000)][1:]}"
        f"{numbers[int(draw() * 10_000)]}"
        for _ in range(count)
    ]
