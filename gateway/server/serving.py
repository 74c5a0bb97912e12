"""Serve a node: a gRPC server on a Unix socket for each caller, until it is told to end."""

import asyncio
import gc
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import OVERALL_HEALTH
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import reflection

import gateway
from gateway.conditions import DAY, Condition
from gateway.config import CallerFile, ListenFile
from gateway.node import Node
from gateway.readiness import check
from gateway.records.decoder import MAX_RECORD_BYTES
from gateway.repeats import Repeats
from gateway.server.callers import MAX_CALLS
from gateway.server.committing import Conductor
from gateway.server.doors import Callers, SocketDoor, TcpDoor
from gateway.server.handlers import SERVICE, Door, handlers
from gateway.server.service import Facilities
from gateway.server.sockets import admit, prepared
from gateway.server.telemetry import (
    CertificateDays,
    ConditionState,
    Observation,
    Telemetry,
    days_of_keys,
)
from gateway.server.tls import Certificates
from gateway.stores.repeats import SqliteRepeats
from gateway.stores.snapshots import Stamp
from keys.errors import SealgateError, unexpected

# A call's records with what is around them; an envelope of as much is no longer.
MAX_MESSAGE_BYTES = MAX_RECORD_BYTES + 1024 * 1024
# Calls that gRPC itself takes at once, health checks among them: what is over MAX_CALLS is
# told why, what is over this is not.
MAX_TAKEN_CALLS = 2 * MAX_CALLS
# A token, and names: nobody's metadata is longer.
MAX_METADATA_BYTES = 16 * 1024
# A connection on TCP is made anew as often, so that certificates are looked at again.
MAX_CONNECTION_SECONDS = 3600
# A client that was silent for so long is asked whether it is there; one that does not answer
# has its connection closed, and what was held for it is let go.
KEEPALIVE_SECONDS = 60
MAX_PING_SECONDS = 20
# Calls that run are given so long to end when the sidecar is told to.
DRAIN_SECONDS = 20.0
# How often the conditions are looked at: health tells the truth within two seconds.
CHECK_SECONDS = 1.0

_log = logging.getLogger(__name__)

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.keepalive_time_ms", KEEPALIVE_SECONDS * 1000),
    ("grpc.keepalive_timeout_ms", MAX_PING_SECONDS * 1000),
)
_SOCKET_OPTIONS = (*_OPTIONS, ("grpc.so_reuseport", 0))
# Workers share the port.
_TCP_OPTIONS = (
    *_OPTIONS,
    ("grpc.so_reuseport", 1),
    ("grpc.max_connection_age_ms", MAX_CONNECTION_SECONDS * 1000),
)


async def serve(
    node: Node,
    folder: Path,
    worker: int,
    telemetry: Telemetry,
    ready: Callable[[], None],
    lifeline: int,
) -> None:
    """Serve every caller of the node's file until SIGTERM, SIGINT or the lifeline's end; drain.

    `ready` is called once calls are taken.
    Raises: ConfigurationInvalidError, LedgerUnavailableError.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_reader(lifeline, ended.set)
    repeats = SqliteRepeats(node.places.repeats)
    try:
        sidecar = Sidecar(node, folder, worker, repeats, telemetry)
        loop.add_signal_handler(signal.SIGHUP, sidecar.refresh)
        try:
            await sidecar.start()
            watch = loop.create_task(sidecar.watch())
            # What is there now stays: it need not be looked through again and again.
            gc.collect()
            gc.freeze()
            ready()
            await ended.wait()
            loop.remove_reader(lifeline)
            watch.cancel()
        finally:
            await sidecar.stop()
    finally:
        repeats.close()


def _nobody() -> None:
    """Nobody waits for what is entered of the sidecar itself."""


class _Open(NamedTuple):
    """A caller's socket, and who listens there."""

    server: grpc.aio.Server
    path: Path


