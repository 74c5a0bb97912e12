"""What tests of the gateway start from: a city in memory, an authority on disk."""

import shutil
from pathlib import Path

import pytest

from gateway.authority import Authority
from gateway.founding import World, found_world
from gateway.testing import MemoryCity
from tests.gateway.forge import new_city


@pytest.fixture
def city() -> MemoryCity:
    """Make a city of its own for each test."""
    return new_city()


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Found one world for all tests; each works on a copy of its authority."""
    return found_world(tmp_path_factory.mktemp("world") / "world")


@pytest.fixture
def folder(founded: World, tmp_path: Path) -> Path:
    """Copy the authority's folder."""
    return Path(shutil.copytree(founded.place("authority"), tmp_path / "authority"))


@pytest.fixture
def authority(folder: Path) -> Authority:
    """Open an authority of its own."""
    return Authority(folder)


@pytest.fixture(scope="module")
def idle(founded: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the authority's folder once, for tests that change nothing."""
    return Path(
        shutil.copytree(founded.place("authority"), tmp_path_factory.mktemp("idle") / "authority")
    )
