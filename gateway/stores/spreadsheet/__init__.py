"""Workbooks (.xlsx, ISO/IEC 29500): read row by row within bounds, written with XlsxWriter.

Reading is ours, on the zip and XML parsers of the standard library, because nothing of
a file may be believed before it is bounded: `docs/decisions/0015-spreadsheets.md`.
"""

from gateway.stores.spreadsheet.book import Workbook
from gateway.stores.spreadsheet.package import WorkbookError
from gateway.stores.spreadsheet.tables import read_tables

__all__ = ["Workbook", "WorkbookError", "read_tables"]
