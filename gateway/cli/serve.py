"""`sealgate serve`: run the gateway beside a department's systems."""

import argparse
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from gateway.cli.words import WrongUseError, add_command, open_node
from gateway.config import CallerFile, NodeFile, Places
from gateway.errors import ConfigurationInvalidError
from gateway.server.sockets import check_port
from gateway.server.workers import MAX_WORKERS, Crew, alone, socket_path
from masking.counting import counted
from masking.errors import ExtraMissingError

# Those of `gateway.server.telemetry`, which is loaded only to serve.
_LEVELS = ("info", "warning", "error")


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `serve`."""
    serving = add_command(
        commands,
        "serve",
        _serve,
        "serve a node to the callers of its node.yaml 运行网关服务",
        node=True,
    )
    serving.add_argument(
        "--sockets",
        type=Path,
        metavar="DIR",
        help="folder of the callers' sockets, by default `sockets` in the node's 套接字目录",
    )
    serving.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes that serve, by default 1; one for each core is best 工作进程数",
    )
    serving.add_argument(
        "--log-level",
        choices=_LEVELS,
        default="info",
        help="what is logged: info every call, warning what the node has to mend 日志级别",
    )


def _serve(chosen: argparse.Namespace) -> int:
    file, callers = _allowed(chosen)
    from gateway.server.telemetry import Prepared

    folder = (chosen.sockets or chosen.node / "sockets").absolute()

    def ready() -> None:
        about = f"{counted(len(callers), 'caller')}, {counted(chosen.workers, 'worker')}"
        print(f"{chosen.node}: serving {about} 服务已启动", flush=True)
        for caller in callers:
            for worker in range(chosen.workers):
                print(f"  unix:{socket_path(folder, caller.name, worker)}", flush=True)
        if file.listen is not None:
            print(f"  https://{file.listen.address}", flush=True)

    def work(worker: int, told: Callable[[], None], lifeline: int) -> int:
        from gateway.server.tls import prepare_environment

        # Before gRPC is loaded, which reads it once.
        prepare_environment()
        import asyncio

        import uvloop

        from gateway.server.serving import serve

        telemetry = prepared.telemetry(worker)
        with (
            open_node(chosen, worker=worker) as node,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(serve(node, folder, worker, telemetry, told, lifeline))
        return 0

    with (
        alone(chosen.node),
        Prepared(file, workers=chosen.workers, level=chosen.log_level) as prepared,
    ):
        return Crew(chosen.workers, work).run(ready)


def _allowed(chosen: argparse.Namespace) -> tuple[NodeFile, tuple[CallerFile, ...]]:
    """Return what is to be served. Raises: ExtraMissingError, WrongUseError, and as `_callers`."""
    if find_spec("grpc_health") is None or find_spec("uvloop") is None:
        raise ExtraMissingError(
            purpose="serving a node", purpose_zh="运行网关服务", extra="sidecar"
        )
    if not 1 <= chosen.workers <= MAX_WORKERS:
        raise WrongUseError(f"--workers is from 1 to {MAX_WORKERS} 工作进程数超出范围")
    file = Places(chosen.node).node_file()
    callers = _callers(chosen.node, file)
    if file.listen is not None:
        check_port(file.listen.address)
    return file, callers


def _callers(folder: Path, file: NodeFile) -> tuple[CallerFile, ...]:
    """Return the callers of a node. Raises: ConfigurationInvalidError where it has none."""
    callers = file.callers
    if not callers:
        raise ConfigurationInvalidError(
            reason=f"{folder}/node.yaml lists no callers; add them under `callers:`",
            reason_zh=f"{folder}/node.yaml 未列出调用方，请在 `callers:` 下添加",
        )
    return callers
