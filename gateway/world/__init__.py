"""The packaged first world: an invented city's catalogue, policies and departments."""

from collections.abc import Iterator
from importlib.resources import files as _resources
from importlib.resources.abc import Traversable

# Python's own: this module, and what an interpreter leaves beside it.
_CODE = (".py", ".pyc")


def files() -> dict[str, bytes]:
    """Return every data file of the world by its relative POSIX path, in path order."""
    return dict(sorted(_below(_resources(__name__), "")))


def _below(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _below(entry, f"{path}/")
        elif not entry.name.endswith(_CODE):
            yield path, entry.read_bytes()


def catalogue_files() -> dict[str, bytes]:
    """Return the files of the packaged catalogue by their path below its folder."""
    return {
        name.removeprefix("catalogue/"): content
        for name, content in files().items()
        if name.startswith("catalogue/")
    }
