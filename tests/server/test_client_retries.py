"""A client tries again what is safe: no envelope is lost or doubled, nothing else is sent twice."""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import cast
from uuid import uuid4

import grpc
import pytest

from gateway.client import AsyncClient, Client, RefusedError, calls, rows
from gateway.client.connecting import Lines
from gateway.client.retrying import FIRST_SECONDS, Tries
from gateway.v1 import sidecar_pb2 as v1
from tests.cli.command import RESOURCE, ROW, Desk
from tests.gateway.ledger_shards import entries_of
from tests.server.conftest import Running
from tests.server.sidecars import Sidecar, about, set_callers, short_folder, sidecar, soon

CALLER = ({"name": "a", "may": ["seal", "explain"]},)
SECONDS = 3.0


def workers_of(served: Sidecar) -> list[int]:
    """Return the processes that serve."""
    parent = served.process.pid
    return [int(one) for one in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def entered(node: Path) -> list[str]:
    """Return the envelope of each entry of all ledgers."""
    shared = [entry["shared"] for entry in entries_of(node)]
    return [one["envelope"] for one in shared if "envelope" in one]


def kill_in_turn(served: Sidecar) -> None:
    """Kill one worker, and when all are there again another."""
    first, last = workers_of(served)
    os.kill(first, signal.SIGKILL)
    assert soon(lambda: len(set(workers_of(served)) - {first}) == 2)
    os.kill(last, signal.SIGKILL)


def check(desk: Desk, sealed: list[str], calls: int) -> None:
    """Check that each call got an envelope of its own, which is in the ledger."""
    assert len(sealed) == len(set(sealed)) == calls
    assert set(sealed) <= set(entered(desk.provider))


def test_killed_workers_cost_no_call(desk: Desk) -> None:
    """Several threads seal on through one client, while both workers are killed in turn."""
    set_callers(desk.provider, CALLER)
    sealed: list[str] = []
    begun: list[int] = []
    call = about(desk)
    with sidecar(desk.provider, workers=2) as served, served.client("a") as client:
        ended = threading.Event()

        def seal_on() -> None:
            while not ended.is_set():
                begun.append(1)
                sealed.append(client.seal([ROW], **call).envelope_id.hex())

        threads = [threading.Thread(target=seal_on) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        kill_in_turn(served)
        time.sleep(SECONDS / 2)
        ended.set()
        for thread in threads:
            thread.join(30)
        assert served.end() == 0
        assert "worker 0 ended" in served.errors
    check(desk, sealed, len(begun))


def test_killed_workers_cost_no_call_of_asyncio(desk: Desk) -> None:
    """The same for its client, and for tasks."""
    asyncio.run(_sealing_on(desk))


async def _sealing_on(desk: Desk) -> None:
    set_callers(desk.provider, CALLER)
    sealed: list[str] = []
    call = about(desk)
    with sidecar(desk.provider, workers=2) as served:
        async with AsyncClient(served.sockets / "a", timeout=30) as client:
            end = time.monotonic() + SECONDS

            async def seal_on() -> int:
                made = 0
                while time.monotonic() < end:
                    made += 1
                    sealed.append((await client.seal([ROW], **call)).envelope_id.hex())
                return made

            tasks = [asyncio.create_task(seal_on()) for _ in range(8)]
            await asyncio.to_thread(kill_in_turn, served)
            made = sum(await asyncio.gather(*tasks))
        assert served.end() == 0
    check(desk, sealed, made)


def test_the_next_worker_is_asked_where_one_is_gone(desk: Desk) -> None:
    """Whether its socket is there and refuses or is not there any more; and with half of them."""
    set_callers(desk.provider, CALLER)
    with sidecar(desk.provider, workers=2) as served, short_folder() as folder:
        dead = folder / "worker-0.sock"
        (folder / "worker-1.sock").symlink_to(served.sockets / "a" / "worker-1.sock")
        _leave_a_dead_socket(dead)
        for gone in (False, True):
            with Client(folder, timeout=20) as client:
                if gone:
                    dead.unlink()
                begun = time.monotonic()
                sealed = {client.seal([ROW], **about(desk)).envelope_id for _ in range(6)}
                assert client.explain(RESOURCE, about(desk)["grant"]).resource == RESOURCE
                assert len(sealed) == 6
                assert time.monotonic() - begun < 5


def _leave_a_dead_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def test_what_is_not_safe_is_tried_once(running: Running) -> None:
    """Open, a stream, and Seal without an id fail at once where nobody answers."""
    with short_folder() as folder:
        _leave_a_dead_socket(folder / "worker-0.sock")
        with Client(folder, timeout=30) as client:
            for call in (
                lambda: client.open(b"x"),
                lambda: client.seal([ROW], request_id=None, **running.about),
                lambda: [*client.seal_stream([[ROW]], **running.about)],
                lambda: [*client.open_stream([b"x"])],
            ):
                begun = time.monotonic()
                with pytest.raises(RefusedError) as caught:
                    call()
                assert (caught.value.code, caught.value.answered) == ("UNAVAILABLE", False)
                assert "无法连接" in caught.value.message_zh
                assert time.monotonic() - begun < FIRST_SECONDS / 2


def test_trying_ends_with_the_deadline(running: Running) -> None:
    """And sooner where nobody was ever reached: an address may be wrong."""
    with short_folder() as folder:
        _leave_a_dead_socket(folder / "worker-0.sock")
        for timeout, least, most in ((1.0, 0.3, 2.0), (60.0, 3.0, FIRST_SECONDS + 1)):
            with Client(folder, timeout=timeout) as client:
                begun = time.monotonic()
                with pytest.raises(RefusedError, match="UNAVAILABLE"):
                    client.seal([ROW], **running.about)
                assert least < time.monotonic() - begun < most


def test_a_deadline_is_kept(running: Running, sealing: Client) -> None:
    """One that is over before anything can be done, for a call and for a stream."""
    for call in (
        lambda: sealing.seal([ROW], timeout=1e-6, **running.about),
        lambda: [*sealing.seal_stream([[ROW]], timeout=1e-6, **running.about)],
    ):
        with pytest.raises(RefusedError) as caught:
            call()
        assert caught.value.code == "DEADLINE_EXCEEDED"
        assert caught.value.message_zh != caught.value.message


def test_an_id_of_ones_own_repeats_a_call(running: Running, sealing: Client) -> None:
    """With the same content the same envelope; with another a refusal; without one a new one."""
    own = uuid4()
    first = sealing.seal([ROW], request_id=own, **running.about)
    again = sealing.seal([ROW], request_id=str(own), **running.about)
    assert (again.envelope, again.receipt) == (first.envelope, first.receipt)
    with pytest.raises(RefusedError, match="REQUEST_REPEATED"):
        sealing.seal([ROW, ROW], request_id=own, **running.about)
    others = [sealing.seal([ROW], **running.about) for _ in range(2)]
    assert len({first.envelope, *(other.envelope for other in others)}) == 3


def test_a_call_in_progress_is_waited_for(running: Running) -> None:
    """Two at once with one id get one envelope, which holds the records."""
    own = uuid4()
    many = [ROW] * 1500
    found: list[bytes] = []

    def seal() -> None:
        with running.provider.client() as client:
            found.append(client.seal(many, request_id=own, **running.about).envelope_id)

    _at_once([seal, seal])
    assert len(found) == 2
    assert len(set(found)) == 1


def _at_once(works: Iterable[object]) -> None:
    threads = [threading.Thread(target=work) for work in works]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def test_an_answer_too_large_to_be_kept_is_made_anew(running: Running) -> None:
    """Under another id, where the first was ours and the call was sent before; else it is told."""
    told = RefusedError("REQUEST_REPEATED", "answered before", answered=True)
    broken = RefusedError("UNAVAILABLE", "broken")
    cases: tuple[tuple[calls.RequestId, float | None], ...] = ((True, 0.0), (uuid4(), None))
    for request_id, waits in cases:
        lines = Lines(running.provider.sockets / "case-system", None, 1, _no_channel)
        call = calls.seal([ROW], cast("calls.About", running.about), request_id)
        line, first = lines.take(), cast("v1.SealRequest", call.sent).request_id
        tries = Tries(call, lines, 30)
        assert tries.wait_after(told, line) is None
        tries = Tries(call, lines, 30)
        assert tries.wait_after(broken, line) is not None
        assert tries.wait_after(told, line) == waits
        again = cast("v1.SealRequest", call.sent).request_id
        assert (again != first) is (request_id is True)


def _no_channel(target: str, *_: object) -> grpc.Channel:
    return grpc.insecure_channel(target)


def test_what_was_sealed_opens(running: Running, sealing: Client, opening: Client) -> None:
    """Once: to open again is asked for."""
    sealed = sealing.seal([ROW], **running.about)
    assert len(rows(opening.open(sealed.envelope))) == 1
    with pytest.raises(RefusedError, match="ENVELOPE_REPLAYED"):
        opening.open(sealed.envelope)
    assert len(rows(opening.open(sealed.envelope, reopen=True))) == 1
