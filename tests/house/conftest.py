"""What the tests of the house read: the project's own files."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """Name the top of the project."""
    return ROOT


@pytest.fixture(scope="session")
def declared() -> dict[str, list[Requirement]]:
    """Read every list of requirements in pyproject.toml, by name.

    `core` is the dependencies; extras and groups stand under their own names,
    which do not overlap.
    """
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lists = {"core": pyproject["project"]["dependencies"]}
    lists |= pyproject["project"]["optional-dependencies"]
    lists |= pyproject["dependency-groups"]
    return {
        name: [Requirement(line) for line in lines if isinstance(line, str)]
        for name, lines in lists.items()
    }
