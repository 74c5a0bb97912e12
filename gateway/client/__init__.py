"""Clients of a sidecar, for systems in Python: `Client`, and `AsyncClient` for asyncio.

    with Client("/run/sealgate/case-system") as sidecar:
        sealed = sidecar.seal([{…}], resource=…, purpose=…, grant=…)

Calls answer with the messages of protos/gateway/v1/sidecar.proto. A refusal is a
`RefusedError` with a stable code.
"""

from gateway.client.asynchronous import AsyncClient
from gateway.client.calls import About, manifest, rows
from gateway.client.refusals import RefusedError, Violation
from gateway.client.synchronous import Client

__all__ = ["About", "AsyncClient", "Client", "RefusedError", "Violation", "manifest", "rows"]
