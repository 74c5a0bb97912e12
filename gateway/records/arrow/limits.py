"""How much a stream may hold, and what stands in the way of more."""

from gateway.errors import LimitExceededError
from gateway.records.decoder import MAX_RECORD_BYTES, MAX_RECORDS

# As many as a resource has fields at most. Stops a schema of a million columns.
MAX_COLUMNS = 512
# Of every message's description, which is read before anything of it is believed.
MAX_METADATA_BYTES = 1024 * 1024
# Stops a stream of nothing but empty batches, each of which costs its reading.
MAX_MESSAGES = 4096
# As many as JSON of the same size can hold, at six bytes for `"a":1,`; stops columns
# that take no room: nulls, single bits, and buffers that share their place.
MAX_VALUES = MAX_RECORD_BYTES // 6
# As many as there are bits; stops two kilobytes of nulls that are read for seconds.
MAX_VALUES_A_BYTE = 8
# So many may be nulls of a small stream.
_FREE_VALUES = 65_536


class Room:
    """What is left of a call's records, values and bytes, written out in full.

    A dictionary's entry counts as often as it is named, and bytes as often as a view
    shows them: masking and sealing will have them so often.
    """

    __slots__ = ("_bytes", "_most", "_records", "_values")

    def __init__(self, size: int) -> None:
        """Make room for what comes in a stream of so many bytes."""
        self._records = self._values = self._bytes = 0
        self._most = min(MAX_VALUES, _FREE_VALUES + MAX_VALUES_A_BYTE * size)

    def take_records(self, count: int, columns: int) -> None:
        """Take room for records of so many columns.

        Raises: LimitExceededError.
        """
        self._records += count
        if self._records > MAX_RECORDS:
            raise over("number of records", "记录数", self._records, MAX_RECORDS)
        self.take_values(count * columns)

    def take_values(self, count: int) -> None:
        """Take room for values. Raises: LimitExceededError."""
        self._values += count
        if self._values > self._most:
            raise over("number of values", "值的个数", self._values, self._most)

    def take_bytes(self, count: int) -> None:
        """Take room for what values hold. Raises: LimitExceededError."""
        self._bytes += count
        if self._bytes > MAX_RECORD_BYTES:
            raise over("bytes of records", "记录字节数", self._bytes, MAX_RECORD_BYTES)


def over(what: str, what_zh: str, actual: int, limit: int) -> LimitExceededError:
    """Make the refusal of what is over a limit."""
    return LimitExceededError(what=what, what_zh=what_zh, actual=actual, limit=limit)
