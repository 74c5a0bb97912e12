"""sealgate: share government data by catalogue, grant, masking and sealed envelopes.

    from gateway import Node, SealRequest

    with Node("provider") as node:
        sealed = node.seal(SealRequest(resource=…, purpose=…, grant=…, records=…))

Names are loaded when first used: `import gateway` itself loads nothing heavy.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.model.call import Manifest, Opened, Receipt, Sealed, SealRequest
    from gateway.node import Node
    from keys.errors import FieldFault, SealgateError

_HOMES = {
    "FieldFault": "keys.errors",
    "Manifest": "gateway.model.call",
    "Node": "gateway.node",
    "Opened": "gateway.model.call",
    "Receipt": "gateway.model.call",
    "SealRequest": "gateway.model.call",
    "Sealed": "gateway.model.call",
    "SealgateError": "keys.errors",
}

__all__ = [
    "FieldFault",
    "Manifest",
    "Node",
    "Opened",
    "Receipt",
    "SealRequest",
    "Sealed",
    "SealgateError",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'gateway' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted((*__all__, "__version__"))
