"""Check digits of identifiers, a column at a time.

A weighted sum over a column is taken position by position: the characters at
one position of every value are a stripe of the joined bytes, a translation
table turns each into its weighted value, and whole stripes are added as one
large integer. Each value keeps to its own byte of it, since no sum passes 255.

Values must have their shape already: ASCII, the alphabet and the length.
"""

from collections.abc import Sequence
from operator import mul

# Below this many values the sums are quicker value by value.
STRIPED_FROM = 6
_BYTE_MAX = 255

_DIGITS = "0123456789"
_VALUE_OF_DIGIT = bytes(max(byte - 48, 0) % 10 for byte in range(256))


class WeightedSum:
    """A check of values of one length: sum(weight * value) % modulus == residue."""

    __slots__ = ("_modulus", "_of_byte", "_reduce", "_residue", "_runs", "_weights")

    def __init__(
        self, alphabet: Sequence[str], weights: Sequence[int], modulus: int, residue: int
    ) -> None:
        """`alphabet[n]` holds the characters that stand for the value n."""
        of_byte = bytearray(256)
        for value, characters in enumerate(alphabet):
            for character in characters:
                of_byte[ord(character)] = value
        self._of_byte = bytes(of_byte)
        self._weights, self._modulus, self._residue = tuple(weights), modulus, residue
        self._reduce = bytes(total % modulus for total in range(256))
        tables = [bytes(value * weight % modulus for value in of_byte) for weight in weights]
        run = _BYTE_MAX // (modulus - 1)
        self._runs = [
            list(enumerate(tables))[first : first + run] for first in range(0, len(tables), run)
        ]

    def holds(self, value: str) -> bool:
        """Check one value."""
        values = value.encode("ascii").translate(self._of_byte)
        total: int = sum(map(mul, self._weights, values))
        return total % self._modulus == self._residue

    def failures(self, column: list[str]) -> list[int]:
        """Return the indexes of the values whose check digit is wrong."""
        if len(column) < STRIPED_FROM:
            return [index for index, value in enumerate(column) if not self.holds(value)]
        return self.joined_failures("".join(column).encode("ascii"), len(column))

    def joined_failures(self, joined: bytes, count: int) -> list[int]:
        """Return the indexes of the joined values whose check digit is wrong."""
        residues = self._residues(joined, count)
        wrong = residues.translate(None, bytes([self._residue]))
        if not wrong:
            return []
        return [index for index, residue in enumerate(residues) if residue != self._residue]

    def _residues(self, joined: bytes, count: int) -> bytes:
        width = len(self._weights)
        total = 0
        for run in self._runs:
            part = 0
            for position, table in run:
                part += int.from_bytes(joined[position::width].translate(table), "little")
            reduced = part.to_bytes(count, "little").translate(self._reduce)
            total += int.from_bytes(reduced, "little")
        return total.to_bytes(count, "little").translate(self._reduce)


class Mod11(WeightedSum):
    """ISO 7064 MOD 11-2 over 18 characters: X stands for 10 as the last one."""

    __slots__ = ()

    def __init__(self) -> None:
        weights = [pow(2, 17 - place, 11) for place in range(18)]
        super().__init__((*_DIGITS, "Xx"), weights, modulus=11, residue=1)

    def holds(self, value: str) -> bool:
        """Check one value.

        The weights are the powers of 2, so the sum is the number read in base 2;
        or in base 13, which is the same modulo 11 and has a digit for 10.
        """
        return int(value.upper().replace("X", "A"), 13) % 11 == 1


# GB 11643-1999
RESIDENT_ID = Mod11()
# GB 32100-2015: no I, O, S, V, Z; weights are the powers of 3.
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC = WeightedSum(
    USCC_ALPHABET, [*(pow(3, place, 31) for place in range(17)), 1], modulus=31, residue=0
)
# GB 11714-1997: A counts ten and so on to Z. The check character X counts ten as
# well, so whoever checks writes an A in its place.
ORG_CODE = WeightedSum(
    (*_DIGITS, *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"), [3, 7, 9, 10, 5, 8, 4, 2, 1], modulus=11, residue=0
)
# GB 16735-2019: the check character is the ninth and stands for minus its value. It
# may be X for ten, which counts seven elsewhere, so whoever checks writes a Q there.
VIN = WeightedSum(
    ("0", "1AJ", "2BKS", "3CLT", "4DMU", "5ENV", "6FW", "7GPX", "8HY", "9RZ", "Q"),
    [8, 7, 6, 5, 4, 3, 2, 10, 10, 9, 8, 7, 6, 5, 4, 3, 2],
    modulus=11,
    residue=0,
)


class Luhn:
    """ISO/IEC 7812-1 Annex B, for numbers of up to `width` digits.

    Numbers are padded with zeros on the left, which add nothing to the sum.
    Doubling is no multiplication here (7 becomes 14, then 5), so the stripes
    have two tables of their own.
    """

    __slots__ = ("_tables", "_width")

    def __init__(self, width: int) -> None:
        self._width = width
        plain = bytes(max(byte - 48, 0) % 10 for byte in range(256))
        doubled = bytes(sum(divmod(2 * value, 10)) for value in plain)
        self._tables = [plain if (width - position) % 2 else doubled for position in range(width)]

    def holds(self, value: str) -> bool:
        """Check one value."""
        return not self.failures([value])

    def failures(self, column: list[str]) -> list[int]:
        """Return the indexes of the values whose check digit is wrong."""
        width, total = self._width, 0
        joined = "".join([value.zfill(width) for value in column]).encode("ascii")
        for position, table in enumerate(self._tables):
            total += int.from_bytes(joined[position::width].translate(table), "little")
        sums = total.to_bytes(len(column), "little")
        return [index for index, value in enumerate(sums) if value % 10]


class Mod11And10:
    """ISO 7064 MOD 11,10 for numbers of `width` digits.

    What each digit does to the sum hangs on the sum before it: one table has
    the next state for any state plus any digit, and the stripes of a column go
    through it one after another.
    """

    __slots__ = ("_width",)

    # From (state + digit): twice its remainder by ten, ten for zero, modulo eleven.
    _NEXT = bytes(2 * (total % 10 or 10) % 11 for total in range(256))
    _BEGIN = 10

    def __init__(self, width: int) -> None:
        self._width = width

    def holds(self, value: str) -> bool:
        """Check one value."""
        state = self._BEGIN
        for digit in value[:-1]:
            state = self._NEXT[state + int(digit)]
        return (state + int(value[-1])) % 10 == 1

    def failures(self, column: list[str]) -> list[int]:
        """Return the indexes of the values whose check digit is wrong."""
        if len(column) < STRIPED_FROM:
            return [index for index, value in enumerate(column) if not self.holds(value)]
        width, count = self._width, len(column)
        joined = "".join(column).encode("ascii").translate(_VALUE_OF_DIGIT)
        states = bytes([self._BEGIN]) * count
        for position in range(width - 1):
            states = _added(states, joined[position::width]).translate(self._NEXT)
        sums = _added(states, joined[width - 1 :: width])
        return [index for index, total in enumerate(sums) if total % 10 != 1]


def _added(some: bytes, others: bytes) -> bytes:
    """Add two stripes, byte by byte; no sum may pass 255."""
    total = int.from_bytes(some, "little") + int.from_bytes(others, "little")
    return total.to_bytes(len(some), "little")


BANK_CARD = Luhn(19)
# 3GPP TS 23.003
IMEI = Luhn(15)
# GS 15-2006
BUSINESS_REGISTRATION = Mod11And10(15)
