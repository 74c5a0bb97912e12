"""The built wheel works by itself: no checkout, no environment, an empty directory.

The wheel is made from the source archive, as a release is, and installed into
environments of its own that hold what it declares and nothing else. Nothing is
fetched: the packages are those of the running environment.
"""

import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gateway.founding import read_world

PACKAGES = ("gateway", "masking", "keys")
BUILD_SECONDS = 120
COMMAND_SECONDS = 120

# One process builds once for all of these.
pytestmark = pytest.mark.xdist_group("wheel")

Sealgate = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build source archive and wheel with the pinned build backend, offline."""
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", target, root],
        capture_output=True,
        check=True,
        timeout=BUILD_SECONDS,
    )
    (built,) = target.glob("*.whl")
    return built


def _required(requirements: Iterable[Requirement]) -> list[Distribution]:
    """Find what is installed for `requirements`, and for theirs, and so on."""
    found: dict[tuple[str, str], Distribution] = {}
    waiting = [(requirement, "") for requirement in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in {"", *requirement.extras}:
            key = canonicalize_name(requirement.name), wanted
            if key not in found:
                found[key] = distribution(requirement.name)
                waiting += [(Requirement(line), wanted) for line in found[key].requires or ()]
    return list(found.values())


def _environment(place: Path, wheel: Path, requirements: Iterable[Requirement]) -> Path:
    """Install the wheel and links to what it requires into a new environment."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    (site,) = (place / "lib").glob("python*/site-packages")
    for found in _required(requirements):
        for name in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            link, original = site / name, Path(str(found.locate_file(name)))
            if not link.is_symlink():
                link.symlink_to(original)
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-index", "--no-deps", str(wheel)], check=True, timeout=BUILD_SECONDS)
    return place


def _command(environment: Path, directory: Path) -> Sealgate:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [environment / "bin" / "sealgate", *arguments],
            check=False,
            cwd=directory,
            env={},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=COMMAND_SECONDS,
        )

    return run


@pytest.fixture(scope="module")
def core(
    wheel: Path, declared: dict[str, list[Requirement]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An environment with the core's dependencies only."""
    return _environment(tmp_path_factory.mktemp("core"), wheel, declared["core"])


@pytest.fixture(scope="module")
def text(
    wheel: Path, declared: dict[str, list[Requirement]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """An environment with the extra `text`, which free text needs."""
    required = [*declared["core"], *declared["text"]]
    return _environment(tmp_path_factory.mktemp("text"), wheel, required)


def _resource_code(wheel: Path) -> str:
    """Name a resource of the packaged world."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if "/world/catalogue/resources/" in name]
        found = re.search(r"^code: *'?([^'\s]+)", archive.read(names[0]).decode(), re.MULTILINE)
    assert found is not None
    return found[1]


def test_the_wheel_holds_the_packages_and_their_data(root: Path, wheel: Path) -> None:
    """Every module and data file of the three packages, and nothing beside them."""
    expected = {
        file.relative_to(root).as_posix()
        for package in PACKAGES
        for file in (root / package).rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == expected
    assert {f"{package}/py.typed" for package in PACKAGES} <= held


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    """Name, licence, command and extras stand in its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (folder,) = {name.partition("/")[0] for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(f"{folder}/METADATA").decode()
        scripts = archive.read(f"{folder}/entry_points.txt").decode()
        assert f"{folder}/licenses/LICENSE" in archive.namelist()
    assert "\nName: sealgate\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert "sealgate = gateway.cli.main:main" in scripts
    assert set(re.findall(r"^Provides-Extra: (\S+)$", metadata, re.MULTILINE)) == {
        "all",
        "fpe",
        "receipts",
        "sidecar",
        "spreadsheet",
        "tables",
        "telemetry",
        "text",
    }


def test_a_light_installation_writes_sample_records(
    core: Path, wheel: Path, tmp_path: Path
) -> None:
    """The packaged world is found, and one file appears in an empty directory."""
    sealgate = _command(core, tmp_path)
    done = sealgate(
        "sample", "--resource", _resource_code(wheel), "--rows", "20", "--seed", "7",
        "--format", "ndjson", "--out", "records.ndjson",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["records.ndjson"]
    assert len((tmp_path / "records.ndjson").read_bytes().splitlines()) == 20


def test_a_light_installation_names_the_missing_extra(core: Path, tmp_path: Path) -> None:
    """The demo leaves free text out without its extra and says so; sealing it is refused."""
    command = _command(core, tmp_path)
    done = command("demo", "--dir", "city")
    assert done.returncode == 0, done.stderr
    assert "sealgate[text]" in done.stdout
    city = read_world()
    provider = next(one.id for one in city.departments if one.role == "provider")
    requester = next(one.id for one in city.departments if one.role == "requester")
    code, fields = "3070010010001/000001", "name,visit_note"
    what = ("--resource", code, "--purpose", "medical-assistance")
    parties = ("--requester", requester, "--provider", provider)
    issued = command(
        *("grant", "issue", "--authority", "city/authority", *parties, *what),
        *("--fields", fields, "--level", "G3", "--approved-by", "1", "--out", "grant.jwt"),
    )
    assert issued.returncode == 0, issued.stderr
    sampled = command(
        *("sample", "--resource", code, "--rows", "3", "--fields", fields, "--out", "rows.json")
    )
    assert sampled.returncode == 0, sampled.stderr
    sealed = command(
        *("seal", "--node", "city/provider", *what, "--grant", "grant.jwt"),
        *("--records", "rows.json", "--out", "envelope"),
    )
    assert sealed.returncode == 3
    assert "refused: EXTRA_MISSING" in sealed.stderr.splitlines()[-1]
    assert "sealgate[text]" in sealed.stderr
    assert not (tmp_path / "envelope").exists()


def test_the_demo_runs_from_the_wheel(text: Path, tmp_path: Path) -> None:
    """It shows the exchange and its refusals, and leaves nothing behind."""
    done = _command(text, tmp_path)("demo")
    assert done.returncode == 0, done.stderr
    assert "ENVELOPE_REPLAYED" in done.stdout
    assert list(tmp_path.iterdir()) == []
