"""A root directory that stands in for the image's base: this machine's Python and a shell.

The base cannot be fetched where these tests run. What the Dockerfile asks of it is
there: the interpreter with its standard library (uncompiled and without its tests, as
in the base), pip and what else of that kind is installed here, `sh`, and the C
libraries under them. Everything is a copy, so that steps may change it.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ENTER = Path(__file__).with_name("enter_root.py")
PROGRAMS = ("sh", "mkdir")
INSTALLERS = ("pip", "setuptools", "wheel")
# What wheels may need of the system, and the base has: the parts of libc, and the compilers' own.
NEIGHBOURS = ("dl", "gcc_s", "m", "pthread", "resolv", "rt", "stdc++", "util")
LEFT_OUT = shutil.ignore_patterns(
    *("__pycache__", "test", "tests", "idlelib", "lib2to3", "tkinter", "turtledemo", "config-*"),
    *("site-packages", "dist-packages", "EXTERNALLY-MANAGED"),
)
STEP_SECONDS = 120


def run_in(
    root: Path,
    program: Iterable[str],
    *,
    env: dict[str, str],
    user: tuple[int, int] = (0, 0),
    folder: str = "/",
) -> subprocess.CompletedProcess[str]:
    """Run a program in a root directory with this environment and no other."""
    python: list[str | Path] = [sys.executable, "-I", "-S", ENTER]
    return subprocess.run(
        [*python, root, *map(str, user), folder, *program],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=STEP_SECONDS,
    )


def why_not() -> str | None:
    """Tell why nothing can have a root directory of its own here, or None."""
    if sys.platform != "linux" or shutil.which("ldd") is None:
        return "this is no Linux with ldd"
    done = run_in(Path("/"), ["true"], env={"PATH": os.defpath})
    return f"neither root's rights nor user namespaces: {done.stderr}" if done.returncode else None


def make_base(root: Path) -> dict[str, str]:
    """Make the root directory; return the environment that the base sets."""
    for name, mode in (("tmp", 0o1777), ("dev", 0o755), ("etc", 0o755), ("var/lib", 0o755)):
        (root / name).mkdir(parents=True)
        (root / name).chmod(mode)
    root.chmod(0o755)
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", "ascii")
    _make_null(root / "dev" / "null")
    python, libraries = _copy_python(root)
    for program in PROGRAMS:
        found = shutil.which(program)
        assert found is not None, program
        _copy(Path(found).resolve(), root / "bin" / program)
        libraries.append(Path(found))
    _copy_linked(root, [python, *libraries])
    env = {"PATH": f"{python.parent}:/bin", "LANG": "C.UTF-8"}
    _copy_installers(root, env)
    return env


def _make_null(place: Path) -> None:
    try:
        os.mknod(place, 0o666 | 0o020000, os.makedev(1, 3))
        place.chmod(0o666)
    except PermissionError:
        # An empty file reads the same.
        place.touch(0o666)


def _copy_python(root: Path) -> tuple[Path, list[Path]]:
    """Copy interpreter and standard library to where they are here; return them, compiled parts."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    python = Path(base).resolve()
    _copy(python, _inside(root, python))
    link = _inside(root, python.with_name("python3"))
    if not link.exists():
        link.symlink_to(python.name)
    library = Path(sysconfig.get_path("stdlib")).resolve()
    shutil.copytree(library, _inside(root, library), symlinks=True, ignore=LEFT_OUT)
    compiled = PathFinder.find_spec("_sqlite3")
    assert compiled is not None
    assert compiled.origin is not None
    parts = Path(compiled.origin).resolve().parent
    if not parts.is_relative_to(library):
        shutil.copytree(parts, _inside(root, parts), ignore=LEFT_OUT)
    return python, list(parts.glob("*.so"))


def _copy_linked(root: Path, programs: list[Path]) -> None:
    """Copy what programs are linked with, and NEIGHBOURS, to where they are here."""
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=True).stdout
    linked = set(map(Path, re.findall(r"(?:=>\s+|^\s+)(/\S+) \(0x", listed, re.MULTILINE)))
    (libc,) = {name.parent for name in linked if name.name.startswith("libc.so.")}
    for neighbour in NEIGHBOURS:
        linked.update(libc.glob(f"lib{neighbour}.so.?"))
    for name in linked:
        _copy(name.resolve(), _inside(root, name))


def _copy_installers(root: Path, env: dict[str, str]) -> None:
    """Copy what the base brings to install packages with to where its Python looks for it."""
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    asked = run_in(root, ["python3", "-c", ask], env=env)
    assert asked.returncode == 0, asked.stderr
    site = _inside(root, Path(asked.stdout.strip()))
    for name in INSTALLERS:
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        for file in found.files or ():
            # Compiled too, unlike in the base, since steps start pip often.
            _copy(Path(str(found.locate_file(file))), Path(os.path.normpath(site / file)))


def _inside(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _copy(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, place)
