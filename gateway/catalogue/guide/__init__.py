"""The catalogue in the columns of 政务信息资源目录编制指南（试行）, as departments keep it.

A sheet becomes the YAML files of a catalogue folder and back. No I/O: cells come in and
go out as values. What is wrong is named by sheet, row and column; what the files' own
reader finds is brought back to the cell it came from.
"""

from gateway.catalogue.guide.importing import Imported, import_tables
from gateway.catalogue.guide.laying import lay_out, lay_out_empty

__all__ = ["Imported", "import_tables", "lay_out", "lay_out_empty"]
