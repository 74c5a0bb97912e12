"""Every method is fed mutated messages: refused by documented statuses, and nothing is harmed."""

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from gateway.v1 import sidecar_pb2 as v1
from gateway.wire import STATUS
from tests.cli.command import ROW
from tests.server.frames import SERVICE
from tests.server.mutants import MUTATIONS, good_messages, mutant
from tests.server.sieges import SECONDS, Siege, besieged
from tests.server.vitals import unharmed

OURS = [method.name for method in v1.DESCRIPTOR.services_by_name["Sidecar"].methods]
THEIRS: dict[str, list[Message]] = {
    "/grpc.health.v1.Health/Check": [health_pb2.HealthCheckRequest(service="gateway.v1.Sidecar")],
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": [
        reflection_pb2.ServerReflectionRequest(host="h", list_services="x"),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="gateway.v1.Sidecar"),
    ],
}
TRIES = 120
# What the service may answer; of UNKNOWN and INTERNAL there is no case.
DOCUMENTED = {status.name for status in STATUS.values()} - {"INTERNAL"}


@pytest.fixture(scope="module")
def siege(founded: Path) -> Iterator[Siege]:
    """Serve one provider for all of this file."""
    with besieged(founded) as one:
        yield one


@pytest.fixture(scope="module")
def messages(siege: Siege) -> dict[str, list[bytes]]:
    """Return good messages of every method; the envelope is a real one, of another's."""
    records = json.dumps([ROW], ensure_ascii=False).encode()
    with siege.served.client() as client:
        envelope = client.seal(records, **_about(siege)).envelope
        shard = client.shards()[-1].name
        checkpoint = client.checkpoint(shard) or ""
    good = good_messages(siege.subject, records, envelope, shard, checkpoint) | {
        name: [*each] for name, each in THEIRS.items()
    }
    return {name: [one.SerializeToString() for one in each] for name, each in good.items()}


def _about(siege: Siege) -> Any:
    subject = siege.subject
    return {"resource": subject.resource, "purpose": subject.purpose, "grant": subject.grant}


def feeder(channel: grpc.Channel, method: str) -> Callable[[list[bytes]], str]:
    """Return a call that sends bytes as they are and tells the status that came."""
    path = method if method.startswith("/") else SERVICE + method
    if "Stream" in method or "Reflection" in method:
        stream: Any = channel.stream_stream(path)
    else:
        stream, unary = None, cast("Any", channel.unary_unary(path))

    def feed(sent: list[bytes]) -> str:
        try:
            if stream is None:
                unary(sent[0], timeout=30)
            else:
                list(stream(iter(sent), timeout=30))
        except grpc.RpcError as error:
            told: Any = error
            name: str = told.code().name
            return name
        return "OK"

    return feed


def fed(siege: Siege, messages: dict[str, list[bytes]], method: str, rounds: Iterator[str]) -> None:
    """Feed a method mutants as long as there are rounds."""
    good = messages[method]
    with grpc.insecure_channel(f"unix:{siege.socket}") as channel:
        feed = feeder(channel, method)
        for seed in rounds:
            dice = random.Random(seed)
            sent = [mutant(dice, good)]
            if "Stream" in method:
                # Mostly behind a good beginning, which lets it further in.
                sent = [*good[: dice.randrange(len(good) + 1)], *sent, *good[-1:]]
            status = feed(sent)
            assert status in DOCUMENTED | {"OK"} or _theirs(method, status), f"seed {seed!r}"


def _theirs(method: str, status: str) -> bool:
    """Tell whether it is how gRPC's own services answer what they cannot parse."""
    return method.startswith("/") and status in ("INTERNAL", "UNKNOWN")


@pytest.mark.parametrize("method", [*OURS, *THEIRS])
def test_mutants_are_refused_and_nothing_is_harmed(
    siege: Siege, messages: dict[str, list[bytes]], method: str
) -> None:
    """Each is answered by a documented status; process, memory and descriptors stay."""
    with unharmed(siege.served):
        fed(siege, messages, method, (f"{method} {number}" for number in range(TRIES)))


@pytest.mark.torture
@pytest.mark.parametrize("method", [*OURS, *THEIRS])
def test_mutants_for_long(siege: Siege, messages: dict[str, list[bytes]], method: str) -> None:
    """The same with new seeds, for as long as SEALGATE_TORTURE_SECONDS says."""
    end, begun = time.monotonic() + SECONDS, time.time()

    def rounds() -> Iterator[str]:
        number = 0
        while time.monotonic() < end:
            number += 1
            yield f"{method} {begun} {number}"

    with unharmed(siege.served):
        fed(siege, messages, method, rounds())


def test_every_method_and_field_is_mutated(messages: dict[str, list[bytes]]) -> None:
    """No method is left out, each field of each request is set in one message at least."""
    assert set(messages) == {*OURS, *THEIRS}
    assert len(MUTATIONS) == 11
    for method in v1.DESCRIPTOR.services_by_name["Sidecar"].methods:
        shape = getattr(v1, method.input_type.name)
        seen = {
            field.name
            for data in messages[method.name]
            for field, _ in shape.FromString(data).ListFields()
        }
        # What is false or 0 says the same as what is not there.
        assert seen | {"blocked", "worker"} >= {field.name for field in method.input_type.fields}
