"""The image is what it is said to be: its Dockerfile is carried out, and what results is started.

There is no container engine here and no network, so three things stand in, and no more:

* for the base image, a root directory with copies of this machine's Python, pip and
  shell (`standin.py`): what the real base holds beside them is not tried;
* for the package index, the wheels that `make` keeps in `.venv/wheels`, which are the
  pinned ones: each RUN line runs as it stands, hashes and all, in the first stage only;
* for the engine, a root directory entered with chroot (`enter_root.py`), as the user
  that the Dockerfile names, with an environment of the image's alone; in place of a
  read-only mount, nobody may write to anything but the volume.

Where neither root's rights nor user namespaces are to be had, what needs them is skipped.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE, S_ISDIR

import pytest

import gateway
from gateway.authority import Authority
from gateway.cli.main import build_parser
from gateway.config import AuthorityFile, Places
from gateway.installation import found_authority
from gateway.model.trust import Department
from gateway.stores.clock import system_clock
from gateway.stores.files import write_whole
from gateway.world import catalogue_files
from keys.stores.keyfile import MINIMUM_MEMLIMIT, Cost
from masking import document
from masking.errors import DocumentInvalidError
from tests.house.image import (
    Builder,
    Image,
    read_dockerfile,
)
from tests.house.standin import make_base, run_in, why_not

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text("utf-8")
STEPS = read_dockerfile(TEXT)
PAGE = (ROOT / "docs" / "how-to" / "run-the-image.md").read_text("utf-8")
OWN = "/opt/sealgate"
VOLUME = "/var/lib/sealgate"
SECRET = "/run/secrets/sealgate-passphrase"
DEPARTMENT = "11149900MB0C12002H"
PASSPHRASE = b"correct horse battery staple\n"
# What builds, installs or fetches.
TOOLS = re.compile(
    r"(?:pip|setuptools|wheel|hatchling|ensurepip|pkg_resources|_distutils_hack|uv|build"
    r"|gcc|g\+\+|cc|c\+\+|ld|as|make|cargo|rustc|git|curl|wget)(?:[\d.]*|-[\d.]+\.dist-info)"
)

# One process builds once for all of these.
pytestmark = pytest.mark.xdist_group("image")


def remove(folder: Path) -> None:
    """Remove a tree that nobody may write to."""
    for place, _, _ in os.walk(folder):
        os.chmod(place, 0o700)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """Carry out the Dockerfile; the first stage is gone when the image is started."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    wheels = Path(sys.prefix) / "wheels"
    assert wheels.is_dir(), "the pinned wheels are missing: `make test` fetches them"
    place = tmp_path_factory.mktemp("image")
    place.chmod(0o755)
    built = Builder(ROOT, place, make_base, wheels).build(STEPS)
    for other in place.iterdir():
        if other != built.root:
            shutil.rmtree(other)
    yield built
    remove(place)


def close(image: Image) -> None:
    """Take the right to write from everybody, everywhere but in the volume."""
    for place, folders, names in os.walk(image.root):
        inside = "/" + os.path.relpath(place, image.root)
        if inside == VOLUME:
            folders.clear()
            continue
        for name in names:
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                path.chmod(path.stat().st_mode & ~0o222)
        os.chmod(place, os.stat(place).st_mode & ~0o222)