class Sidecar:
    """One worker: its callers' servers, and what they share."""

    def __init__(
        self, node: Node, folder: Path, worker: int, repeats: SqliteRepeats, telemetry: Telemetry
    ) -> None:
        self._node, self._folder, self._worker = node, folder, worker
        self._telemetry = telemetry
        self._listen = node.file.listen
        self._certificates = (
            None if self._listen is None else Certificates(self._listen, node.places.folder)
        )
        self._conductor = Conductor([*node.stores, repeats])
        shared = Facilities(node, self._conductor, Repeats(node.keys, repeats), self._certificates)
        self._callers = Callers(shared)
        self._health = health.HealthServicer()
        self._sockets: dict[str, _Open] = {}
        # Doors of callers that were taken out, behind which calls still run.
        self._leaving: set[asyncio.Task[None]] = set()
        self._port: grpc.aio.Server | None = None
        self._changed = asyncio.Event()
        # Unknown: what was changed since it was read is found at the first look.
        self._stamp: Stamp | None = None

    async def start(self) -> None:
        """Take calls. Raises: ConfigurationInvalidError."""
        # Before the first call, since health is well until it is told otherwise.
        about = f"sealgate {gateway.__version__}, worker {self._worker}"
        # A ledger that cannot be written is a condition like others, and told as they are.
        with suppress(SealgateError):
            await self._conductor.drive(self._node.starting(about), _nobody)
        await self._tell()
        await self._telemetry.serve()
        await self._let_in(self._node.file.callers or ())
        if self._listen is not None and self._certificates is not None:
            self._port = await self._listening(self._listen, self._certificates)

    def refresh(self) -> None:
        """Read every file anew, changed or not."""
        self._stamp = None
        self._changed.set()

    async def watch(self) -> None:
        """Follow `node.yaml`, and tell health what the conditions are, again and again."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            try:
                await self._follow()
                with suppress(SealgateError):
                    await self._conductor.drive(self._node.entering_changes(), _nobody)
            except Exception as error:
                _log.error("internal error %s", unexpected(error))
            await self._tell()

    async def stop(self) -> None:
        """Take no more calls, let those that run end, and close."""
        await self._health.enter_graceful_shutdown()
        port = () if self._port is None else (self._port.stop(DRAIN_SECONDS),)
        self._leave(list(self._sockets))
        await asyncio.gather(*self._leaving, *port)
        await self._conductor.close()
        self._telemetry.close()

    async def _follow(self) -> None:
        """Take over a changed `node.yaml`: a broken one changes nothing."""
        stamp = self._node.file_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._node.refresh()
        if self._node.broken_file is None:
            try:
                await self._let_in(self._node.file.callers or ())
            except SealgateError as refusal:
                self._node.broken_file = refusal

    async def _let_in(self, callers: tuple[CallerFile, ...]) -> None:
        """Serve these callers, and no others. Raises: ConfigurationInvalidError."""
        self._callers.take(callers)
        named = {caller.name: caller for caller in callers}
        self._leave([name for name in self._sockets if name not in named])
        for name, caller in named.items():
            path = prepared(self._folder, caller, self._worker)
            if name not in self._sockets:
                server = self._server(SocketDoor(self._callers, name), _SOCKET_OPTIONS)
                server.add_insecure_port(f"unix:{path}")
                self._sockets[name] = _Open(server, path)
                await server.start()
            admit(path, caller)

    def _leave(self, names: list[str]) -> None:
        """Shut doors at once, and let the calls behind them end; nobody waits for those."""
        doors = [self._sockets.pop(name) for name in names]
        for door in doors:
            # First: a caller that comes back has a socket of its own there.
            with suppress(OSError):
                door.path.unlink()
            leaving = asyncio.create_task(door.server.stop(DRAIN_SECONDS))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    async def _listening(self, listen: ListenFile, certificates: Certificates) -> grpc.aio.Server:
        server = self._server(TcpDoor(self._callers), _TCP_OPTIONS)
        server.add_secure_port(listen.address, certificates.server_credentials())
        await server.start()
        return server

    def _server(self, door: Door, options: tuple[tuple[str, int], ...]) -> grpc.aio.Server:
        server = grpc.aio.server(options=options, maximum_concurrent_rpcs=MAX_TAKEN_CALLS)
        server.add_generic_rpc_handlers((handlers(door, self._telemetry),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (SERVICE, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name)
        reflection.enable_server_reflection((*names, reflection.SERVICE_NAME), server)
        return server

    async def _tell(self) -> None:
        conditions: tuple[Condition, ...] = ()
        try:
            look = partial(check, self._node, self._certificates)
            conditions = await self._conductor.apart(look)
            await self._conductor.apart(self._node.tidy)
            ready = all(condition.refusal is None for condition in conditions)
            self._telemetry.observe(self._observed(conditions))
        except Exception as error:
            # Whoever cannot tell is not well; and must look again.
            _log.error("internal error %s", unexpected(error))
            ready = False
        states = health_pb2.HealthCheckResponse
        for name in (OVERALL_HEALTH, SERVICE):
            await self._health.set(name, states.SERVING if ready else states.NOT_SERVING)

    def _observed(self, conditions: tuple[Condition, ...]) -> Observation:
        now, age = self._node.now() // 1000, None
        with suppress(SealgateError):
            age = float(now - self._node.snapshot().trust.issued)
        held = self._certificates
        return Observation(
            trust_age=age,
            ledger_queue=self._conductor.waiting(),
            keys=days_of_keys(self._node.keys.list_keys(), now),
            certificates=()
            if held is None
            else (CertificateDays("server", (held.expires - now) / DAY),),
            conditions=tuple(ConditionState(one.name, one.state) for one in conditions),
        )
