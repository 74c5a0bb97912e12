"""Decide what may be disclosed of each field, and disclose no more."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from masking.tables import MaskedTable, mask_table

__all__ = ["MaskedTable", "mask_table"]


def __getattr__(name: str) -> object:
    """Load what masks tables when it is first asked for."""
    if name in __all__:
        from masking import tables

        return getattr(tables, name)
    raise AttributeError(f"module 'masking' has no attribute {name!r}")
