"""What reading and writing Parquet have in common."""

from typing import TYPE_CHECKING

from gateway.model.resource import Field
from masking.errors import ExtraMissingError

if TYPE_CHECKING:
    from types import ModuleType

# Parts of a declared format as polars spells them.
_PARTS = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}


def polars() -> "ModuleType":
    """Return the library.

    Raises: ExtraMissingError.
    """
    try:
        import polars
    except ImportError:
        raise ExtraMissingError(
            purpose="Parquet", purpose_zh="处理 Parquet ", extra="tables"
        ) from None
    return polars


def chrono(field: Field) -> str | None:
    """Return a field's format as polars spells it; None if it is not a whole day or moment."""
    pattern = field.format or ""
    if "DD" not in pattern or "Z" in pattern:
        return None
    for part, spelled in _PARTS.items():
        pattern = pattern.replace(part, spelled)
    return pattern
