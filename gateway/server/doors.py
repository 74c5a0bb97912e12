"""Where calls come in: a socket is one caller's, on TCP the certificate tells whose a call is."""

from collections.abc import Iterable

from gateway.config import CallerFile
from gateway.errors import CallerForbiddenError
from gateway.server.callers import Caller
from gateway.server.handlers import Context
from gateway.server.service import Facilities, SidecarService
from gateway.server.tls import CallersByCertificate
from keys.errors import SealgateError


class Callers:
    """The callers of a node as its file has them now."""

    def __init__(self, shared: Facilities) -> None:
        self._shared = shared
        self._services: dict[str, SidecarService] = {}
        self._by_certificate = CallersByCertificate(())

    def take(self, callers: Iterable[CallerFile]) -> None:
        """Know these callers, and no others."""
        callers = tuple(callers)
        self._services = {
            caller.name: SidecarService(Caller(caller), self._shared) for caller in callers
        }
        self._by_certificate = CallersByCertificate(callers)

    def service(self, name: str) -> SidecarService:
        """Return the service as a caller may use it. Raises: CallerForbiddenError."""
        service = self._services.get(name)
        if service is not None:
            return service
        if name:
            raise CallerForbiddenError(
                caller=name, reason="is not in node.yaml any more", reason_zh="已不在 node.yaml 中"
            )
        raise CallerForbiddenError(
            caller="(unknown)",
            reason="comes with a certificate that stands under no caller of node.yaml",
            reason_zh="所用证书未登记在 node.yaml 的任何调用方下",
        )

    def turn_away(self, name: str, refusal: SealgateError) -> None:
        """Have a refusal counted, which the node does not know of."""
        if not refusal.entered:
            self._shared.node.turn_away(name, refusal.code)

    def by_certificate(self, context: Context) -> str:
        """Return the name of the caller whose certificate a call came with, or nothing."""
        return self._by_certificate.find(context.auth_context()) or ""


class SocketDoor:
    """The socket of one caller."""

    def __init__(self, callers: Callers, name: str) -> None:
        self._name = name
        self.service, self.turn_away = callers.service, callers.turn_away

    def caller(self, _: Context) -> str:
        """Return the caller's name."""
        return self._name


class TcpDoor:
    """The port that all callers share."""

    def __init__(self, callers: Callers) -> None:
        self.caller = callers.by_certificate
        self.service, self.turn_away = callers.service, callers.turn_away
