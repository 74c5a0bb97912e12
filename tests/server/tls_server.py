"""A small server behind mutual TLS, as a process: `FOLDER [--unprepared]`.

It answers `/test/Who` with the caller's name, `/test/Problem` with what is wrong with
the files, and health. The port stands on its first line. It ends with its standard input.
"""

import asyncio
import sys
from pathlib import Path

from gateway.config import Places
from gateway.server.tls import CallersByCertificate, Certificates, prepare_environment

if "--unprepared" not in sys.argv:
    prepare_environment()

# gRPC reads the environment when it is loaded.
import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health import aio as health


class Handler(grpc.GenericRpcHandler):
    """Both methods, bytes in and bytes out."""

    def __init__(self, certificates: Certificates, callers: CallersByCertificate) -> None:
        self._certificates, self._callers = certificates, callers

    def service(
        self, details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        """Return the handler of a method."""
        work = {"/test/Who": self._who, "/test/Problem": self._problem}.get(details.method)
        return None if work is None else grpc.unary_unary_rpc_method_handler(work)

    async def _who(self, _: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        caller = self._callers.find(context.auth_context())
        if caller is None:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, "nobody")
        return str(caller).encode()

    async def _problem(self, _: bytes, context: "grpc.aio.ServicerContext[bytes, bytes]") -> bytes:
        problem = self._certificates.problem
        return b"" if problem is None else problem.message.encode()


async def main(folder: Path) -> None:
    """Serve until standard input ends."""
    file = Places(folder).node_file()
    assert file.listen is not None
    certificates = Certificates(file.listen, folder)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (Handler(certificates, CallersByCertificate(file.callers or ())),)
    )
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    port = server.add_secure_port("127.0.0.1:0", certificates.server_credentials())
    await server.start()
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(None)


asyncio.run(main(Path(sys.argv[1])))
