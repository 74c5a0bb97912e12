"""Serve a node: a gRPC server on a Unix socket for each caller, until it is told to end."""

import asyncio
import logging
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from grp import getgrnam
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import OVERALL_HEALTH
from grpc_health.v1.health import aio as health
from grpc_reflection.v1alpha import reflection

from gateway.config import CallerFile
from gateway.errors import ConfigurationInvalidError, unexpected
from gateway.node import Node
from gateway.readiness import check
from gateway.records.decoder import MAX_RECORD_BYTES
from gateway.server.callers import Caller
from gateway.server.handlers import SERVICE, handlers
from gateway.server.service import SidecarService
from gateway.server.workers import socket_path

# A call's records with what is around them; an envelope of as much is no longer.
MAX_MESSAGE_BYTES = MAX_RECORD_BYTES + 1024 * 1024
# Calls of one caller at once; over it they are refused, not queued. As many messages of the
# longest kind are held in memory.
MAX_CALLS = 64
# A token, and names: nobody's metadata is longer.
MAX_METADATA_BYTES = 16 * 1024
# The kernel takes no longer path (sun_path), its final zero included.
MAX_SOCKET_PATH = 107
# Calls that run are given so long to end when the sidecar is told to.
DRAIN_SECONDS = 20.0
# How often the conditions are looked at: health tells the truth within two seconds.
CHECK_SECONDS = 1.0

_log = logging.getLogger(__name__)

_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.so_reuseport", 0),
)


async def serve(
    node: Node, folder: Path, worker: int, ready: Callable[[], None], lifeline: int
) -> None:
    """Serve every caller of the node's file until SIGTERM, SIGINT or the lifeline's end; drain.

    `ready` is called once calls are taken.
    Raises: ConfigurationInvalidError.
    """
    callers = node.file.callers or ()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_reader(lifeline, ended.set)
    status = health.HealthServicer()
    with ExitStack() as stack:
        servers, paths = [], []
        for caller in callers:
            path = stack.enter_context(_prepared(folder, caller, worker))
            servers.append(_server(node, Caller(caller), status, path))
            paths.append(path)
        # Before the first call, since health is well until it is told otherwise.
        await _tell(node, status)
        for server, path, caller in zip(servers, paths, callers, strict=True):
            await server.start()
            _admit(path, caller)
        watch = loop.create_task(_watch(node, status))
        ready()
        await ended.wait()
        loop.remove_reader(lifeline)
        watch.cancel()
        await status.enter_graceful_shutdown()
        await asyncio.gather(*(server.stop(DRAIN_SECONDS) for server in servers))


def _server(
    node: Node, caller: Caller, status: health.HealthServicer, path: Path
) -> grpc.aio.Server:
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=MAX_CALLS)
    server.add_generic_rpc_handlers((handlers(SidecarService(node, caller)),))
    health_pb2_grpc.add_HealthServicer_to_server(status, server)
    names = (SERVICE, health_pb2.DESCRIPTOR.services_by_name["Health"].full_name)
    reflection.enable_server_reflection((*names, reflection.SERVICE_NAME), server)
    server.add_insecure_port(f"unix:{path}")
    return server


async def _watch(node: Node, status: health.HealthServicer) -> None:
    """Tell health what the conditions are, again and again."""
    while True:
        await _tell(node, status)
        await asyncio.sleep(CHECK_SECONDS)


async def _tell(node: Node, status: health.HealthServicer) -> None:
    try:
        ready = all(condition.refusal is None for condition in check(node))
    except Exception as error:
        # Whoever cannot tell is not well; and must look again.
        _log.error("internal error %s", unexpected(error))
        ready = False
    states = health_pb2.HealthCheckResponse
    for name in (OVERALL_HEALTH, SERVICE):
        await status.set(name, states.SERVING if ready else states.NOT_SERVING)


@contextmanager
def _prepared(folder: Path, caller: CallerFile, worker: int) -> Iterator[Path]:
    """Make the folder of a caller's socket, which only its group may enter.

    Raises: ConfigurationInvalidError.
    """
    path = socket_path(folder, caller.name, worker)
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise ConfigurationInvalidError(
            reason=f"the path of the socket of caller {caller.name} is over {MAX_SOCKET_PATH} "
            "bytes; choose a shorter folder",
            reason_zh=f"调用方 {caller.name} 的套接字路径超过 {MAX_SOCKET_PATH} 字节，"
            "请改用较短的目录",
        )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
            raise _unusable(path)
        _hand_over(path.parent, caller, 0o700, 0o750)
    except OSError:
        raise _unusable(path) from None
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink()


def _admit(path: Path, caller: CallerFile) -> None:
    """Let the caller's group use the socket."""
    try:
        _hand_over(path, caller, 0o600, 0o660)
    except OSError:
        raise _unusable(path) from None


def _hand_over(path: Path, caller: CallerFile, own: int, shared: int) -> None:
    if caller.group is None:
        path.chmod(own)
        return
    try:
        group = getgrnam(caller.group).gr_gid
    except KeyError:
        raise ConfigurationInvalidError(
            reason=f"there is no group {caller.group} for caller {caller.name}",
            reason_zh=f"系统中没有调用方 {caller.name} 的用户组 {caller.group}",
        ) from None
    os.chown(path, -1, group)
    path.chmod(shared)


def _unusable(path: Path) -> ConfigurationInvalidError:
    return ConfigurationInvalidError(
        reason=f"no socket can be made at {path}", reason_zh=f"无法在 {path} 创建套接字"
    )
