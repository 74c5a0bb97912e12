"""One world, founded once and copied for each test."""

import shutil
from pathlib import Path

import pytest

from gateway.founding import ROLES, found_world
from tests.cli.command import PROVIDER, Desk


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Found a world on disk with three grants."""
    folder = tmp_path_factory.mktemp("founded") / "world"
    found_world(folder, roles=ROLES[:3])
    # What the provider has is enough here, and quicker to read.
    for entry in (folder / "authority" / "trust" / "catalogue" / "resources").iterdir():
        if f"department: {PROVIDER}" not in entry.read_text("utf-8"):
            entry.unlink()
    Desk(folder).issue()
    Desk(folder).issue_public()
    Desk(folder).add_plain()
    # What was imported on the way here is only more to copy.
    for current in folder.glob("*/trust/current"):
        for version in (current.parent / "versions").iterdir():
            if version != current.resolve():
                shutil.rmtree(version)
    shutil.rmtree(folder / "published")
    return folder


@pytest.fixture
def desk(founded: Path, tmp_path: Path) -> Desk:
    """Copy the founded world for one test."""
    folder = tmp_path / "world"
    shutil.copytree(founded, folder, symlinks=True)
    return Desk(folder)
