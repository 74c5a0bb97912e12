"""The catalogue: reading it, checking it, and what follows from an entry. No I/O."""

from gateway.catalogue.reading import read_catalogue

__all__ = ["read_catalogue"]
