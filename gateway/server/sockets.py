"""Sockets of callers, each in a folder that only its caller's group may enter; and the port."""

import os
import stat
from grp import getgrnam
from pathlib import Path
from socket import AI_PASSIVE, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, getaddrinfo, socket

from gateway.config import CallerFile, host_and_port
from gateway.errors import ConfigurationInvalidError
from gateway.server.workers import socket_path

# The kernel takes no longer path (sun_path), its final zero included.
MAX_SOCKET_PATH = 107


def prepared(folder: Path, caller: CallerFile, worker: int) -> Path:
    """Make the folder of a caller's socket, and return where the socket belongs.

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
    return path


def admit(path: Path, caller: CallerFile) -> None:
    """Let the caller's group use the socket.

    Raises: ConfigurationInvalidError.
    """
    try:
        _hand_over(path, caller, 0o600, 0o660)
    except OSError:
        raise _unusable(path) from None


def check_port(address: str) -> None:
    """Check that nobody listens on an address of TCP, before the workers share it.

    Whoever shares a port takes a part of its calls, without a word to the others.
    Raises: ConfigurationInvalidError.
    """
    host, port = host_and_port(address)
    try:
        found = getaddrinfo(host, port, type=SOCK_STREAM, flags=AI_PASSIVE)
        for family, kind, protocol, _, place in found:
            with socket(family, kind, protocol) as probe:
                # A port whose last connections are still being buried is free.
                probe.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
                probe.bind(place)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else "no such host"
        raise ConfigurationInvalidError(
            reason=f"nothing can listen on {address}: {reason}",
            reason_zh=f"无法在 {address} 监听：{reason}",
        ) from None


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
