"""A world whose provider and requester are served, for the tests of one process."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.client import Client
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import Desk
from tests.cli.conftest import desk, founded
from tests.server.sidecars import Sidecar, about, set_callers, sidecar

__all__ = ["desk", "founded"]

PROVIDING = (
    {"name": "case-system", "may": ["seal", "explain"]},
    {"name": "clerk", "may": ["explain"]},
    {"name": "narrow", "may": ["seal"], "resources": ["3070010020001/000002"]},
)
REQUESTING = ({"name": "desk", "may": ["open"]},)


class Running(NamedTuple):
    """A provider and a requester that are served, and what calls name."""

    desk: Desk
    provider: Sidecar
    requester: Sidecar

    @property
    def grant(self) -> str:
        """Return the token that calls bring."""
        token: str = self.about["grant"]
        return token

    @property
    def about(self) -> dict[str, Any]:
        """Return what calls to seal are about."""
        return about(self.desk)

    @property
    def subject(self) -> v1.SealSubject:
        """Return the same as the service's message."""
        return v1.SealSubject(**self.about)


@pytest.fixture(scope="session")
def running(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Serve both, once; tests that change a node have one of their own."""
    folder = tmp_path_factory.mktemp("served") / "world"
    shutil.copytree(founded, folder, symlinks=True)
    served = Desk(folder)
    set_callers(served.provider, PROVIDING)
    set_callers(served.requester, REQUESTING)
    with sidecar(served.provider) as provider, sidecar(served.requester) as requester:
        yield Running(served, provider, requester)


@pytest.fixture
def sealing(running: Running) -> Iterator[Client]:
    """Return the provider's client."""
    with running.provider.client() as client:
        yield client


@pytest.fixture
def opening(running: Running) -> Iterator[Client]:
    """Return the requester's client."""
    with running.requester.client("desk") as client:
        yield client
