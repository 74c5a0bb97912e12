"""Clients of a sidecar, for systems in Python: `Client`, and `AsyncClient` for asyncio.

    with Client("/run/sealgate/case-system") as sidecar:
        sealed = sidecar.seal([{…}], resource=…, purpose=…, grant=…)

Calls answer with the messages of protos/gateway/v1/sidecar.proto. A refusal is a
`RefusedError` with a stable code.
"""

from gateway.client.arrow import from_arrow, to_arrow
from gateway.client.asynchronous import AsyncClient
from gateway.client.calls import About, Reading, manifest, rows, table
from gateway.client.connecting import Tls
from gateway.client.refusals import RefusedError, Violation
from gateway.client.synchronous import Client

__all__ = [
    "About",
    "AsyncClient",
    "Client",
    "Reading",
    "RefusedError",
    "Tls",
    "Violation",
    "from_arrow",
    "manifest",
    "rows",
    "table",
    "to_arrow",
]