def give(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file that belongs to the image's user."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content, mode)
    if os.geteuid() == 0:
        os.chown(path, 65532, 65532)


@pytest.fixture(scope="module")
def running(image: Image) -> Image:
    """The image as an engine runs it: a secret mounted, all else read-only."""
    give(image.inside(SECRET), PASSPHRASE, 0o400)
    close(image)
    return image


def start(image: Image, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Start the image with these arguments in place of its own."""
    program = [*image.entrypoint, *(arguments or image.command)]
    return run_in(image.root, program, env=image.env, user=image.user, folder=image.folder)


def python(image: Image, program: str) -> "subprocess.CompletedProcess[str]":
    """Run a Python program inside the image, as its user."""
    return run_in(
        image.root,
        [f"{OWN}/bin/python3", "-c", program],
        env=image.env,
        user=image.user,
        folder=image.folder,
    )


def done(outcome: "subprocess.CompletedProcess[str]") -> str:
    """Return the output of what must have succeeded."""
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def test_the_image_is_labelled(image: Image) -> None:
    """With the version that it holds."""
    labels = {name.rpartition(".")[2]: text for name, text in image.labels.items()}
    assert labels["version"] == gateway.__version__
    assert labels["licenses"] == "Apache-2.0"
    # The last part of `base.name`.
    assert labels["name"].startswith("python:")


def test_the_image_holds_the_pinned_packages_and_ours(image: Image) -> None:
    """Beside the base: the environment with the wheel, its pins, and an empty volume."""
    added = image.held.keys() - image.brought.keys()
    tops = {path for path in added if not path.startswith((f"{OWN}/", f"{VOLUME}/"))}
    compiled = {path for path in tops if "__pycache__" in path}
    assert tops - compiled == {"/opt", OWN, VOLUME}
    (site,) = image.inside(OWN).glob("lib/python*/site-packages")
    pins = (ROOT / "requirements" / "core.txt").read_text("utf-8")
    expected = {pin.replace("==", "-") for pin in re.findall(r"^(\S+==\S+)", pins, re.MULTILINE)}
    held = {path.name.removesuffix(".dist-info") for path in site.glob("*.dist-info")}
    assert held == {*expected, f"sealgate-{gateway.__version__}"}
    assert {"gateway", "keys", "masking"} <= {path.name for path in site.iterdir()}
    assert not [path for path in image.held if path.startswith(f"{VOLUME}/")]
    assert image.volumes == [VOLUME]


def test_no_tool_is_left_in_the_image(image: Image) -> None:
    """Neither in what was added nor in what the base brought; it was there before."""
    assert [path for path in image.brought if path.endswith("/pip/__main__.py")]
    tools = [path for path in image.held if TOOLS.fullmatch(path.rpartition("/")[2])]
    # A module of msgspec or argparse may bear such a name; a program or a package may not.
    assert not [path for path in tools if S_ISDIR(image.held[path].st_mode) or "/bin/" in path]


def test_the_users_files_are_the_volume_alone(image: Image) -> None:
    """Everything else belongs to root, who runs nothing here."""
    volume = image.held[VOLUME]
    assert S_IMODE(volume.st_mode) == 0o700
    if os.geteuid() == 0:
        assert [path for path, found in image.held.items() if found.st_uid != 0] == [VOLUME]
        assert (volume.st_uid, volume.st_gid) == (65532, 65532)


def test_nothing_is_compiled_at_a_start(running: Image) -> None:
    """Every module that the command may load lies compiled, ours and the standard library's."""
    program = (
        "import os, sys\n"
        "from gateway import Node\n"
        "from gateway.cli.main import build_parser, main\n"
        "build_parser()\n"
        "assert main(['health', '--node', '/nowhere']) == 3\n"
        "named = [(m, getattr(sys.modules[m], '__cached__', None)) for m in sorted(sys.modules)]\n"
        "print(*(m for m, cached in named if cached and not os.path.exists(cached)))\n"
    )
    assert done(python(running, program)).splitlines()[-1] == ""


def test_the_image_starts(running: Image) -> None:
    """With its own arguments it tells what it can do."""
    assert done(start(running, "--version")) == f"sealgate {gateway.__version__}\n"
    assert "COMMAND" in done(start(running))


def test_only_the_volume_can_be_written(running: Image) -> None:
    """By the user that the image runs as, who is not root."""
    program = (
        "import os\n"
        "def writable(folder):\n"
        "    try: open(os.path.join(folder, 'x'), 'x').close()\n"
        "    except OSError: return False\n"
        "    os.unlink(os.path.join(folder, 'x')); return True\n"
        "print(os.getuid(), os.getgid(), os.getcwd())\n"
        "print(*(place for place, _, _ in os.walk('/') if writable(place)))\n"
    )
    user, places = done(python(running, program)).splitlines()
    assert user == f"65532 65532 {VOLUME}"
    assert {place for place in places.split() if not place.startswith(f"{VOLUME}/")} == {VOLUME}


def share_trust(image: Image, entry: str, place: Path) -> None:
    """Play the authority, outside: take the node's entry in, and bring trust data back."""
    file = AuthorityFile(iss="urn:test", name="x", status_uri="urn:test:1", passphrase_file="p")
    cost = Cost(opslimit=1, memlimit=MINIMUM_MEMLIMIT)
    found_authority(
        place, file, catalogue_files(), system_clock() // 1000, passphrase=PASSPHRASE, cost=cost
    )
    authority = Authority(place)
    department = document.read(
        entry.encode(), Department, file="entry", error=DocumentInvalidError
    ).value
    authority.admit(department)
    authority.publish()
    trust = Places(place).trust
    for path in trust.rglob("*"):
        if path.is_file():
            relative = path.relative_to(trust).as_posix()
            give(image.inside(f"{VOLUME}/incoming/{relative}"), path.read_bytes())


def test_a_node_lives_in_the_volume(running: Image, tmp_path: Path) -> None:
    """Founded, unhealthy without trust data, healthy with it; nothing else is touched."""
    before = running.listing().keys()
    init = ("init", VOLUME, "--department", DEPARTMENT, "--passphrase-file", SECRET)
    done(start(running, *init))
    health = run_in(
        running.root, running.health, env=running.env, user=running.user, folder=running.folder
    )
    assert health.returncode == 3
    assert health.stderr.splitlines()[-1].startswith("refused: TRUST_STALE: ")
    done(start(running, "trust", "export", "--node", VOLUME, "--out", f"{VOLUME}/entry.yaml"))
    entry = running.inside(f"{VOLUME}/entry.yaml").read_text("utf-8")
    share_trust(running, entry, tmp_path / "authority")
    done(start(running, "trust", "import", "--node", VOLUME, f"{VOLUME}/incoming"))
    told = done(
        run_in(
            running.root, running.health, env=running.env, user=running.user, folder=running.folder
        )
    )
    assert "failed" not in told
    assert PASSPHRASE.decode().strip() not in told
    after = {path for path in running.listing() if not path.startswith(f"{VOLUME}/")}
    assert after == before


def test_the_page_runs_what_there_is() -> None:
    """Every call of the image on its page is one that the command takes."""
    joined = re.sub(r"\\\n\s*", " ", "\n".join(re.findall(r"^```.*?^```$", PAGE, re.M | re.S)))
    calls = re.findall(r"^(?:docker|podman) run .*? sealgate:\S+(?: (.*))?$", joined, re.MULTILINE)
    assert len(calls) >= 4
    for call in calls:
        words = shlex.split(call, comments=True)
        if words and words != ["--version"]:
            build_parser().parse_args(words)
    for fact in (VOLUME, SECRET, "65532", "--read-only", "sealgate health"):
        assert fact in PAGE
