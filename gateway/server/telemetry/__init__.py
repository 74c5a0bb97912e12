"""What a sidecar tells of itself while it runs: metrics, logs, traces.

The parent of the workers makes a `Prepared`; each worker takes its `Telemetry`
from it, serves it, begins and ends a `CallRecord` for each call, and shows it an
`Observation` every second. No value of a field, no token, no key and no text of
a caller goes into any of them.
"""

from gateway.server.telemetry.calls import CallRecord, Telemetry
from gateway.server.telemetry.observing import (
    CertificateDays,
    ConditionState,
    KeyDays,
    Observation,
    days_of_keys,
)
from gateway.server.telemetry.preparing import Prepared

__all__ = [
    "CallRecord",
    "CertificateDays",
    "ConditionState",
    "KeyDays",
    "Observation",
    "Prepared",
    "Telemetry",
    "days_of_keys",
]
