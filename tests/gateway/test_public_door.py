"""The public door: what `gateway` offers, and a stranger using it."""

import subprocess
import sys

import pytest

import gateway
from gateway import Node, SealgateError, SealRequest
from gateway.founding import found_world
from gateway.testing import MemoryCity, MemoryNode

HEAVY = ("grpc", "google.protobuf", "presidio_analyzer", "polars", "yaml", "joserfc", "nacl")


def test_the_door_is_sorted_and_leads_somewhere() -> None:
    """Every name of `__all__` is there, in order, and `dir` knows it."""
    assert list(gateway.__all__) == sorted(gateway.__all__)
    for name in gateway.__all__:
        assert getattr(gateway, name).__name__ == name
    assert set(gateway.__all__) <= set(dir(gateway))


def test_importing_the_door_loads_nothing_heavy() -> None:
    """A department's program pays for a library when it uses it."""
    code = f"import sys, gateway; print([n for n in {HEAVY!r} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_stranger_seals_and_opens(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The few lines that a department writes are enough, on real folders."""
    city = MemoryCity()
    sealed = city.provider.seal(city.request())
    opened = city.requester.open(sealed.envelope)
    assert opened.manifest == sealed.manifest
    assert len(opened.rows()) == 3
    assert isinstance(city.provider, MemoryNode)
    world = found_world(tmp_path_factory.mktemp("world"))
    with Node(world.place("provider")) as node:
        request = SealRequest(resource="x/1", purpose="p", grant="no", records=b"[]")
        with pytest.raises(SealgateError) as refused:
            node.seal(request)
    assert refused.value.code == "TOKEN_MALFORMED"
