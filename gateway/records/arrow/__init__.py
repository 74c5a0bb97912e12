"""Arrow IPC streams: read by a strict reader of our own, and written.

Bytes of callers are hostile, and a native reader that trips takes the process with it.
What records need of the format is little: flat columns, no compression. So it is read
here in Python, where no offset reaches beyond its buffer, and needs no extra.
"""

from gateway.records.arrow.reading import UnreadableError, read_columns, read_pairs
from gateway.records.arrow.writing import records_to_arrow
from gateway.records.objects import BrokenRecordError

__all__ = [
    "BrokenRecordError",
    "UnreadableError",
    "read_columns",
    "read_pairs",
    "records_to_arrow",
]
