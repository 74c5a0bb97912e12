"""Methods and codes as metrics, logs and traces name them: fixed sets, whatever a caller sends."""

from typing import Final, Literal

from gateway.wire import STATUS, Status

Level = Literal["info", "warning", "error"]

SERVICE: Final = "gateway.v1.Sidecar"
# In the place of what is none of the others.
OTHER: Final = "other"
METHODS: Final = (
    "Seal",
    "SealStream",
    "Open",
    "OpenStream",
    "Explain",
    "ListResources",
    "DescribeResource",
    "GetStatus",
    "ListShards",
    "ListEntries",
    "GetEntry",
    "GetReceipt",
    "GetCheckpoint",
    "GetConsistencyProof",
    "AddCosignature",
    "SetBlock",
    OTHER,
)

OK: Final = "OK"
# How gRPC ends calls by itself; numbers of google.rpc.Code.
_GRPC = {
    OK: 0,
    "CANCELLED": 1,
    "UNKNOWN": 2,
    "DEADLINE_EXCEEDED": 4,
    "RESOURCE_EXHAUSTED": 8,
    "ABORTED": 10,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
}
_NAMES = {number: name for name, number in _GRPC.items()} | {each: each.name for each in Status}
# Code: number and name of its gRPC status.
STATUSES: Final = {code: (number, _NAMES[number]) for code, number in {**STATUS, **_GRPC}.items()}
_UNKNOWN = (2, "UNKNOWN")
CODES: Final = (OK, *sorted(STATUSES.keys() - {OK}), OTHER)

# What fails within the service itself.
_ERRORS = {"INTERNAL", "UNKNOWN", OTHER}
# Refusals that are the node's own fault: no caller can mend them.
NODE_FAULTS: Final = frozenset(
    {
        "CATALOGUE_INVALID",
        "CONFIGURATION_INVALID",
        "EXTRA_MISSING",
        "KEY_UNAVAILABLE",
        "LEDGER_UNAVAILABLE",
        "POLICY_INVALID",
        "POLICY_MISSING",
        "TRUST_STALE",
        "UNAVAILABLE",
    }
)
# By the conventions of OpenTelemetry, what makes the span of a server an error.
SERVER_FAULTS: Final = frozenset({2, 4, 12, 13, 14, 15})

_METHOD_INDEX = {name: index for index, name in enumerate(METHODS)}
_CODE_INDEX = {name: index for index, name in enumerate(CODES)}


def method_index(method: str) -> int:
    """Return the place of a method in `METHODS`."""
    return _METHOD_INDEX.get(method, len(METHODS) - 1)


def code_index(code: str) -> int:
    """Return the place of a code in `CODES`."""
    return _CODE_INDEX.get(code, len(CODES) - 1)


def status_of(code: str) -> tuple[int, str]:
    """Return number and name of the gRPC status that a code stands for."""
    return STATUSES.get(code, _UNKNOWN)


def level_of(code: str) -> Level:
    """Tell how loud the log has to be about a call that ended with a code."""
    if code in _ERRORS:
        return "error"
    return "warning" if code in NODE_FAULTS else "info"
