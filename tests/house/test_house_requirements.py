"""The pins in requirements/ fit pyproject.toml and say nothing about where packages come from."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"(?P<name>[a-z0-9.-]+)==(?P<version>[a-z0-9.+!]+)(?: ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")

# File: the lists of pyproject.toml that it pins.
PINNED = {
    "core": ("core",),
    "dev": ("core", "receipts", "sidecar", "spreadsheet", "telemetry", "text", "dev"),
    "bench": ("core", "text", "dev", "bench"),
    "text": ("core", "text"),
    "build": ("build",),
    "protos": ("protos",),
}


def _pins(file: Path) -> dict[str, str]:
    matches = map(PIN.fullmatch, file.read_text(encoding="utf-8").splitlines())
    return {match["name"]: match["version"] for match in matches if match}


def test_every_requirements_file_is_known(root: Path) -> None:
    """A file that no rule below reads would go unchecked."""
    assert {file.stem for file in (root / "requirements").iterdir()} == set(PINNED)


@pytest.mark.parametrize("name", PINNED)
def test_a_requirements_file_holds_only_pins_and_hashes(root: Path, name: str) -> None:
    """No option, address or unpinned name: each pin is followed by its hashes."""
    lines = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert PIN.fullmatch(lines[0])
    for number, line in enumerate(lines, 1):
        assert PIN.fullmatch(line) or HASH.fullmatch(line), f"line {number}"
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        assert line.endswith(" \\") == following.startswith("    --hash"), line


@pytest.mark.parametrize(("name", "lists"), PINNED.items())
def test_requirements_fit_what_pyproject_declares(
    root: Path,
    declared: dict[str, list[Requirement]],
    name: str,
    lists: tuple[str, ...],
) -> None:
    """Each declared package is pinned, at a version its declaration allows."""
    pins = _pins(root / "requirements" / f"{name}.txt")
    for requirement in (entry for part in lists for entry in declared[part]):
        version = pins.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not pinned: run make pins"
        assert requirement.specifier.contains(version), f"{requirement} but {version}"


@pytest.mark.parametrize("name", ["core", "bench", "text", "build"])
def test_pins_agree_between_files(root: Path, name: str) -> None:
    """What is tested is what is installed and what is measured."""
    dev = _pins(root / "requirements" / "dev.txt")
    pins = _pins(root / "requirements" / f"{name}.txt")
    assert {package: pins[package] for package in pins.keys() & dev.keys()} == {
        package: dev[package] for package in pins.keys() & dev.keys()
    }


def test_a_light_installation_is_light(root: Path) -> None:
    """The core brings nothing beyond its five packages and the two under them."""
    assert set(_pins(root / "requirements" / "core.txt")) == {
        "cffi",
        "cryptography",
        "joserfc",
        "msgspec",
        "pycparser",
        "pynacl",
        "pyyaml",
    }


def test_extras_are_named_and_gathered(declared: dict[str, list[Requirement]]) -> None:
    """`all` is the sum of the other extras."""
    extras = {"fpe", "receipts", "sidecar", "spreadsheet", "tables", "telemetry", "text"}
    (everything,) = declared["all"]
    assert extras <= declared.keys()
    assert (everything.name, everything.extras) == ("sealgate", extras)


def test_stubs_run_on_the_lowest_runtime_the_extra_takes(
    root: Path, declared: dict[str, list[Requirement]]
) -> None:
    """Stubs refuse a runtime older than the one they were generated for."""
    stub = (root / "gateway" / "v1" / "envelope_pb2.py").read_text(encoding="utf-8")
    (generated,) = re.findall(r"^# Protobuf Python Version: (\S+)$", stub, re.MULTILINE)
    (tools,) = (entry for entry in declared["protos"] if entry.name == "grpcio-tools")
    lowest = {
        entry.name: bound.version
        for entry in declared["sidecar"]
        for bound in entry.specifier
        if bound.operator == ">=" and entry.name.startswith(("grpcio", "protobuf"))
    }
    grpcio = next(iter(tools.specifier)).version
    assert lowest.pop("protobuf") == generated
    assert lowest == dict.fromkeys(lowest, grpcio)
    assert "grpcio" in lowest
