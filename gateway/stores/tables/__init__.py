"""Files of records larger than memory, in and out: CSV, NDJSON, Parquet, and workbooks in.

Whatever the form, what comes in are lines of JSON, as sealing has them, for the same
decoder; what goes out are columns that were masked.
"""

from gateway.stores.tables.reading import InputForm, Source, open_table
from gateway.stores.tables.writing import OutputForm, write_table

__all__ = ["InputForm", "OutputForm", "Source", "open_table", "write_table"]
