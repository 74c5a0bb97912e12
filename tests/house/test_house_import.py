"""`import gateway` stays cheap, whatever extras are installed."""

import subprocess
import sys

HEAVY = {
    "fastfpe",
    "google",
    "grpc",
    "numpy",
    "opentelemetry",
    "pandas",
    "polars",
    "polars_hash",
    "presidio_analyzer",
    "prometheus_client",
    "pyarrow",
    "spacy",
    "xlsxwriter",
}
LIMIT_SECONDS = 0.150
RUNS = 5

PROBE = """
import sys, time
before = set(sys.modules)
start = time.process_time()
import gateway
spent = time.process_time() - start
print(spent, *(set(sys.modules) - before))
"""


def _import_gateway() -> tuple[float, set[str]]:
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    spent, *modules = done.stdout.split()
    return float(spent), {module.partition(".")[0] for module in modules}


def test_importing_gateway_loads_no_extra() -> None:
    """Neither gRPC nor Presidio nor polars, nor what they bring."""
    _, modules = _import_gateway()
    assert "gateway" in modules
    assert not modules & HEAVY


def test_importing_gateway_is_fast() -> None:
    """The least of a few runs, in processor time, since others share the machine."""
    assert min(_import_gateway()[0] for _ in range(RUNS)) < LIMIT_SECONDS
